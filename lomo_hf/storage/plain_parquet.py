"""Parquet that any `datasets` reads: no metadata of its own, so an old one does not meet the types of a new one.

`datasets` 5 notes its features in the file; 3.5, which trainers here pin, refuses the type `List` in them. Left out,
the features are inferred from the columns, and lists of structs stay lists.
"""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from lomo_hf.storage.atomic import PendingFile
from lomo_hf.storage.folder import Place, named_file

__all__ = ["IMAGE", "write_plain_parquet"]

IMAGE = {"bytes": "binary", "path": "string"}
_GROUP_ROWS = 100


def write_plain_parquet(
    rows: Iterable[Mapping[str, object]], path: str | Path | Place, columns: Mapping[str, object]
) -> int:
    """Write rows whole or not at all, a row group at a time; returns how many.

    `columns` are names and types: "string", "binary", "int64", "bool", a dict for a struct, a list of one for a list.

    >>> import tempfile
    >>> write_plain_parquet([{"a": ["x"]}], Path(tempfile.mkdtemp()) / "a.parquet", {"a": ["string"]})
    1
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _type(kind)) for name, kind in columns.items()])
    pending = PendingFile(path if isinstance(path, Place) else named_file(path))
    remaining, count = iter(rows), 0
    try:
        with pq.ParquetWriter(pending, schema, write_page_checksum=True) as writer:
            while group := list(islice(remaining, _GROUP_ROWS)):
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
                count += len(group)
        pending.seal()
        pending.publish()
        pending.sync_folder()
    finally:
        pending.abandon()
    return count


def _type(kind: Any) -> Any:
    import pyarrow as pa

    if isinstance(kind, Mapping):
        return pa.struct([(name, _type(inner)) for name, inner in kind.items()])
    if isinstance(kind, list):
        return pa.list_(_type(kind[0]))
    return getattr(pa, "bool_" if kind == "bool" else kind)()
