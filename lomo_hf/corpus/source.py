"""Where rows come from: the `Source` protocol that a build reads, the source made of files, and several made one.

A source is planned once and then handed to workers: it is picklable, holds no open file and no rows, and any slice of
it can be read anywhere and gives the same rows. The files may lie on this machine or on the Hub; their readers know.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus.columns import AS_IT_STANDS, ColumnMap
from lomo_hf.corpus.conversation import Conversation, Refusal
from lomo_hf.corpus.extra_columns import columns_to_keep, extra_in_order
from lomo_hf.corpus.files.reading import Item, Reader, Unreadable
from lomo_hf.corpus.identity import Uniqueness, row_id
from lomo_hf.corpus.splits import TRAIN, id_prefix
from lomo_hf.corpus.turns import to_conversation

__all__ = ["FileSource", "JoinedSource", "Source", "splits_of"]

# Chosen rows nearer than this are read in one go, and what lies between is passed over.
_GAP = 512


class Source(Protocol):
    """A finite, numbered list of rows that workers can read in slices. Picklable; bounded memory.

    Attributes:
        config: Names the source; it, or the split where it is "default", begins every row's id.
        digest: The identity of the content: the same files give the same digest wherever they lie.
        repo, revision: Where on the Hub it comes from, if it does.
        description: What it is, in a few words, for people.
        extra: The columns of its stored rows beyond those that every row has.
        split: The split that it is.
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
    @property
    def extra(self) -> tuple[str, ...]: ...
    @property
    def split(self) -> str: ...

    def __len__(self) -> int: ...

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, object]]]:
        """(index, raw row) of the slice; what is not even an object is passed over here, and refused below."""
        ...

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every index of the slice, in order, with ids unique within the source."""
        ...


@dataclass(frozen=True, eq=False)
class FileSource:
    """Rows in files, in order of the files' names: one config. Made by `open_corpus`, which plans it.

    Attributes:
        config, digest, description, repo, revision, extra: As for any `Source`.
        readers: One for each file.
        uniqueness: Makes the ids of rows unique.
        columns: How the columns are read.
        license: What the source declares for rows that declare none.
        split: The split that the rows are.
        id_hashes: 64 bits for each row's own id, for drawing a sample; it stays behind when the source is pickled.

    >>> from lomo_hf.corpus import open_corpus
    >>> source = open_corpus()
    >>> source.config, len(source), source.extra
    ('sample', 206, ())
    """

    config: str
    digest: str
    description: str
    readers: tuple[Reader, ...] = field(repr=False)
    uniqueness: Uniqueness = field(repr=False)
    repo: str | None = None
    revision: str | None = None
    columns: ColumnMap = AS_IT_STANDS
    license: str | None = None
    id_hashes: npt.NDArray[np.uint64] | None = field(repr=False, default=None)
    extra: tuple[str, ...] = ()
    split: str = TRAIN

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "id_hashes": None}

    def __len__(self) -> int:
        return sum(reader.rows for reader in self.readers)

    @property
    def parts(self) -> "tuple[FileSource, ...]":
        """The configs that the source is made of: itself."""
        return (self,)

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, object]]]:
        """(index, raw row) of the slice; what is not even an object is passed over here, and refused below."""
        for index, item in self._items(start, stop):
            if isinstance(item, Mapping):
                yield index, item

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every index of the slice, in order, with ids unique within the source."""
        for index, item in self._items(start, stop):
            yield self._conversation(index, item)

    def chosen(self, indexes: Sequence[int]) -> Iterator[Conversation | Refusal]:
        """As `conversations`, for these indexes only, which must rise."""
        for index, item in self.chosen_items(indexes):
            yield self._conversation(index, item)

    def chosen_items(self, indexes: Sequence[int]) -> Iterator[tuple[int, Item]]:
        """(index, item) for these indexes, which must rise."""
        for run in _runs(indexes):
            wanted = iter(run)
            target = next(wanted)
            for index, item in self._items(run[0], run[-1] + 1):
                if index == target:
                    yield index, item
                    target = next(wanted, -1)

    def unique_id(self, index: int, item: Item) -> str:
        """The id of the item at an index: its own, made unique within the source; without the config."""
        return self.uniqueness.resolve(row_id(item, index), index)

    @cached_property
    def _kept_columns(self) -> tuple[str, ...]:
        return columns_to_keep(self.extra)

    def _conversation(self, index: int, item: Item) -> Conversation | Refusal:
        unique_id = self.unique_id(index, item)
        if isinstance(item, Unreadable):
            return Refusal(f"{id_prefix(self.config, self.split)}/{unique_id}", item.reason, item.detail)
        return to_conversation(
            item,
            config=self.config,
            index=index,
            repo=self.repo,
            revision=self.revision,
            source_id=unique_id,
            license=self.license,
            keep=self._kept_columns,
            split=self.split,
        )

    def _items(self, start: int, stop: int) -> Iterator[tuple[int, Item]]:
        for position, begin, first, last in _slices([reader.rows for reader in self.readers], start, stop):
            items = self.readers[position].read(first, last)
            yield from enumerate(map(self.columns.apply, items), begin + first)


