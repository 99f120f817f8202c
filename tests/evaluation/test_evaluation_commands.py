"""`lomo render-eval` and `lomo sensitivity`: from a file of questions to a table, as a stranger would type it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from evaluation.pair_helpers import QUESTIONS, picture, write_lines
from evaluation.upstream_rows import TABLES

from lomo_hf.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lomo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["lomo", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return int(left.value.code or 0), printed.out, printed.err

    return run


def test_a_file_of_questions_becomes_configs(lomo: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture((1, 2, 3)))
    rows = [{"n": index, "ask": text, "gold": "x", "pic": "a.png"} for index, text in enumerate(QUESTIONS)]
    write_lines(tmp_path / "mine.jsonl", [*rows, {"n": 9, "ask": " ", "gold": "x", "pic": None}])
    columns = ("--question-column", "ask", "--answer-column", "gold", "--image-column", "pic", "--id-column", "n")
    code, printed, _ = lomo("render-eval", "mine.jsonl", "--out", "config", *columns)
    assert code == 0
    assert "5 questions in each of the configs standard and rendered of config" in printed
    assert "refused blank: 1" in printed
    record = json.loads(Path("config/rendered_eval.json").read_text())
    assert record["benchmark"]["question"] == "ask"
    assert record["benchmark"]["source"] == "mine.jsonl"
    assert str(tmp_path) not in Path("config/README.md").read_text() + json.dumps(record)


def test_a_file_of_evalscope_becomes_configs(lomo: Run, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": text}], "answer": "x"} for text in QUESTIONS]
    write_lines(tmp_path / "vqa.jsonl", rows)
    code, printed, _ = lomo("render-eval", "vqa.jsonl", "--out", "config", "--evalscope", "--limit", "2")
    assert (code, "2 questions" in printed) == (0, True)


def test_from_a_benchmark_to_a_table_without_leaving_the_command_line(lomo: Run, tmp_path: Path) -> None:
    TABLES["vstar"]().to_parquet(tmp_path / "vstar.parquet")
    source = ["--suite", "lomo13", "--only", "V*", "--source", "vstar=vstar.parquet", "--out", "made"]
    assert lomo("render-eval", *source)[0] == 0
    for harness, files in (("lmms-eval", 4), ("vlmevalkit", 2), ("evalscope", 2)):
        code, printed, _ = lomo("write-eval", "made/vstar", "--for", harness, "--out", harness)
        assert (code, f"{files} files in" in printed) == (0, True)
    assert sorted(path.name for path in Path("evalscope/vstar").iterdir()) == ["rendered.jsonl", "standard.jsonl"]
    for carrier, predictions in (("standard", ["B", "B"]), ("rendered", ["B", "C"])):
        rows = [{"index": at, "prediction": text} for at, text in enumerate(predictions)]
        write_lines(tmp_path / f"{carrier}.jsonl", rows)
        write_lines(tmp_path / f"{carrier}-b.jsonl", [{**row, "prediction": "B"} for row in rows])
    write_lines(
        tmp_path / "distances.jsonl",
        [{"id": "0/direct_attributes", "distance": 0.2}, {"id": "0/relative_position", "distance": 0.7}],
    )
    code, printed, _ = lomo(
        "sensitivity", "standard.jsonl", "rendered.jsonl", "--questions", "made/vstar", "--score-column", "match",
        "--plot", "models.svg", "--beside", "b=standard-b.jsonl,rendered-b.jsonl", "--name", "a",
        "--distances", "distances.jsonl", "--bins", "2", "--plot-distances", "bins.svg", "--table", "table.md",
    )  # fmt: skip
    assert code == 0
    assert "* of fewer than 20 questions: the interval is narrower than it should be." in printed
    table = Path("table.md").read_text()
    assert "| all | 2 | 100.00 | 50.00 | 50.00 | 0.00 to 100.00 * | 1 | 0 | 1 |" in table
    assert "| relative_position | 1 | 100.00 | 0.00 | 100.00 |" in table
    for name in ("a", "b"):
        assert f"<!-- {name} -->" in Path("models.svg").read_text()
    assert "<!-- 0.2 to 0.2 -->" in Path("bins.svg").read_text()


def test_two_result_files_become_a_table_a_plot_and_json(lomo: Run, tmp_path: Path) -> None:
    for name, right in (("standard", 8), ("rendered", 5)):
        rows = [{"id": index, "correct": index < right, "category": "ab"[index % 2]} for index in range(10)]
        write_lines(tmp_path / f"{name}.jsonl", rows)
    code, printed, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--plot", "plot.png")
    assert code == 0
    for words in ("80.00", "50.00", "30.00", "0.25", "95%"):
        assert words in printed
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")
    code, printed, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--json")
    report = json.loads(printed)
    assert (code, report["overall"]["only_standard"], len(report["categories"])) == (0, 3, 2)
    assert report["overall"]["is_small"] is True


def test_names_and_numbers_of_the_table_are_whole(lomo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets were read as markup, and a narrow screen cut p-values before their exponents."""
    monkeypatch.setenv("COLUMNS", "80")
    kinds = ("[math]", "[/b]", "all", "a very long name of a category")
    for name, right in (("standard", 1), ("rendered", 0)):
        rows = [{"id": index, "correct": right, "category": kinds[index % 4]} for index in range(40)]
        write_lines(tmp_path / f"{name}.jsonl", rows)
    code, printed, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--plot", "plot.svg")
    assert code == 0
    for words in ("[math]", "[/b]", "1.82e-12", "0.00195", "100.00 to 100.00"):
        assert words in printed
    assert "\u2026" not in printed
    for name in ("[math]", "[/b]", "all", "all (category)"):
        assert f"<!-- {name} -->" in Path("plot.svg").read_text()


