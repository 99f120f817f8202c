"""Opening a source: which files it is made of, one pass to plan them, and an early word when no row can be read.

The pass counts rows, notes where they begin, digests the content and hashes the ids. Its memory is 8 bytes a row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.files.planning import check_some_row_reads, config_name, files_of, plain_name, scan_files
from lomo_hf.corpus.identity import Uniqueness
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.hub.names import parse_hub_name

__all__ = ["SAMPLE", "open_corpus"]

SAMPLE: Final = Path(__file__).parent / "sample" / "sample.jsonl"
"""The embedded sample corpus: about 200 real prompts, to try everything without any download."""


def open_corpus(
    path: Path | str | None = None,
    *,
    config: str | None = None,
    repo: str | None = None,
    revision: str | None = None,
    columns: Mapping[str, str] | ColumnMap | None = None,
    keep: Sequence[str] = (),
) -> FileSource | JoinedSource:
    """A source of rows: a file, a folder of files, a dataset on the Hub, or the embedded sample corpus.

    Files are JSON Lines (.jsonl, .ndjson), JSON (.json), either of them gzipped (.gz), or Parquet. A folder is read
    in the order of its files' names. `config` names the source and begins every row's id; without it, the name of the
    file or folder does. `repo` and `revision` are noted in every row's origin. `columns` says which columns to read
    where the dialect is not known: `{"prompt": "question_text", "answer": "gold"}`.

    A text such as "org/name" or "org/name@revision" that is no path here, or the name of a preset, is a dataset on
    the Hub; its text-only configs are read (see `lomo_hf.corpus.open_hub`, which has more options).

    Raises `SourceError`, with the remedy, when there is no such file, when it cannot be read, or when none of the
    first 100 rows is in a known dialect.

    >>> source = open_corpus()
    >>> source.config, next(source.conversations(0, 1)).user_turns
    ('sample', (0,))
    """
    if isinstance(path, str) and not Path(path).exists() and (name := parse_hub_name(path)):
        from lomo_hf.corpus.hub.opening import open_hub

        return open_hub(name if config is None else replace(name, configs=(config,)), columns=columns, keep=keep)
    opened, mapped = SAMPLE if path is None else Path(path), ColumnMap.of(columns, keep)
    files = files_of(opened)
    scan = scan_files(files, mapped)
    name_of_rows = config_name(config or plain_name(opened))
    description = f"{len(scan.ids):,} rows in {opened.name}" + (f" ({len(files)} files)" if opened.is_dir() else "")
    source = FileSource(
        name_of_rows,
        scan.digest,
        description,
        scan.readers,
        Uniqueness(scan.ids),
        repo,
        revision,
        mapped,
        id_hashes=scan.ids,
        extra=scan.extra,
    )
    check_some_row_reads(source, str(opened))
    return source
