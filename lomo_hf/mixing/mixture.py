"""A mixture: which rows of the two halves, how often, and in which order; read as a stream, or written down.

Rows come in an order that depends on the seed alone and is mixed throughout, without a shuffle buffer: blocks of
neighbouring rows are permuted, a few are open at a time, and each next row is taken from a stratum with a probability
in proportion to what it has left. So memory is a few blocks, and the ratio holds in every stretch of the stream.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus import FileSource, JoinedSource, Refusal
from lomo_hf.corpus.sampling.picks import Picks, rank_rows, smallest
from lomo_hf.dataset.mixtures import id_in_mixture
from lomo_hf.mixing.inputs import Half
from lomo_hf.mixing.multimodal import to_multimodal_row
from lomo_hf.mixing.ratios import STRATA, targets
from lomo_hf.randomness import stream
from lomo_hf.row import MixedRow

__all__ = ["MixPart", "Mixture", "mix"]

_BLOCK_ROWS: Final = 100
_OPEN_BLOCKS: Final = 4


@dataclass(frozen=True)
class MixPart:
    """Rows of one stratum in one pass over it.

    Attributes:
        stratum: "multimodal", "pages" or "text".
        again: How many passes over the stratum were before.
        picks: Which rows of each part of its source.
    """

    stratum: str
    again: int
    picks: tuple[Picks, ...] = field(repr=False)

    @property
    def rows(self) -> int:
        """How many."""
        return sum(len(picks) for picks in self.picks)


@dataclass(frozen=True)
class Mixture:
    """What `mix` made.

    Attributes:
        lomo, multimodal: The halves.
        parts: Which rows, by stratum and pass.
        seed: Decides the draw and the order.
        refused: Reason -> multimodal rows that could not be normalised; filled while rows are read.
    """

    lomo: Half
    multimodal: Half
    parts: tuple[MixPart, ...]
    seed: int
    refused: Counter[str] = field(default_factory=Counter, compare=False)

    @property
    def counts(self) -> dict[str, int]:
        """Rows of each stratum, repeated ones counted each time."""
        return {name: sum(part.rows for part in self.parts if part.stratum == name) for name in STRATA}

    @property
    def repeated(self) -> bool:
        """Whether rows of a stratum stand several times."""
        return any(part.again for part in self.parts)

    @property
    def ratio(self) -> float | None:
        """Image-bearing rows for each row of text only; None where there is no row of text only."""
        counts = self.counts
        return (counts["multimodal"] + counts["pages"]) / counts["text"] if counts["text"] else None

    @property
    def rounded_ratio(self) -> float | None:
        """The ratio as it is written down, to six places; None where there is none."""
        return None if self.ratio is None else round(self.ratio, 6)

    def rows(self, shard: int = 0, num_shards: int = 1) -> Iterator[MixedRow]:
        """The rows in mixed order, in the columns of `row_columns`; one of `num_shards` disjoint streams of them."""
        rng = stream(self.seed, f"{shard} of {num_shards}", "mix")
        lanes = [_Lane(self, part, shard, num_shards) for part in self.parts]
        while left := sum(lane.left for lane in lanes):
            ticket = int(rng.integers(left))
            for lane in lanes:
                if ticket < lane.left:
                    row = lane.next(rng)
                    if row is not None:
                        yield row
                    break
                ticket -= lane.left

    def half(self, part: MixPart) -> Half:
        """Where a part's rows lie."""
        return self.multimodal if part.stratum == "multimodal" else self.lomo


