"""`.nv-meta`: what `energon prepare` writes beside the shards, so that nobody has to run it.

Left out is `index.sqlite`, which Energon needs only to join data sets or to look samples up by key, and whose bytes
depend on the SQLite at hand; `energon prepare` adds it and changes nothing else.
"""

import json
from collections.abc import Mapping, Sequence

from lomo_hf.exporting.receipts import PartReceipt
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.records import FileRecord

__all__ = ["NVMETA", "write_nvmeta"]

NVMETA = ".nv-meta"


def write_nvmeta(
    receipts: Sequence[PartReceipt], out: Folder, configs: Mapping[str, Mapping[str, object]], sample_loader: str
) -> Sequence[FileRecord]:
    """Write the folder: the shards' sample counts, one split with all of them, and how to load a sample.

    `configs` are dataset definitions by file name; the first is Energon's default. Older versions read `.info.yaml`.
    """
    counts = {file.path: receipt.rows for receipt in receipts for file in receipt.files if file.path.endswith(".tar")}
    info = {"shard_counts": counts}
    split = {"split_parts": {"train": list(counts), "val": [], "test": []}, "exclude": []}
    texts = {
        ".info.json": json.dumps(info, indent=2),
        ".info.yaml": _yaml(info),
        "split.yaml": _yaml(split),
        **{name: _yaml(config) for name, config in configs.items()},
        "sample_loader.py": sample_loader,
    }
    for name, text in texts.items():
        write_whole(out / NVMETA / name, text.encode())
    return [FileRecord.of_file(out, f"{NVMETA}/{name}") for name in texts]


def _yaml(document: Mapping[str, object]) -> str:
    import yaml

    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True)
