"""A rendered benchmark as files of the harness that is to run it: one function and one line of `HARNESSES` each."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.harnesses.evalscope import write_evalscope
from lomo_hf.evaluation.harnesses.lmms_eval import write_lmms_eval
from lomo_hf.evaluation.harnesses.stored_rows import RenderedFolder, open_folder
from lomo_hf.evaluation.harnesses.vlmevalkit import write_vlmevalkit
from lomo_hf.evaluation.rendered.folder import CARRIERS

__all__ = ["HARNESSES", "write_harness"]


def _evalscope(folder: RenderedFolder, out: Path) -> list[Path]:
    """`NAME/standard.jsonl` and `NAME/rendered.jsonl`: the subsets of a general_vqa benchmark."""
    paths = [out / f"{carrier}.jsonl" for carrier in CARRIERS]
    for carrier, path in zip(CARRIERS, paths, strict=True):
        write_evalscope(folder.rows_of(carrier), path, instruction=folder.benchmark.instruction or "")
    return paths


HARNESSES: Mapping[str, Callable[..., list[Path]]] = MappingProxyType(
    {"evalscope": _evalscope, "lmms-eval": write_lmms_eval, "vlmevalkit": write_vlmevalkit}
)
"""Name of a harness -> (rendered folder, where to write) -> the files."""


def write_harness(folder: str | Path, harness: str, out: str | Path, **settings: object) -> list[Path]:
    """Write a rendered benchmark as the files that a harness reads, both configs alike.

    How to answer (`Benchmark.instruction`) is added as text, the same in both, so that the runs differ in the carrier
    of the question alone.

    Args:
        folder: A folder that `render_benchmark` made.
        harness: One of `HARNESSES`: evalscope, lmms-eval or vlmevalkit.
        out: The folder to write into.
        **settings: For lmms-eval `dataset` (the name on the Hub instead of the folder) and `upstream` (False leaves
            its own metrics out).

    Returns:
        The files.

    Raises:
        RecipeError: There is no such harness, it takes no such setting, or cannot say what a row holds.
        SourceError: The folder is none of a rendered benchmark.

    Example:
        >>> import tempfile
        >>> from lomo_hf.evaluation import Benchmark, Item, render_benchmark
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = render_benchmark(Benchmark("demo"), folder / "demo", data=[Item("a", "Is 7 prime?", "yes")])
        >>> [path.name for path in write_harness(folder / "demo", "evalscope", folder / "out")]
        ['standard.jsonl', 'rendered.jsonl']
    """
    if harness not in HARNESSES:
        raise RecipeError(f"harness must be one of {', '.join(HARNESSES)}; found {harness!r}.")
    if settings and harness != "lmms-eval":
        raise RecipeError(f"only lmms-eval takes {', '.join(sorted(settings))}; found it for {harness}.")
    unknown = sorted(set(settings) - {"dataset", "upstream"})
    if unknown:
        raise RecipeError(f"settings must be dataset or upstream; found {unknown[0]!r}.")
    return HARNESSES[harness](open_folder(folder), Path(out), **settings)
