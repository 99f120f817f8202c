"""All that the experiment takes from `lomo_hf`, in one place: datasets, rendered tests, and figures.

What trains needs no `lomo_hf` installed: the modules that compute figures from states, and ReAlign, are numpy alone,
and a copy of them travels in the experiment's folder (`numeric_modules`).
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "RECIPES", "TEST_RECIPES", "build", "difference_of_drops", "distance", "drop_by_distance", "figure_carriers",
    "figure_distances", "homogenisation", "integration_rate", "load", "numeric_modules", "outcomes", "realigned",
    "render", "sensitivity", "versions",
]  # fmt: skip

_CLEAN: Mapping[str, Any] = {"distortion": {"mix": {"clean": 1.0}}}
# Whole prompts without localization and without distortion: table 2 of the paper.
RECIPES: Mapping[str, Mapping[str, Any] | None] = {
    **dict.fromkeys(("ratio25", "ratio50", "ratio75", "ratio100", "prefix50", "suffix50", "multispan50")),
    "fulltext50": {"ratio": 0.5, "position": "full", **_CLEAN},
    "nodistort50": None,
    # Every training prompt as one clean page: the other carrier of each row, for methods that compare the two.
    "fulltext100": {"ratio": 1.0, "position": "full", **_CLEAN},
}
TEST_RECIPES: Mapping[str, Mapping[str, Any]] = {
    "middle": {"ratio": 1.0, "position": "middle", **_CLEAN},
    "distorted": {
        "ratio": 1.0,
        "position": "full",
        "distortion": {"mix": {"rotate": 1.0, "blur": 1.0, "shadow_or_stain": 1.0, "wave": 1.0}},
    },
    # Strengths that no arm is trained on: the ranges of "hard" begin where those of "mild" end.
    "unseen_distortion": {
        "ratio": 1.0,
        "position": "full",
        "distortion": {"mix": {"blur": 1.0, "shadow_or_stain": 1.0, "wave": 1.0}, "strength": "hard"},
    },
}


def build(corpus: Path, recipes: Mapping[str, Mapping[str, Any] | None], folder: Path, workers: int = 1) -> None:
    """`lomo build`: a recipe without settings is the named one."""
    from lomo_hf import Recipe, build_dataset, load_recipe

    loaded = [
        load_recipe(name) if settings is None else Recipe.from_dict({"name": name, **settings})
        for name, settings in recipes.items()
    ]
    build_dataset(corpus, loaded, folder, num_proc=workers)


def render(questions: Path, folder: Path) -> None:
    """`lomo render-eval`: each prompt as one clean page."""
    from lomo_hf.evaluation import Benchmark, render_benchmark

    render_benchmark(Benchmark(str(questions), question="prompt", id="id", category="category"), folder)


def load(dataset: str | Path, config: str, split: str, cache: Path) -> Iterator[dict[str, Any]]:
    """The rows of a dataset folder or repository, as a trainer loads them."""
    from datasets import load_dataset

    yield from load_dataset(str(dataset), config, split=split, cache_dir=str(cache))


def versions() -> dict[str, str]:
    """What decides the pages."""
    from lomo_hf.recipes.recipe import installed_engines

    return dict(installed_engines())


def distance(text: NDArray[np.floating], image: NDArray[np.floating]) -> float:
    """Pairwise distance (equation 7) of the token states of two runs."""
    from lomo_hf.evaluation.alignment.distances import pairwise_distance

    return pairwise_distance(text, image)


def integration_rate(samples: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> Any:
    """The modality integration rate over samples of text and image states, each (layers, tokens, width)."""
    from lomo_hf.evaluation.alignment.distances import TokenStates, modality_integration_rate

    return modality_integration_rate([TokenStates(text, image) for text, image in samples])


def homogenisation(samples: Sequence[tuple[NDArray[np.floating], NDArray[np.floating]]]) -> list[float]:
    """How alike the image tokens of a sample are, by layer; samples as `integration_rate` takes them."""
    from lomo_hf.evaluation.alignment.distances import TokenStates
    from lomo_hf.evaluation.alignment.layers import image_homogenisation

    return list(image_homogenisation([TokenStates(text, image) for text, image in samples]).per_layer)


def realigned(images: NDArray[np.float64], texts: NDArray[np.float64]) -> NDArray[np.float64]:
    """ReAlign: text embeddings moved into the distribution of image embeddings, each of length 1."""
    from lomo_hf.related_methods.realign import fit_realign

    return fit_realign([images], lambda: [texts])(texts)


def outcomes(ids: Sequence[str], correct: Sequence[float], categories: Sequence[str]) -> dict[str, Any]:
    """Answers of one test, as `lomo_hf.evaluation` compares them."""
    from lomo_hf.evaluation import Outcome

    answers = zip(ids, correct, categories, strict=True)
    return {name: Outcome(name, float(right), category) for name, right, category in answers}


def sensitivity(standard: Mapping[str, Any], rendered: Mapping[str, Any]) -> Any:
    """Accuracy under two carriers, the drop with its interval, McNemar's test; over all and by category."""
    from lomo_hf.evaluation import carrier_sensitivity

    return carrier_sensitivity(standard, rendered)


def difference_of_drops(
    text: Mapping[str, Any], page: Mapping[str, Any], other_text: Mapping[str, Any], other_page: Mapping[str, Any]
) -> tuple[float, float, float]:
    """One drop minus another on the same questions, in points, with its paired bootstrap interval over questions."""
    from lomo_hf.evaluation import paired_bootstrap

    shared = [name for name in text if name in page]
    differences = np.array(
        [(text[at].score - page[at].score) - (other_text[at].score - other_page[at].score) for at in shared]
    )
    low, high = paired_bootstrap(differences)
    return 100 * float(differences.mean()), 100 * low, 100 * high


def drop_by_distance(
    standard: Mapping[str, Any], rendered: Mapping[str, Any], distances: Mapping[str, float], bins: int
) -> Any:
    """Figure 1b: the drop in bins of pairwise distance."""
    from lomo_hf.evaluation import drop_by_distance as binned

    return binned(standard, rendered, distances, bins=bins)


def figure_carriers(sensitivities: Mapping[str, Any], path: Path) -> None:
    """Figure 1a: accuracy under both carriers, by arm."""
    from lomo_hf.evaluation import plot_carriers, save_plot

    save_plot(plot_carriers(sensitivities), path)


def figure_distances(bins: Any, path: Path) -> None:
    """Figure 1b: the drop by pairwise distance."""
    from lomo_hf.evaluation import plot_drop_by_distance, save_plot

    save_plot(plot_drop_by_distance(bins), path)


def numeric_modules() -> list[str]:
    """The modules that figures from states and ReAlign come from, and those that they import from `lomo_hf`."""
    wanted, modules = ["lomo_hf.evaluation.alignment.layers", "lomo_hf.related_methods.realign"], list[str]()
    while wanted:
        name = wanted.pop()
        if name in modules:
            continue
        modules.append(name)
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(f"{name} is not installed. Run `pip install lomo-hf`.")
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
        wanted += [
            node.module
            for node in tree.body
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("lomo_hf.")
        ]
    return sorted(modules)
