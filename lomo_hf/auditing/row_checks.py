"""What is checked of every row without decoding a page: texts, spans, placeholders, draws, sizes.

A check is one function from a case to the sentences that say what is false, and one line of `ROW_CHECKS`. It may raise
on a row that is not even of the right form: that is false as well.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from lomo_hf.auditing.case import ROLE_OF, Case
from lomo_hf.corpus.screening import find_token
from lomo_hf.distortion import Distortion, draw_distortion
from lomo_hf.errors import LomoError, TooLargeError
from lomo_hf.randomness import stream, uniform
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.rendering import MENDED, render_span
from lomo_hf.rendering.png import read_png_header
from lomo_hf.row import IMAGE_PLACEHOLDER, images_of_text_row
from lomo_hf.selection import STRATEGIES, draw_of
from lomo_hf.selection.turns import turn_policy
from lomo_hf.spans import Localization, select_spans

__all__ = ["OWN_IMAGES_CHECKS", "ROW_CHECKS", "RowCheck", "draws_are_known", "problems_of"]

Problems = Iterator[str]

_TURNS_IN_ORDER = frozenset(
    (("user", "assistant"), ("assistant", "user"), ("assistant", "tool"), ("tool", "assistant"))
)
# Parameters are rounded to four decimals, and so are the ends of the ranges that rise.
_ROUNDING = 2e-4


@dataclass(frozen=True)
class RowCheck:
    """A promise about a row. `applies` tells for which rows it means anything.

    `needs_engines`: it does again what later versions may do otherwise.
    """

    promise: str
    find: Callable[[Case], Problems]
    applies: Callable[[Case], bool] = lambda case: True
    needs_source: bool = False
    needs_engines: bool = False


def problems_of(find: Callable[[Case], Problems], case: Case) -> list[str]:
    """What is false of a case; a row of a form that cannot be read is false too."""
    try:
        return list(find(case))
    except (LomoError, KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError) as error:
        return [f"the row cannot be read ({type(error).__name__}: {error})."]


# -- against the source ----------------------------------------------------------------------------------------------


def _restored_prompt(case: Case) -> Problems:
    yield from _compare("prompt", case.texts("user"), case.source_texts("user"))


def _answers_untouched(case: Case) -> Problems:
    yield from _compare("answer", case.texts("assistant"), case.source_texts("assistant"))


def _system_untouched(case: Case) -> Problems:
    yield from _compare("system turn", case.texts("system"), case.source_texts("system"))


def _origin_true(case: Case) -> Problems:
    source = case.source
    assert source is not None
    for name, wanted in asdict(source.origin).items():
        if case.row[f"source_{name}"] != wanted:
            yield f"source_{name} must be {wanted!r}; found {case.row[f'source_{name}']!r}."
    repairs = [repair for repair in case.lomo["repairs"] if not repair.startswith(MENDED)]
    if repairs != list(source.repairs):
        yield f"lomo.repairs must be {list(source.repairs)} beside those of formulas; found {repairs}."


def _compare(what: str, texts: Sequence[str], wanted: Sequence[str]) -> Problems:
    if len(texts) != len(wanted):
        yield f"there must be {len(wanted)} turns ({what}); found {len(texts)}."
    for index, (text, expected) in enumerate(zip(texts, wanted, strict=False)):
        if text != expected:
            at = _first_difference(text, expected)
            yield f"{what} {index} differs at character {at}: {text[at : at + 20]!r}, not {expected[at : at + 20]!r}."


def _first_difference(left: str, right: str) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(left), len(right)))


# -- of the row itself -----------------------------------------------------------------------------------------------


def _turns_in_order(case: Case) -> Problems:
    roles = [message["role"] for message in case.row["messages"]]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    pairs = list(pairwise(spoken))
    if spoken[:1] != ["user"] or spoken[-1:] != ["assistant"] or not all(pair in _TURNS_IN_ORDER for pair in pairs):
        yield f"after a system turn, user and assistant must alternate, with tools between; found {roles[:6]}."


def _extra_true(case: Case) -> Problems:
    prompt, completion = case.row.get("prompt"), case.row.get("chosen") or case.row.get("completion")
    judged = [name for name in ("chosen", "rejected", "completion", "label") if case.row.get(name) is not None]
    if prompt is None and judged:
        yield f"{judged[0]} stands without a prompt."
    if prompt is not None and [*prompt, *(completion or ())] != list(case.row["messages"]):
        yield "prompt and completion must be the messages, parted."
    if case.source is None:
        return
    feedback = case.source.feedback
    if (feedback is None) != (prompt is None) or (feedback and feedback.completion != len(prompt or ())):
        yield "the prompt must end where the source's completion begins."
    elif feedback and case.row.get("label") is not feedback.label:
        yield f"label must be {feedback.label}; found {case.row.get('label')!r}."
    rejected = [part["text"] for message in case.row.get("rejected") or () for part in message["content"]]
    if rejected != [turn.text for turn in (feedback.rejected if feedback else ())]:
        yield "the rejected completion must be the source's."
    for column, text in case.source.kept:
        if case.row.get(column) != text:
            yield f"{column} must be {text!r:.100}; found {case.row.get(column)!r:.100}."


def _record_whole(case: Case) -> Problems:
    lomo = case.lomo
    holders = ("turn", "position", "spans", "renderer", "distortion", "width", "height", "prompt_chars")
    for name in holders:
        if (lomo[name] is not None) is not case.rewritten and not _empty_struct(lomo[name], case.rewritten):
            yield f"lomo.{name} must {'hold something' if case.rewritten else 'be null'}; found {lomo[name]!r}."
    images, none = case.row["images"], images_of_text_row(case.recipe.position)
    if (not images) if case.rewritten else (images != none):
        wanted = "pages" if case.rewritten else "null" if none is None else "empty"
        yield f"images must be {wanted} where rewritten is {case.rewritten}."
    if case.rewritten and lomo["position"] != case.recipe.position:
        yield f"lomo.position must be {case.recipe.position}; found {lomo['position']!r}."


def _empty_struct(value: Any, rewritten: bool) -> bool:
    """Parquet gives a null struct back as a struct of nulls."""
    return not rewritten and isinstance(value, dict) and all(inner is None for inner in value.values())


def _placeholders_match_images(case: Case) -> Problems:
    images, spans = len(case.row["images"] or ()), len(case.spans)
    if images != spans:
        yield f"there must be as many images as spans; found {images} and {spans}."
    for index, message in enumerate(case.row["messages"]):
        wanted = images if index == case.lomo["turn"] else 0
        parts = sum(part["type"] == "image" for part in message["content"])
        if parts != wanted:
            yield f"turn {index} must hold {wanted} image parts; found {parts}."
    if case.lomo["turn"] is not None and case.row["messages"][case.lomo["turn"]]["role"] != "user":
        yield f"lomo.turn must be a user turn; found {case.lomo['turn']}."


def _own_placeholders_match_images(case: Case) -> Problems:
    """Of a row that came with pictures: as many places as pictures, all in the prompts."""
    images = len(case.row["images"] or ())
    parts = [(turn["role"], sum(part["type"] == "image" for part in turn["content"])) for turn in case.row["messages"]]
    strings = [turn["value"].lower().count(IMAGE_PLACEHOLDER) for turn in case.row["conversations"]]
    for what, places in (("messages", sum(count for _, count in parts)), ("conversations", sum(strings))):
        if places != images:
            yield f"{what} must hold {images} places for images; found {places}."
    if any(count for role, count in parts if role != "user"):
        yield "images must stand in user turns."
    if case.rewritten:
        yield "rewritten must be false where lomo is null."


def _no_stray_placeholder(case: Case) -> Problems:
    for index, message in enumerate(case.row["messages"]):
        for part in message["content"]:
            token = find_token(part["text"] or "")
            if token:
                yield f"turn {index} of messages says {token!r} in its text."
    for index, turn in enumerate(case.row["conversations"]):
        pages = len(case.row["images"] or ()) if index == case.lomo["turn"] else 0
        if turn["value"].lower().count(IMAGE_PLACEHOLDER) > pages:
            yield f"turn {index} of conversations says {IMAGE_PLACEHOLDER!r} more often than it has pages ({pages})."


def _views_agree(case: Case) -> Problems:
    messages, strings = case.row["messages"], case.row["conversations"]
    if len(messages) != len(strings):
        yield f"messages and conversations must have as many turns; found {len(messages)} and {len(strings)}."
    for index, (message, turn) in enumerate(zip(messages, strings, strict=False)):
        if ROLE_OF.get(turn["from"]) != message["role"]:
            yield f"turn {index} is by {turn['from']!r} in conversations and by {message['role']!r} in messages."
        for part in message["content"]:
            if part["type"] not in ("text", "image") or (part["text"] is None) is not (part["type"] == "image"):
                yield f"turn {index} of messages has a part that is neither a text nor an image: {part!r:.60}."
        parts = message["content"]
        value = "".join(IMAGE_PLACEHOLDER if part["type"] == "image" else part["text"] or "" for part in parts)
        if value != turn["value"]:
            yield f"turn {index} reads otherwise in conversations than in messages."


def _spans_true(case: Case) -> Problems:
    prompt, here = case.prompt, 0
    for number, span in enumerate(case.spans):
        start, end = span["start"], span["end"]
        if not here <= start < end <= len(prompt):
            yield f"span {number} must lie after {here} and before {len(prompt)}; found {start} to {end}."
        if prompt[start:end] != span["text"]:
            yield f"span {number} must be characters {start} to {end} of the prompt; its text is not."
        here = end
    if case.lomo["prompt_chars"] != len(prompt):
        yield f"lomo.prompt_chars must be {len(prompt)}; found {case.lomo['prompt_chars']}."


def _parts_in_place(case: Case) -> Problems:
    """The kept texts are what lies before, between and after the spans, so an image stands where its span stood."""
    parts = case.row["messages"][case.lomo["turn"]]["content"]
    here, spans = 0, iter(case.spans)
    for part in parts:
        if part["type"] == "image":
            span = next(spans)
            if span["start"] != here:
                yield f"an image stands at character {here}; its span starts at {span['start']}."
            here = span["end"]
        else:
            here += len(part["text"])


def _span_as_chosen(case: Case) -> Problems:
    turn = turn_policy(case.recipe.turn)(case.conversation, case.recipe.seed)
    if case.lomo["turn"] != turn:
        yield f"lomo.turn must be {turn}, the {case.recipe.turn} prompt; found {case.lomo['turn']}."
        return
    prompt, answer = case.conversation.turns[turn].text, case.conversation.answer_of(turn).text
    chosen = select_spans(prompt, case.recipe.position, answer=answer)
    if len(chosen.spans) != len(case.spans):
        yield f"the position {case.recipe.position} chooses {len(chosen.spans)} spans; found {len(case.spans)}."
    for index, span in enumerate(case.spans[: len(chosen.spans)]):
        wanted = chosen.spans[index]
        if (span["start"], span["end"]) != (wanted.start, wanted.end) and not _is_cut(case, chosen, index, span):
            where = f"characters {wanted.start} to {wanted.end}"
            yield f"span {index} must be {where}, by position; found {span['start']} to {span['end']}."


def _is_cut(case: Case, chosen: Localization, index: int, span: Mapping[str, Any]) -> bool:
    """Whether a span is a part of the chosen one, which is too large for a page."""
    whole = chosen.spans[index]
    if not whole.start <= span["start"] < span["end"] <= whole.end or span["start"] not in chosen.edges:
        return False
    try:
        render_span(chosen.prompt, whole, case.recipe.style, case.recipe.caps)
    except TooLargeError:
        return True
    return False


def _drawn_by_ratio(case: Case) -> Problems:
    draw = case.lomo["draw"]
    if draws_are_known(case.recipe, case.source is not None):
        least, most = _draws(case)
        if not least <= draw <= most:
            yield f"lomo.draw must be {_between(least, most)}; found {draw!r}."
        draw = least if least == most else draw
    if case.rewritten and draw >= case.recipe.ratio:
        yield f"the row is rewritten though {draw:.4f} is not below the ratio {case.recipe.ratio:g}."
    if not case.rewritten and draw < case.recipe.ratio and not case.lomo["reason"]:
        yield f"the row stayed text without a reason though {draw:.4f} is below the ratio {case.recipe.ratio:g}."


def draws_are_known(recipe: Recipe, with_source: bool) -> bool:
    """Whether a row's draw can be told: not where it goes by what rows do not hold, and there is no source."""
    return with_source or not STRATEGIES[recipe.selection.by].of_column


