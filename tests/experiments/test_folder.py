"""The experiment's folder holds what `lomo build` and `lomo render-eval` made, and all that training needs."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from experiments.carrier_gap.corpus import draw_rows
from experiments.carrier_gap.folder import Folder
from experiments.carrier_gap.glyphs import draw_atlas
from experiments.carrier_gap.layout import CANVASES, Layout, Units, lay_out
from experiments.carrier_gap.making import make_folder
from experiments.carrier_gap.packing import prompt_and_answer
from experiments.carrier_gap.product import RECIPES, load, numeric_modules
from experiments.carrier_gap.settings import ARMS, SETTINGS, Counts
from experiments.carrier_gap.vocabulary import Vocabulary
from lomo_hf.recipes import NAMED_RECIPES


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Folder, Path]:
    work = tmp_path_factory.mktemp("work")
    make_folder(SETTINGS["tiny"], work / "folder", work / "datasets")
    return Folder(work / "folder"), work / "datasets"


def test_every_arm_is_the_dataset_that_lomo_built(tiny_folder: tuple[Folder, Path]) -> None:
    folder, datasets = tiny_folder
    assert set(folder.arms) == {*ARMS, "fulltext100"}
    corpus = draw_rows("train", SETTINGS["tiny"].counts.train)
    for arm in folder.arms[1:]:
        built = {row["source_id"]: row for row in load(datasets / "built", arm, "train", datasets / "cache")}
        for source, (parts, answer) in zip(corpus, folder.train(arm), strict=True):
            row = built[source.id]
            assert prompt_and_answer(row) == (source.prompt, answer)
            assert [part for part in parts if isinstance(part, str)] == [
                part["text"] for part in row["messages"][0]["content"] if part["type"] == "text"
            ]
            pages = [folder.page(part) for part in parts if isinstance(part, int)]
            assert len(pages) == len(row["images"] or ())
            for page, image in zip(pages, row["images"] or (), strict=True):
                # 16 greys: no pixel is further than half a step from the one that was built.
                assert np.abs(page.astype(int) - np.asarray(image.convert("L")).astype(int)).max() <= 8
    assert [parts for parts, _ in folder.train("standard")] == [[row.prompt] for row in corpus]


def test_arms_that_share_a_ratio_rewrite_the_same_rows(tiny_folder: tuple[Folder, Path]) -> None:
    folder, _ = tiny_folder
    rewritten = {
        arm: {at for at, (parts, _) in enumerate(folder.train(arm)) if any(isinstance(part, int) for part in parts)}
        for arm in folder.arms
    }
    assert not rewritten["standard"]
    assert len(rewritten["ratio100"]) == len(rewritten["fulltext100"]) == SETTINGS["tiny"].counts.train
    assert rewritten["ratio25"] < rewritten["ratio50"] < rewritten["ratio75"] < rewritten["ratio100"]
    for arm in ("prefix50", "suffix50", "multispan50", "fulltext50", "nodistort50"):
        assert rewritten[arm] == rewritten["ratio50"]


def test_full_text_and_undistorted_arms_hold_clean_pages_alone(tiny_folder: tuple[Folder, Path]) -> None:
    _, datasets = tiny_folder
    for arm in ("fulltext50", "nodistort50"):
        for row in load(datasets / "built", arm, "train", datasets / "cache"):
            assert not row["rewritten"] or row["lomo"]["distortion"]["op"] == "clean"
    assert set(NAMED_RECIPES) == set(ARMS) - {"standard"} == set(RECIPES) - {"fulltext100"}


def test_formulas_take_the_latex_route_in_training_and_in_tests(tiny_folder: tuple[Folder, Path]) -> None:
    _, datasets = tiny_folder
    for folder, config in (("built", "ratio100"), ("built-test", "distorted")):
        rows = [row for row in load(datasets / folder, config, "train", datasets / "cache") if row["rewritten"]]
        routes = [(any("$" in span["text"] for span in row["lomo"]["spans"]), row["lomo"]["renderer"]) for row in rows]
        assert all((renderer == "latex") == formula for formula, renderer in routes)
        assert any(formula for formula, _ in routes)


def test_tests_ask_the_same_questions_under_every_carrier(tiny_folder: tuple[Folder, Path]) -> None:
    folder, datasets = tiny_folder
    asked = [row["id"] for row, _ in folder.test("text")]
    for name in folder.tests:
        own = [row["id"] for row, _ in folder.test(name)]
        prose = [row["id"] for row, _ in folder.test("text") if "$" not in row["prompt"]]
        assert own == (prose if name == "unseen_font" else asked)
        shown = [parts for _, parts in folder.test(name)]
        if name not in ("text", "middle"):
            assert all(len(parts) == 1 and isinstance(parts[0], int) for parts in shown)
    operations = {
        name: {
            row["lomo"]["distortion"]["op"] for row in load(datasets / "built-test", name, "train", datasets / "cache")
        }
        for name in ("middle", "distorted", "unseen_distortion")
    }
    assert operations["middle"] == {"clean"}
    assert "clean" not in operations["distorted"] | operations["unseen_distortion"]


def test_what_trains_needs_no_lomo_hf_installed(tiny_folder: tuple[Folder, Path]) -> None:
    """The folder's own copy of the code computes distance and rate where only numpy is to be had."""
    folder, _ = tiny_folder
    script = (
        "import sys\n"
        "for name in ('datasets', 'typst', 'matplotlib', 'sympy', 'yaml', 'cv2', 'huggingface_hub', 'imgaug'):\n"
        "    sys.modules[name] = None\n"
        "import lomo_hf, numpy as np\n"
        "from experiments.carrier_gap import folder, product\n"
        "assert lomo_hf.__file__.startswith(sys.argv[1]), lomo_hf.__file__\n"
        "draw = np.random.default_rng(0)\n"
        "states = [(draw.normal(size=(2, 40, 4)), draw.normal(size=(2, 50, 4)))]\n"
        "print(product.integration_rate(states).mean, product.distance(states[0][0][0], states[0][1][0]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder.path)],
        cwd=folder.path,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    from lomo_hf.evaluation import TokenStates, modality_integration_rate, pairwise_distance

    draw = np.random.default_rng(0)
    text, image = draw.normal(size=(2, 40, 4)), draw.normal(size=(2, 50, 4))
    rate, distance = map(float, done.stdout.split())
    # Another process may get other kernels of the linear algebra library, so not to the last bit.
    assert rate == pytest.approx(modality_integration_rate([TokenStates(text, image)]).mean, rel=1e-9)
    assert distance == pytest.approx(pairwise_distance(text[0], image[0]), rel=1e-12)
    assert all((folder.path / (name.replace(".", "/") + ".py")).is_file() for name in numeric_modules())


def test_a_dataset_of_ones_own_becomes_two_arms(tiny_folder: tuple[Folder, Path], tmp_path: Path) -> None:
    _, datasets = tiny_folder
    make_folder(
        SETTINGS["tiny"], tmp_path / "own", tmp_path / "work", dataset=str(datasets / "built"), config="prefix50"
    )
    own = Folder(tmp_path / "own")
    assert own.arms == ("standard", "prefix50")
    plain, paged = own.train("standard"), own.train("prefix50")
    assert [answer for _, answer in plain] == [answer for _, answer in paged]
    assert {len(parts) for parts, _ in plain} == {1}
    held = own.test("own_pages")
    assert held
    assert [row["id"] for row, _ in held] == [row["id"] for row, _ in own.test("own_text")]
    trained = {parts[0] for parts, _ in plain}
    assert not any(row["prompt"] in trained for row, _ in held)


@given(st.text(max_size=80))
def test_tokens_lose_nothing_but_blanks_at_the_ends(text: str) -> None:
    vocabulary = Vocabulary.of(["The apples are red.", r"What is $\frac{1}{2} + x$?"], least=1)
    readable = text.encode("utf-8", "replace").decode("utf-8")
    assert vocabulary.decode(vocabulary.encode(readable)) == readable.strip()


def test_lines_are_wrapped_as_they_are_read(tiny_folder: tuple[Folder, Path]) -> None:
    folder, _ = tiny_folder
    words = ["Nobody", "was", "in", "a", "hurry.", "Who", "has", "the", "red", "apple?"]
    units, atlas, canvas = Units.of(words, folder.vocabulary), draw_atlas(), CANVASES["medium"]
    index = np.tile(np.arange(len(words)), (16, 1))
    layout = lay_out(index, units, atlas, canvas, np.random.default_rng(1))
    assert (layout.lines.max(axis=1) > 0).any()
    for at in range(16):
        _check_lines(layout, at, [word for word, placed in zip(words, layout.placed[at], strict=True) if placed])


def _check_lines(layout: Layout, at: int, words: list[str]) -> None:
    used = layout.characters[at] != 255
    read = "".join(chr(code + 32) for code in layout.characters[at][used])
    assert read == "".join(words)
    lines, xs = layout.lines[at][used], layout.xs[at][used]
    assert (np.diff(lines) >= 0).all()
    assert all((np.diff(xs[lines == line]) > 0).all() for line in set(lines.tolist()))
    assert (layout.extent[at] <= np.array([CANVASES["medium"].columns * 16, CANVASES["medium"].rows * 16])).all()


def test_counts_are_those_of_the_settings(tiny_folder: tuple[Folder, Path]) -> None:
    folder, _ = tiny_folder
    counts = SETTINGS["tiny"].counts
    assert Counts(**{name: folder.info["counts"][name] for name in counts.__dataclass_fields__}) == counts
    assert len(folder.base_texts.starts) == counts.texts + 1
    data = (folder.path / "pages.bin").read_bytes()
    start, length = folder.info["pages"][0]
    assert Image.open(io.BytesIO(data[start : start + length])).format == "WEBP"
