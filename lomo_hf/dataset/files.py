"""The files of a dataset, wherever they lie: in a folder of this machine, or in a repository on the Hub.

What checks a dataset reads through these few functions, so that a release is checked as it will be loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Protocol

from lomo_hf.dataset.manifest import LINKED
from lomo_hf.errors import IntegrityError, LinkError, SourceError
from lomo_hf.hub.names import parse_repo
from lomo_hf.storage import LOCK, Folder

__all__ = ["DatasetFiles", "HubRepo", "LocalFolder", "open_files"]

# What a build, git and the Hub's client keep for themselves; never published.
_PRIVATE = frozenset((".lomo", LOCK, ".git", ".cache"))


class DatasetFiles(Protocol):
    """Where a dataset lies."""

    @property
    def name(self) -> str:
        """The dataset's name, without its owner."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Every file: path with forward slashes, in order -> bytes."""

    def open(self, path: str) -> IO[bytes]:
        """A file, open for reading anywhere in it."""


@dataclass(frozen=True)
class LocalFolder:
    """A dataset folder on this machine; without links in it, which a loader would follow and the Hub would not.

    Attributes:
        folder: Where it is.
    """

    folder: Path

    @cached_property
    def _held(self) -> Folder:
        return Folder(self.folder)

    @property
    def name(self) -> str:
        """The folder's name, which is usually that of the repository to be."""
        return self.folder.resolve().name

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Path -> bytes."""
        try:
            shown = [place for place in self._held.places() if place.name not in _PRIVATE]
            files = [file for place in shown for file in place.walk()]
        except LinkError as error:
            raise IntegrityError(f"{error} {LINKED}") from error
        return {file.inside: file.size() for file in sorted(files, key=lambda file: Path(file.inside))}

    def open(self, path: str) -> IO[bytes]:
        """Open one file."""
        return (self._held / path).open()


@dataclass(frozen=True)
class HubRepo:
    """A dataset repository, read through a file system of `fsspec`. Only what is asked for is fetched.

    Attributes:
        filesystem: That of the Hub, or another in tests.
        root: Where the repository is in it, such as `datasets/org/name@main`.
        name: The dataset's name, without its owner.
    """

    filesystem: Any
    root: str
    name: str

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Path -> bytes."""
        root = self.filesystem._strip_protocol(self.root)
        try:
            entries = self.filesystem.find(self.root, detail=True)
        except FileNotFoundError as error:
            raise SourceError(f"{self.root!r} is not on the Hub, or needs a login (`hf auth login`).") from error
        except Exception as error:  # each transport has a tree of errors of its own
            why = " ".join(str(error).split())[:200]
            raise SourceError(f"{self.root!r} cannot be listed ({why}). Check the connection.") from error
        listed = {path.removeprefix(root).lstrip("/"): entry for path, entry in entries.items()}
        return {path: int(listed[path]["size"] or 0) for path in sorted(listed)}

    def open(self, path: str) -> IO[bytes]:
        """Open one file; ranges of it are fetched as they are read."""
        opened: IO[bytes] = self.filesystem.open(f"{self.root}/{path}", "rb")
        return opened


def open_files(where: str | Path) -> DatasetFiles:
    """The files of a dataset.

    Args:
        where: A folder, or `org/name` or `org/name@revision` on the Hub; a folder that exists goes first.

    Returns:
        Its files: names, sizes, and each open for reading. Of the Hub only what is read is fetched.

    Raises:
        SourceError: It is neither.

    Example:
        >>> open_files("no-such-folder")
        Traceback (most recent call last):
        lomo_hf.errors.SourceError: a dataset must be a folder or org/name on the Hub; found 'no-such-folder'.
    """
    folder = Path(where)
    if folder.is_dir():
        return LocalFolder(folder)
    name = parse_repo(str(where))
    if name is None:
        raise SourceError(f"a dataset must be a folder or org/name on the Hub; found {str(where)!r}.")
    from huggingface_hub import HfFileSystem

    at = f"@{name.revision.replace('/', '%2F')}" if name.revision else ""
    return HubRepo(HfFileSystem(), f"datasets/{name.repo}{at}", name.repo.rpartition("/")[2])