def _draws(case: Case) -> tuple[float, float]:
    """The least and the most that the row's draw can be; the same where all that decides it is known."""
    if case.recipe.selection.by == "uniform":
        draw = uniform(case.recipe.seed, case.id, "ratio")
        return draw, draw
    least, most = sorted(draw_of(case.conversation, case.recipe, place) for place in case.places or (None, None))
    return least, most


def _distortion_drawn(case: Case) -> Problems:
    rises = case.recipe.distortion.strength == "rising"
    first, last = (_drawn(case, place) for place in ((case.places if rises else None) or (None, None)))
    op, params = case.lomo["distortion"]["op"], json.loads(case.lomo["distortion"]["params"])
    if op != first.op:
        yield f"lomo.distortion.op must be {first.op}; found {op!r}."
        return
    for name, value in first.params.items():
        drawn = params.get(f"drawn_{name}", params.get(name))
        if not _lies_between(drawn, value, last.params[name]):
            wanted = _between(value, last.params[name])
            yield f"lomo.distortion.params.{name} must be drawn as {wanted}; found {params.get(name)!r}."


def _drawn(case: Case, place: float | None) -> Distortion:
    return draw_distortion(case.recipe.distortion, stream(case.recipe.seed, case.id, "distortion"), place)


def _lies_between(value: Any, first: Any, last: Any) -> bool:
    """Equal where the ends are; else between them, as rounded."""
    if first == last or isinstance(first, str):
        return bool(value == first)
    return bool(min(first, last) - _ROUNDING <= value <= max(first, last) + _ROUNDING)


