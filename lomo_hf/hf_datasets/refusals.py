"""Rows that cannot become a row of the dataset: told apart beforehand, counted by reason, and spoken of in the log."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lomo_hf.corpus import Conversation, Refusal, screen, to_conversation
from lomo_hf.hf_datasets.freshness import code_digest
from lomo_hf.prepared_recipe import check_recipe
from lomo_hf.recipes.named import DEFAULT_RECIPE, load_recipe
from lomo_hf.recipes.recipe import Recipe

__all__ = ["Acceptable", "LeftOut", "acceptable", "as_recipe", "count_refusals", "tally"]

logger = logging.getLogger("lomo_hf.hf_datasets")


def as_recipe(recipe: Recipe | str | Path) -> Recipe:
    """A recipe, or the one behind a name or a YAML file; every name in it exists.

    >>> as_recipe("ratio25").ratio
    0.25
    """
    return check_recipe(recipe if isinstance(recipe, Recipe) else load_recipe(recipe))


@dataclass(frozen=True)
class Acceptable:
    """The predicate that `acceptable` gives. Picklable; its fingerprint is stable."""

    recipe: Recipe
    code: str = field(default_factory=code_digest, repr=False)

    def __call__(self, row: Mapping[str, object]) -> bool:
        """Whether this row, in any dialect, becomes a row of the dataset."""
        return not isinstance(_judged(row, self.recipe), Refusal)


def acceptable(recipe: Recipe | str | Path = DEFAULT_RECIPE) -> Acceptable:
    """A predicate for `filter` of a `Dataset` or `IterableDataset`: true where a row is not refused. Renders nothing.

    Args:
        recipe: A name, a YAML file or a recipe; its policy on placeholders counts.

    Returns:
        A picklable function of a row with a stable fingerprint, so that `filter` is cached.

    Raises:
        RecipeError: There is no such recipe.

    Example:
        >>> good = acceptable("ratio50")
        >>> good({"id": 1, "prompt": "2+2?", "answer": "4"}), good({"id": 2, "prompt": "<image>?", "answer": "A cat."})
        (True, False)
    """
    return Acceptable(as_recipe(recipe))


def count_refusals(
    dataset: Iterable[Mapping[str, object]], recipe: Recipe | str | Path = DEFAULT_RECIPE
) -> dict[str, int]:
    """How many rows of a dataset, or of any iterable of rows, are refused. Renders nothing.

    Args:
        dataset: Rows in any dialect that the corpus reads.
        recipe: As for `acceptable`.

    Returns:
        Reason -> number of rows.

    Raises:
        RecipeError: There is no such recipe.

    Example:
        >>> count_refusals([{"id": 1, "prompt": "2+2?", "answer": "4"}, {"id": 2, "text": "no turns"}])
        {'dialect': 1}
    """
    chosen = as_recipe(recipe)
    return tally(_judged(row, chosen) for row in dataset)


def tally(results: Iterable[object]) -> dict[str, int]:
    """Reason -> number of the refusals among any results, the commonest first."""
    counts = Counter(result.reason for result in results if isinstance(result, Refusal))
    return _commonest_first(counts)


class LeftOut:
    """Counts the rows seen and the refusals among them; memory does not grow with either.

    >>> left_out = LeftOut()
    >>> left_out.see(Refusal("train/1", "dialect", "No known columns."))
    >>> left_out.see({"id": "train/2"})
    >>> left_out.summary()
    '1 of 2 rows refused and left out (dialect 1); the first is train/1: No known columns.'
    """

    def __init__(self) -> None:
        self._seen = 0
        self._reasons: Counter[str] = Counter()
        self._first: Refusal | None = None

    def see(self, result: object) -> None:
        """Count one row, or one refusal."""
        self._seen += 1
        if isinstance(result, Refusal):
            self._first = self._first or result
            self._reasons[result.reason] += 1

    def summary(self) -> str | None:
        """One sentence, if any row was refused."""
        if self._first is None:
            return None
        reasons = ", ".join(f"{reason} {count}" for reason, count in _commonest_first(self._reasons).items())
        share = f"{self._reasons.total()} of {self._seen} rows refused and left out ({reasons})"
        return f"{share}; the first is {self._first.id}: {self._first.detail}"

    def report(self) -> None:
        """The summary as a warning in the log "lomo_hf.hf_datasets", if any row was refused."""
        if summary := self.summary():
            logger.warning("%s", summary)


def _commonest_first(counts: "Counter[str]") -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _judged(row: Mapping[str, object], recipe: Recipe) -> Conversation | Refusal:
    read = to_conversation(row, config="train", index=0)
    return read if isinstance(read, Refusal) else screen(read, recipe.placeholders)
