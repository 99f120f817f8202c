"""T(x): the span of one turn becomes a page, the answer stays. One conversation in, one stored row out; pure.

Spans, rendering and distortion are composed here and nowhere else, so the builder, `datasets.map` and the transform
give the same rows.
"""

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lomo_hf.corpus import Conversation, Refusal, screen
from lomo_hf.distortion import Distortion, check_settings, distort, draw_distortion
from lomo_hf.errors import RenderError, TooLargeError
from lomo_hf.randomness import stream
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.rendering import Page, render_span
from lomo_hf.rendering.png import to_png
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.selection import check_choosing, draw_of
from lomo_hf.selection.turns import check_turn
from lomo_hf.spans import Localization, check_position, narrow, select_spans

__all__ = ["Effort", "Row", "Substituter", "check_recipe", "keep_as_text", "stored_row", "substitute_row"]

Row = dict[str, Any]

_MAX_NARROWINGS = 8
_FROM = {"system": "system", "user": "human", "assistant": "gpt"}


def check_recipe(recipe: Recipe) -> Recipe:
    """The recipe, if every name in it exists.

    Raises:
        RecipeError: A position, turn policy, strategy or distortion has no such name, or a range is not allowed.

    >>> check_recipe(Recipe("mine", position="centre"))
    Traceback (most recent call last):
    lomo_hf.errors.RecipeError: position must be one of middle, prefix, suffix, ...; found 'centre'.
    """
    check_position(recipe.position)
    check_turn(recipe.turn)
    check_choosing(recipe.choosing)
    check_settings(recipe.distortion)
    return recipe


def substitute_row(conversation: Conversation, recipe: Recipe, place: float | None = None) -> Row | Refusal:
    """T(x) for one conversation (paper, section 3, algorithm 1): the row, in the columns of `lomo_hf.row`.

    A row whose text holds a placeholder or special token is refused as the recipe says; a row that is not drawn, or
    whose span cannot be rendered, is kept as text. `place`, from 0 to 1, is the row's own in its corpus; only recipes
    that rise over the corpus ask for it.

    >>> from lomo_hf.corpus import open_corpus
    >>> conversation = next(open_corpus(None).conversations(0, 1))
    >>> row = substitute_row(conversation, Recipe("all", ratio=1.0))
    >>> row["rewritten"], len(row["images"]), row["images"][0]["bytes"][:4]
    (True, 1, b'\\x89PNG')
    """
    return Substituter([recipe]).rows(conversation, place)[0]


def keep_as_text(conversation: Conversation, recipe: Recipe, reason: str, place: float | None = None) -> Row | Refusal:
    """The row that is stored where its span cannot be rendered for a reason that only the caller knows.

    A row that the recipe does not draw, or refuses, is as `substitute_row` makes it.

    >>> from lomo_hf.corpus import open_corpus
    >>> conversation = next(open_corpus(None).conversations(0, 1))
    >>> row = keep_as_text(conversation, Recipe("all", ratio=1.0), "time")
    >>> row["rewritten"], row["lomo"]["reason"]
    (False, 'time')
    """
    screened = screen(conversation, recipe.placeholders)
    if isinstance(screened, Refusal):
        return screened
    draw = draw_of(screened, recipe, place)
    return _kept(screened, draw, reason if draw < recipe.ratio else None)


