"""Is an answer right? A plain match of letter, word or number, for benchmarks that need no judge and no metric.

It serves to pair two runs of the same model question by question, the same rule on both sides. Benchmarks with a judge
or a metric of their own (`Benchmark.scoring == "own"`) are scored by these.
"""

import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from lomo_hf.related_methods.final_answer import final_answer

__all__ = ["match_answer"]

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST: Final = 20_000  # characters of a prediction that are looked at, from its end
_MARKED: Final = re.compile(r"answer(?: is)?\s{0,3}[:：]?\s{0,3}([^\n]{1,500})", re.IGNORECASE)
_LETTER: Final = re.compile(r"^[\s(\[*$`\"']{0,4}([A-Za-z])(?:[\s*$`\"']{0,4}$|[*$`\"']{0,3}[).:,\]：、])")
_YES: Final = {"yes": "1", "no": "0", "true": "1", "false": "0"}
_NUMBERS: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)


def match_answer(prediction: str, answer: object, options: Sequence[str] = ()) -> bool:
    """Whether a prediction gives the answer.

    The prediction's final answer is what stands in its last `\\boxed{}`, else after its last "answer:", else its last
    line, or all of it. It matches where it is the answer, spaces, case and a full stop at the end aside; where both
    are the same number; where one is the letter of an option and the other its text, or both the same letter; and
    where one is yes or no and the other 1 or 0.

    Args:
        prediction: What a model answered.
        answer: The right answer: a text or number, or a list of which any will do (also one written as JSON).
        options: The options as texts, where the question has them.

    Returns:
        True where it matches.

    Example:
        >>> match_answer("So 2 + 2 is 4.\\nAnswer: (B)", "B", ["3", "4"]), match_answer("4", "B", ["3", "4"])
        (True, True)
        >>> match_answer("The total is 1,200.0", "1200"), match_answer("\\\\boxed{1200}", ["1200", "twelve hundred"])
        (False, True)
        >>> match_answer("Yes, they are.", "1"), match_answer("about 7", "7")
        (True, False)
    """
    answers = {form for text in _answers(answer) for form in _forms(text, options)}
    return any(not answers.isdisjoint(_forms(candidate, options)) for candidate in _candidates(prediction))


def _answers(answer: object) -> Iterable[str]:
    if isinstance(answer, list | tuple):
        return [str(value) for value in answer]
    text = str(answer)
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except (ValueError, RecursionError):
            return [text]
        return [str(value) for value in listed] if isinstance(listed, list) else [text]
    return [text]


def _candidates(prediction: str) -> list[str]:
    """The final answer, in the one form that the prediction marks it by; unmarked, the whole or the last line."""
    text = prediction.strip()[-_MOST:]
    boxed = final_answer(text) if "\\boxed" in text or "\\fbox" in text else None
    if boxed is not None:
        return [boxed]
    marked = _MARKED.findall(text)
    if marked:
        return [marked[-1]]
    return [text, text.rpartition("\n")[2]]


def _forms(text: str, options: Sequence[str]) -> set[tuple[str, str]]:
    """What a text can be read as: a word, a number, an option."""
    plain = _plain(text)
    forms = {("word", plain)} if plain else set()
    number = _number(plain)
    if number is not None:
        forms.add(("number", str(number)))
    first = re.split(r"[\s,.;:!]", plain, maxsplit=1)[0]
    if first in _YES:
        forms.add(("word", _YES[first]))
        forms.add(("number", _YES[first]))
    letter = _letter(text, len(options))
    if letter is not None:
        forms.add(("option", letter))
    forms |= {("option", mark) for mark, option in zip(_LETTERS, options, strict=False) if _plain(option) == plain}
    return forms


def _letter(text: str, options: int) -> str | None:
    """The letter of an option, alone or marked off from what follows: "B", "(b)", "B. cotton", not "A dog"."""
    marked = _LETTER.match(text)
    if marked is None or (options and marked[1].upper() not in _LETTERS[:options]):
        return None
    return marked[1].upper()


def _plain(text: str) -> str:
    plain = " ".join(text.split()).strip("*`\"'“”‘’$ ")
    return plain.rstrip(".。").strip().casefold()


def _number(plain: str) -> Decimal | None:
    if plain in _NUMBERS:
        return Decimal(_NUMBERS.index(plain))
    digits = plain.replace(",", "") if re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain) else plain
    if not re.fullmatch(r"[+-]?(?:\d{1,60}(?:\.\d{0,60})?|\.\d{1,60})", digits):
        return None
    try:
        return Decimal(digits).normalize()
    except InvalidOperation:
        return None
