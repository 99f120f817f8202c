"""In an environment of webdataset: its own pipeline over an export.

python webdataset_loads.py '{"folder": ...}'
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any


def main() -> None:
    import webdataset as wds

    given = json.loads(sys.argv[1])
    last = max(path.name for path in Path(given["folder"]).glob("*.tar"))
    urls = given["folder"] + "/train-{00000.." + last[6:11] + "}.tar"
    read = []
    for sample in wds.WebDataset(urls, shardshuffle=False).decode("pil"):
        record: dict[str, Any] = sample["json"]
        images = [
            [*sample[name].size, sha256(sample[name].convert("L").tobytes()).hexdigest()] for name in record["name"]
        ]
        read.append({"key": sample["__key__"], "texts": record["texts"], "images": images})
    print("\nRESULT " + json.dumps({"samples": read}))


if __name__ == "__main__":
    main()
