r"""Formulas that LaTeX itself would refuse but that can be read in one way only, mended token by token.

An alignment mark outside of any environment, one `\left` without its `\right`, a power written as several
superscripts, `\piR` for `\pi R`, `\left{` for `\left\{`, line feeds written as `\n`, what Markdown escapes. Anything
less certain is left to be refused. What was mended is named in the row's repairs.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from lomo_hf.rendering.mathematics.escapes import Known
from lomo_hf.rendering.mathematics.limits import refuse
from lomo_hf.rendering.mathematics.scanner import is_word, split_top
from lomo_hf.rendering.mathematics.symbols import DELIMITERS

__all__ = ["mended"]

_GREEK = frozenset(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi
    varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega""".split()
)
_RELATIONS = frozenset(
    """= < > \\leq \\le \\geq \\ge \\neq \\ne \\equiv \\approx \\sim \\simeq \\cong \\propto \\Rightarrow
    \\implies \\iff
    \\rightarrow \\to \\Leftrightarrow \\Longrightarrow \\leqslant \\geqslant \\quad \\qquad""".split()
)
_LINE_ENDS = frozenset(("\\\\", "\\cr", "\\newline"))
_ROWS_IN_BRACKETS = frozenset(("\\mqty", "\\matrixquantity", "\\smqty", "\\mdet"))
_UNKNOWN_BUT_NO_LINE_FEED = frozenset((
    "\\newcases", "\\newcolumntype", "\\newgathered", "\\newtagform", "\\noLine", "\\noeqref", "\\noexpand",
    "\\notChar", "\\numberwithin", "\\nameref", "\\nocite", "\\newpage",
))  # fmt: skip
_SHORT = frozenset(("\\nu", "\\ni", "\\ne"))
_BRACES = {"\\bgroup": "{", "\\egroup": "}", "\\begingroup": "{", "\\endgroup": "}"}
_MARKDOWN = {"\\*": "*", "\\+": "+"}
_PRIMES = {"\\'": "'", "′": "'", "″": "''", "‴": "'''"}


def mended(tokens: Sequence[str], known: Known, repairs: set[str]) -> list[str]:
    r"""The tokens of a formula, mended where there is one reading; `repairs` takes the names of what was mended.

    `known` tells whether a command exists.

    >>> from lomo_hf.rendering.mathematics.scanner import tokenise
    >>> "".join(mended(tokenise(r"x^{2}^+^{n}"), bool, set())), mended(tokenise(r"4\piR"), bool, set())
    ('x^{{2}+{n}}', ['4', '\\pi', 'R'])
    """
    current = [_BRACES.get(token, token) for token in _without_last_line_end(tokens)]
    for repair, mend in (
        ("mended-lost-spaces", _letters_apart),
        ("mended-written-line-feeds", lambda tokens: _without_written_line_feeds(tokens, known)),
        ("mended-written-line-feeds", _without_points_for_line_feeds),
        ("mended-markdown", _without_markdown),
        ("mended-primes", _with_primes),
        ("mended-braces", _with_braces),
        ("mended-superscripts", _one_superscript),
        ("mended-unclosed-left", _with_last_right),
        ("mended-alignment", _aligned),
        ("mended-bare-rows", _gathered),
    ):
        before, current = current, mend(current)
        if current != before:
            repairs.add(repair)
    return current


def _without_last_line_end(tokens: Sequence[str]) -> list[str]:
    r"""`x = 1 \\\\`: an end of the only line shows nothing."""
    if _LINE_ENDS.isdisjoint(tokens):
        return list(tokens)
    lines = [line for line, _ in split_top(tokens, _LINE_ENDS) if any(token != " " for token in line)]
    return list(lines[0]) if len(lines) == 1 else list(tokens)


def _letters_apart(tokens: list[str]) -> list[str]:
    r"""`\piR` is a Greek letter and a capital whose space was lost, `\hlinex` a rule and a letter.

    No package defines such commands.
    """
    apart: list[str] = []
    for token in tokens:
        if len(token) > 3 and token[0] == "\\" and token[-1].isupper() and token[1:-1] in _GREEK:
            apart += [token[:-1], token[-1]]
        elif token.startswith("\\hline") and token != "\\hline":
            apart += ["\\hline", *token[6:]]
        else:
            apart.append(token)
    return apart


