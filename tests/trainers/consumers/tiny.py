"""A real Qwen3-VL processor and a very small model, made on the spot: a byte tokenizer, random weights."""

from pathlib import Path
from typing import Any

IM_END, IMAGE_PAD = "<|im_end|>", "<|image_pad|>"
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    IM_END,
    "<|vision_start|>",
    "<|vision_end|>",
    IMAGE_PAD,
    "<|video_pad|>",
    "<|vision_pad|>",
)

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""Qwen's chat format, for trainers that take the template of the processor."""


# As Qwen numbers them, which some trainers have in their code: the first is token 151,643.
QWEN_SPECIAL = (
    "<|endoftext|>", "<|im_start|>", IM_END, "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", IMAGE_PAD,
    "<|video_pad|>",
)  # fmt: skip
FIRST_SPECIAL = 151_643


def save_processor(folder: Path, chat_template: str | None = None, *, as_qwen: bool = False) -> Any:
    """Write a processor that a trainer loads with `AutoProcessor`; every byte is a token, so text survives.

    `as_qwen` gives the special tokens Qwen's own numbers, behind as many tokens that never occur.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessor, Qwen3VLProcessor, Qwen3VLVideoProcessor

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    if as_qwen:
        vocabulary |= {f"<never {number}>": number for number in range(len(vocabulary), FIRST_SPECIAL)}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    special = list(QWEN_SPECIAL if as_qwen else SPECIAL)
    if as_qwen:
        core.add_special_tokens(special)  # in this order, before the tokenizer adds some of them first
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=IM_END, pad_token="<|endoftext|>", additional_special_tokens=special
    )
    limits = {"shortest_edge": 65536, "longest_edge": 16777216}
    images = Qwen2VLImageProcessor(patch_size=16, temporal_patch_size=2, merge_size=2, size=limits)
    processor = Qwen3VLProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        video_processor=Qwen3VLVideoProcessor(),
        chat_template=chat_template,
    )
    processor.save_pretrained(folder)
    return processor


def save_config(folder: Path, processor: Any) -> Any:
    """Write the configuration of a very small Qwen3-VL for that processor."""
    from transformers import Qwen3VLConfig

    ids = processor.tokenizer.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(processor.tokenizer),
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "max_position_embeddings": 32768,
            "pad_token_id": ids("<|endoftext|>"),
            "rope_parameters": {
                "rope_type": "default",
                "rope_theta": 10000.0,
                "mrope_section": [4, 2, 2],
                "mrope_interleaved": True,
            },
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "deepstack_visual_indexes": [0, 1],
        },
        image_token_id=ids(IMAGE_PAD),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
    )
    config.save_pretrained(folder)
    return config


def save_model(folder: Path, processor: Any) -> None:
    """Write random weights for that configuration."""
    import torch
    from transformers import Qwen3VLForConditionalGeneration

    torch.manual_seed(0)
    Qwen3VLForConditionalGeneration(save_config(folder, processor)).save_pretrained(folder)


def read_back(ids: list[int], processor: Any) -> str:
    """Token ids as text, with `<image>` for each run of image tokens and its borders."""
    text = processor.tokenizer.decode(ids, skip_special_tokens=False)
    pieces, rest = [], text
    while "<|vision_start|>" in rest:
        before, _, rest = rest.partition("<|vision_start|>")
        pads, _, rest = rest.partition("<|vision_end|>")
        if pads.replace(IMAGE_PAD, ""):
            raise ValueError(f"between the borders of an image stands {pads!r}")
        pieces.append(before)
    return "<image>".join([*pieces, rest])


def seen(ids: list[int], trained: list[int], tensors: Any, processor: Any) -> dict[str, Any]:
    """What a trainer made of a row: its text, its image tokens beside its features, and what is trained."""
    grid = tensors.get("image_grid_thw")
    return {
        "text": read_back(ids, processor),
        "image_tokens": ids.count(processor.tokenizer.convert_tokens_to_ids(IMAGE_PAD)),
        "features": 0 if grid is None else int(grid.prod(-1).sum()) // 4,
        "grids": [] if grid is None else grid.tolist(),
        "pixel_rows": 0 if grid is None else tensors["pixel_values"].shape[0],
        "trained": processor.tokenizer.decode(trained),
    }
