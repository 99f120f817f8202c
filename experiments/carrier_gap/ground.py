"""What all arms of one base stand on: its weights, the tower's features of every page, the rows of each arm, tests."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from experiments.carrier_gap.examining import Exam
from experiments.carrier_gap.features import Features, multimodal_rows, open_pages, read_pages
from experiments.carrier_gap.folder import Folder
from experiments.carrier_gap.methods import method_of
from experiments.carrier_gap.methods.recipes import full_text
from experiments.carrier_gap.model import Decoder, Shape
from experiments.carrier_gap.packing import Part
from experiments.carrier_gap.running import Run, load_base
from experiments.carrier_gap.sequences import Place, Rows, token_row

__all__ = ["Ground", "Twin", "prepare_ground"]


@dataclass(frozen=True)
class Twin:
    """The text rows of an arm under the other carrier, and which of them differ from its own, (text rows,)."""

    rows: Rows
    differs: NDArray[np.bool_]


@dataclass(frozen=True)
class Ground:
    """What all arms of one base stand on.

    Attributes:
        features: Merged patches of all pages, (n, inputs).
        pages: Where those of each stored page lie.
        rows: Arm -> its rows: text ones, then multimodal ones; then both again where an arm has a second version.
        twins: Arm -> its text rows under the other carrier, for arms with a loss over two.
        text_rows, all_rows: How many there are in one version.
    """

    base: int
    decoder: Decoder
    shape: Shape
    features: Tensor
    pages: dict[int, Place]
    rows: dict[str, Rows]
    twins: dict[str, Twin]
    text_rows: int
    all_rows: int
    exam: Exam
    record: dict[str, Any]


def prepare_ground(run: Run, file: Path, arms: Sequence[str]) -> Ground:
    """Load a base, show the tower all pages, make the rows of every arm and test."""
    began = time.monotonic()
    tower, decoder, shape, record = load_base(run, file)
    folder, features = run.folder, Features()
    methods = {arm: method_of(arm) for arm in arms}
    named = {name for method in methods.values() for name in (*method.rows, *([method.twin] if method.twin else ()))}
    prompts = {name: training_prompts(folder, name) for name in sorted(named)}
    tests = {name: folder.test(name) for name in folder.tests}
    shown = [parts for rows in prompts.values() for parts, _ in rows]
    shown += [parts for rows in tests.values() for _, parts in rows]
    both = multimodal_rows(run, tower, features)
    pages = read_pages(
        run, tower, open_pages(folder, {part for parts in shown for part in parts if isinstance(part, int)}), features
    )
    prompt_rows = {
        name: Rows([token_row(parts, answer, pages, folder.vocabulary) for parts, answer in own], run.device)
        for name, own in prompts.items()
    }
    multimodal = Rows(both, run.device)
    rows = {
        arm: Rows.joined([part for name in method.rows for part in (prompt_rows[name], multimodal)])
        for arm, method in methods.items()
    }
    twins = {
        arm: Twin(
            prompt_rows[method.twin],
            _differs(prompts[method.rows[0]], prompts[method.twin]),
        )
        for arm, method in methods.items()
        if method.twin
    }  # fmt: skip
    text_rows = len(folder.prompts)
    run.log("ground", base=record["number"], pages=len(pages), rows=text_rows, multimodal=len(both),
            lengths={arm: round(float(own.lengths[:text_rows].mean()), 1) for arm, own in rows.items()},
            multimodal_length=float(multimodal.lengths.mean()),
            took=time.monotonic() - began)  # fmt: skip
    return Ground(
        record["number"], decoder, shape, features.joined(), pages, rows, twins, text_rows, text_rows + len(both),
        Exam.of(run, tests, pages), record,
    )  # fmt: skip


def _differs(first: Sequence[tuple[list[Part], str]], second: Sequence[tuple[list[Part], str]]) -> NDArray[np.bool_]:
    return np.array([own[0] != other[0] for own, other in zip(first, second, strict=True)])


def training_prompts(folder: Folder, name: str) -> list[tuple[list[Part], str]]:
    """Prompt and answer of every training row of an arm, or of `full-text`."""
    if name == "full-text":
        rewritten = training_prompts(folder, "ratio100")
        return [
            (full_text(parts, prompt), answer)
            for (parts, answer), prompt in zip(rewritten, folder.prompts, strict=True)
        ]
    if name not in folder.arms:
        raise ValueError(f"arms must be of this folder ({', '.join(folder.arms)}); found {name!r}.")
    return folder.train(name)
