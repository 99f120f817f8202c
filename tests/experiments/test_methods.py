"""The methods' losses: closed forms, gradients by finite differences in float64, and a tiny run of every arm."""

import json
import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from experiments.carrier_gap.__main__ import main
from experiments.carrier_gap.methods import METHODS, Method, method_of

pytestmark = [
    pytest.mark.proof,
    pytest.mark.skipif(not find_spec("torch"), reason="needs the extra `proof` (torch)"),
]
if find_spec("torch"):
    import torch
    from torch import Tensor
    from torch.autograd import gradcheck

    from experiments.carrier_gap.answering import answer_places, at_places, row_losses
    from experiments.carrier_gap.methods.alignment import Alignment, aligned, answered_rightly, divergence
    from experiments.carrier_gap.methods.laver import (
        VisualHead,
        clipped_gram_loss,
        draw_masked,
        follow,
        gram,
        masked_image_loss,
        replaced,
    )
    from experiments.carrier_gap.methods.revision import noised
    from experiments.carrier_gap.model import image_attention
    from experiments.carrier_gap.sequences import Rows, token_row
    from experiments.carrier_gap.vocabulary import ANSWER, BEGIN, END, IMAGE, IMAGE_END, IMAGE_START, Vocabulary

TINY = ["--tiny", "--threads", "1"]


def _draw(*shape: int, seed: int = 0) -> "Tensor":
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def _gradients_hold(loss: "Callable[[Tensor], Tensor]", *shape: int) -> bool:
    """Analytic gradients of a loss against central differences, in float64."""
    return bool(gradcheck(loss, (_draw(*shape, seed=5).requires_grad_(True),), eps=1e-6, atol=1e-7, rtol=1e-5))


# KL divergence of the carriers


def test_the_divergence_of_equal_carriers_is_zero() -> None:
    logits = _draw(3, 4, 7)
    torch.testing.assert_close(divergence(logits, logits), torch.zeros(3, 4, dtype=torch.float64))
    moved = logits + 3.5  # the same distribution
    torch.testing.assert_close(divergence(logits, moved), torch.zeros(3, 4, dtype=torch.float64), atol=1e-12, rtol=0)
    assert (divergence(logits, _draw(3, 4, 7, seed=1)) > 0).all()


def test_the_divergence_of_two_coins_is_the_one_on_paper() -> None:
    p, q = 0.9, 0.4
    first, second = (torch.tensor([math.log(share), math.log(1 - share)], dtype=torch.float64) for share in (p, q))
    by_hand = p * math.log(p / q) + (1 - p) * math.log((1 - p) / (1 - q))
    assert divergence(first, second).item() == pytest.approx(by_hand, rel=1e-12)
    assert divergence(second, first).item() != pytest.approx(by_hand, rel=1e-3)


def test_only_rows_that_are_answered_rightly_are_aligned() -> None:
    answer, counted = torch.tensor([[1, 2], [1, 2]]), torch.tensor([[True, True], [True, False]])
    text, page = torch.zeros(2, 2, 4, dtype=torch.float64), _draw(2, 2, 4)
    text[0, 0, 1] = text[0, 1, 3] = text[1, 0, 1] = 5.0  # the first row ends wrong; the second has one token, right
    text[1, 1, 0] = 5.0  # behind its end
    assert answered_rightly(text, answer, counted).tolist() == [False, True]
    own = aligned(text, page, answer, counted, Alignment(first="page", detached="text", right_only=True))
    torch.testing.assert_close(own, divergence(page[1, 0], text[1, 0]))
    everywhere = aligned(text, page, answer, counted, Alignment(first="page"))
    torch.testing.assert_close(everywhere, divergence(page[0], text[0]).mean() + divergence(page[1, 0], text[1, 0]))


