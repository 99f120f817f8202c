"""`lomo agreement` and `lomo score`: how likely an answer stays when words become pages, and a corpus ranked by it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import Columns, Keep, Splits, mapping, names
from lomo_hf.cli.terminal import Corpus, Dataset, console, literal

if TYPE_CHECKING:
    from lomo_hf.evaluation import RowAgreement

__all__ = ["agreement", "score"]


def agreement(
    dataset: Dataset,
    model: Annotated[str, typer.Option(help="An image-text-to-text model of transformers: a folder, or org/name.")],
    out: Annotated[Path, typer.Option(help="Scores by row, as JSON Lines.")],
    config: Annotated[str | None, typer.Option(help="Default: the dataset's own default.")] = None,
    split: Annotated[str, typer.Option(help="The split.")] = "train",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first rows.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows at once.")] = 8,
    max_answer_tokens: Annotated[int | None, typer.Option(min=1, help="Only the first tokens of an answer.")] = None,
    device: Annotated[str | None, typer.Option(help="Default: cuda where there is one.")] = None,
    dtype: Annotated[str, typer.Option(help="The precision, such as bfloat16.")] = "auto",
) -> None:
    """log p(answer | text) - log p(answer | page) of every rewritten row, for a model (extra eval)."""
    from lomo_hf.evaluation import agreement_of, load_model, summarize_agreement, write_agreement

    net, processor = load_model(model, device=device, dtype=dtype)
    rows = agreement_of(
        dataset, net, processor, config=config, split=split, limit=limit, batch_size=batch_size,
        max_answer_tokens=max_answer_tokens,
    )  # fmt: skip
    held: list[RowAgreement] = []
    write_agreement(_kept(rows, held), out)
    summary = summarize_agreement(held)
    screen = console()
    screen.print(f"{summary.rows} rewritten rows, {summary.tokens} answer tokens, in [bold]{literal(out)}[/bold]")
    screen.print(
        f"gap by row {summary.gap:.4g} nats (95 % {summary.low:.4g} to {summary.high:.4g}), by token "
        f"{summary.gap_per_token:.4g}; divergence by row {summary.divergence or 0:.4g}",
        highlight=False,
    )


def _kept(rows: "Iterable[RowAgreement]", held: "list[RowAgreement]") -> "Iterator[RowAgreement]":
    for row in rows:
        held.append(row)
        yield row


def score(
    scores: Annotated[
        Path, typer.Argument(help="JSON Lines with id and a number: what lomo agreement wrote, or any.")
    ],
    out: Annotated[Path, typer.Option(help="An empty folder for the corpus with its scores.")],
    corpus: Corpus = None,
    column: Annotated[str, typer.Option(help="Which number is the score.")] = "gap_per_token",
    columns: Columns = None,
    split: Splits = None,
    keep: Keep = None,
) -> None:
    """Write a corpus anew with scores by row, for recipes that choose rows by score."""
    from lomo_hf.corpus import open_splits
    from lomo_hf.corpus.splits import TRAIN, split_in_name
    from lomo_hf.evaluation import read_scores, write_scored_corpus

    kept = names(keep)
    source = open_splits(corpus, split or (), columns=mapping(columns), keep=kept)
    scored = write_scored_corpus(source, read_scores(scores, column), out)
    screen = console()
    screen.print(f"{scored.scored} of {scored.rows} rows have a score")
    for reason, count in sorted(scored.refused.items()):
        screen.print(f"  refused [bold]{literal(reason)}[/bold]: {count}", highlight=False)
    keeping = f" --keep-columns {','.join(kept)}" if kept else ""
    if len(scored.files) > 1 and all(split_in_name(path.stem) == path.stem for path in scored.files):
        screen.print(
            f"Build from it: lomo build --corpus {literal(out)}{literal(keeping)}", style="bold", highlight=False
        )
        return
    for path in scored.files:
        # The name begins the ids, which decide the draws; "train" does so by itself.
        name = "" if path.stem == TRAIN else f" --config {path.stem}"
        screen.print(
            f"Build from it: lomo build --corpus {literal(path)}{literal(name + keeping)}",
            style="bold",
            highlight=False,
        )
