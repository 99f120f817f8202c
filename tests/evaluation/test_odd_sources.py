"""Benchmarks as they come: columns of other types than one hopes for. A row is right, or refused with the reason."""

import json
from pathlib import Path
from typing import Any

import datasets
import pytest
from counted_work import CountedText, work_grows_with
from evaluation.pair_helpers import picture, write_lines

from lomo_hf.errors import BuildError, RecipeError, RenderError, SourceError
from lomo_hf.evaluation import Benchmark, Item, evalscope_items, render_benchmark, write_evalscope
from lomo_hf.evaluation.rendered.items import Unusable, items_of, plain_question
from lomo_hf.evaluation.rendered.sources import open_benchmark, pinned


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def one_item(row: dict[str, Any], **columns: Any) -> Item | Unusable:
    (item,) = items_of([{"question": "Which?", "answer": "A", **row}], Benchmark("rows", **columns))
    return item


@pytest.mark.parametrize(
    "choices",
    [
        {"text": ["cat", "dog"], "label": ["A", "B"]},  # as ARC has them: its keys were the options
        {"A": "cat", "B": "dog"},
        ["cat", None],
        ["cat", {"bytes": b"", "path": None}],
        ["cat", "<image>"],
        "['cat', 'dog']",
        5,
    ],
)
def test_what_is_no_list_of_texts_is_not_made_into_options(choices: Any) -> None:
    result = one_item({"choices": choices}, options="choices")
    assert isinstance(result, Unusable)
    assert result.reason == "options"


def test_options_may_be_numbers() -> None:
    result = one_item({"choices": [1, 2.5, True, "x"]}, options="choices")
    assert isinstance(result, Item)
    assert result.options == ("1", "2.5", "True", "x")


def test_a_text_that_is_neither_path_nor_image_refuses_its_row() -> None:
    for path, reason in (
        ("a\0b.png", "image-missing"),
        ("x" * 5_000, "image-missing"),
        ("iVBORw0KGgo" * 500, "image-unread"),
    ):
        result = one_item({"image": path})
        assert isinstance(result, Unusable)
        assert result.reason == reason
        assert len(result.detail) < 200


def test_images_are_read_beside_the_file_and_from_bytes(tmp_path: Path) -> None:
    data = picture((1, 2, 3))
    (tmp_path / "a.png").write_bytes(data)
    source = write_lines(tmp_path / "rows.jsonl", [{}])
    rows = [{"question": "Which?", "answer": "A", "image": [{"path": "a.png", "bytes": None}, "a.png", data]}]
    (item,) = items_of(rows, Benchmark(str(source)))
    assert isinstance(item, Item)
    assert [image for image, _ in item.images] == [data] * 3


def test_placeholders_at_the_ends_cost_no_copies() -> None:
    """A text of nothing else was copied once for each of them."""
    for question in (
        lambda n: "<image>" * n + " What is it? " + " <image>" * n,
        lambda n: "<image>" * n,
        lambda n: " " * n + "<image>" * n,
    ):
        assert work_grows_with(plain_question, CountedText(question(500)), CountedText(question(2_000)))
    assert plain_question("<image>" * 1_400_000 + " What is it? " + " <image>" * 100_000) == "What is it?"
    assert plain_question("<image>" * 1_400_000) == ""
    assert plain_question(" as it is\n") == " as it is\n"
    with pytest.raises(RenderError, match="between its words"):
        plain_question("<image> is <image> larger?")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("empty.jsonl", "", "empty.jsonl is empty"),
        ("broken.jsonl", "{nope\n", "JSON parse error.*Check the file"),
        ("half.jsonl", '{"question": "a\\ud800"}\n', "surrogate.*Check the file"),
    ],
)
def test_a_broken_file_is_named_with_what_is_broken(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=says):
        open_benchmark(Benchmark(str(tmp_path / name)))


def test_a_file_that_is_not_there_is_not_looked_for_on_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "load_dataset", lambda *_args, **_named: pytest.fail("asked the Hub"))
    with pytest.raises(SourceError, match="there is no such file"):
        open_benchmark(Benchmark("nowhere.jsonl"))


def test_without_a_network_the_cache_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from httpx2 import ConnectError

    def fail(*_args: object, **_named: object) -> None:
        raise ConnectError("no route")

    monkeypatch.setattr(huggingface_hub.HfApi, "dataset_info", fail)
    assert pinned(Benchmark("org/name")).revision is None
    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(SourceError, match="org/name cannot be loaded"):
        open_benchmark(Benchmark("org/name"))


def test_where_no_row_can_be_rendered_the_first_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"\{'image-missing': 1\}.*'0': the image 'no.png' cannot be read"):
        render_benchmark(Benchmark("demo"), tmp_path / "out", data=items_of([_row(image="no.png")], Benchmark("demo")))


def _row(**more: Any) -> dict[str, Any]:
    return {"question": "Which?", "answer": "A", **more}


