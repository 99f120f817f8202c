"""How much memory streaming takes: 200,000 rows of a dataset on a hub on the loopback, and the peak after each part.

    python benchmarks/stream_memory.py --rows 200000

The hub is a process of its own, so that only the reader is measured: opening, streaming every row, drawing with
deduplication (which reads every text), streaming the draw. The peak must not grow with the rows that have passed.
"""

import argparse
import io
import json
import multiprocessing
import random
import resource
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
REPO = "bench/rows"
FILE_ROWS, GROUP_ROWS = 50_000, 1_000  # rows in a file and in a row group, as `datasets` writes text


def serve_rows(rows: int, connection: Connection) -> None:
    """The hub's process: makes the rows, serves them, and leaves when it is told to."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from corpus.hub.replica import FROM_VALUE, prompts, schema_of
    from corpus.hub.served import serve

    schema, texts = schema_of(pa.string(), pa.null(), FROM_VALUE), prompts()
    files: dict[str, bytes] = {"README.md": b"# rows\n"}
    count = -(-rows // FILE_ROWS)
    for index in range(count):
        rng, sink = random.Random(index), io.BytesIO()
        with pq.ParquetWriter(sink, schema) as writer:
            for start in range(index * FILE_ROWS, min((index + 1) * FILE_ROWS, rows), GROUP_ROWS):
                stop = min(start + GROUP_ROWS, rows)
                group = [made_row(place, texts, rng) for place in range(start, stop)]
                writer.write_table(pa.Table.from_pylist(group, schema=schema))
        files[f"text/train-{index:05d}-of-{count:05d}.parquet"] = sink.getvalue()
    with serve() as hub:
        hub.push(REPO, files)
        connection.send((hub.url, sum(map(len, files.values()))))
        while connection.recv() == "sent":
            connection.send((hub.sent(), len(hub.log)))


def made_row(place: int, texts: list[tuple[str, str]], rng: random.Random) -> dict[str, Any]:
    """A row of some 2 kB that compresses about as text does."""
    prompt, answer = rng.choice(texts)
    noise = " ".join(f"{rng.getrandbits(20)}" for _ in range(60))
    turns = [{"from": "human", "value": f"{prompt}\n{noise}"}, {"from": "gpt", "value": answer * 2}]
    return {"id": f"row-{place}", "image": None, "conversations": turns, "data_source": "bench"}


def peak() -> float:
    """The most memory that this process has had resident so far, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measured(url: str, rows: int) -> Iterator[tuple[str, int, float, float]]:
    """(what was done, rows, seconds, peak in MB) of one part after the other."""
    import huggingface_hub.constants

    huggingface_hub.constants.HF_HUB_OFFLINE = False
    from lomo_hf.corpus import open_hub
    from lomo_hf.corpus.sampling import Sampling, draw

    started = time.monotonic()
    yield "libraries loaded", 0, 0.0, peak()
    source = open_hub(REPO, endpoint=url)
    yield "opened: footers and ids", len(source), time.monotonic() - started, peak()
    started, step = time.monotonic(), max(rows // 10, 1)
    for done, _ in enumerate(source.conversations(0, rows), 1):
        if done % step == 0 and done in (step, 2 * step, 5 * step, 10 * step):
            yield "streamed", done, time.monotonic() - started, peak()
    started = time.monotonic()
    drawn = draw(source, Sampling(rows=rows // 4, dedup=True))
    yield "drawn a quarter, deduplicated", rows, time.monotonic() - started, peak()
    started = time.monotonic()
    done = sum(1 for _ in drawn.source.conversations(0, len(drawn.source)))
    yield "streamed the draw", done, time.monotonic() - started, peak()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--json", type=Path, help="write the numbers here as well")
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve_rows, args=(chosen.rows, theirs), daemon=True)
    server.start()
    url, size = ours.recv()
    print(f"{chosen.rows:,} rows, {size / 1e6:.0f} MB of Parquet, row groups of {GROUP_ROWS:,} rows\n")
    print(f"{'part':32} {'rows':>9} {'seconds':>8} {'rows/s':>8} {'peak MB':>8} {'fetched MB':>11} {'requests':>9}")
    figures = []
    for what, rows, seconds, memory in measured(url, chosen.rows):
        ours.send("sent")
        fetched, requests = ours.recv()
        speed = f"{rows / seconds:,.0f}" if seconds else ""
        print(
            f"{what:32} {rows:9,} {seconds:8.1f} {speed:>8} {memory:8.0f} {fetched / 1e6:11.1f} {requests:9,}",
            flush=True,
        )
        figures.append({"part": what, "rows": rows, "seconds": seconds, "peak_mb": memory, "fetched": fetched})
    ours.send("leave")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