@dataclass(frozen=True)
class Substituter:
    """T(x) for several recipes at once; what they have in common is rendered once.

    Raises:
        RecipeError: A recipe names what does not exist, or ranks rows by what was not measured.
    """

    recipes: Sequence[Recipe]

    def __post_init__(self) -> None:
        for recipe in self.recipes:
            check_choosing(check_recipe(recipe).choosing, ready=True)

    def rows(self, conversation: Conversation, place: float | None = None) -> list[Row | Refusal]:
        """One row or refusal for each recipe, in their order. `place`: as for `substitute_row`."""
        return self.rows_and_effort(conversation, place)[0]

    def rows_and_effort(
        self, conversation: Conversation, place: float | None = None
    ) -> tuple[list[Row | Refusal], "Effort"]:
        """As `rows`, and how much was done for them, for those who plan."""
        memo = _Memo(place)
        rows = [self._row(conversation, recipe, memo) for recipe in self.recipes]
        kinds = [key[0] for key in memo.known if isinstance(key, tuple)]
        return rows, Effort(kinds.count("page"), kinds.count("pictures"))

    def _row(self, conversation: Conversation, recipe: Recipe, memo: "_Memo") -> Row | Refusal:
        screened = memo.once(("screen", recipe.placeholders), lambda: screen(conversation, recipe.placeholders))
        if isinstance(screened, Refusal):
            return screened
        key = ("draw", recipe.choosing, recipe.turn, recipe.seed, recipe.placeholders)
        draw = memo.once(key, lambda: draw_of(screened, recipe, memo.place))
        if draw >= recipe.ratio:
            return _kept(screened, draw, None)
        try:
            made = memo.once(("rewrite", recipe.page_digest), lambda: _rewrite(screened, recipe, memo))
        except RenderError as error:
            return _kept(screened, draw, error.reason)
        return _rewritten(screened, draw, made)


@dataclass(frozen=True)
class Effort:
    """What was done for one row in all recipes: pages typeset, and rewrites distorted and encoded."""

    typeset: int
    distorted: int


@dataclass(frozen=True)
class _Memo:
    """What has been computed for one conversation, for the recipes that come after."""

    place: float | None = None
    known: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, compute: Any) -> Any:
        if key not in self.known:
            try:
                self.known[key] = compute()
            except RenderError as error:
                self.known[key] = error
        if isinstance(self.known[key], RenderError):
            raise self.known[key]
        return self.known[key]


@dataclass(frozen=True)
class _Rewrite:
    turn: int
    found: Localization
    pages: Sequence[Page]
    distortion: Distortion
    images: Sequence[bytes]
    sizes: Sequence[tuple[int, int]]


def _rewrite(conversation: Conversation, recipe: Recipe, memo: _Memo) -> _Rewrite:
    turn = check_turn(recipe.turn)(conversation, recipe.seed)
    prompt = conversation.turns[turn].text
    if len(prompt) > recipe.caps.max_prompt_chars:
        raise RenderError("prompt-too-long", f"the prompt has {len(prompt)} characters.")
    found, pages = _pages(prompt, conversation.answer_of(turn).text, recipe, memo)
    drawn = draw_distortion(recipe.distortion, stream(recipe.seed, conversation.id, "distortion"), memo.place)
    key = ("pictures", prompt, *((s.start, s.end) for s in found.spans), recipe.style, recipe.caps, drawn.to_json())
    images, sizes, applied = memo.once(key, lambda: _pictures(pages, drawn, recipe.caps.max_pixels))
    return _Rewrite(turn, found, pages, applied, images, sizes)


def _pages(prompt: str, answer: str, recipe: Recipe, memo: _Memo) -> tuple[Localization, list[Page]]:
    """S and R: the spans and their pages; a span whose page is too large is cut on block borders until it fits."""
    found = select_spans(prompt, recipe.position, answer=answer)
    pages: list[Page] = []
    for index in range(len(found.spans)):
        for _ in range(_MAX_NARROWINGS):
            span = found.spans[index]
            key = ("page", span.start, span.end, prompt, recipe.style, recipe.caps)
            try:
                pages.append(memo.once(key, lambda span=span: render_span(prompt, span, recipe.style, recipe.caps)))
                break
            except TooLargeError as error:
                cut = narrow(found, index, error.max_chars)
                if cut is None:
                    raise
                found = cut
        else:
            raise RenderError("too-large", "the span could not be cut to fit a page.")
    return found, pages


