"""The rendered config of a benchmark: the same questions, images, options and answers; only the carrier differs."""

import base64
import json
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pytest
from evaluation.pair_helpers import QUESTIONS, benchmark_rows, picture, refused_rows, write_lines
from PIL import Image

from lomo_hf.errors import BuildError, RecipeError, SourceError
from lomo_hf.evaluation import (
    BENCHMARKS,
    Benchmark,
    Item,
    evalscope_items,
    make_pair,
    render_benchmark,
    write_evalscope,
)
from lomo_hf.evaluation.rendered.benchmarks import benchmark_from_dict
from lomo_hf.recipes import Caps, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

COLUMNS = Benchmark(
    "demo", answer="answers", images=("pictures",), options="choices", id="key", category="kind", split="val"
)
UNDECODED = datasets.List(datasets.Image(decode=False))


@pytest.fixture(scope="module")
def source() -> datasets.Dataset:
    features = datasets.Features(
        {
            "key": datasets.Value("string"),
            "question": datasets.Value("string"),
            "pictures": datasets.List(datasets.Image()),
            "choices": datasets.List(datasets.Value("string")),
            "answers": datasets.List(datasets.Value("string")),
            "kind": datasets.Value("string"),
            "unused": datasets.Value("int32"),
        }
    )
    rows = [{**row, "unused": 1} for row in (*benchmark_rows(), *refused_rows())]
    return datasets.Dataset.from_list(rows, features=features)


@pytest.fixture(scope="module")
def folder(source: datasets.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("config") / "demo"
    render_benchmark(COLUMNS, out, data=source)
    return out


@pytest.fixture(scope="module")
def configs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    cache = str(tmp_path_factory.mktemp("cache"))
    loaded = {
        name: datasets.load_dataset(str(folder), name, split="val", cache_dir=cache)
        for name in ("standard", "rendered")
    }
    return {name: list(each.cast_column("images", UNDECODED)) for name, each in loaded.items()}


def test_both_configs_load_with_the_same_ids_in_the_same_order(configs: dict[str, list[dict[str, Any]]]) -> None:
    ids = [[row["id"] for row in configs[name]] for name in ("standard", "rendered")]
    assert ids[0] == ids[1] == [f"q{index}" for index in range(len(QUESTIONS))]


def test_everything_but_the_carrier_of_the_question_is_the_same(configs: dict[str, list[dict[str, Any]]]) -> None:
    for row, standard, rendered in zip(benchmark_rows(), configs["standard"], configs["rendered"], strict=True):
        for name in ("question", "options", "answer", "category"):
            assert standard[name] == rendered[name]
        assert (standard["answer"], standard["options"]) == (row["answers"], row["choices"])
        originals = [image["bytes"] for image in standard["images"] or ()]
        assert originals == [image["bytes"] for image in row["pictures"]]
        assert [image["bytes"] for image in rendered["images"]][:-1] == originals


def test_original_images_come_first_then_the_question_then_the_options(
    configs: dict[str, list[dict[str, Any]]],
) -> None:
    standard, rendered = configs["standard"], configs["rendered"]
    assert rendered[3]["prompt"] == "<image><image><image>"
    assert standard[3]["prompt"] == "<image><image>" + QUESTIONS[3]
    assert rendered[0]["prompt"] == "<image>"
    assert standard[0]["prompt"] == QUESTIONS[0] + "\nA. one\nB. two"
    for row in (*standard, *rendered):
        kinds = [part["type"] for part in row["messages"][0]["content"]]
        assert kinds.count("image") == len(row["images"] or ()) == row["prompt"].count("<image>")


def test_the_page_is_the_whole_question_without_distortion(configs: dict[str, list[dict[str, Any]]]) -> None:
    for row in configs["rendered"]:
        options = "".join(f"\n{letter}. {text}" for letter, text in zip("AB", row["options"] or (), strict=False))
        result = select_spans(row["question"] + options, "full")
        page = render_span(result.prompt, result.spans[0], RenderStyle(), Caps())
        stored = np.asarray(Image.open(BytesIO(row["images"][-1]["bytes"])))
        assert np.array_equal(stored, page.pixels)
        assert (row["page"]["height"], row["page"]["width"]) == page.pixels.shape
        assert result.texts() == ("", "")


def test_what_cannot_be_rendered_is_in_neither_config_and_listed(
    folder: Path, configs: dict[str, list[dict[str, Any]]]
) -> None:
    refused = map(json.loads, (folder / "refused.jsonl").read_text().splitlines())
    listed = {each["id"]: each["reason"] for each in refused}
    assert listed == {
        "private": "uncovered:U+E123",
        "blank": "blank",
        "inside": "image-inside",
        "none": "no-question",
    }
    card = (folder / "README.md").read_text()
    assert "| in each config | 5 |" in card
    assert "| in neither config: image-inside | 1 |" in card


def test_a_question_too_large_for_a_page_is_refused_not_cut(tmp_path: Path) -> None:
    items = [Item("long", "All the words of it. " * 20_000, 1), Item("short", "Why?", 2)]
    report = render_benchmark(Benchmark("demo"), tmp_path / "out", data=items)
    assert (report.rows, dict(report.refused)) == (1, {"too-large": 1})


def test_a_rebuild_gives_the_same_bytes(source: datasets.Dataset, folder: Path, tmp_path: Path) -> None:
    def tree(root: Path) -> dict[str, bytes]:
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}

    again = tmp_path / "demo"
    for _ in range(2):
        render_benchmark(COLUMNS, again, data=source)
        assert tree(again) == tree(folder)


