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
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.hub.names import parse_hub_name

__all__ = ["Half", "open_multimodal", "open_split"]


@dataclass(frozen=True)
class Half:
    """One half: its source, and how it was named. `rewritten` has a flag for every row of a LoMo split."""

    source: JoinedSource
    place: str
    configs: tuple[str, ...]
    rewritten: npt.NDArray[np.bool_] | None = None


def open_split(place: str | Path, config: str = "ratio50", *, endpoint: str | None = None) -> Half:
    """A config of a LoMo dataset: a folder that `lomo build` made, or "org/name@revision".

    Raises:
        SourceError: There is no such dataset or config, or its rows are not LoMo rows.
    """
    folder = Path(place)
    if folder.is_dir():
        files = sorted((folder / config).glob("train-*.parquet"))
        if not files:
            there = sorted(path.parent.name for path in folder.glob("*/train-*.parquet"))
            raise UsageError(f"{folder.name} has no config {config!r}; it has {sorted(set(there))}. Name one.")
        source = _joined(_local(files, config))
    else:
        source = _on_hub(str(place), endpoint, configs=[config])
    flags = np.fromiter(_flags(source, str(place)), dtype=bool, count=len(source))
    return Half(source, str(place), (config,), flags)


def open_multimodal(
    place: str | Path,
    *,
    configs: Sequence[str] | None = None,
    exclude: Sequence[str] = (),
    endpoint: str | None = None,
) -> Half:
    """A corpus with pictures: Parquet files here, or the configs with media of a dataset on the Hub, each once.

    Raises:
        SourceError: It cannot be opened.
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


def _flags(source: JoinedSource, place: str) -> Iterator[bool]:
    for part in source.parts:
        for reader in part.readers:
            if not isinstance(reader, Parquet | HubParquet) or "rewritten" not in reader.layout.leaves:
                raise SourceError(f"{place} holds no LoMo rows (no column `rewritten`). Build them with `lomo build`.")
            light = replace(reader, layout=replace(reader.layout, leaves=("rewritten",)))
            for row in light.read(0, reader.rows):
                yield bool(row["rewritten"])
