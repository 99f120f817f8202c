"""T(x): the span of one turn becomes a page, the answer stays. One conversation in, one stored row out; pure.

Spans, rendering and distortion are composed here and nowhere else, so the builder, `datasets.map` and the transform
give the same rows.
"""

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Self, TypeVar, cast

from lomo_hf.corpus import Conversation, Refusal, screen
from lomo_hf.distortion import Distortion, distort_pages
from lomo_hf.distortion.applying import to_pngs
from lomo_hf.errors import RenderError, TooLargeError
from lomo_hf.prepared_recipe import PreparedRecipe, check_recipe
from lomo_hf.randomness import stream
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.rendering import Page, render_span
from lomo_hf.row import (
    IMAGE_PLACEHOLDER,
    SHAREGPT_ROLES,
    ExtraColumns,
    ImageBytes,
    Message,
    OwnImagesRow,
    PageLomo,
    Part,
    RewrittenRow,
    Row,
    ShareGptTurn,
    SourceColumns,
    SpanRecord,
    TextLomo,
    TextRow,
    TurnColumns,
    images_of_text_row,
)
from lomo_hf.spans import Localization, narrow

__all__ = ["Effort", "Substituter", "check_recipe", "keep_as_text", "row_with_own_images", "substitute_row"]

_MAX_NARROWINGS: Final = 8

_T = TypeVar("_T")


def substitute_row(conversation: Conversation, recipe: Recipe, corpus_place: float | None = None) -> Row | Refusal:
    """T(x) for one conversation: the row, in the columns of `lomo_hf.row_columns`.

    A row whose text holds a placeholder or special token is refused as the recipe says; a row that is not drawn, or
    whose span cannot be rendered, is kept as text. For many rows, `Substituter` resolves the recipe's names once.

    Args:
        conversation: The row of text.
        recipe: Everything that decides what becomes of it.
        corpus_place: The row's own place in its corpus, from 0 to 1; only recipes of a curriculum ask for it.

    Returns:
        The row, or the refusal that says why there is none.

    Raises:
        RecipeError: The recipe names what does not exist, or needs percentiles or a place that are not known.

    Source: section 3, algorithm 1.

    >>> from lomo_hf.corpus import open_corpus
    >>> conversation = next(open_corpus(None).conversations(0, 1))
    >>> row = substitute_row(conversation, Recipe("all", ratio=1.0))
    >>> row["rewritten"], len(row["images"]), row["images"][0]["bytes"][:4]
    (True, 1, b'\\x89PNG')
    """
    return Substituter([recipe]).rows(conversation, corpus_place)[0]


def keep_as_text(
    conversation: Conversation, recipe: Recipe, reason: str, corpus_place: float | None = None
) -> Row | Refusal:
    """The row that is stored where its span cannot be rendered for a reason that only the caller knows.

    A row that the recipe does not draw, or refuses, is as `substitute_row` makes it.

    Args:
        conversation: The row of text.
        recipe: The recipe in which it is kept.
        reason: What `lomo.reason` says of it; short and countable.
        corpus_place: As for `substitute_row`.

    Returns:
        The row as text, or its refusal.

    Raises:
        RecipeError: As `substitute_row`.

    >>> from lomo_hf.corpus import open_corpus
    >>> conversation = next(open_corpus(None).conversations(0, 1))
    >>> row = keep_as_text(conversation, Recipe("all", ratio=1.0), "time")
    >>> row["rewritten"], row["lomo"]["reason"]
    (False, 'time')
    """
    screened = screen(conversation, recipe.placeholders)
    if isinstance(screened, Refusal):
        return screened
    draw = PreparedRecipe.of(recipe).selector.draw(screened, corpus_place)
    return _text_row(screened, draw, reason if draw < recipe.ratio else None, recipe)


@dataclass(frozen=True)
class Effort:
    """What was done for one row in all recipes together.

    Attributes:
        typeset: Pages that were typeset, whether they could be used or not.
        distorted: Rewrites whose pages were distorted and encoded.
    """

    typeset: int
    distorted: int