def _without_written_line_feeds(tokens: list[str], known: Known) -> list[str]:
    r"""A line feed that was written out as `\n` is a space; so is that of `\nx = 1`.

    Nothing in LaTeX is called `\n`. A command such as `\nabcd` that is not known is split where it begins a row, where
    a single letter or a capital follows, or where the formula has another of its kind.
    """
    named = [place for place, token in enumerate(tokens) if token[:2] == "\\n"]
    suspects = [place for place in named if _is_suspect(tokens[place], known)]
    if not suspects:
        return tokens
    unsure = next((tokens[at] for at in named if tokens[at] in _SHORT and at and _begins_row(tokens, at)), None)
    if unsure is not None:
        raise refuse("ambiguous-line-feed", f"{unsure} may be a command, or a line feed written out and a letter.")
    cleaned = list(tokens)
    for place in reversed(suspects):
        letters = tokens[place][2:]
        if len(suspects) > 1 or len(letters) < 2 or letters[0].isupper() or _begins_row(tokens, place):
            cleaned[place : place + 1] = [" ", *letters]
            if place and cleaned[place - 1] == "\\r":
                cleaned[place - 1] = " "
    return cleaned


def _is_suspect(token: str, known: Known) -> bool:
    return token == "\\n" or (token not in _UNKNOWN_BUT_NO_LINE_FEED and not known(token))


def _begins_row(tokens: list[str], place: int) -> bool:
    while place and tokens[place - 1] == " ":
        place -= 1
    before = tokens[place - 1] if place else ""
    return before in ("\\\\", "&", "\\r", "\\hline") or (
        before == "}" and any(token in ("\\begin", "\\end") for token in tokens[max(0, place - 14) : place])
    )


def _without_points_for_line_feeds(tokens: list[str]) -> list[str]:
    r"""`\\.\hline.Red & 3 \\.\hline.`: in some tables every line feed beside a rule became a point."""
    places = [place for place, token in enumerate(tokens) if token == "\\hline"]
    if len(places) < 2 or "." not in tokens:
        return tokens
    if not all(place and tokens[place - 1] in (".", "\\hline") for place in places):
        return tokens
    around = {place + side for place in places for side in (-1, 1)}
    return [token for place, token in enumerate(tokens) if not (token == "." and place in around)]


def _without_markdown(tokens: list[str]) -> list[str]:
    r"""`U\_{B}^\*` is how Markdown escapes `U_{B}^*`; LaTeX has no use for `\*`, nor for a group after `\_`.

    `x\_1`, a single letter on either side, is a script too; `my\_var` is the name of a variable.
    """
    if not any(token in _MARKDOWN or token == "\\_" for token in tokens):
        return tokens
    escaped = "\\*" in tokens or any(pair == ("\\_", "{") for pair in pairwise(tokens))
    cleaned = [_MARKDOWN.get(token, token) for token in tokens]
    for place, token in enumerate(tokens):
        if token == "\\_" and not _in_text(tokens, place):
            cleaned[place] = "_" if escaped or _is_script_mark(tokens, place) else token
    return cleaned


def _is_script_mark(tokens: list[str], place: int) -> bool:
    before = [token for token in tokens[max(0, place - 4) : place] if token != " "]
    after = [token for token in tokens[place + 1 : place + 5] if token != " "]
    before, after = ["", "", *before][-2:], [*after, "", ""][:2]
    alone = is_word(before[1]) or before[1] in ("}", ")") or (before[1].isalpha() and not before[0].isalnum())
    return alone and (is_word(after[0]) or (after[0].isalnum() and not after[1].isalnum()))


def _in_text(tokens: list[str], place: int) -> bool:
    r"""Whether the innermost group around a place is the argument of `\text` or its like."""
    depth = 0
    for here in range(place - 1, max(-1, place - 400), -1):
        depth += {"}": 1, "{": -1}.get(tokens[here], 0)
        if depth < 0:
            return tokens[here - 1 : here] in (["\\text"], ["\\mbox"], ["\\textbf"], ["\\textit"], ["\\texttt"])
    return False


def _with_primes(tokens: list[str]) -> list[str]:
    r"""`f^{\'}` is f prime, and so is one raised by `^`, though it raises itself: the apostrophe was escaped."""
    if _PRIMES.keys().isdisjoint(tokens):
        return tokens
    primed: list[str] = []
    here = 0
    while here < len(tokens):
        first, *rest = tokens[here : here + 4]
        if first == "^" and rest and rest[0] in _PRIMES:
            primed += _PRIMES[rest[0]]
            here += 2
        elif first == "^" and len(rest) == 3 and rest[0] == "{" and rest[1] in _PRIMES and rest[2] == "}":
            primed += _PRIMES[rest[1]]
            here += 4
        else:
            primed.append(first)
            here += 1
    return primed


