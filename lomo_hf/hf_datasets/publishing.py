"""A dataset that `map_dataset` made, as a dataset folder, on the Hub, or as the card alone.

    push_mapped(rows, "org/name", "ratio50", "v1.0.0")     data, card and trainers' files, in one commit and a tag
    card_for(rows, "ratio50", repo="org/name")             the card, for those who call `push_to_hub` themselves

Rows are stored in their order, in shards of the same layout as those of a build; the card is written from them.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from lomo_hf.building import Receipt
from lomo_hf.building.shard_writer import write_ordered_rows
from lomo_hf.dataset import Manifest, PushOptions, PushReport, content_digest, push
from lomo_hf.dataset.card.companions import write_companions
from lomo_hf.errors import BuildError, RecipeError, SourceError
from lomo_hf.hf_datasets.refusals import as_recipe
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.recipes.names import check_no_secret
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import MixedRow, Row
from lomo_hf.row_columns import extra_columns_of
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import explain

if TYPE_CHECKING:
    from huggingface_hub import DatasetCard

__all__ = ["card_for", "push_mapped", "write_mapped"]

_SHARD_ROWS: Final = 10_000


def write_mapped(
    dataset: object, out: str | Path, recipe: Recipe | str | Path = DEFAULT_RECIPE, *, repo: str | None = None
) -> Path:
    """Write a mapped dataset as a dataset folder: shards, card, entries and files for trainers, manifest.

    Args:
        dataset: What `map_dataset` gave: a `Dataset`, or a dict with the one split "train".
        out: A new or an empty folder.
        recipe: The recipe by which it was mapped; the config has its name.
        repo: The name on the Hub that the card mentions.

    Returns:
        The folder.

    Raises:
        SourceError: It is no such dataset, or has not the columns of a row.
        RecipeError: A row was not made by this recipe.
        BuildError: The folder is not empty, or cannot be written.

    Example:
        >>> import datasets, tempfile
        >>> from lomo_hf.hf_datasets import map_dataset
        >>> texts = datasets.Dataset.from_dict({"prompt": ["Add 1. Add 2. Add 3."], "answer": ["6"]})
        >>> folder = write_mapped(map_dataset(texts, "ratio100"), tempfile.mkdtemp(), "ratio100")
        >>> sorted(path.name for path in folder.iterdir())[:3]
        ['README.md', 'assets', 'dataset_info.json']
    """
    check_no_secret("repo", repo or "")
    chosen, place = as_recipe(recipe), Path(out)
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BuildError(f"out must be a new or empty folder; {place.name!r} is not. Name another.")
    rows, count, extra = _opened(dataset)
    try:
        folder = Folder(place, make=True)
        total = -(-count // _SHARD_ROWS)
        receipts = [_receipt(folder, chosen, rows, index, total, extra) for index in range(total)]
        source = {
            "config": "train",
            "description": f"a dataset of {count:,} rows in memory, mapped with lomo_hf.map_dataset",
            "digest": content_digest(receipts),
            "repo": None,
            "revision": None,
            "rows": count,
        }
        write_companions(folder, Manifest(source, {chosen.name: chosen}, receipts, ()), repo=repo)
    except OSError as error:
        raise explain(error, f"the dataset in {place}") from error
    return place


def push_mapped(
    dataset: object,
    repo: str,
    recipe: Recipe | str | Path = DEFAULT_RECIPE,
    tag: str = "v1.0.0",
    options: PushOptions | None = None,
) -> PushReport:
    """Publish a mapped dataset with its card: in one commit and a tag, read back afterwards, as `lomo push` does.

    Args:
        dataset, recipe: As for `write_mapped`.
        repo: "org/name" on the Hub; made if there is none. Other configs in it stay.
        tag: The release, higher than those before.
        options: As for `push`.

    Returns:
        What the push did.

    Raises:
        LomoError: As `write_mapped` and `push`.

    Example:
        With a login: `push_mapped(map_dataset(rows, "ratio50"), "org/name", "ratio50")`.

        >>> import datasets
        >>> push_mapped(datasets.Dataset.from_list([{"prompt": "2+2?", "answer": "4"}]), "org/name")
        Traceback (most recent call last):
        lomo_hf.errors.SourceError: ...
    """
    with TemporaryDirectory() as scratch:
        folder = write_mapped(dataset, Path(scratch, repo.rpartition("/")[2] or "dataset"), recipe, repo=repo)
        return push(folder, repo, tag, options)


def card_for(
    dataset: object, recipe: Recipe | str | Path = DEFAULT_RECIPE, *, repo: str = "ORG/NAME"
) -> "DatasetCard":
    """The card of a mapped dataset, without pictures, for those who push the data with `push_to_hub` themselves.

    Call `rows.push_to_hub("org/name", "ratio50")` first and `push_to_hub("org/name")` of the card last, because the
    first rewrites the card that it finds. The config must have the recipe's name.

    Args:
        dataset, recipe: As for `write_mapped`.
        repo: The name on the Hub that the card mentions.

    Returns:
        The card; `str(card)` is its text.

    Raises:
        LomoError: As `write_mapped`.

    Example:
        >>> import datasets
        >>> from lomo_hf.hf_datasets import map_dataset
        >>> texts = datasets.Dataset.from_dict({"prompt": ["Add 1. Add 2. Add 3."], "answer": ["6"]})
        >>> card = card_for(map_dataset(texts, "ratio100"), "ratio100", repo="org/name")
        >>> card.data.configs[0]["config_name"], "Rebuild" in card.text
        ('ratio100', True)
    """
    from huggingface_hub import DatasetCard

    with TemporaryDirectory() as scratch:
        folder = write_mapped(dataset, Path(scratch, "card"), recipe, repo=repo)
        text = (folder / "README.md").read_text(encoding="utf-8")
    kept = [line for line in text.split("\n") if not line.startswith("![")]
    card = DatasetCard("\n".join(kept))
    for entry in card.data.get("dataset_info"):
        entry.pop("download_size", None)  # of files that `push_to_hub` writes in its own way
    return card


def _opened(dataset: object) -> tuple[Iterator[Row], int, tuple[str, ...]]:
    """The rows with images as bytes, how many there are, and their extra columns."""
    from datasets import Dataset, Image, List

    if isinstance(dataset, Mapping):
        if list(dataset) != ["train"]:
            raise SourceError(f"dataset must have the one split 'train'; found {list(dataset)}. Give each by itself.")
        dataset = dataset["train"]
    if not isinstance(dataset, Dataset):
        raise SourceError(f"dataset must be a Dataset; found {type(dataset).__name__}. Give what map_dataset gave.")
    try:
        extra = extra_columns_of(dataset.column_names)
    except ValueError as error:
        raise SourceError(f"dataset must have the columns of a row ({error}). Map it with map_dataset.") from error
    plain = dataset.with_format(None).cast_column("images", List(Image(decode=False)))
    return iter(plain), len(plain), extra


def _receipt(
    folder: Folder, recipe: Recipe, rows: Iterator[Row], index: int, total: int, extra: tuple[str, ...]
) -> Receipt:
    """Write the next rows as a shard."""
    file, counts = write_ordered_rows(
        folder,
        f"{recipe.name}/train-{index:05d}-of-{total:05d}.parquet",
        (_checked(row, recipe) for row in islice(rows, _SHARD_ROWS)),
        extra=extra,
    )
    return Receipt(file.sha256[:32], index, {recipe.name: file}, {}, {recipe.name: counts})


def _checked(row: MixedRow, recipe: Recipe) -> MixedRow:
    """The row, if the recipe made it: a card must not say what is not so."""
    lomo = row["lomo"]
    if lomo is None:
        raise RecipeError(
            f"row {row['id']!r} came with pictures of its own, as rows of a mixture do, and was made by no recipe. "
            "Write a mixture with `lomo mix --write`, and push its folder."
        )
    if row["rewritten"] and (lomo["draw"] >= recipe.ratio or lomo["position"] != recipe.position):
        raise RecipeError(
            f"row {row['id']!r} was not made by {recipe.name!r} (position "
            f"{lomo['position']}, draw {lomo['draw']:.3f}). "
            "Name the recipe by which the dataset was mapped."
        )
    return row
