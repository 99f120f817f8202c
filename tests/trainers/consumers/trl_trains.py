"""In TRL's environment: run the snippet of the documentation on a tiny model, and look at what its collator makes.

python trl_trains.py '{"folder": ..., "work": ..., "config": ..., "snippet": ...}'
"""

import json
import sys
from pathlib import Path
from typing import Any

from tiny import IMAGE_PAD, read_back, save_model, save_processor


def main() -> None:
    import transformers
    import trl

    given = json.loads(sys.argv[1])
    model = Path(given["work"]) / "tiny-qwen3-vl"
    template = Path(trl.__file__).parent / "chat_templates" / "qwen3_vl.jinja"
    processor = save_processor(model, template.read_text())
    save_model(model, processor)
    snippet = given["snippet"]
    for written, here in (
        ("ORG/NAME", given["folder"]),
        ("Qwen/Qwen3-VL-4B-Instruct", str(model)),
        ('"ratio50"', repr(given["config"])),
        ('output_dir="lomo-sft"', f'output_dir={str(model.parent / "out")!r}, use_cpu=True, report_to="none", seed=1'),
        ("num_train_epochs=1,\n        bf16=True", "max_steps=2, logging_steps=1, bf16=False, save_strategy='no'"),
    ):
        if written not in snippet:
            raise ValueError(f"the snippet does not say {written!r}")
        snippet = snippet.replace(written, here)
    names: dict[str, Any] = {}
    exec(snippet, names)
    trainer, rows = names["trainer"], names["rows"]
    collated = []
    for row in rows:
        batch = trainer.data_collator([row])
        ids = batch["input_ids"][0].tolist()
        grid = batch.get("image_grid_thw")
        trained = [token for token, label in zip(ids, batch["labels"][0].tolist(), strict=True) if label != -100]
        collated.append(
            {
                "text": read_back(ids, processor),
                "image_tokens": ids.count(processor.tokenizer.convert_tokens_to_ids(IMAGE_PAD)),
                "features": 0 if grid is None else int(grid.prod(-1).sum()) // 4,
                "grids": [] if grid is None else grid.tolist(),
                "pixel_rows": 0 if batch.get("pixel_values") is None else batch["pixel_values"].shape[0],
                "trained": processor.tokenizer.decode(trained),
            }
        )
    trained_parts = {
        part: any(weights.requires_grad for name, weights in trainer.model.named_parameters() if part_of(name) == part)
        for part in ("tower", "projector", "language")
    }
    mixed = trainer.data_collator([rows[index] for index in given["mixed"]])
    result = {
        "versions": {"trl": trl.__version__, "transformers": transformers.__version__},
        "steps": trainer.state.global_step,
        "losses": [entry["loss"] for entry in trainer.state.log_history if "loss" in entry],
        "collated": collated,
        "trained": trained_parts,
        "mixed_images": len(mixed["image_grid_thw"]),
    }
    print("\nRESULT " + json.dumps(result))


def part_of(name: str) -> str:
    return "projector" if "merger" in name else "tower" if "visual." in name else "language"


if __name__ == "__main__":
    main()
