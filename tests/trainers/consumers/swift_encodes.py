"""In ms-swift's environment: its own dataset loader and template over a config of a dataset folder.

python swift_encodes.py '{"folder": ..., "work": ..., "config": ..., "snippet": ...}'
"""

import dataclasses
import json
import shlex
import sys
from pathlib import Path

from tiny import IMAGE_PAD, read_back, save_config, save_processor


def main() -> None:
    from swift import SftArguments, get_processor, get_template, load_dataset
    from swift.dataset.dataset_syntax import DatasetSyntax

    given = json.loads(sys.argv[1])
    tiny = Path(given["work"]) / "tiny-qwen3-vl"
    save_config(tiny, save_processor(tiny))
    words = shlex.split(given["snippet"], comments=True)
    words = words[words.index("swift") :]
    options = {word.removeprefix("--"): words[place + 1] for place, word in enumerate(words) if word.startswith("--")}
    asked = DatasetSyntax.parse(options["dataset"])
    columns = json.loads(options["columns"])
    place = f"{given['folder']}:{given['config']}"
    rows, _ = load_dataset([place], columns=columns, load_from_cache_file=False, strict=True)
    template = get_template(get_processor(str(tiny), model_type="qwen3_vl"), template_type="qwen3_vl")
    template.set_mode("train")
    processor, encoded = template.processor, []
    # ms-swift writes the number of Qwen's token in its code; the small vocabulary has another.
    template.image_token_id = processor.tokenizer.convert_tokens_to_ids(IMAGE_PAD)
    for row in rows:
        inputs = template.encode(row)
        grid = inputs.get("image_grid_thw")
        ids = list(inputs["input_ids"])
        trained = [token for token, label in zip(ids, inputs["labels"], strict=True) if label != -100]
        encoded.append(
            {
                "text": read_back(ids, processor),
                "image_tokens": ids.count(template.image_token_id),
                "features": 0 if grid is None else int(grid.prod(-1).sum()) // 4,
                "grids": [] if grid is None else grid.tolist(),
                "pixel_rows": 0 if grid is None else inputs["pixel_values"].shape[0],
                "trained": processor.tokenizer.decode(trained),
            }
        )
    result = {
        "asked": [asked.dataset, asked.subsets, asked.use_hf],
        "unknown": sorted(set(options) - {field.name for field in dataclasses.fields(SftArguments)}),
        "collated": encoded,
    }
    print("\nRESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
