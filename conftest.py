"""Examples in docstrings write where pytest keeps what tests write, and clears it: not into the reader's own /tmp."""

import tempfile

import pytest


@pytest.fixture(autouse=True)
def _examples_write_below_pytest(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(request.node, pytest.DoctestItem):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("example")))
