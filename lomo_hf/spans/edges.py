r"""Signs at the edges of two delimiters: the space within, and what touches them from outside.

A dollar that opens looks like `(open) $x`, a dollar that closes like `x$ ` or `x$,`; that of a variable looks like
`"$name`, that of money like `$5`. A sign is a name of `weights.py`.
"""

from collections.abc import Sequence
from functools import lru_cache

from lomo_hf.spans.content import AGAINST, LONE_MARKS, content_signs

__all__ = ["bracket_signs", "display_signs", "dollar_signs"]

_CLOSING_MARKS = frozenset(" \t\r\n.,;:!?)]}'\"-/|<>=*\u201d\u2019\u2026\u2013\u2014")  # what stands behind a formula
_OPENING_MARKS = frozenset(" \t\r\n([\u201c\u2018\u2013\u2014")  # and before it
_MARKS_BEFORE_VARIABLES = frozenset("@:.=\\/+#$&%!^_")
_MARKS_OF_VARIABLES = frozenset("{(_[@\\")  # `${`, `$(`, `$_`, `$@`
_SPECIAL_VARIABLES = frozenset("!?@#^*&%<")
_OPEN_ENDS = frozenset(" \t\n\"'(=@/:,>[{+-*.<|&%")  # behind these a dollar opens
_ENDINGS = frozenset(("th", "st", "nd", "rd", "s"))
_ONLY_MONEY = ("amount then word",)
_LINE_BREAKS = ("\\\\", "\\\n", "\\(", "\\[")
_REGEX_ENDS = frozenset(("/'", '/"', "/;", "/g", "/i", "/)", "/,", "/m"))
_PLACEHOLDERS = frozenset(
    ("", "formula", "equation", "expression", "math", "latex", "tex", "your formula", "your equation", "content")
)  # `write $formula$ or $$...$$`
_MAX_HYPHENATED = 12
_MAX_ROW = 2_000


def dollar_signs(text: str, start: int, end: int, low: int, high: int) -> list[str] | None:
    """The signs of `text[start:end]`, two single dollars and what stands between them.

    Args:
        text: The prompt.
        start: Where the first dollar stands.
        end: Behind the second.
        low: What stands before this place is not looked at.
        high: Nor what stands from this place on.

    Returns:
        None for what lies between two formulas, `$x$ and $y$`: the first dollar plainly closes, the second opens.

    Source: ours.

    Example:
        >>> dollar_signs("Let $x$ be", 4, 7, 0, 10)
        ['dollars', 'letter', 'clean before', 'clean after']
    """
    body = text[start + 1 : end - 1]
    before = text[start - 1] if start > low else " "
    behind = text[end : min(end + 3, high)] or " "
    closes, opens, outside = _outside_signs(before, body[0], body[-1], behind, _may_be_hyphenated(body))
    if closes and opens and "\\" not in body:
        return None
    if _is_hopeless(outside, closes, opens, body):
        return ["dollars", *outside, *_ONLY_MONEY] if body[0].isdigit() else ["dollars", *outside]
    content = content_signs(body)
    signs = ["dollars", *content]
    if closes and opens and AGAINST.isdisjoint(content):
        signs.append("inside out")
    else:
        signs += ["opener closes"] * closes + ["closer opens"] * opens
    if "script" in content or "command" in content:  # no variable of code holds these
        outside = tuple([sign for sign in outside if sign not in ("letter before", "letter after")])
    signs += outside
    if body[0].isspace() or body[-1].isspace() or "name" in content or "no mathematics" in content:
        signs += _space_signs(body, content)
    if "hyphen" in outside and "open end" in content:
        signs.remove("open end")
    if behind[0].isdigit() and body in LONE_MARKS:  # `$\$$35`
        signs.remove("digit after")
    if ("|" in body or "\n" in body) and _leaves_row(text, start, end - 1):
        signs.append("leaves row")
    return signs


def _is_hopeless(outside: Sequence[str], closes: bool, opens: bool, body: str) -> bool:
    """Whether no content without commands and scripts outweighs the edges, as in `$5 and $10`: most money is such."""
    against = ("digit after" in outside) + opens + closes + body[-1].isspace() + ("letter before" in outside)
    return against > 1 and "digit after" in outside and "\\" not in body and "^" not in body and "_" not in body


def _space_signs(body: str, content: Sequence[str]) -> list[str]:
    """Signs of the space at the ends of a body, and of a body that is a placeholder, `$formula$`."""
    first, last = body[0].isspace(), body[-1].isspace()
    signs = ["placeholder"] if body.strip(". \u2026<>").lower() in _PLACEHOLDERS else []
    if first and last:
        signs.append("padded")
        if "number" in content and body.rstrip()[-1] == ",":
            signs.append("cell")  # `$ 5.99, $ 4.79`
    elif first or last:
        signs.append("padded left" if first else "padded right")
    return signs


def _may_be_hyphenated(body: str) -> bool:
    return body[-1] == "-" and len(body) < _MAX_HYPHENATED and "," not in body and "." not in body


@lru_cache(maxsize=16_384)
def _outside_signs(
    before: str, first: str, last: str, behind: str, hyphen: bool
) -> tuple[bool, bool, tuple[str, ...]]:
    """Whether the first dollar looks as if it closed, the second as if it opened; and what touches them."""
    after = behind[0]
    closes = (first.isspace() or first in ",.;:?!)") and before.isascii() and (before.isalnum() or before in ")]}'%")
    opens = (last.isspace() or last in "([{") and after.isascii() and (after.isalnum() or after in "([{\\|-_")
    signs = [*_before(before), *_after(behind, last, first.isspace(), hyphen)]
    if before in "\"'" and (last in "\"'" or first in "\"'"):
        signs.append("quoted")
    if behind[:2] in _REGEX_ENDS:
        signs.append("regex edge")
    return closes, opens, tuple(signs)


