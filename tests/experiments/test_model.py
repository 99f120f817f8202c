"""The small model: runs side by side are as good as alone, and labels lie where the ink is."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not find_spec("torch"), reason="needs the extra `proof` (torch)"),
]
if find_spec("torch"):
    import torch
    import torch.nn.functional as F

    from experiments.carrier_gap.glyphs import CHARACTERS, draw_atlas
    from experiments.carrier_gap.layout import CANVASES, MERGE, PATCH, Units, lay_out
    from experiments.carrier_gap.model import Decoder, Inputs, Shape, Tower, merged
    from experiments.carrier_gap.optimizers import clip_each_run, orthogonal
    from experiments.carrier_gap.page_setting import WHITE, DeviceAtlas, set_pages
    from experiments.carrier_gap.sequences import Place, Rows, answer_tokens, reading_batch, stack_runs, token_row
    from experiments.carrier_gap.vocabulary import IMAGE, READ, Vocabulary

    SHAPE = Shape(64, 2, 64, 1, 320)
    DEVICE = torch.device("cpu")

WORDS = ["Nobody", "was", "in", "a", "hurry.", "Who", "has", "the", "red", "apple?"]


def _inputs(runs: int, seed: int = 0) -> "Inputs":
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, 256, (runs, 3, 12), generator=generator)
    ids[:, :, 2:5] = IMAGE
    pointers = torch.where(ids == IMAGE, torch.arange(12).expand_as(ids), -1)
    places = torch.arange(12).expand_as(ids)[..., None].expand(*ids.shape, 2)
    return Inputs(ids, pointers, places)


def _filled(decoder: "Decoder") -> "Decoder":
    """Layers that begin at zero would hide what goes through them."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in decoder.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return decoder


def test_runs_that_are_trained_side_by_side_end_as_if_each_were_alone() -> None:
    inputs, features = _inputs(3), torch.randn(12, 2 * SHAPE.tower_width, generator=torch.Generator().manual_seed(2))
    together = _filled(Decoder(SHAPE, 3))
    alone = [Decoder(SHAPE) for _ in range(3)]
    for at, own in enumerate(alone):
        with torch.no_grad():
            for mine, theirs in zip(own.parameters(), together.parameters(), strict=True):
                mine.copy_(theirs[at : at + 1])
    for decoder, chosen in [(together, slice(0, 3)), *((own, slice(at, at + 1)) for at, own in enumerate(alone))]:
        adam = torch.optim.AdamW(decoder.parameters(), lr=1e-3)
        part = Inputs(inputs.ids[chosen], inputs.pointers[chosen], inputs.places[chosen])
        for _ in range(3):
            logits = decoder.logits(decoder(part, features).flatten(1, 2))
            target = part.ids.flatten(1)
            losses = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none").view_as(target).mean(1)
            losses.sum().backward()
            clip_each_run(decoder.parameters(), 0.01)
            adam.step()
            decoder.zero_grad()
    for at, own in enumerate(alone):
        for mine, theirs in zip(own.parameters(), together.parameters(), strict=True):
            torch.testing.assert_close(mine[0], theirs[at], rtol=1e-4, atol=1e-5)


def test_a_token_sees_nothing_that_comes_after_it() -> None:
    decoder, inputs = _filled(Decoder(SHAPE)), _inputs(1)
    features = torch.randn(12, 2 * SHAPE.tower_width)
    before = decoder(inputs, features)
    changed = inputs.ids.clone()
    changed[:, :, 8:] = 7
    after = decoder(Inputs(changed, inputs.pointers, inputs.places), features)
    torch.testing.assert_close(before[:, :, :8], after[:, :, :8])
    assert not torch.allclose(before[:, :, 8:], after[:, :, 8:])


def test_image_tokens_carry_their_patches_and_their_places() -> None:
    decoder, inputs = _filled(Decoder(SHAPE)), _inputs(1)
    features = torch.randn(12, 2 * SHAPE.tower_width)
    whole = decoder(inputs, features)
    other = features.clone()
    other[3] += 1  # pointed at by the fourth token, an image's
    assert not torch.allclose(whole, decoder(inputs, other))
    other = features.clone()
    other[9] += 1  # pointed at by no image token
    torch.testing.assert_close(whole, decoder(inputs, other))
    moved = inputs.places.clone()
    moved[:, :, 3, 1] += 5
    assert not torch.allclose(whole, decoder(Inputs(inputs.ids, inputs.pointers, moved), features))


def test_muon_makes_matrices_about_orthogonal() -> None:
    singular = torch.linalg.svdvals(orthogonal(torch.randn(4, 32, 80)))
    assert 0.6 < singular.min()
    assert singular.max() < 1.3


