"""A mixture written out as a dataset folder, which `load_dataset` and the commands for such folders take."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from lomo_hf.building import Counts
from lomo_hf.building.shard_writer import write_ordered_rows
from lomo_hf.dataset.mixtures import MIXTURE
from lomo_hf.errors import BuildError
from lomo_hf.mixing.folder import write_mixture_companions
from lomo_hf.mixing.mixture import Mixture
from lomo_hf.recipes.names import check_no_secret
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import explain
from lomo_hf.storage.records import FileRecord

__all__ = ["write_mixture"]

_SHARD_ROWS: Final = 10_000


def write_mixture(
    mixture: Mixture, folder: Path, on_row: Callable[[int], None] | None = None, *, repo: str | None = None
) -> list[Path]:
    """Write a dataset folder: shards, card with licences as counted, entries and files for trainers, manifest.

    It is the paper's training set where the halves are two million rows each. Streams; memory is a row group.

    Args:
        mixture: From `mix` or `read_mixture`.
        folder: A new or an empty folder.
        on_row: Called with the number of rows written.
        repo: The name on the Hub that the card mentions; None is "ORG/" and the folder's name.

    Returns:
        The shards, in order.

    Raises:
        BuildError: The folder is not empty, or cannot be written.

    Source: paper, section 4: one training set of multimodal rows and of text rows, half of them rewritten.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import mix, open_multimodal, open_split
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], Path(out, "lomo"), limit=8)
        ...     pictures = open_multimodal(f"{out}/lomo/ratio100")  # any Parquet files with a column of pictures
        ...     mixture = mix(open_split(f"{out}/lomo", "ratio100"), pictures, multimodal_rows=4)
        ...     [shard.name for shard in write_mixture(mixture, Path(out, "whole"))]
        ['train-00000-of-00001.parquet']
    """
    check_no_secret("repo", repo or "")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BuildError(f"{folder} must be a new or empty folder. Name another with --write.")
    rows, shards, done = mixture.rows(), list[tuple[FileRecord, Counts]](), 0
    total = -(-sum(mixture.counts.values()) // _SHARD_ROWS)
    try:
        held = Folder(folder, make=True)
        for index in range(total):
            path = f"{MIXTURE}/train-{index:05d}-of-{total:05d}.parquet"
            shards.append(write_ordered_rows(held, path, islice(rows, _SHARD_ROWS)))
            done += shards[-1][1].rows
            if on_row:
                on_row(done)
        write_mixture_companions(held, mixture, shards, repo or f"ORG/{folder.resolve().name}")
        held.sync()
    except OSError as error:
        raise explain(error, f"the mixture in {folder}") from error
    return [folder / file.path for file, _ in shards]
