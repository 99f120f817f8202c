"""The paper's thirteen benchmarks: from rows of their published shape, paired, the whole text question on a page."""

import base64
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import datasets
import numpy as np
import pytest
from evaluation.upstream_rows import TABLES, mmlongbench_doc, write_mm_ifeval, write_pdf
from PIL import Image

from lomo_hf.errors import RecipeError, RenderError, SourceError, UsageError
from lomo_hf.evaluation import (
    BENCHMARKS,
    SUITES,
    Benchmark,
    Documents,
    Item,
    RenderedReport,
    find_benchmark,
    make_pair,
    render_benchmark,
    render_suite,
    suite_names,
)
from lomo_hf.recipes import Caps, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

UNDECODED = datasets.List(datasets.Image(decode=False))
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    monkeypatch.setattr(datasets.config, "DOWNLOADED_DATASETS_PATH", tmp_path / "downloads")
    monkeypatch.setenv("LMUData", str(tmp_path / "no-lmudata"))


def loaded(folder: Path, split: str) -> Rows:
    return {
        name: list(datasets.load_dataset(str(folder), name, split=split).cast_column("images", UNDECODED))
        for name in ("standard", "rendered")
    }


def rendered(name: str, out: Path, **more: Any) -> tuple[RenderedReport, Rows]:
    report = render_benchmark(name, out, data=TABLES[name](), **more)
    return report, loaded(out, find_benchmark(name).split)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)))


def page_of(words: str) -> np.ndarray:
    whole = select_spans(words, "full")
    return render_span(whole.prompt, whole.spans[0], RenderStyle(), Caps()).pixels


def test_the_suite_is_the_papers_thirteen() -> None:
    assert list(SUITES["lomo13"]) == [
        *("MMMU", "MMMU-Pro", "MathVista", "ZeroBench", "We-Math", "SimpleVQA", "HallusionBench", "MM-IFEval"),
        *("MMLongBench-Doc", "DocVQA", "CC-OCR", "V*", "CountBench"),
    ]
    names = suite_names("lomo13")
    assert len(names) == len(set(names)) == 18
    assert set(names) <= set(BENCHMARKS)
    assert set(names) == {*TABLES, "mm-ifeval", "mmlongbench-doc"}


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_published_shape_becomes_a_pair(name: str, tmp_path: Path) -> None:
    report, rows = rendered(name, tmp_path / "out")
    assert not report.refused
    assert report.rows == len(TABLES[name]())
    source = list(TABLES[name]())
    benchmark = find_benchmark(name)
    for row, standard, page in zip(source, rows["standard"], rows["rendered"], strict=True):
        assert standard["id"] == page["id"]
        assert standard["answer"] == page["answer"] == row[benchmark.answer]
        assert standard["metadata"] == page["metadata"]
        originals = [image["bytes"] for image in standard["images"] or ()]
        assert [image["bytes"] for image in page["images"]][:-1] == originals
        # The whole text question is on the page, and what a model is given besides is images alone.
        words = standard["messages"][0]["content"][-1]["text"]
        assert {part["type"] for part in page["messages"][0]["content"]} == {"image"}
        assert page["prompt"] == "<image>" * (len(originals) + 1)
        assert standard["prompt"] == "<image>" * len(originals) + words
        assert np.array_equal(pixels(page["images"][-1]["bytes"]), page_of(words))
    assert "**Options are on the page**" in (tmp_path / "out" / "README.md").read_text()
    assert json.loads((tmp_path / "out" / "rendered_eval.json").read_text())["options"] == "page"


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        (
            "mmmu", 0,
            "<image 1> shows the graph of $f(x)=\\frac{1}{2}x^2$. Which line is its axis of symmetry?\nA. $x=0$\n"
            "B. $y=0$\nC. $x=1$\nD. it's none of these",
        ),
        (
            "mmmu", 1,
            "Select the correct tuning of a violin.\nA. <image 1>\nB. <image 2>\nC. <image 3>\nD. <image 4>",
        ),
        ("mmmu", 2, "The choices of seven students are in <image 1>. How many days are needed at least?"),
        (
            "mathvista", 1,
            "As shown in the figure, $AB\\parallel CD$ and $\\angle 1=50^{\\circ}$. Find $\\angle 2$.\n"
            "A. 40°\nB. 50°\nC. 130°\nD. No correct answer",
        ),
        (
            "we-math", 0,
            "As shown in the diagram, the circumference of a circle is 6.28 cm. Its radius is (  ) cm.\n"
            "A. 1 cm;B. 1.5 cm; C. 2π cm;    D. Cannot be determined; E. No correct answer",
        ),
        ("mmmu-pro-vision", 0, find_benchmark("mmmu-pro-vision").fixed_question),
        ("simplevqa", 0, "图中的建筑位于哪个城市？"),
    ],
)  # fmt: skip
def test_the_words_are_the_sources_with_lettered_options(name: str, at: int, words: str, tmp_path: Path) -> None:
    _, rows = rendered(name, tmp_path / "out")
    assert rows["standard"][at]["messages"][0]["content"][-1]["text"] == words


