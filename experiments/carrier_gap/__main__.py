"""`python -m experiments.carrier_gap`: all stages, or one.

data      corpus -> `lomo build` and `lomo render-eval` -> the folder          (needs lomo_hf)
base      train a base, once                                                   (needs torch)
arms      train and test every arm from the bases                              (needs torch)
report    runs -> results/NAME.json -> docs/proof.md and its pictures          (needs lomo_hf)
outcomes  results/NAME.json -> files that `lomo sensitivity` reads             (needs lomo_hf)
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from experiments.carrier_gap.methods import METHODS, groups
from experiments.carrier_gap.settings import ARMS, SETTINGS, Settings

# Read when torch starts: sequences of many lengths would else leave the GPU's memory in pieces.
os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")
os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")

_STAGES = ("all", "data", "base", "arms", "report", "outcomes")
_BASE_SHARE = 0.6  # of the minutes, for all bases together
_TINY_ARMS = ("standard", "ratio50", "multispan50")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    given = _parser().parse_args(arguments)
    if given.tiny:
        given.size, given.bases, given.seeds = "tiny", 1, 1
        given.minutes = min(given.minutes, 0.4)
        given.arms = given.arms or _TINY_ARMS
        given.steps = given.steps or 12
    settings = replace(SETTINGS[given.size], **({"half": given.half} if given.half else {}))
    stages = _STAGES[1:5] if given.stage == "all" else (given.stage,)
    given.data = given.data or Path(f".proof/{given.size}")
    given.out = given.out or given.data / "out"
    for stage in stages:
        _RUN[stage](given, settings)
    return 0


def _data(given: argparse.Namespace, settings: Settings) -> None:
    from experiments.carrier_gap.making import copy_code, make_folder

    if (given.data / "folder.json").exists():
        print(f"{given.data} is there already: its code is copied anew. Remove it to make its pages anew.")
        copy_code(given.data)
        return
    work = given.work or given.data.with_name(given.data.name + "-work")
    make_folder(settings, given.data, work, dataset=given.dataset, config=given.config, workers=given.num_proc)


def _base(given: argparse.Namespace, settings: Settings) -> None:
    from experiments.carrier_gap.base import train_base
    from experiments.carrier_gap.running import prepare

    alone = given.stage == "base"
    out = given.out.parent if given.out.suffix == ".pt" else given.out
    numbers = [given.number] if alone and given.number is not None else range(given.bases)
    wanted = {number: given.out if given.out.suffix == ".pt" else out / f"base-{number}.pt" for number in numbers}
    wanted = {number: path for number, path in wanted.items() if not path.exists()}
    if not wanted:
        return
    budget = 60 * given.minutes * (1 if alone else _BASE_SHARE)
    run = prepare(given.data, settings, out, budget, threads=given.threads)
    for left, (number, path) in zip(range(len(wanted), 0, -1), wanted.items(), strict=True):
        train_base(run, number, path, run.clock.left / left, given.start)


def _arms(given: argparse.Namespace, settings: Settings) -> None:
    from experiments.carrier_gap.arms import train_arms
    from experiments.carrier_gap.folder import Folder
    from experiments.carrier_gap.running import bases_in, prepare

    budget = 60 * given.minutes * (1 if given.stage == "arms" else 1 - _BASE_SHARE)
    budget = float("inf") if given.tiny else budget  # its steps are few, and a test must not hang on the clock
    held = Folder(given.data).arms
    arms = list(dict.fromkeys(given.arms or (ARMS if set(ARMS) <= set(held) else held)))
    compiled = max(map(len, groups(arms, given.together))) * (not given.no_compile)
    run = prepare(given.data, settings, given.out, budget, compiled=compiled, threads=given.threads)
    bases = given.base or bases_in(given.out)
    train_arms(run, bases, arms, range(given.seeds), steps=given.steps, together=given.together)


def _report(given: argparse.Namespace, settings: Settings) -> None:
    from experiments.carrier_gap.arms import read_runs
    from experiments.carrier_gap.folder import Folder
    from experiments.carrier_gap.page import DOCS, write_report
    from experiments.carrier_gap.records import RESULTS, save_results

    # What is no run of the experiment itself stays beside its own runs, and is no page of the docs.
    own = given.size != "tiny" and not given.dataset
    results, docs = (RESULTS, DOCS) if own else (given.out / "results", given.out / "docs")
    runs = [run for path in sorted(given.out.glob("runs*.jsonl")) for run in read_runs(path)]
    if runs:
        folder = Folder(given.data)
        categories = {row["id"]: row["category"] for test in folder.tests for row, _ in folder.test(test)}
        about = {"size": given.size, "versions": folder.info["versions"], "dataset": folder.info["dataset"]}
        print(save_results(given.results or given.size, runs, categories, about, results))
    docs.mkdir(parents=True, exist_ok=True)
    print(write_report(docs, results))


def _outcomes(given: argparse.Namespace, settings: Settings) -> None:
    from experiments.carrier_gap.records import RESULTS, load_results, outcome_files

    _, outcomes = load_results(given.results or given.size, RESULTS)
    print(f"{len(outcome_files(outcomes, given.out))} files in {given.out}")


_RUN = {"data": _data, "base": _base, "arms": _arms, "report": _report, "outcomes": _outcomes}


def _names(text: str) -> list[str]:
    together = {"recipes": ARMS, "methods": tuple(METHODS)}
    return [arm for name in text.split(",") if name for arm in together.get(name, (name,))]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.carrier_gap", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--stage", choices=_STAGES, default="all")
    parser.add_argument("--size", choices=tuple(SETTINGS), default="full")
    parser.add_argument("--tiny", action="store_true", help="every path in a minute, on a CPU")
    parser.add_argument(
        "--minutes", type=float, default=10.0, help="for base and arms together, or for the stage alone"
    )
    parser.add_argument("--data", type=Path, help="the folder; default .proof/SIZE")
    parser.add_argument("--work", type=Path, help="where datasets are built on the way; default DATA-work")
    parser.add_argument("--out", type=Path, help="a folder, or the file of a base; default DATA/out")
    parser.add_argument("--bases", type=int, default=2, help="how many are trained")
    parser.add_argument("--number", type=int, help="train only this base")
    parser.add_argument("--start", type=Path, help="begin this base from the file of another")
    parser.add_argument("--base", type=Path, nargs="+", help="files of bases; default OUT/base-*.pt")
    parser.add_argument(
        "--arms",
        type=_names,
        help="by commas; `recipes`: standard and every named recipe (default); `methods`: all of methods/",
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the order of rows")
    parser.add_argument("--steps", type=int, help="of SFT; default what the minutes have room for")
    parser.add_argument("--half", type=int, help="rows of text, and of multimodal ones, in a step of SFT")
    parser.add_argument(
        "--together", type=int, help="arms trained side by side at most; 1 on a CPU keeps each as it ends"
    )
    parser.add_argument("--dataset", help="train on the rows of this dataset instead: org/name, or a folder")
    parser.add_argument("--config", default="ratio50", help="its config")
    parser.add_argument("--results", help="the name of the result file; default SIZE")
    parser.add_argument("--num-proc", type=int, default=1, help="processes that build")
    parser.add_argument("--threads", type=int, help="of torch, on a CPU")
    parser.add_argument("--no-compile", action="store_true", help="do not compile the arms on a GPU")
    return parser


if __name__ == "__main__":
    began = time.monotonic()
    code = main()
    print(json.dumps({"what": "end", "seconds": round(time.monotonic() - began, 1)}))
    raise SystemExit(code)