@pytest.mark.parametrize("first", ["text", "page"])
@pytest.mark.parametrize("detached", ["text", "page", None])
def test_a_detached_side_gets_no_gradient_and_the_other_the_right_one(first: str, detached: str | None) -> None:
    answer, counted = torch.tensor([[0, 1, 2]]), torch.tensor([[True, True, False]])
    sides = {"text": _draw(1, 3, 5), "page": _draw(1, 3, 5, seed=1)}
    alignment = Alignment(first=first, detached=detached)

    def loss(name: str) -> "Callable[[Tensor], Tensor]":
        return lambda own: aligned(
            *(own if side == name else sides[side] for side in sides), answer, counted, alignment
        )

    for name, logits in sides.items():
        own = logits.clone().requires_grad_(True)
        value = loss(name)(own)
        gradient = torch.autograd.grad(value, own, allow_unused=True)[0] if value.requires_grad else None
        if name == detached:
            assert gradient is None or not gradient.any()
        else:
            assert gradient is not None
            assert not gradient[0, 2].any()  # behind the answer's end
            assert _gradients_hold(loss(name), 1, 3, 5)


def test_sft_on_the_twin_is_sft_on_the_text_and_the_divergence() -> None:
    """Equation 6, for answers drawn from p(. | x): the expected loss after T(x) splits into the two."""
    text, page = _draw(1, 1, 6), _draw(1, 1, 6, seed=1)
    p = text.softmax(-1)
    after_page, after_text = (-(p * logits.log_softmax(-1)).sum() for logits in (page, text))
    answer, counted = torch.zeros(1, 1, dtype=torch.long), torch.ones(1, 1, dtype=torch.bool)
    torch.testing.assert_close(after_page, after_text + aligned(text, page, answer, counted, Alignment()))


def test_settings_that_name_no_side_are_refused() -> None:
    for wrong, field in (
        ({"first": "image"}, "first"),
        ({"detached": "both"}, "detached"),
        ({"weight": -1}, "weight"),
    ):
        with pytest.raises(ValueError, match=f"{field} must be"):
            Alignment(**wrong)
    for wrong, field in ((("a", "b"), "rows"), (("a",), "twin")):
        with pytest.raises(ValueError, match=f"{field} must"):
            Method(wrong, loss="paired" if field == "twin" else "answers")


# LaVer


def test_a_teacher_that_is_the_student_gives_the_entropy() -> None:
    logits, masked = _draw(2, 5, 8), torch.tensor([[True, False, True, False, False]] * 2)
    p = (logits / 0.07).softmax(-1)
    entropy = -(p * p.log()).sum(-1)
    loss = masked_image_loss(logits, logits, masked, 0.07, 0.07)
    torch.testing.assert_close(loss, entropy[masked].sum())
    # ... which is the least that a student can have.
    assert masked_image_loss(logits + 0.1 * _draw(2, 5, 8, seed=1), logits, masked, 0.07, 0.07) > loss
    own = logits.clone().requires_grad_(True)
    masked_image_loss(own, logits, masked, 0.07, 0.07).backward()
    torch.testing.assert_close(own.grad, torch.zeros_like(logits), atol=1e-12, rtol=0)


def test_masked_image_modelling_is_the_cross_entropy_by_hand_and_counts_masked_tokens_alone() -> None:
    student, teacher = _draw(1, 3, 4), _draw(1, 3, 4, seed=1)
    masked = torch.tensor([[False, True, False]])
    z, t = student[0, 1] / 0.1, teacher[0, 1] / 0.04
    weights = [math.exp(logit - max(t.tolist())) for logit in t.tolist()]
    log_z = math.log(sum(math.exp(logit - max(z.tolist())) for logit in z.tolist())) + max(z.tolist())
    by_hand = -sum(w / sum(weights) * (logit - log_z) for w, logit in zip(weights, z.tolist(), strict=True))
    assert masked_image_loss(student, teacher, masked).item() == pytest.approx(by_hand, rel=1e-12)
    assert masked_image_loss(student, teacher, torch.zeros_like(masked)).item() == 0
    assert _gradients_hold(lambda own: masked_image_loss(own, teacher, masked), 1, 3, 4)


def test_the_teacher_gets_no_gradient() -> None:
    student, teacher = _draw(1, 3, 4), _draw(1, 3, 4, seed=1).requires_grad_(True)
    image = torch.ones(1, 3, dtype=torch.bool)
    for loss in (masked_image_loss(student, teacher, image), clipped_gram_loss(student, teacher, image)):
        assert not loss.requires_grad


