"""Signs of prose and of money in the body of a possible formula: words, the gaps between them, amounts, sentences."""

from collections.abc import Sequence
from string import ascii_letters, digits

__all__ = ["FUNCTION_WORDS", "prose_signs", "shape_of"]

FUNCTION_WORDS = frozenset(
    """the a an and of to in is that it for as with on are be this was were by at or from have has had not but they we
    he she you i what which when where who whose how why if then than there their his her its our your will would can
    could should may might must into per each more most less fewer few many much all any some no so do does did find
    let show prove given such between also only over after before about while because since until both these those
    one two three four five six seven eight nine ten other another same them him us me my up down out off again here
    now new old first second next last total every very just either neither nor still too back under above below
    through during within without against least hence thus therefore that's it's let's et les des une est pour dans
    und der die das ist mit von que los las por para""".split()
)
"""Words that no formula holds outside of its texts."""
_OPERATOR_NAMES = frozenset(
    """sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan log ln lg exp lim max min sup inf gcd lcm hcf det
    deg dim mod div ord arg ker rank tr sgn sign argmax argmin Var Cov Pr Re Im cis dx dy dt dz dr const
    pt em ex mu""".split()
)
_MAX_WORDS = 24  # more need not be looked at: so many are prose already
_MAX_NAME = 6  # capitals: `ABCDEF` names six points, `KITCHEN` is a word
_MAX_WORD = 12
_SHAPES = str.maketrans(
    {
        **{chr(code): "." for code in range(128)},
        **dict.fromkeys(ascii_letters, "a"),
        **dict.fromkeys(digits, "0"),
        **dict.fromkeys(" \t\n\r", " "),
    }
)
_ONLY_LETTERS = str.maketrans(
    {chr(code): " " for code in (*range(128), *map(ord, "、，。；：（）")) if chr(code) not in ascii_letters}
)


def shape_of(plain: str) -> str:
    """A body with each ASCII letter as "a", each digit as "0", white space as " ", and other ASCII marks as ".".

    Args:
        plain: A body, or a part of it.

    Source: ours.

    Example:
        >>> shape_of("x = 5!")
        'a . 0.'
    """
    return plain.translate(_SHAPES)


def prose_signs(plain: str, ink: str, shape: str) -> list[str]:
    r"""The signs of prose, names, numbers and money.

    Args:
        plain: The body without its commands and groups.
        ink: The whole body, without the space at its ends.
        shape: Of `plain`, by `shape_of`.

    Source: ours.

    Example:
        >>> prose_signs("sin x", "sin x", shape_of("sin x")), prose_signs("5 and so", "5 and so", shape_of("5 and so"))
        (['short names'], ['amount', 'amount then word', 'function word', 'function word', 'word gap', 'word gap'])
    """
    signs = _amount_signs(ink) if ink[0].isdigit() else []
    if "aa" not in shape and shape.isascii():
        return signs + _without_words(plain, shape)
    words = plain.translate(_ONLY_LETTERS).split()
    longs = [word for word in words[:_MAX_WORDS] if len(word) > 1 and word not in _OPERATOR_NAMES]
    if longs:
        if len(words) == 1 and plain.isalpha() and plain.lower() not in FUNCTION_WORDS:
            if len(plain) == 2 or plain.isupper():
                signs.append("short names")  # `xy`, `ABC`
            else:
                signs += [*_word_signs(plain, longs, shape), "name"]
        else:
            signs += _word_signs(plain, longs, shape)
    elif words:
        signs.append("short names")
    else:
        signs += _without_words(plain, shape)
    stop = plain.find(". ")
    if stop > 0 and plain[stop + 2 : stop + 3].isupper() and plain[stop - 1].isalnum():
        signs.append("sentence")
    return signs


def _without_words(plain: str, shape: str) -> list[str]:
    if "a" in shape:
        return ["short names"]
    return ["number"] if "0" in shape and not plain.strip("0123456789.,:%()[]?! -+/=、，；\x00") else []


def _word_signs(plain: str, longs: Sequence[str], shape: str) -> list[str]:
    others = [word for word in longs if not (word.isupper() and len(word) <= _MAX_NAME)]
    signs = ["capitals"] if len(others) < len(longs) else []
    if not others:
        return signs
    function = sum([_is_function_word(word, plain) for word in others])
    signs += ["function word"] * min(function, 3)
    names = [word for word in others if word.lower() not in FUNCTION_WORDS]
    gaps = _word_gaps(plain, shape) if " " in shape else 0
    longer = sum([len(word) > 3 for word in names])
    if gaps or function:
        signs += ["long word"] * min(longer, 2)
    elif longer:  # `rate \cdot years`, `nums[i] = target`: joined by operators, words may be names
        signs.append("names")
    signs += ["three letters"] * min(sum([len(word) == 3 for word in names]), 2)
    if any([len(word) == 2 for word in names]):
        signs.append("two letters")
    return signs + ["word gap"] * min(gaps, 3)


def _is_function_word(word: str, plain: str) -> bool:
    """Whether a word belongs to prose; of two letters, only with space around it: `an+b` is a sum."""
    return word.lower() in FUNCTION_WORDS and (len(word) > 2 or f" {word} " in f" {plain} ".replace("\n", " "))


def _word_gaps(plain: str, shape: str) -> int:
    """Places, up to three, where only a space is between two words: none is an operator, and not both are letters."""
    gaps = 0
    for border, word_at in (("aa 0", 0), ("0 aa", 2)):
        at = shape.find(border)
        if at >= 0:
            word = _word_at(plain, shape, at + word_at)
            gaps += word.islower() and word not in _OPERATOR_NAMES
    at = shape.find("a a")
    while at >= 0 and gaps < 3:
        left, right = _word_at(plain, shape, at), _word_at(plain, shape, at + 2)
        named = left in _OPERATOR_NAMES or right in _OPERATOR_NAMES or (left.isupper() and right.isupper())
        gaps += len(left) + len(right) > 2 and not named
        at = shape.find("a a", at + 1)
    return gaps


def _word_at(plain: str, shape: str, at: int) -> str:
    start = stop = at
    while start > 0 and shape[start - 1] == "a" and at - start < _MAX_WORD:
        start -= 1
    while stop < len(shape) and shape[stop] == "a" and stop - at < _MAX_WORD:
        stop += 1
    return plain[start:stop]


def _amount_signs(ink: str) -> list[str]:
    """A number in front, as money has, and what follows it."""
    rest = ink.lstrip("0123456789.,")
    if rest[:1] in (" ", "\n", ")", "\u2013"):
        word = rest.lstrip(" +-\u2013/)\n,;.:")
        then = len(word) > 1 and word[0].isalpha() and word[1].isalpha()
        return ["amount", "amount then word"] if then else ["amount"]
    unit = len(rest) > 1 and rest[:2].islower() and rest[:2].isalpha()
    return ["amount", "amount with unit"] if unit else ["amount"]
