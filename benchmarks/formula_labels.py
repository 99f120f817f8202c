r"""The labelled set of places: every dollar and every command of its prompts is the start of a formula, or text.

It is tests/data/formula_places.jsonl; the README beside it says how it was labelled. A *place* is a run of dollars,
`\(`, `\[`, `\begin` or `\command`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "HALVES",
    "LABELLED",
    "Formula",
    "LabelledPrompt",
    "Place",
    "overlap",
    "places_of",
    "read_labelled",
    "unmarked",
]

LABELLED = Path(__file__).parent.parent / "tests" / "data" / "formula_places.jsonl"
HALVES = ("tuned", "held-out")
_PLACE = re.compile(r"\$+|\\+(?:[A-Za-z]{2,}|[(\[])")
_MARK = re.compile(r"⟦(?P<formula>[^¦⟦⟧]+)¦|❰(?P<text>[^❰❱]+)❱|(?P<close>⟧)|(?P<either>⟪)|(?P<settled>⟫)")


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula, `text[start:end]`, with its delimiters."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, slots=True)
class Place:
    """A run of dollars or a command that opens no formula, `text[start:end]`."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True)
class LabelledPrompt:
    """A prompt with every formula in it, and every place outside of them.

    Attributes:
        half: "tuned" or "held-out". Prompts of one group are in the same half.
        either: Stretches where both readings are right; what is found there counts for nothing.
    """

    id: str
    half: str
    text: str
    formulas: tuple[Formula, ...]
    places: tuple[Place, ...]
    either: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse a place without a label, and a half that is none."""
        if self.half not in HALVES:
            raise ValueError(f"half must be one of {', '.join(HALVES)}; found {self.half!r} in {self.id}.")
        inside = [(formula.start, formula.end) for formula in self.formulas] + list(self.either)
        outside = [at for at in places_of(self.text) if not any(overlap(at, span) for span in inside)]
        labelled = [(place.start, place.end) for place in self.places]
        if outside != labelled:
            raise ValueError(f"every place must have a label; found {outside} and {labelled} in {self.id}.")


def read_labelled(path: Path = LABELLED) -> tuple[LabelledPrompt, ...]:
    """The labelled set; raises ValueError where a place has no label or a mark no partner."""
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return tuple(unmarked(row["id"], row["half"], row["text"]) for row in rows)


def unmarked(name: str, half: str, marked: str) -> LabelledPrompt:
    """A prompt from its marked text: `⟦kind¦formula⟧`, `❰kind❱` before any other place, `⟪either⟫`.

    >>> unmarked("a", "tuned", "Pay ❰money❱$5 for ⟦dollars¦$x$⟧.").formulas
    (Formula(start=11, end=14, kind='dollars'),)
    """
    text, here = "", 0
    formulas: list[Formula] = []
    kinds: dict[int, str] = {}
    either: list[tuple[int, int]] = []
    opened: list[tuple[int, str]] = []
    for mark in _MARK.finditer(marked):
        text, here = text + marked[here : mark.start()], mark.end()
        if mark["formula"] or mark["either"]:
            opened.append((len(text), mark["formula"] or ""))
        elif mark["text"]:
            kinds[len(text)] = mark["text"]
        elif not opened or bool(opened[-1][1]) != bool(mark["close"]):
            raise ValueError(f"a mark has no partner in {name} at character {mark.start()}.")
        elif mark["close"]:
            start, kind = opened.pop()
            formulas.append(Formula(start, len(text), kind))
        else:
            either.append((opened.pop()[0], len(text)))
    if opened:
        raise ValueError(f"a mark has no partner in {name}, behind {text[opened[0][0] :][:20]!r}.")
    text += marked[here:]
    places = tuple(Place(start, end, kinds[start]) for start, end in places_of(text) if start in kinds)
    if len(places) != len(kinds):
        raise ValueError(f"a label stands before no dollar and no command in {name}: {kinds}.")
    return LabelledPrompt(name, half, text, tuple(formulas), places, tuple(either))


def places_of(text: str) -> list[tuple[int, int]]:
    r"""Every run of dollars, and every backslash before a bracket or a word of two letters, escaped or not.

    >>> places_of(r"It costs \$5, or \alpha, or $$x$$.")
    [(10, 11), (17, 23), (28, 30), (31, 33)]
    """
    return [match.span() for match in _PLACE.finditer(text)]


def overlap(left: tuple[int, int], right: tuple[int, int]) -> bool:
    """Whether two stretches have a character in common."""
    return left[0] < right[1] and right[0] < left[1]
