"""The final answer of a worked solution, which a rule can check: the last `\\boxed{...}`, or `#### ...` at its end.

Braces are matched by counting, never by a regular expression, so formulas come out whole. What has neither mark has
no final answer here: guessing one from prose would teach a reward to be wrong.
"""

__all__ = ["final_answer"]

_BOXES = ("\\boxed{", "\\fbox{")
_MOST = 2_000  # characters; a longer "answer" is none


def final_answer(text: str) -> str | None:
    """The final answer of a worked solution. Linear in the text.

    Args:
        text: The solution.

    Returns:
        What stands in its last box, or after its last `####`, stripped; None where there is neither.

    Source:
        Yao et al., arXiv 2510.22836: the reward compares final answers in `\\boxed{}`.

    Example:
        >>> final_answer("$x = \\\\boxed{\\\\frac{1}{2}}$."), final_answer("So:\\n#### 3"), final_answer("Three.")
        ('\\\\frac{1}{2}', '3', None)
    """
    start, opening = max((text.rfind(box), box) for box in _BOXES)
    if start >= 0:
        return _clean(_braced(text, start + len(opening)))
    before, mark, rest = text.rpartition("####")
    # With words on later lines, or a fifth sign, it is a heading of Markdown ("#### Step 1"), and no answer.
    ends = mark and not before.endswith("#") and "\n" not in rest.strip()
    return _clean(rest) if ends else None


def _braced(text: str, start: int) -> str | None:
    depth, at = 1, start
    while at < min(len(text), start + _MOST):
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[start:at]
        at += 1
    return None


def _clean(answer: str | None) -> str | None:
    answer = answer.strip() if answer is not None else ""
    return answer if 0 < len(answer) <= _MOST else None
