"""Examples in docstrings run where torch is installed; without it, those of modules that need none."""

from importlib.util import find_spec

_NEED_TORCH = (
    "answering", "arms", "base", "examining", "features", "ground", "model", "optimizers", "page_setting", "running",
    "sequences", "tuning", "methods/alignment", "methods/laver", "methods/masked", "methods/paired",
    "methods/revision",
)  # fmt: skip
collect_ignore = [] if find_spec("torch") else [f"carrier_gap/{name}.py" for name in _NEED_TORCH]
