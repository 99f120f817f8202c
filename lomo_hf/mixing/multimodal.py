"""Rows that come with pictures of their own, in the columns of a LoMo row: one dialect, pictures as bytes.

Trainers drop or break on what such corpora hold: turns in four dialects within one repository, placeholders that are
missing or too many, pictures that cannot be opened. Here each is mended in one stated way, or refused by name:

* no placeholder at all: `<image>` and a line break before the first prompt, one for each picture, as LLaVA does;
* placeholders in an answer or a system turn, or another number of them than of pictures: "placeholder-count";
* a picture that is a path, or bytes that no decoder knows: "image-path", "image-bytes"; none at all: "no-picture".
"""

from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

from lomo_hf.corpus import Conversation, Refusal, Turn, screen, to_conversation
from lomo_hf.corpus.known_columns import MEDIA_COLUMNS
from lomo_hf.corpus.splits import id_prefix
from lomo_hf.row import IMAGE_PLACEHOLDER, ImageBytes, OwnImagesRow
from lomo_hf.substitution import row_with_own_images

__all__ = ["to_multimodal_row"]


def to_multimodal_row(
    row: Mapping[str, object],
    *,
    config: str,
    source_id: str,
    repo: str | None = None,
    revision: str | None = None,
    license: str | None = None,
) -> OwnImagesRow | Refusal:
    """A row with pictures, in the columns of `lomo_hf.row_columns`; `lomo` is null and `rewritten` false.

    Args:
        row: As it is stored: pictures as bytes, turns in any dialect that the corpus reads.
        config: Of the corpus; begins the row's id.
        source_id: The row's id there.
        repo, revision: Where on the Hub it comes from.
        license: What the corpus declares for rows that declare none.

    Returns:
        The row, or a refusal with its reason.

    Example:
        >>> row = {"image": {"bytes": b"not a picture", "path": None}, "conversations": [
        ...     {"from": "human", "value": "What?"}, {"from": "gpt", "value": "That."}]}
        >>> to_multimodal_row(row, config="vqa", source_id="1").reason
        'image-bytes'
    """
    name = f"{id_prefix(config)}/{source_id}"
    pictures = _pictures(row)
    if not pictures:
        return Refusal(name, "no-picture", "The row holds no picture; take it as text instead.")
    for picture in pictures:
        problem = _problem(picture)
        if problem:
            return Refusal(name, problem, "A picture of the row cannot be opened from the bytes in it.")
    text_row = {key: _plain_turns(value) for key, value in row.items() if key not in MEDIA_COLUMNS}
    read = to_conversation(
        text_row, config=config, index=0, repo=repo, revision=revision, source_id=source_id, license=license
    )
    if isinstance(read, Refusal):
        return read
    placed = _placed(read, len(pictures))
    if isinstance(placed, Refusal):
        return placed
    between = {
        index: placed.turns[index].text.split(IMAGE_PLACEHOLDER)
        for index in placed.user_turns
        if IMAGE_PLACEHOLDER in placed.turns[index].text
    }
    images: list[ImageBytes] = [{"bytes": picture["bytes"], "path": None} for picture in pictures]
    return row_with_own_images(placed, between, images)


def _pictures(row: Mapping[str, Any]) -> list[Any]:
    for column in ("images", "image"):
        value = row.get(column)
        if value is not None:
            listed = value if isinstance(value, list) else [value]
            return [
                {"bytes": picture} if isinstance(picture, bytes) else picture
                for picture in listed
                if picture is not None
            ]
    return []


def _problem(picture: object) -> str | None:
    """Why a picture cannot be taken. Reads its header only."""
    from PIL import Image, UnidentifiedImageError

    if not isinstance(picture, Mapping) or not picture.get("bytes"):
        return "image-path"
    try:
        with Image.open(BytesIO(picture["bytes"])) as opened:
            return None if min(opened.size) > 0 else "image-bytes"
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return "image-bytes"


def _plain_turns(value: object) -> object:
    """Turns whose content is a list of parts, with each picture among them as its placeholder."""
    if not isinstance(value, list):
        return value
    return [
        {key: _plain_parts(inner) for key, inner in turn.items()} if isinstance(turn, Mapping) else turn
        for turn in value
    ]


def _plain_parts(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [
        {"type": "text", "text": IMAGE_PLACEHOLDER}
        if isinstance(part, Mapping) and part.get("type") in ("image", "image_url")
        else part
        for part in value
    ]


def _placed(conversation: Conversation, pictures: int) -> Conversation | Refusal:
    """The conversation with as many placeholders as pictures, all in user turns, and nothing else that is one."""
    counts = [turn.text.count(IMAGE_PLACEHOLDER) for turn in conversation.turns]
    if not any(counts):
        first = conversation.user_turns[0]
        turns = list(conversation.turns)
        turns[first] = Turn("user", f"{IMAGE_PLACEHOLDER}\n" * pictures + turns[first].text)
        placed = replace(conversation, turns=tuple(turns), repairs=(*conversation.repairs, "added-placeholder"))
    elif sum(counts[index] for index in conversation.user_turns) == sum(counts) == pictures:
        placed = conversation
    else:
        detail = f"{sum(counts)} placeholders for {pictures} pictures, or some outside of the prompts."
        return Refusal(conversation.id, "placeholder-count", detail)
    # What is left once the placeholders are taken out must hold none in another spelling, and no control token.
    bare = tuple(Turn(turn.role, turn.text.replace(IMAGE_PLACEHOLDER, ".")) for turn in placed.turns)
    screened = screen(replace(placed, turns=bare), "drop")
    return screened if isinstance(screened, Refusal) else placed
