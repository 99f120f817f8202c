"""The replica on a hub of its own; clients that may go there, and waits that take no time."""

from collections.abc import Iterator

import huggingface_hub.constants
import pytest
from corpus.hub.replica import REPO, replica
from corpus.hub.served import ServedHub, serve

from lomo_hf.dataset import build_dataset
from lomo_hf.errors import SourceError
from lomo_hf.hub.retry import Retrier


@pytest.fixture(scope="session")
def quick() -> Retrier:
    """Tries again without waiting."""
    return Retrier(failure=SourceError, sleep=_at_once)


def _at_once(seconds: float) -> None:
    pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedHub]:
    """A hub with the replica, which huggingface_hub takes for the Hub, in worker processes as well."""
    with serve() as served:
        served.push(REPO, replica())
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"  # made from ENDPOINT at import
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        monkeypatch.setenv("HF_ENDPOINT", served.url)
        yield served


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A finished dataset folder of two rows."""
    out = tmp_path_factory.mktemp("built") / "folder"
    build_dataset(out=out, limit=2)
    return str(out)
