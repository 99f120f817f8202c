"""In a folder with Axolotl's package (no dependencies): the options that its configuration classes declare.

    python axolotl_keys.py '{}'

The classes are read, not imported, because importing them needs most of a training stack.
"""

import ast
import importlib.util
import json
from pathlib import Path


def main() -> None:
    spec = importlib.util.find_spec("axolotl")
    if spec is None or spec.origin is None:
        raise SystemExit("axolotl is not installed")
    declared: dict[str, set[str]] = {}
    bases: dict[str, list[str]] = {}
    for path in Path(spec.origin).parent.joinpath("utils", "schemas").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                fields = [statement.target for statement in node.body if isinstance(statement, ast.AnnAssign)]
                declared[node.name] = {target.id for target in fields if isinstance(target, ast.Name)}
                bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]

    def all_of(name: str) -> set[str]:
        return declared.get(name, set()).union(*(all_of(base) for base in bases.get(name, [])))

    values = [
        statement.value.value
        for path in Path(spec.origin).parent.joinpath("utils", "schemas").glob("enums.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "ChatTemplate"
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
    ]
    result: dict[str, list[str]] = {"ChatTemplate": values}
    result |= {name: sorted(all_of(name)) for name in ("AxolotlInputConfig", "SFTDataset")}
    print("\nRESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
