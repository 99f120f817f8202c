"""The public names of a package are exactly its `__all__`, and importing lomo_hf loads no heavy library."""

import importlib
import subprocess
import sys
import types

import pytest

NAMES = [
    *("corpus", "corpus.sampling", "spans", "rendering", "distortion", "building", "dataset"),
    *("exporting", "mixing", "auditing", "hf_datasets", "evaluation", "related_methods", "recipes", "selection"),
    *("demo", "ecosystem"),
]
PACKAGES = ["lomo_hf", *(f"lomo_hf.{name}" for name in NAMES)]


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_exactly_all(package: str) -> None:
    module = importlib.import_module(package)
    for name in module.__all__:
        getattr(module, name)  # of the front door, a name is loaded when it is first used
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    dunder = {name for name in module.__all__ if name.startswith("__")}
    assert set(module.__all__) == public | dunder


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = [
        "imgaug",
        "cv2",
        "typst",
        "uharfbuzz",
        "zlib_ng",
        "datasets",
        "matplotlib",
        "sympy",
        "pyarrow",
        "PIL",
        "fontTools",
        "huggingface_hub",
    ]
    script = f"import sys, lomo_hf; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
