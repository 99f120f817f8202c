"""In verl's environment: its own dataset of supervised rows over an export, and its dataset of prompts.

python verl_encodes.py '{"folder": ..., "work": ..., "prompts": "... .parquet" | null}'
"""

import json
import sys
from pathlib import Path

from tiny import CHATML, save_config, save_processor, seen


def main() -> None:
    from omegaconf import OmegaConf
    from verl.utils.dataset.multiturn_sft_dataset import MultiTurnSFTDataset
    from verl.utils.dataset.rl_dataset import RLHFDataset

    given = json.loads(sys.argv[1])
    tiny = Path(given["work"]) / "tiny-qwen3-vl"
    processor = save_processor(tiny, CHATML)
    processor.tokenizer.chat_template = CHATML  # as Qwen's own tokenizers have it
    save_config(tiny, processor)
    options = OmegaConf.create({"messages_key": "messages", "max_length": 32768, "pad_mode": "no_padding"})
    file = str(Path(given["folder"]) / "train-00000.parquet")
    collated = []
    for row in MultiTurnSFTDataset(file, processor.tokenizer, options, processor):
        ids = row["input_ids"].tolist()
        trained = [token for token, kept in zip(ids, row["loss_mask"].tolist(), strict=True) if kept]
        collated.append(seen(ids, trained, row.get("multi_modal_inputs", {}), processor))
    result = {"collated": collated, "prompts": []}
    if given["prompts"]:
        settings = OmegaConf.create(
            {
                "prompt_key": "contrastive_prompt",
                "image_key": "images",
                "return_raw_chat": True,
                "filter_overlong_prompts": False,
                "cache_dir": given["work"],
            }
        )
        for row in RLHFDataset(given["prompts"], processor.tokenizer, settings, processor):
            parts = [part for turn in row["raw_prompt"] for part in turn["content"] if isinstance(part, dict)]
            result["prompts"].append([part["type"] for part in parts])
    print("\nRESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
