"""An item becomes its pair of rows: with the whole question as text, and with the whole question as one page. Pure.

Order of a prompt, in both: the original images first, then the question (text, or the page that replaces it). The
rows of a pair differ in the carrier of the question alone. The paper renders the entire text question, options
included; `options="text"` leaves options as lines of text after the page.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Final

from lomo_hf.errors import RecipeError, RenderError
from lomo_hf.evaluation.rendered.items import Item
from lomo_hf.evaluation.rendered.options import option_lines
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.rendering.png import to_png
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.spans import scan, select_spans

__all__ = ["OPTIONS", "RowPair", "check_options", "make_pair", "pair_features"]

OPTIONS: Final = ("page", "text")


@dataclass(frozen=True)
class RowPair:
    """The two rows of an item.

    Args:
        standard: The row with the question as text, in the columns of `pair_features`.
        rendered: The row with the question as a page; its `page` says how that was typeset.

    Source:
        LoMo, section 4: rendered evaluation.

    Example:
        >>> RowPair({"id": "1"}, {"id": "1"}).standard["id"]
        '1'
    """

    standard: dict[str, Any]
    rendered: dict[str, Any]


def check_options(options: str) -> str:
    """Where options go, if it is a name of that.

    Raises:
        RecipeError: It is none.
    """
    if options not in OPTIONS:
        raise RecipeError(f"options must be one of {', '.join(OPTIONS)}; found {options!r}.")
    return options


def make_pair(item: Item, style: RenderStyle, caps: Caps, *, options: str = "page") -> RowPair:
    """Render the whole question as one page, without distortion.

    Args:
        item: The question.
        style: How pages are set; the paper's 20 px on 22 px by default.
        caps: The largest page.
        options: "page" puts the options on the page, below the question; "text" leaves them as lines of text after it.

    Returns:
        Both rows.

    Raises:
        RenderError: The question cannot be shown as one page; it then belongs in neither config.
        RecipeError: `options` is neither.

    Source:
        LoMo, section 4: rendered evaluation.

    Example:
        >>> pair = make_pair(Item("1", "Is 7 prime?", "yes"), RenderStyle(), Caps())
        >>> pair.standard["prompt"], pair.rendered["prompt"], len(pair.rendered["images"])
        ('Is 7 prime?', '<image>', 1)
    """
    on_page = check_options(options) == "page"
    words = item.text if on_page else item.question
    if not item.question.strip():
        raise RenderError("blank", "the question has no words.")
    if len(words) > caps.max_prompt_chars:
        raise RenderError("prompt-too-long", f"the question has {len(words)} characters.")
    whole = select_spans(_separated(item) if on_page else words, "full")
    page = render_span(whole.prompt, whole.spans[0], style, caps)
    height, width = page.pixels.shape
    originals = [{"bytes": data, "path": name} for data, name in item.images]
    image = {"bytes": to_png(page.pixels), "path": None}
    setting = {"renderer": page.renderer, "reason": page.reason, "width": width, "height": height}
    after = [] if on_page or not item.options else [item.option_text]
    return RowPair(
        _row(item, originals, [words, *after], "standard", None),
        _row(item, [*originals, image], [None, *after], "rendered", setting),
    )


def _separated(item: Item) -> str:
    """The whole text as it is typeset: no formula reaches from the question into an option, or over two options.

    "How much (in $)?", with "5$" for an option, holds no formula; side by side the two dollars would make one. A blank
    line keeps them apart: dollars are never paired over one.
    """
    pieces = [item.question, *option_lines(item.options, lettered=item.lettered)]
    for between in ("", "\n"):
        words = between.join(pieces)
        borders = list(accumulate(len(piece) + len(between) for piece in pieces))[:-1]
        if not any(atom.start < border < atom.end for atom in scan(words) if atom.is_math for border in borders):
            return words
    raise RenderError("formula-across-options", "a formula would reach over the border between options.")


def _row(
    item: Item, images: list[dict[str, Any]], words: list[str | None], carrier: str, page: dict[str, object] | None
) -> dict[str, object]:
    parts: list[str | None] = [*[None] * len(item.images), *words]
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
        "metadata": item.metadata,
        "page": page,
    }


def pair_features(answer: object) -> Any:
    """The `datasets` features of both configs.

    Args:
        answer: The source's own feature of its answers, so that they stay as they are.

    Returns:
        The `datasets.Features`.

    Example:
        >>> from datasets import Value
        >>> list(pair_features(Value("string")))[:5]
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
            "question": text,  # the words, in both configs: for judges and audits, not for the model
            "options": List(text),
            "answer": answer,
            "category": text,
            "metadata": text,  # JSON: what the benchmark's own metrics and judges read
            "page": {"renderer": text, "reason": text, "width": whole, "height": whole},
        }
    )
