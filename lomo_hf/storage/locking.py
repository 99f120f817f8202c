"""One writer at a time in a folder: a lock of the operating system, which a killed process loses at once.

`filelock` holds it, which the clients of the Hub use as well; it follows no link at the lock's name, writes nothing
into the file and notices when another has removed it. The file lies beside `.lomo`, in the folder itself: on a disk
that machines share, they see the same one. It is no part of the dataset, and gone when nobody holds it. The shares of
one build work at the same time; each holds a lock of its own in `.lomo`, which whoever needs the shards waits for.
"""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import uuid4

from lomo_hf.storage.file_names import WORK_FOLDER
from lomo_hf.storage.folder import Folder

__all__ = ["LOCK", "locked", "share_at_work", "shares_at_work", "wait_for_shares"]

LOCK: Final = ".lomo.lock"
_SHARE: Final = re.compile(r"share-[0-9a-f]{32}\.lock")
_POLL_SECONDS: Final = 0.2
_READ_ONLY: Final = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))


@contextmanager
def locked(
    folder: Folder,
    notify: Callable[[str], None] | None = None,
    *,
    busy: Callable[[], None] | None = None,
    reading: bool = False,
    wait: bool = True,
    name: str = LOCK,
) -> Iterator[None]:
    """Keep other writers out of a folder, and wait for one that is at work.

    Args:
        folder: Where.
        notify: Called with a sentence, once, if there is need to wait.
        busy: Called before waiting; may raise where waiting would be in vain.
        reading: A folder that may not be written to is read without a lock: nobody else writes to it either.
        wait: False raises filelock's `Timeout` at once.
        name: The lock's file, if it is the lock of a share.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     folder = Folder(scratch)
    ...     with locked(folder):
    ...         print(folder.names())
    ...     folder.names()
    ['.lomo.lock']
    []
    """
    from filelock import FileLock, Timeout

    place = folder / name
    place.stat()  # a link is refused by name
    # What already holds it in this thread, such as a build within a callback of another one, goes on.
    lock = FileLock(place.path, poll_interval=_POLL_SECONDS, is_singleton=True)
    held = True
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        if busy:
            busy()
        if notify:
            notify(f"another lomo command is at work in {folder.name!r}; waiting until it is done.")
        lock.acquire(timeout=-1)
    except OSError as error:
        if not reading or error.errno not in _READ_ONLY:
            raise
        held = False
    try:
        yield
    finally:
        if held:
            if lock.lock_counter == 1:
                with suppress(OSError):  # Windows removes no file that is open
                    place.unlink(missing_ok=True)
            lock.release()


@contextmanager
def share_at_work(folder: Folder) -> Iterator[None]:
    """Keep whoever needs all shards out of the folder while a share of them is built; other shares go on.

    Args:
        folder: Where; whoever plans holds its lock on entry, and may release it then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch, locked(Folder(scratch)), share_at_work(Folder(scratch)):
    ...     [place.name.split("-")[0] for place in (Folder(scratch) / ".lomo").places()]
    ['share']
    """
    with locked(folder, name=f"{WORK_FOLDER}/share-{uuid4().hex}.lock"):
        yield


def shares_at_work(folder: Folder) -> list[str]:
    """Look for shares of a build; what a killed one left is taken away.

    Args:
        folder: Where.

    Returns:
        The locks that they hold at this moment, as paths below the folder; not those of this very thread.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch:
    ...     shares_at_work(Folder(scratch))
    []
    """
    return [name for name in _locks_of_shares(folder) if _is_held(folder, name)]


def wait_for_shares(folder: Folder, notify: Callable[[str], None] | None = None) -> None:
    """Come back when no share is being built in the folder.

    Args:
        folder: Where; its lock must be held, so that no share can begin.
        notify: Called with a sentence for each share that there is need to wait for.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as scratch, locked(Folder(scratch)):
    ...     wait_for_shares(Folder(scratch), print)
    """
    for name in _locks_of_shares(folder):
        with locked(folder, notify, name=name):
            pass


def _locks_of_shares(folder: Folder) -> list[str]:
    places = (folder / WORK_FOLDER).places()
    return sorted(f"{WORK_FOLDER}/{place.name}" for place in places if _SHARE.fullmatch(place.name))


def _is_held(folder: Folder, name: str) -> bool:
    from filelock import Timeout

    try:
        with locked(folder, name=name, wait=False):
            return False
    except Timeout:
        return True
