"""The corpus: problems become rows with a prompt and an answer, drawn apart for each use and never twice.

texts       what the base learns language from: solved problems with up to three questions
formulas    prompts with formulas, whose pages the base reads aloud
questions   facts on a page and the question as text: the multimodal half of every arm
train       the rows that `lomo build` gets
test        the questions; half of them are about a pair of person and thing that no other part centres on
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random

from experiments.carrier_gap.formulas import FORMULA_FAMILIES
from experiments.carrier_gap.problems import PROSE_FAMILIES, Family
from experiments.carrier_gap.words import IDLE, NAMES, THINGS, is_held_out

__all__ = ["FAMILIES", "SEEN_ON_PAGES", "Draft", "Row", "draw_drafts", "draw_rows"]

FAMILIES = (*PROSE_FAMILIES, *FORMULA_FAMILIES)
SEEN_ON_PAGES = ("lookup", "prices", "table")  # families of the questions about pages in the multimodal half


@dataclass(frozen=True)
class Draft:
    """A problem as sentences, with its questions."""

    sentences: Sequence[str]
    questions: Sequence[tuple[str, str]]
    family: str
    held_out: bool


@dataclass(frozen=True)
class Row:
    """One row as `lomo build` and `lomo render-eval` read it."""

    id: str
    prompt: str
    answer: str
    category: str
    held_out: bool

    def to_dict(self) -> dict[str, object]:
        """As a line of JSON."""
        return asdict(self)


def draw_drafts(
    seed: str, count: int, families: Sequence[Family] = FAMILIES, *, held_out: bool = False
) -> list[Draft]:
    """`count` drafts; the same seed gives the same.

    >>> draw_drafts("demo", 1)[0] == draw_drafts("demo", 1)[0]
    True
    """
    rng = Random(seed)
    return [_draft(rng, rng.choice(families), held_out) for _ in range(count)]


def draw_rows(
    use: str, count: int, families: Sequence[Family] = FAMILIES, *, seed: int = 0, held_out_half: bool = False
) -> list[Row]:
    """`count` rows with different prompts, of each family as many.

    >>> [row.id for row in draw_rows("train", 2)]
    ['train-00000', 'train-00001']
    """
    rng, seen, rows = Random(f"{use} {seed}"), set[str](), list[Row]()
    while len(rows) < count:
        family = families[len(rows) % len(families)]
        draft = _draft(rng, family, held_out_half and len(rows) // len(families) % 2 == 0)
        prompt, answer = prompt_of(rng, draft)
        if prompt not in seen:
            seen.add(prompt)
            rows.append(Row(f"{use}-{len(rows):05d}", prompt, answer, draft.family, draft.held_out))
    return rows


def prompt_of(rng: Random, draft: Draft) -> tuple[str, str]:
    """The prompt with the draft's first question, which stands in front of the facts one time in five; its answer."""
    question, answer = draft.questions[0]
    parts = [question, *draft.sentences] if rng.random() < 0.2 else [*draft.sentences, question]
    return " ".join(parts), answer


def _draft(rng: Random, family: Family, held_out: bool) -> Draft:
    while True:
        name, thing = rng.choice(NAMES), rng.choice(THINGS)
        if is_held_out(name, thing) == held_out:
            break
    problem = family(rng, name, thing)
    questions = list(problem.questions)
    rng.shuffle(questions)
    if rng.random() < 0.25:  # as in ordinary corpora: prompts of at most three sentences are rendered whole
        sentences = [_sentence(", ".join(problem.facts[:-1]) + " and " + problem.facts[-1])]
    else:
        sentences = [_sentence(fact) for fact in problem.facts]
        for _ in range(max(rng.choice((0, 0, 1, 1, 2)), 3 - len(sentences))):
            sentences.insert(rng.randint(0, len(sentences)), rng.choice(IDLE))
    return Draft(sentences, questions, family.__name__, held_out)


def _sentence(fact: str) -> str:
    return fact[0].upper() + fact[1:] + "."
