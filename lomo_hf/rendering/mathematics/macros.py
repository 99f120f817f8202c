r"""Macros that are LaTeX in other words: packages and authors define them, and each has one usual meaning.

Blackboard letters (`\RR`), absolute values (`\abs`), signs of the AoPS forum (`\minus{}`), names of operators that
preambles declare (`\lcm`), and what amsmath, mathtools and unicode-math call by another name.
"""

from collections.abc import Sequence
from functools import lru_cache

from lomo_hf.rendering.mathematics.limits import MAX_EXPANDED, refuse
from lomo_hf.rendering.mathematics.marks import Context, Handler
from lomo_hf.rendering.mathematics.rewrite import rewrite
from lomo_hf.rendering.mathematics.scanner import Cursor, is_word, tokenise

__all__ = ["MACRO_HANDLERS", "expanded", "fenced"]

_BLACKBOARD = {
    **{f"\\{letter}{letter}": letter for letter in "RZNQCFPEHK"},
    "\\C": "C", "\\Q": "Q", "\\E": "E", "\\K": "K", "\\Complex": "C", "\\cnums": "C", "\\natnums": "N", "\\reals": "R",
    "\\Reals": "R", "\\Z": "Z", "\\N": "N", "\\R": "R",
}  # fmt: skip

# The argument stands once in each: one that stood twice would double with every level that it is nested.
_MACROS = {
    **{name: (0, f"\\mathbb{{{letter}}}") for name, letter in _BLACKBOARD.items()},
    # The AoPS forum of 2008 wrote signs as commands, each with an empty group.
    "\\minus": (0, "-"), "\\plus": (0, "+"), "\\equal": (0, "="), "\\lparen": (0, "("), "\\rparen": (0, ")"),
    # Names of operators.
    **{f"\\{name}": (0, f"\\operatorname{{{name}}}") for name in (
        "lcm sgn sign arcsec arccsc arccot sech csch arsinh arcosh artanh arsech arcsch arcoth arcsinh arccosh "
        "arctanh cis Var var Cov cov Corr corr Bias MSE tr Tr rank Rank rk diag vol Vol span Span Hom End Aut Gal Ker "
        "Coker coker im id Id supp ord card conv dist erfc Spec spec adj Proj proj res Res curl grad Div divergence "
        "rot nullity softmax sigmoid ReLU relu std mean median mode area arsh arch arth mex Sym Stab Orb Fix Char GL "
        "SL PGL PSL SO SU Tor Ext Li sinc acos asin atan acot asec acsc Trace"
    ).split()},
    **{f"\\{name}": (0, f"\\operatorname*{{{text}}}") for name, text in {
        "esssup": "ess\\,sup", "essinf": "ess\\,inf", "Lim": "Lim",
        "plim": "plim", "colim": "colim", "lcd": "lcd", "mcm": "mcm", "hcf": "hcf",
    }.items()},
    # amsmath, mathtools, plain TeX.
    "\\overunderset": (3, "\\overset{#1}{\\underset{#2}{#3}}"), "\\stackbin": (2, "\\mathbin{\\overset{#1}{#2}}"),
    "\\intop": (0, "\\int\\limits "), "\\ointop": (0, "\\oint\\limits "), "\\smallint": (0, "{\\textstyle\\int}"),
    "\\mathellipsis": (0, "\\ldots "), "\\Arrowvert": (0, "\\Vert "), "\\dasharrow": (0, "\\dashrightarrow "),
    "\\Relbar": (0, "="), "\\relbar": (0, "-"), "\\joinrel": (0, ""), "\\smallsmile": (0, "\\smile "),
    "\\smallfrown": (0, "\\frown "), "\\centernot": (0, "\\not"), "\\vcentercolon": (0, ":"),
    "\\ordinarycolon": (0, ":"), "\\MoveEqLeft": (0, ""), "\\adjustlimits": (0, ""), "\\shoveleft": (1, "#1"),
    "\\shoveright": (1, "#1"), "\\crampedsubstack": (1, "\\substack{#1}"), "\\nobreakdash": (0, ""),
    "\\cramped": (1, "#1"), "\\vdotswithin": (1, "\\vdots "), "\\nuparrow": (0, "\\not\\uparrow "),
    "\\ndownarrow": (0, "\\not\\downarrow "), "\\varbigtriangleup": (0, "\\bigtriangleup "),
    "\\varbigtriangledown": (0, "\\bigtriangledown "), "\\Vec": (1, "\\vec{#1}"), "\\Hat": (1, "\\hat{#1}"),
    "\\Bar": (1, "\\bar{#1}"), "\\Tilde": (1, "\\tilde{#1}"), "\\Dot": (1, "\\dot{#1}"), "\\Ddot": (1, "\\ddot{#1}"),
    "\\Check": (1, "\\check{#1}"), "\\Breve": (1, "\\breve{#1}"), "\\Acute": (1, "\\acute{#1}"),
    "\\Grave": (1, "\\grave{#1}"), "\\mathdollar": (0, "\\$"), "\\mathunderscore": (0, "\\_"),
    "\\mathsection": (0, "\\S "), "\\mathparagraph": (0, "\\textparagraph "),
    "\\vcenter": (1, "#1"), "\\mathmbox": (1, "#1"), "\\class": (2, "#2"), "\\cssId": (2, "#2"),
    "\\splitfrac": (2, "\\substack{#1\\\\#2}"), "\\splitdfrac": (2, "\\begin{gathered}#1\\\\#2\\end{gathered}"),
    # Letters by other names.
    **{f"\\{new}": (0, f"\\{old} ") for new, old in {
        "mathup": "mathrm", "mathbfup": "mathbf", "mathbfit": "boldsymbol", "mathsfup": "mathsf", "symup": "mathrm",
        "symrm": "mathrm", "symbf": "mathbf", "symit": "mathit", "symsf": "mathsf", "symtt": "mathtt",
        "symbb": "mathbb", "symcal": "mathcal", "symscr": "mathscr", "symfrak": "mathfrak", "symbfit": "boldsymbol",
        "symbfup": "mathbf", "symnormal": "mathit", "scr": "mathscr", "mit": "mathit", "sdot": "cdot",
        "bigominus": "ominus", "bigoslash": "oslash", "Overrightarrow": "overrightarrow",
        "sine": "sin", "cosine": "cos", "tangent": "tan", "secant": "sec", "cosecant": "csc", "cotangent": "cot",
        "arcsine": "arcsin", "arccosine": "arccos", "arctangent": "arctan", "hypsine": "sinh", "hypcosine": "cosh",
        "hyptangent": "tanh", "logarithm": "log", "naturallogarithm": "ln", "exponential": "exp", "Probability": "Pr",
        "trace": "tr", "Residue": "Res", "imaginary": "Im", "divisionsymbol": "div", "divsymbol": "div",
        "outerproduct": "dyad", "matrixelement": "mel", "expectationvalue": "ev", "vectorarrow": "va",
        "vectorunit": "vu", "gradientnabla": "nabla", "pv": "principalvalue", "operatorfont": "mathrm",
        "ohm": "Omega", "perthousand": "textperthousand", "micro": "textmu",
    }.items()},
    "\\mathbfcal": (1, "\\boldsymbol{\\mathcal{#1}}"), "\\mathbffrak": (1, "\\boldsymbol{\\mathfrak{#1}}"),
    # Physics and chemistry beside the commands of `physics`, which read their arguments in several ways.
    "\\ketbra": (2, "\\left|#1\\right\\rangle\\left\\langle #2\\right|"),
    "\\dyad": (2, "\\left|#1\\right\\rangle\\left\\langle #2\\right|"),
    "\\mel": (3, "\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle"),
    "\\matrixel": (3, "\\left\\langle #1\\middle|#2\\middle|#3\\right\\rangle"),
    "\\innerproduct": (2, "\\left\\langle #1\\middle|#2\\right\\rangle"),
    "\\ip": (2, "\\left\\langle #1\\middle|#2\\right\\rangle"),
    "\\inner": (2, "\\left\\langle #1,#2\\right\\rangle"), "\\innerp": (2, "\\left\\langle #1,#2\\right\\rangle"),
    "\\expval": (1, "\\left\\langle #1\\right\\rangle"), "\\ev": (1, "\\left\\langle #1\\right\\rangle"),
    "\\comm": (2, "\\left[#1,#2\\right]"), "\\commutator": (2, "\\left[#1,#2\\right]"),
    "\\acomm": (2, "\\left\\{#1,#2\\right\\}"), "\\anticommutator": (2, "\\left\\{#1,#2\\right\\}"),
    "\\pb": (2, "\\left\\{#1,#2\\right\\}"), "\\poissonbracket": (2, "\\left\\{#1,#2\\right\\}"),
    "\\laplacian": (0, "\\nabla^2"), "\\gradient": (0, "\\nabla "), "\\vb": (1, "\\mathbf{#1}"),
    "\\va": (1, "\\vec{\\mathbf{#1}}"), "\\vu": (1, "\\hat{\\mathbf{#1}}"), "\\vectorbold": (1, "\\mathbf{#1}"),
    "\\vdot": (0, "\\mathbin{\\boldsymbol{\\cdot}}"), "\\dotproduct": (0, "\\mathbin{\\boldsymbol{\\cdot}}"),
    "\\cross": (0, "\\times "), "\\cp": (0, "\\times "), "\\crossproduct": (0, "\\times "),
    "\\order": (1, "\\mathcal{O}\\left(#1\\right)"), "\\flatfrac": (2, "\\left.#1\\middle/#2\\right."),
    "\\vnabla": (0, "\\nabla "), "\\principalvalue": (0, "\\mathcal{P}"),
}  # fmt: skip
r"""Command -> how many arguments it takes, and LaTeX in which #1 is the first."""