def display_signs(text: str, start: int, end: int, low: int, high: int) -> list[str]:
    """The signs of `text[start:end]`, two double dollars and what stands between them; as for `dollar_signs`.

    Source: ours.

    Example:
        >>> display_signs("$$x$$", 0, 5, 0, 5)
        ['double dollars', 'letter', 'own lines']
    """
    body = text[start + 2 : end - 2]
    before = text[start - 1] if start > low else "\n"
    after = text[end] if end < high else "\n"
    signs = ["double dollars", *content_signs(body)]
    if body.strip(". \u2026<>").lower() in _PLACEHOLDERS:
        signs.append("placeholder")
    if "\n" in (body[0], before) and "\n" in (body[-1], after):
        signs.append("own lines")
    if before.isascii() and (before.isalnum() or before in ")]}") and body[0].isspace():
        signs.append("opener closes")
    if after.isascii() and after.isalnum() and body[-1].isspace():
        signs.append("closer opens")
    return signs


def bracket_signs(text: str, start: int, end: int, low: int, high: int) -> list[str]:
    r"""The signs of `text[start:end]`, `\(` to `\)` or `\[` to `\]`; as for `dollar_signs`.

    Source: ours.

    Example:
        >>> bracket_signs(r"as in \[1\].", 6, 11, 0, 12)
        ['brackets', 'amount', 'number', 'citation']
    """
    body = text[start + 2 : end - 2]
    before = text[start - 1] if start > low else " "
    after = text[end] if end < high else " "
    signs = ["brackets", *content_signs(body)]
    if "no mathematics" in signs and "chinese" not in signs:
        signs.append("prose only")
    elif body.isdigit() and _is_year_or_phone(body, text[end : end + 2]):
        signs.append("citation")
    if text[start + 1] == "[":
        own_line = (before == "\n" or start == low) and (after == "\n" or end == high)
        if "\n" not in body and not own_line and not body.replace("p", "").strip("0123456789,.-\u2013^/: AMP"):
            signs.append("citation")
        elif len(body) < 3 and not own_line:
            signs.append("short display")
        elif body.isupper() and body.isalpha() and len(body) > 3:
            signs.append("prose only")  # `\\[NAME\\]`
        if after == "(" or before == "!" or (body in "xX" and text[max(low, start - 2) : start] in ("- ", "* ")):
            signs.append("link")
    signs += ["regex edge"] * (_opens_regex(text, start, low) + _closes_regex(text, end))
    return signs


def _before(before: str) -> list[str]:
    if before.isascii() and before.isalnum():
        return ["digit before" if before.isdigit() else "letter before"]
    if before in _MARKS_BEFORE_VARIABLES:
        return ["mark before"]
    return ["clean before"] if before in _OPENING_MARKS or _is_wide(before) else []


def _after(behind: str, last: str, padded: bool, hyphen: bool) -> list[str]:
    after = behind[0]
    if after.isascii() and after.isdigit():
        return ["digit after"]
    if hyphen and ((len(behind) > 1 and behind[:2].isalpha()) or _is_wide(after)):  # and not `$a0-$a3`
        return ["hyphen"]
    opens = ["closer opens"] if last in _OPEN_ENDS and not last.isspace() else []
    if after.isascii() and after.isalpha():
        return ["ending after"] if behind.rstrip(" .,;:)\n") in _ENDINGS else ["letter after", *opens]
    if after in _MARKS_OF_VARIABLES and behind[:2] not in _LINE_BREAKS:
        return ["opening after", *opens]
    if after in _SPECIAL_VARIABLES and last in _OPEN_ENDS and not padded:
        return ["closer opens"]
    if after == "\\":
        return ["clean after"]
    if after == "-" and behind[1:2].isalpha():
        return ["axis"]
    return ["clean after"] if after in _CLOSING_MARKS or _is_wide(after) else []


def _is_year_or_phone(body: str, behind: str) -> bool:
    return (len(body) == 4 and body[:2] in ("18", "19", "20")) or (len(body) == 3 and behind[1:].isdigit())


def _opens_regex(text: str, start: int, low: int) -> bool:
    r"""Whether a bracket stands where that of a regular expression does: `s/\(`, `.*\(`, but not `1/\(n\)`."""
    before, two = text[max(low, start - 1) : start], text[max(low, start - 2) : start]
    if before == "/":
        return two == before or two[0] in " s'\"%:,"
    return (before != "" and before in "'^+") or (before == "*" and two != "**") or (before == ")" and two == "\\)")


def _closes_regex(text: str, end: int) -> bool:
    after, two = text[end : end + 1], text[end : end + 2]
    if after == "\\":
        return two[1:] != "" and two[1] in "?+|{123456789"
    if after == "/":
        return text[end + 1 : end + 2] == "\\" and text[end + 2 : end + 3].isdigit()
    return (after != "" and after in "'+{") or (after == "*" and two != "**")


def _leaves_row(text: str, start: int, close: int) -> bool:
    """Whether the two dollars stand in different rows, or cells, of a table."""
    if text.find("\n|", start, close) >= 0:
        return True
    if not text.startswith("|", text.rfind("\n", max(0, start - _MAX_ROW), start) + 1):
        return False
    return text.find("\n", start, close) >= 0 or text.find(" | ", start, close) >= 0


def _is_wide(char: str) -> bool:
    return "\u2e80" <= char <= "\uffef"
