"""The row that is stored: its columns, their types, and its turns in the two forms that consumers read.

Facts behind each choice: a content part holds `type` and `text` only, because chat templates take any part with an
`image` key for a picture; `images` of rows without a page: see `images_of_text_row`; `messages` suits TRL and Axolotl,
`conversations` LLaMA-Factory and ms-swift. What a row holds does not depend on the recipe's name or ratio.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict

if TYPE_CHECKING:
    import datasets
    import pyarrow as pa

__all__ = [
    "EXTRA_COLUMNS",
    "IMAGE_PLACEHOLDER",
    "ROW_COLUMNS",
    "SHAREGPT_ROLES",
    "SHAREGPT_TAGS",
    "DistortionRecord",
    "ExtraColumns",
    "ImageBytes",
    "Lomo",
    "Message",
    "MixedRow",
    "OwnImagesRow",
    "PageLomo",
    "Part",
    "RewrittenRow",
    "Row",
    "ShareGptTurn",
    "SourceColumns",
    "SpanRecord",
    "TextLomo",
    "TextRow",
    "TurnColumns",
    "card_features",
    "extra_columns_of",
    "images_of_text_row",
    "row_features",
    "stored_schema",
    "with_old_features",
]

IMAGE_PLACEHOLDER = "<image>"

# ---- what a row is made of ------------------------------------------------------------------------------------------


class Part(TypedDict):
    """A part of a message's content: a text, or the place of an image, whose `text` is None."""

    type: str
    text: str | None


class Message(TypedDict):
    """A turn as chat templates read it: texts and images in their order."""

    role: str
    content: list[Part]


ShareGptTurn = TypedDict("ShareGptTurn", {"from": str, "value": str})
ShareGptTurn.__doc__ = "The same turn as LLaMA-Factory and ms-swift read it: a text, `<image>` where an image stands."


SHAREGPT_ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
)
"""Role in `messages` -> `from` in `conversations`."""

SHAREGPT_TAGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    }
)
"""What LLaMA-Factory and NeMo must be told of `conversations`, where they are told anything."""


class ImageBytes(TypedDict):
    """An encoded image, as `datasets` stores it."""

    bytes: bytes
    path: str | None


class SpanRecord(TypedDict):
    """A span that became a page: `text` is `prompt[start:end]` in characters, the page's size is in pixels."""

    start: int
    end: int
    text: str
    width: int
    height: int


class DistortionRecord(TypedDict):
    """What was done to the pages: the operation, and its parameters as JSON since each operation has its own."""

    op: str
    params: str


class _Drawn(TypedDict):
    draw: float  # the row's uniform number: it is rewritten where this is below the ratio
    reason: str | None  # why a drawn row stayed text, or why its page fell back to plain text
    repairs: list[str]


class TextLomo(_Drawn):
    """The column `lomo` of a row that stayed text."""

    turn: None
    position: None
    spans: None
    renderer: None
    distortion: None
    width: None
    height: None
    prompt_chars: None


class PageLomo(_Drawn):
    """The column `lomo` of a rewritten row. `width` and `height`, in pixels, are those of the largest page."""

    turn: int  # index into messages
    position: str
    spans: list[SpanRecord]
    renderer: str
    distortion: DistortionRecord
    width: int
    height: int
    prompt_chars: int


Lomo: TypeAlias = TextLomo | PageLomo


class TurnColumns(TypedDict):
    """What a row is called and what is said in it, in both views."""

    id: str
    messages: list[Message]
    conversations: list[ShareGptTurn]


class SourceColumns(TypedDict):
    """Where a row comes from."""

    source_repo: str | None
    source_config: str
    source_id: str
    source_revision: str | None
    source_data_source: str | None
    source_license: str | None


class ExtraColumns(TypedDict, total=False):
    """Columns that a row has only where its corpus holds what they are for; `keep` adds others, of text.

    `prompt` and what follows are what TRL's DPO and KTO trainers read: lists of messages, whose images stand in the
    column `images`. A row without a preference, in a corpus that has some, has null in them.
    """

    prompt: list[Message] | None
    chosen: list[Message] | None
    rejected: list[Message] | None
    completion: list[Message] | None
    label: bool | None
    tools: str | None


class TextRow(TurnColumns, SourceColumns, ExtraColumns):
    """A row that stayed text; `images` is null, or empty (`images_of_text_row`)."""

    images: list[ImageBytes] | None
    rewritten: Literal[False]
    lomo: TextLomo


class RewrittenRow(TurnColumns, SourceColumns, ExtraColumns):
    """A row with a page, or two, in place of its spans."""

    images: list[ImageBytes]
    rewritten: Literal[True]
    lomo: PageLomo


class OwnImagesRow(TurnColumns, SourceColumns):
    """A row of a multimodal corpus, which came with images of its own and was never drawn."""

    images: list[ImageBytes] | None
    rewritten: Literal[False]
    lomo: None


def images_of_text_row(position: str) -> list[ImageBytes] | None:
    """What `images` holds in a row that stayed text.

    Null, which every trainer takes for "none" (Axolotl fails on an empty list). An empty list where the recipe's other
    rows hold a page or two: the Hub's viewer counts the lengths of lists, and its histogram fails on a column whose
    lengths are n and n + 1 and nothing else (`generate_bins` of its `statistics_utils` makes two edges of them), which
    loses the statistics of the whole split. With 0, 1 and 2 there are three. Axolotl reads no row of two pages anyway.

    Args:
        position: The recipe's position of the span.

    Returns:
        None, or an empty list.

    Example:
        >>> images_of_text_row("middle"), images_of_text_row("multi-span")
        (None, [])
    """
    return [] if position == "multi-span" else None


Row: TypeAlias = TextRow | RewrittenRow
"""What T(x) makes of a conversation; `row["rewritten"]` tells the two kinds apart."""

MixedRow: TypeAlias = Row | OwnImagesRow
"""A row of a mixture: one of a LoMo split, or one of a multimodal corpus."""

# ---- how it is stored -----------------------------------------------------------------------------------------------

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