def mix(
    lomo: Half,
    multimodal: Half,
    *,
    ratio: Any = None,
    by: str = "exposure",
    multimodal_rows: int | None = None,
    seed: int = 0,
) -> Mixture:
    """Decide which rows a mixture takes. Reads no rows.

    Args:
        lomo, multimodal: The halves, from `open_split` and `open_multimodal`.
        ratio: Image-bearing rows for each row of text (`parse_ratio`); None takes all rows as they are.
        by: How rows are resampled; see `lomo_hf.mixing.ratios`.
        multimodal_rows: How many multimodal rows to draw; as many as the LoMo split has, if there are (the paper's).
        seed: Another seed, another draw and another order.

    Returns:
        The mixture, which reads rows when asked for them.

    Raises:
        RecipeError: The ratio cannot be had.

    Source: paper, section 4 (as many multimodal rows as text rows) and table 5 (the ratio of image to text).

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import open_multimodal, open_split
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=8)
        ...     lomo = open_split(out, "ratio100")
        ...     pictures = open_multimodal(f"{out}/ratio100")  # any Parquet files with a column of pictures
        ...     mix(lomo, pictures, multimodal_rows=4).counts
        {'multimodal': 4, 'pages': 8, 'text': 0}
    """
    assert lomo.rewritten is not None
    pages, texts = lomo.rewritten, ~lomo.rewritten
    everything = np.ones(len(multimodal.source), bool)
    wanted = min(len(everything), len(pages) if multimodal_rows is None else multimodal_rows)
    drawn = _drawn(multimodal.source, everything, wanted, seed, "multimodal")
    masks = {"multimodal": (multimodal.source, drawn), "pages": (lomo.source, pages), "text": (lomo.source, texts)}
    sizes = {name: int(mask.sum()) for name, (_, mask) in masks.items()}
    parts = []
    for name, count in targets(sizes, ratio, by).items():
        source, mask = masks[name]
        for again in range(-(-count // sizes[name]) if sizes[name] else 0):
            part = _drawn(source, mask, min(sizes[name], count - again * sizes[name]), seed, f"{name} {again}")
            parts.append(MixPart(name, again, _picks(source, part)))
    return Mixture(lomo, multimodal, tuple(parts), seed)


def _drawn(
    source: JoinedSource, mask: npt.NDArray[np.bool_], count: int, seed: int, purpose: str
) -> npt.NDArray[np.bool_]:
    """`count` of the rows of a mask, by rank: the ids decide, not the order."""
    if count == int(mask.sum()):
        return mask
    ranks = [rank_rows(_ids(part), part.uniqueness, f"{purpose}\n{part.config}", seed) for part in source.parts]
    return smallest(np.concatenate(ranks), mask, count)


def _ids(part: FileSource) -> npt.NDArray[np.uint64]:
    assert part.id_hashes is not None
    return part.id_hashes


def _picks(source: JoinedSource, mask: npt.NDArray[np.bool_]) -> tuple[Picks, ...]:
    ends = np.cumsum([len(part) for part in source.parts])
    return tuple(Picks.of(rows) for rows in np.split(mask, ends[:-1]))


class _Lane:
    """A part being read: its blocks in permuted order, a few of them open."""

    def __init__(self, mixture: Mixture, part: MixPart, shard: int, num_shards: int) -> None:
        self._mixture, self._part = mixture, part
        self._source = mixture.half(part).source
        blocks = list(_blocks(part.picks))
        order = stream(mixture.seed, f"{part.stratum} {part.again}", "mix blocks").permutation(len(blocks))
        mine = [blocks[place] for place in order.tolist()][shard::num_shards]
        self.left = sum(len(rows) for _, rows in mine)
        self._waiting = iter(mine)
        self._open: list[Iterator[MixedRow | None]] = []

    def next(self, rng: np.random.Generator) -> MixedRow | None:
        """The next row; None where it was refused."""
        self.left -= 1
        while True:
            if len(self._open) < _OPEN_BLOCKS:
                self._open += [self._read(*block) for block in islice(self._waiting, _OPEN_BLOCKS - len(self._open))]
            place = int(rng.integers(len(self._open)))
            try:
                return next(self._open[place])
            except StopIteration:
                del self._open[place]

    def _read(self, position: int, indexes: Sequence[int]) -> Iterator[MixedRow | None]:
        part, again = self._source.parts[position], self._part.again
        for index, item in part.chosen_items(indexes):
            row = self._row(part, index, item)
            if row is not None and self._mixture.repeated:
                row["id"] = id_in_mixture(row["id"], again)
            yield row

    def _row(self, part: FileSource, index: int, item: Any) -> MixedRow | None:
        if self._part.stratum != "multimodal":
            stored: MixedRow = item.copy()
            return stored
        name = part.unique_id(index, item)
        if not isinstance(item, Mapping):
            self._mixture.refused["unreadable"] += 1
            return None
        row = to_multimodal_row(
            item,
            config=part.config,
            source_id=name,
            repo=part.repo,
            revision=part.revision,
            license=part.license,
        )
        if isinstance(row, Refusal):
            self._mixture.refused[row.reason] += 1
            return None
        return row


def _blocks(picks: Sequence[Picks]) -> Iterator[tuple[int, list[int]]]:
    """(config, chosen rows of a hundred neighbours) over all configs."""
    for position, part in enumerate(picks):
        indexes = part.indexes()
        borders = np.searchsorted(indexes, np.arange(0, part.size + _BLOCK_ROWS, _BLOCK_ROWS))
        for begin, end in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True):
            if end > begin:
                yield position, indexes[begin:end].tolist()
