"""What the demo shows, as HTML, JSON and YAML: pure functions of what was made. Every text in them is escaped.

Pages stand in the HTML as their own PNG bytes, so what is seen is what is stored, and the server keeps no files.
"""

import base64
import json
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from typing import Final

import yaml

from lomo_hf.demo.making import Made
from lomo_hf.image_tokens import QWEN2_5_VL, QWEN3_VL, image_tokens
from lomo_hf.recipes import Recipe
from lomo_hf.rendering.png import read_png_header
from lomo_hf.row import IMAGE_PLACEHOLDER, Row
from lomo_hf.spans import POSITION_WORDS

__all__ = ["error_html", "recipe_yaml", "row_json", "stages_html", "trainer_html", "well_formed"]

_OPERATION_WORDS: Final = {
    "localize": "Localize S(x)",
    "render": "Render R",
    "distort": "Distort A",
    "encode": "Encode as PNG",
}


def well_formed(text: str) -> str:
    """A text that can be sent as UTF-8: a lone surrogate becomes its escape, as do NUL and its kin.

    >>> well_formed("a\\x00b")
    'a\\\\x00b'
    """
    whole = text.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter >= " " or letter in "\n\t\r" else repr(letter)[1:-1] for letter in whole)


def error_html(message: str) -> str:
    """One sentence that says what is wrong.

    >>> error_html("prompt must not be <empty>.")
    '<div class="lomo-error" role="alert">prompt must not be &lt;empty&gt;.</div>'
    """
    return f'<div class="lomo-error" role="alert">{_text(message)}</div>'


def stages_html(result: Made) -> str:
    """The prompt with its span marked, then each stage with its time and what came of it.

    Args:
        result: The row and its stages.

    Returns:
        HTML without scripts, links or anything to load.

    Example:
        >>> from lomo_hf.demo.making import Choices, RowMaker, make
        >>> with RowMaker() as maker:
        ...     page = stages_html(make(Choices("What is 2 + 3?", "5"), maker))
        >>> "Renderer: <b>text</b>" in page
        True
    """
    times = {stage.name: stage.milliseconds for stage in result.stages}
    cards = [_card(_OPERATION_WORDS["localize"], times.get("localize"), _located(result))]
    if result.row["rewritten"]:
        lomo = result.row["lomo"]
        reason = f" ({_text(lomo['reason'])})" if lomo["reason"] else ""
        rendered = f"<p>Renderer: <b>{_text(lomo['renderer'])}</b>{reason}</p>{_pictures(result.clean, 'clean page')}"
        params = json.loads(lomo["distortion"]["params"])
        drawn = ", ".join(f"{_text(str(name))} {_text(str(value))}" for name, value in params.items())
        distorted = f"<p><b>{_text(lomo['distortion']['op'])}</b>{': ' + drawn if drawn else ''}</p>"
        cards.append(_card(_OPERATION_WORDS["render"], times.get("render"), rendered))
        cards.append(
            _card(_OPERATION_WORDS["distort"], times.get("distort"), distorted + _pictures(result.pages, "page"))
        )
        sizes = ", ".join(f"{len(page):,} bytes" for page in result.pages)
        cards.append(_card(_OPERATION_WORDS["encode"], times.get("encode"), f"<p>{sizes}</p>"))
    return f'<div class="lomo-stages">{"".join(cards)}{_verdict(result)}</div>'


def trainer_html(result: Made) -> str:
    """The turns as a chat template puts them: text and pictures in their order, and what the pictures cost.

    Args:
        result: The row.

    Returns:
        HTML, as `stages_html`.

    Example:
        >>> from lomo_hf.demo.making import Choices, RowMaker, make
        >>> with RowMaker() as maker:
        ...     page = trainer_html(make(Choices("What is 2 + 3?", "5"), maker))
        >>> page.count("<img")
        1
    """
    turns = []
    pages = iter(result.pages)
    for message in result.row["messages"]:
        parts = "".join(
            _picture(next(pages), "page") if part["type"] == "image" else f"<span>{_text(part['text'] or '')}</span>"
            for part in message["content"]
        )
        turns.append(f'<div class="lomo-turn"><b>{_text(message["role"])}</b><div dir="auto">{parts}</div></div>')
    spoken = "\n".join(f"{turn['from']}: {turn['value']}" for turn in result.row["conversations"])
    return (
        f'<div class="lomo-trainer">{"".join(turns)}{_costs(result.pages)}'
        f"<details><summary>As <code>conversations</code>, with <code>{_text(IMAGE_PLACEHOLDER)}</code></summary>"
        f"<pre>{_text(spoken)}</pre></details></div>"
    )


