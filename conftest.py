"""Examples in docstrings write where pytest keeps what tests write, and clears it: not into the reader's own /tmp."""

import tempfile
from importlib.util import find_spec

import pytest

# Each of these is a class of its framework, so it is imported where that is installed, and nowhere else.
collect_ignore = [
    f"lomo_hf/ecosystem/{name}.py" for name in ("data_juicer", "datatrove", "nemo_curator") if find_spec(name) is None
]


@pytest.fixture(autouse=True)
def _examples_write_below_pytest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("example")))
