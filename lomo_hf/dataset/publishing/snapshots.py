"""A repository as the Hub serves it at a commit, read for planning."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.errors import IntegrityError, PublishError
from lomo_hf.hub.client import HubClient, RemoteFile

__all__ = ["Previous", "Snapshot", "take_snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """A repository at a commit.

    Attributes:
        commit: Its id.
        files: Every file as the Hub lists it, by path.
        card: The text of README.md; empty where there is none.
        contents: What manifest.json lists; None where there is none.
        entries: What dataset_info.json holds; None where there is none.
    """

    commit: str
    files: Mapping[str, RemoteFile]
    card: str = ""
    contents: Contents | None = None
    entries: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Previous:
    """The release before: its tag, what it consisted of, and the own text of its card."""

    tag: str
    contents: Contents | None
    own_text: str


def take_snapshot(hub: HubClient, commit: str) -> Snapshot:
    """Read the repository at a commit.

    Args:
        hub: The repository.
        commit: The id of a commit, as `HubClient.look` gives it.

    Returns:
        The list of files, and the three documents that a release writes.

    Raises:
        PublishError: A document that a release would overwrite was not written by lomo_hf, or the Hub refuses.

    Example:
        >>> from types import SimpleNamespace
        >>> empty = SimpleNamespace(repo="org/name", files=lambda commit: {})  # as a `HubClient` sees a new repository
        >>> take_snapshot(empty, "0" * 40).card
        ''
    """
    files = hub.files(commit)
    documents = {path: hub.read(path, commit, files[path]) for path in (CARD, MANIFEST, LLAMAFACTORY) if path in files}
    return Snapshot(
        commit,
        files,
        documents.get(CARD, b"").decode("utf-8", "replace"),
        _contents(documents[MANIFEST], f"{hub.repo} at {commit[:8]}") if MANIFEST in documents else None,
        _entries(documents[LLAMAFACTORY], hub.repo) if LLAMAFACTORY in documents else None,
    )


def _contents(document: bytes, where: str) -> Contents:
    try:
        return Contents.parse(document, where)
    except IntegrityError as error:
        raise PublishError(f"{error} It would be overwritten. Publish to another repository, or remove it.") from error


def _entries(document: bytes, repo: str) -> dict[str, object]:
    try:
        entries = json.loads(document)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise PublishError(f"{LLAMAFACTORY} in {repo} is not a JSON object. It would be overwritten; remove it first.")
    return entries
