"""Character error and what is made of it. The oracle of the distance is the table that textbooks fill in."""

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lomo_hf.auditing import audit_dataset, edit_distance, error_rate, open_reader
from lomo_hf.auditing import ocr as ocr_module
from lomo_hf.auditing.characters import is_prose
from lomo_hf.errors import IntegrityError, LomoError
from lomo_hf.recipes.recipe import Caps, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.spans import scan, select_spans

WORDS = st.text("abcé的", max_size=70)


def by_table(text: str, other: str) -> int:
    line = list(range(len(other) + 1))
    for i, a in enumerate(text, 1):
        above, line[0] = line[0], i
        for j, b in enumerate(other, 1):
            above, line[j] = line[j], min(line[j] + 1, line[j - 1] + 1, above + (a != b))
    return line[-1]


@given(WORDS, WORDS)
def test_the_distance_is_levenshteins(text: str, other: str) -> None:
    assert edit_distance(text, other) == by_table(text, other)


def test_a_distance_of_long_pages_is_quick_and_right() -> None:
    text = "火星车 rover 42, " * 900
    assert edit_distance(text, text[:5000] + "X" + text[5001:9000] + text[9003:]) == 4


def test_case_width_and_space_are_no_errors() -> None:
    assert error_rate("ｔｈｅ　ROVER\ncan", "The rover can") == 0
    assert error_rate("anything", " ") == 0
    assert error_rate("x" * 50, "abc") == 1


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("Natalia sold clips to 48 of her friends in April, and then half as many in May (24).", True),
        ("“火星车”只有在足够轻时，才能穿过山谷。", True),
        ("Solve $x^2=4$ for x.", False),
        ("def f(x):\n    return x", False),
        ("| a | b |\n| 1 | 2 |", False),
        ("a = b + c; d = e", False),
    ],
)
def test_prose_is_words_and_nothing_else(text: str, prose: bool) -> None:
    assert is_prose(text, scan(text)) is prose


class Forgetful:
    """Reads small pages as nothing, and remembers how many it saw."""

    name = "forgetful"

    def __init__(self) -> None:
        self.seen = 0

    def read(self, page: NDArray[np.uint8]) -> str:
        assert page.ndim == 2
        assert page.dtype == np.uint8
        self.seen += 1
        return ""


class Omniscient:
    """Knows every span, and reads it with one letter wrong where the page was distorted."""

    name = "omniscient"

    def __init__(self, clean: dict[bytes, str], all: dict[bytes, str]) -> None:
        self.clean, self.all = clean, all

    def read(self, page: NDArray[np.uint8]) -> str:
        key = page.tobytes()
        return self.clean.get(key) or "#" + self.all[key][1:]


def test_a_study_reads_each_distorted_page_twice_and_each_clean_one_once(honest: Path, corpus: Path) -> None:
    reader = Forgetful()
    ocr = audit_dataset(honest, corpus=corpus, sample=12, reader=reader).ocr
    assert ocr is not None
    assert (ocr["reader"], ocr["pages"]) == ("forgetful", 12)
    clean = ocr["prose_by_operation"]["clean"]["pages"]
    assert 12 + 12 - clean >= reader.seen >= 12
    assert all(route["after"]["mean"] == 1 and route["cost"] == 0 for route in ocr["by_route"].values())
    assert len(ocr["prose_over_10_percent"]) == ocr["by_route"]["prose"]["pages"]


def test_the_cost_of_a_distortion_is_what_it_adds_to_the_same_page(honest: Path, corpus: Path) -> None:
    from lomo_hf.auditing.case import Case
    from lomo_hf.auditing.page_checks import clean_pages, decode
    from lomo_hf.auditing.shards import read_rows, shards_of
    from lomo_hf.dataset import read_manifest

    manifest = read_manifest(honest)
    assert manifest is not None
    clean, all_pages = {}, {}
    for shard in shards_of(manifest.receipts, "all", {"train": manifest.source["rows"]}):
        for row in read_rows(honest, shard.file):
            text = row["lomo"]["spans"][0]["text"]
            clean[clean_pages(Case(row, manifest.recipes["all"]))[0].pixels.tobytes()] = text
            all_pages[decode(row["images"][0]["bytes"]).tobytes()] = text
    ocr = audit_dataset(honest, corpus=corpus, sample=12, reader=Omniscient(clean, all_pages)).ocr
    assert ocr is not None
    for op, figure in ocr["prose_by_operation"].items():
        assert figure["before"]["mean"] == 0
        assert (figure["after"]["mean"] > 0) is (op != "clean")
        assert figure["cost"] == figure["after"]["mean"]


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(LomoError, match=r"pip install 'lomo-hf\[audit\]'"):
        open_reader()


def test_a_second_opencv_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"opencv-python": "5.0.0.93", "opencv-python-headless": "4.11.0.86"}
    monkeypatch.setattr(ocr_module, "version", versions.__getitem__)
    with pytest.raises(IntegrityError, match="share one folder"):
        ocr_module.check_opencv()


def test_the_settings_that_were_measured_are_the_ones_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Engine:
        def __init__(self, params: dict[str, Any]) -> None:
            asked.update(params)

        def __call__(self, page: NDArray[np.uint8]) -> Any:
            assert page.shape == (40, 60, 3)
            return types.SimpleNamespace(txts=("one", "two"))

    monkeypatch.setitem(sys.modules, "onnxruntime", types.ModuleType("onnxruntime"))
    monkeypatch.setitem(sys.modules, "rapidocr", types.SimpleNamespace(RapidOCR=Engine))
    monkeypatch.setattr(ocr_module, "version", lambda name: "9")
    assert open_reader().read(np.full((40, 60), 255, np.uint8)) == "one\ntwo"
    assert (asked["Det.limit_type"], asked["Det.limit_side_len"]) == ("max", 960)


@pytest.mark.ocr
def test_a_real_reader_reads_english_and_chinese_pages() -> None:
    pytest.importorskip("rapidocr")
    reader = open_reader()
    for text in ("The rover can cross the rocky valley only if it is light.", "火星车只有在足够轻时才能穿过山谷。"):
        page = render_span(text, select_spans(text).spans[0], RenderStyle(), Caps()).pixels
        assert error_rate(reader.read(page), text) <= 0.02
    assert reader.read(np.full((64, 300), 255, np.uint8)) == ""
