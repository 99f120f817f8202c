"""How a row is stored: its columns in their order, as `datasets` features, as an Arrow schema, as on a card."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = [
    "EXTRA_COLUMNS",
    "ROW_COLUMNS",
    "card_features",
    "extra_columns_of",
    "row_features",
    "stored_schema",
    "with_old_features",
]

_Column: TypeAlias = "str | list[_Column] | dict[str, _Column]"
_JSON: TypeAlias = "str | int | float | bool | list[_JSON] | dict[str, _JSON] | None"

_IMAGE: Final = "image"
_MESSAGES: Final[_Column] = [{"role": "string", "content": [{"type": "string", "text": "string"}]}]

# Written once, and without `datasets`, whose import would cost every worker half a second and 40 MB: a string is a
# type, a list holds what is in it, a dictionary is a record.
_COLUMNS: Final[dict[str, _Column]] = {
    "id": "string",
    "messages": _MESSAGES,
    "conversations": [{"from": "string", "value": "string"}],
    "images": [_IMAGE],
    "rewritten": "bool",
    "lomo": {
        "draw": "float64",
        "turn": "int32",
        "position": "string",
        "spans": [{"start": "int32", "end": "int32", "text": "string", "width": "int32", "height": "int32"}],
        "renderer": "string",
        "reason": "string",
        "distortion": {"op": "string", "params": "string"},
        "width": "int32",
        "height": "int32",
        "prompt_chars": "int32",
        "repairs": ["string"],
    },
    "source_repo": "string",
    "source_config": "string",
    "source_id": "string",
    "source_revision": "string",
    "source_data_source": "string",
    "source_license": "string",
}

ROW_COLUMNS: Final = tuple(_COLUMNS)
"""The columns that every stored row has, in their order."""

_EXTRA_COLUMNS: Final[dict[str, _Column]] = {
    "prompt": _MESSAGES,
    "chosen": _MESSAGES,
    "rejected": _MESSAGES,
    "completion": _MESSAGES,
    "label": "bool",
    "tools": "string",
}

EXTRA_COLUMNS: Final = tuple(_EXTRA_COLUMNS)
"""Columns of rows that hold a preference or tools, in their order; any other extra column is a text."""


def extra_columns_of(names: Sequence[str]) -> tuple[str, ...]:
    """The columns of a stored dataset beyond those that every row has.

    Args:
        names: All its columns.

    Returns:
        The names of the others, in their order.

    Raises:
        ValueError: A column that every row has is missing, or not in its place.

    >>> extra_columns_of([*ROW_COLUMNS, "difficulty"])
    ('difficulty',)
    """
    if tuple(names[: len(ROW_COLUMNS)]) != ROW_COLUMNS:
        raise ValueError(f"columns must begin with {', '.join(ROW_COLUMNS)}; found {', '.join(names)[:200]}.")
    return tuple(names[len(ROW_COLUMNS) :])


def _columns(extra: Sequence[str]) -> dict[str, _Column]:
    return {**_COLUMNS, **{name: _EXTRA_COLUMNS.get(name, "string") for name in extra}}


def row_features(extra: Sequence[str] = ()) -> "datasets.Features":
    """The `datasets` features of a stored row.

    Args:
        extra: Columns beyond those that every row has; see `EXTRA_COLUMNS`.

    Returns:
        Features named by `ROW_COLUMNS` and `extra`, in their order; `images` is a list of `Image`.

    >>> tuple(row_features()) == ROW_COLUMNS
    True
    """
    from datasets import Features

    return Features({name: _feature(column) for name, column in _columns(extra).items()})


def _feature(column: _Column) -> object:
    from datasets import Image, List, Value

    if isinstance(column, dict):
        return {name: _feature(inner) for name, inner in column.items()}
    if isinstance(column, list):
        return List(_feature(column[0]))
    return Image() if column == _IMAGE else Value(column)


def card_features(columns: Sequence[str]) -> list[dict[str, object]]:
    """Columns as a dataset card declares them, under `dataset_info`; what `Features._to_yaml_list` writes.

    Written here because a build needs nothing else of `datasets`, whose import costs half a second.

    Args:
        columns: Those of `ROW_COLUMNS` with any extra ones.

    Returns:
        An entry for each column, in the order given.

    >>> card_features(ROW_COLUMNS) == row_features()._to_yaml_list()
    True
    >>> card_features(ROW_COLUMNS)[3]
    {'name': 'images', 'list': 'image'}
    """
    known = _columns([name for name in columns if name not in _COLUMNS])
    return _card_fields({name: known[name] for name in columns})


def _card_fields(record: Mapping[str, _Column]) -> list[dict[str, object]]:
    return [{"name": name, **_card_type(column)} for name, column in record.items()]


def _card_type(column: _Column) -> dict[str, object]:
    if isinstance(column, dict):
        return {"struct": _card_fields(column)}
    if isinstance(column, list):
        inner = column[0]
        return {"list": _card_fields(inner) if isinstance(inner, dict) else inner}
    return {"dtype": column}


@cache
def stored_schema(extra: tuple[str, ...] = ()) -> "pa.Schema":
    """The Arrow schema of a shard, with metadata that tell every version of `datasets` which column holds images.

    Args:
        extra: Columns beyond those that every row has; see `EXTRA_COLUMNS`.

    Returns:
        The schema; its metadata `huggingface` holds the features in the form that `datasets` 3, 4 and 5 read.

    >>> "List" in str(stored_schema().metadata[b"huggingface"])
    False
    """
    import pyarrow as pa

    columns = _columns(extra)
    info = {"info": {"features": _old_feature(dict(columns))}}
    fields = [pa.field(name, _arrow_type(column)) for name, column in columns.items()]
    return pa.schema(fields, metadata={b"huggingface": json.dumps(info).encode()})


def _arrow_type(column: _Column) -> "pa.DataType":
    import pyarrow as pa

    if isinstance(column, dict):
        return pa.struct({name: _arrow_type(inner) for name, inner in column.items()})
    if isinstance(column, list):
        return pa.list_(_arrow_type(column[0]))
    return _arrow_type({"bytes": "binary", "path": "string"}) if column == _IMAGE else pa.type_for_alias(column)


def _old_feature(column: _Column) -> _JSON:
    """As `datasets` wrote it before 4: a list is `[...]`."""
    if isinstance(column, dict):
        return {name: _old_feature(inner) for name, inner in column.items()}
    if isinstance(column, list):
        return [_old_feature(column[0])]
    return {"_type": "Image"} if column == _IMAGE else {"dtype": column, "_type": "Value"}


def with_old_features(schema: "pa.Schema") -> "pa.Schema":
    """An Arrow schema whose `datasets` features write a list as `[...]`, as before `datasets` 4.

    Versions before 4 stop at the newer form ("Feature type 'List' not found"), and trainers pin them; the older form
    is read by all versions, and as the same features. Measured with 3.5.0, 4.0.0 and 5.2.0.

    Args:
        schema: Any Arrow schema; without features of `datasets` it comes back as it is.

    Returns:
        The same fields; only the metadata may differ.

    >>> with_old_features(row_features().arrow_schema).equals(stored_schema(), check_metadata=True)
    True
    """
    features = (schema.metadata or {}).get(b"huggingface")
    if features is None:
        return schema
    metadata = {**schema.metadata, b"huggingface": json.dumps(_old_lists(json.loads(features))).encode()}
    return schema.with_metadata(metadata)


def _old_lists(value: _JSON) -> _JSON:
    if isinstance(value, dict):
        if value.get("_type") == "List" and value.get("length", -1) == -1:
            return [_old_lists(value["feature"])]
        return {key: _old_lists(inner) for key, inner in value.items()}
    return [_old_lists(inner) for inner in value] if isinstance(value, list) else value
