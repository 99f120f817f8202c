"""Which part of a prompt becomes a page: S(x) of the paper, for each position of table 4.

A position is one function from blocks to runs of blocks, and one line of `POSITIONS`. Those beyond the paper look at
what a block says: `answer-overlap` at the words of the answer, `densest-math` at the formulas.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
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
    """A part of a prompt that becomes a page: `prompt[start:end]`, with the atoms in it (offsets of the prompt)."""

    start: int
    end: int
    atoms: tuple[Atom, ...]

    @property
    def has_math(self) -> bool:
        """Whether the span holds a formula (ContainsMath of algorithm 1)."""
        return any(atom.is_math for atom in self.atoms)


@dataclass(frozen=True, slots=True)
class Localization:
    """A prompt cut into text and spans. What lies between the spans stays text, so the whole is the prompt again."""

    prompt: str
    position: str
    sentences: int
    edges: tuple[int, ...]
    atoms: tuple[Atom, ...]
    spans: tuple[Span, ...]

    def texts(self) -> tuple[str, ...]:
        """The kept text before, between and after the spans: one more than there are spans, some perhaps empty."""
        starts = [0, *(span.end for span in self.spans)]
        ends = [*(span.start for span in self.spans), len(self.prompt)]
        return tuple(self.prompt[a:b] for a, b in zip(starts, ends, strict=True))


_Run = tuple[int, int]  # blocks i to j-1


def select_spans(prompt: str, position: str = "middle", *, answer: str = "") -> Localization:
    r"""S(x): locate the spans of a prompt (paper, section 3 and table 4).

    A prompt of at most three sentences is one span. Otherwise the span is the run of blocks closest to the middle
    third in characters (first third, last third, alternate fifths, everything), and never all of the prompt where
    there are three blocks. Space at the end of a span stays text. `answer` decides for the position "answer-overlap"
    only: it looks for the third that holds most of the answer's words, as "densest-math" does for formulas; where
    there are none, both are the middle.

    Raises:
        RecipeError: The position is not one of `POSITIONS`.

    >>> found = select_spans("One comes first. Two is next. Three is third. Four ends it.")
    >>> found.texts()
    ('One comes first. ', ' Four ends it.')
    """
    return locator(position)(prompt, answer)


def locator(position: str) -> Callable[[str, str], Localization]:
    """S of one position, its name resolved: (prompt, answer) -> spans; see `select_spans`.

    Raises:
        RecipeError: The position is not one of `POSITIONS`.

    >>> len(locator("full")("One comes first. Two is next. Three is third. Four ends it.", "").spans)
    1
    """
    return partial(_located, position, check_position(position))


def _located(position: str, choose: Callable[[Blocks], list[_Run]], prompt: str, answer: str) -> Localization:
    atoms = scan(prompt)
    starts = sentence_starts(prompt, atoms)
    sentences = count_sentences(prompt, starts)
    edges = block_edges(prompt, atoms, starts)
    whole = sentences <= MAX_WHOLE_SENTENCES or position == "full"
    runs = [(0, len(edges) - 1)] if whole else choose(Blocks(prompt, edges, atoms, answer))
    spans = tuple(_span(prompt, edges, atoms, run) for run in runs)
    return Localization(prompt, position, sentences, edges, atoms, spans)


def narrow(found: Localization, index: int, max_chars: int) -> Localization | None:
    """The same localization with span `index` cut, on block borders, to at most about `max_chars` characters.

    The cut keeps the middle of the span, the start of a prefix and the end of a suffix; only where the block in the
    middle is too long by itself does it keep a shorter one nearby. It always has fewer blocks than before.
    None where fewer blocks are not possible.

    >>> found = select_spans("One comes first. Two is next. Three is third. Four ends it. Five. Six is six.", "full")
    >>> cut = narrow(found, 0, 35)
    >>> found.prompt[cut.spans[0].start : cut.spans[0].end]
    'Two is next. Three is third.'
    """
    span, edges = found.spans[index], found.edges
    first = bisect_left(edges, span.start + 1) - 1
    last = bisect_left(edges, span.end)
    if last - first < 2:
        return None
    if found.position == "prefix":
        run = _grown(edges, first, (first, last), edges[first], max_chars)
    elif found.position == "suffix":
        run = _grown(edges, last - 1, (first, last), edges[last], max_chars)
    else:
        middle = (span.start + span.end) // 2
        run = _grown(edges, _seed(edges, (first, last), middle, max_chars), (first, last), middle, max_chars)
    cut = _span(found.prompt, edges, found.atoms, run)
    return replace(found, spans=(*found.spans[:index], cut, *found.spans[index + 1 :]))


def check_position(position: str) -> Callable[[Blocks], list[_Run]]:
    """The function behind a position's name.

    Raises:
        RecipeError: There is none.
    """
    if position not in POSITIONS:
        raise RecipeError(f"position must be one of {', '.join(POSITIONS)}; found {position!r}.")
    return POSITIONS[position]


# -- positions: blocks -> runs of blocks ----------------------------------------------------------------------


def _middle(blocks: Blocks) -> list[_Run]:
    edges, count, size = blocks.edges, blocks.count, blocks.edges[-1]
    low, high = (1, count - 1) if count >= 3 else (0, count)
    return [_closest(edges, size / 3, 2 * size / 3, low, high)]


def _prefix(blocks: Blocks) -> list[_Run]:
    edges = blocks.edges
    return [(0, _closest(edges, 0, edges[-1] / 3, 0, max(1, blocks.count - 1))[1])]


def _suffix(blocks: Blocks) -> list[_Run]:
    edges, count = blocks.edges, blocks.count
    return [(_closest(edges, 2 * edges[-1] / 3, edges[-1], min(1, count - 1), count)[0], count)]


def _multi_span(blocks: Blocks) -> list[_Run]:
    """Fifths: text, page, text, page, text. With fewer than five blocks there is room for one page only."""
    count, size = blocks.count, blocks.edges[-1]
    if count < 5:
        return _middle(blocks)
    cuts = [0]
    for fifth in range(1, 5):
        cuts.append(_nearest(blocks.edges, fifth * size / 5, cuts[-1] + 1, count - (5 - fifth)))
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
        "multi-span": "the second and the fourth fifth",
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


def _seed(edges: Sequence[int], within: _Run, middle: int, max_chars: int) -> int:
    """The block at `middle` if it is short enough, else the nearest one that is, else the block at `middle`."""
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
