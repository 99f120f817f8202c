"""From a pair of configs to a number by way of the harnesses: what is written is what they read, and back."""

import base64
import csv
import importlib.util
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from evaluation.upstream_rows import TABLES
from PIL import Image

from lomo_hf.errors import LomoError, RecipeError, SourceError
from lomo_hf.evaluation import (
    Benchmark,
    Item,
    Outcome,
    carrier_sensitivity,
    evalscope_items,
    match_answer,
    open_folder,
    read_questions,
    read_results,
    render_benchmark,
    write_harness,
)

NAMES = ("mmmu", "we-math", "vstar", "docvqa", "cc-ocr-kie", "countbench")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of rendered benchmarks, by the names of their definitions."""
    root = tmp_path_factory.mktemp("rendered")
    for name in NAMES:
        render_benchmark(name, root / name, data=TABLES[name]())
    return root


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# -- a plain match ---------------------------------------------------------------------------------------------------

RIGHT = [
    ("B", "B", ["x", "y"]),
    ("(b) y", "B", ["x", "y"]),
    ("B. y", "B", ["x", "y"]),
    ("y", "B", ["x", "y"]),
    ("B", "y", ["x", "y"]),
    ("The answer is B", "B", ["x", "y"]),
    ("A is wrong.\nAnswer: **B**", "B", ["x", "y"]),
    ("so\n\\boxed{B}. The answer is clear.", "B", ["x", "y"]),
    ("答案如下\nAnswer：C", "C", ()),
    ("C) kevlar", "C", ()),
    ("$x=0$", "A", ["$x=0$", "$y=0$"]),
    ("130°", "130°", ["40°", "130°"]),
    ("9.0", "9", ()),
    ("nine", "9", ()),
    ("1,200", "1200", ()),
    ("Yes, it is.", "1", ()),
    ("No.", "0", ()),
    (".28", ["0.28", "x"], ()),
    (".28", '["0.28"]', ()),
    ("ANSWER: Xi'an.", "xi'an", ()),
]
WRONG = [
    ("A dog", "A", ["x", "y"]),
    ("Bicycle", "B", ["car", "bus"]),
    ("I think C", "C", ["1", "2", "3"]),
    ("E", "B", ["a", "b"]),
    ("9 pears", "9", ()),
    ("no", "1", ()),
    ("-42", "42", ()),
    ("answer: A\nNo, wait. Answer: C", "A", ["a", "b", "c"]),
    ("The answer is not B", "B", ["a", "b"]),
    ("", "", ()),
    ("B", "", ()),
]


@pytest.mark.parametrize(("prediction", "answer", "options"), RIGHT)
def test_an_answer_matches_in_the_forms_that_models_give_it(prediction: str, answer: Any, options: list[str]) -> None:
    assert match_answer(prediction, answer, options)


@pytest.mark.parametrize(("prediction", "answer", "options"), WRONG)
def test_what_is_no_answer_does_not_match(prediction: str, answer: Any, options: list[str]) -> None:
    assert not match_answer(prediction, answer, options)


def test_a_prediction_of_any_length_and_shape_is_marked(tmp_path: Path) -> None:
    for prediction in ("answer " * 1_000_000, "[" * 1_000_000, "\\boxed{" * 100_000, "\0\ud800", "9" * 100_000):
        assert not match_answer(prediction, "B", ["x", "y"])


# -- EvalScope -------------------------------------------------------------------------------------------------------


def test_evalscope_reads_the_parts_in_order_and_our_reader_gives_them_back(rendered: Path, tmp_path: Path) -> None:
    standard, pages = write_harness(rendered / "mmmu", "evalscope", tmp_path)
    lines = [json.loads(line) for line in pages.read_text().splitlines()]
    for line, row in zip(lines, open_folder(rendered / "mmmu").rows_of("rendered"), strict=True):
        *images, instruction = line["messages"][0]["content"]
        urls = [part["image_url"]["url"].partition(",")[2] for part in images]
        assert [base64.b64decode(url) for url in urls] == [image["bytes"] for image in row["images"]]
        assert instruction["text"].startswith("Answer with the option's letter")
        assert (line["id"], line["answer"]) == (row["id"], row["answer"])
    words = [item.question for item in evalscope_items(standard) if isinstance(item, Item)]
    expected = [row["prompt"].replace("<image>", "") for row in open_folder(rendered / "mmmu").rows_of("standard")]
    assert [text.rpartition("\n")[0] for text in words] == expected


def test_reviews_of_evalscope_are_paired_by_the_number_of_the_question(rendered: Path, tmp_path: Path) -> None:
    """A general_vqa review scores by overlap of words, and names neither id nor category."""

    def review(index: int, prediction: str) -> dict[str, Any]:
        score = {"value": {"Rouge-L-R": 0.4, "bleu-1": 0.1}, "prediction": prediction, "main_score_name": "Rouge-L-R"}
        return {"index": index, "target": "?", "sample_score": {"sample_id": index, "score": score}}

    file = write_lines(tmp_path / "r.jsonl", [review(2, "4"), review(0, "A"), review(1, "Answer: B")])
    questions = read_questions(rendered / "mmmu")
    outcomes = read_results(file, questions=questions, score="match")
    assert list(outcomes.values()) == [
        Outcome("validation_Accounting_3", 1.0, "Managerial"),
        Outcome("validation_Math_1", 1.0, "Managerial"),
        Outcome("validation_Music_2", 0.0, "Managerial"),
    ]
    assert [each.score for each in read_results(file, score="bleu-1").values()] == [0.1] * 3
    with pytest.raises(SourceError, match=r"id '9' of r\.jsonl is none of the benchmark's 3 questions"):
        read_results(write_lines(tmp_path / "r.jsonl", [review(9, "A")]), questions=questions)


# -- lmms-eval -------------------------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Leaves the names of functions as they are."""


