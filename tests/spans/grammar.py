"""Prompts made from pieces: a test knows where it put its formulas and code, and holds a scan against that."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

Truth = list[tuple[int, int, str]]  # start, end, "math", "code" or "fence"


@dataclass(frozen=True)
class Piece:
    """A part of a prompt; `kind` is "" for plain text, and `alone` for what needs lines of its own."""

    source: str
    kind: str = ""
    alone: bool = False


@dataclass(frozen=True)
class Prompt:
    """A prompt with the atoms that were put into it."""

    text: str
    truth: Truth


PROSE = [
    "Natalia sold clips to 48 of her friends in April.",
    "Why?",
    "The train leaves at 5 p.m. on Jan. 3 from St. Petersburg.",
    "Find the value, then explain",
    "where the rest is known",
    "and",
    "Stop! Do not go on.",
    'He said "no" (twice), e.g. on Monday...',
    "Simplify 7! / 5! and 3.14 times 2.",
    "See https://example.com/a.b?c=d.e&f=%20g for the rest.",
    "Write to jane.doe@example.org today.",
    "小明有3.5元。他花了1.2元，还剩多少元？",
    "請計算。",
    "次の式を計算してください。",
    "दो और तीन का योग क्या है? कारण बताइए।",
    "اشرح الخطوات. ثم اكتب الإجابة.",
    "AT&T's R&D_2 is 50% up; see C:\\Users\\alpha\\log.txt for #1.",
    "Let x^2 + y_1 <= 3 and f(x) = {1, 2}.",
]
MONEY = [
    "It costs $5 and $10.",
    "Weng earns $12 an hour.",
    "Pay $1,000.50 or $2,000 now, not US$3.",
    "A house sold for $500,000 in 1990, then for $400,000.",
    "The fee rose from $5-$6 to $7/$8 a day.",
    "He paid 5$ for it.",
    "It costs \\$5 or \\$x\\$ more.",
    "A place of $$$ or $$$$ price.",
]
UNBALANCED = [
    "Open \\( here.",
    "Open \\[ here.",
    "A \\begin{align} alone.",
    "An \\end{cases} alone.",
    "A brace { or }.",
    "The \\frac{1 is cut.",
    "A ) or ] closes nothing.",
]
BLOCKS = [
    "| year | $ | Total |\n| --- | --- | --- |\n| 2019 | $ 5.2 | $10 |\n| 2018 | $— | $(3) |",
    "1. Take one.\n2. Take two.\n   - Then rest.",
    "A. Red\nB. Blue\nC. Green",
    "# A heading",
    "def f(x):\n    return x + 1",
]
BODIES = [
    "x",
    "x=1",
    "f(x)",
    "a+b",
    "2x",
    "ABC",
    "(0,1]",
    "x_1, x_2",
    "\\alpha",
    "\\frac{1}{2}x^2",
    "x \\text{ if } y>0",
    "\\sqrt[3]{x}",
    "P(A|B)",
    "\\{1. 2. 3\\}",
    "5",
    "n!",
    "\\$5",
    "y < 3.5",
    "\\left(\\frac{a}{b}\\right)",
    "20\\%",
    "a'",
    "\\begin{pmatrix}1\\\\2\\end{pmatrix}",
    "S=1+2+\\dots+n.",
]
BARE = [
    "\\frac{1}{2}",
    "\\sqrt{x+1}",
    "\\alpha_1",
    "\\pi^2",
    "\\sqrt[3]{8}",
    "\\frac 12",
    "\\overline{AB}",
    "\\alpha\\beta",
    "\\left(x+1\\right)",
    "\\left\\langle u,v\\right\\rangle^{2}",
    "\\mathbb{R}^{n+1}",
    "\\ce{H2O}",
    "\\sum_{i=1}^n",
    "\\binom{n}{k}",
]
DELIMITERS = [
    ("$", "$"),
    ("\\(", "\\)"),
    ("$$", "$$"),
    ("\\[", "\\]"),
    ("\\begin{align*}", "\\end{align*}"),
    ("\\begin{equation}\n", "\n\\end{equation}"),
]
CODE = ["`x`", "`$z$`", "`a. B`", "``x`y``", "`\\(`", "`\\frac{1}{2}`", "`print('$5')`"]
FENCES = [
    "```\nx = 1. \n```",
    "```python\nprint('$x$')\n\n# Done. Yes.\n```",
    "~~~\n\\(x\\)\n~~~",
    "````md\n```\n$a$\n```\n````",
    '[asy]\ndraw((0,0)--(1,1)); label("$A$");\n[/asy]',
]

_formulas = st.builds(
    lambda body, marks: Piece(marks[0] + body + marks[1], "math"), st.sampled_from(BODIES), st.sampled_from(DELIMITERS)
).filter(lambda piece: len(piece.source) > 6 or not piece.source.startswith("\\["))  # `\\[5\\]` is a citation
_pieces = st.one_of(
    st.sampled_from([Piece(text) for text in (*PROSE, *MONEY, *UNBALANCED)]),
    _formulas,
    _formulas,
    st.sampled_from([Piece(source, "math") for source in BARE]),
    st.sampled_from([Piece(source, "code") for source in CODE]),
    st.sampled_from([Piece(text, "", True) for text in BLOCKS] + [Piece(text, "fence", True) for text in FENCES]),
)


def put_together(pieces: Sequence[Piece], gaps: Sequence[str]) -> Prompt:
    """The pieces with gaps between them; one that stands alone gets its own lines."""
    text, truth = "", []
    for index, piece in enumerate(pieces):
        if index:
            alone = piece.alone or pieces[index - 1].alone
            text += "\n" if alone and gaps[index] == " " else gaps[index]
        if piece.kind:
            truth.append((len(text), len(text) + len(piece.source), piece.kind))
        text += piece.source
    return Prompt(text, truth)


@st.composite
def prompts(draw: st.DrawFn, min_pieces: int = 0, max_pieces: int = 12) -> Prompt:
    """A prompt of real-looking pieces, whose atoms are known."""
    pieces = draw(st.lists(_pieces, min_size=min_pieces, max_size=max_pieces))
    gaps = draw(st.lists(st.sampled_from([" ", " ", " ", "\n", "\n\n"]), min_size=len(pieces), max_size=len(pieces)))
    return put_together(pieces, gaps)


def rough_texts() -> st.SearchStrategy[str]:
    """Anything at all: marks of every kind in any order, and arbitrary characters, lone surrogates included."""
    marks = st.sampled_from(
        [
            "$",
            "$$",
            "\\(",
            "\\)",
            "\\[",
            "\\]",
            "`",
            "```",
            "\n```",
            "~~~",
            "\n",
            "\n\n",
            " ",
            "{",
            "}",
            "\\",
            "\\$",
            "^",
            "_",
            "\\frac",
            "\\text{",
            "\\left",
            "\\right",
            "\\begin{align}",
            "\\end{align}",
            "\\begin{cases}",
            "\\end{cases}",
            ".",
            "!",
            "?",
            "。",
            "，",
            "”",
            "…",
            "．",
            "1.",
            "A.",
            "Dr.",
            "x",
            "Word",
            "word",
            "12",
            "字",
            "[asy]",
            "[/asy]",
            "|",
            "\r\n",
            "\t",
        ]
    )
    anything = st.text(st.characters(), max_size=8)
    return st.lists(st.one_of(marks, marks, marks, anything), max_size=40).map("".join)
