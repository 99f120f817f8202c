"""Asking a release on the Hub whether it still is what was built."""

from collections.abc import Callable
from pathlib import Path

from lomo_hf.dataset.publishing.options import PushOptions
from lomo_hf.dataset.publishing.read_back import ReadBack, read_back
from lomo_hf.dataset.publishing.snapshots import take_snapshot
from lomo_hf.dataset.verifying import VerifiedFolder, verify_dataset
from lomo_hf.errors import PublishError
from lomo_hf.hub.client import HubClient
from lomo_hf.hub.names import check_repo_id
from lomo_hf.hub.retry import Retrier

__all__ = ["verify_release"]

_EVERYTHING = 1 << 62


def verify_release(
    repo: str,
    revision: str | None = None,
    folder: str | Path | VerifiedFolder | None = None,
    *,
    download: bool = False,
    notify: Callable[[str], None] | None = None,
) -> ReadBack:
    """Compare a release on the Hub with its own manifest, with what `load_dataset` loads, and with a folder.

    Args:
        repo: The dataset on the Hub, "org/name".
        revision: A tag, branch or commit; None is the head of main.
        folder: The dataset folder that was published, or what `verify_dataset` returned for it; None compares the
            release with its own manifest alone.
        download: Fetch and hash every byte, however many. Otherwise a release of more than 256 MB is compared by the
            hashes that the Hub lists, and only its small files are fetched.
        notify: Called with a sentence when a request is tried again.

    Returns:
        The commit, and what was compared there.

    Raises:
        IntegrityError: The release, or the folder, is not what was built.
        PublishError: There is no such repository or revision, or you may not read it.
        UsageError: `repo` is not a name on the Hub.

    >>> verify_release("lomo-ov15")
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: repository must be org/name in letters, digits, '.', '_', '-'; found 'lomo-ov15'. ...
    """
    check_repo_id(repo)
    local = verify_dataset(folder) if isinstance(folder, str | Path) else folder
    hub = HubClient(repo, Retrier(notify=notify) if notify else Retrier())
    head = hub.look(revision or "main")
    if head is None:
        raise PublishError(
            f"{repo} has no {revision or 'main'}, or you may not read it. Check the name, or log in with "
            "`hf auth login`."
        )
    limit = _EVERYTHING if download else PushOptions().download_up_to
    return read_back(hub, take_snapshot(hub, head.commit), local, download_up_to=limit)
