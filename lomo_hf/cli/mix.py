"""`lomo mix`: combine a LoMo split and a multimodal corpus at a given ratio; rows are copied only with --write."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.corpus_options import ExcludeConfigs
from lomo_hf.cli.terminal import console, literal, named

if TYPE_CHECKING:
    from lomo_hf.mixing import Mixture

__all__ = ["mix"]


def mix(
    lomo: Annotated[str, typer.Option(help="A dataset folder, or org/name on the Hub.")],
    multimodal: Annotated[str, typer.Option(help="Parquet files with images, or org/name@revision on the Hub.")],
    ratio: Annotated[
        str, typer.Option(help="Rows with images to rows without: natural (all rows), matched (1:1), or such as 3:1.")
    ] = "natural",
    by: Annotated[
        str, typer.Option(help="How to resample: exposure (same total), downsample or repeat.")
    ] = "exposure",
    recipe: Annotated[str, typer.Option(help="The config of the LoMo split.")] = "ratio50",
    config: Annotated[list[str] | None, typer.Option(help="Only this config of the multimodal corpus.")] = None,
    exclude_config: ExcludeConfigs = None,
    multimodal_rows: Annotated[
        int | None, typer.Option(min=1, help="Multimodal rows to draw; default: as many as LoMo rows.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Decides the draw and the order.")] = 0,
    out: Annotated[Path, typer.Option(help="The instructions to write.")] = Path("mix.json"),
    write: Annotated[Path | None, typer.Option(help="Write the mixed rows as a dataset folder as well.")] = None,
) -> None:
    """Mix a LoMo split with a multimodal corpus, at a ratio of rows with images to rows without."""
    from lomo_hf.mixing import mix as mix_rows
    from lomo_hf.mixing import mixture_json, open_multimodal, open_split, parse_ratio, write_mixture
    from lomo_hf.storage import named_file
    from lomo_hf.storage.atomic import write_whole

    parsed = parse_ratio(ratio)
    images = open_multimodal(multimodal, configs=config or None, exclude=exclude_config or ())
    mixture = mix_rows(
        open_split(lomo, recipe), images, ratio=parsed, by=by, multimodal_rows=multimodal_rows, seed=seed
    )
    write_whole(named_file(out), mixture_json(mixture).encode())
    _print(mixture, out)
    if write is not None:
        files = write_mixture(mixture, write)
        refused = "".join(f", {count} refused {reason}" for reason, count in sorted(mixture.refused.items()))
        console().print(
            f"{len(files)} shards, card and manifest in [bold]{literal(write)}[/bold]{refused}", highlight=False
        )


def _print(mixture: "Mixture", out: Path) -> None:
    from rich.table import Table

    from lomo_hf.mixing import interleaving

    counts = mixture.counts
    table = Table(show_edge=False)
    for name in ("rows", "count", "share"):
        table.add_column(name, justify="left" if name == "rows" else "right")
    total = max(sum(counts.values()), 1)
    labels = {"multimodal": "multimodal", "pages": "LoMo, with a page", "text": "LoMo, text only"}
    for name, count in counts.items():
        repeats = max((part.again for part in mixture.parts if part.stratum == name), default=0)
        label = labels[name] + (f" (up to {repeats + 1} times)" if repeats else "")
        table.add_row(label, f"{count:,}", f"{count / total:.1%}")
    screen = console()
    screen.print(table)
    ratio = "no row of text only" if mixture.ratio is None else f"image-bearing to text-only {mixture.ratio:.2f} : 1"
    screen.print(ratio, highlight=False)
    screen.print(f'Stream it: lomo_hf.mixing.open_mix("{named(out)}")', style="bold", highlight=False, markup=False)
    screen.print(f"Or interleave: {interleaving(mixture)['datasets']}", highlight=False)
