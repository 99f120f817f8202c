r"""Signs in the body of a possible formula: commands, scripts and relations speak for it; prose, money, code do not.

A sign is a name of `weights.py`; what weighs more for being there twice is named twice. What stands around the body is
looked at in `edges.py`. Everything is looked for with methods of `str`, in a pass each, and signs are counted to three
at most, so that the cost of a body grows with its length and no more.
"""

from functools import lru_cache
from string import ascii_letters

from lomo_hf.spans.commands import COMMAND_ARGUMENTS, TYPESETTING_COMMANDS
from lomo_hf.spans.prose import prose_signs, shape_of

__all__ = ["AGAINST", "LONE_MARKS", "MATHEMATICAL", "content_signs"]

MATHEMATICAL = frozenset(
    (
        "command", "unknown command", "escape", "script", "relation", "operator", "letter", "short names", "number",
        "call", "enclosed", "sign", "capitals", "lone mark", "lone operator",
    )
)  # fmt: skip
"""A body with none of these holds nothing that mathematics has and prose has not."""
AGAINST = frozenset(
    (
        "function word", "word gap", "long word", "sentence", "chinese", "amount then word", "quote", "apostrophe",
        "semicolon", "statement", "cell", "code mark", "braces open", "brackets open", "dollar inside", "odd start",
    )
)  # fmt: skip
"""A body with any of these is no sure formula."""

_CACHED_CHARS = 48
_TEXT_COMMANDS = frozenset(
    "text textrm textbf textit textsf texttt textup mbox hbox fbox mathrm mathbf mathit mathsf mathtt operatorname rm "
    "bf tag label ce pu".split()
)  # their argument is text, or is set as text is
_KNOWN = frozenset(COMMAND_ARGUMENTS) | TYPESETTING_COMMANDS
LONE_MARKS = frozenset(("\\$", "\\%", ")", "]", "(", "[", "\\{", "\\}", "?"))
_PLACEHOLDERS = frozenset(("answer", "your answer", "final answer", "result", "number", "value", "letter", "choice"))
_LONE_OPERATORS = frozenset("=+-<>×÷")
_REGEX_ESCAPES = frozenset("wdsbWDSB.+*?/")
_RELATIONS = frozenset("=<>≤≥≠≈∈⊂⊆≡∼∥⊥→⇒∣")
_OPERATORS = frozenset("+-*/×÷·−±∪∩∘")
_UNICODE_SIGNS = frozenset("∠△√∞πθαβγδλμσωφ°′″²³½⅓¼ℝℂℤℕ₁₂∑∫∂∇∀∃∅…⁻¹⁰")
_CODE = ("->", "=>", "==", "&&", "||", "::", "//", "++", "+=", "()", "){", "$_", "</", "/>", "!=", "<-", "--", "=~")
_CODE_CHARS = frozenset("=&|:/+(<$-)")
_MARKS = frozenset("\"`';@#~&?!|$\n")
_ODD_CHARS = frozenset("@#~&")
_OPEN_ENDS = frozenset('=<>+*/:_("[{-')  # with these no formula ends
_ODD_STARTS = frozenset(",.;:!?)]}\"'#@&%/~`*=")  # and with these none begins
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&le;", "≤"), ("&ge;", "≥"), ("&ne;", "≠"))
_LONG, _VERY_LONG = 80, 250
_CUT = "\x00"  # stands where a command was taken out


def content_signs(body: str) -> tuple[str, ...]:
    r"""The signs in the body of a possible formula, whatever the space at its ends.

    Args:
        body: What stands between two delimiters.

    Source: ours.

    Example:
        >>> content_signs("x"), content_signs(r"\frac{1}{2}")
        (('letter',), ('command',))
        >>> content_signs("5 and ")
        ('amount', 'amount then word', 'function word', 'word gap', 'no mathematics')
    """
    ink = body.strip(_SPACE)
    if not ink.isprintable():
        ink = ink.translate(_READ_ESCAPES)
    return _short_signs(ink) if len(ink) <= _CACHED_CHARS else _all_signs(ink)


def _all_signs(ink: str) -> tuple[str, ...]:
    signs = _signs(ink)
    return (*signs, "no mathematics") if MATHEMATICAL.isdisjoint(signs) else tuple(signs)


_SPACE = " \t\r\n\u00a0\u3000"  # a form feed is what is left of `\\f`
_READ_ESCAPES = str.maketrans({"\a": "\\a", "\b": "\\b", "\v": "\\v", "\f": "\\f"})  # `\\frac` read as JSON
_short_signs = lru_cache(maxsize=8192)(_all_signs)


