"""In an environment that imports Axolotl: its own collator for pictures over a config.

python axolotl_collates.py '{"folder": ..., "work": ..., "config": ..., "template": ...}'
"""

import json
import sys
from pathlib import Path

from tiny import save_processor, seen


def main() -> None:
    from axolotl.processing_strategies import get_processing_strategy
    from axolotl.utils.chat_templates import get_chat_template
    from axolotl.utils.collators.mm_chat import MultiModalChatDataCollator
    from datasets import load_dataset

    given = json.loads(sys.argv[1])
    processor = save_processor(Path(given["work"]) / "tiny-qwen3-vl")
    strategy = get_processing_strategy(processor, get_chat_template(given["template"]), given["template"])
    collate = MultiModalChatDataCollator(processor.tokenizer, strategy)
    collated, failures = [], []
    for row in load_dataset(given["folder"], given["config"], split="train").select_columns(["messages", "images"]):
        try:
            batch = collate([row])
        except (StopIteration, IndexError) as error:
            failures.append(type(error).__name__)
            continue
        ids, labels = batch["input_ids"][0].tolist(), batch["labels"][0].tolist()
        collated.append(seen(ids, [label for label in labels if label != -100], batch, processor))
    print("\nRESULT " + json.dumps({"collated": collated, "failures": failures}))


if __name__ == "__main__":
    main()