_SIZES = frozenset((" ", "\\big", "\\Big", "\\bigg", "\\Bigg"))
_FENCES = {
    "\\abs": ("|", "|"), "\\absolutevalue": ("|", "|"), "\\norm": ("\\|", "\\|"), "\\Norm": ("\\|", "\\|"),
    "\\floor": ("\\lfloor", "\\rfloor"), "\\ceil": ("\\lceil", "\\rceil"), "\\paren": ("(", ")"),
    "\\parens": ("(", ")"), "\\pqty": ("(", ")"), "\\bqty": ("[", "]"), "\\Bqty": ("\\{", "\\}"), "\\vqty": ("|", "|"),
    "\\brackets": ("[", "]"), "\\ceiling": ("\\lceil", "\\rceil"), "\\angles": ("\\langle", "\\rangle"),
    "\\quantity": ("\\{", "\\}"), "\\determinant": ("|", "|"),
}  # fmt: skip
r"""Commands that put their argument between delimiters: `\abs{x}`, `\abs*{x}`, `\abs[\big]{x}`, `\qty(x)`."""


def fenced(left: str, right: str, content: Sequence[str], context: Context) -> str:
    """Tokens between delimiters that grow with them."""
    return rewrite(["\\left", left, *content, "\\right", right], context)


def expanded(template: str, arguments: Sequence[Sequence[str]], context: Context) -> str:
    """A template with its arguments put in, rewritten."""
    tokens: list[str] = []
    for token in _template(template):
        tokens += arguments[int(token[1]) - 1] if token[0] == "#" else [token]
    context.expanded += len(tokens)
    if context.expanded > MAX_EXPANDED:
        raise refuse("too-long", f"the macros of the formula grow to more than {MAX_EXPANDED:,} signs.")
    return rewrite(tokens, context)


