r"""Pairs of delimiters, and which of them are formulas: the choice over a whole stretch that the evidence adds up for.

Each delimiter is text, or opens what its next partner closes; so there are no more pairs than delimiters, and the best
choice takes a single pass from the end. A dollar without its partner is text, and shifts nothing behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from lomo_hf.spans.atoms import MAX_FORMULA_CHARS
from lomo_hf.spans.commands import MATH_ENVIRONMENTS
from lomo_hf.spans.edges import bracket_signs, display_signs, dollar_signs
from lomo_hf.spans.tokens import Stretch, Token

__all__ = ["Pair", "chosen", "pairs_of"]

_MAX_CODE_SPAN = 2_000
_MAX_INNER = 12  # dollars within a `\text{…}` that are looked past
_MAX_SINGLE = 40  # single dollars, or brackets, that are looked past between two double ones
_MAX_NESTING = 32  # environments within environments
_DISPLAYS = frozenset("math displaymath equation align alignat flalign gather multline eqnarray".split())
_CLOSERS = {"\\(": "\\)", "\\[": "\\]"}
_PLACES = ("center", "flushleft", "flushright")  # where on the page a table stands


@dataclass(slots=True)
class Pair:
    r"""Two delimiters that may be those of an atom, `text[start:end]`.

    Attributes:
        kind: "$", "$$", "\\(", "\\[", "code" or "environment".
        first: Index of the token that opens.
        last: Index of the last token of what closes.
        signs: What speaks for a formula and against it, names of `weights.py`; none for code and environments, which
            are certain.

    Source: ours.

    Example:
        >>> Pair("code", 0, 1, 0, 3, []).is_certain
        True
    """

    kind: str
    first: int
    last: int
    start: int
    end: int
    signs: list[str]

    @property
    def is_certain(self) -> bool:
        """Whether the delimiters alone decide."""
        return self.kind in ("code", "environment")


def pairs_of(stretch: Stretch) -> list[Pair]:
    """Every pair of delimiters of a stretch that may be a formula, an environment or a code span.

    Args:
        stretch: A part of a prompt.

    Source: ours.

    Example:
        >>> text = "Pay $5 or $x$."
        >>> [text[pair.start : pair.end] for pair in pairs_of(Stretch(text, 0, len(text)))]
        ['$5 or $', '$x$']
    """
    following = _following(stretch.tokens)
    environments = _environments(stretch.tokens) if stretch.has_environments else {}
    pairs = []
    for index, token in enumerate(stretch.tokens):
        pair = None
        if token.kind == "$":
            pair = _dollars(stretch, index, following)
        elif token.kind in _CLOSERS:
            pair = _brackets(stretch, index, following[index])
        elif token.kind == "begin" and index in environments:
            first, last = _with_place(stretch, index, environments[index])
            pair = Pair("environment", first, last, stretch.tokens[first].start, stretch.tokens[last].end, [])
        elif token.kind[0] == "`":
            pair = _code(stretch, index, following[index])
        if pair is not None:
            pairs.append(pair)
    return pairs


def chosen(stretch: Stretch, pairs: Sequence[Pair], strengths: Sequence[int]) -> list[Pair]:
    r"""The disjoint pairs whose strengths add up to most; text wins a tie.

    A pair around an environment, or around a formula within its `\text{…}`, has the strength of these besides its own,
    for it does not stand against them.

    Args:
        stretch: Whose pairs these are.
        pairs: In order.
        strengths: Of each pair; what is not over 0 is never chosen.

    Source: ours.

    Example:
        >>> text = "Pay $5 or $x$."
        >>> stretch = Stretch(text, 0, len(text))
        >>> [pair.start for pair in chosen(stretch, pairs_of(stretch), [-40, 30])]
        [10]
    """
    likely = [pair for pair, strength in zip(pairs, strengths, strict=True) if strength > 0]
    if all([left.last < right.first for left, right in pairwise(likely)]):
        return likely  # nothing stands against anything
    count = len(stretch.tokens)
    inside = _inside(stretch, pairs, strengths)
    opened = {pair.first: (pair, strength) for pair, strength in zip(pairs, strengths, strict=True)}
    best, taken = [0] * (count + 1), [False] * count
    for index in range(count - 1, -1, -1):
        best[index] = best[index + 1]
        if index in opened:
            pair, strength = opened[index]
            total = strength + inside[pair.last + 1] - inside[index + 1] + best[pair.last + 1]
            if strength > 0 and total > best[index]:
                best[index], taken[index] = total, True
    kept, index = [], 0
    while index < count:
        if taken[index]:
            kept.append(opened[index][0])
            index = kept[-1].last
        index += 1
    return kept


def _inside(stretch: Stretch, pairs: Sequence[Pair], strengths: Sequence[int]) -> list[int]:
    """For each token, the strength of the pairs before it that another pair may have inside."""
    sums = [0] * (len(stretch.tokens) + 1)
    groups = stretch.has_text_groups
    for pair, strength in zip(pairs, strengths, strict=True):
        if strength > 0 and (pair.kind == "environment" or (groups and stretch.text_group_at(pair.start))):
            sums[pair.first + 1] = strength
    return list(accumulate(sums)) if any(sums) else sums


def _following(tokens: Sequence[Token]) -> list[int]:
    """For each token the index of the next of its kind, or of what closes it; -1 for none."""
    latest: dict[str, int] = {}
    following = [-1] * len(tokens)
    for index in range(len(tokens) - 1, -1, -1):
        kind = tokens[index].kind
        following[index] = latest.get(_CLOSERS.get(kind, kind), -1)
        if kind in _CLOSERS and 0 <= latest.get(kind, -1) < following[index]:
            following[index] = -1  # opened again before it is closed
        latest[kind] = index
    return following


def _dollars(stretch: Stretch, index: int, following: Sequence[int]) -> Pair | None:
    tokens, text = stretch.tokens, stretch.text
    if index + 1 < len(tokens) and _beside(tokens, index):
        return _double(stretch, index, following)
    last = following[index]
    if last >= 0 and stretch.has_text_groups:
        last = _in_same_text(stretch, index, following)
    if last < 0:
        return None
    start, end = tokens[index].start, tokens[last].end
    if end - start > MAX_FORMULA_CHARS or end - start < 3:
        return None
    signs = dollar_signs(text, start, end, stretch.start, stretch.end)
    if signs is None or stretch.blank_between(start, end) or text[start + 1 : end - 1].isspace():
        return None
    if index and _beside(tokens, index - 1):
        signs.append("after dollar")
    if last + 1 < len(tokens) and _beside(tokens, last):
        signs.append("before dollar")
    inside = tokens[index + 1 : min(last, index + _MAX_SINGLE)] if last > index + 1 else None
    if inside and stretch.text[start + 1 : end - 1].lstrip()[:7] == "\\begin{":
        inside = inside[1:]  # some write `$\begin{align}…\end{align}$`
    if inside and any([_stands_alone(token) for token in inside]):
        signs.append("delimiter inside")
    return Pair("$", index, last, start, end, signs)


def _stands_alone(token: Token) -> bool:
    """Whether a token opens a formula that stands in no other."""
    return token.kind in _CLOSERS or (token.kind == "begin" and token.name.rstrip("*") in _DISPLAYS)


def _double(stretch: Stretch, index: int, following: Sequence[int]) -> Pair | None:
    tokens, at = stretch.tokens, following[index + 1]
    for _ in range(_MAX_SINGLE):
        if at < 0 or following[at] < 0:
            return None
        if _beside(tokens, at) and stretch.text_group_at(tokens[at].start) is None:
            break
        at = following[at]
    else:
        return None
    start, end = tokens[index].start, tokens[at + 1].end
    if end - start > MAX_FORMULA_CHARS or not stretch.text[start + 2 : end - 2].strip():
        return None
    signs = display_signs(stretch.text, start, end, stretch.start, stretch.end)
    if stretch.blank_between(start, end):
        signs.append("blank line")
    return Pair("$$", index, at + 1, start, end, signs)


def _in_same_text(stretch: Stretch, index: int, following: Sequence[int]) -> int:
    r"""The next dollar that is not within a `\text{…}` of its own."""
    last = following[index]
    mine = stretch.text_group_at(stretch.tokens[index].start)
    for _ in range(_MAX_INNER):
        if last < 0 or stretch.text_group_at(stretch.tokens[last].start) in (None, mine):
            return last
        last = following[last]
    return -1


def _beside(tokens: Sequence[Token], index: int) -> bool:
    """Whether a dollar has another right behind it."""
    return tokens[index].kind == tokens[index + 1].kind == "$" and tokens[index].end == tokens[index + 1].start


def _brackets(stretch: Stretch, index: int, last: int) -> Pair | None:
    if last < 0:
        return None
    start, end = stretch.tokens[index].start, stretch.tokens[last].end
    if end - start > MAX_FORMULA_CHARS or not stretch.text[start + 2 : end - 2].strip():
        return None
    signs = bracket_signs(stretch.text, start, end, stretch.start, stretch.end)
    return Pair(stretch.tokens[index].kind, index, last, start, end, signs)


def _code(stretch: Stretch, index: int, last: int) -> Pair | None:
    """Inline code (CommonMark 6.1): closed by a run of as many backticks, within a paragraph."""
    if last < 0:
        return None
    start, end = stretch.tokens[index].end, stretch.tokens[last].start
    body = stretch.text[start : min(end, start + _MAX_CODE_SPAN + 1)]
    if len(body) > _MAX_CODE_SPAN or stretch.blank_between(start, end):
        return None
    if body[-1].isspace() and not body[0].isspace():
        return None  # the second backtick opens a word: `quoted' text in LaTeX, or the price `74.10
    return Pair("code", index, last, stretch.tokens[index].start, stretch.tokens[last].end, [])


def _with_place(stretch: Stretch, first: int, last: int) -> tuple[int, int]:
    r"""The tokens of an environment; of a table that stands alone in a `center` or the like, those of that."""
    tokens = stretch.tokens
    if not tokens[first].name.startswith("tabular") or first == 0 or last + 1 == len(tokens):
        return first, last
    before, after = tokens[first - 1], tokens[last + 1]
    is_place = before.kind == "begin" and after.kind == "end" and before.name == after.name in _PLACES
    beside = stretch.text[before.end : tokens[first].start] + stretch.text[tokens[last].end : after.start]
    return (first - 1, last + 1) if is_place and not beside.strip() else (first, last)


def _environments(tokens: Sequence[Token]) -> dict[int, int]:
    r"""Token index of `\begin{x}` -> that of its `\end{x}`; without a partner it is text."""
    opened: list[int] = []
    partners: dict[int, int] = {}
    for index, token in enumerate(tokens):
        if token.name not in MATH_ENVIRONMENTS:
            continue
        if token.kind == "begin":
            opened.append(index)
        elif token.kind == "end":
            names = [tokens[at].name for at in opened[: -_MAX_NESTING - 1 : -1]]
            if token.name in names:
                depth = names.index(token.name) + 1
                if token.end - tokens[opened[-depth]].start <= MAX_FORMULA_CHARS:
                    partners[opened[-depth]] = index
                del opened[-depth:]
    return partners
