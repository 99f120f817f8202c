"""The row that is stored: its columns, and the two views of it that consumers load.

Facts behind each choice: a content part holds `type` and `text` only, because chat templates take any part with an
`image` key for a picture; rows without a page have null images, never an empty list; `messages` suits TRL and Axolotl,
`conversations` LLaMA-Factory and ms-swift. What a row holds does not depend on the recipe's name or ratio.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import datasets

__all__ = [
    "IMAGE_PLACEHOLDER",
    "ROW_COLUMNS",
    "row_features",
    "sharegpt_features",
    "stored_schema",
    "with_old_features",
]

IMAGE_PLACEHOLDER = "<image>"

ROW_COLUMNS = (
    "id", "messages", "conversations", "images", "rewritten", "lomo",
    "source_repo", "source_config", "source_id", "source_revision", "source_data_source", "source_license",
)  # fmt: skip


_IMAGE: Final = "image"

# Said once, and without `datasets`, whose import would cost every worker half a second and 40 MB: a string is a type,
# a list holds what is in it, a dictionary is a record.
_COLUMNS: Final[dict[str, Any]] = {
    "id": "string",
    "messages": [{"role": "string", "content": [{"type": "string", "text": "string"}]}],
    "conversations": [{"from": "string", "value": "string"}],
    "images": [_IMAGE],
    "rewritten": "bool",
    "lomo": {
        "draw": "float64",  # the row's uniform number: it is rewritten where this is below the ratio
        "turn": "int32",  # index into messages
        "position": "string",
        "spans": [{"start": "int32", "end": "int32", "text": "string", "width": "int32", "height": "int32"}],
        "renderer": "string",
        "reason": "string",  # why a drawn row stayed text, or why its page fell back to plain text
        "distortion": {"op": "string", "params": "string"},  # params as JSON: each operation has its own
        "width": "int32",  # of the page; of the largest one where there are two
        "height": "int32",
        "prompt_chars": "int32",
        "repairs": ["string"],
    },
    **{name: "string" for name in ROW_COLUMNS if name.startswith("source_")},
}


def row_features() -> "datasets.Features":
    """The `datasets` features of a row.

    >>> tuple(row_features()) == ROW_COLUMNS
    True
    """
    from datasets import Features

    return Features({name: _feature(column) for name, column in _COLUMNS.items()})


def _feature(column: Any) -> Any:
    from datasets import Image, List, Value

    if isinstance(column, dict):
        return {name: _feature(inner) for name, inner in column.items()}
    if isinstance(column, list):
        return List(_feature(column[0]))
    return Image() if column == _IMAGE else Value(column)


def sharegpt_features() -> "datasets.Features":
    """The features of the ShareGPT view: turns as strings, images as bytes that no reader decodes on the way.

    >>> list(sharegpt_features())
    ['conversations', 'images']
    """
    from datasets import Features, List, Value

    return Features(
        {
            "conversations": List({"from": Value("string"), "value": Value("string")}),
            "images": List({"bytes": Value("binary"), "path": Value("string")}),
        }
    )


@cache
def stored_schema() -> Any:
    """The Arrow schema of a shard, whose metadata tell an image for an image in words that every `datasets` knows.

    >>> "List" in str(stored_schema().metadata[b"huggingface"])
    False
    """
    import pyarrow as pa

    said = {"info": {"features": _old_feature(_COLUMNS)}}
    fields = [pa.field(name, _arrow_type(column)) for name, column in _COLUMNS.items()]
    return pa.schema(fields, metadata={b"huggingface": json.dumps(said).encode()})


def _arrow_type(column: Any) -> Any:
    import pyarrow as pa

    if isinstance(column, dict):
        return pa.struct({name: _arrow_type(inner) for name, inner in column.items()})
    if isinstance(column, list):
        return pa.list_(_arrow_type(column[0]))
    return _arrow_type({"bytes": "binary", "path": "string"}) if column == _IMAGE else pa.type_for_alias(column)


def _old_feature(column: Any) -> Any:
    """As `datasets` wrote it before 4: a list is `[...]`."""
    if isinstance(column, dict):
        return {name: _old_feature(inner) for name, inner in column.items()}
    if isinstance(column, list):
        return [_old_feature(column[0])]
    return {"_type": "Image"} if column == _IMAGE else {"dtype": column, "_type": "Value"}


def with_old_features(schema: Any) -> Any:
    """An Arrow schema whose `datasets` features say a list as `[...]`, as before `datasets` 4.

    Versions before 4 stop at the newer form ("Feature type 'List' not found"), and trainers pin them; the older form
    is read by all versions, and as the same features. Measured with 3.5.0, 4.0.0 and 5.2.0.
    """
    said = (schema.metadata or {}).get(b"huggingface")
    if said is None:
        return schema
    metadata = {**schema.metadata, b"huggingface": json.dumps(_old_lists(json.loads(said))).encode()}
    return schema.with_metadata(metadata)


def _old_lists(said: Any) -> Any:
    if isinstance(said, dict):
        if said.get("_type") == "List" and said.get("length", -1) == -1:
            return [_old_lists(said["feature"])]
        return {key: _old_lists(value) for key, value in said.items()}
    return [_old_lists(one) for one in said] if isinstance(said, list) else said
