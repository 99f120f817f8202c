"""One file of a dataset repository at a pinned commit, read by byte ranges through the Hub's own client session.

Blocks that were fetched are kept, a bounded number of them, so that columns that lie side by side cost one request.
Nothing is written to a cache folder; nothing here knows Parquet.
"""

import io
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from lomo_hf.errors import SourceError
from lomo_hf.hub.retry import Retrier

__all__ = ["BLOCK", "HubFile", "RangeStream", "reading_retrier"]

BLOCK: Final = 4 << 20
"""Bytes of one request where most of a file is wanted."""
_BLOCKS_KEPT: Final = 8
# A Parquet reader looks at the end first; fetching a block for that would be wasted.
_TAIL: Final = 1 << 16
_TIMEOUT: Final = 60.0


def reading_retrier(notify: Callable[[str], object] | None = None) -> Retrier:
    """How long to insist when rows are read; each call has a time of its own.

    Args:
        notify: Called with a sentence before each wait; by default the log "lomo_hf.hub" hears it as a warning.
    """
    return Retrier(failure=SourceError, notify=notify)


class _ShortAnswerError(ConnectionError):
    """Fewer bytes came than were asked for."""


@dataclass(frozen=True)
class HubFile:
    """A file: repository, commit, path, size in bytes, and the digest that the Hub keeps of it. Picklable.

    `endpoint` is where the Hub is, so that a worker need not be told; `retrier` how long to insist in each call.
    """

    repo: str
    commit: str
    path: str
    size: int
    oid: str
    endpoint: str
    retrier: Retrier = field(default_factory=reading_retrier, repr=False, compare=False)

    def open(self, block: int = 0) -> "RangeStream":
        """A stream of its bytes. `block` is the size of a request; 0 fetches exactly what is read, each time."""
        return RangeStream(self, block)

    def read_range(self, start: int, stop: int) -> bytes:
        """Bytes `start` to `stop - 1`; tried again when the network fails.

        Raises:
            SourceError: It goes on failing, or the Hub refuses.
        """
        from httpx2 import HTTPError
        from huggingface_hub.errors import OfflineModeIsEnabled

        where = f"{self.path} of {self.repo}"
        try:
            return self.retrier.fresh().call(f"reading {where}", lambda: self._get(start, stop), explain=False)
        except OfflineModeIsEnabled as error:
            raise SourceError(f"{where} is on the Hub, and HF_HUB_OFFLINE forbids to go there. Unset it.") from error
        except HTTPError as error:
            lines = str(error).strip().splitlines()
            raise SourceError(
                f"{where} at {self.commit[:12]} is refused ({lines[0][:200] if lines else type(error).__name__}). "
                "Check that you may read it; for a private dataset log in with `hf auth login`."
            ) from error

    def read_all(self) -> bytes:
        """The whole file, for small ones such as a card."""
        return self.read_range(0, self.size) if self.size else b""

    def _get(self, start: int, stop: int) -> bytes:
        from huggingface_hub import get_session, hf_hub_url
        from huggingface_hub.utils import build_hf_headers, hf_raise_for_status  # type: ignore[attr-defined]

        url = hf_hub_url(self.repo, self.path, repo_type="dataset", revision=self.commit, endpoint=self.endpoint)
        headers = {**build_hf_headers(), "Range": f"bytes={start}-{stop - 1}"}
        response: Any = get_session().get(url, headers=headers, timeout=_TIMEOUT, follow_redirects=True)
        hf_raise_for_status(response)
        data: bytes = response.content
        if response.status_code == 200 and len(data) == self.size:  # a server that knows no ranges
            data = data[start:stop]
        if len(data) != stop - start:
            raise _ShortAnswerError(f"{len(data)} bytes of {stop - start}")
        return data


class RangeStream(io.RawIOBase):
    """A seekable stream over a `HubFile`. `requests` and `fetched` say what it has cost so far."""

    def __init__(self, file: HubFile, block: int) -> None:
        super().__init__()
        self.requests = self.fetched = 0
        self._file, self._block, self._at = file, block, 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def size(self) -> int:
        """Bytes of the file."""
        return self._file.size

    def read(self, size: int | None = -1) -> bytes:
        stop = self._file.size if size is None or size < 0 else min(self._at + size, self._file.size)
        start, self._at = self._at, max(self._at, stop)
        if start >= stop:
            return b""
        if not self._block or (stop > self._file.size - _TAIL and self._file.size > self._block):
            return self._fetch(start, stop)
        first, last = start // self._block, (stop - 1) // self._block
        joined = b"".join(self._kept(index) for index in range(first, last + 1))
        return joined[start - first * self._block : stop - first * self._block]

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _kept(self, index: int) -> bytes:
        if index in self._blocks:
            self._blocks.move_to_end(index)
            return self._blocks[index]
        start = index * self._block
        data = self._blocks[index] = self._fetch(start, min(start + self._block, self._file.size))
        if len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return data

    def _fetch(self, start: int, stop: int) -> bytes:
        data = self._file.read_range(start, stop)
        self.requests += 1
        self.fetched += len(data)
        return data