@lru_cache(maxsize=1024)
def _template(template: str) -> tuple[str, ...]:
    tokens: list[str] = []
    for token in tokenise(template):
        if tokens and tokens[-1] == "#":
            tokens[-1] += token
        else:
            tokens.append(token)
    return tuple(tokens)


def _macro(token: str, cursor: Cursor, context: Context) -> str:
    count, template = _MACROS[token]
    cursor.take("*") if count else None
    arguments = [cursor.argument(token) for _ in range(count)]
    return expanded(template, arguments, context)


def _fence(token: str, cursor: Cursor, context: Context) -> str:
    left, right = _FENCES[token]
    cursor.take("*")
    size = cursor.optional() if cursor.peek() == "[" and token != "\\bqty" else None
    if size is not None and not {*size} <= _SIZES:
        raise refuse(f"unsupported:{token}", f"what stands in brackets after {token} is not the size of its bars.")
    context.expanded += 4
    return fenced(left, right, cursor.argument(token), context)


def _alias(token: str, cursor: Cursor, context: Context) -> str:
    """Another name of one command or sign, which is rewritten as that."""
    if list(cursor.tokens[cursor.position : cursor.position + 2]) == ["{", "}"]:
        cursor.position += 2  # the empty group that ends a name, as in \minus{}
    name = _MACROS[token][1].rstrip(" ")
    handler = context.handlers.get(name)
    return handler(name, cursor, context) if handler else f"{name} " if is_word(name) else name


_ALIASES = [name for name, (count, template) in _MACROS.items() if not count and len(tokenise(template.rstrip())) == 1]

MACRO_HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(_MACROS, _macro), **dict.fromkeys(_ALIASES, _alias), **dict.fromkeys(_FENCES, _fence)
}  # fmt: skip
