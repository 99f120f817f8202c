"""`$…$`: which pairs of dollars are a formula, and which are money.

The rule is pandoc's: ink right after the first dollar, ink right before the last, no digit after it. Real prompts need
more than it: they write `$f $` for a formula, and `$20,000 of the US$` and `| $ 5.2 | $` for money.
"""

from bisect import bisect_left

from lomo_hf.spans.atoms import MAX_FORMULA_CHARS, Atom, Stretch

__all__ = ["dollar_formula", "is_prose"]

_TEX_CHARS = frozenset("\\^_{}=<>+|*/")
_OPERATORS = frozenset(
    "sin cos tan cot sec csc log exp lim max min sup inf gcd lcm det deg dim mod ord arg ker".split()
)
_SHORT_WORDS = frozenset("an as at be by do if in is of on or so to we".split())
_OPEN_ENDS = frozenset('"=<>+-*/|:_')  # with one of these no formula ends before a letter
_AFTER = frozenset(" \t\r\n.,;:!?)]}-'\"")  # what may follow a formula; before a letter a dollar opens the next one
_TEXT_GROUPS = ("\\text", "\\mbox", "\\hbox")
_MAX_ROW = 2_000
_MAX_INNER_DOLLARS = 12  # dollars within a `\text{…}` that are looked past


def dollar_formula(stretch: Stretch, start: int) -> Atom | None:
    """The formula that the dollar at `start` opens, if it opens one."""
    text = stretch.text
    limit = min(stretch.end, start + MAX_FORMULA_CHARS)
    for close in _dollars_after(stretch, start, limit):
        if stretch.blank_between(start + 1, close):
            return None
        if _in_text_group(text, start + 1, close):
            continue
        following = text[close + 1] if close + 1 < stretch.end else ""
        if any(stretch.has_between(opener, start + 1, close) for opener in ("\\(", "\\[")):
            return None  # from a price into a formula
        if _leaves_row(text, start, close):
            return None
        if _is_formula(text[start + 1 : close], following):
            return Atom("inline", start, close + 1, start + 1, close)
        return None
    return None


def is_prose(body: str) -> bool:
    """Whether words stand between two `$$` that open one formula each, as `$$ then implies that $$` between others."""
    if "$" in body:  # in mathematics a dollar stands in a text only
        return not any(command in body for command in (*_TEXT_GROUPS, "\\begin")) and _has_words(_without_tex(body))
    return len(body.split()) > 1 and not any(char in _TEX_CHARS for char in body) and _has_words(body)


def _dollars_after(stretch: Stretch, start: int, limit: int) -> list[int]:
    """Where the next few dollars after `start` stand. Of a `$$` the first one counts, if it is not at `start`."""
    dollars = stretch.indices["any dollar"]
    first = bisect_left(dollars, start + 1, key=lambda index: stretch.tokens[index].end - 1)
    tokens = [stretch.tokens[index] for index in dollars[first : first + _MAX_INNER_DOLLARS]]
    return [max(token.start, start + 1) for token in tokens if token.start < limit]


def _in_text_group(text: str, start: int, close: int) -> bool:
    r"""Whether a `\text{` or a box is still open at `close`, so that the dollar there belongs to it."""
    group = max(text.rfind(command, start, close) for command in _TEXT_GROUPS)
    return group >= 0 and text.count("{", group, close) > text.count("}", group, close)


def _leaves_row(text: str, start: int, close: int) -> bool:
    """Whether the dollar at `start` stands in the row of a table, which ends before `close`."""
    if text.find("\n", start, close) < 0:
        return False
    return text.startswith("|", text.rfind("\n", max(0, start - _MAX_ROW), start) + 1)


def _is_formula(body: str, following: str) -> bool:
    """Whether `$body$` is mathematics: pandoc's rule, then a look at the words for what its rule alone gets wrong."""
    ink = body.strip()
    if not ink:
        return False
    if following.isdigit() and following.isascii():
        return len(ink) == 2 and ink[0] == "\\"  # `$\$$35` sets a dollar; `$5 or $10` does not
    if "\\" in body:  # from one price to the next formula, prose lies between
        prose = _without_tex(body)
        apart = body[0].isdigit() or body[0].isspace()
        opens = body[0].isdigit() and body[-1].isspace() and following.isascii() and (following + " ")[0] not in _AFTER
        return not _opens_code(prose) and not opens and not (apart and _has_words(prose))
    if _opens_code(body) or ("\n" in body and _has_words(body)):  # into a code span, or the next line
        return False
    if _is_variable_of_code(body, following):
        return False
    if ink[0] in "'’" or (body[-1].isspace() and ink[-1] in "|("):  # `$'000`, or the next cell of a table
        return False
    padded = len(body) != len(ink)
    if not any(char in _TEX_CHARS for char in body):
        return _is_plain_formula(body, ink) if padded else not _has_words(body) or _is_one_word(body)
    if body[0].isdigit() and not padded:  # `$2^{2abcd} = 2^3,$`: what stands in braces is no prose
        return not _has_words(_without_tex(body))
    return not (padded and _has_words(body))


def _is_variable_of_code(body: str, following: str) -> bool:
    """Whether both dollars open names, as in `"$HOME" "$USER"`, `$c = mysqli($host, $user)` and `echo $a $b`."""
    if not following.isascii() or not (following.isalpha() or following in ("_", "{")):
        return False
    last = body.rstrip()[-1]
    if body[-1].isspace():
        return "\n" in body or last in _OPEN_ENDS or not any(char in _TEX_CHARS for char in body)
    return last in _OPEN_ENDS or (last == "(" and len(body) > 2 and body[-3:-1].isalpha())


def _is_plain_formula(body: str, ink: str) -> bool:
    """Whether a body with space at an edge and no character of TeX is one all the same: `$f $`, `$ ABCD $`."""
    if body[0].isspace():
        if len(ink) <= 3:  # of two formulas the words between may stand between dollars: `2,$ so $x=3$`
            return ink not in _SHORT_WORDS and not _has_words(ink)
        return not ink.strip("0123456789.,") or (body[-1].isspace() and ink.isalpha() and ink.isupper())
    product = body[0] == "(" and ink[-1] == ")" and not body[1].isdigit()  # `$(x-y) $`, but not `$(9,861) | $`
    return (body[0].isalpha() or product) and not _has_words(body)


def _is_one_word(body: str) -> bool:
    """A name, such as `$MeV$`; not an amount with its unit, such as `$20million$`."""
    return len(body.split()) == 1 and not body[0].isdigit()


def _has_words(body: str) -> bool:
    """Whether a body holds a word of three letters, as prose does; `ABC` names points, but not behind a number."""
    words = "".join(char if char.isascii() and char.isalpha() else " " for char in body).split()
    prose = (word for word in words if len(word) >= 3 and word not in _OPERATORS)
    return any(body[0].isdigit() or not word.isupper() for word in prose)


def _opens_code(body: str) -> bool:
    """Whether a backtick in a body is of a code span, and not of LaTeX's ``quotation''."""
    return "`" in body and "''" not in body


def _without_tex(body: str) -> str:
    """A body without its commands and its groups: what prose it holds."""
    kept, depth, here = [], 0, 0
    while here < len(body):
        char = body[here]
        if char == "\\":
            here += 1
            while here + 1 < len(body) and body[here].isalpha() and body[here + 1].isalpha():
                here += 1
        elif char in "{}":
            depth = max(0, depth + (1 if char == "{" else -1))
        elif depth == 0:
            kept.append(char)
        here += 1
    return "".join(kept) or " "
