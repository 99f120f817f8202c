"""What planning the source corpus from the Hub takes: `python -m benchmarks.planning`.

A Hub on the loopback holds a repository with the names, the number of rows and the sizes of files of
LLaVA-OneVision-1.5-Instruct-Data: twenty text-only configs of 7,076,905 rows and 9.7 GB, and thousands of files of
configs with pictures, which are listed and never opened. Ids are real text; the turns are zeros, kept in sparse files,
so that little of the disk is taken. `--latency` makes every answer wait as long as the real Hub's do.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha1
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.peak_memory import peak_megabytes_here

__all__ = ["PRESET_BYTES", "Hub", "Planned", "SparseFile", "measured", "planned", "write_sparse_parquet"]

_TESTS: Final = Path(__file__).resolve().parents[1] / "tests"
PRESET_BYTES: Final = {
    "openmathinstruct": 1232.2, "orca_agentinstruct": 2175.6, "magpie_pro": 2080.3, "open_orca": 980.8,
    "magpie_ultra": 2113.7, "ifeval_like": 370.1, "orca_994k": 291.2, "Evol-Instruct-GPT4-Turbo": 161.7,
    "cn_k12": 48.6, "mathinstruct_262k": 29.1, "synthetic_math": 25.1, "olympiads": 51.8, "wizardlm": 49.0,
    "mathqa": 7.8, "code_feedback_66k": 50.0, "synthetic_amc": 13.9, "aops_forum": 10.5, "gsm8k": 1.1, "math": 1.6,
    "amc_aime": 1.2,
}  # fmt: skip
"""Millions of bytes to download of each config, by the card of the corpus."""

# `datasets` cuts files at 500 MB before compression, about half of that after it, and groups of 1,000 rows.
_FILE_BYTES: Final = 250e6
_GROUP_ROWS: Final = 1_000
_OTHER_CONFIGS, _OTHER_FILES = 163, 7_400  # 183 folders, 3.6 TiB in all
_BLOCK: Final = 1 << 16


class SparseFile:
    """A file on the disk that can be cut like bytes; of what was never written the disk keeps nothing."""

    def __init__(self, path: Path) -> None:
        self._path, self._size = path, path.stat().st_size

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, wanted: slice) -> bytes:
        start, stop, _ = wanted.indices(self._size)
        with self._path.open("rb") as stream:
            stream.seek(start)
            return stream.read(stop - start)


class _Holes:
    """A file to write to that leaves out blocks of zeros."""

    closed = False

    def __init__(self, path: Path) -> None:
        self._stream, self._at = path.open("wb"), 0

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _BLOCK):
            block = view[start : start + _BLOCK]
            if block != bytes(len(block)):
                self._stream.seek(self._at + start)
                self._stream.write(block)
        self._at += len(view)
        return len(view)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        pass

    def close(self) -> None:
        if not self.closed:
            self._stream.truncate(self._at)
            self._stream.close()
            self.closed = True


def write_sparse_parquet(path: Path, name: str, rows: range, row_bytes: float) -> SparseFile:
    """Rows of a config with ids as text and turns of zeros, `row_bytes` a row."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    turn = pa.struct([("from", pa.string()), ("value", pa.string())])
    kinds = [
        ("id", pa.string()),
        ("image", pa.null()),
        ("conversations", pa.list_(turn)),
        ("data_source", pa.string()),
    ]
    schema = pa.schema(kinds)
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict[str, Any] = {"compression": "none", "use_dictionary": ["data_source"]}
    sink: Any = _Holes(path)
    with pq.ParquetWriter(sink, schema, **options) as writer:
        for start in range(rows.start, rows.stop, _GROUP_ROWS):
            count = min(_GROUP_ROWS, rows.stop - start)
            ids = [f"{name}_{index:012d}" for index in range(start, start + count)]
            weight = "\0" * max(1, int(row_bytes * count) - sum(map(len, ids)))
            turns = [[{"from": "human", "value": weight}], *[[{"from": "human", "value": ""}]] * (count - 1)]
            columns = [ids, [None] * count, turns, [name] * count]
            arrays = [pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=_GROUP_ROWS)
    sink.close()
    return SparseFile(path)


