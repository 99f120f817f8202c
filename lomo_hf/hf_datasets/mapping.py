"""T(x) as a function for `map`: a batch of rows in any dialect in, a batch of rows of the dataset out.

The functions hold nothing but what decides the rows, so they pickle, hash the same in every process and on every
machine, and `datasets` finds its cache again - or rebuilds, when recipe, engines or this package have changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lomo_hf.corpus import Conversation, Refusal, to_conversation
from lomo_hf.corpus.columns import AS_IT_STANDS, ColumnMap, check_columns
from lomo_hf.corpus.extra_columns import columns_to_keep, extra_in_order, extra_of_row, extra_of_schema
from lomo_hf.corpus.splits import DEFAULT_CONFIG, TRAIN
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.hf_datasets.freshness import code_digest
from lomo_hf.hf_datasets.identifiers import Naming, naming_of, own_id, with_ids
from lomo_hf.hf_datasets.refusals import LeftOut, as_recipe, logger
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.row_columns import ROW_COLUMNS, row_features
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
    naming: Naming = field(default_factory=Naming)
    refusals: str = "drop"
    repo: str | None = None
    revision: str | None = None
    columns: ColumnMap = AS_IT_STANDS
    extra: tuple[str, ...] = ()
    code: str = field(default_factory=code_digest, repr=False)

    def __post_init__(self) -> None:
        if self.refusals not in REFUSALS:
            raise RecipeError(f"refusals must be one of {', '.join(REFUSALS)}; found {self.refusals!r}. Write drop.")

    def __call__(
        self, batch: Mapping[str, Sequence[object]], indices: Sequence[int] | None = None
    ) -> dict[str, list[object]]:
        """Columns of rows in any dialect -> the columns of a dataset's rows, shorter by the rows that are refused."""
        substituter, results, left_out = Substituter([self.recipe]), [], LeftOut()
        for conversation in self._conversations(batch, indices):
            result = substituted(conversation, substituter)
            left_out.see(result)
            if not isinstance(result, Refusal):
                results.append(result)
            elif self.refusals == "raise":
                raise SourceError(f"row {result.id!r} is refused ({result.reason}): {result.detail}")
        left_out.report()
        return columns_of(results, self.extra)

    def _conversations(
        self, batch: Mapping[str, Sequence[object]], indices: Sequence[int] | None
    ) -> Iterator[Conversation | Refusal]:
        return conversations(
            batch,
            indices,
            self.naming,
            repo=self.repo,
            revision=self.revision,
            columns=self.columns,
            keep=columns_to_keep(self.extra),
        )


