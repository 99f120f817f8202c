"""What a whole prompt does with dollars and backslashes: counted once, and evidence about each pair in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from lomo_hf.spans.content import AGAINST, MATHEMATICAL
from lomo_hf.spans.pairing import Pair

__all__ = ["Profile", "profile_of"]

_MARKS_OF_CODE = (
    "<?php", "#!/", ";\n", "->", "=> ", "echo ", "$_", " = $", "){", ") {", "$@", "&& ", "printf", "function",
    "grep ", "sed ", "awk ", "/bin/", "const ", "console.", "{{", "};", "\t$", "data.frame", "lm(", "ggplot", "::",
    ".sh", "#{", "<-", "=~",
)  # fmt: skip
_MARKS_OF_SQL = ("LANGUAGE", "BEGIN", "SELECT", "DO $", "AS $", "RETURNS", "UPDATE ", "INSERT ")
_MARKS_OF_SOURCE = (
    "\\documentclass", "\\usepackage", "\\newcommand", "\\begin{document}", "\\section", "\\maketitle", "\\def\\",
)  # fmt: skip
_WORDS_FOR_LATEX = (
    "LaTeX", "latex", "KaTeX", "MathJax", "Latex", "LATEX", "TeX ", "Overleaf", ".tex", "Markdown", "Unicode", "TikZ",
    " macro ", "tokeniz", "typeset", " render", "regex",
)  # fmt: skip
_EDGES_AGAINST = AGAINST | {
    "opener closes", "closer opens", "leaves row", "digit after", "letter before", "letter after",
    "short display",
}
_STRING_ESCAPES = ("\\n", "\\t", "\\r")
_ESCAPED = frozenset(("regex edge", "regex escape", "prose only", "citation", "link"))
_MAX_ESCAPES = 8
_PADDED = frozenset(("padded", "padded left", "padded right"))


@dataclass(frozen=True, slots=True)
class Profile:
    """What a prompt does, in counts that stop at a few, so that no habit outweighs what is seen at a place.

    Attributes:
        sure: Formulas that are sure by their content and edges alone; 3 stands for more.
        code: Sorts of marks that only code has; 3 stands for more.
        money: Pairs that hold an amount and a word; 2 stands for more.
        padded: Formulas with a space within their dollars; 2 stands for more.
        source: 1 if commands of a LaTeX document are there.
        sql: 1 if it is SQL, which quotes with dollars.
        latex: 1 if it speaks of LaTeX.
        even: 1 if formulas are sure, the dollars are even in number, and there is neither code nor money: then each dollar
            should have its partner.
        strings: 1 if `\\n` and the like stand in it as they are written.
        escapes: Brackets that are escaped for Markdown or a regular expression; 2 stands for more.
    """

    sure: int
    code: int
    money: int
    padded: int
    source: int
    sql: int
    latex: int
    even: int
    escapes: int
    strings: int

    def signs_for(self, signs: Sequence[str]) -> list[str]:
        """The signs that the prompt adds to those of one pair in it.

        Example:
            >>> Profile(1, 0, 2, 0, 0, 0, 0, 0, 0, 0).signs_for(["dollars", "amount"])
            ['sure', 'money', 'money']
        """
        made = ["sure"] * self.sure + ["code"] * self.code
        if not _PADDED.isdisjoint(signs):
            made += ["padded habit"] * self.padded
        if "amount" in signs:
            made += ["money"] * self.money
        if signs[0] == "dollars":
            made += ["even"] * self.even
        elif signs[0] == "brackets":
            made += ["escaped brackets"] * self.escapes
        return made + ["LaTeX source"] * self.source + ["SQL"] * self.sql

    def signs_for_bare(self) -> list[str]:
        """The signs that the prompt adds to those of a command without delimiters.

        Example:
            >>> Profile(0, 1, 2, 0, 0, 0, 1, 0, 0, 0).signs_for_bare()
            ['LaTeX']
        """
        return ["sure"] * self.sure + ["LaTeX source"] * self.source + ["LaTeX"] * self.latex


def profile_of(prompt: str, pairs: Sequence[Pair], dollars: int) -> Profile:
    """Count what decides; each mark is looked for once.

    Args:
        prompt: The whole prompt.
        pairs: All pairs of delimiters in it.
        dollars: How many dollars may be delimiters.

    Example:
        >>> profile_of("echo $HOME; the LaTeX is lost", [], 1)
        Profile(sure=0, code=1, money=0, padded=0, source=0, sql=0, latex=1, even=0, escapes=0, strings=0)
    """
    sure = money = padded = escapes = 0
    for pair in pairs:
        if pair.is_certain:
            continue
        signs = pair.signs
        money += "amount then word" in signs
        escapes += signs[0] == "brackets" and not _ESCAPED.isdisjoint(signs)
        if not MATHEMATICAL.isdisjoint(signs) and _EDGES_AGAINST.isdisjoint(signs) and signs[1:] != ["number"]:
            if _PADDED.isdisjoint(signs):
                sure += 1
            else:
                padded += 1
    code = _marks_of_code(prompt) if dollars else 0
    even = sure > 1 and dollars % 2 == 0 and not code and not money
    return Profile(
        sure=min(sure, 3),
        code=min(code, 3),
        money=min(money, 2),
        padded=min(padded, 2),
        source=int("\\" in prompt and any([mark in prompt for mark in _MARKS_OF_SOURCE])),
        sql=int(dollars > 1 and sum([mark in prompt for mark in _MARKS_OF_SQL]) > 1),
        latex=int(any([mark in prompt for mark in _WORDS_FOR_LATEX])),
        even=int(even),
        escapes=min(escapes, 2),
        strings=int("\\" in prompt and any([_has_escape(prompt, mark) for mark in _STRING_ESCAPES])),
    )


def _marks_of_code(prompt: str) -> int:
    """How many sorts of marks there are; `${ }^{12}C` and `${}_2$` are of chemistry."""
    braces = prompt.count("${") > prompt.count("${ }") + prompt.count("${}")
    return sum([mark in prompt for mark in _MARKS_OF_CODE]) + braces


def _has_escape(prompt: str, mark: str) -> bool:
    """Whether a mark is there that no name of a command goes on from; the first few are looked at."""
    at = prompt.find(mark)
    for _ in range(_MAX_ESCAPES):
        if at < 0:
            return False
        if not prompt[at + 2 : at + 3].islower():
            return True
        at = prompt.find(mark, at + 2)
    return False
