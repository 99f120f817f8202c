"""A row: what it is made of, and its turns in the two forms that consumers read; `row_columns` says how it is stored.

Facts behind each choice: a content part holds `type` and `text` only, because chat templates take any part with an
`image` key for a picture; `images` of rows without a page: see `images_of_text_row`; `messages` suits TRL and Axolotl,
`conversations` LLaMA-Factory and ms-swift. What a row holds does not depend on the recipe's name or ratio.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, TypedDict

__all__ = [
    "IMAGE_PLACEHOLDER",
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
    "images_of_text_row",
]

IMAGE_PLACEHOLDER = "<image>"


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
