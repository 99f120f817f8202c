"""Formulas that sympy writes: all are set, and all compile."""

import random
from collections.abc import Callable

import sympy
from rendering.mathematics_helpers import compiles, reason
from sympy import Symbol

X, Y, N, ALPHA = sympy.symbols("x y n alpha")
FUNCTIONS: list[Callable[..., sympy.Expr]] = [
    sympy.sin, sympy.cos, sympy.tan, sympy.exp, sympy.log, sympy.sqrt, sympy.Abs, sympy.gamma, sympy.floor,
    sympy.ceiling, sympy.asin, sympy.sinh, sympy.zeta, sympy.erf, sympy.factorial, sympy.conjugate,
    sympy.re, sympy.im, sympy.sign,
]  # fmt: skip


def expression(choose: random.Random, depth: int) -> sympy.Expr:
    """A random expression of bounded depth, kept as it was written."""
    if depth == 0:
        numbers = [sympy.Integer(choose.randint(-20, 20)), sympy.Rational(choose.randint(1, 9), 7)]
        return choose.choice(
            [X, Y, N, ALPHA, Symbol("x_{12}"), Symbol("beta_i"), *numbers, sympy.pi, sympy.I, sympy.oo]
        )
    a, b = (expression(choose, depth - choose.randint(1, depth)) for _ in range(2))
    kind = choose.randrange(9)
    if kind < 2:
        return sympy.Add(a, b, evaluate=False)
    if kind < 4:
        return sympy.Mul(a, b, evaluate=False)
    if kind == 4:
        return sympy.Pow(a, b, evaluate=False)
    if kind == 5:
        return choose.choice(FUNCTIONS)(a, evaluate=False) if choose.random() < 0.9 else sympy.binomial(N, 2)
    if kind == 6:
        return choose.choice([sympy.Integral(a, X), sympy.Integral(a, (X, 0, sympy.oo)), sympy.Derivative(a, X, Y)])
    if kind == 7:
        return choose.choice([sympy.Sum(a, (N, 1, 10)), sympy.Product(a, (N, 1, X)), sympy.Limit(X * Y, X, 0)])
    return sympy.Piecewise((a, X > 0), (b, True), evaluate=False)


def formulas(count: int) -> list[str]:
    choose = random.Random(7)
    sources: list[str] = []
    while len(sources) < count:
        try:
            sources.append(sympy.latex(expression(choose, choose.randint(1, 4))))
        except (TypeError, ValueError, AttributeError):  # what sympy itself cannot build or print
            continue
    return sources


def test_all_that_sympy_writes_is_set() -> None:
    written = [tex for tex in formulas(400) if len(tex) < 4000]
    assert [(tex, reason(tex)) for tex in written if reason(tex)] == []
    assert compiles(written) == len(written)


def test_matrices_sets_relations_and_intervals_of_sympy_are_set() -> None:
    things = [
        sympy.Matrix([[1, X / 2], [sympy.sqrt(Y), 0]]),
        sympy.FiniteSet(1, X, Y**2),
        sympy.Interval.open(0, sympy.oo),
        sympy.Eq(X**2, sympy.Rational(1, 3)),
        sympy.Ne(X, Y),
        sympy.And(X > 1, sympy.Or(Y < 2, X >= Y)),
        sympy.Union(sympy.Interval(0, 1), sympy.Interval(2, 3)),
        sympy.ConditionSet(X, X**2 > 1, sympy.S.Reals),
        sympy.ImageSet(sympy.Lambda(N, 2 * N), sympy.S.Integers),
        sympy.MatrixSymbol("A", 2, 2).T * sympy.MatrixSymbol("B", 2, 2).I,
        sympy.Poly(X**3 + 2 * X, X),
        sympy.series(sympy.sin(X), X),
        sympy.besselj(N, X) + sympy.hyper([1, 2], [3], X) + sympy.DiracDelta(X),
    ]
    written = [sympy.latex(thing, mode=mode) for thing in things for mode in ("plain",)]
    assert [(tex, reason(tex)) for tex in written if reason(tex)] == []
    assert compiles(written) == len(written)
