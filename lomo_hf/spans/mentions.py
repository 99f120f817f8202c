r"""Signs about a command without delimiters: it is mathematics, or the sentence speaks about it, or it is of a path.

`put the answer within \boxed{}`, `use \infty for infinity` and `C:\new\times.doc` are text; `2\pi` and `x \in A` are
mathematics. What is looked at are 80 characters before the command and 40 behind it. A sign is a name of `weights.py`.
"""

from string import ascii_letters

from lomo_hf.spans.commands import COMMAND_ARGUMENTS, STYLES, TYPESETTING_COMMANDS
from lomo_hf.spans.prose import FUNCTION_WORDS

__all__ = ["OPERANDS", "bare_signs", "names_next"]

_BEFORE, _AFTER = 80, 40
_SPACES = frozenset(("quad", "qquad"))  # the gap to be filled in, as in `(\\quad)`
_MAX_POINTS = 5
_NEAR, _FAR = 3, 6  # words before the command
_CUES = frozenset(
    """use using write writing written wrote type typing typed within inside enclose enclosed latex tex katex
    mathjax command commands macro macros render renders rendered replace format instead tried insert surround
    wrap box keyword called named meaning symbol prints print shows splits uses complains wants arguments package
    shortcut pronounce pronounced corresponds unicode matches match parse converts statt escribe schreibe benutze
    geschrieben writes redefine escape backslashes output printed écrire utiliser tippe enter entered input""".split()
)
_CUES_BEHIND = frozenset(
    """mean means command commands symbol instead macro works work compile compiles stands stand package environment
    latex tex prints print needs shows renders versus vs error statt""".split()
)
_CHINESE_CUES = frozenset("用写命令放填入置于输打如")
_SENTENCE_ENDS = (". ", "? ", "! ", "\n")
_OPERATORS = frozenset("=+-*/<>|([]^_·×÷≤≥{}")
_WORDS_OF_ONE_LETTER = frozenset("aIoyeu")
_QUOTES = frozenset("\"'`“”‘’「」")
_NEEDSOPERANDS = frozenset(
    """le leq ge geq ne neq in notin subset subseteq supset cup cap times cdot div to rightarrow leftarrow Rightarrow
    leftrightarrow implies iff approx sim simeq equiv cong propto perp parallel mid nmid pm mp oplus otimes wedge vee
    land lor mapsto leqslant geqslant ll gg""".split()
)
OPERANDS = frozenset(("operand before", "operand after"))
"""Signs that a command is a part of a formula."""
_BESIDE = OPERANDS | {"argument", "script", "several", "own line"}
_PLACEHOLDERS = (
    "{...}", "{<", "{…", "{\\ldots}", "{your", "{answer", "{numerator", "{expression", "{argument", "{number",
    "{text}", "{formula", "{value", "{option", "{letter", "{result",
)  # fmt: skip


def bare_signs(text: str, start: int, end: int, low: int, high: int) -> list[str]:
    r"""The signs of `text[start:end]`, a command with its arguments.

    Args:
        text: The prompt.
        start: Where its backslash stands.
        end: Behind its arguments and scripts, and the commands that follow it without a gap.
        low: What stands before this place is not looked at.
        high: Nor what stands from this place on.

    Source: ours.

    Example:
        >>> bare_signs(r"within \boxed{}.", 7, 15, 0, 16), bare_signs(r"x \in A", 2, 5, 0, 7)
        (['bare', 'box', 'empty argument', 'cue', 'alone'], ['bare', 'operand before', 'operand after'])
    """
    before, after = text[max(low, start - _BEFORE) : start], text[end : min(high, end + _AFTER)]
    name = _name(text[start : start + 24])
    signs = ["bare", *_argument_signs(text[start:end], name), *_path_signs(before, after)]
    if "box" not in signs:
        signs += _operand_signs(before, after)
    signs += _cue_signs(before, after, "argument" in signs)
    if after.startswith(" for ") and "{" not in text[start:end]:  # `\\pi for pi`
        signs.append("cue behind")
    if _BESIDE.isdisjoint(signs) and name not in _SPACES:
        signs.append("alone")
    if OPERANDS.isdisjoint(signs) and not _between_words(before, after) and name in _NEEDSOPERANDS:
        signs.append("operands missing")
    if before and after and before[-1] in _QUOTES and after[0] in _QUOTES:
        signs.append("in quotes")
    return signs


def names_next(before: str) -> bool:
    r"""Whether the last word speaks of what comes next, as in `write \begin{cases}`.

    Args:
        before: The text before, or the end of it.

    Source: ours.

    Example:
        >>> names_next("For a system, write "), names_next("Solve the system ")
        (True, False)
    """
    words = before.split()
    return bool(words) and _bare_word(words[-1]) in _CUES


