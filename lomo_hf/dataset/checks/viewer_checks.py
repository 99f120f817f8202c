"""What the Hub's dataset viewer would do with a folder, asked locally, before anything is published.

The limits are those of the viewer's production settings (`dataset-viewer`, chart of 20 August 2026).
"""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from lomo_hf.dataset.checks.findings import Check, Finding, breaks, warns
from lomo_hf.dataset.checks.inspected import DataConfig, Inspected, Shard
from lomo_hf.dataset.checks.statistics_checks import statistics_findings
from lomo_hf.row_columns import with_old_features

__all__ = ["FIRST_ROWS_BYTES", "VIEWER_CHECKS", "WINDOW"]

FIRST_ROWS_BYTES: Final = 200_000
"""JSON bytes that the viewer gives for the first rows; ten rows come in any case, with long cells cut."""

WINDOW: Final = 1_000
"""LLaMA-Factory infers columns from so many rows of each worker, and dies where they hold no image."""

_MIN_ROWS, _PAGE_ROWS = 10, 100
_MIN_CELL_BYTES: Final = 100
_MAX_CONFIGS, _MAX_SPLITS, _MAX_COLUMNS, _MAX_NAME = 4_000, 30, 1_000, 500
_MAX_SCAN_BYTES: Final = 300_000_000
_LINK_BYTES: Final = 700  # a signed link to a picture, with its height and width


def _limits(dataset: Inspected) -> Iterator[Finding]:
    if len(dataset.configs) > _MAX_CONFIGS:
        yield warns(
            f"The viewer takes {_MAX_CONFIGS} configs; found {len(dataset.configs)}. Publish several datasets."
        )
    for config in dataset.configs:
        if len(config.splits) > _MAX_SPLITS:
            yield warns(f"The viewer takes {_MAX_SPLITS} splits; {config.name!r} has {len(config.splits)}.")
    for config, _, shard in _first_shards(dataset):
        names = shard.schema.names if config.columns is None else config.columns
        if len(names) > _MAX_COLUMNS or any(len(name) > _MAX_NAME for name in names):
            yield warns(
                f"The viewer takes {_MAX_COLUMNS} columns with names of {_MAX_NAME} characters; not {config.name!r}."
            )


def _row_groups(dataset: Inspected) -> Iterator[Finding]:
    for shard in _all_shards(dataset):
        groups = [shard.metadata.row_group(index) for index in range(shard.metadata.num_row_groups)]
        rows = max((group.num_rows for group in groups), default=0)
        size = max((group.total_byte_size for group in groups), default=0)
        if size > _MAX_SCAN_BYTES:
            yield warns(
                f"A row group of {shard.path} has {size:,} bytes, and the viewer reads 300 MB. Write smaller ones."
            )
        elif rows > _PAGE_ROWS and _image_columns(shard):
            yield warns(
                f"A row group of {shard.path} has {rows} rows, and a page of the viewer 100. Write 100 at a time."
            )
        if groups and not all(groups[0].column(index).has_offset_index for index in range(groups[0].num_columns)):
            yield warns(
                f"{shard.path} has no page index, so the viewer fetches whole groups. Write it with a page index."
            )


def _features(dataset: Inspected) -> Iterator[Finding]:
    for config in dataset.configs:
        for split in config.splits:
            shards = list(dataset.shards(config, split))
            for shard in shards[1:]:
                if not shard.schema.equals(shards[0].schema, check_metadata=True):
                    yield breaks(f"{shard.path} has other columns or features than {shards[0].path}. Build it again.")
    for shard in _all_shards(dataset):
        if not with_old_features(shard.schema).equals(shard.schema, check_metadata=True):
            yield warns(
                f"datasets before 4 cannot read the features of {shard.path}. Run `lomo card --legacy-features`."
            )
            return


def _first_rows(dataset: Inspected) -> Iterator[Finding]:
    for config, split, shard in _first_shards(dataset):
        if config.columns is not None or not shard.metadata.num_rows:
            continue
        rows = [_viewer_row(row, _image_columns(shard)) for row in dataset.head(shard, _MIN_ROWS)]
        size = sum(_json_size(row) + 60 for row in rows)
        for index, row in reversed(list(enumerate(rows))):
            if size < FIRST_ROWS_BYTES:
                break
            cut = [name for name, cell in row.items() if _json_size(cell) > _MIN_CELL_BYTES]
            size -= sum(_json_size(row[name]) - _MIN_CELL_BYTES for name in cut)
            pictures = " and shows no picture there" if set(cut) & set(_image_columns(shard)) else ""
            yield warns(
                f"Row {index} of {config.name!r}, {split!r} is too long for the viewer, which cuts {', '.join(cut)}"
                f"{pictures}. Put short rows first: `lomo build` does."
            )


