"""Is a model the same when words reach it as pixels? Rendered benchmarks, carrier sensitivity, alignment metrics.

    render_benchmark("mmstar", "out")                   a dataset folder with the configs standard and rendered
    carrier_sensitivity("standard.jsonl", "rendered.jsonl")   accuracy under each, the drop, its interval, the test
    pairwise_distance(text, image)                      equation 7, from hidden states
    modality_integration_rate(samples)                  layer-wise Frechet distance, from hidden states
    collect_hidden_states(model, inputs)                hidden states of `transformers` models, extra [eval]

Beside the line of the house: it uses rendering and the card's templates, and nothing uses it.
"""

from lomo_hf.evaluation.alignment.distances import (
    IntegrationRate,
    TokenStates,
    frechet_distance,
    modality_integration_rate,
    pairwise_distance,
)
from lomo_hf.evaluation.alignment.hidden_states import SampleStates, collect_hidden_states
from lomo_hf.evaluation.alignment.moments import Moments
from lomo_hf.evaluation.alignment.token_masks import TokenMasks, token_masks
from lomo_hf.evaluation.paired_tests import mcnemar, paired_bootstrap
from lomo_hf.evaluation.plots import plot_carriers, plot_drop_by_distance, save_plot
from lomo_hf.evaluation.rendered.benchmarks import BENCHMARKS, Benchmark, find_benchmark
from lomo_hf.evaluation.rendered.evalscope import evalscope_items, write_evalscope
from lomo_hf.evaluation.rendered.items import Item, Unusable
from lomo_hf.evaluation.rendered.pairs import Twins, make_twins
from lomo_hf.evaluation.rendered.render import render_benchmark
from lomo_hf.evaluation.rendered.report import RenderedReport
from lomo_hf.evaluation.results import Outcome, read_results
from lomo_hf.evaluation.sensitivity import (
    DistanceBin,
    Sensitivity,
    SensitivityReport,
    carrier_sensitivity,
    drop_by_distance,
)

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "DistanceBin",
    "IntegrationRate",
    "Item",
    "Moments",
    "Outcome",
    "RenderedReport",
    "SampleStates",
    "Sensitivity",
    "SensitivityReport",
    "TokenMasks",
    "TokenStates",
    "Twins",
    "Unusable",
    "carrier_sensitivity",
    "collect_hidden_states",
    "drop_by_distance",
    "evalscope_items",
    "find_benchmark",
    "frechet_distance",
    "make_twins",
    "mcnemar",
    "modality_integration_rate",
    "paired_bootstrap",
    "pairwise_distance",
    "plot_carriers",
    "plot_drop_by_distance",
    "read_results",
    "render_benchmark",
    "save_plot",
    "token_masks",
    "write_evalscope",
]