def test_ten_options_have_letters_up_to_j(tmp_path: Path) -> None:
    _, rows = rendered("mmmu-pro-10", tmp_path / "out")
    lines = rows["standard"][0]["prompt"].splitlines()
    assert [line[:2] for line in lines[1:]] == [f"{letter}." for letter in "ABCDEFGHIJ"]


def test_options_can_stay_text_and_the_card_says_so(tmp_path: Path) -> None:
    _, rows = rendered("mmmu", tmp_path / "out", options="text")
    page = rows["rendered"][0]
    assert page["prompt"] == "<image><image>\nA. $x=0$\nB. $y=0$\nC. $x=1$\nD. it's none of these"
    assert np.array_equal(pixels(page["images"][-1]["bytes"]), page_of(page["question"]))
    assert rows["standard"][0]["prompt"] == page["prompt"].replace("<image><image>", "<image>" + page["question"])
    assert "**Options are text in both configs**" in (tmp_path / "out" / "README.md").read_text()
    with pytest.raises(RecipeError, match="options must be one of page, text; found 'both'"):
        render_benchmark("mmmu", tmp_path / "other", data=TABLES["mmmu"](), options="both")


@pytest.mark.parametrize(
    ("question", "options", "typeset"),
    [
        ("How much (in $)?", ("5$", "6$"), "How much (in $)?\nA. 5$\nB. 6$"),
        ("Which?", ("$6x", "7x$"), "Which?\n\nA. $6x\n\nB. 7x$"),
        ("Which?", ("$6", "$7 million", "-$8/$9"), "Which?\nA. $6\nB. $7 million\nC. -$8/$9"),
        ("Find $x$.", ("$x=\\frac{1}{2}$", "$5"), "Find $x$.\nA. $x=\\frac{1}{2}$\nB. $5"),
    ],
)
def test_no_formula_reaches_from_one_option_into_another(
    question: str, options: tuple[str, ...], typeset: str
) -> None:
    """Side by side on a page, the dollars of two options made one formula of what stood between them."""
    pair = make_pair(Item("1", question, "A", options=options), RenderStyle(), Caps())
    assert np.array_equal(pixels(pair.rendered["images"][0]["bytes"]), page_of(typeset))
    assert pair.standard["prompt"] == typeset.replace("\n\n", "\n")
    with pytest.raises(RenderError, match="over the border between options"):
        make_pair(Item("1", "Set \\(a", "A", options=("b\\)", "c")), RenderStyle(), Caps())


def test_bare_base64_becomes_the_image_that_it_is(tmp_path: Path) -> None:
    for name in ("simplevqa", "cc-ocr-kie"):
        _, rows = rendered(name, tmp_path / name)
        for source, row in zip(TABLES[name](), rows["standard"], strict=True):
            assert row["images"][0]["bytes"] == base64.b64decode(source["image"])


def test_ids_are_unique_where_upstreams_own_are_not(tmp_path: Path) -> None:
    """An ID of We-Math is shared by the steps of a problem, a name of CC-OCR by its subsets."""
    expected = {
        "we-math": ["2steps_1/2steps_1", "2steps_1/2steps_2", "2steps_1/2steps_multi"],
        "cc-ocr-kie": ["X001.jpg/constrained_category/sroie2019_word", "X001.jpg/constrained_category/CORD"],
        "vstar": ["0/direct_attributes", "0/relative_position"],
        "hallusionbench": ["0"],
        "countbench": ["0"],
    }
    for name, ids in expected.items():
        _, rows = rendered(name, tmp_path / name)
        assert [row["id"] for row in rows["standard"]] == ids


def test_what_a_judge_reads_is_kept(tmp_path: Path) -> None:
    _, rows = rendered("we-math", tmp_path / "we-math")
    kept = json.loads(rows["rendered"][2]["metadata"])
    assert (kept["key"], kept["question number"], kept["ID"]) == ("2steps_multi", 3, "2steps_1")
    _, rows = rendered("mathvista", tmp_path / "mathvista")
    kept = json.loads(rows["rendered"][0]["metadata"])
    assert (kept["precision"], kept["metadata"]["context"]) == (None, "scientific figure")