@dataclass(frozen=True, eq=False)
class JoinedSource:
    """Several configs or splits one after the other, each with its own name in the ids of its rows.

    Attributes:
        config, digest, description, repo, revision, extra: As for any `Source`.
        parts: The configs, each a source of its own; those of one split after those of another (`splits_of`).

    >>> from lomo_hf.corpus import open_corpus
    >>> part = open_corpus()
    >>> len(JoinedSource("both", "", "", (part, part)))
    412
    """

    config: str
    digest: str
    description: str
    parts: tuple[FileSource, ...] = field(repr=False)
    repo: str | None = None
    revision: str | None = None

    @property
    def split(self) -> str:
        """The split that all configs are read of; the first of several."""
        return self.parts[0].split if self.parts else TRAIN

    @property
    def extra(self) -> tuple[str, ...]:
        """The extra columns of all configs; a config that lacks one has null in it."""
        names = dict.fromkeys(name for part in self.parts for name in part.extra)
        return extra_in_order(names, tuple(names))

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, object]]]:
        """(index, raw row) of the slice; what is not even an object is passed over here, and refused below."""
        for position, begin, first, last in _slices([len(part) for part in self.parts], start, stop):
            for index, row in self.parts[position].rows(first, last):
                yield begin + index, row

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every index of the slice, in order, with ids unique within the source."""
        for position, _, first, last in _slices([len(part) for part in self.parts], start, stop):
            yield from self.parts[position].conversations(first, last)


def splits_of(source: Source) -> tuple[Source, ...]:
    """A source for each split of a source; most have one, and are it.

    Args:
        source: Any source.

    Returns:
        The sources in the order in which the splits come.

    Example:
        >>> from lomo_hf.corpus import open_corpus
        >>> source = open_corpus()
        >>> splits_of(source) == (source,)
        True
    """
    if not isinstance(source, JoinedSource):
        return (source,)
    groups: dict[str, list[FileSource]] = {}
    for part in source.parts:
        groups.setdefault(part.split, []).append(part)
    if len(groups) < 2:
        return (source,)
    return tuple(_of_one_split(source, split, parts) for split, parts in groups.items())


def _of_one_split(source: JoinedSource, split: str, parts: Sequence[FileSource]) -> FileSource | JoinedSource:
    extra = source.extra
    alike = tuple(part if part.extra == extra else replace(part, extra=extra) for part in parts)
    if len(alike) == 1:
        return alike[0]
    digest = blake2b("".join(part.digest for part in alike).encode(), digest_size=32).hexdigest()
    description = f"{sum(map(len, alike)):,} rows of {source.description}, split {split}"
    return JoinedSource(source.config, digest, description, alike, source.repo, source.revision)


def _slices(sizes: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int, int, int]]:
    """What a slice of the whole is in its parts: (part, index at which it begins, first row, row after the last)."""
    if start < 0:
        raise IndexError(f"start must not be negative; found {start}.")
    ends = list(accumulate(sizes))
    for position in range(bisect_right(ends, start), len(sizes)):
        begin = ends[position] - sizes[position]
        if begin >= stop:
            return
        yield position, begin, max(start - begin, 0), min(stop - begin, sizes[position])


def _runs(indexes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Rising indexes, cut wherever two are far apart.

    >>> [list(run) for run in _runs([1, 2, 9_000, 9_001])]
    [[1, 2], [9000, 9001]]
    """
    begin = 0
    for end in range(1, len(indexes) + 1):
        if end == len(indexes) or indexes[end] - indexes[end - 1] > _GAP:
            if end > begin:
                yield indexes[begin:end]
            begin = end
