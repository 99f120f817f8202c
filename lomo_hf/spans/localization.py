"""Which part of a prompt becomes a page: S(x) of the paper, for each position of table 4.

A position is a function from blocks to runs of blocks, and a line of `POSITIONS`. Those beyond the paper look at what
a block says: `answer-overlap` at the words of the answer, `densest-math` at the formulas.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import MappingProxyType

from lomo_hf.errors import RecipeError
from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.blocks import block_edges
from lomo_hf.spans.information import Blocks, answer_weights, heaviest_run, math_weights
from lomo_hf.spans.scanner import scan
from lomo_hf.spans.sentences import count_sentences, sentence_starts

__all__ = [
    "MAX_WHOLE_SENTENCES", "POSITIONS", "POSITION_WORDS", "Localization", "Span", "check_position", "locator",
    "narrow", "select_spans",
]  # fmt: skip

MAX_WHOLE_SENTENCES = 3  # algorithm 1: a prompt of at most three sentences is rendered whole


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a prompt that becomes a page: `prompt[start:end]`.

    Attributes:
        start: Where it begins, in characters of the prompt.
        end: Where it ends.
        atoms: The formulas and code in it, in order, with offsets of the prompt.

    Source: x_mid of algorithm 1.

    Example:
        >>> Span(0, 3, (Atom("inline", 0, 3, 1, 2),)).has_math
        True
    """

    start: int
    end: int
    atoms: tuple[Atom, ...]

    @property
    def has_math(self) -> bool:
        """Whether the span holds a formula (ContainsMath of algorithm 1)."""
        return any(atom.is_math for atom in self.atoms)


@dataclass(frozen=True)
class Localization:
    """A prompt cut into text and spans. What lies between the spans stays text, so the whole is the prompt again.

    Attributes:
        prompt: The text.
        position: The name of the position.
        sentences: How many there are.
        atoms: The formulas and code of the prompt, in order.
        spans: What becomes pages, in order.
        starts: Where its sentences start, but the first.

    Source: (x_pre, x_mid, x_suf) of algorithm 1; with two spans, five parts (table 4, multi-span).

    Example:
        >>> select_spans("One. Two.").sentences
        2
    """

    prompt: str
    position: str
    sentences: int
    atoms: tuple[Atom, ...]
    spans: tuple[Span, ...]
    starts: tuple[int, ...]

    @cached_property
    def edges(self) -> tuple[int, ...]:
        """The borders of the blocks, from 0 to the length of the prompt; computed when they are first asked for.

        Example:
            >>> select_spans("One. Two.").edges
            (0, 5, 9)
        """
        whole = self.sentences <= MAX_WHOLE_SENTENCES or self.position == "full"
        return block_edges(self.prompt, self.atoms, self.starts, () if whole else wanted_borders(self.position))

    def texts(self) -> tuple[str, ...]:
        """The text that stays, before, between and after the spans: a part more than there are spans, some empty.

        Example:
            >>> select_spans("One. Two. Three. Four. Five.").texts()
            ('One. Two. ', ' Four. Five.')
        """
        starts = [0, *(span.end for span in self.spans)]
        ends = [*(span.start for span in self.spans), len(self.prompt)]
        return tuple(self.prompt[a:b] for a, b in zip(starts, ends, strict=True))


_Run = tuple[int, int]  # blocks i to j-1
_THIRDS = (1 / 3, 2 / 3)
_SIXTHS = (4 / 18, 7 / 18, 11 / 18, 14 / 18)  # two pages of a sixth each, and three texts of the same length
_LEAST, _MOST = 0.21, 0.52  # of the prompt, with the space behind: a middle is about a third long
_TOO_SHORT, _TOO_LONG = 6, 2  # times what a border off its place counts


def select_spans(prompt: str, position: str = "middle", *, answer: str = "") -> Localization:
    """S(x): locate the spans of a prompt.

    A prompt of at most three sentences is one span. Otherwise the span is the run of blocks closest to the middle
    third in characters (the first third, the last third, two sixths, everything), and never all of the prompt where
    there are three blocks. A middle is between a fifth and a half of the prompt long, unless its blocks are too long
    for that. Space at the end of a span stays text.

    Args:
        prompt: Any text.
        position: A name of `POSITIONS`.
        answer: Decides for the position "answer-overlap" only: it looks for the third that holds most of the answer's
            words, as "densest-math" does for formulas; where there are none, both are the middle.

    Returns:
        The spans in order, as offsets in characters of `prompt`; none overlap, and no border is inside a formula.

    Raises:
        RecipeError: The position is not one of `POSITIONS`.

    Source: paper, section 3, algorithm 1 and table 4. Where the paper is silent (what a sentence is, where a block
    ends, how long the pages of multi-span are), the choice is ours.

    Example:
        >>> located = select_spans("One comes first. Two is next. Three is third. Four ends it.")
        >>> located.texts()
        ('One comes first. ', ' Four ends it.')
    """
    return locator(position)(prompt, answer)


