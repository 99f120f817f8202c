"""WebDataset shards, in the layout that LLaVA-OneVision-1.5 trains from (its `MultiMixQASample`).

train-00000.tar     {key}.json = {"id", "texts": [{"role", "content"}], "media": "image"|"text", "name": ["0.png"]}
                    {key}.0.png, one for each `<image>` in the contents; none for a row that stayed text. Pictures
                    of a mixture's other half keep their format, and its ending: {key}.0.jpg
.nv-meta/           Energon's description, so that the folder needs no `energon prepare`
"""

from collections.abc import Iterable, Sequence

from lomo_hf.exporting.nvmeta import write_nvmeta
from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.exporting.rows import StoredRow
from lomo_hf.exporting.tarring import SampleTar, json_line
from lomo_hf.storage import Folder
from lomo_hf.storage.records import FileRecord

__all__ = ["WebDataset", "image_members", "tar_name", "write_tar"]

_SAMPLE_LOADER = '''\
"""How Energon makes LLaVA-OneVision-1.5's MultiMixQASample of a sample."""


def sample_loader(sample):
    said = sample["json"]
    systems = [turn["content"] for turn in said["texts"] if turn["role"] == "system"]
    return {
        "__key__": sample["__key__"],
        "__restore_key__": sample["__restore_key__"],
        "messages": [turn for turn in said["texts"] if turn["role"] != "system"],
        "system": systems[0] if systems else None,
        "image": [sample[name] for name in said["name"]] or None,
        "video": None,
    }


def part_filter(part):
    return True
'''


class WebDataset:
    """See the module."""

    shard_bytes = 256 << 20

    def write_part(self, index: int, rows: Iterable[StoredRow], out: Folder) -> Sequence[FileRecord]:
        """One tar file and its index."""
        return write_tar(index, ((row.key, _members(row)) for row in rows), out)

    def finish(self, config: str, receipts: Sequence[PartReceipt], out: Folder) -> Sequence[FileRecord]:
        """`.nv-meta`."""
        sample = {"__module__": "aiak_training_llm.data.multimodal", "__class__": "MultiMixQASample"}
        return write_nvmeta(receipts, out, {"dataset.yaml": {"sample_type": sample, **LOADER}}, _SAMPLE_LOADER)


LOADER = {"part_filter": "sample_loader.py:part_filter", "sample_loader": "sample_loader.py:sample_loader"}


def tar_name(index: int) -> str:
    """The name of a part's tar file; all of them are `train-{00000..N}.tar`."""
    return f"train-{index:05d}.tar"


def write_tar(index: int, samples: Iterable[tuple[str, dict[str, bytes]]], out: Folder) -> Sequence[FileRecord]:
    """A part as a tar file with its index."""
    with SampleTar(out / tar_name(index)) as tar:
        for key, members in samples:
            tar.add(key, members)
        return [FileRecord(name, size, digest) for name, size, digest in tar.publish()]


def image_members(row: StoredRow) -> dict[str, bytes]:
    """The images of a row by their members' names: `0.png`, `1.png`."""
    return dict(zip(row.image_names(), row.images, strict=True))


def _members(row: StoredRow) -> dict[str, bytes]:
    images = image_members(row)
    record = {
        "id": row.id,
        "texts": [{"role": turn.role, "content": turn.text} for turn in row.counted_turns()],
        "media": "image" if images else "text",
        "name": list(images),
        "license": row.license,
    }
    return {"json": json_line(record), **images}
