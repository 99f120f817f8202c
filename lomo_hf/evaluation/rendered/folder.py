"""The folder of a rendered benchmark: what lies where, whose it is, and how new files take the place of old ones.

README.md                                   the card
standard/<split>-00000-of-00001.parquet     questions as text
rendered/<split>-00000-of-00001.parquet     the same questions, each as one page
refused.jsonl                               what is in neither, with the reason
rendered_eval.json                          definition, style, versions, counts and hashes; written last
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import BuildError, IntegrityError, SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, benchmark_from_dict
from lomo_hf.evaluation.rendered.sources import source_name
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, sweep
from lomo_hf.storage.documents import maybe, parse, record, text
from lomo_hf.storage.file_names import RENDERED_RECORD

__all__ = ["CARD", "CARRIERS", "RECORD", "REFUSED", "config_file", "own_text", "owned", "publish", "recorded"]

CARRIERS: Final = ("standard", "rendered")
RECORD: Final = RENDERED_RECORD
REFUSED: Final = "refused.jsonl"
CARD: Final = "README.md"
_CONFIG_FILE: Final = re.compile(rf"({'|'.join(CARRIERS)})/(\..+\.tmp|[^/]+-00000-of-00001\.parquet)", re.DOTALL)
_RECORDED: Final = record({"benchmark": record({"source": text, "config": maybe(text), "split": text})})


def config_file(carrier: str, split: str) -> str:
    """Where the rows of a config lie in the folder."""
    return f"{carrier}/{split}-00000-of-00001.parquet"


def owned(place: Path, benchmark: Benchmark) -> Folder:
    """The folder, if it may be written into: empty, of this benchmark, or left unfinished by a killed process.

    Raises:
        BuildError: It is something else, or a part of it is a link.
        IntegrityError: Its record is none.
    """
    if not place.is_dir() and (place.exists() or place.is_symlink()):
        raise BuildError(f"out must be a folder; {place.name!r} is a file or a link to nothing. Name another.")
    folder = Folder(place, make=True)
    files = [file.inside for at in folder.places() for file in at.walk()]
    foreign = [path for path in files if path not in (RECORD, REFUSED, CARD) and not _is_config_file(path)]
    if foreign or (files and RECORD not in files and not any(map(_is_config_file, files))):
        raise BuildError(f"out must be an empty folder or one made by lomo render-eval; {str(place)!r} is neither.")
    held, ours = _recorded_name(folder), _name(source_name(benchmark), benchmark.config, benchmark.split)
    if held is not None and held != ours:
        raise BuildError(f"{str(place)!r} holds the configs of {held}; found {ours}. Name another folder for these.")
    for carrier in CARRIERS:
        sweep((folder / carrier).places())
    return folder


def own_text(folder: Folder) -> str:
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


def publish(folder: Folder, pending: Mapping[str, PendingFile]) -> None:
    """The earlier record goes first and shards of other splits last, so that no half of two builds looks whole."""
    (folder / RECORD).unlink(missing_ok=True)
    for file in pending.values():
        file.publish()
    for carrier, file in pending.items():
        for stale in (folder / carrier).places():
            if stale.name.endswith(".parquet") and stale.path != file.final:
                stale.unlink()
        file.sync_folder()


def recorded(folder: Path) -> tuple[Benchmark, dict[str, Any]]:
    """The definition and the whole record of a finished folder.

    Raises:
        SourceError: There is no record, or it cannot be read.
    """
    try:
        written = json.loads((folder / RECORD).read_bytes())
        return benchmark_from_dict(written["benchmark"]), written
    except FileNotFoundError:
        raise SourceError(f"{str(folder)!r} has no {RECORD}. Name a folder made by lomo render-eval.") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError(
            f"{RECORD} of {str(folder)!r} cannot be read ({error}). Render the benchmark again."
        ) from error


def _recorded_name(folder: Folder) -> str | None:
    """The benchmark whose configs a folder holds; None where it has no record."""
    try:
        benchmark = parse((folder / RECORD).read_bytes(), _RECORDED)["benchmark"]
    except FileNotFoundError:
        return None
    except IntegrityError as error:
        raise IntegrityError(
            f"{RECORD} in {folder.name!r} is not one that lomo_hf wrote ({error}). Name another folder, or delete it."
        ) from error
    return _name(benchmark["source"], benchmark["config"], benchmark["split"])


def _name(source: str, config: str | None, split: str) -> str:
    return f"{source}{f' ({config})' if config else ''}, split {split}"


def _is_config_file(path: str) -> bool:
    return _CONFIG_FILE.fullmatch(path) is not None