def locator(position: str) -> Callable[[str, str], Localization]:
    """S of one position, its name resolved: (prompt, answer) -> spans; see `select_spans`.

    Args:
        position: A name of `POSITIONS`.

    Returns:
        What `select_spans` does at this position, as a picklable function of the prompt and the answer.

    Raises:
        RecipeError: The position is not one of `POSITIONS`.

    Source: paper, table 4.

    Example:
        >>> len(locator("full")("One comes first. Two is next. Three is third. Four ends it.", "").spans)
        1
    """
    return partial(_located, position, check_position(position))


def _located(position: str, choose: Callable[[Blocks], list[_Run]], prompt: str, answer: str) -> Localization:
    atoms = scan(prompt)
    starts = sentence_starts(prompt, atoms)
    sentences = count_sentences(prompt, starts)
    if sentences <= MAX_WHOLE_SENTENCES or position == "full":
        return Localization(prompt, position, sentences, atoms, (Span(0, len(prompt), atoms),), tuple(starts))
    edges = block_edges(prompt, atoms, starts, wanted_borders(position))
    spans = tuple([_span(prompt, edges, atoms, run) for run in choose(Blocks(prompt, edges, atoms, answer))])
    return _with_edges(Localization(prompt, position, sentences, atoms, spans, tuple(starts)), edges)


def narrow(located: Localization, index: int, max_chars: int) -> Localization | None:
    """The same localization with span `index` cut, on block borders, to at most about `max_chars` characters.

    The cut keeps the middle of the span, the start of a prefix and the end of a suffix; only where the block in the
    middle is too long by itself does it keep a shorter block nearby. It always has fewer blocks than before.

    Args:
        located: What `select_spans` returned, or an earlier cut of it.
        index: Of the span.
        max_chars: How many characters would fit on a page.

    Returns:
        None where fewer blocks are not possible.

    Source: ours; pages have a limit of pixels (paper, section 4).

    Example:
        >>> text = "One comes first. Two is next. Three is third. Four ends it. Five. Six is six."
        >>> located = select_spans(text, "full")
        >>> cut = narrow(located, 0, 35)
        >>> text[cut.spans[0].start : cut.spans[0].end]
        'Two is next. Three is third.'
    """
    span, edges = located.spans[index], located.edges
    first = bisect_left(edges, span.start + 1) - 1
    last = bisect_left(edges, span.end)
    if last - first < 2:
        return None
    if located.position == "prefix":
        run = _grown(edges, first, (first, last), edges[first], max_chars)
    elif located.position == "suffix":
        run = _grown(edges, last - 1, (first, last), edges[last], max_chars)
    else:
        middle = (span.start + span.end) // 2
        run = _grown(edges, _seed(edges, (first, last), middle, max_chars), (first, last), middle, max_chars)
    cut = _span(located.prompt, edges, located.atoms, run)
    return _with_edges(replace(located, spans=(*located.spans[:index], cut, *located.spans[index + 1 :])), edges)


def wanted_borders(position: str) -> tuple[float, ...]:
    """Where a position wants its borders, as shares of the prompt.

    Args:
        position: A name of `POSITIONS`.

    Source: table 4: thirds; that the two pages of multi-span are a third together is ours.

    Example:
        >>> [round(share, 2) for share in wanted_borders("multi-span")]
        [0.22, 0.39, 0.61, 0.78]
    """
    return _SIXTHS if position == "multi-span" else _THIRDS


def _with_edges(located: Localization, edges: tuple[int, ...]) -> Localization:
    """A localization whose borders are known."""
    located.__dict__["edges"] = edges
    return located


def check_position(position: str) -> Callable[[Blocks], list[_Run]]:
    """The function behind a position's name.

    Args:
        position: A name of `POSITIONS`.

    Returns:
        Blocks -> (first, past the last) of each run of blocks that becomes a page.

    Raises:
        RecipeError: There is none.

    Source: paper, table 4.

    Example:
        >>> check_position("full")(Blocks("One. Two.", (0, 5, 9), ()))
        [(0, 2)]
    """
    if position not in POSITIONS:
        raise RecipeError(f"position must be one of {', '.join(POSITIONS)}; found {position!r}.")
    return POSITIONS[position]


# -- positions: blocks -> runs of blocks ----------------------------------------------------------------------


def _middle(blocks: Blocks) -> list[_Run]:
    edges, count, size = blocks.edges, blocks.count, blocks.edges[-1]
    low, high = (1, count - 1) if count >= 3 else (0, count)
    run = _closest(edges, size / 3, 2 * size / 3, low, high)
    return [_balanced(edges, low, high) if _excess(edges, run) else run]


def _prefix(blocks: Blocks) -> list[_Run]:
    edges = blocks.edges
    return [(0, _closest(edges, 0, edges[-1] / 3, 0, max(1, blocks.count - 1))[1])]


def _suffix(blocks: Blocks) -> list[_Run]:
    edges, count = blocks.edges, blocks.count
    return [(_closest(edges, 2 * edges[-1] / 3, edges[-1], min(1, count - 1), count)[0], count)]


