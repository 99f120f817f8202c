"""The folder of a rendered benchmark: what lies where, whose it is, and how new files take the place of old ones.

README.md                                   the card
standard/<split>-00000-of-00001.parquet     questions as text
rendered/<split>-00000-of-00001.parquet     the same questions, each as one page
refused.jsonl                               what is in neither, with the reason
rendered_eval.json                          definition, style, versions, counts and hashes; written last
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, benchmark_from_dict
from lomo_hf.evaluation.rendered.sources import source_name
from lomo_hf.storage.atomic import PendingFile, sweep, sync_folder

__all__ = ["CARD", "CARRIERS", "RECORD", "REFUSED", "config_file", "own_text", "owned", "publish", "recorded"]

CARRIERS: Final = ("standard", "rendered")
RECORD: Final = "rendered_eval.json"
REFUSED: Final = "refused.jsonl"
CARD: Final = "README.md"


def config_file(carrier: str, split: str) -> str:
    """Where the rows of a config lie in the folder."""
    return f"{carrier}/{split}-00000-of-00001.parquet"


def owned(folder: Path, benchmark: Benchmark) -> Path:
    """The folder, if it may be written into: empty, of this benchmark, or left unfinished by a killed process.

    Raises:
        BuildError: It is something else.
    """
    if folder.exists() and not folder.is_dir():
        raise BuildError(f"out must be a folder; {folder.name!r} is a file. Name another.")
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    foreign = [path for path in files if path not in (RECORD, REFUSED, CARD) and not _is_config_file(path)]
    if foreign or (files and RECORD not in files and not any(map(_is_config_file, files))):
        raise BuildError(f"out must be an empty folder or one made by lomo render-eval; {str(folder)!r} is neither.")
    held, ours = _recorded_name(folder), _name(source_name(benchmark), benchmark.config, benchmark.split)
    if held is not None and held != ours:
        raise BuildError(f"{str(folder)!r} holds the configs of {held}; found {ours}. Name another folder for these.")
    for carrier in CARRIERS:
        sweep(folder / carrier)
    return folder


def own_text(folder: Path) -> str:
    """What a user wrote between the markers of the card that is there.

    Raises:
        BuildError: It is not UTF-8, so that it could not be kept.
    """
    from lomo_hf.dataset.card.text import own_text_of

    if not (folder / CARD).is_file():
        return ""
    own = own_text_of((folder / CARD).read_bytes().decode("utf-8", "surrogateescape"))
    if any("\udc80" <= char <= "\udcff" for char in own):
        raise BuildError(
            f"your own text in {CARD} is not UTF-8, so it cannot be kept. Save it as UTF-8, or delete it."
        )
    return own


def publish(folder: Path, pending: Mapping[str, PendingFile]) -> None:
    """The earlier record goes first and shards of other splits last, so that no half of two builds looks whole."""
    (folder / RECORD).unlink(missing_ok=True)
    for file in pending.values():
        file.publish()
    for carrier, file in pending.items():
        for stale in (folder / carrier).glob("*.parquet"):
            if stale != file.final:
                stale.unlink()
        sync_folder(folder / carrier)


def recorded(folder: Path) -> tuple[Benchmark, dict[str, Any]]:
    """The definition and the whole record of a finished folder.

    Raises:
        SourceError: There is no record, or it cannot be read.
    """
    try:
        record = json.loads((folder / RECORD).read_bytes())
        return benchmark_from_dict(record["benchmark"]), record
    except FileNotFoundError:
        raise SourceError(f"{str(folder)!r} has no {RECORD}. Name a folder made by lomo render-eval.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError(
            f"{RECORD} of {str(folder)!r} cannot be read ({error}). Render the benchmark again."
        ) from error


def _recorded_name(folder: Path) -> str | None:
    """The benchmark whose configs a folder holds; None where its record is missing or no longer readable."""
    try:
        benchmark = json.loads((folder / RECORD).read_bytes())["benchmark"]
        return _name(benchmark["source"], benchmark["config"], benchmark["split"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _name(source: str, config: str | None, split: str) -> str:
    return f"{source}{f' ({config})' if config else ''}, split {split}"


def _is_config_file(path: str) -> bool:
    carrier, _, name = path.partition("/")
    return carrier in CARRIERS and "/" not in name and name.endswith((".parquet", ".tmp"))
