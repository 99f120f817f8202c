"""Every public name is documented in full: arguments, what comes back, what is raised, and an example that runs.

A docstring in Google's style has `Args:` for parameters, `Returns:` or `Yields:` for a value, and an example after
`>>>`, which runs as a doctest. Names that a package only passes on are judged where they are defined.
"""

import ast
import dataclasses
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator

import pytest
from test_exports import PACKAGES

# What `lomo_hf` itself offers is judged in the packages that it comes from.
DOCUMENTED = [name for name in PACKAGES if name != "lomo_hf"] + [
    f"lomo_hf.{name}" for name in ("substitution", "row", "row_columns", "storage", "image_tokens", "randomness")
]


def public_callables(package: str) -> Iterator[tuple[str, object]]:
    """Classes and functions of ours among the public names of a package."""
    module = importlib.import_module(package)
    for name in module.__all__:
        value = getattr(module, name)
        ours = getattr(value, "__module__", "").startswith("lomo_hf")
        if ours and (inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value))):
            yield name, value


def names(text: str, name: str) -> bool:
    """Whether a docstring tells of an argument or an attribute."""
    return bool(re.search(rf"^ +([*\w]+, )*\*{{0,2}}{name}(, [*\w]+)*: \S", text, re.MULTILINE))


def own_fields(value: type) -> list[str]:
    """The fields of a dataclass that its users see, without those that it inherits."""
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    own = vars(value).get("__annotations__", {})
    return [field.name for field in fields if field.name in own and field.repr and not field.name.startswith("_")]


def raises_itself(value: object) -> bool:
    """Whether a function has an exception of its own that its callers see; what it catches itself is not one."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(value))))  # type: ignore[arg-type]
    caught = {id(node) for outer in ast.walk(tree) if isinstance(outer, ast.Try) for body in outer.body
              for node in ast.walk(body)}  # fmt: skip
    inner = {id(node) for outer in ast.walk(tree.body[0]) if isinstance(outer, ast.FunctionDef)
             and outer is not tree.body[0] for node in ast.walk(outer)}  # fmt: skip
    return any(
        isinstance(node, ast.Raise) and node.exc is not None and id(node) not in caught | inner
        for node in ast.walk(tree)
    )


def lacks(value: object) -> list[str]:
    """The parts that a docstring should have, and has not."""
    text = inspect.getdoc(value) or ""
    missing = [] if text else ["a docstring"]
    if inspect.isclass(value):
        return missing + [f"Attributes: {name}" for name in own_fields(value) if not names(text, name)]
    signature = inspect.signature(value)  # type: ignore[arg-type]
    for name in signature.parameters:
        if not names(text, name):
            missing.append(f"Args: {name}")
    nothing = (None, "None", Iterator[None], inspect.Signature.empty)
    if signature.return_annotation not in nothing and not re.search(r"^(Returns|Yields):$", text, re.MULTILINE):
        missing.append("Returns")
    if raises_itself(value) and "Raises:" not in text:
        missing.append("Raises")
    if ">>>" not in text and "With the extra: `" not in text:  # of what needs a model there is a line to copy
        missing.append("an example")
    return missing


@pytest.mark.parametrize("package", DOCUMENTED)
def test_public_names_are_documented_in_full(package: str) -> None:
    missing = {name: lacks(value) for name, value in public_callables(package)}
    assert {name: parts for name, parts in missing.items() if parts} == {}


def test_what_is_missing_is_named() -> None:
    def whole(page: str, size: int) -> str:
        """Do something.

        Args:
            page, size: Two things.

        Returns:
            A third.

        >>> 1
        1
        """
        return page * size

    def poor(page: str) -> str:
        """Do something."""
        return page

    assert lacks(whole) == []
    assert lacks(poor) == ["Args: page", "Returns", "an example"]
