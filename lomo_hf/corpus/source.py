"""Where rows come from: the `Source` protocol that a build reads, and the source made of local files.

A source is planned once and then handed to workers: it is picklable, holds no open file and no rows, and any slice of
it can be read anywhere and gives the same rows. What is on the Hub will be one more class with these members.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Protocol

from lomo_hf.corpus.conversation import Conversation, Refusal
from lomo_hf.corpus.identity import Uniqueness, row_id
from lomo_hf.corpus.reading import Item, Reader, Unreadable
from lomo_hf.corpus.turns import to_conversation

__all__ = ["FileSource", "Source"]


class Source(Protocol):
    """A finite, numbered list of rows that workers can read in slices. Picklable; bounded memory.

    `config` names the source and begins every row's id. `digest` is the identity of the content: the same files give
    the same digest wherever they lie. `repo` and `revision` say where on the Hub it comes from, if it does.
    """

    @property
    def config(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def repo(self) -> str | None: ...
    @property
    def revision(self) -> str | None: ...
    @property
    def description(self) -> str: ...

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(index, raw row) of the slice; what is not even an object is passed over here, and refused below."""
        ...

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every index of the slice, in order, with ids unique within the source."""
        ...


@dataclass(frozen=True, eq=False)
class FileSource:
    """Rows in local files, in order of the files' names. Made by `open_source`, which plans it."""

    config: str
    digest: str
    description: str
    readers: tuple[Reader, ...] = field(repr=False)
    uniqueness: Uniqueness = field(repr=False)
    repo: str | None = None
    revision: str | None = None

    def __len__(self) -> int:
        return sum(reader.rows for reader in self.readers)

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """(index, raw row) of the slice; what is not even an object is passed over here, and refused below."""
        for index, item in self._items(start, stop):
            if isinstance(item, Mapping):
                yield index, item

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every index of the slice, in order, with ids unique within the source."""
        for index, item in self._items(start, stop):
            unique_id = self.uniqueness.resolve(row_id(item, index), index)
            if isinstance(item, Unreadable):
                yield Refusal(f"{self.config}/{unique_id}", item.reason, item.detail)
            else:
                yield to_conversation(
                    item, config=self.config, index=index, repo=self.repo, revision=self.revision, source_id=unique_id
                )

    def _items(self, start: int, stop: int) -> Iterator[tuple[int, Item]]:
        if start < 0:
            raise IndexError(f"start must not be negative; found {start}.")
        ends = list(accumulate(reader.rows for reader in self.readers))
        first = bisect_right(ends, start)
        for position in range(first, len(self.readers)):
            begin = ends[position] - self.readers[position].rows
            if begin >= stop:
                return
            items = self.readers[position].read(max(start - begin, 0), stop - begin)
            yield from enumerate(items, max(start, begin))
