"""LLaVA's layout, which most vision-language trainers read: JSON lines, and images as files.

rows.jsonl              {"id", "image": "images/00000/000000012-0.png", "images": [the same], "conversations":
                        [{"from": "human"|"gpt"|"system", "value": "… <image> …"}]}; a row that stayed text has
                        neither `image` nor `images`; `image` is a list where there are two
images/00000/           the images of one part as they were stored: pages are PNG, other pictures what they were
dataset_info.json       the entry that NeMo AutoModel (as its meta file) and LLaMA-Factory read
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final

from lomo_hf.exporting.receipts import PartReceipt, record_folder
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.exporting.tarring import json_line
from lomo_hf.row import SHAREGPT_ROLES, SHAREGPT_TAGS
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile, write_whole
from lomo_hf.storage.file_names import LLAMAFACTORY, WORK_FOLDER
from lomo_hf.storage.records import FileRecord

__all__ = ["LlavaJsonl"]

_ROWS: Final = "rows.jsonl"
_COPY_BYTES: Final = 1 << 20


class LlavaJsonl:
    """See the module."""

    shard_bytes = 64 << 20  # some thousand images a folder

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """A folder of images, which gets its name when it is whole, and a piece of `rows.jsonl`."""
        folder, staging = f"images/{index:05d}", out / WORK_FOLDER / f"images-{index:05d}"
        for left in (out / folder, staging):  # by a run that was stopped
            left.remove_tree()
        images = staging.hold(make=True)
        (out / "images").make_folder()
        piece = PendingFile(out / _piece(index))
        try:
            for row in rows:
                names = [f"{row.key}-{name}" for name in row.image_names()]
                for name, image in zip(names, row.images, strict=True):
                    with (images / name).create() as file:
                        file.write(image)
                piece.write(json_line(_row(row, [f"{folder}/{name}" for name in names])) + b"\n")
            piece.seal()
            staging.replace(out / folder)
            piece.publish()
            piece.sync_folder()
        finally:
            piece.abandon()
        return [record_folder(out, f"{folder}/"), FileRecord.of_file(out, _piece(index))]

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """`rows.jsonl` of its pieces, and `dataset_info.json`."""
        whole = PendingFile(out / _ROWS)
        try:
            for receipt in receipts:
                with (out / _piece(receipt.index)).open() as piece:
                    while data := piece.read(_COPY_BYTES):
                        whole.write(data)
            whole.seal()
            whole.publish()
        finally:
            whole.abandon()
        write_whole(out / LLAMAFACTORY, (json.dumps({config: _info()}, indent=2) + "\n").encode())
        return [FileRecord.of_file(out, _ROWS), FileRecord.of_file(out, LLAMAFACTORY)]


def _piece(index: int) -> str:
    return f"{WORK_FOLDER}/rows-{index:05d}.jsonl"


def _row(row: StoredRow, paths: list[str]) -> dict[str, object]:
    record: dict[str, object] = {"id": row.id}
    if paths:
        record["image"] = paths[0] if len(paths) == 1 else paths
        record["images"] = paths
    record["conversations"] = [{"from": SHAREGPT_ROLES[turn.role], "value": turn.text} for turn in row.counted_turns()]
    return {**record, "license": row.license}


def _info() -> dict[str, object]:
    return {
        "file_name": _ROWS,
        "formatting": "sharegpt",
        "columns": {"messages": "conversations", "images": "images"},
        "tags": dict(SHAREGPT_TAGS),
        "media_dir": ".",
    }
