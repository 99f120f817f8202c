"""Building one shard: a slice of the source becomes one Parquet file for each recipe, in one pass, and a receipt.

Pure and atomic: the bytes depend on the spec alone, and a file under its final name is whole. A pool and a cluster's
scheduler run the same function.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from sys import getsizeof

from lomo_hf.building.planning import ShardSpec
from lomo_hf.building.receipts import Counts, Receipt
from lomo_hf.building.resume import save_receipt
from lomo_hf.building.shard_writer import ShardWriter, verify_parquet
from lomo_hf.building.workers.rows import MakeRows, rows_in_this_process
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.errors import BuildError
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row import Row
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, explain
from lomo_hf.storage.records import FileRecord
from lomo_hf.substitution import Steps

__all__ = ["build_shard", "write_shard"]

_Read = Conversation | Refusal

_BATCH_ROWS, _BATCH_BYTES = 32, 100_000  # what is worked on at once: some 3 MB of pages


def build_shard(spec: ShardSpec, out: Path) -> Receipt:
    """Build a shard below `out`, whatever lies there, and note its receipt. Memory: a row group for each recipe.

    Args:
        spec: A shard of a plan.
        out: The dataset folder; made where there is none.

    Returns:
        The receipt, as it lies in `out` now: files with size and SHA-256, and what was counted.

    Raises:
        BuildError: The disk is full or cannot be written, or a row fails in a way that nobody foresaw.
        SourceError: The source cannot be read any more.
        IntegrityError: What was written does not read back.

    >>> import tempfile
    >>> from lomo_hf.building import plan
    >>> from lomo_hf.corpus import open_corpus
    >>> with tempfile.TemporaryDirectory() as out:
    ...     receipt = build_shard(plan(open_corpus(), [Recipe("mine")], limit=3)[0], Path(out))
    >>> receipt.files["mine"].path, receipt.counts["mine"].rows
    ('mine/train-00000-of-00001.parquet', 3)
    """
    return write_shard(spec, out, lambda rows: None)


def write_shard(
    spec: ShardSpec, out: Path, on_row: Callable[[int], None], make_rows: MakeRows | None = None
) -> Receipt:
    """As `build_shard`; `on_row` hears after every row how many were read, and may stop the build by raising.

    `make_rows` makes a conversation's rows in another way than in this process, as an isolated shard does.
    """
    outputs: list[_Output] = []
    try:
        folder = Folder(out, make=True)
        for recipe in spec.recipes:
            outputs.append(_Output(spec, recipe, folder))
        _fill(spec, outputs, on_row, make_rows or rows_in_this_process(spec))
        receipt = _publish(spec, outputs)
        save_receipt(receipt, folder)
        return receipt
    except OSError as error:
        raise explain(error, f"{spec} in {out}", _bytes_needed(spec, outputs)) from error
    finally:
        for output in outputs:
            output.abandon()


def _fill(spec: ShardSpec, outputs: "list[_Output]", on_row: Callable[[int], None], make_rows: MakeRows) -> None:
    read = 0
    for batch in _batches(_reported(spec.source.conversations(spec.start, spec.stop), on_row)):
        work: list[Steps] = []
        for place, item in enumerate(batch, read):
            if isinstance(item, Refusal):
                work.append(iter([[item] * len(outputs)]))
            else:
                work.append(make_rows(item, spec.corpus_place(place)))
        for output, *results in zip(outputs, *_step_by_step(work), strict=True):
            output.add(results)
        read += len(batch)
    if read != spec.rows:
        raise BuildError(f"{spec} read {read} rows; the source must have changed. Open it again and plan anew.")
    for output in outputs:
        output.finish()


def _reported(items: Iterator[_Read], on_row: Callable[[int], None]) -> Iterator[_Read]:
    """The same; `on_row` hears of each before the next is read."""
    for read, item in enumerate(items, 1):
        yield item
        on_row(read)


def _batches(items: Iterator[_Read]) -> Iterator[list[_Read]]:
    """A few dozen results at a time, fewer where they are long: what is done for all of them is done in a row."""
    batch: list[_Read] = []
    held = 0
    for item in items:
        batch.append(item)
        held += 0 if isinstance(item, Refusal) else sum([getsizeof(turn.text) for turn in item.turns])
        if len(batch) == _BATCH_ROWS or held > _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _step_by_step(work: Sequence[Steps]) -> list[list[Row | Refusal]]:
    """What comes of the work on each of some rows; every step is taken for all of them before the next."""
    rows: list[list[Row | Refusal] | None] = [None] * len(work)
    while None in rows:
        rows = [next(steps) if row is None else row for steps, row in zip(work, rows, strict=True)]
    return [row for row in rows if row is not None]


def _publish(spec: ShardSpec, outputs: "list[_Output]") -> Receipt:
    files, sidecars = {}, {}
    sealed = [(output, *output.seal()) for output in outputs]
    for output, file, sidecar in sealed:
        files[output.recipe.name] = file
        if sidecar:
            sidecars[output.recipe.name] = sidecar
        output.publish()
    counts = {output.recipe.name: output.counts for output in outputs}
    return Receipt(spec.digest, spec.index, files, sidecars, counts)


def _bytes_needed(spec: ShardSpec, outputs: "list[_Output]") -> int | None:
    """About what the whole shard takes, judged by the rows read so far."""
    read = outputs[0].rows_read if outputs else 0
    return sum(output.weight for output in outputs) * spec.rows // read if read else None


class _Output:
    """What one recipe makes of a shard: the Parquet file and, from the first refusal on, the sidecar."""

    def __init__(self, spec: ShardSpec, recipe: Recipe, out: Folder) -> None:
        self.recipe = recipe
        self._extra = spec.source.extra
        self.counts = Counts()
        self._shard_path, self._sidecar_path = spec.shard_path(recipe), spec.sidecar_path(recipe)
        self._sidecar_final = out / self._sidecar_path
        self._pending = PendingFile(out / self._shard_path)
        self._sidecar: PendingFile | None = None
        self._writer = ShardWriter(self._pending, extra=spec.source.extra)

    @property
    def rows_read(self) -> int:
        """Rows stored and refused so far."""
        return self.counts.rows + sum(self.counts.refused.values())

    @property
    def weight(self) -> int:
        """About what the rows so far take on the disk, in bytes."""
        return self._writer.weight + (self._sidecar.size if self._sidecar else 0)

    def add(self, results: Sequence[Row | Refusal]) -> None:
        self.counts = sum(map(Counts.of, results), self.counts)
        for result in results:
            if isinstance(result, Refusal):
                self._refuse(result)
            else:
                self._writer.add(result)

    def _refuse(self, refusal: Refusal) -> None:
        if self._sidecar is None:
            self._sidecar = PendingFile(self._sidecar_final)
        line = {"id": refusal.id, "reason": refusal.reason, "detail": refusal.detail}
        # A lone surrogate becomes \udxxx, which is JSON's own way to write it.
        self._sidecar.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")

    def finish(self) -> None:
        self._writer.close()

    def seal(self) -> tuple[FileRecord, FileRecord | None]:
        """Make sure of what was written, before anything gets its final name."""
        rows = self.counts.rows
        file = FileRecord(self._shard_path, self._pending.size, self._pending.seal(), rows)
        verify_parquet(self._pending.temporary, rows, self._extra)
        if self._sidecar is None:
            return file, None
        refused = sum(self.counts.refused.values())
        return file, FileRecord(self._sidecar_path, self._sidecar.size, self._sidecar.seal(), refused)

    def publish(self) -> None:
        self._pending.publish()
        if self._sidecar:
            self._sidecar.publish()
        else:
            self._sidecar_final.unlink(missing_ok=True)  # of an earlier build that refused rows here
        self._pending.sync_folder()

    def abandon(self) -> None:
        """Leave nothing unfinished behind."""
        self._writer.abandon()
        for pending in (self._pending, self._sidecar):
            if pending:
                pending.abandon()
