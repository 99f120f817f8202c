r"""A linear-time scanner: which parts of a prompt are formulas, code or plain text.

Prompts mark formulas with the signs that they use for money, variables, paths and regular expressions as well. So no
single rule decides: for each pair of delimiters what stands in it, around it and in the rest of the prompt is weighed
(`content.py`, `edges.py`, `profile.py`, with the weights of `weights.py`), and of all readings of the prompt the one
with the strongest formulas is taken (`pairing.py`). Commands without delimiters are weighed last (`mentions.py`). When
in doubt text stays text. Code fences and code spans are respected. No regular expression reads a formula, and every
search moves forward only or is bounded.

It does not decide whether a formula can be typeset: that is `lomo_hf.rendering`.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import attrgetter

from lomo_hf.spans.atoms import Atom
from lomo_hf.spans.bare import BareCommands
from lomo_hf.spans.fences import documents, fences
from lomo_hf.spans.marks import is_label
from lomo_hf.spans.mentions import OPERANDS, bare_signs, names_next
from lomo_hf.spans.pairing import Pair, chosen, pairs_of
from lomo_hf.spans.profile import Profile
from lomo_hf.spans.tokens import Stretch
from lomo_hf.spans.weights import CERTAIN, PLAIN, bare_strength, pair_strength

__all__ = ["bare_commands", "read_profile", "scan", "stretches_of"]

_MAX_EQUATION_GAP = 24
_MAX_INLINE, _MAX_INLINE_BRACKETS, _LINE = 80, 40, 80
_ESCAPES = frozenset("abfnrtv")  # `\\to` may be a tab and an "o"
_OF_FORMULAS = OPERANDS | {"neighbour"}
_SPOKEN = frozenset(("cue", "cue behind", "in quotes"))  # a sentence that speaks of one command may name others


def scan(prompt: str) -> tuple[Atom, ...]:
    r"""The atoms of a prompt, in order, never overlapping; what lies between them is plain text.

    Args:
        prompt: Any text.

    Returns:
        Formulas, code spans and fenced blocks, with offsets in characters of `prompt`.

    Source: paper, section 3: "explicit mathematical expressions and common LaTeX commands are atomic". How an
    expression is told from money and code is ours; docs/formulas.md says how often it is right.

    Example:
        >>> text = r"It costs $5 and $10. Let $x=1$ and \(y\). Code `$z$`."
        >>> [(a.kind, text[a.start:a.end]) for a in scan(text)]
        [('inline', '$x=1$'), ('inline', '\\(y\\)'), ('code', '`$z$`')]
    """
    blocks = tuple(fences(prompt))
    if "$" not in prompt and "\\" not in prompt and "`" not in prompt:
        return blocks
    stretches = stretches_of(prompt, blocks)
    pairs = [pairs_of(stretch) for stretch in stretches]
    profile = read_profile(prompt, stretches, pairs)
    atoms: list[Atom] = [*blocks]
    for stretch, some in zip(stretches, pairs, strict=True):
        delimited = tuple(_delimited(stretch, some, profile))
        atoms += delimited
        if stretch.has_commands:
            atoms += _bare(stretch, delimited, profile)
    return tuple(sorted(atoms, key=_start))


_start = attrgetter("start")


def read_profile(prompt: str, stretches: Sequence[Stretch], pairs: Sequence[Sequence[Pair]]) -> Profile:
    """The profile of a prompt, from its stretches and the pairs of delimiters in each.

    Example:
        >>> text = "Let $x$ be."
        >>> stretches = stretches_of(text, ())
        >>> read_profile(text, stretches, [pairs_of(stretch) for stretch in stretches]).sure
        1
    """
    dollars = sum([stretch.dollars for stretch in stretches])
    return Profile(prompt, pairs[0] if len(pairs) == 1 else [pair for some in pairs for pair in some], dollars)


def stretches_of(prompt: str, blocks: Sequence[Atom]) -> list[Stretch]:
    """What lies between the fenced blocks and the LaTeX documents of a prompt.

    Example:
        >>> text = "a\\n```\\nb\\n```\\nc"
        >>> [(stretch.start, stretch.end) for stretch in stretches_of(text, tuple(fences(text)))]
        [(0, 2), (11, 13)]
    """
    borders = [0, *(place for block in blocks for place in (block.start, block.end)), len(prompt)]
    bounds = list(zip(borders[::2], borders[1::2], strict=True))
    if "\\end{document}" in prompt:
        bounds = [part for low, high in bounds for part in _outside_documents(prompt, low, high)]
    return [Stretch(prompt, start, end) for start, end in bounds if start < end]


def _outside_documents(prompt: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    for start, end in documents(prompt, low, high):
        yield low, start
        low = end
    yield low, high


def _delimited(stretch: Stretch, pairs: Sequence[Pair], profile: Profile) -> Iterator[Atom]:
    strengths = [_strength(stretch, pair, profile) for pair in pairs]
    for pair in chosen(stretch, pairs, strengths):
        yield _atom(stretch, pair)


def _strength(stretch: Stretch, pair: Pair, profile: Profile) -> int:
    if pair.kind not in CERTAIN:
        strength = pair_strength(pair.signs)
        return strength if abs(strength) > PLAIN else pair_strength([*pair.signs, *profile.signs_for(pair.signs)])
    if pair.kind == "environment" and _is_subject(stretch, pair, profile):
        return 0
    return CERTAIN[pair.kind]


def _is_subject(stretch: Stretch, pair: Pair, profile: Profile) -> bool:
    r"""Whether the sentence speaks about an environment, in a prompt about LaTeX."""
    opener, closer = stretch.tokens[pair.first], stretch.tokens[pair.last]
    if not stretch.text[opener.end : closer.start].strip(". \u2026"):
        return True
    if stretch.text.find("\n", pair.start, pair.end) >= 0:
        return False
    if not profile.latex:
        return names_next(stretch.text[max(stretch.start, pair.start - 20) : pair.start])
    signs = bare_signs(stretch.text, pair.start, pair.end, stretch.start, stretch.end)
    return not _SPOKEN.isdisjoint(signs) or "far cue" in signs


def _atom(stretch: Stretch, pair: Pair) -> Atom:
    if pair.kind == "environment":
        return Atom("display", pair.start, pair.end, pair.start, pair.end)
    last = stretch.tokens[pair.last]
    if pair.kind == "code":
        return Atom("code", pair.start, pair.end, stretch.tokens[pair.first].end, last.start)
    width = 1 if pair.kind == "$" else 2
    inline = pair.kind in ("$", "\\(") or _within_line(stretch, pair)
    return Atom("inline" if inline else "display", pair.start, pair.end, pair.start + width, pair.end - width)


def _within_line(stretch: Stretch, pair: Pair) -> bool:
    r"""Whether a display formula of one row shares its line with words, or with the label of an item.

    `$$…$$` is often meant inline, `\[…\]` only where it is short and has words, or the label of an item, before it and
    behind it.
    """
    text, start, end = stretch.text, pair.start, pair.end
    length = end - start
    if length > (_MAX_INLINE if pair.kind == "$$" else _MAX_INLINE_BRACKETS):
        return False
    body = text[start:end]
    if "\n" in body or "\\begin" in body or "\\\\" in body:
        return False
    before = text[max(stretch.start, start - _LINE) : start].rpartition("\n")[2]
    after = text[end : min(stretch.end, end + _LINE)].partition("\n")[0]
    sides = any(map(str.isalnum, before)), any(map(str.isalnum, after))
    return any(sides) if pair.kind == "$$" else all(sides) or (is_label(before.strip()) and not any(sides[1:]))


def _bare(stretch: Stretch, delimited: Sequence[Atom], profile: Profile) -> Iterator[Atom]:
    """The commands outside of delimiters that are formulas."""
    for atom, signs in bare_commands(stretch, delimited, profile):
        if bare_strength(signs) >= 0:
            yield atom


def bare_commands(stretch: Stretch, delimited: Sequence[Atom], profile: Profile) -> list[tuple[Atom, list[str]]]:
    r"""The commands outside of delimiters, each with the signs about it.

    Args:
        stretch: Where they stand.
        delimited: The formulas and code spans in it, in order.
        profile: Of the whole prompt.

    Example:
        >>> text = r"Use \frac or \alpha."
        >>> stretch = Stretch(text, 0, len(text))
        >>> [signs for _, signs in bare_commands(stretch, [], Profile(text, [], 0))]
        [['bare', 'cue', 'alone', 'spoken about']]
    """
    text, low, high = stretch.text, stretch.start, stretch.end
    commands, here, index, nameless = BareCommands(stretch), low, 0, 0
    atoms: list[Atom] = []
    for token in stretch.tokens:
        while index < len(delimited) and delimited[index].end <= token.start:
            index += 1
        if index < len(delimited) and delimited[index].start <= token.start:
            continue
        if token.kind == "command" and token.start >= here:
            atom = commands.formula(token)
            nameless += atom is None and text[token.end : token.end + 1] != "{"
            if atom is not None:
                atoms.append(atom)
                here = atom.end
    if not atoms:
        return []
    beside = [_are_beside(text, left, right) for left, right in pairwise(atoms)]
    own = [bare_signs(text, atom.start, atom.end, low, high) for atom in atoms]
    for at, signs in enumerate(own):
        if "box" not in signs and ((at > 0 and beside[at - 1]) or (at < len(beside) and beside[at])):
            signs.append("neighbour")
        if "alone" in signs and (profile.sure or "neighbour" in signs):
            signs.remove("alone")
        if profile.strings and text[atoms[at].start + 1] in _ESCAPES and text.find("{", *_extent(atoms[at])) < 0:
            signs.append("string escape")
    spoken = [not _SPOKEN.isdisjoint(signs) or "box" in signs for signs in own]
    plain = [not word and not _OF_FORMULAS.isdisjoint(signs) for word, signs in zip(spoken, own, strict=True)]
    boxes = sum(["box" in signs for signs in own])  # a prompt that asks for a box speaks of no other command
    spoken_of, formulas, shared = nameless + sum(spoken) - boxes, sum(plain), profile.signs_for_bare()
    return [
        (
            atom,
            own[at]
            + (shared if not spoken[at] else [sign for sign in shared if sign != "sure"])
            + ["other formulas"] * (min(formulas - plain[at], 3) if not spoken[at] else 0)
            + ["spoken about"] * min(spoken_of - (spoken[at] and "box" not in own[at]), 2),
        )
        for at, atom in enumerate(atoms)
    ]


def _extent(atom: Atom) -> tuple[int, int]:
    return atom.start, atom.end


def _are_beside(text: str, left: Atom, right: Atom) -> bool:
    """Whether no word stands between two commands."""
    if right.start - left.end > _MAX_EQUATION_GAP:
        return False
    return not any(word.isalpha() and len(word) > 1 for word in text[left.end : right.start].split())