class Substituter:
    """T(x) for several recipes at once; what they have in common is rendered once. Picklable.

    Args:
        recipes: Any recipes, with distinct names or not.

    Raises:
        RecipeError: A recipe names what does not exist, or ranks rows by what was not measured.

    >>> from lomo_hf.corpus import open_corpus
    >>> substituter = Substituter([Recipe("none", ratio=0.0), Recipe("all", ratio=1.0)])
    >>> [row["rewritten"] for row in substituter.rows(next(open_corpus().conversations(1, 2)))]
    [False, True]
    """

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self.recipes = tuple(recipes)
        self._prepared = [PreparedRecipe.of(recipe) for recipe in self.recipes]

    def __reduce__(self) -> tuple[type[Self], tuple[tuple[Recipe, ...]]]:
        return type(self), (self.recipes,)

    def rows(self, conversation: Conversation, corpus_place: float | None = None) -> list[Row | Refusal]:
        """One row or refusal for each recipe, in their order.

        Args:
            conversation: The row of text.
            corpus_place: The row's own place in its corpus, from 0 to 1; only recipes of a curriculum ask for it.

        Raises:
            RecipeError: A recipe asks for the place and it is not given.
        """
        return self.rows_and_effort(conversation, corpus_place)[0]

    def rows_and_effort(
        self, conversation: Conversation, corpus_place: float | None = None
    ) -> tuple[list[Row | Refusal], Effort]:
        """As `rows`, and how much was done for them, for those who plan."""
        memo = _Memo(conversation, corpus_place)
        rows = [self._row(prepared, memo) for prepared in self._prepared]
        return rows, Effort(memo.pages.computed, memo.pictures.computed)

    def _row(self, prepared: PreparedRecipe, memo: "_Memo") -> Row | Refusal:
        recipe = prepared.recipe
        screened = memo.screened.once(recipe.placeholders, lambda: screen(memo.conversation, recipe.placeholders))
        if isinstance(screened, Refusal):
            return screened
        key = (recipe.selection, recipe.turn, recipe.seed, recipe.placeholders)
        draw = memo.draws.once(key, lambda: prepared.selector.draw(screened, memo.corpus_place))
        if draw >= recipe.ratio:
            return _text_row(screened, draw, None, recipe)
        try:
            rewrite = memo.rewrites.once(recipe.page_digest, lambda: _rewrite(screened, prepared, memo))
        except RenderError as error:
            return _text_row(screened, draw, error.reason, recipe)
        return _rewritten_row(screened, draw, rewrite)


# ---- what recipes have in common ------------------------------------------------------------------------------------


