"""Does a model answer the same when words reach it as pixels? Rendered benchmarks, carrier sensitivity, alignment.

render_benchmark("mmstar", "out")                   a dataset folder with the configs standard and rendered
render_suite("lomo13", "out")                       the paper's thirteen benchmarks
carrier_sensitivity("standard.jsonl", "rendered.jsonl")   accuracy under each, the drop, its interval, the test
pairwise_distance(text, image)                      equation 7, from hidden states
modality_integration_rate(samples)                  layer-wise Frechet distance, from hidden states
collect_hidden_states(model, inputs)                hidden states of `transformers` models, extra [eval]
"""

from lomo_hf.evaluation.agreement.measures import RowAgreement, answer_log_probabilities, carrier_divergence
from lomo_hf.evaluation.agreement.model import carrier_agreement
from lomo_hf.evaluation.agreement.running import agreement_of, load_model
from lomo_hf.evaluation.agreement.scores import (
    AgreementSummary,
    ScoredCorpus,
    read_scores,
    summarize_agreement,
    write_agreement,
    write_scored_corpus,
)
from lomo_hf.evaluation.alignment.distances import (
    IntegrationRate,
    TokenStates,
    frechet_distance,
    modality_integration_rate,
    pairwise_distance,
)
from lomo_hf.evaluation.alignment.hidden_states import SampleStates, collect_hidden_states
from lomo_hf.evaluation.alignment.layers import (
    LayerProfile,
    attention_on_images,
    attention_share,
    image_homogenisation,
    mean_cosine,
)
from lomo_hf.evaluation.alignment.moments import Moments
from lomo_hf.evaluation.alignment.token_masks import TokenMasks, span_mask, token_masks
from lomo_hf.evaluation.harnesses.evalscope import evalscope_items, write_evalscope
from lomo_hf.evaluation.harnesses.stored_rows import open_folder
from lomo_hf.evaluation.harnesses.writing import HARNESSES, write_harness
from lomo_hf.evaluation.paired_tests import SMALL_SAMPLE, mcnemar, paired_bootstrap
from lomo_hf.evaluation.plots import plot_carriers, plot_drop_by_distance, save_plot
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, Documents
from lomo_hf.evaluation.rendered.definitions import BENCHMARKS, SUITES, find_benchmark, find_suite
from lomo_hf.evaluation.rendered.items import Item, Unusable, items_of
from lomo_hf.evaluation.rendered.pairs import RowPair, make_pair
from lomo_hf.evaluation.rendered.render import render_benchmark
from lomo_hf.evaluation.rendered.report import RenderedReport, SuiteReport
from lomo_hf.evaluation.rendered.suites import render_suite, suite_names
from lomo_hf.evaluation.results import Outcome, Question, read_distances, read_questions, read_results
from lomo_hf.evaluation.scoring import match_answer
from lomo_hf.evaluation.sensitivity import (
    DistanceBin,
    Sensitivity,
    SensitivityReport,
    carrier_sensitivity,
    drop_by_distance,
    sensitivity_table,
)

__all__ = [
    "BENCHMARKS",
    "HARNESSES",
    "SMALL_SAMPLE",
    "SUITES",
    "AgreementSummary",
    "Benchmark",
    "DistanceBin",
    "Documents",
    "IntegrationRate",
    "Item",
    "LayerProfile",
    "Moments",
    "Outcome",
    "Question",
    "RenderedReport",
    "RowAgreement",
    "RowPair",
    "SampleStates",
    "ScoredCorpus",
    "Sensitivity",
    "SensitivityReport",
    "SuiteReport",
    "TokenMasks",
    "TokenStates",
    "Unusable",
    "agreement_of",
    "answer_log_probabilities",
    "attention_on_images",
    "attention_share",
    "carrier_agreement",
    "carrier_divergence",
    "carrier_sensitivity",
    "collect_hidden_states",
    "drop_by_distance",
    "evalscope_items",
    "find_benchmark",
    "find_suite",
    "frechet_distance",
    "image_homogenisation",
    "items_of",
    "load_model",
    "make_pair",
    "match_answer",
    "mcnemar",
    "mean_cosine",
    "modality_integration_rate",
    "open_folder",
    "paired_bootstrap",
    "pairwise_distance",
    "plot_carriers",
    "plot_drop_by_distance",
    "read_distances",
    "read_questions",
    "read_results",
    "read_scores",
    "render_benchmark",
    "render_suite",
    "save_plot",
    "sensitivity_table",
    "span_mask",
    "suite_names",
    "summarize_agreement",
    "token_masks",
    "write_agreement",
    "write_evalscope",
    "write_harness",
    "write_scored_corpus",
]