def test_a_reference_to_an_image_that_is_not_there_refuses_the_row(tmp_path: Path) -> None:
    """With image_1 empty, `<image 2>` would be the first image that a model is shown."""
    rows = list(TABLES["mmmu"]())
    rows[0]["image_1"], rows[0]["image_2"] = None, rows[0]["image_1"]
    rows[1]["image_4"] = None
    changed = datasets.Dataset.from_list(rows, features=TABLES["mmmu"]().features)
    report = render_benchmark("mmmu", tmp_path / "out", data=changed)
    assert dict(report.refused) == {"image-missing": 2}
    details = [json.loads(line)["detail"] for line in (tmp_path / "out" / "refused.jsonl").read_text().splitlines()]
    assert "image_1 is empty" in details[0]
    assert "<image 4>, and the row has 3 images" in details[1]


@pytest.mark.parametrize(
    "options", ["['a', 'b'", "{'A': 'a'}", "5", "[['a']]", "[" * 60_000, "['a'" + ",'a'" * 30 + "]"]
)
def test_options_that_are_no_list_refuse_the_row_not_the_benchmark(options: str, tmp_path: Path) -> None:
    rows = list(TABLES["mmmu"]())
    rows[0]["options"] = options
    changed = datasets.Dataset.from_list(rows, features=TABLES["mmmu"]().features)
    assert dict(render_benchmark("mmmu", tmp_path / "out", data=changed).refused) == {"options": 1}


# -- documents -------------------------------------------------------------------------------------------------------


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """The repository of MMLongBench-Doc: samples.json, and documents/ beside it."""
    (tmp_path / "data" / "documents").mkdir(parents=True)
    write_pdf(tmp_path / "data" / "documents" / "report.pdf", pages=4)
    (tmp_path / "data" / "samples.json").write_text(json.dumps(mmlongbench_doc()))
    return tmp_path / "data" / "samples.json"


def numbers_on(images: list[dict[str, Any]]) -> list[int]:
    """Which pages these are: by the ink of the number on each, compared with the pages drawn alone."""
    return [int(image["path"].removeprefix("report-").removesuffix(".png")) for image in images]


