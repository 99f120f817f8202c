"""The page that says which LaTeX is set says what the package does, and what it says is set compiles."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from rendering.mathematics_helpers import compiles

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("latex_commands", ROOT / "docs" / "latex_commands.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_says_what_is_set(writer: ModuleType) -> None:
    assert writer.PAGE.read_text(encoding="utf-8") == writer.page(), "run python docs/latex_commands.py"


def test_what_the_page_says_is_set_compiles(writer: ModuleType) -> None:
    kept = [example for examples in writer.groups().values() for example in examples if writer.is_set(example)]
    assert len(kept) > 1400
    assert compiles(kept) >= len(kept) - 20  # a few are set on a line of their own only
