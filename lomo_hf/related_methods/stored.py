"""What related methods read of a stored row: the exchange around its rewritten turn, as plain texts."""

from collections.abc import Mapping
from dataclasses import dataclass

from lomo_hf.errors import RecipeError
from lomo_hf.row import IMAGE_PLACEHOLDER, Message, Row

__all__ = ["Exchange", "exchange_of", "image_bytes"]


@dataclass(frozen=True)
class Exchange:
    """A rewritten row, up to the answer to its rewritten turn.

    Args:
        before: The turns before it as (role, text).
        full: The prompt as it was.
        rewritten: The prompt with `<image>` where each page stands.
        spans: The texts on the pages, in order.
        images: The pages as PNG bytes, in order.
        answer: The assistant's turn that follows.

    Source:
        Yao et al., arXiv 2510.22836, for the two conditions that are made of it.

    Example:
        >>> Exchange((), "What is 2 + 2?", "<image>", ("What is 2 + 2?",), (b"...",), "4").spans
        ('What is 2 + 2?',)
    """

    before: tuple[tuple[str, str], ...]
    full: str
    rewritten: str
    spans: tuple[str, ...]
    images: tuple[bytes, ...]
    answer: str


def exchange_of(row: Row) -> Exchange | None:
    """The exchange of a stored row.

    Args:
        row: A row as it was made, or as `datasets` gives it with images undecoded.

    Returns:
        The exchange; None where the row stayed text.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836, for the two conditions that are made of it.

    Example:
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> conversation = next(open_corpus().conversations(0, 1))
        >>> exchange = exchange_of(substitute_row(conversation, Recipe("all", ratio=1.0)))
        >>> exchange.full == conversation.turns[0].text
        True
    """
    if not row["rewritten"]:
        return None
    turn = row["lomo"]["turn"]
    texts = [_text(message) for message in row["messages"]]
    spans = [span["text"] for span in row["lomo"]["spans"]]
    waiting = iter(spans)
    full = "".join(
        next(waiting) if part["type"] == "image" else part["text"] or "" for part in row["messages"][turn]["content"]
    )
    before = tuple((message["role"], text) for message, text in zip(row["messages"][:turn], texts, strict=False))
    return Exchange(before, full, texts[turn], tuple(spans), tuple(image_bytes(row)), texts[turn + 1])


def image_bytes(row: Row) -> list[bytes]:
    """The pages of a row as bytes, whether it was just made or comes from `datasets` undecoded.

    Raises:
        RecipeError: The pages are decoded, and so no longer have their bytes.
    """
    images = row["images"] or ()
    if not all(isinstance(image, Mapping) and isinstance(image.get("bytes"), bytes) for image in images):
        raise RecipeError(
            "images must be undecoded, so that pages keep their bytes. "
            'Give rows of dataset.cast_column("images", List(Image(decode=False))).'
        )
    return [image["bytes"] for image in images]


def _text(message: Message) -> str:
    return "".join(IMAGE_PLACEHOLDER if part["type"] == "image" else part["text"] or "" for part in message["content"])
