"""One writer at a time in a folder: a lock of the operating system, which a killed process loses at once.

`filelock` holds it, which the clients of the Hub use as well; it follows no link at the lock's name, writes nothing
into the file and notices when another has removed it. The file lies beside `.lomo`, in the folder itself: on a disk
that machines share, they see the same one. It is no part of the dataset, and gone when nobody holds it.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from lomo_hf.storage.folder import Folder

__all__ = ["LOCK", "locked"]

LOCK: Final = ".lomo.lock"
_POLL_SECONDS: Final = 0.2
_READ_ONLY: Final = frozenset((errno.EACCES, errno.EPERM, errno.EROFS))


@contextmanager
def locked(
    folder: Folder,
    notify: Callable[[str], None] | None = None,
    *,
    busy: Callable[[], None] | None = None,
    reading: bool = False,
) -> Iterator[None]:
    """Keep other writers out of a folder, and wait for one that is at work.

    Args:
        folder: Where.
        notify: Called with a sentence, once, if there is need to wait.
        busy: Called before waiting; may raise where waiting would be in vain.
        reading: A folder that may not be written to is read without a lock: nobody else writes to it either.

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

    place = folder / LOCK
    place.stat()  # a link is refused by name
    # What already holds it in this thread, such as a build within a callback of another one, goes on.
    lock = FileLock(place.path, poll_interval=_POLL_SECONDS, is_singleton=True)
    held = True
    try:
        lock.acquire(timeout=0)
    except Timeout:
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
