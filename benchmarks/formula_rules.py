"""Other ways to decide what is a formula, to compare with: pandoc's rule alone, and every pair of delimiters.

Both leave fenced blocks and code spans alone, as the Markdown that they work on does, and read environments. They are
written from the documents of these tools (pandoc's manual on `tex_math_dollars` and `tex_math_single_backslash`, the
auto-render extension of KaTeX) to show what one rule costs; neither is the tool itself.
"""

from collections.abc import Callable, Iterator

from lomo_hf.spans import scan

__all__ = ["every_pair", "pandoc_rule", "this_package"]

_CLOSERS = {"$$": "$$", "\\(": "\\)", "\\[": "\\]", "$": "$"}


def this_package(prompt: str) -> list[tuple[int, int]]:
    """What `lomo_hf.spans.scan` takes for formulas.

    >>> this_package("It costs $5 and $10, so let $x=1$.")
    [(28, 33)]
    """
    return [(atom.start, atom.end) for atom in scan(prompt) if atom.is_math]


def pandoc_rule(prompt: str) -> list[tuple[int, int]]:
    r"""The delimiters of TeX by pandoc's rule: a dollar opens before ink, and closes after ink and not before a digit.

    No blank line lies within a formula. A dollar that opens none is text, and the next one may open.

    >>> pandoc_rule(r"It costs $5 and $10, so $x=1$ and $ y$ and \(z\).")
    [(24, 29), (43, 48)]
    """
    return list(_pairs(prompt, _opens_by_pandoc))


def every_pair(prompt: str) -> list[tuple[int, int]]:
    """Each delimiter with the next one of its sort, where braces are balanced between the two.

    >>> every_pair("It costs $5 and $10.")
    [(9, 17)]
    """
    return list(_pairs(prompt, lambda body, following: True))


def _opens_by_pandoc(body: str, following: str | None) -> bool:
    if any(not line.strip() for line in body.split("\n")[1:-1]):
        return False
    return following is None or not (body[0].isspace() or body[-1].isspace() or following.isdigit())


def _pairs(prompt: str, is_formula: Callable[[str, str | None], bool]) -> Iterator[tuple[int, int]]:
    code = [(atom.start, atom.end) for atom in scan(prompt) if not atom.is_math]
    here = 0
    for start, stop in (*code, (len(prompt), len(prompt))):
        while here < start:
            opener, closer = _opener(prompt, here)
            close = _close(prompt, here + len(opener), start, closer) if closer else None
            if close is None:
                here += 2 if prompt[here] == "\\" else max(1, len(opener))
                continue
            body, end = prompt[here + len(opener) : close], close + len(closer)
            if body.strip() and is_formula(body, prompt[end : end + 1] if opener == "$" else None):
                yield here, end
                here = end
            else:
                here += len(opener)
        here = stop


def _opener(prompt: str, here: int) -> tuple[str, str]:
    r"""The delimiter at a place and its partner, such as `\begin{cases}` and `\end{cases}`; both are "" for none."""
    for opener, closer in _CLOSERS.items():
        if prompt.startswith(opener, here):
            return opener, closer
    name = prompt[here + 7 : here + 40].partition("}")[0] if prompt.startswith("\\begin{", here) else ""
    return (f"\\begin{{{name}}}", f"\\end{{{name}}}") if name.rstrip("*").isalpha() else ("", "")


def _close(prompt: str, here: int, stop: int, closer: str) -> int | None:
    depth = 0
    while here < stop:
        if depth <= 0 and prompt.startswith(closer, here):
            return here
        depth += {"{": 1, "}": -1}.get(prompt[here], 0)
        here += 2 if prompt[here] == "\\" else 1
    return None
