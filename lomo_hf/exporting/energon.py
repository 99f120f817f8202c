"""Energon's `InterleavedSample`: texts and images in reading order, with the role of each beside them.

train-00000.tar     {key}.json = {"id", "roles": [...], "texts": ["pre", null, "suf", "answer"],
                                  "images": [null, "0.png", null, null]}, {key}.0.png
.nv-meta/           dataset.yaml: InterleavedSample, whose sequence knows no roles;
                    crude.yaml: the sample as it is, for a cooker that wants them
"""

from collections.abc import Iterable, Sequence
from typing import Any

from lomo_hf.exporting.nvmeta import write_nvmeta
from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.exporting.tarring import json_line
from lomo_hf.exporting.webdataset import LOADER, image_members, write_tar
from lomo_hf.storage import Folder
from lomo_hf.storage.records import FileRecord

__all__ = ["EnergonInterleaved"]

_SAMPLE_LOADER = '''\
"""How Energon makes an InterleavedSample of a sample: texts and images in reading order."""


def sample_loader(sample):
    said = sample["json"]
    pairs = zip(said["texts"], said["images"], strict=True)
    return {
        "__key__": sample["__key__"],
        "__restore_key__": sample["__restore_key__"],
        "sequence": [text if image is None else sample[image] for text, image in pairs],
    }


def part_filter(part):
    return True
'''


class EnergonInterleaved:
    """See the module."""

    shard_bytes = 256 << 20

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """One tar file and its index."""
        return write_tar(index, ((row.key, _members(row)) for row in rows), out)

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """`.nv-meta`, with both ways to load."""
        configs: dict[str, dict[str, Any]] = {
            "dataset.yaml": {"sample_type": _type("InterleavedSample"), **LOADER},
            "crude.yaml": _type("CrudeWebdataset"),
        }
        return write_nvmeta(receipts, out, configs, _SAMPLE_LOADER)


def _type(name: str) -> dict[str, str]:
    return {"__module__": "megatron.energon", "__class__": name}


def _members(row: StoredRow) -> dict[str, bytes]:
    images = image_members(row)
    names = iter(images)
    content: dict[str, Any] = {"id": row.id, "roles": [], "texts": [], "images": [], "license": row.license}
    for turn in row.turns:
        for piece in turn.pieces:
            content["roles"].append(turn.role)
            content["texts"].append(piece)
            content["images"].append(next(names) if piece is None else None)
    return {"json": json_line(content), **images}
