"""lomo_hf: local modality substitution (LoMo) for datasets on the Hub.

Render part of a text prompt as an image, keep the answer, and build, publish and load the result as a dataset that can
be rebuilt to the byte. Source of the method: Han et al., arXiv 2605.30265.

    build_dataset(corpus, recipes, out)    a dataset folder, from any text-only corpus
    check_dataset(folder)                  does it load, and what does the Hub's viewer show?
    verify_dataset(folder)                 is it, byte for byte, what was built?
    audit_dataset(folder, corpus=corpus)   is every row true to its source?
    push(folder, "org/name", "v1.0.0")     a release on the Hub
    map_dataset(dataset, "ratio50")        rows of a `datasets.Dataset`, without a folder
    push_mapped(rows, "org/name")          these rows on the Hub, with their card

A package is loaded when a name of it is first used, so that `import lomo_hf` takes hardly any time.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

if _TYPE_CHECKING:
    from lomo_hf.auditing import audit_dataset as audit_dataset
    from lomo_hf.building import plan as plan
    from lomo_hf.corpus import open_corpus as open_corpus
    from lomo_hf.dataset import build_dataset as build_dataset
    from lomo_hf.dataset import check_dataset as check_dataset
    from lomo_hf.dataset import preview as preview
    from lomo_hf.dataset import push as push
    from lomo_hf.dataset import verify_dataset as verify_dataset
    from lomo_hf.errors import LomoError as LomoError
    from lomo_hf.hf_datasets import LomoBuilder as LomoBuilder
    from lomo_hf.hf_datasets import LomoOV15 as LomoOV15
    from lomo_hf.hf_datasets import Transform as Transform
    from lomo_hf.hf_datasets import card_for as card_for
    from lomo_hf.hf_datasets import map_dataset as map_dataset
    from lomo_hf.hf_datasets import push_mapped as push_mapped
    from lomo_hf.recipes import NAMED_RECIPES as NAMED_RECIPES
    from lomo_hf.recipes import Recipe as Recipe
    from lomo_hf.recipes import load_recipe as load_recipe
    from lomo_hf.substitution import substitute_row as substitute_row

__version__ = "0.1.0"

_HOMES = {
    "audit_dataset": "auditing",
    "plan": "building",
    "open_corpus": "corpus",
    "build_dataset": "dataset",
    "check_dataset": "dataset",
    "preview": "dataset",
    "push": "dataset",
    "verify_dataset": "dataset",
    "LomoError": "errors",
    "LomoBuilder": "hf_datasets",
    "LomoOV15": "hf_datasets",
    "Transform": "hf_datasets",
    "card_for": "hf_datasets",
    "map_dataset": "hf_datasets",
    "push_mapped": "hf_datasets",
    "NAMED_RECIPES": "recipes",
    "Recipe": "recipes",
    "load_recipe": "recipes",
    "substitute_row": "substitution",
}

__all__ = [
    "NAMED_RECIPES",
    "LomoBuilder",
    "LomoError",
    "LomoOV15",
    "Recipe",
    "Transform",
    "__version__",
    "audit_dataset",
    "build_dataset",
    "card_for",
    "check_dataset",
    "load_recipe",
    "map_dataset",
    "open_corpus",
    "plan",
    "preview",
    "push",
    "push_mapped",
    "substitute_row",
    "verify_dataset",
]


def __getattr__(name: str) -> _Any:
    """Load a public name from the package that it lives in (PEP 562)."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