def test_answers_of_mixed_types_stay_as_they_are(tmp_path: Path) -> None:
    """`datasets` reads such a column as JSON (and takes "12" for 12 then, before we see it)."""
    answers: list[Any] = [12, "A", [1, "x"], {"a": None}, True, 'a "quoted" text']
    rows = [{"question": f"Question {index}?", "answer": answer} for index, answer in enumerate(answers)]
    source = write_lines(tmp_path / "rows.jsonl", rows)
    assert render_benchmark(Benchmark(str(source)), tmp_path / "configs").rows == len(rows)
    for carrier in ("standard", "rendered"):
        result = datasets.load_dataset(str(tmp_path / "configs"), carrier, split="test")
        assert list(result["answer"]) == answers


@pytest.mark.parametrize(("kind", "mark"), [("csv", ","), ("tsv", "\t")])
def test_cells_of_a_table_stay_the_text_that_they_are(tmp_path: Path, kind: str, mark: str) -> None:
    """An answer "None" was none, a category "NA" too, and id 007 became 7."""
    rows = [
        ("id", "question", "answer", "topic", "image"),
        ("007", '"Who, then?"', "None", "NA", ""),
        ("", "NULL?", "0042", "", ""),
    ]
    file = tmp_path / f"rows.{kind}"
    file.write_text("\ufeff" + "".join(mark.join(row) + "\n" for row in rows), encoding="utf-8")
    chosen = Benchmark(str(file), id="id", category="topic")
    result = list(items_of(open_benchmark(chosen), chosen))
    assert result == [Item("007", "Who, then?", "None", category="NA"), Item("1", "NULL?", "0042")]
    file.write_text(mark.join(("question", "question", "answer")) + "\n")
    with pytest.raises(SourceError, match="two columns 'question'"):
        open_benchmark(chosen)


def test_configs_made_again_are_loaded_as_they_are_now(tmp_path: Path) -> None:
    """`datasets` keeps what it loaded from a folder of that name; one letter of one answer must be enough."""
    for folder in ("here/configs", "here/configs", "there/configs"):
        for answer in "AB":
            out = tmp_path / folder
            render_benchmark(Benchmark("demo"), out, data=[Item("1", "Is it?", answer)])
            for carrier in ("standard", "rendered"):
                assert list(datasets.load_dataset(str(out), carrier, split="test")["answer"]) == [answer]


def test_items_of_ones_own_are_held_to_the_same_rules(tmp_path: Path) -> None:
    twice = [Item("1", "Is it?", "A"), Item("1", "Or is it?", "B")]
    with pytest.raises(SourceError, match="found '1' twice"):
        render_benchmark(Benchmark("demo"), tmp_path / "twice", data=twice)
    odd = [Item("1", "Is it?", "A", ((picture((1, 2, 3)), "\udcff.png"),)), Item("2", "Or is it?", "B")]
    assert dict(render_benchmark(Benchmark("demo"), tmp_path / "odd", data=odd).refused) == {"encoding": 1}


def test_odd_rows_of_evalscope_are_refused_one_by_one(tmp_path: Path) -> None:
    rows = [
        {"question": "fine?", "options": '["a", "b"]', "answer": "A"},
        {"question": "python?", "options": "['a', 'b']", "answer": "A"},
        {"question": "number?", "options": 5, "answer": "A"},
        {"question": "mapping?", "options": {"A": "a"}, "answer": "A"},
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hm?"}]},
    ]
    result = list(evalscope_items(write_lines(tmp_path / "rows.jsonl", rows)))
    assert [getattr(each, "options", None) or getattr(each, "reason", None) for each in result] == [
        ("a", "b"), "options", "options", "options", "no-question",
    ]  # fmt: skip
    assert "one user message" in result[-1].detail  # type: ignore[union-attr]


def test_a_file_of_evalscope_that_is_no_text_is_an_error_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"question": "a", "answer": 1}\n\xff\xfe\n')
    with pytest.raises(SourceError, match="line 2 of rows"):
        list(evalscope_items(tmp_path / "rows.jsonl"))


def test_decoded_images_are_refused_with_the_remedy(tmp_path: Path) -> None:
    render_benchmark(Benchmark("demo"), tmp_path / "configs", data=[Item("1", "Is it?", "A", ((_gif(), "a.gif"),))])
    rows = datasets.load_dataset(str(tmp_path / "configs"), "rendered", split="test")
    with pytest.raises(RecipeError, match=r"Image\(decode=False\)"):
        write_evalscope(rows, tmp_path / "rendered.jsonl")
    undecoded = rows.cast_column("images", datasets.List(datasets.Image(decode=False)))
    assert write_evalscope(undecoded, tmp_path / "rendered.jsonl") == 1
    printed = json.loads((tmp_path / "rendered.jsonl").read_text())["messages"][0]["content"]
    assert [part["image_url"]["url"][:15] for part in printed] == ["data:image/gif;", "data:image/png;"]


def _gif() -> bytes:
    from io import BytesIO

    from PIL import Image

    buffer = BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "GIF")
    return buffer.getvalue()
