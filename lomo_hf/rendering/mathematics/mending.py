r"""Formulas that LaTeX itself would refuse but that can be read in one way only, mended token by token.

An alignment mark outside of any environment, one `\left` without its `\right`, a power written as several
superscripts, `\piR` for `\pi R`, and `\norm`, which many papers define. Anything less certain is left to be refused.
"""

from collections.abc import Sequence

from lomo_hf.rendering.mathematics.scanner import Cursor

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


def mended(tokens: Sequence[str]) -> list[str]:
    r"""The tokens of a formula, mended where there is one reading.

    >>> from lomo_hf.rendering.mathematics.scanner import tokenise
    >>> "".join(mended(tokenise(r"x^{2}^+^{n}"))), mended(tokenise(r"4\piR"))
    ('x^{{2}+{n}}', ['4', '\\pi', 'R'])
    """
    done = _with_norms(_letters_apart(tokens))
    done = _one_superscript(done)
    done = _with_last_right(done)
    return _aligned(done)


def _letters_apart(tokens: Sequence[str]) -> list[str]:
    """`\\piR` is a Greek letter and a capital whose space was lost; no package defines such a command."""
    apart: list[str] = []
    for token in tokens:
        if len(token) > 3 and token[0] == "\\" and token[-1].isupper() and token[1:-1] in _GREEK:
            apart += [token[:-1], token[-1]]
        else:
            apart.append(token)
    return apart


def _with_norms(tokens: list[str]) -> list[str]:
    if "\\norm" not in tokens:
        return tokens
    done: list[str] = []
    cursor = Cursor(tokens)
    while (token := cursor.next()) is not None:
        if token == "\\norm" and cursor.look() == "{":
            done += ["\\left", "\\|", *_with_norms(list(cursor.argument(token))), "\\right", "\\|"]
        else:
            done.append(token)
    return done


def _one_superscript(tokens: list[str]) -> list[str]:
    """`x^m^+^n`, which LaTeX refuses, is x to the power m + n: each part was raised by itself.

    Without a sign between them two powers can be read in several ways, and stay refused.
    """
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
    text = "".join(tokens)
    lacking = tokens.count("\\left") - tokens.count("\\right")
    if lacking != 1 or "right" in text.replace("\\right", "") or tokens.count("{") != tokens.count("}"):
        return tokens
    return [*tokens, "\\right", "."]


def _aligned(tokens: list[str]) -> list[str]:
    """Alignment marks outside of any environment mean the rows of one that was cut off around them."""
    depth = 0
    marks = []
    for place, token in enumerate(tokens):
        depth += {"{": 1, "\\begin": 1, "}": -1, "\\end": -1}.get(token, 0)
        if token == "&" and depth == 0:
            marks.append(_past_spaces(tokens, place + 1))
    # An alignment mark stands before a relation; elsewhere it may have been meant as an "and".
    if not marks or not all(after < len(tokens) and tokens[after] in _RELATIONS for after in marks):
        return tokens
    name = ["{", *"aligned", "}"]
    return ["\\begin", *name, *tokens, "\\end", *name]
