"""What a whole prompt does with dollars and backslashes: counted once, and evidence about each pair in it."""

from collections.abc import Sequence
from functools import cached_property

from lomo_hf.spans.content import AGAINST, MATHEMATICAL
from lomo_hf.spans.pairing import Pair

__all__ = ["Profile"]

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
_EDGES_AGAINST = AGAINST | frozenset(
    ("opener closes", "closer opens", "leaves row", "digit after", "letter before", "letter after", "short display")
)
_STRING_ESCAPES = ("\\n", "\\t", "\\r")
_ESCAPED = frozenset(("regex edge", "regex escape", "prose only", "citation", "link"))
_MAX_ESCAPES = 8
_PADDED = frozenset(("padded", "padded left", "padded right"))


class Profile:
    """What a prompt does, in counts that stop at a few, so that no habit outweighs what is seen at a place.

    Each count is made when it is first asked for: most pairs are decided by their own signs.

    Args:
        prompt: The whole prompt.
        pairs: All pairs of delimiters in it.
        dollars: How many dollars may be delimiters.

    Source: ours.

    Example:
        >>> profile = Profile("echo $HOME; the LaTeX is lost", [], 1)
        >>> profile.code, profile.latex, profile.sure
        (1, True, 0)
    """

    def __init__(self, prompt: str, pairs: Sequence[Pair], dollars: int) -> None:
        self.prompt, self._pairs, self._dollars = prompt, pairs, dollars

    def signs_for(self, signs: Sequence[str]) -> list[str]:
        """The signs that the prompt adds to those of a pair in it.

        Args:
            signs: The pair's own.

        Example:
            >>> Profile("if ($a) { $b->c; }", [], 2).signs_for(["dollars", "letter"])
            ['code', 'code']
        """
        sure, padded, money, escapes = self._counts
        added = ["sure"] * min(sure, 3)
        if signs[0] == "brackets":
            return added + ["escaped brackets"] * min(escapes, 2)
        code = self.code
        added += ["code"] * code
        if not _PADDED.isdisjoint(signs):
            added += ["padded habit"] * min(padded, 2)
        if "amount" in signs:
            added += ["money"] * min(money, 2)
        if signs[0] == "dollars" and sure > 1 and self._dollars % 2 == 0 and not code and not money:
            added.append("even")  # each dollar should have its partner
        return added + ["SQL"] * self.sql

    def signs_for_bare(self) -> list[str]:
        """The signs that the prompt adds to those of a command without delimiters.

        Example:
            >>> Profile("In LaTeX, what does it mean?", [], 0).signs_for_bare()
            ['LaTeX']
        """
        return ["sure"] * self.sure + ["LaTeX source"] * self.source + ["LaTeX"] * self.latex

    @property
    def sure(self) -> int:
        """Formulas that are sure by their content and edges alone; 3 stands for more."""
        return min(self._counts[0], 3)

    @cached_property
    def code(self) -> int:
        """Sorts of marks that only code has; 3 stands for more. `${ }^{12}C` and `${}_2$` are of chemistry."""
        prompt = self.prompt
        braces = prompt.count("${") > prompt.count("${ }") + prompt.count("${}")
        return min(sum([mark in prompt for mark in _MARKS_OF_CODE]) + braces, 3) if self._dollars else 0

    @cached_property
    def sql(self) -> bool:
        """Whether it is SQL, which quotes with dollars."""
        return self._dollars > 1 and sum([mark in self.prompt for mark in _MARKS_OF_SQL]) > 1

    @cached_property
    def source(self) -> bool:
        """Whether commands of a LaTeX document are there."""
        return any([mark in self.prompt for mark in _MARKS_OF_SOURCE])

    @cached_property
    def latex(self) -> bool:
        """Whether the prompt speaks of LaTeX, or of what shows it."""
        return any([word in self.prompt for word in _WORDS_FOR_LATEX])

    @cached_property
    def strings(self) -> bool:
        r"""Whether `\n` and the like stand in it as they are written."""
        return any([_has_escape(self.prompt, mark) for mark in _STRING_ESCAPES])

    @cached_property
    def _counts(self) -> tuple[int, int, int, int]:
        """Sure formulas, formulas with space within their dollars, amounts with a word, brackets that are escaped."""
        sure = padded = money = escapes = 0
        for pair in self._pairs:
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
        return sure, padded, money, escapes


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