def _multi_span(blocks: Blocks) -> list[_Run]:
    """Two sixths: text, page, text, page, text. With fewer than five blocks there is room for one page only."""
    count, size = blocks.count, blocks.edges[-1]
    if count < 5:
        return _middle(blocks)
    cuts = [0]
    for at, share in enumerate(_SIXTHS, 1):
        cuts.append(_nearest(blocks.edges, share * size, cuts[-1] + 1, count - (5 - at)))
    return [(cuts[1], cuts[2]), (cuts[3], cuts[4])]


def _full(blocks: Blocks) -> list[_Run]:
    return [(0, blocks.count)]


def _answer_overlap(blocks: Blocks) -> list[_Run]:
    return [heaviest_run(blocks, answer_weights(blocks), _middle(blocks)[0])]


def _densest_math(blocks: Blocks) -> list[_Run]:
    return [heaviest_run(blocks, math_weights(blocks), _middle(blocks)[0])]


POSITIONS: Mapping[str, Callable[[Blocks], list[_Run]]] = MappingProxyType(
    {
        "middle": _middle, "prefix": _prefix, "suffix": _suffix, "multi-span": _multi_span, "full": _full,
        "answer-overlap": _answer_overlap, "densest-math": _densest_math,
    }
)  # fmt: skip
POSITION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "middle": "the middle third",
        "prefix": "the first third",
        "suffix": "the last third",
        "multi-span": "two sixths, between three texts of one length",
        "full": "all of the prompt",
        "answer-overlap": "the third that holds most of the answer's words",
        "densest-math": "the third in which most characters stand in formulas",
    }
)
"""Name of a position -> what it takes of a prompt of more than three sentences, for cards."""


def _nearest(edges: Sequence[int], target: float, low: int, high: int) -> int:
    """The index, between low and high, of the border closest to `target`; the earlier of two."""
    at = min(max(bisect_left(edges, target), low), high)
    return at - 1 if at > low and target - edges[at - 1] <= edges[at] - target else at


def _closest(edges: Sequence[int], start: float, end: float, low: int, high: int) -> _Run:
    """The non-empty run of blocks within low..high whose borders are closest to start and end, in characters."""
    i, j = _nearest(edges, start, low, high), _nearest(edges, end, low, high)
    if i < j:
        return i, j
    near = [(a, b) for a, b in ((i - 1, i), (i, i + 1)) if low <= a and b <= high]
    return min(near, key=lambda run: abs(edges[run[0]] - start) + abs(edges[run[1]] - end))


def _excess(edges: Sequence[int], run: _Run) -> float:
    """What a run that is shorter than a fifth of the prompt, or longer than a half, counts on top, in characters."""
    length, size = edges[run[1]] - edges[run[0]], edges[-1]
    return max(0.0, _TOO_SHORT * (_LEAST * size - length), _TOO_LONG * (length - _MOST * size))


def _balanced(edges: Sequence[int], low: int, high: int) -> _Run:
    """The run within low..high whose borders are closest to the middle third, with its excess counted on top.

    For each start the best end is beside the end of the third, or the first or the last without excess.
    """
    size = edges[-1]

    def cost(run: _Run) -> float:
        off = abs(edges[run[0]] - size / 3) + abs(edges[run[1]] - 2 * size / 3)
        return round(off + _excess(edges, run), 6)

    runs = (
        (first, last)
        for first in range(low, high)
        for target in (2 * size / 3, edges[first] + _LEAST * size, edges[first] + _MOST * size)
        for last in _beside(edges, target, first + 1, high)
    )
    return min(runs, key=cost)


def _beside(edges: Sequence[int], target: float, low: int, high: int) -> tuple[int, int]:
    """The indices, between low and high, of the borders on both sides of a place."""
    at = min(max(bisect_left(edges, target), low), high)
    return max(at - 1, low), at


def _seed(edges: Sequence[int], within: _Run, middle: int, max_chars: int) -> int:
    """The block at `middle` if it is short enough, else the nearest that is, else the block at `middle`."""
    blocks = range(*within)
    fitting = [block for block in blocks if edges[block + 1] - edges[block] <= max_chars]
    return min(fitting or blocks, key=lambda block: max(edges[block] - middle, middle - edges[block + 1] + 1, 0))


def _grown(edges: Sequence[int], seed: int, within: _Run, anchor: int, max_chars: int) -> _Run:
    """The block `seed` with as many of its neighbours as fit, those near `anchor` first, but never all of them."""
    i, j = seed, seed + 1
    low, high = within
    while j - i < high - low - 1:
        left = i > low and edges[j] - edges[i - 1] <= max_chars
        right = j < high and edges[j + 1] - edges[i] <= max_chars
        if not (left or right):
            break
        if left and (not right or anchor - edges[i - 1] <= edges[j + 1] - anchor):
            i -= 1
        else:
            j += 1
    return i, j


def _span(prompt: str, edges: Sequence[int], atoms: Sequence[Atom], run: _Run) -> Span:
    start, end = edges[run[0]], edges[run[1]]
    if (start, end) != (0, len(prompt)):
        end = start + len(prompt[start:end].rstrip())
    first = bisect_left(atoms, start, key=lambda atom: atom.start)
    last = bisect_left(atoms, end, key=lambda atom: atom.start)
    return Span(start, end, tuple(atoms[first:last]))
