"""The tiny run: every stage on a CPU, its figures, what is left after a stop, and the stages apart."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from experiments.carrier_gap.__main__ import main
from experiments.carrier_gap.page import write_report
from experiments.carrier_gap.records import RESULTS, RunKey, load_results, outcome_files, save_results
from experiments.carrier_gap.settings import ARMS, SETTINGS
from lomo_hf.cli import app

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not find_spec("torch"), reason="needs the extra `proof` (torch)"),
]
TINY = ["--tiny", "--threads", "1"]
TRAINED = ("standard", "ratio50", "multispan50")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("tiny") / "data"
    assert main([*TINY, "--data", str(data)]) == 0
    return data


def _runs(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (data / "out" / "runs.jsonl").read_text().splitlines()]


def test_losses_fall(tiny: Path) -> None:
    from experiments.carrier_gap.running import load_base, prepare

    run = prepare(tiny, SETTINGS["tiny"], tiny / "look", 1.0)
    *_, record = load_base(run, tiny / "out" / "base-0.pt")
    for name in ("reading_loss", "text_loss", "answer_loss"):
        assert record["last"][name] < 0.9 * record["first"][name]
    for arm_run in _runs(tiny)[1:]:
        assert arm_run["loss"][-1] < arm_run["loss"][0]


def test_arms_take_equal_steps_and_are_tested_on_the_same_questions(tiny: Path) -> None:
    base, *arms = _runs(tiny)
    assert (base["arm"], base["steps"]) == ("base", 0)
    assert [run["arm"] for run in arms] == list(TRAINED)
    assert {run["steps"] for run in arms} == {12}
    for name, held in base["tests"].items():
        assert all(run["tests"][name]["ids"] == held["ids"] for run in arms)
    for run in (base, *arms):
        for held in run["tests"].values():
            assert set(held["correct"]) <= {0, 1}
            assert max(held["log_probability"]) <= 0
        assert all(0 <= distance <= 2 for distance in run["distance"].values())
        assert run["mir"] == pytest.approx(np.mean(run["mir_by_layer"]), abs=1e-4)
        assert len(run["mir_by_layer"]) == SETTINGS["tiny"].depth


def test_results_hold_one_object_for_each_run(tiny: Path) -> None:
    runs, _ = load_results("tiny", tiny / "out" / "results")
    assert [run["arm"] for run in runs] == ["base", *TRAINED]
    for run in runs:
        assert {"base", "seed", "steps", "machine", "torch", "versions", "distance", "mir"} <= set(run)
        assert all(0 <= share <= 100 for share in run["accuracy"].values())
        assert run["drop"] == pytest.approx(run["accuracy"]["text"] - run["accuracy"]["rendered"], abs=0.02)
        assert run["drop_interval"][0] <= run["drop"] <= run["drop_interval"][1]


def _made_up(right: dict[str, dict[str, list[int]]]) -> list[dict[str, Any]]:
    """Runs with known outcomes."""
    runs = []
    for arm, tests in right.items():
        held = {
            name: {
                "ids": [f"q{at}" for at in range(len(own))],
                "correct": own,
                "log_probability": [-0.5 * (name != "text")] * len(own),
            }
            for name, own in tests.items()
        }
        distance = {f"q{at}": 0.1 * at for at in range(len(tests["text"]))}
        about = {"machine": "none", "torch": "none", "python": "none", "rows": 4, "base_steps": 3, "parameters": 5}
        more = {"mir": 1.0, "mir_by_layer": [1.0], "curve": [{"step": 2, "text": 50.0, "rendered": 25.0}]}
        runs.append(
            {"arm": arm, "base": 0, "seed": 0, "steps": 6, **about, **more, "tests": held, "distance": distance}
        )
    return runs


def test_lomo_sensitivity_gives_the_figures_of_the_results(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    right = {
        arm: {
            "text": (draw.random(60) < 0.8).astype(int).tolist(),
            "rendered": (draw.random(60) < share).astype(int).tolist(),
        }
        for arm, share in (("standard", 0.1), ("ratio50", 0.5))
    }
    categories = {f"q{at}": "even" if at % 2 == 0 else "odd" for at in range(60)}
    about = {"size": "full", "versions": {"lomo-hf": "0"}}
    save_results("made-up", _made_up(right), categories, about, tmp_path)
    runs, outcomes = load_results("made-up", tmp_path)
    outcome_files(outcomes, tmp_path / "files")
    for run in runs:
        files = [str(tmp_path / "files" / f"{RunKey(run['arm'], 0, 0)}-{test}.jsonl") for test in ("text", "rendered")]
        done = CliRunner().invoke(app, ["sensitivity", *files, "--json"])
        overall = json.loads(done.stdout)["overall"]
        assert run["drop"] == pytest.approx(100 * overall["drop"], abs=0.005)
        assert run["drop_interval"] == pytest.approx([100 * overall["low"], 100 * overall["high"]], abs=0.005)
        assert run["mcnemar_p"] == overall["p_value"]
        assert run["accuracy"]["rendered"] == pytest.approx(100 * np.mean(right[run["arm"]]["rendered"]), abs=0.005)
        assert run["agreement"]["rendered"] == pytest.approx(0.5)
    path = write_report(tmp_path / "docs", tmp_path)
    page = path.read_text()
    standard, ratio = (next(run["drop"] for run in runs if run["arm"] == arm) for arm in ("standard", "ratio50"))
    assert f"The drop is {standard:.1f} points for `standard` and {ratio:.1f} for `ratio50`".lower() in page.lower()
    assert f"{ratio - standard:+.1f} [" in page
    assert all(f"`{arm}`" in page.split("**Not run here:**")[1].split("\n")[0] for arm in ARMS if arm not in right)
    assert all(
        (tmp_path / "docs" / "proof" / f"made-up-{kind}.png").is_file() for kind in ("drops", "curves", "figure-1a")
    )


def test_a_stopped_stage_goes_on_where_it_was(tiny: Path, tmp_path: Path) -> None:
    whole = (tiny / "out" / "runs.jsonl").read_text().splitlines(keepends=True)
    out = tmp_path / "out"
    out.mkdir()
    (out / "runs.jsonl").write_text("".join(whole[:3]) + whole[3][: len(whole[3]) // 2])  # killed while it wrote
    command = ["--stage", "arms", "--data", str(tiny), "--out", str(out), "--base", str(tiny / "out" / "base-0.pt")]
    report = [*TINY, "--stage", "report", "--data", str(tiny), "--out", str(out)]
    assert main(report) == 0
    stopped, _ = load_results("tiny", out / "results")
    assert [run["arm"] for run in stopped] == ["base", "standard", "ratio50"]
    assert main([*TINY, *command]) == 0
    assert main(report) == 0
    finished, _ = load_results("tiny", out / "results")
    assert [run["arm"] for run in finished] == ["base", *TRAINED]
    assert (out / "runs.jsonl").read_text().startswith("".join(whole[:3]))
    assert {run["steps"] for run in finished if run["arm"] != "base"} == {12}


def test_a_base_that_was_stopped_is_continued_from_what_it_left(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.carrier_gap import base
    from experiments.carrier_gap.arms import read_runs, train_arms

    class Stopped(Exception):
        """A kill, a moment after something was kept."""

    def keep_and_stop(path: Path, *rest: Any) -> None:
        save(path, *rest)
        if rest[-1]["steps"] == 4:
            raise Stopped

    save = base.save_base
    monkeypatch.setattr(base, "_KEPT_EVERY", 0.0)
    monkeypatch.setattr(base, "save_base", keep_and_stop)
    from experiments.carrier_gap.running import load_base, prepare

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    with pytest.raises(Stopped):
        base.train_base(run, 0, tmp_path / "base-0.pt", 9.0)
    left = tmp_path / "partial-base-0.pt"
    assert load_base(run, left)[3]["steps"] == 4
    train_arms(run, [left], ["standard"], [0], steps=1)  # a base that is not finished can be tried
    assert [stored["base_steps"] for stored in read_runs(tmp_path / "runs.jsonl")] == [4, 4]
    monkeypatch.undo()
    record = base.train_base(run, 0, tmp_path / "base-0.pt", 1.0, start=left)
    assert record["steps"] > 4
    assert not left.exists()
    assert (tmp_path / "base-0.pt").exists()


def test_no_run_is_begun_that_the_budget_has_no_room_for(tiny: Path, tmp_path: Path) -> None:
    from experiments.carrier_gap.arms import train_arms
    from experiments.carrier_gap.running import prepare

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 0.0, threads=1)
    train_arms(run, [tiny / "out" / "base-0.pt"], ["standard"], [0, 1], steps=2)
    assert [json.loads(line)["arm"] for line in (tmp_path / "runs.jsonl").read_text().splitlines()] == ["base"]
    assert (tmp_path / "log.jsonl").read_text().count("left out") == 2


def test_stages_run_from_the_folder_alone(tiny: Path, tmp_path: Path) -> None:
    """Only torch, numpy, pillow: what else the project needs cannot be imported, but sympy, which torch brings."""
    script = (
        "import runpy, sys\n"
        "for name in ('datasets', 'typst', 'matplotlib', 'yaml', 'cv2', 'huggingface_hub', 'imgaug', 'typer'):\n"
        "    sys.modules[name] = None\n"
        "sys.argv[0] = 'carrier_gap'\n"
        "runpy.run_module('experiments.carrier_gap', run_name='__main__', alter_sys=False)\n"
    )
    base = ["--stage", "base", "--out", str(tmp_path / "own.pt"), "--number", "3", "--minutes", "0.05"]
    arms = [
        "--stage",
        "arms",
        "--base",
        str(tmp_path / "own.pt"),
        "--arms",
        "ratio50",
        "--out",
        str(tmp_path),
        "--steps",
        "2",
    ]
    for stage in (base, arms):
        done = subprocess.run(
            [sys.executable, "-c", script, *TINY, "--data", ".", *stage],
            cwd=tiny,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": "."},
        )
        assert done.returncode == 0, done.stderr[-2000:]
    runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(run["arm"], run["base"]) for run in runs] == [("base", 3), ("ratio50", 3)]


def test_an_answer_counts_as_right_if_greedy_decoding_gives_it(tiny: Path, tmp_path: Path) -> None:
    import torch

    from experiments.carrier_gap.arms import prepare_ground
    from experiments.carrier_gap.examining import _answered
    from experiments.carrier_gap.running import prepare
    from experiments.carrier_gap.sequences import Rows, token_row
    from experiments.carrier_gap.vocabulary import ANSWER, END

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    ground = prepare_ground(run, tiny / "out" / "base-0.pt", ["standard"])
    shown = run.folder.test("rendered")[:6]

    def written(parts: Any) -> list[int]:
        row = token_row(parts, None, ground.pages, run.folder.vocabulary)
        start = len(row.ids)
        while len(row.ids) - start < 6 and row.ids[-1] != END:
            inputs = Rows([row], run.device).take(np.array([[0]]))
            with torch.no_grad(), run.half():
                output = ground.decoder(inputs, ground.features)[:, 0, len(row.ids) - 1 : len(row.ids)]
                row.text([int(ground.decoder.logits(output).argmax())])
        return row.ids[start:]

    greedy = [written(parts) for _, parts in shown]
    # Whatever the model says is right if it is the answer, and wrong if another is.
    for answers, right in (
        (greedy, True),
        ([[7, *row[1:]] if row[0] != 7 else [8, *row[1:]] for row in greedy], False),
    ):
        rows = []
        for (_, parts), answer in zip(shown, answers, strict=True):
            row = token_row(parts, None, ground.pages, run.folder.vocabulary)
            assert row.ids[-1] == ANSWER
            rows.append(row.text(answer))
        correct, likely, _ = _answered(run, ground.decoder, ground.features, Rows(rows, run.device))
        assert correct[0].tolist() == [right] * len(rows)
        assert (likely <= 0).all()


def test_a_state_without_direction_has_no_distance(tiny: Path, tmp_path: Path) -> None:
    import torch

    from experiments.carrier_gap.examining import examine
    from experiments.carrier_gap.ground import prepare_ground
    from experiments.carrier_gap.running import prepare

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    ground = prepare_ground(run, tiny / "out" / "base-0.pt", ["standard"])
    with torch.no_grad():
        ground.decoder.blocks[0].out.weight.normal_(std=0.1)  # however little the base was trained on a busy machine
        assert len(examine(run, ground.decoder, ground.features, ground.exam)[0]["distance"]) == 24
        ground.decoder.blocks[0].out.weight.zero_()
    assert examine(run, ground.decoder, ground.features, ground.exam)[0]["distance"] == {}


@pytest.mark.parametrize("name", sorted(path.stem for path in RESULTS.glob("*.json")))
def test_the_committed_page_is_made_of_the_committed_results(name: str, tmp_path: Path) -> None:
    page = write_report(tmp_path, RESULTS).read_text()
    assert page == (Path(__file__).parents[2] / "docs" / "proof.md").read_text()
    assert f"proof/{name}-drops.png" in page
