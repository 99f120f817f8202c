"""Rows of a config -> a Parquet file, a row group at a time, in types that every version of `datasets` reads."""

import json
from collections.abc import Mapping
from typing import Any, Final

from lomo_hf.errors import BuildError
from lomo_hf.row_columns import with_old_features
from lomo_hf.storage.atomic import PendingFile

__all__ = ["ConfigWriter"]

_GROUP_ROWS: Final = 50
_GROUP_BYTES: Final = 64 << 20


class ConfigWriter:
    """Rows of one config, written in groups of at most 50 rows or 64 MB of images."""

    def __init__(self, pending: PendingFile, features: Any) -> None:
        import pyarrow.parquet as pq

        self._answer = features["answer"]
        # Evaluation harnesses pin older versions of `datasets`, which stop at the newer name of a list.
        self._schema = with_old_features(features.arrow_schema)
        self._writer = pq.ParquetWriter(pending, self._schema, write_page_index=True, write_page_checksum=True)
        self._held: list[dict[str, Any]] = []
        self._weight = 0

    def add(self, row: dict[str, Any]) -> None:
        """Take a row, in the columns of `pair_features`."""
        self._held.append({**row, "answer": _as_stored(row["answer"], self._answer)})
        self._weight += sum(len(image["bytes"]) for image in row["images"] or ())
        if len(self._held) >= _GROUP_ROWS or self._weight >= _GROUP_BYTES:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._held:
            try:
                table = pa.Table.from_pylist(self._held, schema=self._schema)
            except (pa.ArrowException, UnicodeEncodeError) as error:
                raise BuildError(f"rows from {self._held[0]['id']!r} on do not fit their columns: {error}") from error
            self._writer.write_table(table, row_group_size=_GROUP_ROWS)
            self._held, self._weight = [], 0


def _as_stored(value: Any, feature: object) -> object:
    """A value as Arrow keeps it: where a column's types are mixed, `datasets` stores each value as JSON."""
    from datasets import Json, LargeList, List

    if value is None:
        return None
    if isinstance(feature, Json):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(feature, List | LargeList):
        return [_as_stored(item, feature.feature) for item in value]
    if isinstance(feature, Mapping) and isinstance(value, Mapping):
        return {key: _as_stored(value.get(key), inner) for key, inner in feature.items()}
    return value
