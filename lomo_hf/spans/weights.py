r"""How much each sign weighs, in tenths of a logit: what is over 0 speaks for a formula.

Fitted by `python -m benchmarks.formula_weights` on the tuned half of tests/data/formula_places.jsonl, rounded and
frozen, but for `styling`, which was set by hand; the command fits again and shows both. Sums are of integers, so they
are the same on every machine.
"""

from collections.abc import Iterable
from types import MappingProxyType

__all__ = ["BARE_WEIGHTS", "CERTAIN", "MARGIN", "PAIR_WEIGHTS", "PLAIN", "bare_strength", "pair_strength"]

MARGIN = 5
"""By how much the signs for a formula must outweigh those for text: typesetting prose is the worse mistake."""
PLAIN = 35
"""A pair whose own signs are so plain, for or against, is not moved by what the rest of the prompt does."""

PAIR_WEIGHTS = MappingProxyType(
    {
        # what delimiters they are
        "dollars": -16,
        "double dollars": 10,
        "brackets": 25,
        # content that mathematics has
        "letter": 14,  # `x`
        "short names": 5,  # no word of two letters, `x, y`
        "number": 12,
        "lone mark": 50,  # `\%`, `)`
        "lone operator": 24,  # `=`
        "command": 12,
        "unknown command": 4,  # one that we do not know
        "escape": 8,  # `\{`
        "script": 13,  # once or twice
        "script first": 30,  # `_2` of H₂O
        "relation": 7,
        "equation": 11,  # a relation, and no word of two letters
        "operator": 1,
        "sign": 10,  # `∠`, `√`
        "call": 9,  # `f(x)`
        "enclosed": 8,  # `(0, 1)`
        "capitals": 5,  # `ABC`
        "name": 11,  # a word by itself, `target`
        # content that may be either
        "three letters": 1,  # `pqr`, `the`
        "two letters": -4,
        "names": -4,  # longer words, joined by operators
        "amount": 4,  # begins with a number
        "long": -2,
        "newline": -3,
        "snake case": -5,
        # content that prose, money and code have
        "function word": -24,  # `and`
        "word gap": -17,  # two words with a space between
        "long word": -12,
        "sentence": -17,  # `. The`
        "chinese": -20,
        "amount then word": -17,
        "amount with unit": -4,
        "quote": -16,
        "apostrophe": -15,
        "backtick": -20,
        "semicolon": -6,
        "statement": -15,  # a line that ends in a semicolon
        "code mark": -14,  # `->`, `&&`
        "odd mark": -5,  # `@`, `#`, `?`
        "cell": -15,  # the border of a table's cell
        "open end": -19,  # `x =`, `(`
        "odd start": -16,  # `, so`
        "dollar inside": -22,
        "braces open": -10,
        "brace first": -7,
        "brackets open": -10,
        "no mathematics": -19,  # nothing of what mathematics has
        "regex escape": -15,  # `\d`, `\.`
        "empty box": -81,  # `\boxed{}`
        "placeholder": -50,  # `$formula$`
        # edges
        "clean before": 18,  # space, a bracket or a Chinese character
        "clean after": 21,  # space or a closing mark
        "padded": -13,  # space at both ends within
        "padded left": -12,
        "padded right": -16,
        "opener closes": -29,  # the first dollar looks like one that closes
        "closer opens": -20,  # the second looks like one that opens
        "inside out": -15,  # both, but what is between is a formula
        "digit before": -11,
        "letter before": -16,
        "mark before": -6,  # `=$x`, `/$x`
        "digit after": -43,
        "hyphen": 30,  # `$x-$axis`
        "ending after": 7,  # `$n$th`
        "letter after": -12,
        "opening after": -18,  # `$(`, `${`
        "axis": 10,  # `$x$-axis`
        "quoted": -5,
        "leaves row": -20,  # from one cell of a table to another
        "regex edge": -30,  # `s/\(`
        "after dollar": -9,  # the second dollar of two opens
        "before dollar": -8,  # the first dollar of two closes
        "delimiter inside": -50,  # `\(` between two dollars
        "own lines": 10,
        "blank line": -3,
        "prose only": -30,  # words in brackets
        "short display": -25,  # `\[x\]`
        "citation": -60,  # `\[1\]`
        "link": -40,  # `\[a\](b)`
        # the rest of the prompt
        "sure": 1,  # once for each formula that is sure, up to three
        "even": 11,  # neither code nor money, and each dollar may have a partner
        "padded habit": 4,  # once or twice, if space is within the dollars
        "code": -3,  # up to three sorts of marks
        "money": -4,  # once or twice, if the body begins with a number
        "SQL": -50,
        "escaped brackets": -18,  # for brackets, once or twice if others are plainly escaped
    }
)
"""Signs about two delimiters and what stands between them."""

BARE_WEIGHTS = MappingProxyType(
    {
        # what it is
        "bare": 0,
        "box": -27,  # `\boxed{5}`
        "styling": -9,  # `\textbf{(B)}`
        "empty argument": -60,  # `\boxed{}`
        "placeholder": -40,  # `\boxed{...}`
        "argument": 6,
        "script": 4,
        "several": 1,  # commands without a gap
        # what touches it
        "operand before": 11,  # `2`, `x`, `=`
        "operand after": 16,
        "own line": 8,
        "alone": -12,  # nothing of a formula beside it, and no argument
        "neighbour": 4,  # another command, with no word between
        "operands missing": -11,  # a relation by itself, `\le`
        "string escape": -25,  # `\to` where `\n` stands as well
        "path": -40,  # of a file, a registry, a regular expression
        "word before": -10,
        "in quotes": -15,
        # what the sentence says
        "cue": -17,  # `use`, `within`, `用`; once or twice
        "far cue": -6,
        "cue behind": -11,  # `means`, `instead`
        "spoken about": -18,  # other commands are, once or twice
        # the rest of the prompt
        "other formulas": 7,  # commands with operands, up to three
        "sure": 9,
        "LaTeX": -20,  # it speaks of LaTeX
        "LaTeX source": -20,
    }
)
"""Signs about a command without delimiters."""

CERTAIN = MappingProxyType({"code": 10_000, "environment": 5_000})
"""The strength of what its delimiters alone decide."""


_pair_weight = dict(PAIR_WEIGHTS).__getitem__


def pair_strength(signs: Iterable[str]) -> int:
    """What the signs about a pair of delimiters add up to, over the margin; over 0 it is a formula.

    Args:
        signs: Names of `PAIR_WEIGHTS`; one that is named twice counts twice.

    Example:
        >>> pair_strength(["dollars", "letter", "clean before"]) > 0, pair_strength(["dollars", "function word"]) > 0
        (True, False)
    """
    return sum(map(_pair_weight, signs)) - MARGIN


def bare_strength(signs: Iterable[str]) -> int:
    """What the signs about a command without delimiters add up to; under 0 it is text.

    There is no margin: "common LaTeX commands are atomic" (paper, section 3), where nothing speaks against it.

    Args:
        signs: Names of `BARE_WEIGHTS`.

    Example:
        >>> bare_strength(["bare", "operand after", "argument"]) >= 0, bare_strength(["bare", "cue"]) >= 0
        (True, False)
    """
    return sum([BARE_WEIGHTS[sign] for sign in signs])
