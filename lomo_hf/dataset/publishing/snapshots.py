"""A repository as the Hub serves it at a commit, read for planning."""

import json

from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.dataset.publishing.plan import Snapshot
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.client import HubClient

__all__ = ["take_snapshot"]


def take_snapshot(hub: HubClient, commit: str) -> Snapshot:
    """The repository at a commit.

    Raises:
        PublishError: A document that a release would overwrite is a stranger's.
    """
    files = hub.files(commit)
    card = hub.read(CARD, commit).decode("utf-8", "replace") if CARD in files else ""
    contents = _contents(hub, commit) if MANIFEST in files else None
    entries = _entries(hub, commit) if LLAMAFACTORY in files else None
    return Snapshot(commit, files, card, contents, entries)


def _contents(hub: HubClient, commit: str) -> Contents:
    try:
        return Contents.parse(hub.read(MANIFEST, commit), f"{hub.repo} at {commit[:8]}")
    except IntegrityError as error:
        raise PublishError(f"{error} It would be overwritten. Publish to another repository, or remove it.") from error


def _entries(hub: HubClient, commit: str) -> dict[str, object]:
    try:
        said = json.loads(hub.read(LLAMAFACTORY, commit))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise PublishError(
            f"{LLAMAFACTORY} in {hub.repo} is not a JSON object. It would be overwritten; remove it first."
        )
    return said
