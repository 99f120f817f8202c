"""A repository as the Hub serves it at a commit, read for planning."""

import json
from typing import Any

from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.release.card import own_text_of
from lomo_hf.release.contents import Contents
from lomo_hf.release.hub_client import HubClient
from lomo_hf.release.manifest import MANIFEST
from lomo_hf.release.release_plan import CARD, ENTRIES, Previous, Snapshot

__all__ = ["take_previous", "take_snapshot"]


def take_snapshot(hub: HubClient, revision: str) -> Snapshot:
    """The repository at what a revision names now.

    Raises:
        PublishError: There is no such revision, or its manifest is a stranger's.
    """
    there = hub.look(revision)
    if there is None:
        raise PublishError(f"{hub.repo} has no revision {revision!r}, or none that you may see.")
    commit, files = there.commit, hub.files(there.commit)
    card = hub.read(CARD, commit).decode("utf-8", "replace") if CARD in files else ""
    contents = _contents(hub, commit) if MANIFEST in files else None
    entries = _entries(hub, commit) if ENTRIES in files else None
    return Snapshot(commit, files, card, contents, entries)


def take_previous(hub: HubClient, tag: str) -> Previous:
    """The release that a tag names."""
    there = take_snapshot(hub, tag)
    return Previous(tag, there.contents, own_text_of(there.card))


def _contents(hub: HubClient, commit: str) -> Contents:
    try:
        return Contents.parse(hub.read(MANIFEST, commit), f"{hub.repo} at {commit[:8]}")
    except IntegrityError as error:
        raise PublishError(f"{error} It would be overwritten. Publish to another repository, or remove it.") from error


def _entries(hub: HubClient, commit: str) -> dict[str, Any]:
    try:
        said = json.loads(hub.read(ENTRIES, commit))
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise PublishError(f"{ENTRIES} in {hub.repo} is not a JSON object. It would be overwritten; remove it first.")
    return said