def _between(first: Any, last: object) -> str:
    return repr(first) if first == last else f"between {min(first, last)!r} and {max(first, last)!r}"


def _route_true(case: Case) -> Problems:
    has_math = any(atom.is_math for atoms in case.span_atoms for atom in atoms)
    renderer, reason = case.lomo["renderer"], case.lomo["reason"]
    if renderer not in (("latex", "fallback") if has_math else ("text",)):
        yield f"a span {'with' if has_math else 'without'} mathematics cannot take the route {renderer!r}."
    if (reason is not None) is not (renderer == "fallback"):
        yield f"a reason stands with a fallback and only there; found {reason!r} with {renderer!r}."


def _geometry(case: Case) -> Problems:
    caps, sizes = case.recipe.caps, []
    for number, (image, span) in enumerate(zip(case.row["images"] or (), case.spans, strict=False)):
        header = read_png_header(image["bytes"])
        width, height = header.width, header.height
        sizes.append((width, height))
        if (span["width"], span["height"]) != (width, height):
            yield f"span {number} records {span['width']} x {span['height']} px; its page has {width} x {height}."
        if width * height > caps.max_pixels:
            yield f"page {number} must have at most {caps.max_pixels} px; found {width} x {height}."
        if min(width, height) < caps.min_side:
            yield f"page {number} must have sides of {caps.min_side} px or more; found {width} x {height}."
        if max(width, height) > caps.max_aspect * min(width, height):
            yield f"page {number} must be at most {caps.max_aspect} times as long as short; found {width} x {height}."
    largest = max(sizes, key=lambda size: size[0] * size[1], default=None)
    if largest != (case.lomo["width"], case.lomo["height"]):
        yield f"lomo.width and height must be of the largest page, {largest}."


