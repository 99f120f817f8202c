"""YAML of anybody's is read in bounded time and memory, or refused with a sentence; by whatever part reads it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.cli.engines import chosen_engine
from lomo_hf.corpus.hub.card import card_license
from lomo_hf.dataset import check_dataset
from lomo_hf.dataset.publishing.merging import split_card
from lomo_hf.errors import PublishError, RecipeError
from lomo_hf.recipes.grid import load_grid
from lomo_hf.recipes.named import load_recipe
from lomo_hf.storage.yaml_reading import MAX_BYTES, read_yaml

PACKAGE = Path(__file__).parents[2] / "lomo_hf"


def laughs(levels: int, each: int = 10) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * each)}]" for n in range(1, levels)]
    return "\n".join([*lines, f"ratio: *a{levels - 1}", "license: mit", "vary: {ratio: [0.5]}"])


BOMBS: dict[str, tuple[str, str]] = {
    "aliases of aliases": (laughs(9), "stands for more than 1,000,000 values"),
    "merged mappings": (
        "\n".join(["b: &b0 {x: 1}", *(f"k{n}: &b{n} {{l: *b{n - 1}, r: *b{n - 1}}}" for n in range(1, 40))]),
        "stands for more than 1,000,000 values",
    ),
    "an alias of itself": ("ratio: &a [*a]", "stands for nothing that came whole before it"),
    "an alias of nothing": ("ratio: *a", "stands for nothing"),
    "brackets without end": ("ratio: " + "[" * 20_000 + "]" * 20_000, "nested deeper than 64|maximum nesting depth"),
    "braces without end": ("{a: " * 20_000 + "1" + "}" * 20_000, "nested deeper than 64|maximum nesting depth"),
    "braces never closed": ("{" * 900_000, "nested deeper than 64|maximum nesting depth"),
    "lists in lists": ("- " * 20_000 + "1", "nested deeper than 64|maximum nesting depth"),
    "a number of a million digits": ("ratio: " + "9" * 1_000_000, "a number has more than 400 digits"),
    "a number in base sixty": ("ratio: 1" + ":1" * 400_000, "a number has more than 400 digits"),
    "a number of underscores": ("ratio: 1" + "_1" * 400_000, "a number has more than 400 digits"),
    "a date of no calendar": ("ratio: 2024-13-45", "holds what is no plain value"),
    "a tag that is no boolean": ("ratio: !!bool maybe", "holds what is no plain value"),
    "a tag that is no date": ("ratio: !!timestamp never", "holds what is no plain value"),
    "a tag that makes an object": ("ratio: !!python/object/apply:os.system [id]", "could not determine a constructor"),
    "a list for a key": ("? [a]\n: 1", "found unhashable key|unhashable"),
    "a key twice": ("ratio: 0.5\nratio: 0.6", "the key 'ratio' twice"),
    "a null character": ("ratio: a\0b", "special characters|control characters"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_a_sentence(name: str) -> None:
    text, message = BOMBS[name]
    with pytest.raises(ValueError, match=message) as refused:
        read_yaml(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_document_is_not_read_beyond_its_bound() -> None:
    with pytest.raises(ValueError, match="more than the 10,485,760 that are read"):
        read_yaml("a" * (MAX_BYTES + 1))


def _recipe(path: Path) -> None:
    load_recipe(path)


def _check(path: Path) -> None:
    folder = path.parent / "ds"
    folder.mkdir()
    (folder / "README.md").write_text(f"---\n{path.read_text()}\n---\n")
    report = check_dataset(folder)
    assert not report.loads
    raise RecipeError(next(finding.says for finding in report.findings if "metadata" in finding.says))


def _publish(path: Path) -> None:
    split_card(f"---\n{path.read_text()}\n---\n", "org/name")


READERS: dict[str, Callable[[Path], None]] = {
    "recipe": _recipe,
    "grid": lambda path: (load_grid(path), None)[1],
    "check": _check,
    "publish": _publish,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", ["aliases of aliases", "brackets without end", "a number in base sixty"])
def test_whoever_reads_a_bomb_refuses_it_with_an_error_of_ours(reader: str, name: str, tmp_path: Path) -> None:
    text, message = BOMBS[name]
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises((RecipeError, PublishError), match=message):
        READERS[reader](tmp_path / "mine.yaml")


def test_a_card_on_the_hub_that_is_a_bomb_declares_nothing() -> None:
    assert card_license(f"---\n{laughs(9)}\n---\n") is None
    assert card_license(f"---\n{laughs(4)}\n---\n") == "mit"


def test_an_option_that_is_a_bomb_stays_text() -> None:
    engine: Any = chosen_engine("datatrove", 1, False, "local", None, -1, None, ["a=" + "[" * 20_000, "b=[1, 2]"])
    assert engine.options == {"a": "[" * 20_000, "b": [1, 2]}


@pytest.mark.parametrize("reader", ["recipe", "grid"])
def test_a_file_without_end_is_not_read_to_its_end(reader: str, tmp_path: Path) -> None:
    with (tmp_path / "mine.yaml").open("wb") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(RecipeError, match="more than the 1,048,576 bytes that are read"):
        READERS[reader](tmp_path / "mine.yaml")


_MEASURED = """
import json, resource, sys
from lomo_hf.storage.yaml_reading import read_yaml
texts = json.loads(sys.stdin.read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for text in texts:
    try:
        read_yaml(text)
    except ValueError:
        pass
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing there tells the largest memory")
def test_all_bombs_together_take_little_memory() -> None:
    texts = json.dumps([text for text, _ in BOMBS.values()])
    run = subprocess.run([sys.executable, "-c", _MEASURED], input=texts, capture_output=True, text=True, check=True)
    assert float(run.stdout) < 300  # that of one bomb was 4,500


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@given(PLAIN, st.booleans())
def test_plain_values_are_read_as_they_were_written(value: Any, flow: bool) -> None:
    assert read_yaml(yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True)) == value


@given(st.text(alphabet="[]{}&*!|>-?:,#'\" \nab01", max_size=60))
def test_any_text_is_read_as_by_plain_yaml_or_refused(text: str) -> None:
    try:
        document = read_yaml(text, unique=False)
    except ValueError:
        return
    assert document == yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def test_no_other_part_reads_yaml() -> None:
    """A second reader would be one without bounds."""
    reads = re.compile(r"yaml\.(safe_load|load|full_load|unsafe_load|parse|compose|scan)\b|YAML\(")
    readers = [path.name for path in PACKAGE.rglob("*.py") if reads.search(path.read_text(encoding="utf-8"))]
    assert readers == ["yaml_reading.py"]