_Loader.add_constructor("!function", lambda loader, node: f"function {loader.construct_scalar(node)}")


def module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_task_names_its_config_its_functions_and_its_metrics(rendered: Path, tmp_path: Path) -> None:
    files = write_harness(rendered / "mmmu", "lmms-eval", tmp_path, dataset="org/lomo-mmmu")
    assert sorted(path.name for path in files) == [
        *("lomo_mmmu.yaml", "lomo_mmmu_rendered.yaml", "lomo_mmmu_standard.yaml", "lomo_mmmu_task.py"),
    ]
    tasks = {
        carrier: yaml.load((tmp_path / f"lomo_mmmu_{carrier}.yaml").read_text(), _Loader)
        for carrier in ("standard", "rendered")
    }
    for carrier, task in tasks.items():
        assert (task["dataset_path"], task["dataset_name"]) == ("org/lomo-mmmu", carrier)
        assert task["test_split"] == "validation"
        assert [metric["metric"] for metric in task["metric_list"]] == ["lomo_match", "mmmu_acc"]
        assert task["metric_list"][1]["aggregation"] == "function lmms_eval.tasks.mmmu.utils.mmmu_aggregate_results"
    same = [
        {key: value for key, value in task.items() if key not in ("task", "dataset_name")} for task in tasks.values()
    ]
    assert same[0] == same[1]  # the runs differ in the carrier alone
    group = yaml.safe_load((tmp_path / "lomo_mmmu.yaml").read_text())
    assert group == {"group": "lomo_mmmu", "task": ["lomo_mmmu_standard", "lomo_mmmu_rendered"]}
    files = write_harness(rendered / "mmmu", "lmms-eval", tmp_path / "own", upstream=False)
    assert "from lmms_eval" not in "".join(path.read_text() for path in files if path.suffix == ".py")


