"""What evaluation and related methods write replaces no link, and leaves what a link leads to as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from evaluation.pair_helpers import picture

from lomo_hf import Recipe, open_corpus, substitute_row
from lomo_hf.errors import LinkError
from lomo_hf.evaluation import Benchmark, Item, RowAgreement, render_benchmark, write_agreement, write_harness
from lomo_hf.related_methods import export_laver, write_contrastive, write_embeddings, write_verl


def row() -> Any:
    return substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))


WRITERS: dict[str, Callable[[Path, Path], object]] = {
    "standard.jsonl": lambda rendered, out: write_harness(rendered, "evalscope", out),
    "lomo_made_task.py": lambda rendered, out: write_harness(rendered, "lmms-eval", out),
    "LoMo-made_rendered.tsv": lambda rendered, out: write_harness(rendered, "vlmevalkit", out),
    "scores.jsonl": lambda rendered, out: write_agreement([RowAgreement("a", 1, 0.0, -1.0)], out / "scores.jsonl"),
    "no-text": lambda rendered, out: write_verl(lambda: [row()], out),
    "train.parquet": lambda rendered, out: write_contrastive([row()], out / "train.parquet"),
    "lomo.parquet": lambda rendered, out: export_laver([row()], out),
    "text_embeds_1.pkl": lambda rendered, out: write_embeddings([("a", "words", [1.0])], out),
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("links") / "made"
    items = [Item("a", "Is 7 prime?", "yes", images=((picture((9, 9, 9)), "a.png"),))]
    render_benchmark(Benchmark("demo"), folder, data=items)
    return folder


@pytest.mark.parametrize("at", WRITERS)
def test_no_link_is_replaced(at: str, rendered: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    if "." in at:
        mine.write_text("mine")
    else:
        mine.mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / at).symlink_to(mine)
    with pytest.raises(LinkError, match=r"must be a (file|folder) of its own"):
        WRITERS[at](rendered, tmp_path / "out")
    assert (mine.read_text() == "mine") if mine.is_file() else not any(mine.iterdir())
