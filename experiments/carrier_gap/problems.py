"""Templated problems in plain English with short answers: nine families, each a function of a random generator.

A problem is a few facts and several questions whose answers follow from them. Every answer is computed from the same
draws as the facts; `tests/experiments` solves the sentences again, by a reader of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from experiments.carrier_gap.words import COLOURS, DAYS, NAMES, ORDINALS, PETS, PLACES, THINGS, plural

__all__ = ["PROSE_FAMILIES", "Problem", "others"]


@dataclass(frozen=True)
class Problem:
    """Facts, each a sentence without capital and full stop, and questions with their answers."""

    facts: Sequence[str]
    questions: Sequence[tuple[str, str]]


Family = Callable[[Random, str, str], Problem]


def others(rng: Random, pool: Sequence[str], count: int, *without: str) -> list[str]:
    """`count` different members of a pool, none of them in `without`."""
    return rng.sample([member for member in pool if member not in without], count)


def _shuffled(rng: Random, questions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    rng.shuffle(questions)
    return questions


def story(rng: Random, name: str, thing: str) -> Problem:
    """Somebody has some, gets more and gives some away."""
    many, count = plural(thing), rng.randint(3, 15)
    facts, first = [f"{name} has {count} {many}"], count
    for _ in range(2):
        change, other = rng.randint(2, 9), rng.choice([member for member in NAMES if member != name])
        if rng.random() < 0.5 and count > change:
            count -= change
            facts.append(rng.choice([f"{name} gives {change} {many} to {other}", f"{name} loses {change} {many}"]))
        else:
            count += change
            facts.append(rng.choice([f"{name} finds {change} {many}", f"{other} brings {change} {many}"]))
    return Problem(
        facts,
        [
            (f"How many {many} does {name} have now?", str(count)),
            (f"How many {many} did {name} have at first?", str(first)),
        ],
    )


def lookup(rng: Random, name: str, thing: str) -> Problem:
    """Several people have one thing each, of different colours."""
    count = rng.randint(3, 4)
    people, things = [name, *others(rng, NAMES, count - 1, name)], [thing, *others(rng, THINGS, count - 1, thing)]
    colours = rng.sample(COLOURS, count)
    questions = [
        (f"Who has the {things[0]}?", people[0]),
        (f"Which colour is the {things[0]}?", colours[0]),
        (f"What does {people[0]} have?", things[0]),
        (f"Who has the {colours[1]} thing?", people[1]),
        (f"What does {people[-1]} have?", things[-1]),
    ]
    facts = [f"{owner} has the {colour} {what}" for owner, colour, what in zip(people, colours, things, strict=True)]
    rng.shuffle(facts)
    return Problem(facts, _shuffled(rng, questions))


def prices(rng: Random, name: str, thing: str) -> Problem:
    """Things on a stall, and what each costs."""
    count = rng.randint(3, 4)
    things, costs = [thing, *others(rng, THINGS, count - 1, thing)], rng.sample(range(2, 60), count)
    ranked = sorted(zip(costs, things, strict=True))
    questions = [
        ("Which thing costs the most?", ranked[-1][1]),
        ("Which thing costs the least?", ranked[0][1]),
        (f"How many coins does the {thing} cost?", str(costs[0])),
    ]
    facts = [f"the {what} costs {cost} coins" for what, cost in zip(things, costs, strict=True)]
    rng.shuffle(facts)
    facts[0] = f"{name} sees that {facts[0]}"
    return Problem(facts, _shuffled(rng, questions))


def queue(rng: Random, name: str, thing: str) -> Problem:
    """People in a line, each named by who stands in front."""
    people = [name, *others(rng, NAMES, 3, name)]
    rng.shuffle(people)
    facts = [f"{people[0]} is the first in the line for the {thing}"]
    facts += [f"behind {before} stands {after}" for before, after in pairwise(people)]
    questions = [(f"Who is {ORDINALS[place]} in the line?", people[place]) for place in (1, 2)]
    questions += [("Who is last in the line?", people[-1]), (f"Who is right in front of {people[2]}?", people[1])]
    return Problem(facts, _shuffled(rng, questions))


def counting(rng: Random, name: str, thing: str) -> Problem:
    """People with pets of two kinds, to be counted."""
    people = [name, *others(rng, NAMES, rng.randint(3, 4), name)]
    kinds = rng.sample(PETS, 2)
    kept = [rng.choice(kinds) for _ in people]
    facts = [f"{owner} has a {pet}" for owner, pet in zip(people, kept, strict=True)]
    rng.shuffle(facts)
    facts.append(f"the prize is a {thing}")
    questions = [(f"How many of them have a {kind}?", str(kept.count(kind))) for kind in kinds]
    return Problem(facts, _shuffled(rng, [*questions, (f"What pet does {name} have?", kept[0])]))


def rules(rng: Random, name: str, thing: str) -> Problem:
    """Where something goes, by its weight or its colour."""
    here, there = rng.sample(PLACES, 2)
    if rng.random() < 0.5:
        limit = rng.randint(10, 30)
        weight = rng.choice([number for number in range(3, 45) if number != limit])
        facts = [
            f"a box over {limit} kilos goes to the {here}",
            f"a lighter box goes to the {there}",
            f"the box of {name} weighs {weight} kilos",
            f"it holds a {thing}",
        ]
        questions = [
            (f"Where does the box of {name} go?", here if weight > limit else there),
            (f"How heavy is the box of {name}?", str(weight)),
            ("What does the box hold?", thing),
        ]
        return Problem(facts, _shuffled(rng, questions))
    colour = rng.choice(COLOURS)
    own = rng.choice([colour, *others(rng, COLOURS, 1, colour)])
    facts = [
        f"a {colour} thing goes to the {here}",
        f"any other goes to the {there}",
        f"{name} brings a {thing}",
        f"the {thing} is {own}",
    ]
    questions = [
        (f"Where does the {thing} go?", here if own == colour else there),
        (f"Who brings the {thing}?", name),
        (f"Which colour is the {thing}?", own),
    ]
    return Problem(facts, _shuffled(rng, questions))


def table(rng: Random, name: str, thing: str) -> Problem:
    """What was sold on several days."""
    days = [DAYS[day] for day in sorted(rng.sample(range(7), rng.randint(3, 4)))]
    sold, many = [rng.randint(1, 20) for _ in days], plural(thing)
    facts = [f"on {day} {number} {many}" for day, number in zip(days, sold, strict=True)]
    facts[0] = f"{name} sold on {days[0]} {sold[0]} {many}"
    low, high = sorted(rng.sample(range(len(days)), 2))
    questions = [(f"How many {many} were sold on {days[at]}?", str(sold[at])) for at in (low, high)]
    questions.append((f"How many were sold on {days[low]} and {days[high]} together?", str(sold[low] + sold[high])))
    return Problem(facts, _shuffled(rng, questions))


def spelling(rng: Random, name: str, thing: str) -> Problem:
    """A list of words by their places; asked are words and places, never letters."""
    words = [thing, *others(rng, THINGS, rng.randint(2, 3), thing)]
    rng.shuffle(words)
    facts = [f"the {ORDINALS[place]} word is {word}" for place, word in enumerate(words)]
    facts[0] = f"{name} writes a list and {facts[0]}"
    first, second = rng.sample(range(len(words)), 2)
    questions = [
        (f"What is the {ORDINALS[first]} word?", words[first]),
        (f"At which place is the word {words[second]}?", ORDINALS[second]),
        ("What is the last word?", words[-1]),
    ]
    return Problem(facts, _shuffled(rng, questions))


def moves(rng: Random, name: str, thing: str) -> Problem:
    """A thing is carried from place to place."""
    first, second, third, fourth = rng.sample(PLACES, 4)
    other = rng.choice([member for member in NAMES if member != name])
    facts = [
        f"{name} picks up the {thing} in the {first}",
        f"{other} goes to the {fourth}",
        f"{name} carries the {thing} to the {second}",
    ]
    where = second
    if rng.random() < 0.5:
        facts.append(f"then {name} takes it to the {third}")
        where = third
    if rng.random() < 0.4:
        facts.append(f"{name} puts the {thing} down and walks to the {fourth}")
    questions = [
        (f"Where is the {thing} at the end?", where),
        (f"Where is {other}?", fourth),
        (f"Where was the {thing} at first?", first),
    ]
    return Problem(facts, _shuffled(rng, questions))


PROSE_FAMILIES: tuple[Family, ...] = (story, lookup, prices, queue, counting, rules, table, spelling, moves)