def test_a_task_gives_a_model_the_images_and_then_the_words(rendered: Path, tmp_path: Path) -> None:
    write_harness(rendered / "we-math", "lmms-eval", tmp_path)
    task = module_of(tmp_path / "lomo_we_math_task.py")
    for carrier, images in (("standard", 1), ("rendered", 2)):
        for row in open_folder(rendered / "we-math").rows_of(carrier):
            decoded = [Image.open(io.BytesIO(image["bytes"])) for image in row["images"]]
            doc = {**row, "images": decoded}
            (message,) = task.doc_to_messages(doc, {"post_prompt": "\nAnswer with a letter."})
            *shown, words = message["content"]
            assert [part["url"].size for part in shown] == [image.size for image in decoded]
            assert len(shown) == images
            expected = "Answer with a letter."
            if carrier == "standard":
                expected = row["messages"][0]["content"][-1]["text"] + "\n" + expected
            assert words["text"] == expected
            assert task.doc_to_target(doc) == "A"
            original = task.original(doc)
            assert (original["question"], original["answer"], original["key"]) == (
                row["question"],
                "A",
                row["category"],
            )
            assert task.process_results(doc, ["Answer: A"])["lomo_match"] == {
                "id": row["id"], "category": row["category"], "score": 1.0,
            }  # fmt: skip
    assert task.mean_score([{"score": 1.0}, {"score": 0.0}]) == 0.5


def test_a_prompt_of_images_alone_has_no_empty_text(rendered: Path, tmp_path: Path) -> None:
    write_harness(rendered / "vstar", "lmms-eval", tmp_path)
    task = module_of(tmp_path / "lomo_vstar_task.py")
    row = next(open_folder(rendered / "vstar").rows_of("rendered"))
    doc = {**row, "images": [Image.open(io.BytesIO(image["bytes"])) for image in row["images"]]}
    (message,) = task.doc_to_messages(doc, {"post_prompt": ""})
    assert [part["type"] for part in message["content"]] == ["image", "image"]


def test_logged_samples_of_lmms_eval_are_read(rendered: Path, tmp_path: Path) -> None:
    """As lmms-eval 0.7.3 writes them: the row itself is left out, so that only our metric knows the id."""

    def sample(number: int, **metrics: Any) -> dict[str, Any]:
        line = {"doc_id": number, "target": "B", "filtered_resps": "Answer: B", "token_counts": [None]}
        return {**line, "doc_hash": "74234e98", **metrics, "input": "Answer with a letter."}

    ours = [sample(n, lomo_match={"id": f"q{n}", "category": "c", "score": n % 2}, acc={"x": 1}) for n in range(3)]
    file = write_lines(tmp_path / "samples.jsonl", ours)
    assert list(read_results(file).values()) == [Outcome(f"q{n}", float(n % 2), "c") for n in range(3)]
    assert [each.score for each in read_results(file, score="match").values()] == [1.0] * 3
    theirs = [sample(0, exact_match=1.0), sample(1, exact_match=0.0)]
    assert [each.score for each in read_results(write_lines(file, theirs)).values()] == [1.0, 0.0]
    assert list(read_results(file, questions=read_questions(rendered / "vstar"))) == [
        *("0/direct_attributes", "0/relative_position"),
    ]
    scored = [sample(0, zerobench_exact_match={"question_id": "7", "score": 0.5})]
    assert [each.score for each in read_results(write_lines(file, scored)).values()] == [0.5]
    several = [sample(0, f1=0.5, acc=1.0, judged={"answer": "B"})]
    with pytest.raises(SourceError, match=r"its metrics are f1, acc, judged\. Name one: --score-column"):
        read_results(write_lines(file, several))
    assert read_results(file, score="f1")["0"].score == 0.5


RUN = """
import json, sys
from types import SimpleNamespace
import lmms_eval.evaluator as evaluator, lmms_eval.tasks as tasks
from lmms_eval.api.model import lmms
from lmms_eval.loggers.evaluation_tracker import EvaluationTracker

class Stub(lmms):
    is_simple = False
    shown = []
    def generate_until(self, requests):
        for request in requests:
            _, messages, _, number, task, split = request.args
            self.shown.append(messages(self.task_dict[task][split][number]))
        return ["Answer: A" for _ in requests]
    def loglikelihood(self, *_): raise NotImplementedError
    def generate_until_multi_round(self, *_): raise NotImplementedError

manager = tasks.TaskManager(include_path=sys.argv[1])
where = SimpleNamespace(output_path=sys.argv[2], process_with_media=False, limit=None)
results = evaluator.simple_evaluate(
    model=Stub(), tasks=sys.argv[3:], task_manager=manager, log_samples=True, bootstrap_iters=0, cli_args=where
)
tracker = EvaluationTracker(output_path=sys.argv[2])
tracker.general_config_tracker.model_name_sanitized, tracker.date_id = "stub", "now"
for task, samples in results["samples"].items():
    tracker.save_results_samples(task_name=task, samples=samples)
print(json.dumps({
    task: {name.removesuffix(",none"): float(value) for name, value in result.items()
           if name.endswith(",none") and "stderr" not in name}
    for task, result in results["results"].items()
}))
"""