def test_a_local_file_with_paths_and_data_urls_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.png").write_bytes(picture((9, 9, 9)))
    url = "data:image/png;base64," + base64.b64encode(picture((5, 5, 5))).decode()
    rows = [
        {"question": "First?", "answer": 1.5, "image": "one.png"},
        {"question": "Second?", "answer": 2.5, "image": url},
        {"question": "Third?", "answer": 3.5, "image": "gone.png"},
    ]
    path = write_lines(tmp_path / "bench.jsonl", rows)
    report = render_benchmark(Benchmark(str(path)), tmp_path / "out", limit=3)
    assert (report.rows, dict(report.refused)) == (2, {"image-missing": 1})
    loaded = datasets.load_dataset(str(tmp_path / "out"), "standard", split="test", cache_dir=str(tmp_path / "cache"))
    result = loaded.cast_column("images", UNDECODED)
    assert result["answer"][:] == [1.5, 2.5]
    assert [images[0]["bytes"] for images in result["images"]] == [picture((9, 9, 9)), picture((5, 5, 5))]


@pytest.mark.parametrize(
    ("columns", "error", "says"),
    [
        (Benchmark("demo", question="text", images=()), SourceError, "has no column 'text'; it has key, question"),
        (Benchmark("demo", answer="answers", images=("picture",)), SourceError, "has no column 'picture'"),
        (Benchmark("demo", answer="answers", id="kind", images=()), SourceError, "column 'kind' must be unique"),
    ],
)
def test_a_wrong_definition_is_named(
    source: datasets.Dataset, tmp_path: Path, columns: Benchmark, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        render_benchmark(columns, tmp_path / "out", data=source)
    assert not list((tmp_path / "out").rglob("*.parquet"))


def test_a_folder_that_is_not_ours_is_never_written_into(source: datasets.Dataset, tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(b"meow")
    with pytest.raises(BuildError, match="must be an empty folder"):
        render_benchmark(COLUMNS, tmp_path, data=source)
    assert [path.name for path in tmp_path.iterdir()] == ["cat.jpg"]


def test_a_run_that_was_stopped_can_be_started_again(source: datasets.Dataset, folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "demo"
    with pytest.raises(SourceError, match="must be unique"):
        render_benchmark(Benchmark("demo", answer="answers", id="kind", images=()), again, data=source)
    render_benchmark(COLUMNS, again, data=source)
    (again / "rendered_eval.json").unlink()  # killed before the last file
    (again / "rendered" / "test-00000-of-00001.parquet").write_bytes(b"of another split")
    render_benchmark(COLUMNS, again, data=source)
    assert sorted(path.name for path in again.rglob("*.parquet")) == ["val-00000-of-00001.parquet"] * 2
    assert (again / "rendered_eval.json").read_bytes() == (folder / "rendered_eval.json").read_bytes()


def test_an_own_text_in_the_card_survives_a_rebuild(source: datasets.Dataset, tmp_path: Path) -> None:
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    card = tmp_path / "out" / "README.md"
    marker = "<!-- end of own text -->"
    card.write_text(card.read_text().replace(marker, f"Ask Ada.\n{marker}"))
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    assert "Ask Ada.\n" in card.read_text()


def test_a_card_that_is_no_utf8_stops_before_a_file_is_replaced(source: datasets.Dataset, tmp_path: Path) -> None:
    """Shards were replaced and the record deleted before README.md was read, which ended in a UnicodeDecodeError."""
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    card = tmp_path / "out" / "README.md"
    text = card.read_bytes()
    marker = b"<!-- end of own text -->"
    card.write_bytes(text.replace(marker, b"Ask Ren\xe9.\n" + marker))
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(BuildError, match=r"your own text in README\.md is not UTF-8"):
        render_benchmark(COLUMNS, tmp_path / "out", data=source)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
    card.write_bytes(b"\xff" + text)  # elsewhere it does not matter: the rest of the card is made anew
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    assert card.read_bytes() == text


def test_a_failed_rebuild_leaves_the_earlier_configs(source: datasets.Dataset, tmp_path: Path) -> None:
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(SourceError, match="twice"):
        render_benchmark(COLUMNS, tmp_path / "out", data=[Item("a", "Why?", "x"), Item("a", "How?", "y")])
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_configs_of_another_benchmark_are_not_replaced(source: datasets.Dataset, tmp_path: Path) -> None:
    render_benchmark(COLUMNS, tmp_path / "out", data=source)
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    for other in (replace(COLUMNS, split="test"), replace(COLUMNS, source="another")):
        with pytest.raises(BuildError, match=f"found {other.source}, split {other.split}. Name another folder"):
            render_benchmark(other, tmp_path / "out", data=source)
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
    assert render_benchmark(COLUMNS, tmp_path / "out", data=source).rows > 0


def test_a_row_that_is_no_text_is_refused_not_the_benchmark(tmp_path: Path) -> None:
    items = [
        Item("a", "Why?", "\ud800"),
        Item("b", "What is \ud800?", "x"),
        Item("c", "a\0b", "x"),
        Item("d", "So?", "x"),
    ]
    report = render_benchmark(Benchmark("demo"), tmp_path / "out", data=items)
    assert report.rows == 1
    assert dict(report.refused) == {"encoding": 1, "control:U+0000": 1, "uncovered:U+D800": 1}


def test_every_definition_by_name_names_its_columns() -> None:
    for name, each in BENCHMARKS.items():
        assert each.source.count("/") == 1 or each.md5, name
        assert each.images
        assert {each.question or each.answer, each.answer, each.images[0]} <= set(each.columns)
        assert benchmark_from_dict(json.loads(json.dumps(asdict(each)))) == each
    with pytest.raises(RecipeError, match="benchmark must be one of ai2d"):
        render_benchmark("mmmstar", "nowhere")


def test_evalscope_files_come_in_and_go_out(tmp_path: Path) -> None:
    (tmp_path / "dog.png").write_bytes(picture((7, 7, 7)))
    printed = [{"type": "text", "text": "What animal?"}, {"type": "image_url", "image_url": {"url": "dog.png"}}]
    rows = [
        {"messages": [{"role": "user", "content": printed}], "answer": "Dog"},
        {"question": "<image 1> What is it?", "options": ["School", "Park"], "image_1": "dog.png", "answer": "B"},
        {"question": "Which?", "options": ["<image 1>"], "images": ["dog.png"], "answer": "A"},
        {"question": "Which?", "options": ["<image 2>"], "image_1": "dog.png", "answer": "A"},
        {"messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Who?"}]},
    ]
    items = list(evalscope_items(write_lines(tmp_path / "vqa.jsonl", rows)))
    assert [getattr(item, "reason", "item") for item in items] == [
        "item",
        "item",
        "item",
        "image-missing",
        "no-question",
    ]
    first, second, third = (item for item in items if isinstance(item, Item))
    assert third.text == "Which?\nA. <image 1>"  # the first image that a model is shown
    assert (first.question, first.answer, first.images[0][0]) == ("What animal?", "Dog", picture((7, 7, 7)))
    assert (second.options, second.answer) == (("School", "Park"), "B")
    rendered = make_pair(first, RenderStyle(), Caps()).rendered
    assert write_evalscope([rendered], tmp_path / "out.jsonl") == 1
    (back,) = evalscope_items(tmp_path / "out.jsonl")
    assert isinstance(back, Item | type(items[2]))
    written = json.loads((tmp_path / "out.jsonl").read_text())
    kinds = [part["type"] for part in written["messages"][0]["content"]]
    assert (kinds, written["answer"], written["id"]) == (["image_url", "image_url"], "Dog", "0")
    page = written["messages"][0]["content"][1]["image_url"]["url"].partition(",")[2]
    assert base64.b64decode(page) == rendered["images"][1]["bytes"]