def row_json(row: Row) -> str:
    """The row as it is stored, indented; of a page only its size and hash, since its bytes are seen elsewhere.

    Args:
        row: Any row.

    Returns:
        JSON.

    Example:
        >>> print(row_json({"id": "demo/1", "rewritten": False}))
        {
          "id": "demo/1",
          "rewritten": false
        }
    """

    def plain(value: object) -> object:
        if isinstance(value, bytes):
            return f"<PNG, {len(value):,} bytes, sha256 {sha256(value).hexdigest()}>"
        raise TypeError(type(value).__name__)

    return well_formed(json.dumps(row, indent=2, ensure_ascii=False, default=plain))


def recipe_yaml(recipe: Recipe) -> str:
    """A recipe as a file that `lomo build --recipe` takes, on any machine: without the versions of this one.

    Args:
        recipe: Any.

    Returns:
        YAML.

    Example:
        >>> print(recipe_yaml(Recipe("mine"))[:31])
        # lomo build --recipe mine.yaml
    """
    values = {key: value for key, value in recipe.to_dict().items() if key != "engines"}
    head = f"# lomo build --recipe {recipe.name}.yaml\n"
    versions = ", ".join(f"{name} {recipe.engines[name]}" for name in ("lomo-hf", "typst") if name in recipe.engines)
    note = f"# Pages to the pixel take the same versions as here: {versions}, and the rest of `lomo recipes --show`.\n"
    return head + note + yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


# ---- parts ----------------------------------------------------------------------------------------------------------


# Gradio's HTML component fills templates in the browser: what begins one there must not come from a prompt.
_NO_TEMPLATE: Final = str.maketrans({"$": "&#36;", "{": "&#123;", "}": "&#125;", "`": "&#96;", "@": "&#64;"})


def _text(text: str) -> str:
    return escape(well_formed(text)).translate(_NO_TEMPLATE)


def _card(title: str, milliseconds: float | None, body: str) -> str:
    time = "" if milliseconds is None else f' <span class="lomo-time">{milliseconds:.1f} ms</span>'
    return f'<section class="lomo-card"><h4>{title}{time}</h4>{body}</section>'


def _located(result: Made) -> str:
    pieces, at = [], 0
    for number, (start, end) in enumerate(result.spans, 1):
        pieces.append(_text(result.prompt[at:start]))
        pieces.append(f'<mark title="span {number}">{_text(result.prompt[start:end])}</mark>')
        at = end
    pieces.append(_text(result.prompt[at:]))
    where = POSITION_WORDS[result.recipe.position]
    if result.spans == ((0, len(result.prompt)),):
        where = "the whole prompt"  # a short one, whatever the position
    share = sum(end - start for start, end in result.spans) / len(result.prompt)
    return (
        f"<p>{_text(where)}; {share:.0%} of {len(result.prompt):,} characters</p>"
        f'<div class="lomo-prompt" dir="auto">{"".join(pieces)}</div>'
    )


def _pictures(pages: Iterable[bytes], what: str) -> str:
    return "".join(f'<div class="lomo-page">{_picture(page, what)}</div>' for page in pages)


def _picture(png: bytes, what: str) -> str:
    header = read_png_header(png)
    data = base64.b64encode(png).decode()
    size = f'width="{header.width}" height="{header.height}"'
    return f'<img {size} alt="{what}, {header.width} x {header.height} px" src="data:image/png;base64,{data}">'


def _verdict(result: Made) -> str:
    """What becomes of this row in a build, and why where it stays text."""
    lomo = result.row["lomo"]
    if not result.row["rewritten"]:
        return f'<p class="lomo-verdict">Stays text: <b>{_text(lomo["reason"] or "")}</b>.</p>'
    draw, ratio = lomo["draw"], result.recipe.ratio
    fate = "rewritten" if result.drawn else "left as text; the page is what a higher ratio would make"
    return f'<p class="lomo-verdict">Draw {draw:.3f}, ratio {ratio:g}: in a build this row is <b>{fate}</b>.</p>'


def _costs(pages: Iterable[bytes]) -> str:
    headers = [read_png_header(page) for page in pages]
    if not headers:
        return ""
    costs = [
        f"{name}: {sum(image_tokens(header.width, header.height, processor) for header in headers):,}"
        for name, processor in (("Qwen2.5-VL", QWEN2_5_VL), ("Qwen3-VL", QWEN3_VL))
    ]
    return f"<p>Image tokens, by each model's own resizing: {'; '.join(costs)}.</p>"
