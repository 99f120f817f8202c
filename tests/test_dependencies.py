"""What lomo_hf imports is what pyproject.toml declares: no more, no less; extras are imported late."""

import ast
import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Import name -> distribution, of extras that may not be installed where the tests run.
OF_EXTRAS = {"torch": "torch", "transformers": "transformers", "rapidocr": "rapidocr", "onnxruntime": "onnxruntime",
             "datatrove": "datatrove", "ray": "ray", "gradio": "gradio", "data_juicer": "py-data-juicer",
             "nemo_curator": "nemo-curator"}  # fmt: skip
FRAMEWORKS = ("datatrove", "data_juicer", "nemo_curator")
# Found by name, for the files in them.
FONTS = {"manimgx-fonts", "noto-cjk-sans-otc"}


def distribution(requirement: str) -> str:
    """The name in a line of pyproject.toml, as an index spells it."""
    return re.split(r"[\s<>=!~\[;]", requirement)[0].lower().replace("_", "-")


def imported(node: ast.AST, late: bool = False) -> Iterator[tuple[str, bool]]:
    """(top name, whether only when a function runs) of what a module imports; not what only a type checker sees."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from ((alias.name.partition(".")[0], late) for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield str(child.module).partition(".")[0], late
        else:
            yield from imported(child, late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))


def third_party(without: tuple[Path, ...] = ()) -> dict[str, bool]:
    """Top name of everything that lomo_hf imports from elsewhere -> whether always within functions."""
    names: dict[str, bool] = {}
    for path in sorted({*(ROOT / "lomo_hf").rglob("*.py")} - {*without}):
        for name, late in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if name not in sys.stdlib_module_names and name != "lomo_hf":
                names[name] = late and names.get(name, True)
    return names


def distributions_of(name: str) -> set[str]:
    """The distributions that bring an import name."""
    bringing = {distribution(package) for package in packages_distributions().get(name, ())}
    return bringing or {OF_EXTRAS.get(name, name)}


def test_every_import_is_declared() -> None:
    declared = {distribution(line) for line in PROJECT["dependencies"]}
    extras = {distribution(line) for lines in PROJECT["optional-dependencies"].values() for line in lines}
    undeclared = [name for name in third_party() if not distributions_of(name) & (declared | extras)]
    assert undeclared == []


def test_every_dependency_is_used() -> None:
    used = set().union(*(distributions_of(name) for name in third_party())) | FONTS
    assert [line for line in PROJECT["dependencies"] if distribution(line) not in used] == []
    modules = (ROOT / "lomo_hf").rglob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    assert [name for name in FONTS if name.replace("-", "_") not in text] == []


def test_what_an_extra_brings_is_imported_within_functions() -> None:
    """Or by the module of `ecosystem` that is named after it, which is a class of its framework."""
    declared = {distribution(line) for line in PROJECT["dependencies"]}
    steps = {name: ROOT / "lomo_hf" / "ecosystem" / f"{name}.py" for name in FRAMEWORKS}
    modules = third_party(without=tuple(steps.values()))
    early = [name for name, late in modules.items() if not late and not distributions_of(name) & declared]
    assert early == []
    for name, step in steps.items():
        names = {import_name for import_name, _ in imported(ast.parse(step.read_text(encoding="utf-8")))}
        others = names - {name, "lomo_hf"} - sys.stdlib_module_names
        assert [import_name for import_name in others if not distributions_of(import_name) & declared] == []


def test_constraints_pin_what_is_installed_and_agree_with_the_golden_engines() -> None:
    def pins(path: Path) -> dict[str, str]:
        lines = (line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
        return dict(line.split("==") for line in lines)

    constraints = pins(ROOT / "constraints.txt")
    assert {distribution(line) for line in PROJECT["dependencies"]} <= set(constraints)
    engines = pins(ROOT / "tests" / "golden" / "engines.txt")
    assert {name: constraints.get(name) for name in engines} == engines


def test_the_table_of_sizes_names_every_dependency() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([a-z0-9-]+) \| \d+ \|", page, re.MULTILINE)
    declared = {distribution(line) for line in PROJECT["dependencies"]}
    assert set(rows) == declared, "run python docs/dependencies.py table in a fresh environment"


def test_every_declared_dependency_has_a_reason() -> None:
    spec = importlib.util.spec_from_file_location("dependencies", ROOT / "docs" / "dependencies.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert [name for name in module.declared() if name not in module.WHY] == []


def test_the_version_stands_in_one_place() -> None:
    import lomo_hf

    assert "version" not in PROJECT
    assert "version" in PROJECT["dynamic"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {lomo_hf.__version__}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(lomo_hf.__version__)}\]? - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)


@pytest.mark.parametrize("name", ["Homepage", "Repository", "Issues", "Changelog", "Documentation"])
def test_the_project_says_where_it_lives(name: str) -> None:
    assert PROJECT["urls"][name].startswith(PROJECT["urls"]["Repository"])
