"""In LLaMA-Factory's environment: its own loader, template and collator over a dataset folder or an export.

    python llamafactory_encodes.py '{"folder": ..., "work": ..., "settings": {...}, "hub": null | "ORG/NAME"}'

`settings` are the YAML of the documentation, with the dataset to take. With `hub`, the two downloads answer from the
folder; everything else is LLaMA-Factory's code.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tiny import IMAGE_PAD, read_back, save_config, save_processor


def main() -> None:
    import datasets
    import transformers
    from llamafactory.data import SFTDataCollatorWith4DAttentionMask, get_dataset, get_template_and_fix_tokenizer
    from llamafactory.data import loader as loading
    from llamafactory.data import parser as parsing
    from llamafactory.hparams.parser import _TRAIN_ARGS
    from llamafactory.model import load_tokenizer

    given = json.loads(sys.argv[1])
    folder, tiny = Path(given["folder"]), Path(given["work"]) / "tiny-qwen3-vl"
    save_config(tiny, save_processor(tiny))
    if given["hub"]:
        real = loading.load_dataset

        def load(path: str, **options: Any) -> Any:
            return real(path=str(folder) if path == given["hub"] else path, **options)

        def download(repo_id: str, filename: str, repo_type: str) -> str:
            if (repo_id, repo_type) != (given["hub"], "dataset"):
                raise ValueError(f"asked for {repo_id!r}")
            return str(folder / filename)

        loading.load_dataset, parsing.hf_hub_download = load, download
    settings = {
        **given["settings"],
        "model_name_or_path": str(tiny),
        "output_dir": str(tiny.parent / "out"),
        "bf16": False,
        "packing": False,  # or rows are joined before they can be looked at one by one
        "use_cpu": True,
        "report_to": "none",
        "overwrite_cache": True,
        "cache_dir": str(tiny.parent / "cache"),
    }
    # Raises on any key that no class of LLaMA-Factory knows.
    model, data, training, finetuning, _ = transformers.HfArgumentParser(_TRAIN_ARGS).parse_dict(settings)
    loaded = load_tokenizer(model)
    tokenizer, processor = loaded["tokenizer"], loaded["processor"]
    template = get_template_and_fix_tokenizer(tokenizer, data)
    rows = get_dataset(template, model, data, training, stage=finetuning.stage, **loaded)["train_dataset"]
    collator = SFTDataCollatorWith4DAttentionMask(template=template, tokenizer=tokenizer, processor=processor)
    pad = tokenizer.convert_tokens_to_ids(IMAGE_PAD)
    encoded = []
    for row in rows:
        batch = collator([dict(row)])
        ids = list(row["input_ids"])
        trained = [token for token, label in zip(ids, row["labels"], strict=True) if label != -100]
        grid = batch.get("image_grid_thw")
        encoded.append(
            {
                "text": read_back(ids, processor),
                "image_tokens": ids.count(pad),
                # A batch without pictures gets a small one of the collator's own, which nothing attends to.
                "features": int(grid.prod(-1).sum()) // 4 if row["images"] else 0,
                "grids": grid.tolist() if row["images"] else [],
                "pixel_rows": batch["pixel_values"].shape[0] if row["images"] else 0,
                "trained": tokenizer.decode(trained),
            }
        )
    versions = {"datasets": datasets.__version__, "transformers": transformers.__version__}
    print("\nRESULT " + json.dumps({"versions": versions, "collated": encoded}))


if __name__ == "__main__":
    main()
