"""Agreement of a tiny, randomly initialised model over built rows: against its own full logits. Needs [eval]."""

from pathlib import Path
from typing import Any

import datasets
import pytest
from evaluation.tiny_models import tiny_llava, tiny_processor
from typer.testing import CliRunner

from lomo_hf import Recipe, build_dataset, load_recipe, open_corpus, substitute_row
from lomo_hf.cli import app
from lomo_hf.errors import RecipeError, SourceError
from lomo_hf.evaluation import answer_log_probabilities, carrier_agreement, carrier_divergence, read_scores
from lomo_hf.recipes import Selection
from lomo_hf.related_methods import exchange_of
from lomo_hf.substitution import Row

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

pytestmark = [pytest.mark.eval, pytest.mark.filterwarnings("ignore")]  # torch and transformers warn of themselves


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Short rows of one page, of two, and one that stayed text."""
    corpus = open_corpus()
    short = [row for row in corpus.conversations(0, 206) if len(row.turns) == 2 and len(row.turns[0].text) < 260]
    whole, two = Recipe("all", ratio=1.0), load_recipe("multispan50")
    substituted = [substitute_row(row, whole) for row in short[:4]]
    long = next(row for row in corpus.conversations(0, 206) if 500 < len(row.turns[0].text) < 900)
    substituted.append(substitute_row(long, Recipe("two", ratio=1.0, position=two.position)))
    substituted.insert(2, substitute_row(short[5], Recipe("none", ratio=0.0)))
    return [row for row in substituted if isinstance(row, dict)]


@pytest.fixture(scope="module")
def processor() -> Any:
    return tiny_processor()


@pytest.fixture(scope="module")
def model() -> Any:
    return tiny_llava()


def one_by_one(model: Any, processor: Any, row: Row) -> tuple[Any, Any, list[int]]:
    """The answer's logits on both sides, written out: prompt and answer as one text, all logits, no padding."""
    from io import BytesIO

    from PIL import Image

    exchange = exchange_of(row)
    assert exchange is not None
    ids = processor.tokenizer(exchange.answer, add_special_tokens=False)["input_ids"]
    sides = []
    for prompt, images in ((exchange.full, None), (exchange.rewritten, exchange.images)):
        text = f"<s>user: {prompt}<s>assistant: {exchange.answer}"
        opened = [Image.open(BytesIO(image)).convert("RGB") for image in images] if images else None
        with torch.no_grad():
            logits = model.eval()(**processor(text=[text], images=opened, return_tensors="pt")).logits[0]
        sides.append(logits[-len(ids) - 1 : -1].numpy())
    return sides[0], sides[1], ids


def test_agreement_is_that_of_the_models_own_logits(rows: list[Row], model: Any, processor: Any) -> None:
    outcome = list(carrier_agreement(model, processor, rows, batch_size=2))
    rewritten = [row for row in rows if row["rewritten"]]
    assert [each.id for each in outcome] == [row["id"] for row in rewritten]
    assert max(len(row["images"]) for row in rewritten) == 2
    for each, row in zip(outcome, rewritten, strict=True):
        text, page, ids = one_by_one(model, processor, row)
        assert each.tokens == len(ids)
        assert each.text == pytest.approx(answer_log_probabilities(text, ids).sum(), abs=2e-3)
        assert each.page == pytest.approx(answer_log_probabilities(page, ids).sum(), abs=2e-3)
        assert each.divergence == pytest.approx(carrier_divergence(text, page).sum(), abs=2e-3)


def test_batches_of_any_size_agree(rows: list[Row], model: Any, processor: Any) -> None:
    heard: list[int] = []
    alone = list(carrier_agreement(model, processor, rows, batch_size=1, progress=heard.append))
    together = list(carrier_agreement(model, processor, rows, batch_size=8))
    assert heard == [1, 2, 3, 4, 5]
    for first, second in zip(alone, together, strict=True):
        assert (first.id, first.tokens) == (second.id, second.tokens)
        assert first.gap == pytest.approx(second.gap, abs=2e-3)
        assert first.divergence == pytest.approx(second.divergence, abs=2e-3)


def test_a_model_that_holds_everything_for_equally_likely_agrees_with_itself(rows: list[Row], processor: Any) -> None:
    model = tiny_llava()
    torch.nn.init.zeros_(model.lm_head.weight)
    size = torch.tensor(model.lm_head.weight.shape[0], dtype=torch.float64).log().item()
    for each in carrier_agreement(model, processor, rows):
        assert each.text == pytest.approx(-each.tokens * size, rel=1e-6)
        assert (each.gap, each.divergence) == (pytest.approx(0, abs=1e-4), pytest.approx(0, abs=1e-4))


def test_the_loop_from_a_dataset_to_a_dataset_on_the_command_line(
    model: Any, processor: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Build every row, score it with a model, and build again the half that the model found hardest."""
    monkeypatch.chdir(tmp_path)
    model.save_pretrained("model")
    processor.save_pretrained("model")
    rows = [f'{{"id": "{n}", "prompt": "What is {n} + {n}?", "answer": "It is {2 * n}."}}' for n in range(12)]
    Path("mine.jsonl").write_text("\n".join(rows))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")

    def lomo(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    build_dataset(open_corpus("mine.jsonl"), [load_recipe("ratio100")], "all")
    printed = lomo(
        "agreement", "all", "--model", "model", "--out", "scores.jsonl", "--device", "cpu", "--batch-size", "5"
    )
    assert "12 rewritten rows, 103 answer tokens" in printed
    scores = read_scores("scores.jsonl")
    assert len(scores) == 12
    printed = lomo("score", "scores.jsonl", "--corpus", "mine.jsonl", "--out", "scored")
    assert "12 of 12 rows have a score" in printed
    assert "lomo build --corpus scored/mine.jsonl" in printed
    hard = Recipe("hard", ratio=0.5, selection=Selection("score", first="high", chance=0.0))
    build_dataset(open_corpus("scored/mine.jsonl"), [hard], "hard")
    built = datasets.load_dataset("hard", "hard", split="train")
    chosen = {row["id"] for row in built if row["rewritten"]}
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    assert chosen == set(ranked[: len(chosen)])
    assert 5 <= len(chosen) <= 7
    missing = CliRunner().invoke(app, ["agreement", "all", "--model", "nowhere", "--out", "x", "--device", "cpu"])
    assert isinstance(missing.exception, SourceError)
    assert "model 'nowhere' cannot be loaded" in str(missing.exception)


def test_long_answers_can_be_cut_and_the_models_mode_is_put_back(rows: list[Row], model: Any, processor: Any) -> None:
    model.train()
    cut = list(carrier_agreement(model, processor, rows, max_answer_tokens=3))
    assert {each.tokens for each in cut} == {3}
    assert model.training
    model.eval()


def test_what_cannot_be_compared_is_named(rows: list[Row], model: Any, processor: Any) -> None:
    decoded = {**rows[0], "images": [object()]}
    with pytest.raises(RecipeError, match=r"Image\(decode=False\)"):
        list(carrier_agreement(model, processor, [decoded]))
    with pytest.raises(RecipeError, match="batch_size must be a whole number"):
        list(carrier_agreement(model, processor, rows, batch_size=0))
    bare = tiny_processor()
    bare.chat_template = None
    with pytest.raises(RecipeError, match="has no chat template"):
        list(carrier_agreement(model, bare, rows))