def _pictures(
    pages: Sequence[Page], drawn: Distortion, max_pixels: int
) -> tuple[list[bytes], list[tuple[int, int]], Distortion]:
    pixels, applied = _distorted([page.pixels for page in pages], drawn, max_pixels)
    return [to_png(page) for page in pixels], [(page.shape[1], page.shape[0]) for page in pixels], applied


def _distorted(
    pages: Sequence[NDArray[np.uint8]], drawn: Distortion, max_pixels: int
) -> tuple[list[NDArray[np.uint8]], Distortion]:
    """One operation a sample (algorithm 1): every page of a row takes the same, so that the record is true of all."""
    results = [distort(page, drawn, max_pixels=max_pixels) for page in pages]
    applied = min((one for _, one in results), key=lambda one: abs(_number(one.params.get("degrees", 0))))
    if any(one != applied for _, one in results):
        results = [distort(page, applied, max_pixels=max_pixels) for page in pages]
    return [page for page, _ in results], applied


def _number(value: Any) -> float:
    return float(value)


# -- rows ------------------------------------------------------------------------------------------------------------


def _kept(conversation: Conversation, draw: float, reason: str | None) -> Row:
    nothing = dict.fromkeys(("turn", "position", "spans", "renderer", "distortion", "width", "height", "prompt_chars"))
    lomo = {"draw": draw, **nothing, "reason": reason, "repairs": list(conversation.repairs)}
    return stored_row(conversation, {}, None, lomo)


def _rewritten(conversation: Conversation, draw: float, made: _Rewrite) -> Row:
    prompt, spans = made.found.prompt, made.found.spans
    width, height = max(made.sizes, key=lambda size: size[0] * size[1])
    renderers = [page.renderer for page in made.pages]
    lomo = {
        "draw": draw,
        "turn": made.turn,
        "position": made.found.position,
        "spans": [
            {"start": span.start, "end": span.end, "text": prompt[span.start : span.end], "width": w, "height": h}
            for span, (w, h) in zip(spans, made.sizes, strict=True)
        ],
        "renderer": next((name for name in ("fallback", "latex") if name in renderers), "text"),
        "reason": next((page.reason for page in made.pages if page.reason), None),
        "distortion": {"op": made.distortion.op, "params": _params_json(made.distortion)},
        "width": width,
        "height": height,
        "prompt_chars": len(prompt),
        "repairs": list(conversation.repairs),
    }
    images = [{"bytes": image, "path": None} for image in made.images]
    return stored_row(conversation, {made.turn: made.found.texts()}, images, lomo)


def stored_row(
    conversation: Conversation,
    substituted: Mapping[int, Sequence[str]],
    images: list[dict[str, bytes | None]] | None,
    lomo: dict[str, Any] | None,
) -> Row:
    """The columns of `lomo_hf.row`. `substituted` gives, for turns with images, the texts between them.

    `lomo` is None for a row that came with images of its own.
    """
    turns = [(turn.role, substituted.get(index, (turn.text,))) for index, turn in enumerate(conversation.turns)]
    origin = conversation.origin
    return {
        "id": conversation.id,
        "messages": [{"role": role, "content": _parts(texts)} for role, texts in turns],
        "conversations": [{"from": _FROM[role], "value": IMAGE_PLACEHOLDER.join(texts)} for role, texts in turns],
        "images": images,
        "rewritten": images is not None and lomo is not None,
        "lomo": lomo,
        "source_repo": origin.repo,
        "source_config": origin.config,
        "source_id": origin.id,
        "source_revision": origin.revision,
        "source_data_source": origin.data_source,
        "source_license": origin.license,
    }


def _parts(texts: Sequence[str]) -> list[dict[str, str | None]]:
    """Text, image, text: the kept texts with a page between each two; an empty text is no part."""
    parts: list[dict[str, str | None]] = []
    for index, text in enumerate(texts):
        if index:
            parts.append({"type": "image", "text": None})
        if text:
            parts.append({"type": "text", "text": text})
    return parts


def _params_json(distortion: Distortion) -> str:
    return json.dumps(dict(distortion.params), sort_keys=True, separators=(",", ":"))
