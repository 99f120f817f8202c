"""The two halves of a mixture as sources of whole rows: a LoMo split, with which rows have a page, and a corpus with
pictures. Each lies in a folder here or on the Hub; nothing is read but footers, ids and one column of flags.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lomo_hf.corpus import FileSource, JoinedSource, open_hub
from lomo_hf.corpus.columns import WHOLE_ROWS
from lomo_hf.corpus.files.finding import find_files
from lomo_hf.corpus.files.parquet import Parquet
from lomo_hf.corpus.files.planning import config_name, scan_files
from lomo_hf.corpus.hub.parquet import HubParquet
from lomo_hf.corpus.identity import Uniqueness
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.files import open_files
from lomo_hf.dataset.layout import MANIFEST
from lomo_hf.dataset.mixtures import is_mixture
from lomo_hf.errors import LomoError, SourceError, UsageError
from lomo_hf.hub.names import parse_hub_name
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.substitution import check_recipe

__all__ = ["Half", "open_multimodal", "open_split"]


@dataclass(frozen=True)
class Half:
    """One half of a mixture.

    Attributes:
        source: Its rows, as they are stored.
        place: The folder or the name on the Hub that it was opened by.
        configs: The names of its configs.
        rewritten: bool, (rows,): which rows of a LoMo split have a page; None for a multimodal corpus.
        recipe: By which a LoMo split was made; None where no manifest tells it, and for a multimodal corpus.
    """

    source: JoinedSource
    place: str
    configs: tuple[str, ...]
    rewritten: npt.NDArray[np.bool_] | None = None
    recipe: Recipe | None = None


def open_split(place: str | Path, config: str = "ratio50", *, endpoint: str | None = None) -> Half:
    """A config of a LoMo dataset.

    Args:
        place: A folder that `lomo build` made, or "org/name@revision".
        config: Its name.
        endpoint: Where the Hub is; None is what huggingface_hub is set to.

    Returns:
        The half of a mixture that holds LoMo rows; only ids and the column `rewritten` are read.

    Raises:
        SourceError: There is no such dataset, or its rows are not LoMo rows.
        UsageError: It has no such config, or the config is a mixture already.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=5)
        ...     open_split(out, "ratio100").rewritten.shape
        (5,)
    """
    folder = Path(place)
    if folder.is_dir():
        files = sorted((folder / config).glob("train-*.parquet"))
        if not files:
            there = sorted(path.parent.name for path in folder.glob("*/train-*.parquet"))
            if not there:
                raise UsageError(f"{folder.name} holds no config with a split train. Build them with `lomo build`.")
            raise UsageError(f"{folder.name} has no config {config!r}; it has {sorted(set(there))}. Name one.")
        source = _joined(_local(files, config))
    else:
        source = _on_hub(str(place), endpoint, configs=[config])
    recipe = _recipe(str(place), config)
    flags = np.fromiter(_flags(source, str(place)), dtype=bool, count=len(source))
    return Half(source, str(place), (config,), flags, recipe)


def open_multimodal(
    place: str | Path,
    *,
    configs: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    endpoint: str | None = None,
) -> Half:
    """A corpus with pictures.

    Args:
        place: Parquet files here, or a dataset on the Hub, "org/name@revision" or a preset.
        configs: Which configs on the Hub; by default those with media, each once.
        exclude: Configs on the Hub to leave out.
        endpoint: Where the Hub is; None is what huggingface_hub is set to.

    Returns:
        The half of a mixture whose rows came with their pictures; no row is read yet.

    Raises:
        SourceError: It cannot be opened.

    Example:
        >>> import tempfile
        >>> from datasets import Dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = Dataset.from_dict({"id": ["a"], "image": [None]}).to_parquet(Path(out, "vqa.parquet"))
        ...     open_multimodal(Path(out, "vqa.parquet")).configs
        ('vqa',)
    """
    if Path(place).exists():
        path = Path(place)
        source = _joined(_local(find_files(path).files, path.name.removesuffix(".parquet")))
    else:
        source = _on_hub(str(place), endpoint, configs=configs, exclude=exclude)
    return Half(source, str(place), tuple(part.config for part in source.parts))


def _local(files: Sequence[Path], config: str) -> FileSource:
    scan, name = scan_files(files, WHOLE_ROWS), config_name(config)
    unique, rows = Uniqueness(scan.ids), f"{len(scan.ids):,} rows"
    return FileSource(name, scan.digest, rows, scan.readers, unique, columns=WHOLE_ROWS, id_hashes=scan.ids)


def _joined(part: FileSource) -> JoinedSource:
    return JoinedSource(part.config, part.digest, part.description, (part,))


def _on_hub(place: str, endpoint: str | None, **chosen: Any) -> JoinedSource:
    name = parse_hub_name(place)
    if name is None:
        raise SourceError(f"{place} is neither a file or folder here nor a dataset on the Hub. Check the path.")
    return open_hub(name, columns=WHOLE_ROWS, endpoint=endpoint, **chosen)


def _recipe(place: str, config: str) -> Recipe | None:
    """The recipe of a LoMo split, by the manifest beside it."""
    try:
        with open_files(place).open(MANIFEST) as stream:
            contents = Contents.parse(stream.read(), place)
        recorded = contents.recipe(config)
    except (LomoError, OSError, KeyError, ValueError):
        return None
    if is_mixture(recorded):
        raise UsageError(
            f"config {config!r} of {place} is a mixture, in which rows with pictures of their own stand beside LoMo "
            "rows. Name the dataset that `lomo build` made with --lomo, and its config with --recipe."
        )
    try:
        return check_recipe(Recipe.from_dict(recorded, recorded=True))
    except (LomoError, ValueError, KeyError, TypeError):
        return None


def _flags(source: JoinedSource, place: str) -> Iterator[bool]:
    for part in source.parts:
        for reader in part.readers:
            if not isinstance(reader, Parquet | HubParquet) or "rewritten" not in reader.layout.leaves:
                raise SourceError(f"{place} holds no LoMo rows (no column `rewritten`). Build them with `lomo build`.")
            light = replace(reader, layout=replace(reader.layout, leaves=("rewritten",)))
            for row in light.read(0, reader.rows):
                yield bool(row["rewritten"])
