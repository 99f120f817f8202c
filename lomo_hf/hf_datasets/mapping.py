"""T(x) as a function for `map`: a batch of rows in any dialect in, a batch of rows of the dataset out.

The functions hold nothing but what decides the rows, so they pickle, hash the same in every process and on every
machine, and `datasets` finds its cache again - or rebuilds, when recipe, engines or this package have changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lomo_hf.corpus import Conversation, Refusal, to_conversation
from lomo_hf.corpus.known_columns import COLUMNS
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets.freshness import code_digest
from lomo_hf.hf_datasets.identifiers import check_config, own_id, with_ids
from lomo_hf.hf_datasets.refusals import LeftOut, as_recipe, logger
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import ROW_COLUMNS, Row, row_features
from lomo_hf.substitution import Substituter

__all__ = ["Substitute", "conversations", "map_dataset", "substitute", "substituted"]


REFUSALS = ("drop", "raise")

_BATCH_ROWS = 100  # about 5 MB of pages
_STREAMED_ROWS = 10  # a stream's first row waits for its batch
_PEEKED_ROWS = 100


@dataclass(frozen=True)
class Substitute:
    """The function that `substitute` gives. Picklable; its fingerprint is stable."""

    recipe: Recipe
    config: str = "train"
    refusals: str = "drop"
    repo: str | None = None
    revision: str | None = None
    code: str = field(default_factory=code_digest, repr=False)

    def __post_init__(self) -> None:
        check_config(self.config)
        if self.refusals not in REFUSALS:
            raise RecipeError(f"refusals must be one of {', '.join(REFUSALS)}; found {self.refusals!r}. Write drop.")

    def __call__(
        self, batch: Mapping[str, Sequence[object]], indices: Sequence[int] | None = None
    ) -> dict[str, list[object]]:
        """Columns of rows in any dialect -> the columns of `ROW_COLUMNS`, shorter by the rows that are refused."""
        substituter, made, left_out = Substituter([self.recipe]), [], LeftOut()
        for conversation in conversations(batch, indices, self.config, self.repo, self.revision):
            result = substituted(conversation, substituter)
            left_out.see(result)
            if not isinstance(result, Refusal):
                made.append(result)
            elif self.refusals == "raise":
                raise SourceError(f"row {result.id!r} is refused ({result.reason}): {result.detail}")
        left_out.report()
        return columns_of(made)


def substitute(
    recipe: Recipe | str | Path = DEFAULT_RECIPE,
    *,
    config: str = "train",
    refusals: str = "drop",
    repo: str | None = None,
    revision: str | None = None,
) -> Substitute:
    """T(x) for `map` of a `Dataset` or an `IterableDataset` (paper, section 3, algorithm 1); the call is the same:

        dataset.map(substitute("ratio50"), batched=True, remove_columns=dataset.column_names, features=row_features())

    Rows may be in any dialect that `open_corpus` reads. `config` begins every id, and with it decides every draw: give
    the name that `open_corpus` would, and the rows are those of a build. `repo` and `revision` are noted in each row.

    A refused row is left out and counted in a warning of the log "lomo_hf.hf_datasets" ("drop"), or stops the map
    ("raise"). There is no way to keep one as text: it is refused because its text breaks trainers, or has no turns.

    Ids come from the rows. A row without one is an error, unless `map` also gets `with_indices=True`; then it takes
    its padded index, as in a file. An index is the position in the dataset that is mapped, so do not shuffle before,
    and do not spread an iterable dataset without ids over workers, each of which counts from 0. Repeated ids are not
    noticed here; `map_dataset` and `with_ids` mend them.

    Raises:
        RecipeError: There is no such recipe or mode.
        SourceError: The config cannot begin an id; when called, a row has no id, or is refused and that is an error.

    >>> rows = substitute("ratio100")({"id": ["a"], "prompt": ["What is 2 + 3?"], "answer": ["5"]})
    >>> rows["id"], rows["conversations"][0][0]["value"], len(rows["images"][0])
    (['train/a'], '<image>', 1)
    """
    return Substitute(as_recipe(recipe), config, refusals, repo, revision)


def map_dataset(
    dataset: object,
    recipe: Recipe | str | Path = DEFAULT_RECIPE,
    *,
    config: str | None = None,
    refusals: str = "drop",
    repo: str | None = None,
    revision: str | None = None,
    **map_kwargs: Any,
) -> Any:
    """T(x) over a `Dataset`, an `IterableDataset` or a dict of them; the rest of the arguments go to `map`.

    As `substitute`, and fills in what `map` must be told. Without `config`, the ids of a dict's rows begin with the
    names of its splits, all others with "train". For a `Dataset`, missing and repeated ids are mended as for a file
    (`with_ids`); an `IterableDataset` of one shard gives rows without an id their index, one of several shards cannot.

    Raises:
        RecipeError, SourceError: As `substitute`.

    >>> import datasets
    >>> source = datasets.Dataset.from_dict({"prompt": ["Add 1. Add 2. Add 3."], "answer": ["6"]})
    >>> map_dataset(source, "ratio100")[0]["id"]
    'train/00000000'
    """
    from datasets import Dataset, IterableDataset

    said: dict[str, Any] = {"refusals": refusals, "repo": repo, "revision": revision}
    if isinstance(dataset, dict):
        splits = dataset.items()
        return type(dataset)(
            {name: map_dataset(one, recipe, config=config or str(name), **said, **map_kwargs) for name, one in splits}
        )
    if not isinstance(dataset, Dataset | IterableDataset):
        found = type(dataset).__name__
        raise SourceError(f"dataset must be a Dataset or IterableDataset; found {found}. Use datasets.load_dataset.")
    function = substitute(recipe, config=config or "train", **said)
    plain = dataset.with_format(None)  # tensors and data frames would hide ids and turns
    # Not merged with `map_kwargs`: to say one of these twice is an error, not a question of who wins.
    ours: dict[str, Any] = {"batched": True, "features": row_features()}
    if isinstance(plain, IterableDataset):
        columns = plain.column_names or sorted({name for row in plain.take(_PEEKED_ROWS) for name in row})
        ours |= {"remove_columns": columns, "with_indices": plain.num_shards == 1}
        return plain.map(function, **ours, **{"batch_size": _STREAMED_ROWS, **map_kwargs})
    mended = with_ids(plain)
    sizes = {"batch_size": _BATCH_ROWS, "writer_batch_size": _BATCH_ROWS, **map_kwargs}
    made = mended.map(function, remove_columns=mended.column_names, **ours, **sizes)
    if len(made) < len(dataset):
        # A result from the cache would otherwise be shorter without a word.
        lost = len(dataset) - len(made)
        logger.warning("%d of %d rows were refused; count_refusals(dataset) says why.", lost, len(dataset))
    return made


def conversations(
    batch: Mapping[str, Sequence[Any]],
    indices: Sequence[int] | None,
    config: str,
    repo: str | None,
    revision: str | None,
) -> Iterator[Conversation | Refusal]:
    """One result for every row of a batch of columns.

    Raises:
        SourceError: A row has no id and there are no indices, or this is a single row and no batch.
    """
    names = [name for name in COLUMNS if name in batch]  # of a lazy batch, only these are decoded
    columns = {name: batch[name] for name in names or list(batch)[:1]}
    lengths = {len(column) if _is_column(column) else -1 for column in columns.values()}
    if len(lengths) > 1 or -1 in lengths:
        raise SourceError("the function takes batches but was given a single row. Pass batched=True to map.")
    for position in range(max(lengths, default=0)):
        row = {name: column[position] for name, column in columns.items()}
        source_id = own_id(row)
        if source_id is None and indices is None:
            raise SourceError(
                f"row {position} of the batch has no id, and a row's id decides its draws. Use `map_dataset(dataset)` "
                "or `with_ids(dataset)` first, or pass with_indices=True to map."
            )
        index = position if indices is None else indices[position]
        yield to_conversation(row, config=config, index=index, repo=repo, revision=revision, source_id=source_id)


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as a batch: one list for each of `ROW_COLUMNS`."""
    return {name: [cast(Mapping[str, object], row)[name] for row in rows] for name in ROW_COLUMNS}


def _is_column(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping)


def substituted(read: Conversation | Refusal, substituter: Substituter, place: float | None = None) -> Row | Refusal:
    """The row that a substituter of one recipe makes of what was read; a refusal stays one. `place`: as there.

    >>> from lomo_hf.recipes.recipe import Recipe
    >>> substituted(Refusal("train/1", "dialect", "No known columns."), Substituter([Recipe("mine")])).reason
    'dialect'
    """
    return read if isinstance(read, Refusal) else substituter.rows(read, place)[0]
