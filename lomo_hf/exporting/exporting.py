"""One config of a built dataset folder -> an export: plan, parts in one process or several, `export.json`.

`export.json` is written last, so its presence means that the export is whole. The bytes depend on the dataset, the
config, the format and the limits; not on the number of workers, the time or the machine.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from lomo_hf.corpus.splits import choose_split
from lomo_hf.dataset import read_contents
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.manifest import no_manifest
from lomo_hf.dataset.views import split_of
from lomo_hf.errors import BuildError, IntegrityError, RecipeError
from lomo_hf.exporting.destination import close, finished, open_out
from lomo_hf.exporting.formats import FORMATS
from lomo_hf.exporting.planning import Part, plan_parts
from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.working import Job, write_parts
from lomo_hf.recipes.named import DEFAULT_RECIPE
from lomo_hf.recipes.names import nearest
from lomo_hf.storage.atomic import explain
from lomo_hf.storage.records import FileRecord

__all__ = ["ExportReport", "export_dataset"]

_VERSION: Final = 1


@dataclass(frozen=True)
class ExportReport:
    """What an export left behind.

    Attributes:
        out: The folder.
        config: Which config was exported.
        form: One of `FORMATS`.
        rows, images: How many were written.
        parts: Files of rows, or folders.
        reused: How many of the parts were there already and needed no work.
    """

    out: Path
    config: str
    form: str
    rows: int
    images: int
    parts: int
    reused: int


def export_dataset(
    folder: str | Path,
    out: str | Path,
    *,
    config: str | None = None,
    form: str = "llava-jsonl",
    num_proc: int = 1,
    limit: int | None = None,
    shard_bytes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    split: str | None = None,
) -> ExportReport:
    """Write one split of one config of a dataset folder in another format.

    Args:
        folder: What `lomo build` left, or a copy of it from the Hub.
        out: A new folder. An export that was stopped goes on; a finished one is checked and left.
        config: Which one; None is `ratio50`, or the only one.
        form: One of `FORMATS`.
        num_proc: Worker processes. The bytes do not depend on it.
        limit: Only the first rows.
        shard_bytes: About how heavy a tar file, or a folder of images, may be; None is the format's own value.
        progress: Called with the rows that are written, and how many there are.
        split: Which split; None is "train", or the only one.

    Returns:
        What was written.

    Raises:
        RecipeError: The format or the config does not exist, or a number is out of range.
        UsageError: There is no such split.
        BuildError: `out` holds something else, the disk is full, or a row cannot be said in this format.
        IntegrityError: The dataset folder is damaged.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> with tempfile.TemporaryDirectory() as work:
        ...     _ = build_dataset(None, ["ratio50"], Path(work, "lomo"), limit=5)
        ...     export_dataset(Path(work, "lomo"), Path(work, "webdataset"), form="webdataset").rows
        5
    """
    if form not in FORMATS:
        raise RecipeError(f"format must be one of {', '.join(FORMATS)}; found {form!r}.")
    for name, value, least in (("num_proc", num_proc, 1), ("limit", limit, 1), ("shard_bytes", shard_bytes, 1)):
        if value is not None and value < least:
            raise RecipeError(f"{name} must be {least} or more; found {value}.")
    folder, out = Path(folder), Path(out)
    contents = _contents(folder)
    config = _config(contents, config)
    shards = _shards(contents, config, split)
    weight = shard_bytes or FORMATS[form].shard_bytes
    parts = plan_parts(folder, [shard.path for shard in shards], shard_bytes=weight, limit=limit)
    if not parts:
        raise BuildError(f"config {config!r} of {folder.name!r} holds no rows; there is nothing to export.")
    wanted = _wanted(folder, shards, config, contents.document["recipes"][config]["digest"], form, parts)
    try:
        earlier = finished(out, wanted)
        if earlier is not None:
            return _report(out, wanted, earlier, len(earlier))
        held = open_out(out, wanted)
        jobs = [Job(folder, held.path, form, wanted["digest"], part) for part in parts]
        receipts, reused = write_parts(jobs, num_proc, progress or (lambda done, total: None))
        files = FORMATS[form].finish(config, receipts, held)
        close(held, wanted, receipts, files)
    except OSError as error:
        raise explain(error, f"the export to {out}") from error
    return _report(out, wanted, receipts, reused)


# -- what is exported ------------------------------------------------------------------------------------------------


def _contents(folder: Path) -> Contents:
    contents = read_contents(folder)
    if contents is None:
        raise BuildError(no_manifest(folder, "Name a folder that `lomo build` has finished."))
    return contents


def _config(contents: Contents, config: str | None) -> str:
    known = contents.configs
    if config is None:
        config = DEFAULT_RECIPE if DEFAULT_RECIPE in known else known[0]
    if config not in known:
        raise RecipeError(f"config must be one of {', '.join(known)}; found {config!r}.{nearest(config, known)}")
    return config


def _shards(contents: Contents, config: str, split: str | None) -> list[FileRecord]:
    by_split: dict[str, list[FileRecord]] = {}
    for file in contents.shards[config].values():
        by_split.setdefault(split_of(file.path), []).append(file)
    return by_split[choose_split(by_split, split, f"config {config}")]


def _wanted(
    folder: Path, shards: Sequence[FileRecord], config: str, recipe: str, form: str, parts: Sequence[Part]
) -> dict[str, Any]:
    """What decides the export's bytes, and the digest of it; `recipe` is the config's own digest."""
    for shard in shards:
        size = (folder / shard.path).stat().st_size
        if size != shard.bytes:
            raise IntegrityError(f"{shard.path} must have {shard.bytes} bytes; found {size}. Build the dataset again.")
    wanted = {
        "version": _VERSION,
        "made_by": "lomo_hf",
        "format": form,
        "config": config,
        "recipe": recipe,
        "shards": {shard.path: shard.sha256 for shard in shards},
        "rows": sum(part.rows for part in parts),
    }
    decides = json.dumps([wanted, [part.to_dict() for part in parts]], sort_keys=True)
    return {**wanted, "digest": sha256(decides.encode()).hexdigest()}


def _report(out: Path, wanted: dict[str, Any], receipts: Sequence[PartReceipt], reused: int) -> ExportReport:
    images = sum(receipt.images for receipt in receipts)
    return ExportReport(out, wanted["config"], wanted["format"], wanted["rows"], images, len(receipts), reused)
