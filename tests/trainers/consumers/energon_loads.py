"""In an environment of megatron-energon: its own loader over an export, and what its own `prepare` makes of the tars.

python energon_loads.py '{"folder": ..., "work": ..., "crude": true | false}'
"""

import json
import shutil
import sys
import types
from hashlib import sha256
from pathlib import Path
from typing import Any


def main() -> None:
    given = json.loads(sys.argv[1])
    folder, work = Path(given["folder"]), Path(given["work"])
    _stand_in_for_llava_onevision()
    result = {"samples": _samples(folder), "prepared": _prepared(folder, work / "prepared")}
    if given["crude"]:
        result["crude"] = _samples(folder, "crude.yaml")
    print("\nRESULT " + json.dumps(result))


def _samples(folder: Path, config: str = "dataset.yaml") -> list[Any]:
    from megatron.energon import Sample, TaskEncoder, WorkerConfig, get_loader, get_val_dataset

    class Encoder(TaskEncoder):
        def encode_sample(self, sample: Any) -> Any:
            return sample

    options: dict[str, Any] = {"image_decode": "pilrgb"}  # where older versions take it
    if (Path(sys.modules["megatron.energon"].__file__).parent / "flavors/webdataset/sample_decoder.py").exists():
        from megatron.energon import SampleDecoder

        Encoder.decoder, options = SampleDecoder(image_decode="pilrgb"), {}
    if config != "dataset.yaml":
        from megatron.energon import Cooker, basic_sample_keys, edataclass, stateless

        @edataclass
        class Cooked(Sample):
            json: dict
            parts: list

        @stateless
        def cook(sample: dict) -> Any:
            return Cooked(
                **basic_sample_keys(sample),
                json=sample["json"],
                parts=sorted(name for name in sample if name.endswith(".png")),
            )

        Encoder.cookers = [Cooker(cook)]
        metadata = folder.parent / f"meta-{folder.name}.yaml"
        metadata.write_text(
            "__module__: megatron.energon\n__class__: MetadatasetV2\nsplits:\n  train:\n    path: "
            f"{folder.resolve()}\n    dataset_config: {config}\n"
        )
        folder = metadata
    dataset = get_val_dataset(
        str(folder),
        split_part="train",
        worker_config=WorkerConfig(rank=0, world_size=1, num_workers=0),
        batch_size=None,
        task_encoder=Encoder(),
        **options,
    )
    return [_plain(sample) for sample in get_loader(dataset)]


def _plain(sample: Any) -> Any:
    if hasattr(sample, "parts"):
        return {"key": sample.__key__, "json": sample.json, "parts": sample.parts}
    if hasattr(sample, "sequence"):
        sequence = [piece if isinstance(piece, str) else _pixels(piece) for piece in sample.sequence]
        return {"key": sample.__key__, "sequence": sequence}
    images = [_pixels(image) for image in sample.image or []]
    return {"key": sample.__key__, "messages": sample.messages, "system": sample.system, "images": images}


def _pixels(image: Any) -> list[Any]:
    return [*image.size, image.mode, sha256(image.convert("L").tobytes()).hexdigest()]


def _prepared(folder: Path, copy: Path) -> dict[str, Any]:
    from megatron.energon.epathlib import EPath
    from megatron.energon.flavors.webdataset import BaseWebdatasetFactory

    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.idx", ".nv-meta"))
    tars = sorted(path.name for path in copy.glob("*.tar"))
    preparing: Any = BaseWebdatasetFactory
    if not hasattr(preparing, "prepare_dataset"):
        from megatron.energon.flavors.webdataset.prepare import WebdatasetPreparator as preparing
    (copy / ".nv-meta").mkdir()
    preparing.prepare_dataset(
        EPath(str(copy)).absolute() if hasattr(EPath, "absolute") else copy.absolute(),
        tars,
        split_parts_ratio=[("train", 1.0), ("val", 0), ("test", 0)],
        shuffle_seed=None,
        workers=1,
    )
    info_files = [path for name in (".info.json", ".info.yaml") if (path := copy / ".nv-meta" / name).exists()]
    import yaml

    return {
        "indexes": {f"{name}.idx": sha256((copy / f"{name}.idx").read_bytes()).hexdigest() for name in tars},
        "counts": yaml.safe_load(info_files[0].read_text())["shard_counts"],
    }


def _stand_in_for_llava_onevision() -> None:
    """The class that LLaVA-OneVision-1.5's dataset.yaml names, with the fields it has there."""
    from dataclasses import dataclass

    from megatron.energon import Sample

    @dataclass
    class MultiMixQASample(Sample):
        messages: list
        video: list = None  # type: ignore[assignment]
        image: list = None  # type: ignore[assignment]
        system: str = None  # type: ignore[assignment]

    module: Any = types.ModuleType("aiak_training_llm.data.multimodal")
    module.MultiMixQASample = MultiMixQASample
    MultiMixQASample.__module__ = module.__name__
    for name in ("aiak_training_llm", "aiak_training_llm.data"):
        sys.modules[name] = types.ModuleType(name)
    sys.modules[module.__name__] = module


if __name__ == "__main__":
    main()
