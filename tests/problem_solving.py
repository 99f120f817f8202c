"""Solves the experiment's problems from their words alone: an oracle that shares no code with what made them."""

import re
from fractions import Fraction

import sympy

__all__ = ["find", "solve"]

_ORDINALS = ["first", "second", "third", "fourth", "fifth"]


def solve(family: str, prompt: str) -> str:
    """The answer to a prompt of a family."""
    question = re.search(r"(?:^|(?<=\. ))((?:What|Who|Which|How|Where|At which)[^?]*\?)", prompt)
    assert question, prompt
    rest = prompt.replace(question[1], " ")
    solver = globals()[f"_{family}"]
    answer: str = solver(rest, question[1])
    return answer


def find(pattern: str, text: str) -> tuple[str, ...]:
    """The groups of the first match, whatever the case of letters."""
    match = re.search(pattern, text, re.IGNORECASE)
    assert match, (pattern, text)
    return match.groups()


def _story(facts: str, question: str) -> str:
    name, start, many = find(r"(\w+) has (\d+) (\w+)", facts)
    if "at first" in question:
        return start
    total = int(start)
    for number in re.findall(rf"(?:finds|brings) (\d+) {many}", facts):
        total += int(number)
    for number in re.findall(rf"{name} (?:gives|loses) (\d+) {many}", facts):
        total -= int(number)
    return str(total)


def _lookup(facts: str, question: str) -> str:
    rows = re.findall(r"(\w+) has the (\w+) (\w+)", facts)
    for kind, at, give in (
        (r"Who has the (\w+) thing\?", 1, 0),
        (r"Who has the (\w+)\?", 2, 0),
        (r"Which colour is the (\w+)\?", 2, 1),
        (r"What does (\w+) have\?", 0, 2),
    ):
        if match := re.match(kind, question):
            return next(row[give] for row in rows if row[at] == match[1])
    raise AssertionError(question)


def _prices(facts: str, question: str) -> str:
    costs = {thing: int(cost) for thing, cost in re.findall(r"the (\w+) costs (\d+) coins", facts, re.IGNORECASE)}
    if match := re.match(r"How many coins does the (\w+) cost", question):
        return str(costs[match[1]])
    return (max if "most" in question else min)(costs, key=lambda thing: costs[thing])


def _queue(facts: str, question: str) -> str:
    line = [find(r"(\w+) is the first in the line", facts)[0]]
    after = dict(re.findall(r"behind (\w+) stands (\w+)", facts, re.IGNORECASE))
    while line[-1] in after:
        line.append(after[line[-1]])
    if match := re.match(r"Who is right in front of (\w+)", question):
        return line[line.index(match[1]) - 1]
    (place,) = find(r"Who is (\w+) in the line", question)
    return line[-1] if place == "last" else line[_ORDINALS.index(place)]


def _counting(facts: str, question: str) -> str:
    pets = re.findall(r"(\w+) has a (\w+)", facts)
    if match := re.match(r"How many of them have a (\w+)", question):
        return str(sum(pet == match[1] for _, pet in pets))
    (name,) = find(r"What pet does (\w+) have", question)
    return dict(pets)[name]


def _rules(facts: str, question: str) -> str:
    if "kilos" in facts:
        limit, heavy = find(r"a box over (\d+) kilos goes to the (\w+)", facts)
        (light,) = find(r"a lighter box goes to the (\w+)", facts)
        weight = find(r"weighs (\d+) kilos", facts)[0]
        if "Where" in question:
            return heavy if int(weight) > int(limit) else light
        return weight if "heavy" in question else find(r"it holds a (\w+)", facts)[0]
    colour, there = find(r"a (\w+) thing goes to the (\w+)", facts)
    (other,) = find(r"any other goes to the (\w+)", facts)
    name, thing = find(r"(\w+) brings a (\w+)", facts)
    (own,) = find(rf"the {thing} is (\w+)", facts)
    if "Where" in question:
        return there if own == colour else other
    return name if "Who" in question else own


def _table(facts: str, question: str) -> str:
    sold = {day: int(number) for day, number in re.findall(r"on (\w+day) (\d+)", facts, re.IGNORECASE)}
    return str(sum(sold[day] for day in re.findall(r"\w+day", question)))


def _spelling(facts: str, question: str) -> str:
    words = dict(re.findall(r"the (\w+) word is (\w+)", facts, re.IGNORECASE))
    words = {place.lower(): word for place, word in words.items()}
    if match := re.match(r"At which place is the word (\w+)", question):
        return next(place for place, word in words.items() if word == match[1])
    (place,) = find(r"What is the (\w+) word", question)
    return words[max(words, key=_ORDINALS.index) if place == "last" else place]


def _moves(facts: str, question: str) -> str:
    name, thing, first = find(r"(\w+) picks up the (\w+) in the (\w+)", facts)
    if "at first" in question:
        return first
    if thing not in question:
        (other,) = find(r"Where is (\w+)\?", question)
        return find(rf"{other} goes to the (\w+)", facts)[0]
    where = find(rf"{name} carries the {thing} to the (\w+)", facts)[0]
    later = re.search(rf"then {name} takes it to the (\w+)", facts, re.IGNORECASE)
    return later[1] if later else where


def _formula(text: str) -> sympy.Expr:
    spelled = re.sub(r"\^\{(\w+)\}", r"**\1", text)
    return sympy.sympify(re.sub(r"(?<=[0-9]) (?=[a-z])", "*", spelled))


def _equation(facts: str, question: str) -> str:
    name = find(r"has \$(\w)\$", facts)[0]
    left, right = find(r"It holds that \$([^$=]+) = ([^$]+)\$", facts)
    (solution,) = sympy.solve(_formula(left) - _formula(right), sympy.Symbol(name))
    return str(solution)


def _assigned(facts: str, question: str) -> str:
    values = {sympy.Symbol(name): int(value) for name, value in re.findall(r"\$(\w) = (\d+)\$", facts)}
    return str(_formula(find(r"\$([^$]+)\$", question)[0]).subs(values))


def _function(facts: str, question: str) -> str:
    (body,) = find(r"\$f\(x\) = ([^$]+)\$", facts)
    at = re.search(r"f\((\d+)\)", question)
    value = at[1] if at else find(r"\$x = (\d+)\$", facts)[0]
    return str(_formula(body).subs(sympy.Symbol("x"), int(value)))


def _shares(facts: str, question: str) -> str:
    parts = {
        name: (int(top), int(bottom))
        for name, top, bottom in re.findall(r"(\w+) paints \$\\frac\{(\d+)\}\{(\d+)\}\$", facts)
    }
    if "largest" in question:
        return max(parts, key=lambda name: Fraction(*parts[name]))
    named = [name for name in parts if re.search(rf"\b{name}\b", question)]
    bottom = next(iter(parts.values()))[1]
    return rf"$\frac{{{sum(parts[name][0] for name in named)}}}{{{bottom}}}$"
