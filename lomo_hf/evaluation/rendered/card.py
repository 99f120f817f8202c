"""The card of a rendered benchmark, from `dataset_cards/rendered_eval.md.jinja` and what was counted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lomo_hf.dataset.card.templates import templates_folder
from lomo_hf.dataset.card.text import OWN_END, OWN_START
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.report import RenderedReport
from lomo_hf.evaluation.rendered.sources import is_url, source_name
from lomo_hf.recipes.recipe import RenderStyle

__all__ = ["card_text"]


def card_text(
    benchmark: Benchmark,
    report: RenderedReport,
    style: RenderStyle,
    options: str,
    features: Any,
    digests: Mapping[str, str],
    repo: str,
    own: str,
) -> str:
    """README.md, front matter and all; `own` is what a user wrote between the markers of an earlier card.

    `digests` are the SHA-256 of the rows, by carrier; `options` says whether options are on the page or text.

    The licence is the source's own, so none is claimed here.
    """
    from huggingface_hub import DatasetCard, DatasetCardData

    local = Path(benchmark.source).exists() or is_url(benchmark.source)
    source = source_name(benchmark)
    data = DatasetCardData(
        pretty_name=repo.rpartition("/")[2],
        task_categories=["visual-question-answering"],
        tags=["lomo", "rendered-text", "evaluation", "carrier-sensitivity"],
        source_datasets=None if local else [source],
        configs=[
            {
                "config_name": carrier,
                **({"default": True} if carrier == "rendered" else {}),
                # `datasets` knows what it has loaded by the folder's name and what its card says, not by the files:
                # without their digest here, a config that was made again would be read as it was before.
                "description": f"sha256 {digests[carrier]}",
                "data_files": [{"split": benchmark.split, "path": f"{carrier}/{benchmark.split}-*.parquet"}],
            }
            for carrier in ("rendered", "standard")
        ],
        dataset_info=[
            {"config_name": carrier, "features": features._to_yaml_list()} for carrier in ("rendered", "standard")
        ],
    )
    card = DatasetCard.from_template(
        data,
        template_path=str(templates_folder() / "rendered_eval.md.jinja"),
        title=repo.rpartition("/")[2],
        repo=repo,
        source=source,
        local=local,
        benchmark=benchmark,
        report=report,
        style=style,
        options=options,
        own_start=OWN_START,
        own_end=OWN_END,
        own_text=own,
    )
    return str(card)
