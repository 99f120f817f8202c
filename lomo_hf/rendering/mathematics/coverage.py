"""Which characters the mathematical font has, known before anything is typeset: a formula is refused, never boxed.

The ranges in `_coverage_data` come out of the fonts inside the typst wheel. To make them anew after an update:

    python -m lomo_hf.rendering.mathematics.coverage
"""

from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from lomo_hf.rendering.fonts import first_uncovered
from lomo_hf.rendering.mathematics._coverage_data import MATHEMATICS, TEXT
from lomo_hf.rendering.mathematics.limits import refuse

__all__ = ["check_body", "check_text", "embedded_coverage", "in_mathematics"]

_DATA = Path(__file__).with_name("_coverage_data.py")
_VARIATION = "\ufe00\ufe01"
_INVISIBLE = frozenset(range(0x200B, 0x2010)) | {0xAD, 0x2060, 0xFEFF}


def in_mathematics(char: str) -> bool:
    """Whether New Computer Modern Math has a glyph for a character.

    >>> in_mathematics("∮"), in_mathematics("中")
    (True, False)
    """
    return bisect_right(_bounds(MATHEMATICS), ord(char)) % 2 == 1


def check_body(body: str) -> None:
    """Refuse a body with a character that neither the mathematical font nor a family of text can show."""
    if not body.isascii():
        _check(body, MATHEMATICS)
    position = body.find("\\u{")
    while position >= 0:
        _check(chr(int(body[position + 3 : body.index("}", position)], 16)), MATHEMATICS)
        position = body.find("\\u{", position + 3)


def check_text(text: str, style: str) -> None:
    """Refuse styled text with a character that no font of that style, nor a family of text, can show."""
    if not text.isascii():
        _check(text, "" if style in ("mono", "sans") else TEXT)


def _check(text: str, ranges: str) -> None:
    bounds = _bounds(ranges)
    for char in text:
        if char.isascii() or bisect_right(bounds, ord(char)) % 2 or char in _VARIATION or ord(char) in _INVISIBLE:
            continue
        if first_uncovered(char) is not None:
            raise refuse(f"uncovered:U+{ord(char):04X}", f"no font has a glyph for U+{ord(char):04X}.")


@cache
def _bounds(ranges: str) -> list[int]:
    """Where covered ranges begin and end, ascending: a code point is covered after an odd number of bounds."""
    bounds: list[int] = []
    position = 0
    for word in ranges.split():
        gap, length = (int(part, 36) for part in word.split("."))
        bounds += [position + gap, position + gap + length]
        position += gap + length
    return bounds


def embedded_coverage(names: Iterable[str]) -> set[int]:
    """Code points that all of the named fonts inside the typst wheel have (PostScript names)."""
    import io
    from importlib.util import find_spec

    from fontTools.ttLib import TTFont

    spec = find_spec("typst")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("typst is not installed. Run `pip install typst`.")
    binary = next(path for path in Path(spec.origin).parent.iterdir() if path.suffix in (".so", ".pyd")).read_bytes()
    found: dict[str, set[int]] = {}
    position = binary.find(b"OTTO")
    while position >= 0:
        tables = int.from_bytes(binary[position + 4 : position + 6], "big")
        records = [binary[position + 12 + 16 * i : position + 28 + 16 * i] for i in range(tables if tables < 64 else 0)]
        if b"cmap" in [record[:4] for record in records]:
            size = max(int.from_bytes(r[8:12], "big") + int.from_bytes(r[12:16], "big") for r in records)
            with TTFont(io.BytesIO(binary[position : position + size]), lazy=True) as font:
                found[str(font["name"].getDebugName(6))] = set(font.getBestCmap())
        position = binary.find(b"OTTO", position + 4)
    return set.intersection(*(found[name] for name in names))


def _packed(codes: set[int]) -> str:
    """Ranges as words `gap.length` in base 36."""
    words, position = [], 0
    run: list[int] = []
    for code in [*sorted(codes), -1]:
        if run and code != run[-1] + 1:
            words.append(f"{_base36(run[0] - position)}.{_base36(len(run))}")
            position, run = run[-1] + 1, []
        run.append(code)
    return " ".join(words)


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


def _write() -> None:
    """Write `_coverage_data.py` from the installed typst."""
    from importlib.metadata import version
    from textwrap import wrap

    text_fonts = [f"NewCM10-{style}" for style in ("Regular", "Bold", "Italic", "BoldItalic")]
    lines = [
        '"""Code points of the fonts inside the typst wheel, as ranges `gap.length` in base 36; written by `coverage`."""',
        "",
        f'TYPST_VERSION = "{version("typst")}"',
    ]
    for name, fonts in (("MATHEMATICS", ["NewCMMath-Regular"]), ("TEXT", text_fonts)):
        packed = _packed(embedded_coverage(fonts))
        lines += ["", f"{name} = (", *(f'    "{part} "' for part in wrap(packed, 108)), ")"]
    _DATA.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
