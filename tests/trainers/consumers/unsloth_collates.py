"""In Unsloth's environment: its own collator for pictures over a config, with and without `resize="max"`.

    python unsloth_collates.py '{"folder": ..., "work": ..., "config": ...}'

`unsloth` itself asks for a GPU when it is imported; its collator is in `unsloth_zoo`, which does not.
"""

import json
import os
import sys
from pathlib import Path

from tiny import CHATML, save_model, save_processor, seen


def main() -> None:
    os.environ["UNSLOTH_IS_PRESENT"] = "1"  # as `unsloth` sets it
    from unsloth_zoo.vision_utils import UnslothVisionDataCollator  # isort: skip
    from datasets import load_dataset
    from PIL import Image
    from transformers import AutoModelForImageTextToText

    given = json.loads(sys.argv[1])
    tiny = Path(given["work"]) / "tiny-qwen3-vl"
    processor = save_processor(tiny, CHATML)
    save_model(tiny, processor)
    model = AutoModelForImageTextToText.from_pretrained(tiny)
    loss = {
        "train_on_responses_only": True,
        "instruction_part": "<|im_start|>user\n",
        "response_part": "<|im_start|>assistant\n",
    }
    whole = UnslothVisionDataCollator(model, processor, resize="max", **loss)
    collated = []
    for row in load_dataset(given["folder"], given["config"], split="train").select_columns(["messages", "images"]):
        batch = whole([row])
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        collated.append(seen(ids, [label for label in labels if label != -100], batch, processor))
    page = {
        "messages": [
            {"role": "user", "content": [{"type": "image", "text": None}, {"type": "text", "text": "What is it?"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "A page."}]},
        ],
        "images": [Image.new("RGB", (1600, 800), "white")],
    }
    shrinking = UnslothVisionDataCollator(model, processor, **loss)
    sizes = {"max": whole([page])["image_grid_thw"].tolist(), "min": shrinking([page])["image_grid_thw"].tolist()}
    print("\nRESULT " + json.dumps({"collated": collated, "sizes": sizes}))


if __name__ == "__main__":
    main()
