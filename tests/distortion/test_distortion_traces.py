"""What distorting leaves behind in the process (nothing), and what its bytes depend on (nothing else)."""

import subprocess
import sys
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lomo_hf.distortion import OPERATIONS, Distortion, distort

Page = NDArray[np.uint8]

UNTOUCHED = """
import random, sys
import numpy as np
before = {name: id(value) for name, value in vars(np).items()}
np.random.seed(5); random.seed(5)
chance = np.random.get_state()[1].copy(), np.random.get_state()[2], random.getstate()

import lomo_hf.distortion as room
assert "imgaug" not in sys.modules and "cv2" not in sys.modules, "heavy imports must wait"
from lomo_hf.recipes.recipe import DistortionSettings

page = np.full((60, 200), 255, np.uint8)
done = set()
for seed in range(300):
    distortion = room.draw_distortion(DistortionSettings(), np.random.default_rng(seed))
    if distortion.op not in done:
        done.add(distortion.op)
        room.distort(page, distortion)
assert done == set(room.OPERATIONS), done
assert "imgaug" in sys.modules
assert not {"scipy", "skimage"} & set(sys.modules), "imgaug's other imports must never come"

changed = {name for name, value in vars(np).items() if before.get(name, id(value)) != id(value)}
assert not changed, changed
assert "sctypes" not in vars(np)
lazy = {name for name in set(vars(np)) - set(before) if type(vars(np)[name]).__name__ != "module"}
assert not lazy, lazy
state = np.random.get_state()
assert (state[1] == chance[0]).all() and state[2] == chance[1] and random.getstate() == chance[2]
import imgaug
assert imgaug.random.GLOBAL_RNG is None
"""


def test_numpy_and_all_global_chance_are_left_as_they_were_found() -> None:
    # A process of its own: this one has long imported what the test is about.
    run = subprocess.run([sys.executable, "-W", "error", "-c", UNTOUCHED], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""


@pytest.mark.parametrize("op", list(OPERATIONS))
def test_bytes_do_not_depend_on_the_number_of_threads(
    op: str, random_page: Callable[..., Page], drawn: Callable[..., Distortion]
) -> None:
    page = random_page(900, 1100, 2)
    threads = cv2.getNumThreads()
    try:
        outs = []
        for count in (1, 2, 7):
            cv2.setNumThreads(count)
            outs.append(distort(page, drawn(op, 1))[0].tobytes())
    finally:
        cv2.setNumThreads(threads)
    assert outs[0] == outs[1] == outs[2]


@pytest.mark.parametrize("op", list(OPERATIONS))
def test_bytes_do_not_depend_on_the_instructions_of_the_processor(
    op: str, random_page: Callable[..., Page], drawn: Callable[..., Distortion]
) -> None:
    page = random_page(300, 500, 2)
    out = distort(page, drawn(op, 1))[0].astype(int)
    try:
        cv2.setUseOptimized(False)
        plain = distort(page, drawn(op, 1))[0].astype(int)
    finally:
        cv2.setUseOptimized(True)
    # imgaug turns pages with OpenCV's floating-point warp: a grey level, in a few pixels of ten thousand.
    allowed = 1 if OPERATIONS[op].group == "rotate" else 0
    assert np.abs(out - plain).max() <= allowed
    assert (out != plain).mean() <= 0.001


def test_bytes_do_not_depend_on_what_was_distorted_before(
    prompt_pages: list[Page], drawn: Callable[..., Distortion]
) -> None:
    work = [(page, drawn(op, seed)) for seed, page in enumerate(prompt_pages) for op in OPERATIONS]
    there = [distort(page, distortion)[0].tobytes() for page, distortion in work]
    back = [distort(page, distortion)[0].tobytes() for page, distortion in reversed(work)]
    assert there == back[::-1]
