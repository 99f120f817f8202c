"""`lomo render-eval` and `lomo sensitivity`: from a file of questions to a table, as a stranger would type it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from evaluation.twin_helpers import QUESTIONS, picture, write_lines

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
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_a_file_of_questions_becomes_twins(lomo: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(picture((1, 2, 3)))
    rows = [{"n": index, "ask": text, "gold": "x", "pic": "a.png"} for index, text in enumerate(QUESTIONS)]
    write_lines(tmp_path / "mine.jsonl", [*rows, {"n": 9, "ask": " ", "gold": "x", "pic": None}])
    columns = ("--question-column", "ask", "--answer-column", "gold", "--image-column", "pic", "--id-column", "n")
    code, said, _ = lomo("render-eval", "mine.jsonl", "--out", "twin", *columns)
    assert code == 0
    assert "5 questions in each of the configs standard and rendered of twin" in said
    assert "refused blank: 1" in said
    record = json.loads(Path("twin/rendered_eval.json").read_text())
    assert record["benchmark"]["question"] == "ask"
    assert record["benchmark"]["source"] == "mine.jsonl"
    assert str(tmp_path) not in Path("twin/README.md").read_text() + json.dumps(record)


def test_a_file_of_evalscope_becomes_twins(lomo: Run, tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": text}], "answer": "x"} for text in QUESTIONS]
    write_lines(tmp_path / "vqa.jsonl", rows)
    code, said, _ = lomo("render-eval", "vqa.jsonl", "--out", "twin", "--evalscope", "--limit", "2")
    assert (code, "2 questions" in said) == (0, True)


def test_two_result_files_become_a_table_a_plot_and_json(lomo: Run, tmp_path: Path) -> None:
    for name, right in (("standard", 8), ("rendered", 5)):
        rows = [{"id": index, "correct": index < right, "category": "ab"[index % 2]} for index in range(10)]
        write_lines(tmp_path / f"{name}.jsonl", rows)
    code, said, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--plot", "plot.png")
    assert code == 0
    for words in ("80.00", "50.00", "30.00", "0.25", "95%"):
        assert words in said
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")
    code, said, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--json")
    report = json.loads(said)
    assert (code, report["overall"]["only_standard"], len(report["categories"])) == (0, 3, 2)


def test_names_and_numbers_of_the_table_are_whole(lomo: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Brackets were read as markup, and a narrow screen cut p-values before their exponents."""
    monkeypatch.setenv("COLUMNS", "80")
    kinds = ("[math]", "[/b]", "all", "a very long name of a category")
    for name, right in (("standard", 1), ("rendered", 0)):
        rows = [{"id": index, "correct": right, "category": kinds[index % 4]} for index in range(40)]
        write_lines(tmp_path / f"{name}.jsonl", rows)
    code, said, _ = lomo("sensitivity", "standard.jsonl", "rendered.jsonl", "--plot", "plot.svg")
    assert code == 0
    for words in ("[math]", "[/b]", "1.82e-12", "0.00195", "100.00 to 100.00"):
        assert words in said
    assert "\u2026" not in said
    for name in ("[math]", "[/b]", "all", "all (category)"):
        assert f"<!-- {name} -->" in Path("plot.svg").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["render-eval", "nowhere.jsonl", "--out", "x"], 1, "nowhere.jsonl does not exist"),
        (["render-eval", "mmstart", "--out", "x"], 1, "org/name, or one of ai2d"),
        (["render-eval", "org/name/rows", "--out", "x"], 1, "org/name/rows does not exist"),
        (["sensitivity", "a.jsonl", "b.jsonl"], 1, "a.jsonl cannot be read"),
        (["render-eval", "mmstar"], 2, "--out"),
        (["render-eval", "mmstar", "--out", "x", "--split", "val[:9]"], 2, "split must be the name of one split"),
    ],
)
def test_errors_are_one_sentence(lomo: Run, arguments: list[str], code: int, says: str) -> None:
    found, _, complained = lomo(*arguments)
    assert found == code
    assert says in complained
    assert "Traceback" not in complained
