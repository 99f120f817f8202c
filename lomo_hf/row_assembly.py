"""A conversation's turns, origin and extra columns in the columns of a stored row, whether it is rewritten or not."""

from collections.abc import Mapping, Sequence
from typing import cast

from lomo_hf.corpus import Conversation
from lomo_hf.row import (
    IMAGE_PLACEHOLDER,
    SHAREGPT_ROLES,
    ExtraColumns,
    Message,
    Part,
    ShareGptTurn,
    SourceColumns,
    TurnColumns,
)

__all__ = ["extra_columns", "source_columns", "turn_columns"]


def turn_columns(conversation: Conversation, substituted: Mapping[int, Sequence[str]]) -> TurnColumns:
    """What is said in a row, in both views.

    Args:
        conversation: The turns.
        substituted: For each turn with images, by its index, the texts before, between and after them.

    Example:
        >>> from lomo_hf.corpus import to_conversation
        >>> row = to_conversation({"prompt": "Why so?", "answer": "So."}, config="demo", index=0)
        >>> turn_columns(row, {0: ("Why ", "")})["conversations"][0]["value"]
        'Why <image>'
    """
    texts = [substituted.get(index, (turn.text,)) for index, turn in enumerate(conversation.turns)]
    pairs = list(zip(conversation.turns, texts, strict=True))
    messages: list[Message] = [{"role": turn.role, "content": _parts(parts)} for turn, parts in pairs]
    conversations: list[ShareGptTurn] = [
        {"from": SHAREGPT_ROLES[turn.role], "value": IMAGE_PLACEHOLDER.join(parts)} for turn, parts in pairs
    ]
    return {"id": conversation.id, "messages": messages, "conversations": conversations}


def source_columns(conversation: Conversation) -> SourceColumns:
    """Where a row comes from."""
    origin = conversation.origin
    return {
        "source_repo": origin.repo,
        "source_config": origin.config,
        "source_id": origin.id,
        "source_revision": origin.revision,
        "source_data_source": origin.data_source,
        "source_license": origin.license,
    }


def extra_columns(conversation: Conversation, messages: Sequence[Message]) -> ExtraColumns:
    """What only some corpora have: a preference, as TRL reads it, and columns that were kept."""
    extra: ExtraColumns = {}
    feedback = conversation.feedback
    if feedback:
        prompt, completion = list(messages[: feedback.completion]), list(messages[feedback.completion :])
        if feedback.label is None:
            rejected: list[Message] = [
                {"role": turn.role, "content": _parts([turn.text])} for turn in feedback.rejected
            ]
            extra = {"prompt": prompt, "chosen": completion, "rejected": rejected}
        else:
            extra = {"prompt": prompt, "completion": completion, "label": feedback.label}
    return cast(ExtraColumns, {**extra, **dict(conversation.kept)})


def _parts(texts: Sequence[str]) -> list[Part]:
    """Text, image, text: the kept texts with a page between each two; an empty text is no part."""
    parts: list[Part] = []
    for index, text in enumerate(texts):
        if index:
            parts.append({"type": "image", "text": None})
        if text:
            parts.append({"type": "text", "text": text})
    return parts
