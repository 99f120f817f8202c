"""LaTeX commands and environments that are mathematics wherever they stand, with the number of their arguments.

"Explicit mathematical expressions and common LaTeX commands are atomic, indivisible units" (paper, section 3): a
command of this table outside of any delimiters is a formula by itself; one that only styles text is, where the prompt
holds formulas.
"""

from types import MappingProxyType

__all__ = ["COMMAND_ARGUMENTS", "MATH_ENVIRONMENTS", "STYLES", "TYPESETTING_COMMANDS"]

_ONE = """sqrt hat bar vec tilde dot ddot overline underline widehat widetilde overrightarrow overleftarrow overbrace
underbrace boxed text mathbb mathcal mathfrak mathscr mathrm mathbf mathsf mathtt mathit operatorname boldsymbol pmod
ce xrightarrow xleftarrow xleftrightarrow xlongequal cancel bm dddot textcircled textbf textit"""
_TWO = "frac dfrac tfrac cfrac binom dbinom tbinom overset underset stackrel"
_NONE = """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi varpi rho
varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega
sum prod int iint iiint oint lim sup inf max min sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg
exp det dim ker deg gcd times div cdot cdots ldots dots vdots ddots pm mp ast star circ bullet oplus ominus otimes
leq le geq ge neq ne equiv approx sim simeq cong propto ll gg subset supset subseteq supseteq notin cap cup setminus
emptyset varnothing forall exists nexists neg land lor wedge vee implies iff rightarrow leftarrow leftrightarrow
Rightarrow Leftarrow Leftrightarrow longrightarrow Longrightarrow mapsto to infty partial nabla hbar ell Re Im aleph
angle triangle perp parallel mid nmid degree prime therefore because langle rangle lfloor rfloor lceil rceil square
bigcup bigcap qquad in leqslant geqslant nleq ngeq subsetneq supsetneq prec succ preceq succeq bmod coprod bigoplus
bigotimes bigvee bigwedge limsup liminf uparrow downarrow longleftarrow longleftrightarrow Longleftarrow
Longleftrightarrow impliedby rightleftharpoons hookrightarrow lvert rvert lVert rVert complement triangleq doteq
models vdash dagger uplus sqcup sqcap odot diamond"""

COMMAND_ARGUMENTS = MappingProxyType(
    {name: count for count, names in ((0, _NONE), (1, _ONE), (2, _TWO)) for name in names.split()}
)

STYLES = frozenset(("textbf", "textit"))
"""Commands that only style text."""

_ENVIRONMENTS = """math displaymath equation align aligned alignat alignedat gather gathered flalign multline split
eqnarray cases dcases rcases array subarray matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix tabular"""

MATH_ENVIRONMENTS = frozenset(name + star for name in _ENVIRONMENTS.split() for star in ("", "*"))

TYPESETTING_COMMANDS = frozenset(
    """left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr quad qquad displaystyle textstyle
    scriptstyle limits nolimits pmod mod begin end text textrm textbf textit textsf texttt textup mbox hbox rm bf
    it hline cline multicolumn tag label notag nonumber ldotp colon not over choose atop plus minus equal lbrace
    rbrace lbrack rbrack vert Vert backslash nearrow searrow swarrow nwarrow Longrightarrow longmapsto iff hspace
    vspace kern mskip phantom smash substack color textcolor bigtriangleup blacksquare Box checkmark dag ddag S P
    prime wp Pr arg overparen overleftrightarrow widehat mathop mathbin mathrel mathord bigstar ddagger copyright
    pounds intercal square lozenge bigodot bigsqcup gtrsim lesssim gtreqless smile frown asymp ncong napprox nsim
    nsubseteq nsupseteq varsubsetneq twoheadrightarrow rightharpoonup leftharpoonup upharpoonright
    circlearrowleft lessgtr between measuredangle sphericalangle eth beth gimel daleth hslash Game Finv mho SI si
    qty num unit abs norm RR ZZ NN QQ CC FF sfrac nicefrac parbox rule underbrace overbrace array root of cases
    matrix pmatrix eqno intertext emph""".split()
)
"""Further commands that LaTeX sources hold within delimiters; alone in a text, they are no formula."""