def serve_corpus(share: float, latency: float, folder: Path, connection: Connection) -> None:
    """The Hub's process: writes the corpus, serves it, and leaves when it is told to."""
    sys.path.insert(0, str(_TESTS))
    from corpus.hub import replica, served

    files: dict[str, Any] = {}
    for name, rows in replica.UPSTREAM_ROWS.items():
        rows, size = max(1, int(rows * share)), PRESET_BYTES[name] * 1e6
        count = max(1, round(size * share / _FILE_BYTES))
        for index in range(count):
            part = range(rows * index // count, rows * (index + 1) // count)
            path = f"{name}/train-{index:05d}-of-{count:05d}.parquet"
            row_bytes = size / replica.UPSTREAM_ROWS[name]
            files[path] = write_sparse_parquet(folder / path, name, part, row_bytes)
    text_files = len(files)
    for index in range(_OTHER_FILES):
        files[f"pictures_{index % _OTHER_CONFIGS:03d}/train-{index:05d}-of-{_OTHER_FILES:05d}.parquet"] = b"PAR1"
    files["README.md"] = _card(replica.card()).encode()
    # Digests of gigabytes would take longer than the plan; any that differ do.
    served.entry = _entry
    with served.serve() as hub:
        hub.page_size, hub.latency = 1_000, latency
        hub.commits[replica.REPO], hub.heads[replica.REPO] = {"c" * 40: files}, {"main": "c" * 40}
        connection.send((hub.url, text_files, len(files), sum(map(len, files.values()))))
        while connection.recv() == "sent":
            connection.send((len(hub.log), sum(size for *_, size in hub.log)))


def _card(card: str) -> str:
    """The replica's card with as many configs of pictures as there are folders."""
    configs = [f"pictures_{index:03d}" for index in range(_OTHER_CONFIGS)]
    listed = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/train-*\n" for name in configs
    )
    features = "  features:\n  - name: id\n    dtype: string\n  - name: image\n    dtype: image\n"
    described = "".join(f"- config_name: {name}\n{features}" for name in configs)
    return card.replace("configs:\n", f"configs:\n{listed}", 1).replace(
        "dataset_info:\n", f"dataset_info:\n{described}"
    )


def _entry(path: str, data: Any) -> dict[str, Any]:
    named = sha1(path.encode()).hexdigest()
    return {
        "type": "file",
        "path": path,
        "size": len(data),
        "oid": named,
        **({"lfs": {"oid": named + named[:24], "size": len(data), "pointerSize": 134}} if "/" in path else {}),
    }


@dataclass(frozen=True)
class Planned:
    """What it came to; `peak` is in MB, `fetched` in bytes."""

    configs: int
    rows: int
    shards: int
    seconds: float
    processor_seconds: float
    peak: float


def planned(url: str) -> Planned:
    """Open the preset at a Hub, and cut it into shards."""
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = False
    from lomo_hf.building import plan
    from lomo_hf.corpus import open_hub
    from lomo_hf.recipes.named import load_recipe

    clock, processor = time.monotonic(), time.process_time()
    source = open_hub("llava-ov15-text", endpoint=url)
    shards = plan(source, [load_recipe("ratio50")])
    clock, processor = time.monotonic() - clock, time.process_time() - processor
    return Planned(len(source.parts), len(source), len(shards), clock, processor, peak_megabytes_here())


@dataclass(frozen=True)
class Hub:
    """What the Hub held and sent; `size` and `fetched` in bytes."""

    text_files: int
    files: int
    size: int
    requests: int
    fetched: int


def measured(share: float, latency: float) -> tuple[Hub, Planned]:
    """Plan a share of the corpus from a Hub that waits `latency` seconds before every answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    with TemporaryDirectory() as folder:
        server = context.Process(target=serve_corpus, args=(share, latency, Path(folder), theirs), daemon=True)
        server.start()
        url, text_files, files, size = ours.recv()
        result = planned(url)
        ours.send("sent")
        requests, fetched = ours.recv()
        ours.send("leave")
        server.join()
    return Hub(text_files, files, size, requests, fetched), result


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning", description=__doc__.split("\n")[0])
    parser.add_argument("--share", type=float, default=1.0, help="of the rows of every config, for a short run")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds that every answer of the Hub waits")
    given = parser.parse_args(arguments)
    hub, result = measured(given.share, given.latency)
    print(
        f"{hub.text_files} files of text among {hub.files:,}, {hub.size / 1e9:.1f} GB; {given.latency} s an answer\n"
    )
    print("| configs | rows | shards | seconds | processor seconds | requests | MB fetched | peak MB |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    print(
        f"| {result.configs} | {result.rows:,} | {result.shards:,} | {result.seconds:.0f} "
        f"| {result.processor_seconds:.0f} | {hub.requests:,} | {hub.fetched / 1e6:.0f} | {result.peak:.0f} |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