@pytest.mark.harness
@pytest.mark.skipif(importlib.util.find_spec("lmms_eval") is None, reason="lmms-eval is not installed")
def test_lmms_eval_itself_runs_the_tasks_and_its_log_is_read(rendered: Path, tmp_path: Path) -> None:
    names = []
    for name in NAMES:
        files = write_harness(rendered / name, "lmms-eval", tmp_path / "tasks")
        names += [path.stem for path in files if path.stem.endswith(("_standard", "_rendered"))]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-c", RUN, str(tmp_path / "tasks"), str(tmp_path / "out"), *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    scores = json.loads(done.stdout.splitlines()[-1])
    for carrier in ("standard", "rendered"):
        assert scores[f"lomo_mmmu_{carrier}"] == pytest.approx({"lomo_match": 1 / 3, "mmmu_acc": 0.33333})
        assert scores[f"lomo_we_math_{carrier}"] == {"lomo_match": 1.0}
        assert scores[f"lomo_docvqa_{carrier}"] == {"lomo_match": 0.0, "anls": 0.0}
        assert scores[f"lomo_countbench_{carrier}"] == {"lomo_match": 0.0, "acc": 0.0}
        assert scores[f"lomo_cc_ocr_kie_{carrier}"].keys() == {"lomo_match", "f1_score", "acc"}
    logs = [
        next((tmp_path / "out").rglob(f"*_samples_lomo_mmmu_{carrier}.jsonl")) for carrier in ("standard", "rendered")
    ]
    report = carrier_sensitivity(*logs)
    assert (report.overall.questions, report.overall.drop, report.overall.both) == (3, 0.0, 1)
    assert [group.name for group in report.categories] == ["Managerial"]


# -- VLMEvalKit ------------------------------------------------------------------------------------------------------


def as_vlmevalkit_reads(path: Path) -> list[dict[str, Any]]:
    """Its `load_tsv` and `toliststr`: pandas, and a list where the cell begins and ends with brackets."""
    import pandas as pd

    rows = pd.read_csv(path, sep="\t").to_dict("records")
    for row in rows:
        cell = row["image"]
        row["image"] = json.loads(cell.replace("'", '"')) if cell[0] == "[" and cell[-1] == "]" else [cell]
    return rows


def test_a_table_is_what_vlmevalkit_reads(rendered: Path, tmp_path: Path) -> None:
    for name in ("mmmu", "vstar", "cc-ocr-kie"):
        standard, pages = write_harness(rendered / name, "vlmevalkit", tmp_path)
        assert [path.name for path in (standard, pages)] == [
            f"LoMo-{name}_{carrier}.tsv" for carrier in ("standard", "rendered")
        ]
        for carrier, path in (("standard", standard), ("rendered", pages)):
            stored = list(open_folder(rendered / name).rows_of(carrier))
            rows = as_vlmevalkit_reads(path)
            assert [row["index"] for row in rows] == list(range(len(stored)))
            for row, expected in zip(rows, stored, strict=True):
                images = [base64.b64decode(image) for image in row["image"]]
                assert images == [image["bytes"] for image in expected["images"]]
                assert str(row["answer"]) == expected["answer"]
                assert not {"A", "B"} & set(row)  # as columns, options would be put back as text
                words = expected["prompt"].replace("<image>", "")
                assert row["question"].startswith(words or ("Answer" if name != "mmmu" else ""))
    kept = as_vlmevalkit_reads(tmp_path / "LoMo-cc-ocr-kie_rendered.tsv")[0]
    assert (kept["l2-category"], kept["split"]) == ("constrained_category", "sroie2019_word")  # what its judge reads