def test_every_page_of_a_document_is_shown_before_the_question(reports: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = render_suite("lomo13", out, only=["MMLongBench-Doc"], sources={"mmlongbench-doc": str(reports)})
    assert not report.missing
    rows = loaded(out / "mmlongbench-doc", "train")
    for carrier, pages in (("standard", 4), ("rendered", 5)):
        assert [len(row["images"]) for row in rows[carrier]] == [pages, pages]
    images = rows["standard"][0]["images"]
    assert numbers_on(images) == [1, 2, 3, 4]
    sizes = {Image.open(BytesIO(image["bytes"])).size for image in images}
    assert sizes == {(612, 792)}  # 306 x 396 points at 144 dpi
    assert len({image["bytes"] for image in images}) == 4
    assert json.loads(rows["rendered"][0]["metadata"])["evidence_pages"] == "[2]"
    assert "pypdfium2" in json.loads((out / "mmlongbench-doc" / "rendered_eval.json").read_text())["engines"]


def test_only_evidence_pages_or_the_first_can_be_shown(reports: Path, tmp_path: Path) -> None:
    base = find_benchmark("mmlongbench-doc")
    for documents, shown, refused in (
        (Documents("documents", pages="evidence_pages"), [[2]], {"document-page": 1}),
        (Documents("documents", most=3), [[1, 2, 3], [1, 2, 3]], {}),
    ):
        benchmark = Benchmark(
            str(reports), split="train", images=("doc_id",), category=base.category, documents=documents
        )
        report = render_benchmark(benchmark, tmp_path / f"out-{documents.most}")
        assert dict(report.refused) == refused
        rows = loaded(report.folder, "train")["standard"]
        assert [numbers_on(row["images"]) for row in rows] == shown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"doc_id": "../secret.pdf"}, "document-missing"),
        ({"doc_id": "gone.pdf"}, "document-missing"),
        ({"doc_id": "broken.pdf"}, "document-unread"),
        ({"evidence_pages": "[9]"}, "document-page"),
        ({"evidence_pages": "[0]"}, "document-page"),
        ({"evidence_pages": "all"}, "document-page"),
    ],
)
def test_a_document_that_cannot_be_shown_refuses_its_row(
    reports: Path, tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    write_pdf(reports.parent / "secret.pdf", pages=1)
    (reports.parent / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    first, _ = mmlongbench_doc()
    reports.write_text(json.dumps([first, {**first, **change}]))
    documents = Documents("documents", pages="evidence_pages")
    benchmark = Benchmark(str(reports), split="train", images=("doc_id",), documents=documents)
    report = render_benchmark(benchmark, tmp_path / "out")
    assert (report.rows, dict(report.refused)) == (1, {reason: 1})


# -- a table behind a URL --------------------------------------------------------------------------------------------


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A server on the loopback, and the folder that it serves."""
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def mm_ifeval(source: str, md5: str | None = None) -> Benchmark:
    from dataclasses import replace

    return replace(find_benchmark("mm-ifeval"), source=source, md5=md5)


def test_a_table_of_vlmevalkit_is_read_from_a_file_and_from_its_url(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    write_mm_ifeval(folder / "MM-IFEval.tsv")
    contents = []
    for number, source in enumerate((str(folder / "MM-IFEval.tsv"), f"{url}/MM-IFEval.tsv")):
        report = render_benchmark(mm_ifeval(source), tmp_path / f"out-{number}")
        assert (report.rows, dict(report.refused)) == (3, {})
        rows = loaded(report.folder, "test")["standard"]
        assert [row["id"] for row in rows] == ["0", "1", "2"]
        assert [row["category"] for row in rows] == ["C-Level", "C-Level", "P-Level"]
        assert '2. Mention "two" colours, and no price in $.' in rows[0]["prompt"]
        # The second row names the first as the owner of its image.
        assert rows[0]["images"][0]["bytes"] == rows[1]["images"][0]["bytes"] != rows[2]["images"][0]["bytes"]
        kept = json.loads(rows[1]["metadata"])
        assert (kept["infer_type"], kept["del_cons"], kept["id"]) == ("aux_cmp_gpt", "length", "12")
        contents.append(json.loads((report.folder / "rendered_eval.json").read_text())["content"])
    assert contents[0] == contents[1]


def test_a_file_with_another_digest_is_refused(served: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = served
    write_mm_ifeval(folder / "MM-IFEval.tsv")
    with pytest.raises(
        SourceError, match=r"MM-IFEval.tsv must have the MD5 0{32}.*found [0-9a-f]{32}\. Fetch it again"
    ):
        render_benchmark(mm_ifeval(f"{url}/MM-IFEval.tsv", "0" * 32), tmp_path / "out")
    with pytest.raises(SourceError, match=r"none.tsv cannot be had .* name it as the source"):
        render_benchmark(mm_ifeval(f"{url}/none.tsv"), tmp_path / "out")


def test_a_copy_of_vlmevalkit_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMUData", str(tmp_path))
    write_mm_ifeval(tmp_path / "MM-IFEval.tsv")
    assert render_benchmark(mm_ifeval("https://nowhere.invalid/MM-IFEval.tsv"), tmp_path / "out").rows == 3


# -- suites ----------------------------------------------------------------------------------------------------------


def test_a_suite_makes_what_can_be_had_and_says_why_the_rest_cannot(tmp_path: Path) -> None:
    local: dict[str, str] = {}
    for name in ("mmmu", "vstar", "simplevqa"):
        path = tmp_path / f"{name}.parquet"
        TABLES[name]().to_parquet(path)
        local[name] = str(path)
    local["countbench"] = str(tmp_path / "nowhere.parquet")
    heard: list[str] = []
    report = render_suite(
        "lomo13", tmp_path / "out", only=["MMMU", "V*", "SimpleVQA", "CountBench"], sources=local, started=heard.append
    )
    assert heard == ["mmmu", "simplevqa", "vstar", "countbench"]
    assert {name: result.rows for name, result in report.rendered.items()} == {"mmmu": 3, "simplevqa": 2, "vstar": 2}
    assert list(report.missing) == ["countbench"]
    assert report.missing["countbench"].startswith("nowhere.parquet does not exist. Give a file here")
    record = json.loads((tmp_path / "out" / "suite.json").read_text())
    assert record["made"]["mmmu"] == {"rows": 3, "refused": {}}
    assert list(record["missing"]) == ["countbench"]
    assert str(tmp_path) not in json.dumps(record)
    again = render_suite("lomo13", tmp_path / "out", only=["mmmu"], sources={"mmmu": local["mmmu"]})
    assert again.rendered["mmmu"].rows == 3


def test_parts_of_a_suite_are_named_as_the_paper_does_or_by_definition() -> None:
    assert suite_names("lomo13", ["cc-ocr"]) == tuple(name for name in TABLES if name.startswith("cc-ocr-"))
    assert suite_names("lomo13", ["mmmu-pro"]) == ("mmmu-pro-10", "mmmu-pro-4", "mmmu-pro-vision")
    assert suite_names("lomo13", ["mmmu-pro-4", "v*"]) == ("mmmu-pro-4", "vstar")
    with pytest.raises(UsageError, match=r"only must name benchmarks of lomo13: MMMU, .*; found 'MMLU'"):
        suite_names("lomo13", ["MMLU"])
    with pytest.raises(RecipeError, match="suite must be one of lomo13; found 'lomo12'"):
        suite_names("lomo12")
    with pytest.raises(UsageError, match="sources must name definitions"):
        render_suite("lomo13", "nowhere", only=["V*"], sources={"mmmu": "x"})
