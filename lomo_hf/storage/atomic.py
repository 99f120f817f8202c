"""Files that are whole or absent: written under a temporary name, synced, read back, and only then renamed.

A temporary name begins with a dot, lies in the folder of the final name (so that renaming is atomic) and tells host
and process, so that what a killed process left behind can be swept without harm to one that still writes.
"""

import errno
import os
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b, file_digest, sha256
from pathlib import Path
from typing import Any, BinaryIO, Final

from lomo_hf.errors import BuildError, IntegrityError, LinkError
from lomo_hf.storage import Place

__all__ = ["PendingFile", "disk_is_full", "explain", "sha256_of", "sweep", "write_whole"]

_TEMPORARY: Final = re.compile(r"\..+\.([0-9a-f]{8})-([0-9]{1,10})\.tmp", re.DOTALL)
_FULL: Final = frozenset((errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)))


class PendingFile:
    """A file on its way to its final name. Can be given to pyarrow as the file to write to.

    The folder in which it lies is held open until then, so that no link that is put in its way is followed. One that
    is not `hashed` is never sealed, but abandoned when it has served.

    >>> import tempfile
    >>> from lomo_hf.storage import Folder
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     folder = Folder(scratch)
    ...     pending = PendingFile(folder / "a.txt")
    ...     pending.write(b"abc")
    ...     digest = pending.seal()
    ...     pending.publish()
    ...     (pending.size, digest[:8], (folder / "a.txt").read_bytes())
    3
    (3, 'ba7816bf', b'abc')
    """

    def __init__(self, final: Place, *, hashed: bool = True) -> None:
        self._folder = final.parent(make=True)
        self._final = self._folder / final.name
        self._final.stat()  # a link is refused before there is work to lose
        self._temporary = self._folder / f".{final.name}.{_host()}-{os.getpid()}.tmp"
        self.size = 0
        self._digest = sha256() if hashed else None
        self._abandoned = False
        self._stream = self._temporary.create()

    @property
    def final(self) -> Path:
        """Where the file will be."""
        return self._final.path

    @property
    def temporary(self) -> Path:
        """Where it is until then, for libraries that read by name."""
        return self._temporary.path

    def write(self, data: Any) -> int:
        """Append bytes; once abandoned, they go nowhere, so that a writer can be closed after a failure."""
        if self._abandoned:
            return memoryview(data).nbytes
        self._stream.write(data)
        if self._digest is not None:
            self._digest.update(data)
        size = memoryview(data).nbytes
        self.size += size
        return size

    def tell(self) -> int:
        """Bytes written so far."""
        return self.size

    def flush(self) -> None:
        """Hand what is buffered to the system."""
        if not self._abandoned:
            self._stream.flush()

    @property
    def closed(self) -> bool:
        """False as long as anyone may write, even in vain."""
        return self._stream.closed and not self._abandoned

    def close(self) -> None:
        """Nothing: a Parquet writer must not close what is still to be synced; `seal` does."""

    def seal(self) -> str:
        """Sync to disk, read back, and compare with what was written; returns the SHA-256.

        Raises:
            IntegrityError: The disk gives back other bytes.
        """
        assert self._digest is not None, "a file that is not hashed cannot be sealed"
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        if self._temporary.sha256() != self._digest.hexdigest():
            raise IntegrityError(f"{self.temporary} reads back other bytes than were written; check the disk.")
        return self._digest.hexdigest()

    def publish(self) -> None:
        """Give the sealed file its final name. The folder has to be synced after that."""
        self._temporary.replace(self._final)

    def sync_folder(self) -> None:
        """Make the final name durable."""
        self._folder.sync()

    def beside(self, suffix: str) -> Place:
        """The place of a file next to this one, of its name and a suffix."""
        return self._folder / f"{self._final.name}{suffix}"

    def reopen(self) -> BinaryIO:
        """What is written so far, for reading."""
        self.flush()
        return self._temporary.open()

    def abandon(self) -> None:
        """Leave nothing behind. Harmless after `publish`."""
        self._abandoned = True
        with suppress(OSError):  # closing flushes, which fails again on a full disk
            self._stream.close()
        with suppress(OSError, LinkError):
            self._temporary.unlink(missing_ok=True)


def write_whole(place: Place, data: bytes) -> None:
    """Write a small file so that it is whole or absent, and durable."""
    pending = PendingFile(place)
    try:
        pending.write(data)
        pending.seal()
        pending.publish()
        pending.sync_folder()
    finally:
        pending.abandon()


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def sweep(names: Iterable[Place], *, of_any_machine: bool = False) -> int:
    """Remove what processes of this machine that are no more left unfinished; returns how many files.

    `names` are those in a folder, as `Place.places` and `Folder.places` give them.
    """
    stale = [place for place in names if _is_stale(place.name, of_any_machine)]
    for place in stale:
        place.unlink(missing_ok=True)
    return len(stale)


def disk_is_full(error: OSError) -> bool:
    """Whether the system refused to write for want of space.

    >>> disk_is_full(OSError(errno.ENOSPC, "no space")), disk_is_full(OSError(errno.EACCES, "no rights"))
    (True, False)
    """
    return error.errno in _FULL


def explain(error: OSError, doing: str, needed: int | None = None) -> BuildError:
    """The system's refusal to write, as one sentence with the remedy."""
    why = error.strerror or str(error)
    if disk_is_full(error):
        size = f"about {needed:,} bytes" if needed else "more bytes than there are"
        return BuildError(f"{doing} needs {size} and the disk takes no more ({why}). Free space, then build again.")
    where = f" at {error.filename}" if error.filename else ""
    return BuildError(f"{doing} cannot be written{where} ({why}). Check the path and its permissions.")


def _is_stale(name: str, of_any_machine: bool) -> bool:
    match = _TEMPORARY.fullmatch(name)
    if not match or match[1] != _host():
        return bool(match) and of_any_machine
    process = int(match[2])
    # One of our own number is the leftover of an earlier process: nobody sweeps while it writes.
    return process == os.getpid() or not _is_alive(process)


def _host() -> str:
    return blake2b(platform.node().encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _is_alive(process: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process there
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x00100000, False, process)
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True