def test_anchoring_is_silent_where_the_student_is_the_teacher() -> None:
    logits, image = _draw(2, 4, 6).requires_grad_(True), torch.ones(2, 4, dtype=torch.bool)
    for symmetric in (False, True):
        loss = clipped_gram_loss(logits, logits.detach(), image, symmetric=symmetric)
        loss.backward()
        assert loss.item() == 0
        assert logits.grad is not None
        assert not logits.grad.any()


def test_clipping_ignores_a_student_that_tells_tokens_further_apart() -> None:
    image = torch.ones(1, 2, dtype=torch.bool)
    alike = torch.tensor([[[1.0, 0.0], [1.0, 0.5]]], dtype=torch.float64)
    apart = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]], dtype=torch.float64)
    cosine = 1 / math.sqrt(1.25)
    assert clipped_gram_loss(apart, alike, image).item() == pytest.approx(0, abs=1e-24)  # of the diagonal
    assert clipped_gram_loss(apart, alike, image, symmetric=True).item() == pytest.approx(2 * cosine**2)
    # A student whose tokens are more alike than the teacher's is pushed apart either way.
    for symmetric in (False, True):
        assert clipped_gram_loss(alike, apart, image, symmetric=symmetric).item() == pytest.approx(2 * cosine**2)
    own = alike.clone().requires_grad_(True)
    clipped_gram_loss(own, apart, image).backward()
    assert own.grad is not None
    step = (alike - 0.05 * own.grad).detach()
    assert gram(step, image)[0, 0, 1] < gram(alike, image)[0, 0, 1]


def test_gradients_of_anchoring_are_those_of_finite_differences() -> None:
    teacher, image = _draw(2, 4, 3, seed=1), torch.tensor([[True, True, True, False], [False, True, True, True]])
    for symmetric in (False, True):
        assert _gradients_hold(lambda own, s=symmetric: clipped_gram_loss(own, teacher, image, symmetric=s), 2, 4, 3)
    own = _draw(2, 4, 3).requires_grad_(True)
    clipped_gram_loss(own, teacher, image).backward()
    assert own.grad is not None
    assert not own.grad[~image].any()  # text tokens are not anchored