def _argument_signs(source: str, name: str) -> list[str]:
    signs = ["box"] if source.startswith("\\boxed{") else []
    if "{}" in source or "{ }" in source:
        signs.append("empty argument")
    elif any([mark in source for mark in _PLACEHOLDERS]) or (source.startswith("\\left") and " and " in source):
        signs.append("placeholder")
    elif "{" in source or source.startswith("\\left") or COMMAND_ARGUMENTS.get(name):
        signs.append("argument")
    if name in STYLES:
        signs.append("styling")
    if "^" in source or "_" in source:
        signs.append("script")
    if source.count("\\") > 1:
        signs.append("several")
    return signs


def _path_signs(before: str, after: str) -> list[str]:
    signs = []
    word = before.split()[-1] if before and not before[-1].isspace() else ""
    colon = f"{word}\\".find(":\\") if word else -1
    drive = colon > 0 and word[colon - 1].isalpha() and (colon == 1 or not word[colon - 2].isalnum())
    if drive or word.startswith(("\\\\", "..\\", ".\\")) or any(map(_is_unknown, word.split("\\")[1:])):
        signs.append("path")
    if word and (word[-1] in ".\\%~@#" or (word[-1] == "/" and after[:1] == "/")):
        signs.append("path")
    if word[-2:].isalpha() and len(word) > 1 and word.isascii():
        signs.append("word before")
    extension = after[:1] == "." and after[1:2].islower()
    if extension or (after[:1] == "\\" and _is_unknown(after[1:])):
        signs.append("path")
    return signs


def _name(source: str) -> str:
    rest = source.lstrip("\\")
    return rest[: len(rest) - len(rest.lstrip(ascii_letters))]


def _is_unknown(piece: str) -> bool:
    """Whether what follows a backslash is a word of two letters at least, and no command of mathematics."""
    name = _name(piece)
    return len(name) > 1 and name not in COMMAND_ARGUMENTS and name not in TYPESETTING_COMMANDS


def _operand_signs(before: str, after: str) -> list[str]:
    """Whether an operator, a number or a letter by itself stands beside, as in `2\\pi` and `x \\in A`."""
    signs = []
    left, right = before.rstrip(" "), after.lstrip(" ")
    touches = left and (left[-1] in _OPERATORS or left[-1].isdigit() or before[-1] == ")")
    if touches or (left and _is_letter(left[-1], left[-2:-1])):
        signs.append("operand before")
    elif before != left and _is_point(left[-_MAX_POINTS - 1 :].rpartition(" ")[2]):
        signs.append("operand before")
    if right and (right[0] in _OPERATORS - {"("} or right[0].isdigit() or right[0] == ")"):
        signs.append("operand after")
    elif right and right[0].isascii() and (_is_letter(right[0], right[1:2]) or _is_point(right.partition(" ")[0])):
        signs.append("operand after")
    elif right[:1] == ":" and right[1:].lstrip(" ")[:1].isdigit():
        signs.append("operand after")  # a ratio
    if (not left or left[-1] == "\n") and (not right or right[0] == "\n"):
        signs.append("own line")
    return signs


def _between_words(before: str, after: str) -> bool:
    """Whether words stand beside that may be operands, as in `speed \\times time`."""
    words = before.split()[-1:] + after.split()[:1]
    return len(words) == 2 and all([word.isalpha() and word.lower() not in FUNCTION_WORDS for word in words])


def _is_point(word: str) -> bool:
    """Whether a word names points, as those in `AB \\perp CD` do."""
    name = word.rstrip(".,;:?")
    return 1 < len(name) < _MAX_POINTS and name.isupper() and name.isalpha()


def _is_letter(char: str, beside: str) -> bool:
    return char.isalpha() and not beside.isalpha() and char not in _WORDS_OF_ONE_LETTER


def _cue_signs(before: str, after: str, argument: bool) -> list[str]:
    sentence = before[max(before.rfind(mark) for mark in _SENTENCE_ENDS) + 1 :]
    words = [_bare_word(word) for word in sentence.split()[-_FAR:]]
    if words[-1:] == ["for"] and not _CUES.isdisjoint(words):  # `type inf for \\infty`
        words[-1] = "use"
    if words[-1:] == ["use"] and after.lstrip(" ").startswith(("=", "\u2248", "\\approx")):  # `use \\pi = 3.14`
        words = words[:-1]
    if words == ["write"] and argument:  # `write \\frac{7}{8} as a decimal`
        words = []
    signs = ["cue"] * min(sum([word in _CUES for word in words[-_NEAR:]]) + ("latex" in words[:-_NEAR]), 2)
    signs += ["far cue"] * any(word in _CUES for word in words[:-_NEAR])
    signs += ["cue"] * (not _CHINESE_CUES.isdisjoint(before[-12:]))
    behind = map(_bare_word, after.partition("\n")[0].split()[:_NEAR])
    return signs + ["cue behind"] * min(sum(word in _CUES_BEHIND for word in behind), 2)


def _bare_word(word: str) -> str:
    return word.strip(".,:;()\"'`*?!").lower()
