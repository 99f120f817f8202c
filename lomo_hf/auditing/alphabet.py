"""Which character an outline shows: outlines of pages against those that fonts have for each character.

The typesetter is asked for every character in every font, one by one and without any of the markup that pages are made
with. Outlines are compared by form: two of the same form at different sizes are one.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lomo_hf.rendering.fonts import MONO_FAMILIES, TEXT_FAMILIES
from lomo_hf.rendering.typesetter import new_compiler

if TYPE_CHECKING:
    import typst

__all__ = ["Alphabet", "Box", "Form", "Reading", "base_letters", "form_of", "shared_alphabet"]

_MATHEMATICS: Final = "New Computer Modern Math"
_SERIF: Final = "New Computer Modern"
# Equations are set in a weight between regular and bold.
_WEIGHTS: Final = ("weight: 400", "weight: 450", 'weight: "bold"')
_MONO: Final = MONO_FAMILIES[0]
_NO_CHARACTER: Final = "\uffff"
_WITHIN: Final = 2e-3  # of an outline's height and width together: what rounding leaves
_SIZE: Final = 100  # px
_NEAR: Final = 1e-3  # px
_SEGMENT: Final = re.compile("([MmlhvqcZ])([^MmlhvqcZ]*)")
_MOST: Final = 20_000  # outlines of pages whose readings are kept
_SCRIPTS: Final = ("\ufe00", "\ufe01")  # behind a script letter: which of the two alphabets
_DOTTED: Final = {"ı": "i", "ȷ": "j"}
# Italic letters of mathematics, upright ones of which are words.
_ITALIC: Final = frozenset([*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)])


Box = tuple[float, float, float, float]


class Form(NamedTuple):
    """An outline without its size: its segments' kinds, and their points by its height and width together.

    `box` is the left, lower, right and upper end at its size, y upwards from the baseline.
    """

    kinds: str
    points: NDArray[np.float64]
    box: Box


class Reading(NamedTuple):
    """What an outline shows.

    Attributes:
        letters: The letters and digits that it may stand for, by their least; "" where it is none of them.
        mono: It is of the monospaced font.
        italic: It is an italic letter of mathematics.
    """

    letters: str = ""
    mono: bool = False
    italic: bool = False


def base_letters(char: str) -> str:
    """What a character is counted as: letters without marks, digits, and a few signs; "" for anything else.

    >>> base_letters("é"), base_letters("²"), base_letters("½"), base_letters("한"), base_letters("+")
    ('e', '2', '12', '한', '')
    """
    if char.isascii():
        return char if char.isalnum() or char in "%$\\" else ""
    if "가" <= char <= "힣":
        return char
    return "".join(_DOTTED.get(part, part) for part in unicodedata.normalize("NFKD", char) if part.isalnum())


def form_of(path: bytes) -> Form | None:
    """The form of the data of an SVG path that is written in relative lines and curves; None where it has no ink.

    >>> form_of(b"M 0 0m 1 0v 3h 1v -3Z ").kinds, form_of(b"M 0 0m 1 0v 3h 1v -3Z ").box
    ('mlll', (1.0, 0.0, 2.0, 3.0))
    """
    segments: list[tuple[str, list[tuple[float, float]]]] = []
    x, y = start = 0.0, 0.0
    for name, segment in _SEGMENT.findall(path.decode()):
        if name in "MZ":
            x, y = start
            continue
        numbers = [float(number) for number in segment.split()]
        if name in "hv":
            numbers = [numbers[0], 0.0] if name == "h" else [0.0, numbers[0]]
        points = [(x + numbers[at], y + numbers[at + 1]) for at in range(0, len(numbers), 2)]
        x, y = points[-1]
        if name == "m":
            start = (x, y)
        segments.append(("l" if name in "hv" else name, points))
    return _form_from(segments)


def _form_from(segments: Iterable[tuple[str, Sequence[tuple[float, float]]]]) -> Form | None:
    """The form of segments with absolute points; lines of no length, and those that close a contour, are left out."""
    kinds: list[str] = []
    points: list[tuple[float, float]] = []
    start = (0.0, 0.0)
    for name, ends in [*segments, ("m", [])]:
        if name == "m":
            while kinds and kinds[-1] == "l" and _are_near(points[-1], start):
                kinds.pop()
                points.pop()
            start = ends[-1] if ends else start
        if ends and not (name == "l" and points and _are_near(ends[-1], points[-1])):
            kinds.append(name)
            points += ends
    if not points:
        return None
    every = np.asarray(points, np.float64)
    (left, low), (right, high) = every.min(axis=0), every.max(axis=0)
    scale = max(right - left + high - low, 1e-9)
    return Form("".join(kinds), every.ravel() / scale, (float(left), float(low), float(right), float(high)))


def _are_near(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return abs(first[0] - second[0]) + abs(first[1] - second[1]) < _NEAR


@dataclass
class Alphabet:
    """The outlines of the characters that were asked for; grows as it is asked for more."""

    _known: set[str] = field(default_factory=set)
    _forms: dict[str, list[tuple[NDArray[np.float64], str, str]]] = field(default_factory=dict)
    _same: dict[str, str] = field(default_factory=dict)
    _readings: dict[bytes, tuple[Reading, Box | None]] = field(default_factory=dict)
    _stacked: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def learn(self, text: str) -> None:
        """Make sure that outlines of these characters will be known."""
        wanted = {char for char in set(unicodedata.normalize("NFC", text)) | set(text) if base_letters(char)}
        unknown = sorted(wanted - self._known)
        if not unknown:
            return
        self._known.update(unknown)
        for family, options, chars in _asked(unknown):
            for char, path in _outlines_of(family, options, chars).items():
                self._add(path, char, family)
        self._readings.clear()
        self._stacked.clear()

    def read(self, path: bytes) -> tuple[Reading, Box | None]:
        """What an outline of a page shows, and its box; None where it has no ink."""
        reading = self._readings.get(path)
        if reading is None:
            if len(self._readings) > _MOST:
                self._readings.clear()
            form = form_of(path)
            reading = self._readings[path] = (self._read(form), form.box) if form else (Reading(), None)
        return reading

    def _read(self, form: Form) -> Reading:
        known = self._forms.get(form.kinds)
        if not known:
            return Reading()
        table = self._stacked.get(form.kinds)
        if table is None:
            table = self._stacked[form.kinds] = np.stack([points for points, _, _ in known])
        near = np.flatnonzero(np.abs(table - form.points).max(axis=1) < _WITHIN)
        if not near.size:
            return Reading()
        chars = [known[at][1] for at in near]
        families = {known[at][2] for at in near}
        letters = min((self.canonical(base_letters(char[0])) for char in chars), key=lambda text: (len(text), text))
        return Reading(letters, families == {_MONO}, all(ord(char[0]) in _ITALIC for char in chars))

    def canonical(self, letters: str) -> str:
        """Letters by the least of those that look like them in some font."""
        return "".join(self._root(char) for char in letters)

    def _root(self, char: str) -> str:
        while self._same.get(char, char) != char:
            char = self._same[char]
        return char

    def _add(self, path: bytes, char: str, family: str) -> None:
        form = form_of(path)
        if form is None:
            return
        known = self._forms.setdefault(form.kinds, [])
        letters = base_letters(char[0])
        for points, other, _ in known:
            if np.abs(points - form.points).max() < _WITHIN:
                self._join(letters, base_letters(other[0]))
        known.append((form.points, char, family))

    def _join(self, left: str, right: str) -> None:
        if len(left) == len(right) == 1:
            first, second = sorted((self._root(left), self._root(right)))
            self._same[second] = first


def _asked(unknown: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """Families, options and characters: what is wide is asked of the fonts that have it."""
    narrow = [char for char in unknown if unicodedata.east_asian_width(char) not in "WFH"]
    styled = [*narrow, *(char for letter in narrow for char in _styled().get(letter, ()))]
    for family in TEXT_FAMILIES:
        chars = unknown if "CJK" in family or family == "DejaVu Sans" else narrow
        yield family, "", list(chars)
    yield _MONO, "", list(unknown)
    for features in ("numr", "dnom"):  # figures before and behind the slash of a fraction
        yield TEXT_FAMILIES[0], f'features: ("{features}",)', [char for char in narrow if char.isdigit()]
    for weight in _WEIGHTS:
        for features in ("", ", features: (ssty: 1)", ", features: (ssty: 2)", ", features: (dtls: 1)"):
            yield _MATHEMATICS, f'{weight}, script: "math"{features}', styled
        for style in ("", ', style: "italic"'):
            yield _SERIF, weight + style, styled


@cache
def _styled() -> Mapping[str, tuple[str, ...]]:
    """A letter or digit -> the characters for it in the alphabets of mathematics, and those without their dot."""
    forms: dict[str, list[str]] = {"i": ["\u0131", "\U0001d6a4"], "j": ["\u0237", "\U0001d6a5"]}
    for code in (*range(0x1D400, 0x1D800), *range(0x2100, 0x2150), *range(0x2070, 0x20A0)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain != chr(code) and plain.isalnum():
            selectors = ("", *_SCRIPTS) if "SCRIPT" in unicodedata.name(chr(code), "") else ("",)
            forms.setdefault(plain, []).extend(chr(code) + selector for selector in selectors)
    return {char: tuple(others) for char, others in forms.items()}


def _outlines_of(family: str, options: str, chars: Sequence[str]) -> dict[str, bytes]:
    """The outline that a font has for each of these characters; those that it does not have are left out."""
    asked = [*dict.fromkeys(chars), _NO_CHARACTER]
    rules = f'font: "{family}"{", " + options if options else ""}, size: {_SIZE}pt, fallback: false, ligatures: false'
    places = "".join(f'#place(dx: {at}pt, text("{_escaped(char)}"))' for at, char in enumerate(asked))
    document = f"#set page(width: auto, height: auto, margin: 0pt)\n#set text({rules})\n{places}"
    svg = _compiler().compile(input=document.encode(), format="svg")
    assert isinstance(svg, bytes)
    outlines = dict(re.findall(rb'<symbol id="(g[0-9A-F]+)" overflow="visible"><path d="([^"]*)"/>', svg))
    groups = re.findall(rb'<g transform="matrix\(1 0 0 -1 ([0-9.]+) [^)]*\)">((?:<use [^>]*/>)+)</g>', svg)
    paths: dict[str, bytes] = {}
    for at, uses in groups:
        (name, *more) = re.findall(rb'xlink:href="#(g[0-9A-F]+)"', uses)
        if not more:
            paths[asked[round(float(at))]] = outlines[name]
    missing = paths.pop(_NO_CHARACTER, None)
    return {char: path for char, path in paths.items() if path != missing}


def _escaped(text: str) -> str:
    return "".join(f"\\u{{{ord(char):x}}}" for char in text)


@cache
def _compiler() -> "typst.Compiler":
    return new_compiler()


@cache
def shared_alphabet() -> Alphabet:
    """The alphabet of this process, with the letters and digits that any page may hold."""
    alphabet = Alphabet()
    ranges = (0x21, 0x7F), (0x391, 0x3CA), (0x2460, 0x2474), (0x24B6, 0x24EA)  # ASCII, Greek, in circles
    alphabet.learn("".join(chr(code) for start, stop in ranges for code in range(start, stop)) + "ϕϵϑϱϖςıȷ")
    return alphabet