def _is_rewritten(case: Case) -> bool:
    return case.rewritten


def _is_screened(case: Case) -> bool:
    return case.recipe.placeholders != "keep"


ROW_CHECKS: Mapping[str, RowCheck] = MappingProxyType(
    {
        "restored-prompt": RowCheck("text, span texts, text: the prompt, to the character", _restored_prompt,
                                    needs_source=True),
        "answers-untouched": RowCheck("every answer is the source's", _answers_untouched, needs_source=True),
        "system-untouched": RowCheck("a system turn is the source's", _system_untouched, needs_source=True),
        "origin-true": RowCheck("source columns and repairs are the source's", _origin_true, needs_source=True),
        "turns-in-order": RowCheck("user and assistant alternate, with tools between", _turns_in_order),
        "extra-true": RowCheck("preferences and kept columns are the source's, and agree with the turns", _extra_true),
        "record-whole": RowCheck("a rewritten row has pages and their record, any other has neither", _record_whole),
        "placeholders-match-images": RowCheck("as many images as spans and placeholders, all in one user turn",
                                              _placeholders_match_images),
        "no-stray-placeholder": RowCheck("no text says <image> or another control token", _no_stray_placeholder,
                                         _is_screened),
        "views-agree": RowCheck("messages and conversations say the same", _views_agree),
        "spans-true": RowCheck("offsets and texts of spans are those of the prompt", _spans_true, _is_rewritten),
        "parts-in-place": RowCheck("an image stands where its span stood", _parts_in_place, _is_rewritten),
        "span-as-chosen": RowCheck("spans are where turn and position put them, or cut to fit a page", _span_as_chosen,
                                   _is_rewritten, needs_engines=True),
        "drawn-by-ratio": RowCheck("the draw is the row's own and decides whether it is rewritten", _drawn_by_ratio),
        "distortion-drawn": RowCheck("the distortion is the one drawn for the row", _distortion_drawn, _is_rewritten),
        "route-true": RowCheck("mathematics takes the LaTeX route, nothing else does", _route_true, _is_rewritten),
        "geometry": RowCheck("sizes are as recorded and within the limits", _geometry, _is_rewritten),
    }
)  # fmt: skip

OWN_IMAGES_CHECKS: Mapping[str, Callable[[Case], Problems]] = MappingProxyType(
    {
        "turns-in-order": _turns_in_order,
        "placeholders-match-images": _own_placeholders_match_images,
        "views-agree": _views_agree,
    }
)
"""What is checked of a mixture's rows that came with pictures of their own, under the names of the same promises."""
