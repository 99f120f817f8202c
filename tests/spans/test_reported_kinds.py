r"""Each kind of fault that was reported of what is taken for a formula, by examples: all formulas and no others.

The labelled set (`test_formula_places.py`) measures how often; here is what must never be wrong again.
"""

import pytest

from lomo_hf.spans import scan

KINDS: dict[str, list[tuple[str, list[str]]]] = {
    "a command that the sentence speaks about is text": [
        (r"Compute $7\cdot 8$. Put the result into \boxed{}.", [r"$7\cdot 8$"]),
        (r"Solve $x^2=4$ and give the answer as \boxed{answer}.", ["$x^2=4$"]),
        (r"Write the last line as $\boxed{}$, where $n$ is the count.", ["$n$"]),
        (r"Write \pi for the circle constant and \sqrt{x} for roots.", []),
        (r"How do I typeset \sum_{i=1}^{n} in LaTeX?", []),
        (r"What does \oint mean in this package?", []),
        (r"Show that x=\frac{9}{3} follows from \frac{x}{3}=1.", [r"\frac{9}{3}", r"\frac{x}{3}"]),
    ],
    "a space at an end makes no text of a formula": [
        ("Let $ h(3)$ and $ (p,q)$ be known; find $ P, Q, R$.", ["$ h(3)$", "$ (p,q)$", "$ P, Q, R$"]),
        ("on the interval $[0,7] . $ Also $|5 u-1| $ is small.", ["$[0,7] . $", "$|5 u-1| $"]),
        ("It costs $ 5 and $ 10 in all.", []),
    ],
    "a formula that begins with a digit may hold words of letters": [
        (r"so $90^{\circ}-\angle PQR$ is half", [r"$90^{\circ}-\angle PQR$"]),
        ("Then $3[PQR] = [PQS]$, and $7z=\\angle QRS$.", ["$3[PQR] = [PQS]$", "$7z=\\angle QRS$"]),
        (r"with $1 \le cost[j] \le 10^5$ and $2 \leq words.length \leq 50$",
         [r"$1 \le cost[j] \le 10^5$", r"$2 \leq words.length \leq 50$"]),
        ("The number $0.pqrs,$ where $p$ and $q$ are digits, is odd.", ["$0.pqrs,$", "$p$", "$q$"]),
        ("It was $20 on sale, then $35 as usual.", []),
    ],
    "a product of letters is a formula": [
        ("divides $abc - 1$ and $uvw - 1$", ["$abc - 1$", "$uvw - 1$"]),
        ("Set $PATH and $HOME first.", []),
    ],
    "macros of forums are operators": [
        (r"If $ u\plus{}v\minus{}w \equal{} 9$ then stop.", [r"$ u\plus{}v\minus{}w \equal{} 9$"]),
    ],
    "a hyphen within the dollars belongs to the word behind": [
        ("the $t-$axis and the $z-$coordinate", ["$t-$", "$z-$"]),
    ],
    "blank lines within a display are no borders": [
        ("Then\n$$\n\na+b=c\n\n$$\nholds.", ["$$\n\na+b=c\n\n$$"]),
    ],
    "a missing dollar takes no prose": [
        ("is $\\frac{3}{7}. Find a possible value of $k$.", [r"\frac{3}{7}", "$k$"]),
        ("Let $n be even. Show that $n^2$ is even, for $n>0$.", ["$n^2$", "$n>0$"]),
    ],
    "settings, templates and strings of code are text": [
        ("env:\n  TAG: ${{ github.sha }}\n  PATH_IN: src/\\_\\_init\\_\\_\n  KEY: ${{ secrets.KEY }}", []),
        ('string marks = "!@#$%^&*() $"; // and \\$ too\nchar c = \'$\';', []),
        ("echo \"$USER has $(wc -l < $FILE) lines\" >> $HOME/log_1.txt", []),
        ("const s = `${first} and ${second}`;", []),
        (r"$name = $_POST['name']; $age = $_POST['age'];", []),
        ("var t = $\"{a} of {b}\"; var u = $\"{c}\";", []),
    ],
    "patterns and paths are text": [
        (r"sed -E 's/\(one\)_\(two\)/\2_\1/' names.txt", []),
        (r"Copy it to \\nas01\backup\times\beta please.", []),
        (r"the pattern ^\d+\.\d{2}$ and the pattern ^\w+$ differ", []),
        (r"Open C:\Users\pi\notes\tau.txt now.", []),
    ],
    "a percent sign and doubled backslashes are kept within the formula": [
        ("About $45%$ of them and $12\\%$ more.", ["$45%$", "$12\\%$"]),
        (r"If $p \\leq q$ and $\\frac{2}{9}$ are", [r"$p \\leq q$", r"$\\frac{2}{9}$"]),
        (r"If \\(p > q\\) then", []),
    ],
    "money is text": [
        ("She pays $3.25 and $4 more, so $3.25 + $4 = $7.25.", []),
        ("Sales of $12 million (2018: $9 million); tax of $1,200.50, net $-3.", []),
        ("| Cash | $ 4,120 | $ 3,998 |\n| Debt | $ 12 | $ 11 |", []),
        (r"A pencil is \$2 and a pen \$3; what is $2p+3q$?", ["$2p+3q$"]),
    ],
    "the dirt of other formats is no reason against a formula": [
        ("then $$\x0crac{1}{2}$$ is it", ["$$\x0crac{1}{2}$$"]),  # `\\frac`, read as JSON
        ("so $ax ^ 2 - 10 ay + 25 b$ is", ["$ax ^ 2 - 10 ay + 25 b$"]),
        ("设$$x、y$$为实数", ["$$x、y$$"]),
    ],
    "styled words are set in a prompt that holds formulas": [
        ("If $x^2=9$ then show that it is \\textbf{(C) }-\\frac13.", ["$x^2=9$", "\\textbf{(C) }", "\\frac13"]),
        ("Of $a$ and $b$:\n(A)\\textcircled{1}\\textcircled{3}", ["$a$", "$b$", "\\textcircled{1}\\textcircled{3}"]),
        ("Use \\textbf{} for bold words.", []),
    ],
    "numbers in a row are a formula": [
        ("所以依次为 $40 、 80 、 40$ 和 $\\mathrm{AA}$", ["$40 、 80 、 40$", "$\\mathrm{AA}$"]),
        ("one billion $=1,000,000,000$ here", ["$=1,000,000,000$"]),
    ],
    "Unicode signs are mathematics": [
        ("Then $√5 < 3$ and $∠PQR = 40°$ hold.", ["$√5 < 3$", "$∠PQR = 40°$"]),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [pytest.param(*case, id=f"{kind} {number}") for kind, cases in KINDS.items() for number, case in enumerate(cases)],
)
def test_a_reported_kind_is_read_as_it_was_meant(prompt: str, expected: list[str]) -> None:
    assert [prompt[atom.start : atom.end] for atom in scan(prompt) if atom.is_math] == expected


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("so that $$(y+3)^2 = u,$$where $u$ is prime", "inline"),
        ("B. $$27$$", "inline"),
        ("We get\n$$(y+3)^2 = u,$$\nwhere it is prime", "display"),
        ("is \\[ a^2 - b^2, \\]if $a=4$.", "inline"),
        ("We get \\[\\sum_{k=1}^{n} \\frac{k}{k+1} > \\frac{n}{2} - \\frac{1}{3},\\] which is", "display"),
    ],
)
def test_a_display_that_shares_its_line_with_words_is_set_inline(prompt: str, kind: str) -> None:
    assert scan(prompt)[0].kind == kind


@pytest.mark.parametrize("suffix", [
    r"Please reason step by step, and put your final answer within \boxed{}.",
    r"Put your final answer in $\boxed{}$ form.",
    r"Present the answer in LaTeX format: \boxed{Your answer}",
    r"Remember to put your answer on its own line after 'Answer:', using \boxed{...}.",
])  # fmt: skip
def test_a_common_suffix_adds_no_formula_to_real_problems(suffix: str) -> None:
    problems = [
        "What is the least $n$ with $n^2 > 50$?",
        r"Let $f(x)=\begin{cases}x & x>0\\ 0 & x\le 0\end{cases}$. Find $f(f(-3))$.",
        "A shirt costs $20. How much are three?",
        r"If \frac{x}{4}=\frac{9}{2}, what is x?",
    ]
    for problem in problems:
        alone = [atom for atom in scan(problem) if atom.is_math]
        for joint in (" ", "\n\n", "\n"):
            assert [atom for atom in scan(problem + joint + suffix) if atom.is_math] == alone