def test_predictions_of_vlmevalkit_are_marked_and_paired(rendered: Path, tmp_path: Path) -> None:
    """Its output is the table with a column `prediction`; by default a workbook."""
    _, table = write_harness(rendered / "vstar", "vlmevalkit", tmp_path)
    with table.open(newline="") as stream:
        csv.field_size_limit(1 << 30)
        rows = list(csv.DictReader(stream, delimiter="\t"))
    columns = [*rows[0], "prediction"]
    for row, prediction in zip(rows, ("(B) cotton", "C"), strict=True):
        row["prediction"] = prediction
    files = [tmp_path / "model_LoMo-vstar_rendered.tsv", tmp_path / "model_LoMo-vstar_rendered.json"]
    with files[0].open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns, delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)
    files[1].write_text(json.dumps(rows))
    expected = [
        Outcome("0/direct_attributes", 1.0, "direct_attributes"),
        Outcome("0/relative_position", 0.0, "relative_position"),
    ]
    questions = read_questions(rendered / "vstar")
    for file in files:
        assert list(read_results(file, score="match", questions=questions).values()) == expected
    judged = write_lines(
        tmp_path / "judged.jsonl", [{"index": 0, "hit": 1, "prediction": "B"}, {"index": 1, "hit": 0}]
    )
    assert [each.score for each in read_results(judged, questions=questions).values()] == [1.0, 0.0]
    with pytest.raises(SourceError, match=r"row 2 of judged\.jsonl has no prediction to match"):
        read_results(judged, questions=questions, score="match")


def test_a_workbook_is_read_and_a_pickle_is_not(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("index", "prediction", "answer", "hit"), (0, "B", "B", 1), (1, None, "C", 0)):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    assert [each.score for each in read_results(tmp_path / "r.xlsx").values()] == [1.0, 0.0]
    (tmp_path / "broken.xlsx").write_bytes(b"PK no book")
    with pytest.raises(SourceError, match=r"broken\.xlsx cannot be read as xlsx"):
        read_results(tmp_path / "broken.xlsx")


def test_a_pickle_is_refused_and_a_workbook_without_openpyxl_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.pkl").write_bytes(b"")
    with pytest.raises(SourceError, match=r"A pickle can run any code"):
        read_results(tmp_path / "r.pkl")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "r.xlsx").write_bytes(b"")
    with pytest.raises(LomoError, match=r"lomo-hf\[xlsx\].*PRED_FORMAT=tsv"):
        read_results(tmp_path / "r.xlsx")


# -- all of them -----------------------------------------------------------------------------------------------------


def test_answers_of_other_types_are_written_as_they_are_stored(tmp_path: Path) -> None:
    rows = [{"question": f"Question {n}?", "answer": answer} for n, answer in enumerate([12, "A", ["x", "y"], None])]
    source = write_lines(tmp_path / "rows.jsonl", rows)
    render_benchmark(Benchmark(str(source)), tmp_path / "folder")
    _, pages = write_harness(tmp_path / "folder", "evalscope", tmp_path / "out")
    assert [json.loads(line)["answer"] for line in pages.read_text().splitlines()] == ["12", "A", '["x", "y"]', None]


def test_what_a_harness_cannot_say_is_named(rendered: Path, tmp_path: Path) -> None:
    render_benchmark(Benchmark("demo"), tmp_path / "text", data=[Item("1", "Is it?", "yes")])
    with pytest.raises(RecipeError, match="row '1' has no image, which no table of VLMEvalKit can say"):
        write_harness(tmp_path / "text", "vlmevalkit", tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))
    with pytest.raises(RecipeError, match="harness must be one of evalscope, lmms-eval, vlmevalkit; found 'helm'"):
        write_harness(rendered / "mmmu", "helm", tmp_path)
    with pytest.raises(RecipeError, match="only lmms-eval takes upstream"):
        write_harness(rendered / "mmmu", "evalscope", tmp_path, upstream=False)
    with pytest.raises(SourceError, match=r"has no rendered_eval\.json"):
        write_harness(tmp_path, "evalscope", tmp_path / "out")
    (tmp_path / "text" / "rendered_eval.json").write_text("{}")
    with pytest.raises(SourceError, match="cannot be read"):
        write_harness(tmp_path / "text", "evalscope", tmp_path / "out")
