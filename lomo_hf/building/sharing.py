"""What building several recipes at once costs and saves, measured on a few rows spread over the corpus."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from lomo_hf.choosing import measured
from lomo_hf.corpus import Refusal, Source
from lomo_hf.recipe import Recipe
from lomo_hf.substitution import Substituter

__all__ = ["Sharing", "measure_sharing"]


@dataclass(frozen=True)
class Sharing:
    """Counts of the rows that were measured, and estimates for the whole corpus.

    Attributes:
        rows, sampled: Rows of the corpus, and how many of them were measured.
        pages: For each recipe, by name, the pages of its rows.
        typeset, distorted: Pages typeset, and rewrites distorted and encoded, when all are built together.
        seconds: Processor time, on this machine, in one process.
        page_bytes: PNG bytes of all pages of all recipes, as stored.
    """

    rows: int
    sampled: int
    pages: dict[str, int]
    typeset: int
    distorted: int
    seconds: float
    page_bytes: int

    @property
    def apart(self) -> int:
        """Pages of all recipes: so many would be typeset and distorted if each were built by itself."""
        return sum(self.pages.values())


def measure_sharing(
    source: Source, recipes: Sequence[Recipe], *, measure: int = 60, limit: int | None = None
) -> Sharing:
    """Substitute `measure` rows spread evenly over the corpus, and multiply by what they stand for. Writes nothing.

    Raises:
        RecipeError, SourceError: As `plan`.

    >>> from lomo_hf.corpus import open_source
    >>> recipes = [Recipe("half"), Recipe("all", ratio=1.0)]
    >>> found = measure_sharing(open_source(), recipes, measure=10)
    >>> found.sampled, found.typeset < found.apart
    (10, True)
    """
    rows = len(source) if limit is None else min(limit, len(source))
    sampled = min(measure, rows)
    known = measured(recipes, source, limit=limit)
    substituter = Substituter(known)
    pages = dict.fromkeys((recipe.name for recipe in known), 0)
    typeset = distorted = stored = 0
    seconds = 0.0
    for number in range(sampled):
        index = (2 * number + 1) * rows // (2 * sampled)
        read = next(source.conversations(index, index + 1))
        if isinstance(read, Refusal):
            continue
        started = time.process_time()
        made, effort = substituter.rows_and_effort(read, (index + 0.5) / rows)
        seconds += time.process_time() - started
        typeset, distorted = typeset + effort.typeset, distorted + effort.distorted
        for recipe, row in zip(known, made, strict=True):
            images = [] if isinstance(row, Refusal) else row["images"] or []
            pages[recipe.name] += len(images)
            stored += sum(len(image["bytes"]) for image in images)
    scale = rows / sampled if sampled else 0.0
    return Sharing(
        rows,
        sampled,
        {name: round(count * scale) for name, count in pages.items()},
        round(typeset * scale),
        round(distorted * scale),
        seconds * scale,
        round(stored * scale),
    )
