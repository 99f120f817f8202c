"""An item becomes its twins: the same row with the question as text, and with the question as one page. Pure.

Order of a prompt, in both: the original images first, then the question (text, or the page that replaces it), then
the options as lines of text where the source has them apart. The twins differ in the carrier of the question alone.
"""

from dataclasses import dataclass
from typing import Any

from lomo_hf.errors import RenderError
from lomo_hf.evaluation.rendered.items import Item
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.rendering.png import to_png
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.spans import select_spans

__all__ = ["Twins", "make_twins", "twin_features"]

_LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class Twins:
    """The two rows of an item (columns of `twin_features`), and how its page was typeset."""

    standard: dict[str, Any]
    rendered: dict[str, Any]


def make_twins(item: Item, style: RenderStyle, caps: Caps) -> Twins:
    """Render the whole question as one page, without distortion (paper, section 4: rendered evaluation).

    Raises:
        RenderError: The question cannot be shown as one page; it then belongs in neither twin.

    >>> twins = make_twins(Item("1", "Is 7 prime?", "yes"), RenderStyle(), Caps())
    >>> twins.standard["prompt"], twins.rendered["prompt"], len(twins.rendered["images"])
    ('Is 7 prime?', '<image>', 1)
    """
    if len(item.question) > caps.max_prompt_chars:
        raise RenderError("prompt-too-long", f"the question has {len(item.question)} characters.")
    found = select_spans(item.question, "full")
    page = render_span(found.prompt, found.spans[0], style, caps)
    height, width = page.pixels.shape
    originals = [{"bytes": data, "path": name} for data, name in item.images]
    sheet = {"bytes": to_png(page.pixels), "path": None}
    how = {"renderer": page.renderer, "reason": page.reason, "width": width, "height": height}
    standard = _row(item, originals, [item.question], "standard", None)
    return Twins(standard, _row(item, [*originals, sheet], [None], "rendered", how))


def _row(
    item: Item, images: list[dict[str, Any]], question: list[str | None], carrier: str, page: dict[str, Any] | None
) -> dict[str, Any]:
    options = "".join(f"\n{letter}. {text}" for letter, text in zip(_LETTERS, item.options, strict=False))
    parts: list[str | None] = [None] * len(item.images) + question + ([options] if options else [])
    return {
        "id": item.id,
        "carrier": carrier,
        "prompt": "".join(IMAGE_PLACEHOLDER if part is None else part for part in parts),
        "messages": [
            {
                "role": "user",
                "content": [{"type": "image" if part is None else "text", "text": part} for part in parts],
            }
        ],
        "images": images or None,
        "question": item.question,
        "options": list(item.options) or None,
        "answer": item.answer,
        "category": item.category,
        "page": page,
    }


def twin_features(answer: Any) -> Any:
    """The `datasets` features of both twins; `answer` is the source's own feature, so that answers stay as they are.

    >>> from datasets import Value
    >>> list(twin_features(Value("string")))[:5]
    ['id', 'carrier', 'prompt', 'messages', 'images']
    """
    from datasets import Features, Image, List, Value

    text, whole = Value("string"), Value("int32")
    return Features(
        {
            "id": text,
            "carrier": text,  # "standard" or "rendered"
            "prompt": text,  # what a model is given: <image> where an image stands
            "messages": List({"role": text, "content": List({"type": text, "text": text})}),
            "images": List(Image()),
            "question": text,  # the words, in both twins: for judges and audits, not for the model
            "options": List(text),
            "answer": answer,
            "category": text,
            "page": {"renderer": text, "reason": text, "width": whole, "height": whole},
        }
    )
