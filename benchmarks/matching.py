"""`python -m benchmarks.matching`: what the costliest lines take that the patterns of code are tried on.

Lines of the length up to which a line is matched are made of one unit repeated, behind the starts of common patterns
and before ends that fit none: where a pattern can match its parts in many ways, it tries them all. The cost stands
beside that of a line of prose of the same length, in the same run.
"""

import argparse
import sys
import time
from collections.abc import Iterator

from lomo_hf.spans.code_patterns import LIKELY, SURE, of_all

__all__ = ["hostile_lines"]

_UNITS = (
    "a ", "a, ", "a.", "a=", "a(", "(a)", "<a ", '"a" ', "-a ", "a:", "$a", "{", "a b = ", "a::", "a<b, ", "[a]", "&*",
    "for a in ", "if (", "x.y(z)", "--a ", "SELECT ", "a\t", " ", "|a  ", "int a ", "a=b;", "(())", "f(a)(b)", "@a.",
)  # fmt: skip
_HEADS = ("", "for ", "int ", "a.b ", "<a ", "@", "from x import ")
_ENDS = ("", "!", "\x00", ";x", ")?")
_LENGTH = 298
_PROSE = ("It is late, and all of them would rather go home than wait here for another hour. " * 4)[:_LENGTH]


def hostile_lines() -> Iterator[str]:
    """Every unit, repeated, with every start and every end."""
    for unit in _UNITS:
        for head in _HEADS:
            for end in _ENDS:
                yield (head + unit * _LENGTH)[:_LENGTH] + end


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description=__doc__.split("\n")[0])
    parser.add_argument("--worst", type=int, default=3, help="lines that are shown of each set of patterns")
    given = parser.parse_args()
    print("| patterns | µs | times prose | line |\n| --- | ---: | ---: | --- |")
    for name, patterns in (("sure", SURE), ("likely", LIKELY)):
        pattern = of_all(patterns)

        def microseconds(line: str, pattern: object = pattern, repeats: int = 3) -> float:
            began = time.process_time()
            for _ in range(repeats):
                pattern.match(line)  # type: ignore[attr-defined]
            return 1e6 * (time.process_time() - began) / repeats

        prose = microseconds(_PROSE, repeats=300)
        costs = sorted(((microseconds(line), line) for line in hostile_lines()), reverse=True)
        for cost, line in costs[: given.worst]:
            print(f"| {name} | {cost:.0f} | {cost / prose:.0f} | `{line[:40]!r}…` |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
