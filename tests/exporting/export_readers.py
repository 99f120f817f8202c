"""Exports read back with the standard library and pyarrow alone: id, turns as (role, text with `<image>`), images."""

import json
import tarfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Restored = tuple[str, list[tuple[str, str]], list[bytes]]

ROLES = {"human": "user", "gpt": "assistant", "system": "system", "observation": "tool"}


def expected(row: dict[str, Any]) -> Restored:
    """The same of a stored row."""
    turns = [(ROLES[turn["from"]], turn["value"]) for turn in row["conversations"]]
    return row["id"], turns, [image["bytes"] for image in row["images"] or []]


def samples(folder: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """The samples of all tar files, as WebDataset groups them: runs of members with the same name before its dot."""
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            members = [(member.name, tar.extractfile(member).read()) for member in tar]  # type: ignore[union-attr]
        for key, run in groupby(members, key=lambda member: member[0].partition(".")[0]):
            yield key, {name.partition(".")[2]: data for name, data in run}


def read_webdataset(folder: Path) -> Iterator[Restored]:
    for _, sample in samples(folder):
        record = json.loads(sample["json"])
        assert record["media"] == ("image" if record["name"] else "text")
        assert set(sample) == {"json", *record["name"]}
        yield (
            record["id"],
            [(t["role"], t["content"]) for t in record["texts"]],
            [sample[name] for name in record["name"]],
        )


def read_energon(folder: Path) -> Iterator[Restored]:
    for _, sample in samples(folder):
        record = json.loads(sample["json"])
        turns: list[tuple[str, str]] = []
        for role, text, image in zip(record["roles"], record["texts"], record["images"], strict=True):
            assert (text is None) != (image is None)
            piece = "<image>" if text is None else text
            # Roles alternate, so that a run of pieces with the same role is one turn.
            if turns and turns[-1][0] == role:
                turns[-1] = (role, turns[-1][1] + piece)
            else:
                turns.append((role, piece))
        yield record["id"], turns, [sample[name] for name in record["images"] if name]


def read_llava(folder: Path) -> Iterator[Restored]:
    with (folder / "rows.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            paths = row.get("images", [])
            assert row.get("image", []) == (paths[0] if len(paths) == 1 else paths)
            turns = [(ROLES[turn["from"]], turn["value"]) for turn in row["conversations"]]
            yield row["id"], turns, [(folder / path).read_bytes() for path in paths]


def read_verl(folder: Path) -> Iterator[Restored]:
    for path in sorted(folder.glob("train-*.parquet")):
        for row in pq.read_table(path).to_pylist():
            turns = [(turn["role"], turn["content"]) for turn in row["messages"]]
            yield row["id"], turns, [image["bytes"] for image in row["images"]]


READERS = {
    "webdataset": read_webdataset, "energon": read_energon, "llava-jsonl": read_llava, "verl": read_verl,
}  # fmt: skip