def _signs(ink: str) -> list[str]:
    if len(ink.rstrip("'")) == 1 and ink[:1].isalpha():
        return ["chinese" if _is_chinese(ink[0]) else "letter"]
    if not ink or ink in LONE_MARKS:
        return ["lone mark"] if ink else []
    if ink in _LONE_OPERATORS:
        return ["lone operator"]
    if "&" in ink:
        for entity, char in _ENTITIES:
            ink = ink.replace(entity, char)
    signs: list[str] = []
    plain = ink
    if "\\" in ink:
        plain, signs = _without_commands(ink)
        if "\\boxed{" in ink and _is_placeholder(ink[ink.find("\\boxed{") + 7 :]):
            signs.append("empty box")
    if "^" in ink or "_" in ink:
        signs += _script_signs(ink)
    if "{" in ink or "}" in ink:
        if ink.count("{") - ink.count("\\{") != ink.count("}") - ink.count("\\}"):
            signs.append("braces open")
        if plain[0] == "{":
            signs += ["brace first"] * (1 + plain.startswith("{{"))
        plain = _outside_groups(plain)
    return signs + _plain_signs(plain, ink) if plain.strip(_CUT + " ") else signs


def _plain_signs(plain: str, ink: str) -> list[str]:
    """The signs in what is left of a body without its commands and groups."""
    chars = frozenset(plain)
    related = not chars.isdisjoint(_RELATIONS)
    signs = ["relation"] if related else []
    if not chars.isdisjoint(_OPERATORS) and not ("-" in chars and _is_hyphenated(plain, chars)):
        signs.append("operator")
    if not plain.isascii():
        if not chars.isdisjoint(_UNICODE_SIGNS):
            signs.append("sign")
        if any(map(_is_chinese, chars)):
            signs.append("chinese")
    if not chars.isdisjoint("()[]"):
        signs += _bracket_signs(plain, ink, chars)
    shape = shape_of(plain)
    signs += prose_signs(plain, ink, shape)
    ends = _end_signs(plain, ink)
    signs += ends
    if related and "short names" in signs and (not ends or ends == ["enclosed"]):
        signs.append("equation")
    if not chars.isdisjoint(_MARKS):
        signs += _mark_signs(plain, ink, chars)
    if ".." in shape and not chars.isdisjoint(_CODE_CHARS):
        signs += ["code mark"] * min(sum([mark in plain for mark in _CODE]), 2)
    if len(ink) > _LONG:
        signs += ["long"] * (1 + (len(ink) > _VERY_LONG))
    return signs


def _is_hyphenated(plain: str, chars: frozenset[str]) -> bool:
    """Whether the only operator is the hyphen of a compound, as in `so-called`."""
    left, _, right = plain.partition("-")
    compound = left[-2:].isalpha() and right[:3].isalpha() and len(left) > 1 and len(right) > 2
    return compound and "-" not in right and chars & _OPERATORS == {"-"}


def _bracket_signs(plain: str, ink: str, chars: frozenset[str]) -> list[str]:
    if ink.count("(") + ink.count("[") != ink.count(")") + ink.count("]"):  # `[0, 1)` is closed
        return ["brackets open"]
    at = plain.find("(") if "(" in chars else plain.find("[")
    return ["call"] if at > 0 and plain[at - 1].isalnum() else []


def _mark_signs(plain: str, ink: str, chars: frozenset[str]) -> list[str]:
    signs = ["quote"] if '"' in chars else []
    if "`" in chars and "''" not in ink:  # and not a ``quotation'' of LaTeX
        signs.append("backtick")
    if "'" in chars and _opens_quotation(plain):
        signs.append("apostrophe")
    if ";" in chars:
        signs += ["semicolon", "statement"] if ";\n" in plain or ink[-1] == ";" else ["semicolon"]
    if not chars.isdisjoint(_ODD_CHARS) or "?" in plain[:-1] or ("!" in chars and not _is_factorial(plain)):
        signs.append("odd mark")
    if "|" in chars and _crosses_cell(plain, ink):
        signs.append("cell")
    if "$" in chars:
        signs.append("dollar inside")
    return signs + ["newline"] * min(plain.count("\n"), 2)


def _end_signs(plain: str, ink: str) -> list[str]:
    """Whether a body breaks off, or begins in the middle; else whether it stands in brackets."""
    signs = ["odd start"] if ink[0] in _ODD_STARTS and not ink.startswith("``") else []
    if ink[-1] in _OPEN_ENDS or (ink[-1] == "|" and plain.count("|") % 2):
        return ["open end", *signs]
    return ["enclosed", *signs] if ink[0] in "([|{" and ink[-1] in ")]|}.," else signs


