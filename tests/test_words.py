"""The code keeps to plain words: a variable is named by what it holds, and prose by the words of the field."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "lomo_hf").rglob("*.py"))
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md"]
)

EMPTY = frozenset(("one", "said", "found", "whys", "made", "told", "room"))
"""Names that say nothing of what a variable holds: a part, a record, a problem each have a better one."""

PICTURED = re.compile(
    r"\b(this|that|each|every|other|our|two|by no|the corpus) rooms?\b(?! (on|for|between|to|above|below|that|in|at))"
    r"|\b(houses?|chalk\w*|hygiene|twins?|patience|errands?|next door)\b",
    re.IGNORECASE,
)
"""Pictures of a house and its people, where a package, a module, a pair or a retry is meant."""


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every variable and parameter that a module binds, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs) and node.name:
            yield node.lineno, node.name


def prose_of(path: Path) -> str:
    """What a file says in words: all of a page; the comments and docstrings of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    return "\n".join([*re.findall(r"#.*", text), *docstrings])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_variables_are_named_by_what_they_hold(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [f"line {line}: {name}" for line, name in bound_names(tree) if name in EMPTY] == []


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_names_packages_and_rows_by_the_words_of_the_field(path: Path) -> None:
    assert [match.group() for match in PICTURED.finditer(prose_of(path))] == []


def test_a_variable_without_a_meaning_and_a_picture_are_noticed() -> None:
    tree = ast.parse("def f(whys):\n    for said, (one, row) in whys: found = one")
    assert sorted(name for _, name in bound_names(tree) if name in EMPTY) == ["found", "one", "said", "whys"]
    assert PICTURED.search("is used by no room.")
    assert PICTURED.search("This room does not.")
    assert not PICTURED.search("there is no room on the page; each has room for two")
