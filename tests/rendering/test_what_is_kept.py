"""What is kept changes no pixel: whatever was shaped or drawn before, let go, or drawn by another thread."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from rendering.page_helpers import STYLE, page_of

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.rendering.glyphs import Drawing, placed
from lomo_hf.rendering.glyphs.bitmaps import PHASES, Bitmaps
from lomo_hf.rendering.markup import line_markup, lines_of
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.prose.faces import Faces
from lomo_hf.rendering.typesetter import draw
from lomo_hf.spans import scan

_BOUNDS = (0, 4_000, 100_000, 24_000_000)


@cache
def prose() -> tuple[str, ...]:
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    texts = [turn.text for row in rows for turn in row.turns if turn.role == "user"]
    faces = Faces.of()
    return tuple(text for text in texts if drawn(text, faces) is not None)[:24]


def drawn(text: str, faces: Faces) -> Drawing | None:
    return set_prose(lines_of(text, 0, len(text), scan(text)), 600, STYLE, faces=faces)


def digest(text: str, faces: Faces, bitmaps: Bitmaps) -> str:
    drawing = drawn(text, faces)
    assert drawing is not None
    return sha256(placed(drawing, bitmaps).painted().tobytes()).hexdigest()


def digests(faces: Faces, bitmaps: Bitmaps) -> list[str]:
    return [digest(text, faces, bitmaps) for text in prose()]


@cache
def formulas() -> Drawing:
    lines = [f"#L[A line: $sum_(i=0)^{n} x_i / {n} lr(( integral f dif x ))$ and so on]" for n in range(12)]
    drawing = draw(lines, 600, STYLE).drawing
    assert drawing is not None
    return drawing


def test_a_page_is_the_same_whatever_is_kept() -> None:
    fresh = [digest(text, Faces.of(), Bitmaps()) for text in prose()]
    assert len(set(fresh)) > 20
    for bound in _BOUNDS:
        faces, bitmaps = Faces.of(bound), Bitmaps(bound)
        assert digests(faces, bitmaps) == fresh
        assert digests(faces, bitmaps) == fresh  # and once more, from what was kept


def test_a_formula_is_the_same_whatever_is_kept() -> None:
    fresh = placed(formulas(), Bitmaps()).painted()
    for bound in _BOUNDS:
        bitmaps = Bitmaps(bound)
        for _ in range(2):
            assert np.array_equal(placed(formulas(), bitmaps).painted(), fresh)


def test_threads_that_share_what_is_kept_draw_the_same_pages() -> None:
    alone = digests(Faces.of(), Bitmaps())
    for bound in (20_000, 24_000_000):
        faces, bitmaps = Faces.of(bound), Bitmaps(bound)
        with ThreadPoolExecutor(8) as pool:
            assert all(pages == alone for pages in pool.map(digests, [faces] * 16, [bitmaps] * 16))


def test_shapes_that_are_kept_stay_within_their_bound() -> None:
    face = Faces.of(bound := 200_000).latin
    for number in range(4_000):
        assert face.shape(f"w{number}").length > 1
        assert sum(400 + len(shape.glyphs) for shape in face._kept.young.values()) <= bound
    assert 0 < len(face._kept.young) < 1_000
    assert 0 < len(face._kept._old) < 1_000


def test_bitmaps_that_are_kept_stay_within_their_bound() -> None:
    bound, drawing = 300_000, formulas()
    bitmaps = Bitmaps(bound)
    for right in range(PHASES):
        for down in range(PHASES):
            steps = np.full(len(drawing.glyphs), right), np.full(len(drawing.glyphs), down)
            bitmaps.of(drawing.outlines, drawing.glyphs, *steps)
            assert bitmaps.size <= bound


def test_nobody_can_change_a_picture_that_is_kept() -> None:
    page = page_of("A page.").pixels
    page[:] = 0
    assert page_of("A page.").pixels.mean() > 200


@pytest.mark.parametrize("seed", ["7", "99"])
def test_another_process_and_hash_seed_change_nothing(seed: str, tmp_path: Path) -> None:
    program = (
        "from lomo_hf.rendering.glyphs.bitmaps import Bitmaps\nfrom lomo_hf.rendering.prose.faces import Faces\n"
        "from rendering.test_what_is_kept import digests\nprint(*digests(Faces.of(50_000), Bitmaps(50_000)))"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *(path for path in sys.path if path)])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == digests(Faces.of(), Bitmaps())


def test_lines_by_typst_are_the_same_before_and_after_other_pages() -> None:
    text = "Is $x^2 + y^2$ more than 0? " * 5
    first = page_of(text).pixels
    draw([line_markup(line, []) for line in lines_of(prose()[0], 0, len(prose()[0]), ())], 500, STYLE)
    assert np.array_equal(page_of(text).pixels, first)
