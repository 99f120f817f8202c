"""The fonts a page is set in: where their files are, in which order they are asked, and which characters they have.

All come with pip packages: Noto Sans for most scripts, Noto Sans CJK, DejaVu Sans and STIX (inside matplotlib), and
those inside Typst. System fonts are never read, so a page is the same on every machine.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from lomo_hf.errors import RenderError

if TYPE_CHECKING:
    import typst

__all__ = [
    "EMOJI_FAMILIES", "INDISTINCT", "LATIN", "MONO_ADVANCE", "MONO_FAMILIES", "TEXT_FAMILIES",
    "chinese_file", "emoji_file", "first_uncovered", "font_folders", "latin_file", "mono_file", "typst_fonts",
]  # fmt: skip

# Family -> file, in the order in which Typst asks them for a glyph, but for the commonest. Arabic comes before DejaVu
# Sans, which has two thirds of it; emoji come last, because their font also has digits.
_NOTO = {
    f"Noto Sans{' ' if script else ''}{script}": ("manimgx_fonts", f"NotoSans{script}[wght].ttf", 0)
    for script in (
        "", "Arabic", "Hebrew", "Devanagari", "Thai", "Bengali", "Tamil", "Telugu", "Gujarati", "Gurmukhi", "Kannada",
        "Malayalam", "Oriya", "Sinhala", "Khmer", "Lao", "Myanmar", "Ethiopic", "Georgian", "Armenian",
    )
}  # fmt: skip
_CJK = {
    f"Noto Sans CJK {region}": ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc", index)
    for region, index in (("SC", 2), ("TC", 3), ("JP", 0), ("KR", 1))
}
_SYMBOLS = {
    "DejaVu Sans": ("matplotlib", "mpl-data/fonts/ttf/DejaVuSans.ttf", 0),
    "STIXGeneral": ("matplotlib", "mpl-data/fonts/ttf/STIXGeneral.ttf", 0),
    "Noto Sans Symbols": ("manimgx_fonts", "NotoSansSymbols[wght].ttf", 0),
    "Noto Emoji": ("manimgx_fonts", "NotoEmoji[wght].ttf", 0),
}
_FILES = {**_NOTO, **_CJK, **_SYMBOLS}

LATIN = "Noto Sans"
# Typst shapes a text with every family up to the one that has it, so the commonest scripts come first. No other of the
# scripts has a character of Chinese fonts, but for the √ of the Arabic one.
_COMMON = (LATIN, "Noto Sans Arabic", "Noto Sans CJK SC")
TEXT_FAMILIES = (*_COMMON, *(family for family in _FILES if family not in _COMMON))
MONO_FAMILIES = ("DejaVu Sans Mono", *TEXT_FAMILIES)
EMOJI_FAMILIES = ("Noto Emoji", *TEXT_FAMILIES)
MONO_ADVANCE = 0.602  # em that a character of DejaVu Sans Mono takes

INDISTINCT = frozenset(
    [
        *range(0x1F3FB, 0x1F400), 0x1F385, 0x1F936, 0x1F46B, 0x1F46C, 0x1F46D, 0x1F478, 0x1F934, 0x1FAC5, 0x1F483,
        0x1F57A, 0x1F930, 0x1FAC3, 0x1FAC4,
    ]
)  # fmt: skip
"""Code points of which Noto Emoji draws two or more alike, and the tones of skin, which it leaves out."""

# Shown by the characters around them, or by nothing: joiners, direction marks, variation selectors.
_INVISIBLE = frozenset(
    [*range(0x200B, 0x2010), 0x00AD, 0x034F, 0x061C, 0x2060, *range(0x2066, 0x206A), 0xFEFF, *range(0xFE00, 0xFE10)]
)


@cache
def font_folders() -> tuple[Path, ...]:
    """The folders that hold the fonts.

    Raises:
        RenderError: A font package is not installed.
    """
    folders: dict[Path, None] = {}
    for package, file, _ in _FILES.values():
        folders[(_package_folder(package) / file).parent] = None
    return tuple(folders)


@cache
def typst_fonts() -> "typst.Fonts":
    """The fonts, read once for the process."""
    import typst

    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(path) for path in font_folders()]
    )


def emoji_file() -> Path:
    """The font of emoji, whose table of joined emoji is read apart."""
    package, file, _ = _FILES["Noto Emoji"]
    return _package_folder(package) / file


def latin_file() -> Path:
    """The font of Latin, Greek and Cyrillic text, from which words are drawn without Typst."""
    package, file, _ = _FILES[LATIN]
    return _package_folder(package) / file


def chinese_file() -> tuple[Path, int]:
    """The font of simplified Chinese characters, and which of its file's faces that is."""
    package, file, index = _FILES["Noto Sans CJK SC"]
    return _package_folder(package) / file, index


def mono_file() -> Path:
    """The monospaced font, from which code is drawn without Typst: the one that Typst has inside."""
    package, file, _ = _FILES["DejaVu Sans"]
    return (_package_folder(package) / file).with_name("DejaVuSansMono.ttf")


def first_uncovered(text: str) -> str | None:
    r"""The first character of `text` that no font has a glyph for, or None. Line breaks and tabs count as covered.

    >>> first_uncovered("Hello, 世界! ∑ \t\n"), first_uncovered("Glyphs \ue000")
    (None, '\ue000')
    """
    if text.isascii() and text.replace("\n", "").isprintable():
        return None
    known = _coverage()
    # The set first: it is small where the text is long.
    if all(ord(char) < len(known) and known[ord(char)] for char in set(text)):
        return None
    return next(char for char in text if ord(char) >= len(known) or not known[ord(char)])


@cache
def _coverage() -> bytearray:
    """One byte for each code point: whether some family of `TEXT_FAMILIES` has a glyph for it."""
    import uharfbuzz

    known = bytearray(0x110000)
    for package, file, index in _FILES.values():
        # HarfBuzz lists the characters of all these fonts in 10 ms; fontTools takes 250 ms for the same list.
        face = uharfbuzz.Face(uharfbuzz.Blob.from_file_path(_package_folder(package) / file), index)
        for code in face.unicodes:
            known[code] = 1
    for code in _INVISIBLE:
        known[code] = 1
    for code in range(0x20):
        known[code] = chr(code) in "\t\n\r\f\v"
    for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0xE000, 0xF900)):
        known[code] = 0
    for code in (0x85, 0x2028, 0x2029):  # line breaks
        known[code] = 1
    for code in (*INDISTINCT, *range(0xE0000, 0xE0080)):  # the latter are tags: text that no reader sees
        known[code] = 0
    return known


def _package_folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RenderError("fonts:missing", f"the font package {package} is not installed. Run `pip install lomo-hf`.")
    return Path(spec.origin).parent
