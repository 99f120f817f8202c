"""The page of reasons knows every reason that the code can give, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Who is called with a reason, and at which place in its arguments.
GIVERS = {
    "Unfit": 0, "Unreadable": 0, "Refusal": 1, "RenderError": 0, "UncoveredError": 0, "TooLargeError": 0, "refuse": 0,
}  # fmt: skip
# Given by a variable: the words that it can be, beside what it is made of elsewhere.
BY_VARIABLE = {"control:", "uncovered:", "placeholder:", "special-token:", "image-bytes", "image-path"}
IN_WORKERS = {"killed", "time", "memory", "error:"}


def test_every_reason_of_the_code_is_explained() -> None:
    page = _named()
    reasons = set(_given()) | BY_VARIABLE | IN_WORKERS | set(_repairs())
    assert len(reasons) > 50
    assert sorted(reason for reason in reasons if not _is_named(reason, page)) == []


def test_no_reason_is_explained_that_the_code_never_gives() -> None:
    reasons = set(_given()) | BY_VARIABLE | IN_WORKERS | set(_repairs())
    families = {reason for reason in reasons if reason.endswith(":")}
    strange = [reason for reason in _named() if reason not in reasons and reason.split(":")[0] + ":" not in families]
    assert strange == []


def _named() -> set[str]:
    """What the first cells of the page's tables name, and the paragraph about other commands."""
    text = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")
    cells = [line.split(" | ")[0] for line in text.splitlines() if line.startswith("| `")]
    cells += re.findall(r"^`lomo mix` refuses.*?\n\n", text, re.MULTILINE | re.DOTALL)
    names = {name for cell in cells for name in re.findall(r"`([a-z][a-z-]*(?:[:-][^` ]*)?)`", cell)}
    return names


def _is_named(reason: str, page: set[str]) -> bool:
    """A reason that ends in a colon is a family: one of it is enough. `family:…` names all of it."""
    if reason.endswith(":"):
        return any(named.startswith(reason) for named in page)
    return reason in page or f"{reason.split(':')[0]}:…" in page


def _given() -> Iterator[str]:
    for path in sorted((ROOT / "lomo_hf").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node.func, "id", None) if isinstance(node, ast.Call) else None
            if isinstance(node, ast.Call) and name in GIVERS and len(node.args) > GIVERS[name]:
                yield from _words(node.args[GIVERS[name]])


def _words(argument: ast.expr) -> Iterator[str]:
    """A literal as it is; of a text that is put together, what stands before the first hole."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value.partition(":\\")[0] + (":" if ":\\" in argument.value else "")
    elif isinstance(argument, ast.JoinedStr) and isinstance(argument.values[0], ast.Constant):
        start = str(argument.values[0].value)
        yield start[: start.index(":") + 1]


def _repairs() -> Iterator[str]:
    for module in ("turns", "turn_lists", "dialects", "screening"):
        text = (ROOT / "lomo_hf" / "corpus" / f"{module}.py").read_text(encoding="utf-8")
        yield from re.findall(r'"((?:dropped|cut|merged|escaped|inlined|developer)-[a-z-]+)"', text)
    for path in sorted((ROOT / "lomo_hf" / "rendering" / "mathematics").glob("*.py")):
        yield from re.findall(r'"(mended-[a-z-]+)"', path.read_text(encoding="utf-8"))
