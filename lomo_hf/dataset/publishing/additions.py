"""Files to commit, of which nothing is sent but what was recorded: their bytes are hashed as they are sent.

Whoever records a file and sends it later cannot know what lies there by then. Xet, the storage that the Hub's client
uses by itself, hashes what it sends, and `check_sent` compares. Where the client reads a file itself - to send it
without Xet, or to put a small one into the commit - it reads through `CheckedReader`, which keeps the last bytes back
until the digest of all is the recorded one: other content never arrives whole, so nothing can be stored under a digest
that is not its own.
"""

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import BinaryIO, cast

from huggingface_hub import CommitOperationAdd

from lomo_hf.dataset.verifying import changed_since
from lomo_hf.errors import PublishError
from lomo_hf.storage import Place
from lomo_hf.storage.records import FileRecord

__all__ = ["CheckedAddition", "CheckedReader"]

_BLOCK = 1 << 20


class CheckedReader(io.BufferedIOBase):
    """A recorded file, read from any place in any order. The bytes that end it are given only if all are as recorded.

    Args:
        stream: The file, open at its beginning.
        record: Its size and digest.

    Raises:
        IntegrityError: When its end is read: it is shorter, longer or has another digest.

    >>> record = FileRecord.of_bytes("a.txt", b"abc")
    >>> CheckedReader(io.BytesIO(b"abc"), record).read()
    b'abc'
    >>> reader = CheckedReader(io.BytesIO(b"abX"), record)
    >>> reader.read(2), reader.tell()
    (b'ab', 2)
    >>> reader.read(1)
    Traceback (most recent call last):
    lomo_hf.errors.IntegrityError: a.txt has changed since the folder was verified, so it is not published. ...
    """

    def __init__(self, stream: BinaryIO, record: FileRecord) -> None:
        self._stream, self._record = stream, record
        self._digest, self._hashed = sha256(), 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes: the client asks for the length by going to the end, and goes back to send again."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._stream.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to another place in the file."""
        return self._stream.seek(offset, whence)

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to this many bytes; all that are left if none is given."""
        start = self.tell()
        if start != self._hashed:
            self._hash_up_to(start)
        data = self._stream.read(-1 if size is None else size)
        self._digest.update(data)
        self._hashed += len(data)
        ended = size != 0 and not data
        if self._hashed > self._record.bytes or (ended and self._hashed < self._record.bytes) or not self._is_true():
            raise changed_since(self._record)
        return data

    def _is_true(self) -> bool:
        return self._hashed < self._record.bytes or self._digest.hexdigest() == self._record.sha256

    def _hash_up_to(self, place: int) -> None:
        """Start over, since reading goes on somewhere else than where it stopped."""
        self._digest, self._hashed = sha256(), 0
        self._stream.seek(0)
        while self._hashed < place:
            data = self._stream.read(min(_BLOCK, place - self._hashed))
            if not data:
                break
            self._digest.update(data)
            self._hashed += len(data)
        self._stream.seek(place)


class CheckedAddition(CommitOperationAdd):
    """A file to commit, as it was recorded or not at all.

    Args:
        record: Its path in the repository, its size and its digest.
        source: Its content, or where it lies; a link on the way is refused.

    Raises:
        IntegrityError: It is gone, or has another size than was recorded.

    >>> CheckedAddition(FileRecord.of_bytes("a.txt", b"abc"), b"abc").path_in_repo
    'a.txt'
    """

    def __init__(self, record: FileRecord, source: Place | bytes) -> None:
        self._record, self._source = record, source
        if isinstance(source, bytes):
            super().__init__(record.path, source)
            return
        with self._opened(source) as stream:
            size = stream.seek(0, os.SEEK_END)
            if size != record.bytes:
                raise changed_since(record, f"has {size:,} bytes instead of {record.bytes:,}")
            try:
                super().__init__(record.path, str(source.path))
            except (OSError, ValueError) as error:  # it was taken away this very moment
                raise changed_since(record, "was removed") from error

    @contextmanager
    def as_file(self, with_tqdm: bool = False) -> Iterator[BinaryIO]:
        """The file as the client reads it, to send it or to put it into a commit."""
        if isinstance(self._source, bytes):
            yield io.BytesIO(self._source)
            return
        with self._opened(self._source) as stream:
            yield cast(BinaryIO, CheckedReader(stream, self._record))

    def check_sent(self) -> None:
        """Compare what was sent, if anything was, and that the Hub will take the file.

        Raises:
            IntegrityError: Something else was sent than was recorded.
            PublishError: A `.gitignore` in the repository names the file, so a commit would leave it out in silence.
        """
        if self.upload_info.is_hashed and self.upload_info.sha256.hex() != self._record.sha256:
            raise changed_since(self._record)
        if self._should_ignore:
            raise PublishError(
                f"a .gitignore in the repository names {self._record.path}, so the Hub would leave it out of the "
                "commit. Remove that line there, and push again."
            )

    @contextmanager
    def _opened(self, place: Place) -> Iterator[BinaryIO]:
        try:
            stream = place.open()
        except OSError as error:
            raise changed_since(self._record, f"became unreadable ({error.strerror or error})") from error
        with stream:
            yield stream
