"""`lomo browse`: one HTML file with rows of a dataset, prompts with their pages in place."""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import Dataset, console, literal

__all__ = ["browse"]


def browse(
    dataset: Dataset = "lomo-ov15",
    config: Annotated[str | None, typer.Option(help="Which config. Default: ratio50, or the only one.")] = None,
    split: Annotated[str | None, typer.Option(help="Which split. Default: all, one after the other.")] = None,
    rows: Annotated[int, typer.Option(min=1, max=5000, help="How many rows to show.")] = 200,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("browse.html"),
) -> None:
    """Write an HTML page that shows rows with their pages in place, with filters and search."""
    from lomo_hf.dataset.browse.page import browse_page
    from lomo_hf.storage import named_file
    from lomo_hf.storage.atomic import write_whole

    data = browse_page(dataset, config=config, split=split, rows=rows).encode()
    write_whole(named_file(out), data)
    console().print(f"[bold]{literal(out)}[/bold]: {len(data) / 1e6:.1f} MB, one file; it loads nothing else")
