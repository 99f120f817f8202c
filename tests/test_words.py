"""The code keeps to plain words: a name says what it stands for, and prose has the words of the field."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from snippets import snippets

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "lomo_hf").rglob("*.py"))
FOLDERS = ("lomo_hf", "tests", "benchmarks", "experiments", "docs", "notebooks", "spaces")
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "ARCHITECTURE.md"]
)

EMPTY = frozenset(("one", "said", "found", "whys", "made", "told", "room"))
"""Names that say nothing of what they stand for: a part, a record, a problem each have a better one."""

PICTURED = re.compile(
    r"\b(this|that|each|every|other|our|two|by no|the corpus) rooms?\b(?! (on|for|between|to|above|below|that|in|at))"
    r"|\b(houses?|chalk\w*|hygiene|twins?|patience|errands?|next door)\b",
    re.IGNORECASE,
)
"""Pictures of a house and its people, where a package, a module, a pair or a retry is meant."""


def bound_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every variable, parameter, attribute, function and class that code gives a name to, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield node.lineno, name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.MatchMapping(rest=str(name)):
                yield node.lineno, name


def empty_names(code: str) -> list[tuple[int, str]]:
    """The names without a meaning in some code, each with its line."""
    return [(line, name) for line, name in bound_names(ast.parse(code)) if name in EMPTY]


def code_of(folder: Path) -> Iterator[tuple[str, str]]:
    """(place, code) of all Python below a folder: modules, cells of notebooks, and blocks of pages."""
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted(folder.rglob("*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
            if cell["cell_type"] == "code":
                lines = (line for line in cell["source"] if not line.startswith(("%", "!")))
                yield f"{path.name}, cell {number}", "".join(lines)
    for path in sorted(folder.rglob("*.md")):
        for snippet in snippets(path.read_text(encoding="utf-8")):
            if snippet.language == "python":
                yield f"{path.name}, block at line {snippet.line}", snippet.text


def prose_of(path: Path) -> str:
    """What a file says in words: all of a page; the comments and docstrings of a module."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return text
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = [ast.get_docstring(node) or "" for node in ast.walk(ast.parse(text)) if isinstance(node, documented)]
    return "\n".join([*re.findall(r"#.*", text), *docstrings])


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_say_what_they_stand_for(folder: str) -> None:
    pieces = list(code_of(ROOT / folder))
    assert pieces
    assert [f"{place}, {line}: {name}" for place, code in pieces for line, name in empty_names(code)] == []


@pytest.mark.parametrize("path", [*FILES, *PAGES], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_prose_names_packages_and_rows_by_the_words_of_the_field(path: Path) -> None:
    assert [match.group() for match in PICTURED.finditer(prose_of(path))] == []


def test_a_name_without_a_meaning_is_noticed_wherever_it_is_given() -> None:
    for code in (
        *("said = 1", "x if (said := x) else 1", "for said in x: pass", "[said for said in x]"),
        *("x.said = 1", "import x as said", "with x as said: pass", "try: pass\nexcept E as said: pass"),
        *("def said(): pass", "async def said(): pass", "class said: pass"),
        *("def f(*, said): pass", "def f(**said): pass", "lambda said: 1"),
        *("match x:\n case said: pass", "match x:\n case [*said]: pass", "match x:\n case {**said}: pass"),
    ):
        assert [name for _, name in empty_names(code)] == ["said"], code
    for code in ("x = said", "x.said()", "f(said=1)", "'said'", "import said", "said_by = 1"):
        assert empty_names(code) == [], code


def test_a_picture_is_noticed() -> None:
    assert PICTURED.search("is used by no room.")
    assert PICTURED.search("This room does not.")
    assert not PICTURED.search("there is no room on the page; each has room for two")