def test_labels_say_which_characters_and_words_lie_where() -> None:
    vocabulary, atlas, canvas = Vocabulary.of([" ".join(WORDS)], least=1), draw_atlas(), CANVASES["medium"]
    units = Units.of(WORDS, vocabulary)
    index = np.tile(np.arange(len(WORDS)), (24, 1))
    layout = lay_out(index, units, atlas, canvas, np.random.default_rng(3))
    pages, labels = set_pages(layout, DeviceAtlas.of(atlas, DEVICE), canvas, torch.Generator().manual_seed(0))
    assert pages.shape == (24, 1, canvas.rows * PATCH, canvas.columns * PATCH)
    grid = labels.characters.view(24, canvas.rows, canvas.columns, -1)
    ink = (pages[:, 0] > 0.6).float()
    inked = F.max_pool2d(ink[:, None], PATCH)[:, 0].bool()
    for at in np.flatnonzero(layout.angle == 0):
        # Level pages read line by line, from left to right; up to three characters of a patch are kept.
        lines = ["".join(CHARACTERS[code - 1] for code in row[row > 0].tolist()) for row in grid[at]]
        wanted = "".join(word for word, placed in zip(WORDS, layout.placed[at], strict=True) if placed)
        assert len("".join(lines)) > 0.85 * len(wanted)
        assert set("".join(lines)) <= set(wanted)
        begun = {int(token) for token in labels.words[at].flatten() if token}
        first = {vocabulary.encode(word)[0] for word, placed in zip(WORDS, layout.placed[at], strict=True) if placed}
        assert begun <= first
        assert len(begun) >= len(first) - 1
    labelled = (grid > 0).any(-1)
    assert (inked & labelled).sum() > 0.9 * labelled.sum()


def test_a_page_that_is_read_aloud_is_one_row_of_its_words_and_its_own_patches() -> None:
    vocabulary, atlas, canvas = Vocabulary.of([" ".join(WORDS)], least=1), draw_atlas(), CANVASES["medium"]
    units = Units.of(WORDS, vocabulary)
    index = np.tile(np.arange(len(WORDS)), (8, 1))
    layout = lay_out(index, units, atlas, canvas, np.random.default_rng(4))
    ids, pointers, places = reading_batch(layout, index, units, canvas)
    across = canvas.columns // MERGE
    for at in range(8):
        rows, columns = layout.grid[at].tolist()
        text = " ".join(word for word, placed in zip(WORDS, layout.placed[at], strict=True) if placed)
        row = token_row([0], text, {0: Place(0, rows, columns)}, vocabulary, READ)
        assert ids[at, : len(row.ids)].tolist() == row.ids
        assert places[at, : len(row.ids)].tolist() == [list(place) for place in row.places]
        own = [pointer for pointer in pointers[at].tolist() if pointer >= 0]
        corner = at * canvas.rows * across
        assert own == [corner + down * across + over for down in range(rows) for over in range(columns)]


def test_rows_of_several_arms_are_cut_to_one_length() -> None:
    vocabulary = Vocabulary((" red",))
    short = Rows([token_row(["red"], "red", {}, vocabulary)] * 2, DEVICE)
    long = Rows([token_row(["red " * 40], "red", {}, vocabulary)] * 2, DEVICE)
    inputs = stack_runs([short, long], np.array([[0, 1], [1, 0]]))
    assert inputs.ids.shape == (2, 2, 64)
    wanted = answer_tokens(inputs.ids)
    assert wanted.sum(-1).tolist() == [[2, 2], [2, 2]]  # the answer and its end


def test_the_tower_sees_each_patch_where_it_is() -> None:
    torch.manual_seed(0)
    tower = Tower(SHAPE)
    page = torch.full((1, 1, 64, 96), WHITE)
    marked = page.clone()
    marked[:, :, 20:28, 68:76] = 1.0
    change = (tower(marked) - tower(page)).norm(dim=-1)[0]
    assert divmod(int(change.argmax()), 6) == (1, 4)
    assert merged(tower(page)).shape == (1, 4, 3, 128)


def test_a_base_file_is_small_enough_to_travel(tmp_path: Path) -> None:
    from experiments.carrier_gap.settings import SETTINGS

    full = SETTINGS["full"]
    shape = Shape(full.width, full.depth, full.tower_width, full.tower_depth, 640)
    parameters = sum(parameter.numel() for part in (Tower(shape), Decoder(shape)) for parameter in part.parameters())
    assert 2 * parameters < 36e6