@dataclass
class _Cache(Generic[_T]):
    """Values that were computed once, or the errors that came of it; `computed` counts both."""

    computed: int = 0
    _values: dict[Hashable, _T | RenderError] = field(default_factory=dict)

    def once(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        value = self._values.get(key)
        if value is None:
            self.computed += 1
            try:
                value = compute()
            except RenderError as error:
                value = error
            self._values[key] = value
        if isinstance(value, RenderError):
            raise value
        return value


@dataclass(frozen=True)
class _Rewrite:
    turn: int
    located: Localization
    pages: Sequence[Page]
    pictures: "_Pictures"


@dataclass(frozen=True)
class _Pictures:
    """PNG bytes, (width, height) in pixels of each, and the distortion as it was applied to all of them."""

    images: Sequence[bytes]
    sizes: Sequence[tuple[int, int]]
    applied: Distortion


@dataclass(frozen=True)
class _Memo:
    """What has been computed for one conversation, for the recipes that come after."""

    conversation: Conversation
    corpus_place: float | None
    screened: _Cache[Conversation | Refusal] = field(default_factory=_Cache)
    draws: _Cache[float] = field(default_factory=_Cache)
    rewrites: _Cache[_Rewrite] = field(default_factory=_Cache)
    pages: _Cache[Page] = field(default_factory=_Cache)
    pictures: _Cache[_Pictures] = field(default_factory=_Cache)


# ---- S, R and A -----------------------------------------------------------------------------------------------------


def _rewrite(conversation: Conversation, prepared: PreparedRecipe, memo: _Memo) -> _Rewrite:
    recipe = prepared.recipe
    turn = prepared.turn(conversation, recipe.seed)
    prompt = conversation.turns[turn].text
    if len(prompt) > recipe.caps.max_prompt_chars:
        raise RenderError("prompt-too-long", f"the prompt has {len(prompt)} characters.")
    located, pages = _pages(prepared.locate(prompt, conversation.answer_of(turn).text), recipe, memo)
    drawn = prepared.draw_distortion(stream(recipe.seed, conversation.id, "distortion"), memo.corpus_place)
    key = (prompt, *((span.start, span.end) for span in located.spans), recipe.style, recipe.caps)
    key = (*key, drawn.op, *drawn.params.items())
    pictures = memo.pictures.once(key, lambda: _pictures(pages, drawn, recipe.caps.max_pixels))
    return _Rewrite(turn, located, pages, pictures)


def _pages(located: Localization, recipe: Recipe, memo: _Memo) -> tuple[Localization, list[Page]]:
    """R: a page for each span; a span whose page is too large is cut on block borders until it fits."""
    pages: list[Page] = []
    for index in range(len(located.spans)):
        for _ in range(_MAX_NARROWINGS):
            try:
                pages.append(_page(located, index, recipe, memo))
                break
            except TooLargeError as error:
                cut = narrow(located, index, error.max_chars)
                if cut is None:
                    raise
                located = cut
        else:
            raise RenderError("too-large", "the span could not be cut to fit a page.")
    return located, pages


def _page(located: Localization, index: int, recipe: Recipe, memo: _Memo) -> Page:
    prompt, span = located.prompt, located.spans[index]
    key = (span.start, span.end, prompt, recipe.style, recipe.caps)
    return memo.pages.once(key, lambda: render_span(prompt, span, recipe.style, recipe.caps))


def _pictures(pages: Sequence[Page], drawn: Distortion, max_pixels: int) -> _Pictures:
    distorted, applied = distort_pages([page.pixels for page in pages], drawn, max_pixels=max_pixels)
    sizes = [(page.shape[1], page.shape[0]) for page in distorted]
    return _Pictures(to_pngs(distorted, applied), sizes, applied)


# ---- rows -----------------------------------------------------------------------------------------------------------


def _text_row(conversation: Conversation, draw: float, reason: str | None, recipe: Recipe) -> TextRow:
    lomo: TextLomo = {
        "draw": draw,
        "turn": None,
        "position": None,
        "spans": None,
        "renderer": None,
        "distortion": None,
        "width": None,
        "height": None,
        "prompt_chars": None,
        "reason": reason,
        "repairs": list(conversation.repairs),
    }
    turns, source = _turn_columns(conversation, {}), _source_columns(conversation)
    extra = _extra_columns(conversation, turns["messages"])
    images = images_of_text_row(recipe.position)
    return {**turns, "images": images, "rewritten": False, "lomo": lomo, **source, **extra}


def _rewritten_row(conversation: Conversation, draw: float, rewrite: _Rewrite) -> RewrittenRow:
    located, pictures = rewrite.located, rewrite.pictures
    width, height = max(pictures.sizes, key=lambda size: size[0] * size[1])
    renderers = [page.renderer for page in rewrite.pages]
    lomo: PageLomo = {
        "draw": draw,
        "turn": rewrite.turn,
        "position": located.position,
        "spans": _span_records(located, pictures.sizes),
        "renderer": next((name for name in ("fallback", "latex") if name in renderers), "text"),
        "reason": next((page.reason for page in rewrite.pages if page.reason), None),
        "distortion": {"op": pictures.applied.op, "params": _params_json(pictures.applied)},
        "width": width,
        "height": height,
        "prompt_chars": len(located.prompt),
        "repairs": [*conversation.repairs, *sorted({repair for page in rewrite.pages for repair in page.repairs})],
    }
    turns, source = _turn_columns(conversation, {rewrite.turn: located.texts()}), _source_columns(conversation)
    images: list[ImageBytes] = [{"bytes": image, "path": None} for image in pictures.images]
    extra = _extra_columns(conversation, turns["messages"])
    return {**turns, "images": images, "rewritten": True, "lomo": lomo, **source, **extra}


def row_with_own_images(
    conversation: Conversation, between: Mapping[int, Sequence[str]], images: list[ImageBytes]
) -> OwnImagesRow:
    """A row that came with images of its own, in the same columns; `lomo` is null.

    Args:
        conversation: The turns; their texts may hold `<image>` where an image stands.
        between: For each turn with images, by its index, the texts before, between and after them.
        images: As many as there are gaps in `between`.

    Returns:
        The row; `rewritten` is false.

    >>> from lomo_hf.corpus import to_conversation
    >>> row = to_conversation({"prompt": "What is <image>?", "answer": "A cat."}, config="vqa", index=0)
    >>> made = row_with_own_images(row, {0: ["What is ", "?"]}, [{"bytes": b"...", "path": None}])
    >>> [part["type"] for part in made["messages"][0]["content"]]
    ['text', 'image', 'text']
    """
    turns, source = _turn_columns(conversation, between), _source_columns(conversation)
    return {**turns, "images": images, "rewritten": False, "lomo": None, **source}


def _turn_columns(conversation: Conversation, substituted: Mapping[int, Sequence[str]]) -> TurnColumns:
    """`substituted` gives, for turns with images, the texts between them."""
    texts = [substituted.get(index, (turn.text,)) for index, turn in enumerate(conversation.turns)]
    pairs = list(zip(conversation.turns, texts, strict=True))
    messages: list[Message] = [{"role": turn.role, "content": _parts(parts)} for turn, parts in pairs]
    conversations: list[ShareGptTurn] = [
        {"from": SHAREGPT_ROLES[turn.role], "value": IMAGE_PLACEHOLDER.join(parts)} for turn, parts in pairs
    ]
    return {"id": conversation.id, "messages": messages, "conversations": conversations}


def _source_columns(conversation: Conversation) -> SourceColumns:
    origin = conversation.origin
    return {
        "source_repo": origin.repo,
        "source_config": origin.config,
        "source_id": origin.id,
        "source_revision": origin.revision,
        "source_data_source": origin.data_source,
        "source_license": origin.license,
    }


def _extra_columns(conversation: Conversation, messages: Sequence[Message]) -> ExtraColumns:
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


def _span_records(located: Localization, sizes: Sequence[tuple[int, int]]) -> list[SpanRecord]:
    return [
        {
            "start": span.start,
            "end": span.end,
            "text": located.prompt[span.start : span.end],
            "width": width,
            "height": height,
        }
        for span, (width, height) in zip(located.spans, sizes, strict=True)
    ]


def _params_json(distortion: Distortion) -> str:
    return json.dumps(dict(distortion.params), sort_keys=True, separators=(",", ":"))