def test_a_suite_is_made_as_far_as_it_can_be(lomo: Run, tmp_path: Path) -> None:
    for name in ("mmmu", "we-math"):
        TABLES[name]().to_parquet(tmp_path / f"{name}.parquet")
    local = [f"--source={name}={name}.parquet" for name in ("mmmu", "we-math")]
    code, printed, _ = lomo(
        "render-eval", "--suite", "lomo13", "--only", "MMMU", "--only", "we-math", *local, "--out", "o"
    )
    assert (code, "mmmu: 3 questions in each config" in printed, "2 made below o, 0 not" in printed) == (0, True, True)
    code, printed, _ = lomo(
        "render-eval", "--suite", "lomo13", "--only", "V*", "--source", "vstar=gone.tsv", "--out", "o"
    )
    assert (code, "vstar: not made. gone.tsv does not exist" in printed, "0 made below o, 1 not" in printed) == (
        1,
        True,
        True,
    )
    code, _, _ = lomo(
        "render-eval", "we-math.parquet", "--out", "one", "--options-column", "option", "--options-as", "text",
        "--id-column", "ID", "--id-column", "key", "--image-column", "image_path", "--options", "text",
    )  # fmt: skip
    record = json.loads(Path("one/rendered_eval.json").read_text())
    assert (code, record["options"], record["benchmark"]["id"]) == (0, "text", ["ID", "key"])


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["render-eval", "nowhere.jsonl", "--out", "x"], 1, "nowhere.jsonl does not exist"),
        (["render-eval", "mmstart", "--out", "x"], 1, "org/name, or one of ai2d"),
        (["render-eval", "org/name/rows", "--out", "x"], 1, "org/name/rows does not exist"),
        (["sensitivity", "a.jsonl", "b.jsonl"], 1, "a.jsonl cannot be read"),
        (["sensitivity", "a.jsonl", "b.jsonl", "--distances", "d.jsonl"], 2, "--distances and --plot-distances go"),
        (["sensitivity", "a.jsonl", "b.jsonl", "--beside", "b=x,y"], 2, "--beside names models for a plot"),
        (["write-eval", "nowhere", "--for", "lmms-eval", "--out", "x"], 1, "has no rendered_eval.json"),
        (["write-eval", "nowhere", "--for", "helm", "--out", "x"], 2, "harness must be one of"),
        (["write-eval", "a", "b", "--for", "lmms-eval", "--dataset", "o/n", "--out", "x"], 2, "give one folder"),
        (["render-eval", "mmstar"], 2, "--out"),
        (["render-eval", "--out", "x"], 2, "name a DATASET, or a --suite"),
        (["render-eval", "mmstar", "--only", "V*", "--out", "x"], 2, "--only and --source go with a suite"),
        (["render-eval", "mmstar", "--suite", "lomo13", "--out", "x"], 2, "leave out DATASET"),
        (["render-eval", "--suite", "lomo12", "--out", "x"], 2, "suite must be one of lomo13"),
        (["render-eval", "--suite", "lomo13", "--source", "x", "--out", "x"], 2, "--source must be NAME=WHERE"),
        (["render-eval", "mmstar", "--evidence-pages", "--out", "x"], 2, "is for benchmarks of documents"),
        (["render-eval", "mmstar", "--options", "both", "--out", "x"], 2, "options must be one of page, text"),
        (["render-eval", "mmstar", "--out", "x", "--split", "val[:9]"], 2, "split must be the name of one split"),
    ],
)
def test_errors_are_one_sentence(lomo: Run, arguments: list[str], code: int, says: str) -> None:
    result, _, complained = lomo(*arguments)
    assert result == code
    assert says in complained
    assert "Traceback" not in complained
