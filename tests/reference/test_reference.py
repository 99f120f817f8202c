"""Formulas look as LaTeX draws them: every frozen picture, without TeX. See README.md."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from reference.likeness import Likeness, likeness
from reference.setting import our_pictures

from benchmarks.likeness import painted_pictures
from lomo_hf.rendering.mathematics import formula_to_typst

HERE = Path(__file__).parent

LOWEST_SIMILARITY = 0.35
WIDTHS = (0.72, 1.32)
SLACK = 0.03
"""How much less like its picture a formula may become: what rounding to pixels does between machines."""


@pytest.fixture(scope="module")
def compared() -> list[tuple[dict[str, object], Likeness]]:
    rows = pq.read_table(HERE / "formulas.parquet").to_pylist()
    bodies = [(formula_to_typst(row["tex"], display=row["display"]), row["display"]) for row in rows]
    pictures = our_pictures(bodies)
    references = [cv2.imdecode(np.frombuffer(row["png"], np.uint8), cv2.IMREAD_GRAYSCALE) for row in rows]
    likes = [likeness(ours, np.asarray(tex)) for ours, tex in zip(pictures, references, strict=True)]
    return list(zip(rows, likes, strict=True))


def test_the_set_is_large_and_covers_constructs(compared: list[tuple[dict[str, object], Likeness]]) -> None:
    assert len(compared) >= 600


def test_no_formula_is_less_like_latex_than_when_frozen(compared: list[tuple[dict[str, object], Likeness]]) -> None:
    worse = [
        (row["tex"], row["similarity"], round(like.correlation, 3))
        for row, like in compared
        if like.correlation < float(str(row["similarity"])) - SLACK or like.correlation < LOWEST_SIMILARITY
    ]
    assert not worse


def test_no_formula_has_changed_its_width(compared: list[tuple[dict[str, object], Likeness]]) -> None:
    changed = [
        (row["tex"], row["width"], round(like.width, 3))
        for row, like in compared
        if abs(like.width - float(str(row["width"]))) > SLACK or not WIDTHS[0] < like.width < WIDTHS[1]
    ]
    assert not changed


def test_the_set_as_a_whole_is_close(compared: list[tuple[dict[str, object], Likeness]]) -> None:
    similarities = np.array([like.correlation for _, like in compared])
    widths = np.array([like.width for _, like in compared])
    assert np.median(similarities) > 0.95
    assert np.mean(similarities < 0.6) < 0.02
    assert np.mean(np.abs(np.log(widths)) > np.log(1.1)) < 0.03


def test_a_wrong_formula_is_noticed() -> None:
    """The measure itself: a changed sign, digit or script falls below what the right formula reaches."""
    right, *wrong = [
        r"\frac{x+1}{y^2}",
        r"\frac{x-1}{y^2}",
        r"\frac{x+7}{y^2}",
        r"\frac{x+1}{y_2}",
        r"\frac{y^2}{x+1}",
    ]
    pictures = our_pictures([(formula_to_typst(tex, display=True), True) for tex in (right, right, *wrong)])
    same, *others = [likeness(picture, pictures[0]).correlation for picture in pictures[1:]]
    assert same > 0.999
    assert max(others) < 0.97


def test_formulas_painted_here_are_as_like_latex_as_those_that_typst_paints(
    compared: list[tuple[dict[str, object], Likeness]],
) -> None:
    rows = pq.read_table(HERE / "formulas.parquet", columns=["tex", "display", "png"]).to_pylist()
    bodies = [(formula_to_typst(row["tex"], display=row["display"]), row["display"]) for row in rows]
    painted = painted_pictures(bodies)
    assert sum(picture is None for picture in painted) < 0.01 * len(rows)
    losses = np.array(
        [
            typst.correlation - likeness(ours, cv2.imdecode(np.frombuffer(row["png"], np.uint8), 0)).correlation
            for row, ours, (_, typst) in zip(rows, painted, compared, strict=True)
            if ours is not None
        ]
    )
    assert losses.mean() < 0.002
    assert losses.max() < 0.08