def _with_braces(tokens: list[str]) -> list[str]:
    r"""`\left{a\right}` is `\left\{a\right\}`: a group cannot begin between `\left` and its delimiter."""
    if "\\left" not in tokens or not any(
        _after(tokens, place) in ("{", "}") for place, token in enumerate(tokens) if token in ("\\left", "\\right")
    ):
        return tokens
    braced = list(tokens)
    opened: list[int] = []
    for place, token in enumerate(tokens):
        if token == "\\left":
            opened.append(place)
        elif token == "\\right" and opened:
            start = opened.pop()
            left, right = _past_spaces(tokens, start + 1), _past_spaces(tokens, place + 1)
            if right < len(tokens) and _is_bare_brace(tokens, left) and tokens[right] in ("}", ".", "\\}"):
                braced[left] = "\\{"
                braced[right] = "." if tokens[right] == "." else "\\}"
            elif (
                tokens[left] == "\\{" and tokens[right : right + 1] == ["}"] and tokens.count("}") > tokens.count("{")
            ):
                braced[right] = "\\}"
    return braced


def _is_bare_brace(tokens: list[str], place: int) -> bool:
    """A brace that is meant to be seen, and not the beginning of a delimiter in braces, as in `{(}`."""
    return tokens[place] == "{" and not (
        tokens[place + 2 : place + 3] == ["}"] and tokens[place + 1] in DELIMITERS and len(tokens[place + 1]) == 1
    )


def _after(tokens: list[str], place: int) -> str:
    here = _past_spaces(tokens, place + 1)
    return tokens[here] if here < len(tokens) else ""


def _one_superscript(tokens: list[str]) -> list[str]:
    """`x^m^+^n`, which LaTeX refuses, is x to the power m + n: each part was raised by itself.

    Without a sign between them two powers can be read in several ways, and stay refused.
    """
    if tokens.count("^") < 3:
        return tokens
    done: list[str] = []
    here = 0
    while here < len(tokens):
        parts: list[list[str]] = []
        stop = here
        while stop < len(tokens) and tokens[stop] == "^":
            part, stop = _script(tokens, stop + 1)
            if not part:
                break
            parts.append(part)
            stop = _past_spaces(tokens, stop) if _next_is_power(tokens, stop) else stop
        if any(part in (["+"], ["-"]) for part in parts[1:-1]):
            done += ["^", "{", *(token for part in parts for token in part), "}"]
        else:
            stop = max(stop, here + 1)
            done += tokens[here:stop]
        here = stop
    return done


def _script(tokens: list[str], here: int) -> tuple[list[str], int]:
    here = _past_spaces(tokens, here)
    if here >= len(tokens) or tokens[here] in ("}", "&", "\\\\", "^", "_"):
        return [], here
    if tokens[here] != "{":
        # A prime or a command with arguments of its own is not a part that can be moved.
        plain = len(tokens[here]) == 1 and tokens[here] != "'"
        return ([tokens[here]], here + 1) if plain else ([], here)
    depth, stop = 0, here
    while stop < len(tokens):
        depth += {"{": 1, "}": -1}.get(tokens[stop], 0)
        stop += 1
        if depth == 0:
            return tokens[here:stop], stop
    return [], here


def _next_is_power(tokens: list[str], here: int) -> bool:
    here = _past_spaces(tokens, here)
    return here < len(tokens) and tokens[here] == "^"


def _past_spaces(tokens: list[str], here: int) -> int:
    while here < len(tokens) and tokens[here] == " ":
        here += 1
    return here


def _with_last_right(tokens: list[str]) -> list[str]:
    """One `\\left` that nothing closes before the end is closed there, by nothing."""
    lacking = tokens.count("\\left") - tokens.count("\\right")
    if lacking != 1 or tokens.count("{") != tokens.count("}"):
        return tokens
    return tokens if "right" in "".join(tokens).replace("\\right", "") else [*tokens, "\\right", "."]


def _top_level(tokens: list[str]) -> Iterator[tuple[int, str]]:
    """Tokens outside of groups and environments, with their places."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += {"{": 1, "\\begin": 1, "}": -1, "\\end": -1}.get(token, 0)
        if depth == 0:
            yield place, token


def _aligned(tokens: list[str]) -> list[str]:
    """Alignment marks outside of any environment mean the rows of one that was cut off around them."""
    if "&" not in tokens:
        return tokens
    after = [_after(tokens, place) for place, token in _top_level(tokens) if token == "&"]
    # An alignment mark stands before a relation; elsewhere it may have been meant as an "and".
    return _within("aligned", tokens) if after and all(token in _RELATIONS for token in after) else tokens


def _gathered(tokens: list[str]) -> list[str]:
    r"""Lines of a bare `a \\ b` become rows: LaTeX runs them together, but whoever wrote them saw them apart."""
    if _LINE_ENDS.isdisjoint(tokens) or not _ROWS_IN_BRACKETS.isdisjoint(tokens):
        return tokens
    lines = [line for line, _ in split_top(tokens, _LINE_ENDS) if any(token != " " for token in line)]
    return _within("gathered", [token for line in lines for token in (*line, "\\\\")]) if len(lines) > 1 else tokens


def _within(name: str, tokens: list[str]) -> list[str]:
    braced = ["{", *name, "}"]
    return ["\\begin", *braced, *tokens, "\\end", *braced]
