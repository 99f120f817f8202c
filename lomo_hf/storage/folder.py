"""A folder held open, and places in it that are read, written and removed without ever following a link.

The folder itself may be a link, as for a disk with more room: it is resolved once, and held. A link anywhere below it
is refused by name. Each step of a path is opened relative to the one before (`openat` and its kin, `O_NOFOLLOW`), so a
link that is put there between a check and its use is refused as well, or acted on itself; where it leads is never
touched. A system without such calls (Windows) is asked for each step just before it is used, which leaves an instant.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest
from io import BufferedRandom, BufferedReader
from pathlib import Path, PurePosixPath
from typing import Final
from weakref import finalize

from lomo_hf.errors import BuildError, IntegrityError, LinkError

__all__ = ["Folder", "Place", "named_file"]

# `os.replace` is not listed, and takes descriptors wherever `os.rename` does.
_RELATIVE = {os.open, os.stat, os.mkdir, os.unlink, os.rmdir, os.rename} <= os.supports_dir_fd and (
    os.listdir in os.supports_fd
)
_CLOSED_ON_EXEC: Final = getattr(os, "O_CLOEXEC", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSED_ON_EXEC
_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
# A pipe in the place of a file would be waited for; opened so, it is seen not to be one.
_READ: Final = os.O_RDONLY | _NOFOLLOW | _CLOSED_ON_EXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOSED_ON_EXEC | getattr(os, "O_BINARY", 0)
_JUNCTION: Final = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", 0xA0000003)
_DEEPEST: Final = 64  # folders of ours are three deep


class Folder:
    """A folder that exists, resolved and held open as long as this object lives. Not picklable.

    Args:
        path: Where it is; a link to a folder is followed, this once.
        make: Make it, and the folders above it, if it is missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     folder = Folder(scratch)
    ...     (folder / "a").make_folder()
    ...     with (folder / "a/b.txt").create() as stream:
    ...         _ = stream.write(b"abc")
    ...     (folder / "a/b.txt").read_bytes(), folder.names(), (folder / "a/c.txt").is_file()
    (b'abc', ['a'], False)
    """

    def __init__(self, path: str | Path, *, make: bool = False) -> None:
        if make:
            Path(path).mkdir(parents=True, exist_ok=True)
        resolved = Path(path).resolve(strict=True)
        if not resolved.is_dir():
            raise _error(errno.ENOTDIR, resolved)
        self._hold(resolved, resolved.name, "", os.open(resolved, _FOLDER) if _RELATIVE else None)

    @classmethod
    def of(cls, where: "str | Path | Folder") -> "Folder":
        """The folder that is held already, or the one of that name."""
        return where if isinstance(where, Folder) else cls(where)

    def below(self, step: str, descriptor: int | None) -> "Folder":
        """A folder below this one, opened by who asks; messages tell its place in the whole."""
        folder = Folder.__new__(Folder)
        folder._hold(self.path / step, self.name, f"{self.inside}{step}/", descriptor)
        return folder

    def _hold(self, path: Path, name: str, inside: str, descriptor: int | None) -> None:
        self.path, self.name, self.inside, self.descriptor = path, name, inside, descriptor
        if descriptor is not None:
            finalize(self, os.close, descriptor).atexit = False

    def __truediv__(self, inside: str | Path) -> "Place":
        return Place(self, Path(inside).as_posix())

    def names(self) -> list[str]:
        """Of all that lies in it, in order."""
        return sorted(os.listdir(self.path if self.descriptor is None else self.descriptor))

    def places(self) -> "list[Place]":
        """All that lies in it, in order."""
        return [self / name for name in self.names()]

    def sync(self) -> None:
        """Make renames in it durable. Windows has no such call and needs none."""
        if self.descriptor is not None:
            os.fsync(self.descriptor)

    def refuse_links(self, names: Iterable[str]) -> None:
        """Look through what lies under these names, and below them.

        Raises:
            LinkError: One of them is a link, or holds one.
        """
        for name in dict.fromkeys(names):
            for _ in (self / name).walk():
                pass


class Place:
    """A path in a folder, which need not exist. Every method refuses links on its way and at its end.

    Args:
        folder: The folder, held open.
        inside: The path below it, with forward slashes.

    Raises:
        IntegrityError: The path leads out of the folder.
        LinkError: By any method: a step of the path is a link.
        OSError: By any method, with the full path as its `filename`.
    """

    def __init__(self, folder: Folder, inside: str) -> None:
        steps = PurePosixPath(inside).parts
        strange = "\0" in inside or (os.sep in inside and os.sep != "/")
        if not steps or ".." in steps or inside.startswith("/") or strange:
            raise IntegrityError(f"{inside!r} is no path inside of the folder {folder.name!r}.")
        self.folder, self.inside, self._steps = folder, "/".join(steps), steps

    @property
    def path(self) -> Path:
        """For messages, and for libraries that read by name what was looked at before."""
        return self.folder.path.joinpath(*self._steps)

    @property
    def name(self) -> str:
        """The last step."""
        return self._steps[-1]

    def __truediv__(self, inside: str) -> "Place":
        return Place(self.folder, f"{self.inside}/{inside}")

    def __str__(self) -> str:
        return str(self.path)

    # ---- looking ------------------------------------------------------------------------------------------------

    def stat(self) -> os.stat_result | None:
        """What lies here; None where nothing does."""
        with self._above() as above:
            return None if above is None else self._stat(above)

    def is_file(self) -> bool:
        """Whether a regular file lies here."""
        status = self.stat()
        return status is not None and stat.S_ISREG(status.st_mode)

    def is_folder(self) -> bool:
        """Whether a folder lies here."""
        status = self.stat()
        return status is not None and stat.S_ISDIR(status.st_mode)

    def size(self) -> int:
        """Bytes of the file."""
        status = self.stat()
        if status is None:
            raise _error(errno.ENOENT, self.path)
        return status.st_size

    def names(self) -> list[str]:
        """Of what lies in the folder here, in order; none where there is no folder."""
        return self.hold().names() if self.is_folder() else []

    def places(self) -> list["Place"]:
        """All that lies in the folder here, in order; none where there is no folder."""
        return [self / name for name in self.names()]

    def walk(self) -> Iterator["Place"]:
        """Every file here or below, of whatever kind, in order."""
        self._check_depth()
        status = self.stat()
        if status is None:
            return
        if not stat.S_ISDIR(status.st_mode):
            yield self
            return
        held = self.hold()
        for name in held.names():
            below = self / name
            kind = (held / name)._stat(held)
            if kind is not None and stat.S_ISDIR(kind.st_mode):
                yield from below.walk()
            elif kind is not None:
                yield below

    # ---- reading ------------------------------------------------------------------------------------------------

    def open(self) -> BufferedReader:
        """The file, for reading.

        Raises:
            IntegrityError: It is no regular file, but a pipe or a device.
        """
        with self._above() as above:
            if above is None or self._stat(above) is None:
                raise _error(errno.ENOENT, self.path)
            descriptor = self._opened(above, _READ)
        kind = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(kind):
            os.close(descriptor)
            if stat.S_ISDIR(kind):
                raise _error(errno.EISDIR, self.path)
            raise IntegrityError(self._special())
        return os.fdopen(descriptor, "rb")

    def read_bytes(self) -> bytes:
        """All of the file."""
        with self.open() as stream:
            return stream.read()

    def read_text(self, errors: str = "strict") -> str:
        """All of the file, which is UTF-8."""
        return self.read_bytes().decode("utf-8", errors)

    def sha256(self) -> str:
        """The SHA-256 of the file, in hexadecimal digits."""
        with self.open() as stream:
            return file_digest(stream, "sha256").hexdigest()

    # ---- writing ------------------------------------------------------------------------------------------------

    def hold(self, *, make: bool = False) -> Folder:
        """The folder here, held open; made, with those above it, if asked for."""
        folder = self.folder
        for step in self._steps:
            folder = Place(folder, step)._step(make)
        return folder

    def parent(self, *, make: bool = False) -> Folder:
        """The folder in which this lies, held open."""
        return Place(self.folder, "/".join(self._steps[:-1])).hold(make=make) if self._steps[1:] else self.folder

    def make_folder(self) -> None:
        """Make a folder here, and those above it, unless it is there."""
        self.hold(make=True)

    def create(self) -> BufferedRandom:
        """A new file, for reading and writing; one that lies here already is removed first, not written to."""
        self._refuse_special()
        self.unlink(missing_ok=True)
        with self._above() as above:
            if above is None:
                raise _error(errno.ENOENT, self.path)
            return os.fdopen(self._opened(above, _CREATE), "w+b")

    def replace(self, target: "Place") -> None:
        """Move what lies here to the target, in the place of a file that lies there."""
        self.stat()
        target._refuse_special()
        with target._above() as there, self._above() as above:
            if above is None or there is None:
                raise _error(errno.ENOENT, target.path)
            if above.descriptor is None or there.descriptor is None:
                os.replace(self.path, target.path)
            else:
                os.replace(self.name, target.name, src_dir_fd=above.descriptor, dst_dir_fd=there.descriptor)

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the file."""
        with self._above() as above:
            if above is not None and self._stat(above) is not None:
                with suppress(*([FileNotFoundError] if missing_ok else [])):
                    os.unlink(*self._at(above), dir_fd=above.descriptor)
            elif not missing_ok:
                raise _error(errno.ENOENT, self.path)

    def remove_if_empty(self) -> bool:
        """Remove the folder, if there is one and nothing is in it; whether it is gone."""
        try:
            with self._above() as above:
                if above is not None and self._stat(above) is not None:
                    os.rmdir(*self._at(above), dir_fd=above.descriptor)
        except LinkError:
            raise
        except OSError:  # something is in it, or it is no folder
            return False
        return True

    def remove_tree(self) -> None:
        """Remove the folder with all that is in it, for one that nobody but us writes to."""
        self._check_depth()
        for name in self.names():
            place = self / name
            if place.is_folder():
                place.remove_tree()
            else:
                place.unlink(missing_ok=True)
        self.remove_if_empty()

    def _refuse_special(self) -> None:
        """A pipe or a device is not ours to replace; a folder the system refuses to."""
        status = self.stat()
        if status is not None and not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise BuildError(self._special())

    def _special(self) -> str:
        return f"{self._shown} in {self.folder.name!r} must be a regular file. Name another, or remove what is there."

    def _check_depth(self) -> None:
        if len(self._steps) > _DEEPEST:
            raise IntegrityError(f"{self.inside[:80]}... in {self.folder.name!r} lies too deep. Remove it.")

    # ---- one step -----------------------------------------------------------------------------------------------

    @contextmanager
    def _above(self) -> Iterator[Folder | None]:
        """The folder in which this lies; None where there is none. Errors of the system tell the whole path."""
        try:
            above: Folder | None = self.parent()
        except FileNotFoundError:
            above = None
        try:
            yield above
        except OSError as error:
            error.filename = str(self.path)
            raise

    def _step(self, make: bool) -> Folder:
        """The folder one step below a held one."""
        above = self.folder
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(*self._at(above), dir_fd=above.descriptor)
            status = self._stat(above)
            if status is not None and not stat.S_ISDIR(status.st_mode):
                raise _error(errno.ENOTDIR, self.path)
            if above.descriptor is None:
                if status is None:
                    raise _error(errno.ENOENT, self.path)
                return above.below(self.name, None)
            return above.below(self.name, self._opened(above, _FOLDER | _NOFOLLOW))
        except OSError as error:
            error.filename = str(self.path)
            raise

    def _stat(self, above: Folder) -> os.stat_result | None:
        try:
            status = os.stat(*self._at(above), dir_fd=above.descriptor, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        if stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == _JUNCTION:
            raise LinkError(self._refusal())
        return status

    def _opened(self, above: Folder, flags: int) -> int:
        try:
            return os.open(*self._at(above), flags, 0o666, dir_fd=above.descriptor)
        except OSError:
            self._stat(above)  # a link that was put here since it was looked for
            raise

    def _at(self, above: Folder) -> tuple[str]:
        return (self.name,) if above.descriptor is not None else (str(above.path / self.name),)

    @property
    def _shown(self) -> str:
        return self.folder.inside + self.inside

    def _refusal(self) -> str:
        kind = "folder" if self.path.is_dir() else "file"
        return (
            f"{self._shown} in {self.folder.name!r} must be a {kind} of its own; found a link. Remove the link, or "
            "make the whole folder one."
        )


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))


def named_file(path: str | Path) -> Place:
    """The place of a file that a user named, in a folder that is made if it is missing; folders may be links.

    Args:
        path: As the user wrote it.

    Returns:
        The place, in the folder that `path` names.

    Raises:
        OSError: `path` names a folder, or the folder cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     named_file(f"{scratch}/new/page.html").inside
    'page.html'
    """
    named = Path(path)
    if not named.name or named.name == "..":
        raise _error(errno.EISDIR, named)
    return Folder(named.parent, make=True) / named.name