def _script_signs(ink: str) -> list[str]:
    signs = ["script first"] if ink[0] in "^_" else []
    scripts = snakes = 0
    for mark in "^_":
        at = ink.find(mark)
        while at >= 0 and scripts + snakes < 4:
            following = ink[at + 1 : at + 2]
            if following == " " and mark == "^" and at > 0 and ink[at - 1] == " ":  # `x ^ 2`
                following = ink[at + 2 : at + 3]
            words = at > 1 and ink[at - 2 : at].isalpha() and at + 2 < len(ink) and ink[at + 1 : at + 3].isalpha()
            if mark == "_" and words:
                snakes += 1
            elif following and (following.isalnum() or following in "{\\*+-'∞("):
                scripts += 1
            at = ink.find(mark, at + 1)
    return signs + ["script"] * min(scripts, 2) + ["snake case"] * (snakes > 0)


def _without_commands(ink: str) -> tuple[str, list[str]]:
    r"""What is left of a body without its commands and the texts in them, and the signs that the commands are.

    A command may be escaped twice, as in `a \\leq b`; a `\\` before another word breaks a line.
    """
    head, *parts = ink.split("\\")
    kept, counts = [head], dict.fromkeys(("command", "unknown command", "regex escape", "escape"), 0)
    doubled = in_text = False
    for part in parts:
        if in_text:  # of `\text{so\ on}` the rest
            in_text, part = "}" not in part, part.partition("}")[2]
            kept.append(_CUT + part)
            continue
        if not part and not doubled:
            doubled = True
            continue
        rest = part.lstrip(ascii_letters)
        name = part[: len(part) - len(rest)]
        sort = _sort_of_command(name, part, doubled)
        if part[:1] == "|" and kept[-1][-2:].isalpha() and part[1:3].isalpha():
            sort = "regex escape"  # `foo\\|bar`
        counts[sort] += 1
        if not name or (doubled and name not in _KNOWN):
            rest = part if doubled else part[1:]
        elif name in _TEXT_COMMANDS and rest.lstrip(" ").startswith("{"):
            in_text, rest = "}" not in rest, rest.partition("}")[2]
        elif name in ("begin", "end") and rest.startswith("{"):
            rest = rest.partition("}")[2]
        kept.append(_CUT + rest)
        doubled = False
    limits = {"command": 3, "regex escape": 2}
    return "".join(kept), [sign for sign, count in counts.items() for _ in range(min(count, limits.get(sign, 1)))]


def _is_placeholder(argument: str) -> bool:
    r"""Whether an argument stands for what a reader has to put there: `{}`, `{...}`, `{answer}`, `{\text{answer}}`."""
    inside, closed, _ = argument.removeprefix("\\text{").partition("}")
    word = inside.strip(". <>\u2026").lower()
    return closed != "" and (word in _PLACEHOLDERS or not word.strip("\\, ") or word in ("\\ldots", "\\dots"))


def _sort_of_command(name: str, part: str, doubled: bool) -> str:
    if not name:
        return "regex escape" if part[:1] in _REGEX_ESCAPES and part and not doubled else "escape"
    if name in _KNOWN or name[:3] in COMMAND_ARGUMENTS or name[:2] in COMMAND_ARGUMENTS:  # `\cdotx` is clear as well
        return "command"
    if len(name) == 1:
        return "regex escape" if name in _REGEX_ESCAPES else "escape"
    return "escape" if doubled else "unknown command"


def _outside_groups(plain: str) -> str:
    """A body without what stands in braces; a point stands where a group was."""
    parts, depth = [], 0
    for index, part in enumerate(plain.replace("}", "{}").split("{")):
        if index:
            closes = part.startswith("}")
            depth = max(0, depth - 1) if closes else depth + 1
            part = part[closes:]
        if depth == 0:
            parts.append(part)
    return ".".join(parts)


def _opens_quotation(plain: str) -> bool:
    """Whether an apostrophe stands before ink and behind none: it is of no derivative, and of no word."""
    at = plain.find("'")
    while at >= 0:
        before = plain[at - 1] if at else " "
        if not (before.isalnum() or before in ")]}'^" + _CUT) and plain[at + 1 : at + 2].strip():
            return True
        at = plain.find("'", at + 1)
    return False


def _is_factorial(plain: str) -> bool:
    at = plain.find("!")
    return at > 0 and (plain[at - 1].isalnum() or plain[at - 1] in ")]}!" + _CUT)


def _crosses_cell(plain: str, ink: str) -> bool:
    """Whether a bar is the border of a table's cell: a lone bar with space around it, or a bar before another line."""
    bare = " | " in plain or ink[0] == "|" or ink[-1] == "|"
    return "\n" in plain if plain.count("|") % 2 == 0 else bare or "\n" in plain


def _is_chinese(char: str) -> bool:
    return "\u2e80" <= char <= "\u9fff" and not "\u3000" <= char <= "\u303f"  # those are marks
