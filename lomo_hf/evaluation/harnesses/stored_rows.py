"""Rows of a rendered benchmark's folder as they are stored: images as bytes, answers in the source's own types."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lomo_hf.errors import SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.definitions import BENCHMARKS
from lomo_hf.evaluation.rendered.folder import config_file, recorded

__all__ = ["RenderedFolder", "definition_name", "open_folder"]


@dataclass(frozen=True)
class RenderedFolder:
    """A folder that `render_benchmark` made.

    Args:
        path: The folder.
        benchmark: Its definition.
        options: Where options are: "page" or "text".
        rows: Questions in each config.
    """

    path: Path
    benchmark: Benchmark
    options: str
    rows: int

    def rows_of(self, carrier: str) -> Iterator[dict[str, Any]]:
        """The rows of a config in order, a row group at a time.

        Raises:
            SourceError: The file is not there, or cannot be read.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self.path / config_file(carrier, self.benchmark.split)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                decode = json.loads if _is_json(file.schema_arrow, "answer") else None
                for group in range(file.num_row_groups):
                    for row in file.read_row_group(group).to_pylist():
                        if decode is not None and row["answer"] is not None:
                            row["answer"] = decode(row["answer"])
                        yield row
        except (OSError, pa.ArrowException, ValueError) as error:
            raise SourceError(f"{path} cannot be read ({error}). Render the benchmark again.") from error


def open_folder(folder: str | Path) -> RenderedFolder:
    """The folder, with what its record says.

    Args:
        folder: A folder that `render_benchmark` made.

    Returns:
        The folder.

    Raises:
        SourceError: It has no record, or one that cannot be read.

    Example:
        >>> import tempfile
        >>> from lomo_hf.evaluation import render_benchmark
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "mine.jsonl").write_text('{"id": "q1", "question": "What is 2 + 2?", "answer": "4"}\\n')
        >>> _ = render_benchmark(Benchmark(str(folder / "mine.jsonl"), id="id"), folder / "out")
        >>> [row["prompt"] for row in open_folder(folder / "out").rows_of("rendered")]
        ['<image>']
    """
    benchmark, record = recorded(Path(folder))
    return RenderedFolder(Path(folder), benchmark, record.get("options", "text"), int(record.get("rows", 0)))


def definition_name(benchmark: Benchmark) -> str | None:
    """The name in `BENCHMARKS` of a definition, also where its rows came from a local copy; None where it has none.

    >>> definition_name(replace(BENCHMARKS["mmmu-pro-4"], revision="abc"))
    'mmmu-pro-4'
    """
    like = [name for name, known in BENCHMARKS.items() if _without_source(known) == _without_source(benchmark)]
    exact = [name for name in like if BENCHMARKS[name].config == benchmark.config]
    return next(iter(exact or like), None)


def _without_source(benchmark: Benchmark) -> Benchmark:
    return replace(benchmark, source="any", config=None, revision=None, md5=None, documents=None)


def _is_json(schema: Any, column: str) -> bool:
    """Whether `datasets` stores a column's values as JSON, for their types are mixed."""
    stored = (schema.metadata or {}).get(b"huggingface", b"{}")
    feature = json.loads(stored).get("info", {}).get("features", {}).get(column, {})
    return isinstance(feature, dict) and feature.get("_type") == "Json"
