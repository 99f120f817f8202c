"""The reference is complete: every public name of every package is on a page, and every command with every option."""

import html
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import lomo_hf
from lomo_hf.cli import main

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
MODULES = [f"lomo_hf.{module.name}" for module in pkgutil.iter_modules(lomo_hf.__path__) if module.name != "__main__"]
OPTION = re.compile(r"--[a-z][a-z-]*")


@pytest.fixture(scope="module")
def pages() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(REFERENCE.glob("*.md")))


@pytest.mark.parametrize("name", MODULES)
def test_every_public_name_is_on_a_page(name: str, pages: str) -> None:
    """`automodule` brings classes and functions that have a docstring; a constant needs an entry of its own.

    What Sphinx makes of it is asked by `test_documentation`, where Sphinx is installed.
    """
    assert re.search(rf"automodule:: {re.escape(name)}$", pages, re.MULTILINE), f"no page of the reference has {name}"
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", ()):
        value = getattr(module, public)
        if inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value)):
            assert value.__doc__, f"{name}.{public} has no docstring, so the reference leaves it out"
        else:
            entry = re.search(rf"autodata:: {re.escape(name)}\.{public}\n(?:   :.+\n)*\n   \S", pages)
            assert entry, f"the reference needs an autodata entry, with a sentence, for {name}.{public}"


def test_what_the_package_itself_gives_is_from_a_module_that_has_a_page() -> None:
    homes = [importlib.import_module(name) for name in MODULES]
    for public in set(lomo_hf.__all__) - {"__version__"}:
        assert any(getattr(home, public, None) is getattr(lomo_hf, public) for home in homes), public


def test_no_page_names_a_constant_that_is_gone(pages: str) -> None:
    entries = re.findall(r"autodata:: (lomo_hf[\w.]*)\.(\w+)$", pages, re.MULTILINE)
    assert len(entries) > 50
    for module, name in entries:
        assert hasattr(importlib.import_module(module), name), f"{module} has no {name}"


def helped(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What `lomo ... --help` prints on a terminal on which nothing is wrapped."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setattr("sys.argv", ["lomo", *arguments, "--help"])
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().out


def rows(screen: str) -> list[str]:
    """The lines of its panels, without borders and the stars of what is required."""
    return [line.strip("│ ").removeprefix("*").strip() for line in screen.splitlines() if line.startswith("│")]


def options_of(row: str) -> set[str]:
    """The options that a line begins with: `--a --no-a <bool> Words.` -> --a, --no-a."""
    options: set[str] = set()
    for word in re.split(r"[\s,/]+", row):
        if not OPTION.fullmatch(word):
            break
        options.add(word)
    return options


def test_the_page_of_the_command_line_says_what_help_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = html.unescape((REFERENCE / "cli.md").read_text(encoding="utf-8"))
    sections = dict(re.findall(r"^## lomo (\S+)\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL))
    commands = {row.split()[0] for row in rows(helped([], monkeypatch, capsys)) if not row.startswith("--")}
    assert set(sections) == commands, "run python docs/command_line.py"
    for command, section in sections.items():
        screen = helped([command], monkeypatch, capsys)
        there = set().union(*map(options_of, rows(screen))) - {"--help"}
        bullets = re.findall(r"^\* `([^`]+)`: (.*)$", section, re.MULTILINE)
        assert {option for head, _ in bullets for option in OPTION.findall(head)} == there, (
            f"the options of lomo {command} have changed: run python docs/command_line.py"
        )
        help_text = " ".join(screen.split())
        for head, words in bullets:
            assert " ".join(words.partition("  [")[0].split()) in help_text, (
                f"{command} {head}: run docs/command_line.py"
            )
