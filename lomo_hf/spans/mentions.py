r"""Signs about a command without delimiters: it is mathematics, or the sentence speaks about it, or it is of a path.

`put the answer within \boxed{}`, `use \infty for infinity` and `C:\new\times.doc` are text; `2\pi` and `x \in A` are
mathematics. What is looked at are 80 characters before the command and 40 behind it. A sign is a name of `weights.py`.
"""

from string import ascii_letters

from lomo_hf.spans.commands import COMMAND_ARGUMENTS, TYPESETTING_COMMANDS

__all__ = ["bare_signs"]

_BEFORE, _AFTER = 80, 40
_NEAR, _FAR = 3, 6  # words before the command
_CUES = frozenset(
    """use using write writing written wrote type typing typed within inside enclose enclosed put latex tex katex
    mathjax command commands macro macros render renders rendered replace format instead tried insert gives give
    reply answer return response outputs output final form example surround wrap box keyword called named means
    mean meaning symbol prints print uses complains wants between than arguments package shortcut escribe schreibe
    geschrieben écrire tippe""".split()
)
_CUES_BEHIND = frozenset(
    """mean means command commands symbol instead macro works work compile compiles stands stand package environment
    latex tex prints print gives needs""".split()
)
_CHINESE_CUES = frozenset("用写命令放填入置于输打如")
_SENTENCE_ENDS = (". ", "? ", "! ", "\n")
_OPERATORS = frozenset("=+-*/<>|([]^_·×÷≤≥{}")
_WORDS_OF_ONE_LETTER = frozenset("aIoyeu")
_QUOTES = frozenset("\"'`“”‘’「」")
_PLACEHOLDERS = ("{...}", "{<", "{…", "{\\ldots}")


def bare_signs(text: str, start: int, end: int, low: int, high: int) -> list[str]:
    r"""The signs of `text[start:end]`, a command with its arguments.

    Args:
        text: The prompt.
        start: Where its backslash stands.
        end: Behind its arguments and scripts, and the commands that follow it without a gap.
        low: What stands before this place is not looked at.
        high: Nor what stands from this place on.

    Example:
        >>> bare_signs(r"within \boxed{}.", 7, 15, 0, 16), bare_signs(r"x \in A", 2, 5, 0, 7)
        (['bare', 'box', 'empty argument', 'cue'], ['bare', 'operand before', 'operand after'])
    """
    before, after = text[max(low, start - _BEFORE) : start], text[end : min(high, end + _AFTER)]
    signs = ["bare", *_argument_signs(text[start:end]), *_path_signs(before, after)]
    signs += _operand_signs(before, after)
    signs += _cue_signs(before, after)
    if after.startswith(" for ") and "{" not in text[start:end]:  # `\\pi for pi`
        signs.append("cue behind")
    if before and after and before[-1] in _QUOTES and after[0] in _QUOTES:
        signs.append("in quotes")
    return signs


def _argument_signs(source: str) -> list[str]:
    signs = ["box"] if source.startswith("\\boxed{") else []
    if "{}" in source or "{ }" in source:
        signs.append("empty argument")
    elif any(mark in source for mark in _PLACEHOLDERS):
        signs.append("placeholder")
    elif "{" in source or source.startswith("\\left"):
        signs.append("argument")
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
    if word and (word[-1] in ".\\" or (word[-1] == "/" and after[:1] == "/")):
        signs.append("path")
    if word[-2:].isalpha() and len(word) > 1 and word.isascii():
        signs.append("word before")
    extension = after[:1] == "." and after[1:2].islower()
    if extension or (after[:1] == "\\" and _is_unknown(after[1:])):
        signs.append("path")
    return signs


def _is_unknown(piece: str) -> bool:
    """Whether what follows a backslash is a word of two letters at least, and no command of mathematics."""
    name = piece[: len(piece) - len(piece.lstrip(ascii_letters))]
    return len(name) > 1 and name not in COMMAND_ARGUMENTS and name not in TYPESETTING_COMMANDS


def _operand_signs(before: str, after: str) -> list[str]:
    """Whether an operator, a number or a letter by itself stands beside, as in `2\\pi` and `x \\in A`."""
    signs = []
    left, right = before.rstrip(" "), after.lstrip(" ")
    if left and (left[-1] in _OPERATORS or left[-1].isdigit() or before[-1] == ")" or _is_letter(left[-1], left[-2:-1])):
        signs.append("operand before")
    if right and (right[0] in _OPERATORS - {"("} or right[0].isdigit() or right[0] == ")"):
        signs.append("operand after")
    elif right and right[0].isascii() and _is_letter(right[0], right[1:2]):
        signs.append("operand after")
    if (not left or left[-1] == "\n") and (not right or right[0] == "\n"):
        signs.append("own line")
    return signs


def _is_letter(char: str, beside: str) -> bool:
    return char.isalpha() and not beside.isalpha() and char not in _WORDS_OF_ONE_LETTER


def _cue_signs(before: str, after: str) -> list[str]:
    sentence = before[max(before.rfind(mark) for mark in _SENTENCE_ENDS) + 1 :]
    words = [_bare_word(word) for word in sentence.split()[-_FAR:]]
    if words[-1:] == ["write"] and after.startswith(" as "):  # as a decimal
        words = words[:-1]
    signs = ["cue"] * min(sum(word in _CUES for word in words[-_NEAR:]), 2)
    signs += ["far cue"] * any(word in _CUES for word in words[:-_NEAR])
    signs += ["cue"] * (not _CHINESE_CUES.isdisjoint(before[-12:]))
    behind = map(_bare_word, after.partition("\n")[0].split()[:_NEAR])
    return signs + ["cue behind"] * min(sum(word in _CUES_BEHIND for word in behind), 2)


def _bare_word(word: str) -> str:
    return word.strip(".,:;()\"'`*?!").lower()