def substitute(
    recipe: Recipe | str | Path = DEFAULT_RECIPE,
    *,
    config: str = DEFAULT_CONFIG,
    split: str = TRAIN,
    refusals: str = "drop",
    repo: str | None = None,
    revision: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Substitute:
    """T(x) for `map` of a `Dataset` or an `IterableDataset` (paper, section 3, algorithm 1); the call is the same:

        dataset.map(substitute("ratio50"), batched=True, remove_columns=dataset.column_names, features=row_features())

    Ids come from the rows. A row without one is an error, unless `map` also gets `with_indices=True`; then it takes
    its padded index, as in a file. An index is the position in the dataset that is mapped, so do not shuffle before,
    and do not spread an iterable dataset without ids over workers, each of which counts from 0. Repeated ids are not
    noticed here; `map_dataset` and `with_ids` mend them.

    Args:
        recipe: A recipe, the name of one, or a YAML file.
        config, split: What begins every id, and with it decides every draw: the config, or the split where the
            config is "default". Give what `datasets.load_dataset` was given, and the rows are those of a build.
        refusals: A refused row is left out and counted in a warning of the log "lomo_hf.hf_datasets" ("drop"), or
            stops the map ("raise"). There is no way to keep one as text: it is refused because its text breaks
            trainers, or has no turns.
        repo, revision: Noted in each row.
        columns: Which columns to read where the dialect is not known, as for `open_corpus`.

    Returns:
        A function of a batch of rows in any dialect that `open_corpus` reads, and of their indices.

    Raises:
        RecipeError: There is no such recipe or mode.
        UsageError: A column is one that no dialect reads.
        SourceError: The config cannot begin an id; when called, a row has no id, or is refused and that is an error.

    >>> rows = substitute("ratio100")({"id": ["a"], "prompt": ["What is 2 + 3?"], "answer": ["5"]})
    >>> rows["id"], rows["conversations"][0][0]["value"], len(rows["images"][0])
    (['train/a'], '<image>', 1)
    """
    return Substitute(as_recipe(recipe), Naming(config, split), refusals, repo, revision, ColumnMap.of(columns))


def map_dataset(
    dataset: object,
    recipe: Recipe | str | Path = DEFAULT_RECIPE,
    *,
    config: str | None = None,
    refusals: str = "drop",
    repo: str | None = None,
    revision: str | None = None,
    columns: Mapping[str, str] | None = None,
    keep: Sequence[str] = (),
    **map_kwargs: Any,
) -> Any:
    """T(x) over a `Dataset`, an `IterableDataset` or a dict of them (paper, section 3, algorithm 1).

    As `substitute`, and fills in what `map` must be told. The rows of `load_dataset("json", data_files="x.jsonl")` are
    the very rows that `build_dataset("x.jsonl")` stores, if mapped as they were loaded: not shuffled, nor filtered.

    Args:
        dataset: The rows, in any dialect that `open_corpus` reads. For a `Dataset`, missing and repeated ids are
            mended as for a file (`with_ids`); an `IterableDataset` of one shard gives rows without an id their index,
            one of several shards cannot.
        recipe: A recipe, the name of one, or a YAML file.
        config: Begins every id. By default, as in a build, the config and the split that the dataset was loaded
            with: "train/..." for `load_dataset("json", ...)`, "gsm8k/..." for the config "gsm8k" of the Hub.
        refusals, repo, revision: As for `substitute`.
        columns: Which columns to read where the dialect is not known: `{"prompt": "question_text", "answer": "gold"}`.
        keep: Columns to store beside each row, as text.
        **map_kwargs: The rest of the arguments of `map`, such as `num_proc`.

    Returns:
        A dataset of the same kind, with the columns of `row_features()`; and those of a preference, a label or tools
        where the dataset has them (in a stream: where its features or its first 100 rows have them).

    Raises:
        RecipeError: There is no such recipe or mode.
        UsageError: A column cannot be read or kept so.
        SourceError: No column holds turns, or one that is named is missing; and as `substitute`.

    >>> import datasets
    >>> source = datasets.Dataset.from_dict({"q": ["Add 1. Add 2. Add 3."], "gold": ["6"]})
    >>> map_dataset(source, "ratio100", columns={"prompt": "q", "answer": "gold"})[0]["id"]
    'train/00000000'
    """
    from datasets import Dataset, IterableDataset

    options: dict[str, Any] = {"refusals": refusals, "repo": repo, "revision": revision}
    if isinstance(dataset, dict):
        options |= {"columns": columns, "keep": keep, "config": config}
        return type(dataset)(
            {
                name: map_dataset(_named(split, str(name)), recipe, **options, **map_kwargs)
                for name, split in dataset.items()
            }
        )
    if not isinstance(dataset, Dataset | IterableDataset):
        kind = type(dataset).__name__
        raise SourceError(f"dataset must be a Dataset or IterableDataset; found {kind}. Use datasets.load_dataset.")
    plain = dataset.with_format(None)  # tensors and data frames would hide ids and turns
    mapped = ColumnMap.of(columns, keep)
    names, extra = _columns(plain, mapped)
    check_columns(names, "the dataset", mapped)
    function = Substitute(as_recipe(recipe), naming_of(dataset, config), columns=mapped, extra=extra, **options)
    # Not merged with `map_kwargs`: to say one of these twice is an error, not a question of who wins.
    ours: dict[str, Any] = {"batched": True, "features": row_features(extra)}
    if isinstance(plain, IterableDataset):
        ours |= {"remove_columns": names, "with_indices": plain.num_shards == 1}
        return plain.map(function, **ours, **{"batch_size": _STREAMED_ROWS, **map_kwargs})
    mended = with_ids(plain, mapped.id_column())
    sizes = {"batch_size": _BATCH_ROWS, "writer_batch_size": _BATCH_ROWS, **map_kwargs}
    mapped_rows = mended.map(function, remove_columns=mended.column_names, **ours, **sizes)
    if len(mapped_rows) < len(dataset):
        # A result from the cache would otherwise be shorter without a word.
        lost = len(dataset) - len(mapped_rows)
        logger.warning("%d of %d rows were refused; count_refusals(dataset) says why.", lost, len(dataset))
    return mapped_rows


def _named(dataset: Any, split: str) -> object:
    """A dataset of a dict, which goes by its key whatever split it was cut from."""
    from datasets import NamedSplit

    if not hasattr(dataset, "_split") or dataset.split == split:
        return dataset
    named = copy(dataset)
    named._split = NamedSplit(split)
    return named


def _columns(dataset: Any, mapped: ColumnMap) -> tuple[list[str], tuple[str, ...]]:
    """The columns of a dataset, and those of its rows beyond the ones that every row has."""
    if dataset.features is not None:
        kinds = {field.name: str(field.type) for field in dataset.features.arrow_schema}
        asked = extra_of_schema(cast(Mapping[str, str], mapped.apply(kinds)))
        return list(kinds), extra_in_order(asked, mapped.keep)
    rows = [row for row in dataset.take(_PEEKED_ROWS) if isinstance(row, dict)]
    asked = frozenset(name for row in rows for name in extra_of_row(cast(Mapping[str, object], mapped.apply(row))))
    return sorted({name for row in rows for name in row}), extra_in_order(asked, mapped.keep)


def conversations(
    batch: Mapping[str, Sequence[object]],
    indices: Sequence[int] | None,
    naming: Naming,
    *,
    repo: str | None = None,
    revision: str | None = None,
    columns: ColumnMap = AS_IT_STANDS,
    keep: Sequence[str] = (),
) -> Iterator[Conversation | Refusal]:
    """One result for every row of a batch of columns.

    Raises:
        SourceError: A row has no id and there are no indices, or this is a single row and no batch.
    """
    names = columns.fetched(batch)  # of a lazy batch, only these are decoded
    values = {name: batch[name] for name in names or list(batch)[:1]}
    lengths = {len(column) if _is_column(column) else -1 for column in values.values()}
    if len(lengths) > 1 or -1 in lengths:
        raise SourceError("the function takes batches but was given a single row. Pass batched=True to map.")
    for position in range(max(lengths, default=0)):
        stored = {name: column[position] for name, column in values.items()}
        row = cast(Mapping[str, object], columns.apply(stored))
        source_id = own_id(row)
        if source_id is None and indices is None:
            raise SourceError(
                f"row {position} of the batch has no id, and a row's id decides its draws. Use `map_dataset(dataset)` "
                "or `with_ids(dataset)` first, or pass with_indices=True to map."
            )
        index = position if indices is None else indices[position]
        yield to_conversation(
            row,
            config=naming.config,
            index=index,
            repo=repo,
            revision=revision,
            source_id=source_id,
            keep=keep,
            split=naming.split,
        )


def columns_of(rows: Sequence[Row], extra: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Rows as a batch: one list for each of `ROW_COLUMNS` and of the extra columns."""
    return {name: [cast(Mapping[str, object], row).get(name) for row in rows] for name in (*ROW_COLUMNS, *extra)}


def _is_column(value: object) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, str | bytes | Mapping)


def substituted(read: Conversation | Refusal, substituter: Substituter, place: float | None = None) -> Row | Refusal:
    """The row that a substituter of one recipe makes of what was read; a refusal stays one. `place`: as there.

    >>> from lomo_hf.recipes.recipe import Recipe
    >>> substituted(Refusal("train/1", "dialect", "No known columns."), Substituter([Recipe("mine")])).reason
    'dialect'
    """
    return read if isinstance(read, Refusal) else substituter.rows(read, place)[0]
