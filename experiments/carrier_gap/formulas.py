"""Templated problems with formulas: four families, whose LaTeX sympy writes and whose answers sympy verifies.

With these the LaTeX route of the page is trained and tested. Needs sympy, so problems are drawn where the folder is
made, and travel with it.
"""

from random import Random

import sympy
from sympy import Eq, Integer, Rational, Symbol, latex, simplify

from experiments.carrier_gap.problems import Family, Problem
from experiments.carrier_gap.words import NAMES, plural

__all__ = ["FORMULA_FAMILIES"]


def equation(rng: Random, name: str, thing: str) -> Problem:
    """A linear equation in one unknown, with a whole solution."""
    unknown = Symbol(rng.choice("xyn"))
    factor, solution, shift = rng.randint(2, 5), rng.randint(1, 9), rng.randint(1, 9)
    left = factor * unknown + rng.choice((1, -1)) * shift
    right = left.subs(unknown, Integer(solution))
    _verify(sympy.solve(Eq(left, right), unknown) == [solution], left, right)
    facts = [
        f"{name} has ${unknown}$ {plural(thing)}",
        f"it holds that ${latex(Eq(left, right))}$",
    ]
    return Problem(facts, [(f"What is ${unknown}$?", str(solution)), (f"How many {plural(thing)}?", str(solution))])


def assigned(rng: Random, name: str, thing: str) -> Problem:
    """Letters with values, and an expression of them."""
    letters = [Symbol(letter) for letter in rng.sample("abcpqrst", 3)]
    values = {letter: Integer(rng.randint(1, 9)) for letter in letters}
    first, second, third = letters
    asked = rng.choice([first + second, second + third, first + third])
    total = asked.subs(values)
    _verify(simplify(asked.subs(values) - total) == 0, asked, total)
    facts = [f"${latex(Eq(letter, values[letter]))}$" for letter in letters]
    facts[0] = f"{name} finds on a {thing} that {facts[0]}"
    single = rng.choice(letters)
    return Problem(
        facts, [(f"What is ${latex(asked)}$?", str(total)), (f"What is ${latex(single)}$?", str(values[single]))]
    )


def function(rng: Random, name: str, thing: str) -> Problem:
    """A function of one variable and its value at a small number."""
    variable, at = Symbol("x"), rng.randint(1, 5)
    factor, shift = rng.randint(1, 4), rng.randint(1, 9)
    body = rng.choice([factor * variable + shift, variable**2 + shift])
    value = body.subs(variable, at)
    _verify(value == sympy.lambdify(variable, body)(at), body, value)
    facts = [f"{name} writes on the {thing} that $f(x) = {latex(body)}$", f"we know that $x = {at}$"]
    return Problem(facts, [("What is $f(x)$?", str(value)), (f"What is $f({at})$?", str(value))])


def shares(rng: Random, name: str, thing: str) -> Problem:
    """Fractions of a whole with one denominator: who has most, and how much two have together."""
    parts = rng.randint(7, 12)
    people = [name, *rng.sample([member for member in NAMES if member != name], 2)]
    counts = rng.sample(range(1, parts), 3)
    while sum(counts) > parts:
        counts = rng.sample(range(1, parts), 3)
    first, second = (Rational(count, parts) for count in counts[:2])
    together = _fraction(counts[0] + counts[1], parts)
    _verify(first + second == Rational(counts[0] + counts[1], parts), first, second)
    facts = [
        f"{owner} paints ${_fraction(count, parts)}$ of the {thing}"
        for owner, count in zip(people, counts, strict=True)
    ]
    most = people[max(range(3), key=lambda place: counts[place])]
    questions = [
        ("Who paints the largest part?", most),
        (f"How much does {name} paint?", f"${_fraction(counts[0], parts)}$"),
        (f"How much do {people[0]} and {people[1]} paint together?", f"${together}$"),
    ]
    rng.shuffle(questions)
    return Problem(facts, questions)


def _fraction(numerator: int, denominator: int) -> str:
    """A fraction as it stands, not in lowest terms."""
    held = sympy.Mul(Integer(numerator), sympy.Pow(Integer(denominator), -1, evaluate=False), evaluate=False)
    return str(latex(held)) if numerator != 1 else str(latex(Rational(1, denominator)))


def _verify(holds: object, *parts: object) -> None:
    if holds is not True and holds != sympy.true:
        raise ValueError(f"a problem must agree with sympy; found {parts!r}.")


FORMULA_FAMILIES: tuple[Family, ...] = (equation, assigned, function, shares)
