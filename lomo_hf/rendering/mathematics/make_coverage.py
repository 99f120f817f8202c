"""Read the coverage of the fonts inside the typst wheel and write `_coverage_data.py`; run after an update of typst.

python -m lomo_hf.rendering.mathematics.make_coverage
"""

import io
from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from textwrap import wrap

__all__ = ["embedded_coverage", "packed"]

_DATA = Path(__file__).with_name("_coverage_data.py")


def embedded_coverage(names: Iterable[str]) -> set[int]:
    """Code points that all of the named fonts inside the typst wheel have (PostScript names)."""
    from fontTools.ttLib import TTFont

    spec = find_spec("typst")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("typst is not installed. Run `pip install typst`.")
    binary = next(path for path in Path(spec.origin).parent.iterdir() if path.suffix in (".so", ".pyd")).read_bytes()
    covered: dict[str, set[int]] = {}
    position = binary.find(b"OTTO")
    while position >= 0:
        tables = int.from_bytes(binary[position + 4 : position + 6], "big")
        records = [
            binary[position + 12 + 16 * i : position + 28 + 16 * i] for i in range(tables if tables < 64 else 0)
        ]
        if b"cmap" in [record[:4] for record in records]:
            size = max(int.from_bytes(r[8:12], "big") + int.from_bytes(r[12:16], "big") for r in records)
            with TTFont(io.BytesIO(binary[position : position + size]), lazy=True) as font:
                covered[str(font["name"].getDebugName(6))] = set(font.getBestCmap())
        position = binary.find(b"OTTO", position + 4)
    return set.intersection(*(covered[name] for name in names))


def packed(codes: set[int]) -> str:
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
    text_fonts = [f"NewCM10-{style}" for style in ("Regular", "Bold", "Italic", "BoldItalic")]
    lines = [
        '"""Code points of fonts inside the typst wheel: ranges `gap.length` in base 36; from `make_coverage`."""',
        "",
        f'TYPST_VERSION = "{version("typst")}"',
    ]
    for name, fonts in (("MATHEMATICS", ["NewCMMath-Regular"]), ("TEXT", text_fonts)):
        words = packed(embedded_coverage(fonts))
        lines += ["", f"{name} = (", *(f'    " {part}"' for part in wrap(words, 108)), ")"]
    _DATA.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()
