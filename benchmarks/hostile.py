"""Prompts that try to break things: real ones damaged, and LaTeX, Markdown, code and Unicode made up at random.

Each prompt depends on (seed, index) alone, so that a failure can be made again.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

__all__ = ["KINDS", "hostile_prompt"]

Rng = np.random.Generator

_TOKENS: Final = (
    "$", "$$", "\\(", "\\)", "\\[", "\\]", "\\begin{align}", "\\end{align}", "\\begin{cases}", "\\end{cases}",
    "{", "}", "\\frac", "\\sqrt[3]{x}", "\\text{if }", "\\\\", "&", "%", "#", "_", "^", "\\left(", "\\right]",
    "\\ce{H2O}", "`", "```", "```python\n", "~~~", "<b>", "&amp;", "| a | b |\n|---|---|\n", "- ", "1. ", "> ", "**",
    "\t", "\r\n", "\n\n", "\u2028", "\x0c", "\x00", "\x1b[31m", "\u202e", "\u2067", "\u200d", "\ufeff", "\ufe0f",
    "\U0001f469\u200d\U0001f467", "\U0001f1eb\U0001f1f7", "\U0001f44d\U0001f3fd", "e\u0301", "Z\u0351\u036b\u0343",
    "\u0639\u0631\u0628\u064a", "\u05e2\u05d1\u05e8", "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0e44\u0e17\u0e22",
    "中文。", "日本語", "한국어", "\U0001d518", "\ufb00", "\U000e0041", "\ue000", "\uffff", "<im_end>", "$5", "5%",
    "http://a.example/?q=1&b=" + "c" * 60, "e.g. ", "Dr. ", "3.14", "…", "—", "\u00ad", "\u3000",
)  # fmt: skip
_ATOMS: Final = ("x", "y_1", "2", "\\alpha", "\\pi", "n!", "\\sum_{i=1}^n", "\\int_0^1", "+", "=", "\\leq", ",")
_WRAPS: Final = (
    "\\frac{%s}{%s}", "\\sqrt{%s}", "{%s}^{%s}", "\\left(%s\\right)", "\\overline{%s}", "\\text{%s}", "\\mathbb{%s}",
    "\\begin{pmatrix}%s & %s \\\\ %s\\end{pmatrix}", "\\begin{cases}%s & %s\\end{cases}", "\\unknown{%s}", "\\hat %s",
    "\\underbrace{%s}_{%s}", "\\boxed{%s}", "|%s|", "\\color{red}{%s}", "\\SI{%s}{\\metre}", "\\abs{%s}",
    "\\dv{%s}{%s}", "\\nicefrac{%s}{%s}", "\\begin{CD}%s @>%s>> x\\end{CD}", "\\mqty(%s & %s)", "\\\\frac{%s}{%s}",
    "\\intertext{%s}", "\\text{%s \\underline{%s}}", "√{%s}", "\\left{%s\\right}",
)  # fmt: skip
_MOVERS: Final = (
    "\\kern%nem %s", "\\mkern%nmu %s", "\\hskip%npt %s", "\\hspace{%nem}%s", "\\mspace{%nmu}%s", "\\!%s",
    "\\!\\!\\!%s", "\\rlap{%s}", "\\llap{%s}", "\\clap{%s}", "\\mathrlap{\\hspace{%nem}%s}", "\\mathllap{%s}",
    "\\mathclap{%s}", "\\makebox[%npt]{$%s$}", "\\hbox to %npt{$%s$}", "\\raisebox{%npt}{$%s$}",
    "\\raise%npt\\hbox{$%s$}", "\\smash{%s}", "\\phantom{%s}", "\\textcolor{white}{%s}", "\\color{yellow}%s",
    "\\color[gray]{0.99}%s", "\\colorbox{black}{$%s$}", "\\textcolor[rgb]{1,1,0.9}{%s}", "\\scalebox{%n}{$%s$}",
    "\\tiny %s", "\\text{\\hspace{%nem}$%s$}", "\\begin{array}{c@{\\hspace{%nem}}c}%s&x\\end{array}",
    "\\rule{%nem}{%nem}%s", "\\parbox{%nem}{$%s$}",
)  # fmt: skip
_DELIMITERS: Final = ("$%s$", "$$%s$$", "\\(%s\\)", "\\[%s\\]", "\\begin{align*}%s\\end{align*}", "%s", "$%s", "\\[%s")


def hostile_prompt(prompts: Sequence[str], seed: int, index: int) -> tuple[str, str]:
    """(kind, prompt) number `index`; never blank."""
    rng = np.random.Generator(np.random.Philox(key=(seed << 64) + index))
    kind = list(KINDS)[int(rng.integers(len(KINDS)))]
    prompt = KINDS[kind](rng, prompts)
    return kind, prompt if prompt.strip() else f"x{prompt}"


def _pick(rng: Rng, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _damaged(rng: Rng, prompts: Sequence[str]) -> str:
    """A real prompt with a few cuts, doublings and insertions."""
    text = _pick(rng, prompts)
    for _ in range(int(rng.integers(1, 6))):
        a, b = sorted(int(at) for at in rng.integers(0, len(text) + 1, 2))
        b = min(b, a + 40)
        match int(rng.integers(4)):
            case 0:
                text = text[:a] + text[b:]
            case 1:
                text = text[:b] + text[a:b] * int(rng.integers(1, 4)) + text[b:]
            case 2:
                text = text[:a] + _pick(rng, _TOKENS) + text[a:]
            case _:
                text = text[: max(a, 1)]
    return text


def _spliced(rng: Rng, prompts: Sequence[str]) -> str:
    parts = [_pick(rng, prompts) for _ in range(int(rng.integers(2, 5)))]
    return _pick(rng, ("\n", " ", "", "\n\n", "$")).join(part[: int(rng.integers(1, 400))] for part in parts)


def _latex(rng: Rng, prompts: Sequence[str]) -> str:
    """Words and formulas from a grammar, half of them unbalanced."""
    words = _pick(rng, prompts).split()[:30] or ["x"]
    parts = []
    for _ in range(int(rng.integers(1, 8))):
        parts += [" ".join(words[: int(rng.integers(0, len(words) + 1))]), _formula(rng)]
    text = " ".join(parts)
    cut = int(rng.integers(0, len(text) + 1))
    return text[:cut] + text[cut + 1 :] if rng.random() < 0.5 else text


def _displaced(rng: Rng, prompts: Sequence[str]) -> str:
    """Formulas whose parts are drawn back, laid over others, raised, painted or made too small to see."""
    words = _pick(rng, prompts).split()[:12] or ["x"]
    parts: list[str] = []
    for _ in range(int(rng.integers(1, 6))):
        body = _pick(rng, _ATOMS)
        for _ in range(int(rng.integers(1, 6))):
            mover = _pick(rng, _MOVERS).replace("%n", f"{rng.uniform(-40, 40):.1f}").replace("%s", body)
            body = " ".join([_pick(rng, _ATOMS), mover, _pick(rng, _ATOMS)])
        parts += [" ".join(words), _pick(rng, _DELIMITERS).replace("%s", body)]
    return " ".join(parts)


def _formula(rng: Rng) -> str:
    body = _pick(rng, _ATOMS)
    for _ in range(int(rng.integers(0, 8))):
        wrap = _pick(rng, _WRAPS)
        body = " ".join([_pick(rng, _ATOMS), wrap.replace("%s", body, 1).replace("%s", _pick(rng, _ATOMS))])
    return _pick(rng, _DELIMITERS).replace("%s", body)


def _ruled(rng: Rng, prompts: Sequence[str]) -> str:
    """Tables with rules, in which every cell costs as much as its row has columns; up to six of 60 rows of 25."""
    tables = []
    for _ in range(int(rng.integers(1, 7))):
        columns, rows = int(rng.integers(1, 26)), int(rng.integers(1, 61))
        cells = "&".join(_pick(rng, _ATOMS[:5]) for _ in range(columns))
        filled = cells if rng.random() < 0.7 else _pick(rng, _ATOMS)
        spec = f"{{*{{{columns}}}{{c|}}}}" if rng.random() < 0.5 else "{" + "|c" * columns + "|}"
        body = " \\\\ \\hline ".join([cells, *[filled] * (rows - 1)])
        tables.append(f"$$\\begin{{array}}{spec}{body}\\end{{array}}$$")
    return _pick(rng, prompts)[:60] + "\n" + "\n\n".join(tables)


def _unicode(rng: Rng, prompts: Sequence[str]) -> str:
    """Any code points at all; lone surrogates among them now and then."""
    top = int(_pick_number(rng, (0x80, 0x800, 0x3000, 0xD800, 0x10000, 0x110000)))
    codes = rng.integers(0, top, int(rng.integers(1, 200)))
    return "".join(chr(int(code)) for code in codes if rng.random() < 0.02 or not 0xD800 <= code < 0xE000)


def _pick_number(rng: Rng, choices: Sequence[int]) -> int:
    return choices[int(rng.integers(len(choices)))]


def _markup(rng: Rng, prompts: Sequence[str]) -> str:
    """Markdown, code and LaTeX marks in any order, with some words."""
    words = _pick(rng, prompts).split() or ["x"]
    return "".join(
        _pick(rng, _TOKENS) if rng.random() < 0.4 else _pick(rng, words) + " " for _ in range(int(rng.integers(1, 80)))
    )


def _repeated(rng: Rng, prompts: Sequence[str]) -> str:
    """One thing, many times: what is quadratic shows here."""
    source = rng.random()
    if source < 0.5:
        piece = _pick(rng, _TOKENS)
    elif source < 0.75:
        piece = _few_characters(rng)
    else:
        piece = _pick(rng, prompts)[: int(rng.integers(1, 60))]
    most = int(_pick_number(rng, (10, 100, 1000, 4000)))
    return "Say. " * int(rng.integers(0, 4)) + piece * max(1, min(most, 20_000 // len(piece)))


def _few_characters(rng: Rng) -> str:
    """One to three characters of one corner of Unicode: letters, marks, or characters that show nothing."""
    corner = int(rng.integers(0x80, 0x3000))
    codes = corner + rng.integers(0, 32, int(rng.integers(1, 4)))
    return "".join(chr(int(code)) for code in codes) + (" " if rng.random() < 0.2 else "")


KINDS: Final[dict[str, Callable[[Rng, Sequence[str]], str]]] = {
    "damaged": _damaged,
    "spliced": _spliced,
    "latex": _latex,
    "displaced": _displaced,
    "ruled": _ruled,
    "unicode": _unicode,
    "markup": _markup,
    "repeated": _repeated,
}
