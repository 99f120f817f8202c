"""Lies told in a dataset folder, one at a time, and sealed: sizes and hashes agree again, only the rows lie."""

import hashlib
import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from lomo_hf.dataset.manifest import sealed

Rows = list[dict[str, Any]]


def shard_of(folder: Path, config: str, part: str = "-") -> Path:
    (path,) = sorted((folder / config).glob(f"train*{part}*.parquet"))
    return path


def read(folder: Path, config: str) -> Rows:
    rows: Rows = pq.read_table(shard_of(folder, config)).to_pylist()
    return rows


def rewrite(folder: Path, config: str, lie: Callable[[Rows], Any], *, part: str = "-") -> None:
    """Change the rows of a config, and the manifest's size and hash of its shard; `part` is in that shard's name."""
    path = shard_of(folder, config, part)
    table = pq.read_table(path)
    rows: Rows = table.to_pylist()
    lie(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)
    seal(folder, path)


def seal(folder: Path, path: Path) -> None:
    """Make the manifest agree with a file."""
    data, name = path.read_bytes(), path.relative_to(folder).as_posix()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    parts = [shard[part] for shard in manifest["shards"] for part in ("files", "sidecars")]
    for record in [*(record for part in parts for record in part.values()), *manifest["files"]]:
        if record["path"] == name:
            record.update(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_text(sealed(manifest), encoding="utf-8")


def first(rows: Rows, **wanted: Any) -> dict[str, Any]:
    """The first rewritten row whose record says so."""
    return next(row for row in rows if row["rewritten"] and all(look(row, key) == v for key, v in wanted.items()))


def look(row: Mapping[str, Any], key: str) -> Any:
    return row["lomo"]["distortion"]["op"] if key == "op" else row["lomo"][key]


def page_of(row: Mapping[str, Any]) -> np.ndarray:
    return np.array(Image.open(BytesIO(row["images"][0]["bytes"])))


def put_page(row: Mapping[str, Any], page: np.ndarray, **options: Any) -> None:
    buffer = BytesIO()
    Image.fromarray(page).save(buffer, options.get("format", "PNG"))
    row["images"][0]["bytes"] = buffer.getvalue()


def say(row: Mapping[str, Any], turn: int, old: str, new: str) -> None:
    """Replace a text in both views of a turn, once."""
    parts = [part for part in row["messages"][turn]["content"] if part["text"] and old in part["text"]]
    parts[0]["text"] = parts[0]["text"].replace(old, new, 1)
    row["conversations"][turn]["value"] = row["conversations"][turn]["value"].replace(old, new, 1)
