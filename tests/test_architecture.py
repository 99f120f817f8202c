"""The imports of the code are those of the map in ARCHITECTURE.md: arrows lead down, and no modules form a circle."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lomo_hf"


def drawn_floors(text: str) -> list[set[str]]:
    """The packages of the map, from the top floor to the ground."""
    block = text.partition("## Map of the packages")[2].split("```")[1]
    lines = block.removeprefix("text\n").splitlines()
    floors: list[set[str]] = [set()]
    for line in lines:
        if line.strip().startswith("---"):
            floors.append(set())
        elif line.strip():
            floors[-1].add(line.split()[0])
    return floors


def modules() -> dict[str, Path]:
    """Dotted name -> file, of every module of the package."""
    names = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """What a module imports of ours, at its head or within a function; not what only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in known else node.module
        else:
            yield from imports(node, known)


def import_graph() -> dict[str, set[str]]:
    """Module -> the modules that it imports; without the front door, which loads names lazily and has the version."""
    known = modules()
    return {
        name: {target for target in imports(ast.parse(path.read_text(encoding="utf-8")), known) if target != "lomo_hf"}
        for name, path in known.items()
        if name != "lomo_hf"
    }


def packages(graph: Mapping[str, set[str]]) -> dict[str, dict[str, str]]:
    """Top package -> imported top package -> an example of such an import."""
    arrows: dict[str, dict[str, str]] = {}
    for name, imported in graph.items():
        origin = name.split(".")[1]
        arrows.setdefault(origin, {})
        for target in imported:
            if (below := target.split(".")[1]) != origin:
                arrows[origin][below] = f"{name} imports {target}"
    return arrows


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """A circle of modules, or nothing: what is left when those that import nothing of the rest are taken away."""
    left = {name: set(imported) & set(graph) - {name} for name, imported in graph.items()}
    while free := {name for name, imported in left.items() if not imported}:
        left = {name: imported - free for name, imported in left.items() if name not in free}
    if not left:
        return []
    path = [min(left)]
    while path[-1] not in path[:-1]:
        path.append(min(left[path[-1]]))
    return path[path.index(path[-1]) :]


def rising(arrows: Mapping[str, Mapping[str, str]], floors: list[set[str]]) -> list[str]:
    """Imports that do not lead to a lower floor."""
    floor = {name: number for number, names in enumerate(floors) for name in names}
    return [
        example
        for origin, targets in arrows.items()
        for target, example in targets.items()
        if floor[target] <= floor[origin]
    ]


def test_the_map_names_every_package() -> None:
    floors = drawn_floors((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    top = {name.split(".")[1] for name in import_graph()} - {"__main__"}
    assert set().union(*floors) == top
    assert sum(map(len, floors)) == len(top), "a package stands on the map twice"


def test_every_import_leads_to_a_lower_floor_of_the_map() -> None:
    floors = drawn_floors((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))
    arrows = packages(import_graph())
    arrows.pop("__main__")
    assert rising(arrows, floors) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circle(import_graph()) == []


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c", "b"]),
        ({"a": {"a"}}, []),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], expected: list[str]) -> None:
    assert circle(graph) == expected


def test_an_arrow_that_leads_up_or_sideways_is_found() -> None:
    floors = drawn_floors("## Map of the packages\n```text\n cli  x\n ---\n a  y\n b  z\n```\n")
    assert floors == [{"cli"}, {"a", "b"}]
    assert rising({"cli": {"a": "down"}, "a": {"b": "sideways"}, "b": {"cli": "up"}}, floors) == ["sideways", "up"]
