"""What every recipe makes of the golden prompts: one record for each row and recipe, and the files that hold them.

Two files for each set of prompts. `SET.jsonl` holds what was decided (draw, turn, spans, renderer, reason and
distortion), which must be the same with any versions; `SET.pages.jsonl` holds size and hash of every page, which only
the versions in `engines.txt` promise. A line is what a row became in the recipes that it names.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lomo_hf import NAMED_RECIPES, Recipe, open_corpus
from lomo_hf.corpus import Conversation, Origin, Refusal, Turn
from lomo_hf.recipes import DistortionSettings, Selection
from lomo_hf.row_columns import ROW_COLUMNS
from lomo_hf.spans import POSITIONS
from lomo_hf.substitution import Substituter

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
ENGINES_FILE = "engines.txt"

Page = NDArray[np.uint8]
Key = tuple[str, str]  # (row id, recipe name)
Records = dict[Key, dict[str, Any]]

# Decide no pixel: lomo-hf is what is tested, the other two store pages that are made.
NOT_PIXELS = ("lomo-hf", "pyarrow", "datasets")
# imgaug takes the matrix of a rotation from it.
BESIDE = ("scikit-image",)


@dataclass(frozen=True)
class Golden:
    """Two records for each (row id, recipe name): what was decided, and the sizes and hashes of the pages."""

    decisions: Records
    pages: Records


def _recipes() -> tuple[Recipe, ...]:
    """The named recipes; every position on every row; and what no named recipe asks for."""
    every = Recipe("every", ratio=1.0)
    positions = [replace(every, name=f"every-{position}", position=position) for position in POSITIONS]
    lengths, shares = tuple(range(0, 1010, 10)), tuple(n / 100 for n in range(101))
    selections = (
        Selection("length", quantiles=lengths),
        Selection("mathematics", "low", 0.2, shares),
        Selection("place"),
    )
    hard, rising = DistortionSettings(strength="hard"), DistortionSettings(strength="rising")
    return (
        *NAMED_RECIPES.values(),
        *positions,
        replace(every, name="hard", position="multi-span", distortion=hard),
        replace(every, name="rising", distortion=rising),
        replace(every, name="clean-full", position="full", distortion=DistortionSettings(mix={"clean": 1})),
        replace(every, name="seed-7", seed=7),
        replace(every, name="turn-random", turn="random"),
        replace(every, name="turn-longest", turn="longest"),
        replace(every, name="turn-last", turn="last"),
        replace(every, name="escape", placeholders="escape"),
        *(Recipe(f"by-{chosen.by}", selection=chosen) for chosen in selections),
    )


EVERY_RECIPE = _recipes()
CLEAN_FULL = tuple(recipe for recipe in EVERY_RECIPE if recipe.name == "clean-full")

# Set of prompts -> the recipes that are run over it.
SETS: Mapping[str, tuple[Recipe, ...]] = {
    "sample": tuple(NAMED_RECIPES.values()),
    "prompts": EVERY_RECIPE,
    "edge": EVERY_RECIPE,
    "formulas": CLEAN_FULL,
}


def prompts_of(name: str) -> Iterator[Conversation | Refusal]:
    """The embedded sample, the prompts in tests/data/golden_prompts.jsonl, the edge rows, or the hard formulas."""
    if name == "formulas":
        lines = (DATA / "mathematics_hard.jsonl").read_text(encoding="utf-8").splitlines()
        yield from map(_around, dict.fromkeys(json.loads(line)["tex"] for line in lines))
        return
    paths = {"sample": [None], "prompts": ["golden_prompts"], "edge": ["edge", "edge_upstream_dialects"]}[name]
    for path in paths:
        source = open_corpus(None if path is None else DATA / f"{path}.jsonl", config=path)
        yield from source.conversations(0, len(source))


def _around(formula: str) -> Conversation:
    # The id comes from the formula, so that another one in the file moves no other row.
    identifier = f"formulas/{hashlib.sha256(formula.encode()).hexdigest()[:12]}"
    turns = (Turn("user", f"What is $${formula}$$ here?"), Turn("assistant", "A formula."))
    return Conversation(identifier, turns, Origin(None, "formulas", identifier, None, None, None))


@cache
def current(name: str) -> Golden:
    """The records of a set, as the code makes them now."""
    golden = Golden({}, {})
    for key, row in rows_of(name):
        golden.decisions[key] = _decision(row)
        if isinstance(row, dict) and row["images"]:
            golden.pages[key] = {"pages": [_page_record(page) for page in pages_of(row)]}
    return golden


def rows_of(name: str) -> Iterator[tuple[Key, dict[str, Any] | Refusal]]:
    """Every row of a set in every recipe of that set."""
    recipes = SETS[name]
    substituter = Substituter(recipes)
    for prompt in prompts_of(name):
        rows = [prompt] * len(recipes) if isinstance(prompt, Refusal) else substituter.rows(prompt, _place(prompt.id))
        for recipe, row in zip(recipes, rows, strict=True):
            yield (prompt.id, recipe.name), row


def _place(row_id: str) -> float:
    # Of the id, not of the order, so that another prompt in the file moves no other row.
    return int.from_bytes(hashlib.sha256(row_id.encode()).digest()[:4], "big") / 2**32


def pages_of(row: Mapping[str, Any]) -> list[Page]:
    """The pages of a stored row, decoded: uint8 (height, width)."""
    return [np.asarray(Image.open(BytesIO(image["bytes"]))) for image in row["images"] or ()]


def _decision(row: dict[str, Any] | Refusal) -> dict[str, Any]:
    if isinstance(row, Refusal):
        return {"refused": row.reason}
    lomo = row["lomo"]
    decision = {"rewritten": row["rewritten"], "draw": lomo["draw"], "reason": lomo["reason"]}
    if row["rewritten"]:
        decision |= {
            "turn": lomo["turn"],
            "position": lomo["position"],
            "spans": [[span["start"], span["end"]] for span in lomo["spans"]],
            "renderer": lomo["renderer"],
            "op": lomo["distortion"]["op"],
            "params": json.loads(lomo["distortion"]["params"]),
        }
    extra = [value for name, value in row.items() if name not in ROW_COLUMNS and value is not None]
    texts = json.dumps([row["conversations"], lomo["repairs"], *([extra] if extra else [])])
    return decision | {"text": hashlib.sha256(texts.encode()).hexdigest()[:8]}


def _page_record(page: Page) -> str:
    # Of the pixels, not of the PNG: another version of zlib packs the same page otherwise.
    return f"{page.shape[1]}x{page.shape[0]}:{hashlib.sha256(page.tobytes()).hexdigest()[:16]}"


# -- files -----------------------------------------------------------------------------------------------------------


def stored(name: str) -> Golden:
    """The records of a set, as they lie in its two files; none where there is no file yet."""
    return Golden(_read(HERE / f"{name}.jsonl"), _read(HERE / f"{name}.pages.jsonl"))


def write(name: str, golden: Golden) -> None:
    """Write the two files of a set."""
    for path, records in ((f"{name}.jsonl", golden.decisions), (f"{name}.pages.jsonl", golden.pages)):
        text = "".join(f"{line}\n" for line in _lines(records))
        (HERE / path).write_text(text, encoding="utf-8", newline="\n")


def _lines(records: Records) -> Iterator[str]:
    """One line for each row and record, sorted by row; recipes that gave a row the same record share its line."""
    shared: dict[tuple[str, str], list[str]] = {}
    for (row_id, recipe), record in records.items():
        shared.setdefault((row_id, json.dumps(record, separators=(",", ":"))), []).append(recipe)
    for (row_id, record), recipes in sorted(shared.items(), key=lambda item: item[0][0]):
        line = {"id": row_id, "recipes": recipes, **json.loads(record)}
        yield json.dumps(line, separators=(",", ":"))


def _read(path: Path) -> Records:
    records: Records = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        record = json.loads(line)
        row_id, recipes = record.pop("id"), record.pop("recipes")
        records |= {(row_id, recipe): record for recipe in recipes}
    return records


def digest() -> str:
    """Eight digits over all golden files, which CHANGELOG.md names."""
    data = hashlib.sha256()
    for path in sorted([*HERE.glob("*.jsonl"), HERE / ENGINES_FILE]):
        # Read as text, since Git may have put Windows line ends into a clone.
        data.update(f"{path.name}\n{path.read_text(encoding='utf-8')}".encode())
    return data.hexdigest()[:8]


# -- versions --------------------------------------------------------------------------------------------------------


def installed() -> dict[str, str]:
    """Package -> version of all that decides a pixel, and system and processor under "processor"."""
    from importlib.metadata import version

    engines = {name: number for name, number in Recipe("any").engines.items() if name not in NOT_PIXELS}
    # OpenCV turns a page with other roundings where there is no AVX2; with AVX-512 the bytes are those of AVX2.
    wide = " with AVX2" if "*AVX2" in cv2.getCPUFeaturesLine().split() else ""
    processor = f"{platform.system()} {platform.machine()}{wide}".lower().replace("avx", "AVX")
    return {**engines, **{name: version(name) for name in BESIDE}, "processor": processor}


def recorded() -> dict[str, str]:
    """As `installed`, when the golden pages were made."""
    path = HERE / ENGINES_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = [line.lstrip("# ").partition("==") for line in lines]
    return {name: version for name, sign, version in pairs if sign}


def write_engines(engines: Mapping[str, str]) -> None:
    """Write `engines.txt`, which pip reads as constraints."""
    lines = ["# The golden pages were made with these: pip install -c tests/golden/engines.txt -e '.[dev]'"]
    lines += [f"{'# ' if name == 'processor' else ''}{name}=={version}" for name, version in engines.items()]
    (HERE / ENGINES_FILE).write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")


def differing_engines() -> list[str]:
    """What is installed in another version than the golden pages were made with, in words."""
    then, now = recorded(), installed()
    names: Iterable[str] = sorted(then.keys() | now.keys())
    return [f"{name} {now.get(name)} (golden: {then.get(name)})" for name in names if then.get(name) != now.get(name)]
