"""In NeMo AutoModel's environment: its own loader and collator over a LLaVA export, started in the export's folder.

python nemo_collates.py '{"folder": ..., "work": ..., "settings": {...}}'
"""

import json
import os
import sys
from pathlib import Path

from tiny import CHATML, save_processor, seen


def main() -> None:
    from nemo_automodel.components.datasets.vlm import datasets as loading
    from nemo_automodel.components.datasets.vlm.collate_fns import default_collate_fn

    given = json.loads(sys.argv[1])
    processor = save_processor(Path(given["work"]) / "tiny-qwen3-vl", CHATML)
    settings = dict(given["settings"]["dataset"])
    loader = getattr(loading, settings.pop("_target_").rpartition(".")[2])
    os.chdir(given["folder"])
    collated = []
    for row in loader(**settings):
        batch = default_collate_fn([row], processor)
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        collated.append(seen(ids, [label for label in labels if label != -100], batch, processor))
    print("\nRESULT " + json.dumps({"collated": collated}))


if __name__ == "__main__":
    main()
