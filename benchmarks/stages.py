"""Processor time of a row by stage, by wrapping the library's functions from outside: nothing in it knows of this."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from pkgutil import resolve_name
from statistics import mean, median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from lomo_hf.building import ShardSpec, build_shard, plan
from lomo_hf.corpus import Conversation, Source, open_corpus
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.substitution import Substituter

__all__ = ["STAGES", "Stages", "measured_rows", "warm_up"]

# Stage -> what is timed. Where one encloses another, the inner time is taken off the outer.
STAGES = {
    "parse": ("lomo_hf.corpus.source.FileSource.conversations", "lomo_hf.substitution.screen"),
    "span": ("lomo_hf.spans.localization._located", "lomo_hf.substitution.narrow"),
    "markup": ("lomo_hf.substitution.render_span",),
    "typeset": ("lomo_hf.rendering.typesetter._compile", "lomo_hf.rendering.page.set_prose"),
    "distort": ("lomo_hf.distortion.drawing.DistortionDrawer.__call__", "lomo_hf.substitution.distort_pages"),
    "encode": ("lomo_hf.substitution.to_png",),
    "write": (
        "lomo_hf.building.shard_writer.ShardWriter.add", "lomo_hf.building.shard_writer.ShardWriter.close",
        "lomo_hf.storage.atomic.PendingFile.seal", "lomo_hf.building.shard.verify_parquet",
    ),
}  # fmt: skip


@dataclass
class Stages:
    """Milliseconds of processor time: by stage over all rows, and of each rewritten row from prompt to PNG."""

    by_stage: dict[str, float] = field(default_factory=dict)
    rows: list[float] = field(default_factory=list)
    whole: float = 0.0

    def per_row(self) -> dict[str, float]:
        """The mean of each stage; "other" is what no stage accounts for."""
        count = max(len(self.rows), 1)
        shares = {stage: self.by_stage.get(stage, 0.0) / count for stage in STAGES}
        return {**shares, "other": self.whole / count - sum(shares.values()), "all": self.whole / count}

    def spread(self) -> dict[str, float]:
        """Mean, median and 90th percentile of a rewritten row, without reading and writing."""
        ordered = sorted(self.rows)
        return {"mean": mean(ordered), "median": median(ordered), "p90": ordered[int(0.9 * len(ordered))]}


def warm_up() -> None:
    """Fonts read, libraries loaded: what a process pays once. One thread, as a worker has."""
    import cv2

    cv2.setNumThreads(1)
    for spec in plan(open_corpus(), [Recipe("all", ratio=1.0)], limit=25):
        with TemporaryDirectory() as out:
            _build(spec, out)


def measured_rows(source: Source, limit: int) -> Stages:
    """Build the first rows of a source with every row rewritten, in one shard and in this process."""
    spec = plan(source, [Recipe("all", ratio=1.0)], limit=limit)[0]
    spec = replace(spec, index=0, count=1, start=0, stop=min(limit, len(source)))
    stages, clock = Stages(), _Clock()
    real = Substituter.rows

    def rows(self: Substituter, conversation: Conversation, place: float | None = None) -> Any:
        began = time.process_time()
        results = real(self, conversation, place)
        if isinstance(results[0], dict) and results[0]["rewritten"]:
            stages.rows.append(1000 * (time.process_time() - began))
        return results

    with clock.watching(), patch.object(Substituter, "rows", rows), TemporaryDirectory() as out:
        began = time.process_time()
        _build(spec, out)
        stages.whole = 1000 * (time.process_time() - began)
    stages.by_stage = {stage: 1000 * seconds for stage, seconds in clock.spent.items()}
    return stages


def _build(spec: ShardSpec, out: str) -> None:
    build_shard(spec, Path(out))


class _Clock:
    """Who is at work: time goes to the innermost stage that is entered and not left."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Wrap the functions of all stages, and unwrap them afterwards."""
        with ExitStack() as stack:
            for stage, names in STAGES.items():
                for name in names:
                    stack.enter_context(patch(name, self._wrapped(name, stage)))
            yield

    def _wrapped(self, name: str, stage: str) -> Callable[..., Any]:
        module, _, attribute = name.rpartition(".")
        real = getattr(resolve_name(module), attribute)

        def run(*args: Any, **kwargs: Any) -> Any:
            with self._stage(stage):
                result = real(*args, **kwargs)
            return self._iterated(result, stage) if isinstance(result, Iterator) else result

        return run

    def _iterated(self, items: Iterator[Any], stage: str) -> Iterator[Any]:
        while True:
            with self._stage(stage):
                item = next(items, self)
            if item is self:
                return
            yield item

    @contextmanager
    def _stage(self, stage: str) -> Iterator[None]:
        self._tick()
        self._open.append(stage)
        try:
            yield
        finally:
            self._tick()
            self._open.pop()

    def _tick(self) -> None:
        now = time.process_time()
        if self._open:
            self.spent[self._open[-1]] += now - self._since
        self._since = now
