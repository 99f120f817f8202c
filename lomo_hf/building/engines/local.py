"""Who builds the shards of a plan: this machine, nobody (they are there already), or a cluster (see `cluster`).

An engine decides when and where shards are built, and not a byte of what is in them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Receipt
from lomo_hf.building.resume import sweep_unfinished, trusted_receipt
from lomo_hf.building.workers.pool import build_shards
from lomo_hf.errors import BuildError

__all__ = ["BuiltAlready", "Engine", "LocalEngine", "share_of"]


class Engine(Protocol):
    """Builds what is missing of these shards below a folder."""

    def __call__(
        self, specs: Sequence[ShardSpec], out: Path, on_rows: Callable[[int], None] | None
    ) -> list[Receipt] | None:
        """The receipts, in order of index; None if the work was handed over and is not done yet."""
        ...


@dataclass(frozen=True)
class LocalEngine:
    """Processes of this machine; see `build_shards`.

    Attributes:
        num_proc: How many.
        guarded: With one process, make rows in a worker all the same, which may be killed.
    """

    num_proc: int = 1
    guarded: bool = False

    def __call__(self, specs: Sequence[ShardSpec], out: Path, on_rows: Callable[[int], None] | None) -> list[Receipt]:
        return build_shards(specs, out, num_proc=self.num_proc, guarded=self.guarded, on_rows=on_rows)


@dataclass(frozen=True)
class BuiltAlready:
    """Builds nothing: takes shards that other machines have left, and names what is missing.

    Nobody else may write into the folder any more: what killed processes left behind is removed, of any machine.
    """

    def __call__(self, specs: Sequence[ShardSpec], out: Path, on_rows: Callable[[int], None] | None) -> list[Receipt]:
        receipts = [trusted_receipt(spec, out) for spec in specs]
        missing = [str(spec.index) for spec, receipt in zip(specs, receipts, strict=True) if receipt is None]
        if missing:
            some = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
            raise BuildError(
                f"{len(missing)} of {len(specs)} shards are not built, or not from this corpus, recipe and versions "
                f"({some}). Build them with --shard-index, or leave out --assemble to build them here."
            )
        sweep_unfinished(specs, out, of_any_machine=True)
        return [receipt for receipt in receipts if receipt]


def share_of(specs: Sequence[ShardSpec], index: int, count: int) -> list[ShardSpec]:
    """The shards of machine `index` of `count`: every count-th, so that all get as much work.

    Args:
        specs: All shards of the plan.
        index: The machine, from 0.
        count: How many machines there are.

    Returns:
        Its shards, in order; none where there are more machines than shards.

    Raises:
        BuildError: `index` is none of 0 to count - 1.

    >>> from lomo_hf.building import plan
    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.recipes.recipe import Recipe
    >>> [len(share_of(plan(open_corpus(), [Recipe("mine")]), index, 2)) for index in range(2)]
    [1, 0]
    """
    if not 0 <= index < count:
        raise BuildError(f"shard-index must be from 0 to num-shards - 1; found {index} of {count}. Count from 0.")
    return list(specs[index::count])