def _pictures(dataset: Inspected) -> Iterator[Finding]:
    from PIL import Image

    for config, split, shard in _first_shards(dataset):
        columns = _image_columns(shard)
        if config.columns is not None or not columns:
            continue
        for index, row in enumerate(dataset.head(shard, _PAGE_ROWS)):
            for cell in [cell for name in columns for cell in _cells(row[name])]:
                try:
                    with Image.open(BytesIO(cell["bytes"])) as picture:
                        picture.load()
                except Exception as error:  # any: the viewer's page, and a trainer, fail on it in the same way
                    problem = " ".join(str(error).split())[:100]
                    yield breaks(
                        f"A picture of row {index} of {config.name!r}, {split!r} cannot be decoded: {problem}."
                    )


def _interleaving(dataset: Inspected) -> Iterator[Finding]:
    for config in dataset.configs:
        for split in config.splits:
            yield from _gaps(dataset, config, split)


def _gaps(dataset: Inspected, config: DataConfig, split: str) -> Iterator[Finding]:
    """Runs of rows without a picture, over the files of a split in the order in which they are read."""
    rows = held = run = longest = 0
    for shard in dataset.shards(config, split):
        if config.columns is not None or not _image_columns(shard):
            return
        for has in _has_picture(dataset, shard):
            rows, held, run = rows + 1, held + has, 0 if has else run + 1
            longest = max(longest, run)
    if held and longest >= WINDOW:
        says = (
            f"{config.name!r}, {split!r} has {longest:,} rows in a row without a picture, and LLaMA-Factory dies on "
            f"{WINDOW:,}. Shuffle the rows, or build with a larger ratio."
        )
        yield breaks(says) if held >= rows / 4 else warns(says)


def _has_picture(dataset: Inspected, shard: Shard) -> Iterator[bool]:
    """Whether each row holds a picture, from the column of their names, which are short or absent."""
    name = _image_columns(shard)[0]
    many = str(shard.schema.field(name).type).startswith("list")
    leaf = f"{name}.list.element.path" if many else f"{name}.path"
    for table in dataset.tables(shard.path, [leaf]):
        for cell in table[name].to_pylist():
            yield bool(cell) if many else cell is not None


def _opens(dataset: Inspected) -> Iterator[Finding]:
    """The viewer reads all columns of a file, and fails on a config that declares fewer (`RowsIndex.query`)."""
    for config in dataset.configs:
        shards = [shard for split in config.splits for shard in dataset.shards(config, split)]
        held = max((len(shard.schema.names) for shard in shards), default=0)
        if config.columns is not None and len(config.columns) < held:
            yield warns(
                f"The viewer cannot open {config.name!r}: it declares {len(config.columns)} of the {held} columns of "
                "its files. Run `lomo card`, which declares whole configs only; no trainer needs another."
            )


def _first_shards(dataset: Inspected) -> Iterator[tuple[DataConfig, str, Shard]]:
    """The first file of every split of every config."""
    for config in dataset.configs:
        for split in config.splits:
            for shard in dataset.shards(config, split):
                yield config, split, shard
                break


def _all_shards(dataset: Inspected) -> Iterator[Shard]:
    """Every Parquet file of any config, once."""
    seen: set[str] = set()
    for config in dataset.configs:
        for split in config.splits:
            for shard in dataset.shards(config, split):
                if shard.path not in seen:
                    seen.add(shard.path)
                    yield shard


def _image_columns(shard: Shard) -> list[str]:
    """Columns of pictures, or of lists of pictures: structs of bytes and path, as `datasets` stores them."""
    import pyarrow as pa

    columns = []
    for field in shard.schema:
        kind = field.type.value_type if pa.types.is_list(field.type) else field.type
        if pa.types.is_struct(kind) and {inner.name for inner in kind} == {"bytes", "path"}:
            columns.append(field.name)
    return columns


def _cells(cell: Any) -> list[dict[str, Any]]:
    return [image for image in (cell if isinstance(cell, list) else [cell]) if image is not None]


def _viewer_row(row: dict[str, object], pictures: list[str]) -> dict[str, object]:
    """The row as the viewer sends it: a picture is a link with its size."""
    links = {name: ["x" * _LINK_BYTES for _ in _cells(row[name])] or None for name in pictures}
    return {**row, **links}


def _json_size(cell: object) -> int:
    return len(json.dumps(cell, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "replace"))


VIEWER_CHECKS: Final = (
    Check("limits", "configs, splits and columns are within the viewer's limits", _limits),
    Check("row groups", "at most 100 rows and 300 MB in a row group; a page index", _row_groups),
    Check("views", "every config declares all columns of its files, so that the viewer opens it", _opens),
    Check("features", "the same in every shard, and readable by every version of datasets", _features),
    Check("first rows", "the first ten rows fit the viewer's 200,000 bytes, so that no cell is cut", _first_rows),
    Check("pictures", "every picture of the first 100 rows can be decoded", _pictures),
    Check("interleaving", "no thousand rows in a row lack a picture", _interleaving),
    Check("statistics", "the viewer can compute statistics of every column", statistics_findings),
)
"""Checks of what the viewer would do, in the order in which they are asked."""
