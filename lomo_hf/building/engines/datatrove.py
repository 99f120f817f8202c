"""The same shards under datatrove's executors: this machine, Slurm, Ray, Hugging Face Jobs. Extra: `lomo-hf[cluster]`.

datatrove starts tasks, keeps logs and starts failed ones again; a task builds its share of the shards in a worker
process of its own, so a row that kills costs neither the task nor, as datatrove's own pool would, the whole run. What
is done is known by receipts and never by datatrove's marks, so every run asks for all tasks anew.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lomo_hf.building.engines.local import BuiltAlready
from lomo_hf.building.engines.remote import fetch_shards, send_shard
from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.workers.pool import build_shards
from lomo_hf.errors import BuildError, UsageError
from lomo_hf.storage import Folder, share_at_work
from lomo_hf.storage.file_names import WORK_FOLDER

__all__ = ["EXECUTORS", "DatatroveEngine", "ShardStep"]

EXECUTORS: Final = {
    "local": "LocalPipelineExecutor",
    "slurm": "SlurmPipelineExecutor",
    "ray": "RayPipelineExecutor",
    "jobs": "JobsPipelineExecutor",
}
_HANDS_OVER: Final = ("slurm",)
"""Executors that return as soon as the scheduler has the work; the others return when it is done."""


class ShardStep:
    """What a task does: build its share of the shards. Picklable; the plan travels with it, so no task plans anew.

    `remote` is a folder that fsspec knows ("hf://buckets/me/mine"), where a task's own disk does not last. No
    dataclass, because datatrove would write its fields, the whole plan, into its log.
    """

    def __init__(self, specs: Sequence[ShardSpec], out: str, remote: str | None = None) -> None:
        self.specs, self.out, self.remote = tuple(specs), out, remote

    def __call__(self, data: object, rank: int, world_size: int) -> None:
        specs = self.specs[rank::world_size]
        if self.remote is None:
            with share_at_work(Folder(self.out)):
                build_shards(specs, Path(self.out), guarded=True)
            return
        for spec in specs:
            fetch_shards([spec], self.remote, Path(self.out))
            receipt = build_shards([spec], Path(self.out), guarded=True)[0]
            send_shard(receipt, Path(self.out), self.remote)

    def __deepcopy__(self, memo: dict[int, object]) -> "ShardStep":
        return self  # nothing in it ever changes, and a plan may be large

    def __repr__(self) -> str:
        return f"lomo_hf: {len(self.specs)} shards"


@dataclass(frozen=True)
class DatatroveEngine:
    """Shards under one of datatrove's executors.

    Attributes:
        executor: A name of `EXECUTORS`.
        tasks: How many tasks share the shards; None is one for each shard.
        workers: Tasks at the same time; -1 is as many as there are.
        remote: Where tasks leave their shards, if not in the dataset folder itself; they are fetched from there.
        options: Further arguments of the executor, such as `partition` and `time` of Slurm.
    """

    executor: str = "local"
    tasks: int | None = None
    workers: int = -1
    remote: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def __call__(
        self, specs: Sequence[ShardSpec], out: Path, on_rows: Callable[[int], None] | None
    ) -> list[Receipt] | None:
        """Run the tasks; the receipts, or None where a scheduler has them.

        Raises:
            BuildError: datatrove is missing, an argument is none that the executor knows, or shards were not built.
        """
        out.mkdir(parents=True, exist_ok=True)
        self.pipeline(specs, out).run()
        if self.executor in _HANDS_OVER:
            return None
        if self.remote:
            fetch_shards(specs, self.remote, out)
        return BuiltAlready()(specs, out, on_rows)

    def pipeline(self, specs: Sequence[ShardSpec], out: Path) -> Any:
        """The executor, ready to run."""
        kind = _executor_class(self.executor)
        if self.executor == "jobs" and not self.remote:
            raise UsageError("executor jobs needs a place that lasts; add --remote hf://buckets/NAME/BUCKET/folder.")
        # A worker of another machine may start in another folder.
        folder = "lomo-out" if self.remote else str(out.resolve())
        step = ShardStep(tuple(specs), folder, self.remote)
        given = {
            "pipeline": [step],
            "tasks": min(self.tasks or len(specs), len(specs)),
            "workers": self.workers,
            "logging_dir": f"{self.remote}/logs" if self.remote else str(out.resolve() / WORK_FOLDER / "logs"),
            "skip_completed": False,  # a mark proves nothing; receipts do
            # What a job installs: the versions of engines are in the recipe, and others would be refused.
            **({"dependencies": [f"lomo-hf[cluster]=={version('lomo-hf')}"]} if self.executor == "jobs" else {}),
            **self.options,
        }
        known = list(inspect.signature(kind).parameters)
        unknown = [name for name in given if name not in known]
        if unknown:
            raise BuildError(f"executor {self.executor} has no option {unknown[0]!r}; known are {', '.join(known)}.")
        try:
            return kind(**given)
        except (TypeError, ValueError) as error:
            raise BuildError(
                f"executor {self.executor} refuses its options ({error}). Add --engine-option."
            ) from error


def _executor_class(name: str) -> Any:
    if name not in EXECUTORS:
        raise UsageError(f"executor must be one of {', '.join(EXECUTORS)}; found {name!r}.")
    try:
        import datatrove.executor as executors

        return getattr(executors, EXECUTORS[name])
    except ImportError as error:
        raise BuildError(
            f"engine datatrove needs its packages ({error}). Run `pip install lomo-hf[cluster]`."
        ) from error
