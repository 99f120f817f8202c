"""The row that is stored: its columns, and the two views of it that consumers load.

Facts behind each choice: a content part holds `type` and `text` only, because chat templates take any part with an
`image` key for a picture; rows without a page have null images, never an empty list; `messages` suits TRL and Axolotl,
`conversations` LLaMA-Factory and ms-swift. What a row holds does not depend on the recipe's name or ratio.
"""

import json
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datasets

__all__ = [
    "IMAGE_PLACEHOLDER",
    "ROW_COLUMNS",
    "row_features",
    "sharegpt_features",
    "stored_schema",
    "with_old_features",
]

IMAGE_PLACEHOLDER = "<image>"

ROW_COLUMNS = (
    "id", "messages", "conversations", "images", "rewritten", "lomo",
    "source_repo", "source_config", "source_id", "source_revision", "source_data_source", "source_license",
)  # fmt: skip


def row_features() -> "datasets.Features":
    """The `datasets` features of a row.

    >>> tuple(row_features()) == ROW_COLUMNS
    True
    """
    from datasets import Features, Image, List, Value

    text, whole = Value("string"), Value("int32")
    span = {"start": whole, "end": whole, "text": text, "width": whole, "height": whole}
    lomo: dict[str, Any] = {
        "draw": Value("float64"),  # the row's uniform number: it is rewritten where this is below the ratio
        "turn": whole,  # index into messages
        "position": text,
        "spans": List(span),
        "renderer": text,
        "reason": text,  # why a drawn row stayed text, or why its page fell back to plain text
        "distortion": {"op": text, "params": text},  # params as JSON: each operation has its own
        "width": whole,  # of the page; of the largest one where there are two
        "height": whole,
        "prompt_chars": whole,
        "repairs": List(text),
    }
    columns: dict[str, Any] = {
        "id": text,
        "messages": List({"role": text, "content": List({"type": text, "text": text})}),
        "conversations": List({"from": text, "value": text}),
        "images": List(Image()),
        "rewritten": Value("bool"),
        "lomo": lomo,
    }
    return Features({**columns, **{name: text for name in ROW_COLUMNS if name.startswith("source_")}})


def sharegpt_features() -> "datasets.Features":
    """The features of the ShareGPT view: turns as strings, images as bytes that no reader decodes on the way.

    >>> list(sharegpt_features())
    ['conversations', 'images']
    """
    from datasets import Features, List, Value

    return Features(
        {
            "conversations": List({"from": Value("string"), "value": Value("string")}),
            "images": List({"bytes": Value("binary"), "path": Value("string")}),
        }
    )


@cache
def stored_schema() -> Any:
    """The Arrow schema of a shard, whose metadata tell an image for an image in words that every `datasets` knows.

    >>> "List" in str(stored_schema().metadata[b"huggingface"])
    False
    """
    return with_old_features(row_features().arrow_schema)


def with_old_features(schema: Any) -> Any:
    """An Arrow schema whose `datasets` features say a list as `[...]`, as before `datasets` 4.

    Versions before 4 stop at the newer form ("Feature type 'List' not found"), and trainers pin them; the older form
    is read by all versions, and as the same features. Measured with 3.5.0, 4.0.0 and 5.2.0.
    """
    said = (schema.metadata or {}).get(b"huggingface")
    if said is None:
        return schema
    metadata = {**schema.metadata, b"huggingface": json.dumps(_old_lists(json.loads(said))).encode()}
    return schema.with_metadata(metadata)


def _old_lists(said: Any) -> Any:
    if isinstance(said, dict):
        if said.get("_type") == "List" and said.get("length", -1) == -1:
            return [_old_lists(said["feature"])]
        return {key: _old_lists(value) for key, value in said.items()}
    return [_old_lists(one) for one in said] if isinstance(said, list) else said
