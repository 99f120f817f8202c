r"""How much each sign weighs, in tenths of a logit: what is over 0 speaks for a formula.

Fitted once by `python -m benchmarks.formula_weights` on the tuned half of tests/data/formula_places.jsonl, rounded and
frozen; the command fits again and shows both. Sums are of integers, so they are the same on every machine.
"""

from collections.abc import Iterable
from types import MappingProxyType

__all__ = ["BARE_WEIGHTS", "CERTAIN", "MARGIN", "PAIR_WEIGHTS", "bare_strength", "pair_strength"]

MARGIN = 5
"""By how much the signs for a formula must outweigh those for text: a page that typesets prose is the worse mistake."""

PAIR_WEIGHTS = MappingProxyType(
    {
        # what delimiters they are
        "dollars": -13,
        "double dollars": 7,
        "brackets": 15,
        # content that mathematics has
        "letter": 16,  # `x`
        "short names": 5,  # no word of two letters, `x, y`
        "number": 10,
        "lone mark": 50,  # `\%`, `)`
        "command": 12,
        "unknown command": 3,  # one that we do not know
        "escape": 4,  # `\{`
        "script": 13,  # once or twice
        "script first": 30,  # `_2` of H₂O
        "relation": 9,
        "operator": 1,
        "sign": 10,  # `∠`, `√`
        "call": 9,  # `f(x)`
        "enclosed": 7,  # `(0, 1)`
        "capitals": 5,  # `ABC`
        "name": 9,  # a word by itself, `target`
        # content that may be either
        "three letters": -6,  # `pqr`, `the`
        "two letters": -5,
        "names": -6,  # longer words, joined by operators
        "amount": 3,  # begins with a number
        "long": -1,
        "newline": -3,
        "snake case": -3,
        # content that prose, money and code have
        "function word": -26,  # `and`
        "word gap": -17,  # two words with a space between
        "long word": -12,
        "sentence": -18,  # `. The`
        "chinese": -19,
        "amount then word": -15,
        "amount with unit": -3,
        "quote": -16,
        "apostrophe": -15,
        "backtick": -20,
        "semicolon": -6,
        "statement": -15,  # a line that ends in a semicolon
        "code mark": -15,  # `->`, `&&`
        "odd mark": -4,  # `@`, `#`, `?`
        "cell": -15,  # the border of a table's cell
        "open end": -20,  # `x =`, `(`
        "odd start": -17,  # `, so`
        "dollar inside": -22,
        "braces open": -10,
        "brace first": -7,
        "brackets open": -9,
        "no mathematics": -19,  # nothing of what mathematics has
        "regex escape": -15,  # `\d`, `\.`
        "empty box": -81,  # `\boxed{}`
        # edges
        "clean before": 20,  # space, a bracket or a Chinese character
        "clean after": 18,  # space or a closing mark
        "padded": -12,  # space at both ends within
        "padded left": -13,
        "padded right": -16,
        "opener closes": -31,  # the first dollar looks like one that closes
        "closer opens": -18,  # the second looks like one that opens
        "digit before": -12,
        "letter before": -15,
        "mark before": -7,  # `=$x`, `/$x`
        "digit after": -40,
        "hyphen": 30,  # `$x-$axis`
        "ending after": 7,  # `$n$th`
        "letter after": -13,
        "opening after": -16,  # `$(`, `${`
        "axis": 11,  # `$x$-axis`
        "quoted": -5,
        "leaves row": -20,  # from one cell of a table to another
        "regex edge": -31,  # `s/\(`
        "after dollar": -10,  # the second dollar of two opens
        "delimiter inside": -50,  # `\(` between two dollars
        "own lines": 9,
        "blank line": -4,
        "prose only": -31,  # words in brackets
        "citation": -61,  # `\[1\]`
        "link": -40,  # `\[a\](b)`
        # the rest of the prompt
        "sure": 4,  # once for each formula that is sure, up to three
        "padded habit": 4,  # once or twice, if space is within the dollars
        "code": -5,  # up to three sorts of marks
        "money": -6,  # once or twice, if the body begins with a number
        "LaTeX source": -5,
        "SQL": -31,
    }
)
"""Signs about two delimiters and what stands between them."""

BARE_WEIGHTS = MappingProxyType(
    {
        # what it is
        "bare": 0,
        "box": -27,  # `\boxed{5}`
        "empty argument": -60,  # `\boxed{}`
        "placeholder": -40,  # `\boxed{...}`
        "argument": 6,
        "script": 4,
        "several": 2,  # commands without a gap
        # what touches it
        "operand before": 11,  # `2`, `x`, `=`
        "operand after": 17,
        "own line": 8,
        "neighbour": 6,  # another command, with no word between
        "path": -41,  # of a file, a registry, a regular expression
        "word before": -10,
        "in quotes": -15,
        # what the sentence says
        "cue": -18,  # `use`, `within`, `用`; once or twice
        "far cue": -6,
        "cue behind": -14,  # `means`, `instead`
        "spoken about": -19,  # other commands are, once or twice
        # the rest of the prompt
        "many": 3,  # other commands, up to two
        "sure": 8,
        "code": 0,
        "LaTeX": -21,  # it speaks of LaTeX
        "LaTeX source": -20,
    }
)
"""Signs about a command without delimiters."""

CERTAIN = MappingProxyType({"code": 10_000, "environment": 5_000})
"""The strength of what its delimiters alone decide."""


def pair_strength(signs: Iterable[str]) -> int:
    """What the signs about a pair of delimiters add up to, over the margin; over 0 it is a formula.

    Args:
        signs: Names of `PAIR_WEIGHTS`; one that is named twice counts twice.

    Example:
        >>> pair_strength(["dollars", "letter", "clean before"]) > 0, pair_strength(["dollars", "function word"]) > 0
        (True, False)
    """
    return sum([PAIR_WEIGHTS[sign] for sign in signs]) - MARGIN


def bare_strength(signs: Iterable[str]) -> int:
    """What the signs about a command without delimiters add up to, over the margin; over 0 it is a formula.

    Args:
        signs: Names of `BARE_WEIGHTS`.

    Example:
        >>> bare_strength(["bare", "operand after", "argument"]) > 0, bare_strength(["bare", "cue"]) > 0
        (True, False)
    """
    return sum([BARE_WEIGHTS[sign] for sign in signs]) - MARGIN
