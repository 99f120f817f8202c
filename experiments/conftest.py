"""Examples in docstrings run where torch is installed; without it, those of modules that need none."""

from importlib.util import find_spec

_NEED_TORCH = ("arms", "base", "examining", "features", "model", "optimizers", "page_setting", "running", "sequences")
collect_ignore = [] if find_spec("torch") else [f"carrier_gap/{name}.py" for name in _NEED_TORCH]
