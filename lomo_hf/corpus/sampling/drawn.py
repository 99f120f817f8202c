"""A source that gives only the rows that were drawn: the same class for a sample and for its replay."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate

from lomo_hf.corpus.conversation import Conversation, Refusal
from lomo_hf.corpus.files.reading import Item
from lomo_hf.corpus.sampling.picks import Picks
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.errors import IntegrityError

__all__ = ["DrawnSource", "drawn_source"]


@dataclass(frozen=True, eq=False)
class DrawnSource:
    """Chosen rows of a source, in the source's order. Picklable; holds a bit for each row of the source.

    Attributes:
        inner: The source.
        picks: Which rows of each of its parts.
        counts: How many rows of each of its parts.
        digest: Of the inner source's and of which rows were drawn.
    """

    inner: FileSource | JoinedSource
    picks: tuple[Picks, ...] = field(repr=False)
    counts: tuple[int, ...]
    digest: str

    @property
    def config(self) -> str:
        """The inner source's."""
        return self.inner.config

    @property
    def repo(self) -> str | None:
        """The inner source's."""
        return self.inner.repo

    @property
    def revision(self) -> str | None:
        """The inner source's."""
        return self.inner.revision

    @property
    def split(self) -> str:
        """The inner source's."""
        return self.inner.split

    @property
    def extra(self) -> tuple[str, ...]:
        """The inner source's."""
        return self.inner.extra

    @property
    def description(self) -> str:
        """What was drawn, and out of what."""
        return f"{len(self):,} rows drawn out of {self.inner.description}"

    def __len__(self) -> int:
        return sum(self.counts)

    def rows(self, start: int, stop: int) -> Iterator[tuple[int, Mapping[str, object]]]:
        """(index among the drawn, raw row) of the slice; what is not even an object is passed over."""
        for part, begin, chosen in self._slices(start, stop):
            for index, (_, item) in enumerate(part.chosen_items(chosen), begin):
                if isinstance(item, Mapping):
                    yield index, item

    def conversations(self, start: int, stop: int) -> Iterator[Conversation | Refusal]:
        """One result for every drawn row of the slice, in order, with the ids that the rows have in the source."""
        for part, _, chosen in self._slices(start, stop):
            yield from part.chosen(chosen)

    def items(self, start: int, stop: int) -> Iterator[tuple[FileSource, int, Item]]:
        """(config, index in it, stored row) of the slice."""
        for part, _, chosen in self._slices(start, stop):
            for index, item in part.chosen_items(chosen):
                yield part, index, item

    def _slices(self, start: int, stop: int) -> Iterator[tuple[FileSource, int, list[int]]]:
        if start < 0:
            raise IndexError(f"start must not be negative; found {start}.")
        ends = list(accumulate(self.counts))
        for position in range(bisect_right(ends, start), len(ends)):
            begin = ends[position] - self.counts[position]
            if begin >= stop:
                return
            first = max(start - begin, 0)
            chosen = self.picks[position].indexes()[first : stop - begin].tolist()
            yield self.inner.parts[position], begin + first, chosen


def drawn_source(inner: FileSource | JoinedSource, picks: tuple[Picks, ...]) -> DrawnSource:
    """The source of these rows.

    Raises:
        IntegrityError: The source has other sizes than the draw was made from.
    """
    for part, chosen in zip(inner.parts, picks, strict=True):
        if len(part) != chosen.size:
            raise IntegrityError(
                f"config {part.config} had {chosen.size:,} rows when drawn, and has {len(part):,} now."
            )
    deciding = "".join([inner.digest, *(chosen.digest() for chosen in picks)])
    counts = tuple(len(chosen) for chosen in picks)
    return DrawnSource(inner, picks, counts, blake2b(deciding.encode(), digest_size=32).hexdigest())
