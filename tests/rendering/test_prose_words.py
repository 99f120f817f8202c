"""What is kept changes no pixel: whatever was drawn before, let go, or drawn by another thread."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from rendering.page_helpers import STYLE, page_of

from lomo_hf.corpus import Conversation, open_corpus
from lomo_hf.rendering.markup import lines_of
from lomo_hf.rendering.prose import set_prose
from lomo_hf.rendering.prose.words import PHASES, Words
from lomo_hf.spans import scan


@cache
def prose() -> tuple[str, ...]:
    source = open_corpus(None)
    rows = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    texts = [turn.text for row in rows for turn in row.turns if turn.role == "user"]
    return tuple(text for text in texts if set_page(text, Words()) is not None)[:40]


def set_page(text: str, words: Words) -> NDArray[np.uint8] | None:
    return set_prose(lines_of(text, 0, len(text), scan(text)), 600, STYLE, words)


def digests(words: Words) -> list[str]:
    return [
        sha256(page.tobytes()).hexdigest() for page in (set_page(text, words) for text in prose()) if page is not None
    ]


def test_a_page_is_the_same_whatever_is_kept() -> None:
    fresh = [digest for text in prose() for digest in [sha256(set_page(text, Words()).tobytes()).hexdigest()]]  # type: ignore[union-attr]
    for bound in (0, 4_000, 100_000, 24_000_000):
        words = Words(bound)
        assert digests(words) == fresh
        assert digests(words) == fresh  # and once more, from what was kept


def test_threads_that_share_words_draw_the_same_pages() -> None:
    alone = digests(Words())
    for bound in (20_000, 24_000_000):
        words = Words(bound)
        with ThreadPoolExecutor(8) as pool:
            assert all(found == alone for found in pool.map(digests, [words] * 16))


def test_what_is_kept_stays_within_its_bound() -> None:
    words = Words(200_000)
    for number in range(4_000):
        picture = words.picture(f"w{number}", 20, number % PHASES)
        kept = [*words._young.values(), *words._old.values()]
        assert picture.pixels.any()
        if number % 100 == 0:
            assert sum(one.pixels.nbytes for one in kept if hasattr(one, "pixels")) <= 200_000
    assert 0 < len(words._young) + len(words._old) < 1_000


def test_nobody_can_change_a_picture_that_is_kept() -> None:
    page = page_of("A page.").pixels
    page[:] = 0
    assert page_of("A page.").pixels.mean() > 200


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("Towjgy.,’Žλ1"), min_size=1, max_size=12), st.integers(0, PHASES - 1))
@example("1", 3)
def test_a_word_holds_the_ink_of_its_glyphs_wherever_it_begins(word: str, phase: int) -> None:
    """A word is itself drawn eight times as large, moved by whole pixels and made small: nothing moved, nothing cut.

    One phase amiss is 26 greys on a full stop and 32 on a stem; what rounding takes is 3, what is left of half a phase
    is for the curves of small letters. Letters whose outlines cross or touch the next are left out: HarfBuzz adds up
    their coverage within a pixel.
    """
    picture, large = Words().picture(word, 20, phase), Words().picture(word, 20 * PHASES, 0)
    height, width = (size + 4 for size in picture.pixels.shape)
    around = np.full((height * PHASES, width * PHASES), 255.0)  # two pixels of paper on each side of the picture
    top, left = large.top - (picture.top - 2) * PHASES, large.left + phase - (picture.left - 2) * PHASES
    around[top : top + large.pixels.shape[0], left : left + large.pixels.shape[1]] = large.pixels
    expected = around.reshape(height, PHASES, width, PHASES).mean(axis=(1, 3))
    found = np.pad(picture.pixels, 2, constant_values=255)
    assert np.abs(found - expected).max() <= 255 / PHASES / 2 + 3


def test_another_process_and_hash_seed_change_nothing(tmp_path: Path) -> None:
    here = digests(Words())
    program = (
        "from lomo_hf.rendering.prose.words import Words\nfrom rendering.test_prose_words import digests\n"
        "print(*digests(Words(50_000)))"
    )
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *(path for path in sys.path if path)])
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == here