def test_the_gram_matrix_holds_cosines_of_image_tokens() -> None:
    logits, image = _draw(1, 3, 5), torch.tensor([[True, False, True]])
    matrix = gram(logits, image)[0]
    cosine = torch.cosine_similarity(logits[0, 0], logits[0, 2], dim=0)
    expected = torch.tensor([[1, 0, cosine], [0, 0, 0], [cosine, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(matrix, expected)


def test_masked_tokens_become_the_vector_and_others_stay() -> None:
    embeddings, masked, vector = _draw(1, 3, 2), torch.tensor([[False, True, False]]), _draw(2, seed=1)
    result = replaced(embeddings, masked, vector)
    torch.testing.assert_close(result[0, 1], vector)
    torch.testing.assert_close(result[0, ::2], embeddings[0, ::2])
    assert _gradients_hold(lambda own: replaced(embeddings, masked, own).square().sum(), 2)


def test_image_tokens_alone_are_masked_at_the_ratio() -> None:
    image = torch.zeros(20, 2_000, dtype=torch.bool)
    image[:, :1_500] = True
    masked = draw_masked(image, 0.05, torch.Generator().manual_seed(0))
    assert not masked[:, 1_500:].any()
    share = masked[:, :1_500].float().mean().item()
    assert abs(share - 0.05) < 4 * (0.05 * 0.95 / 30_000) ** 0.5
    assert not draw_masked(image, 0.0, torch.Generator().manual_seed(0)).any()


def test_a_teacher_follows_by_its_momentum() -> None:
    teacher, student = [torch.tensor([1.0, -2.0])], [torch.tensor([3.0, 0.0], requires_grad=True)]
    for _ in range(3):
        follow(teacher, student, 0.9)
    torch.testing.assert_close(teacher[0], student[0].detach() + 0.9**3 * torch.tensor([-2.0, -2.0]))
    assert not teacher[0].requires_grad


def test_the_head_has_three_layers_for_each_run() -> None:
    torch.manual_seed(0)
    head = VisualHead(2, 4)
    states = torch.randn(2, 3, 4)
    other = states.clone()
    other[0] += 1
    changed = (head(states) != head(other)).flatten(1).any(1)
    assert changed.tolist() == [True, False]
    assert sum(parameter.numel() for parameter in head.parameters()) == 2 * 3 * (4 * 4 + 4)


def test_tokens_of_a_page_see_all_of_it_and_text_sees_what_comes_before() -> None:
    ids = torch.tensor([BEGIN, IMAGE_START, IMAGE, IMAGE, IMAGE_END, 7, IMAGE_START, IMAGE, IMAGE, IMAGE_END, ANSWER])
    seen = image_attention(ids)
    pages = [{2, 3}, {7, 8}]
    for row in range(len(ids)):
        for column in range(len(ids)):
            together = any({row, column} <= page for page in pages)
            assert bool(seen[row, column]) == (column <= row or together), (row, column)


# places of answers, rows, stage 1


def test_answers_are_found_where_they_stand() -> None:
    vocabulary = Vocabulary((" red", " blue"))
    rows = Rows([token_row(["red"], "blue red", {}, vocabulary), token_row(["red red"], "x", {}, vocabulary)],
                torch.device("cpu"))  # fmt: skip
    assert rows.answers.tolist() == [3, 3]  # blue red END; a blank and x as bytes, END
    ids = rows.take(np.array([[0, 1]])).ids
    places, counted = answer_places(ids, 4)
    assert counted.tolist() == [[[True] * 3 + [False]] * 2]
    follows = ids.gather(-1, places + 1)[0]
    assert follows[0, :3].tolist() == [*vocabulary.encode("blue red"), END]
    assert follows[1, :3].tolist() == [*vocabulary.encode("x"), END]
    values = ids[..., None].double()
    torch.testing.assert_close(at_places(values, places)[0, :, 0, 0], torch.full((2,), float(ANSWER)).double())


def test_a_row_weighs_as_much_as_any_other_however_long_its_answer() -> None:
    ids = torch.tensor([[[BEGIN, 5, ANSWER, 7, END, 256], [BEGIN, ANSWER, 7, 8, 9, END]]])
    logits = _draw(1, 2, 6, 300)
    each = [-logits[0, 0, at].log_softmax(-1)[ids[0, 0, at + 1]] for at in (2, 3)]
    other = [-logits[0, 1, at].log_softmax(-1)[ids[0, 1, at + 1]] for at in (1, 2, 3, 4)]
    torch.testing.assert_close(row_losses(logits, ids)[0], sum(each) / 2 + sum(other) / 4)
    assert _gradients_hold(lambda own: row_losses(own, ids), 1, 2, 6, 270)


def test_noise_is_as_long_as_the_gap_and_does_not_close_it() -> None:
    draw = np.random.default_rng(0)
    images, texts = draw.normal(size=(400, 64)) + 3, draw.normal(size=(500, 64)) - 1
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (images, texts)]
    gap = np.linalg.norm(unit[0].mean(0) - unit[1].mean(0))
    moved = noised(images, texts, np.random.default_rng(1))
    np.testing.assert_allclose(np.linalg.norm(moved, axis=1), 1)
    assert np.linalg.norm(unit[0].mean(0) - moved.mean(0)) > 0.7 * gap


# every arm


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("methods") / "data"
    arms = ",".join(["standard", "ratio50", "methods"])
    assert main([*TINY, "--data", str(data), "--arms", arms, "--steps", "4", "--minutes", "0.2"]) == 0
    return data


def test_every_method_is_trained_and_tested_on_the_same_questions(tiny: Path) -> None:
    runs = [json.loads(line) for line in (tiny / "out" / "runs.jsonl").read_text().splitlines()]
    assert {run["arm"] for run in runs} == {"base", "standard", "ratio50", *METHODS}
    base = runs[0]
    for run in runs[1:]:
        assert run["steps"] == 4
        assert np.isfinite(run["loss"]).all()
        assert run["step_seconds"] > 0
        assert {name: held["ids"] for name, held in run["tests"].items()} == {
            name: held["ids"] for name, held in base["tests"].items()
        }
        assert len(run["homogenisation"]) == len(run["mir_by_layer"])
        assert all(-1 <= value <= 1 for value in run["homogenisation"])


def test_arms_of_a_loss_begin_from_the_same_weights_and_see_their_own_rows(tiny: Path, tmp_path: Path) -> None:
    from experiments.carrier_gap.arms import _beginning
    from experiments.carrier_gap.ground import prepare_ground
    from experiments.carrier_gap.running import prepare
    from experiments.carrier_gap.settings import SETTINGS
    from experiments.carrier_gap.tuning import _versions

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    arms = ["standard", "full-text", "mix", "curriculum", "standard+fresh", "standard+realign", "standard+noise"]
    ground = prepare_ground(run, tiny / "out" / "base-0.pt", [*arms, "standard+alignment"])
    begun = _beginning(run, ground, arms, 3, 4)
    for name, own in begun.named_parameters():
        same = [bool((own[at] == own[0]).all()) for at in range(len(arms))]
        assert same == [True] * 4 + [not name.startswith("projector")] * 3, name
    projectors = torch.cat([parameter[4:].flatten(1) for parameter in begun.projector.parameters()], 1)
    assert len({tuple(projector.tolist()) for projector in projectors}) == 3

    def shown(arm: str, row: int, passes: int, share: float) -> list[int]:
        place = _versions(ground, arm, np.array([row]), passes, share)[0]
        return ground.rows[arm].ids[place, : ground.rows[arm].lengths[place]].tolist()

    prompt = run.folder.vocabulary.encode(run.folder.prompts[0])
    both = [shown("curriculum", 0, 0, share) for share in (0.0, 0.9)]
    assert [IMAGE in ids for ids in both] == [True, True]
    contained = [any(ids[at : at + len(prompt)] == prompt for at in range(len(ids))) for ids in both]
    assert contained == [True, False]  # full-text says all of it, no-text leaves the page's part to the page
    assert {tuple(shown("mix", 0, passes, 0.0)) for passes in (0, 1)} == {tuple(ids) for ids in both}
    multimodal = ground.text_rows + 2
    assert shown("mix", multimodal, 1, 0.0) == shown("standard", multimodal, 0, 0.0)
    twin = ground.twins["standard+alignment"]
    assert 0 < twin.differs.sum() < ground.text_rows
    assert (twin.rows.answers == ground.rows["standard"].answers[: ground.text_rows]).all()


def test_a_loss_over_carriers_adds_nothing_where_the_twin_is_the_row_itself(tiny: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    from experiments.carrier_gap.answering import answer_losses
    from experiments.carrier_gap.ground import Twin, prepare_ground
    from experiments.carrier_gap.methods.paired import PairedLosses
    from experiments.carrier_gap.running import prepare
    from experiments.carrier_gap.settings import SETTINGS

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    arm = "standard+equation6"
    ground = prepare_ground(run, tiny / "out" / "base-0.pt", [arm])
    with torch.no_grad():  # as it is trained for seconds alone, it says the same whatever it is shown
        for parameter in ground.decoder.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    index = np.arange(12)[None]
    plain = answer_losses(run, ground.decoder, [ground.rows[arm]], index, ground.features)
    own = Twin(ground.rows[arm], np.ones(ground.text_rows, bool))
    with_itself = PairedLosses(run, replace(ground, twins={arm: own}), ground.decoder, [arm]).of(index)
    torch.testing.assert_close(with_itself, plain, atol=1e-3, rtol=1e-4)
    with_pages = PairedLosses(run, ground, ground.decoder, [arm]).of(index)
    assert with_pages.item() > plain.item() + 0.01


def test_arms_that_no_folder_has_are_refused(tiny: Path, tmp_path: Path) -> None:
    from experiments.carrier_gap.ground import prepare_ground
    from experiments.carrier_gap.running import prepare
    from experiments.carrier_gap.settings import SETTINGS

    run = prepare(tiny, SETTINGS["tiny"], tmp_path, 60.0, threads=1)
    with pytest.raises(ValueError, match="found 'ratio51'"):
        prepare_ground(run, tiny / "out" / "base-0.pt", ["ratio51"])
    assert method_of("ratio51").rows == ("ratio51",)
