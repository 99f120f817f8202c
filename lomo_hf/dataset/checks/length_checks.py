"""Which rows a trainer's cutoff would cut, and where: in a page, or behind it, where the answer is lost in silence.

Pages are counted exactly (`lomo_hf.image_tokens`), from the sizes that rows record. Text is estimated, since every
model has a tokenizer of its own: three letters a token, and one for a letter of Chinese, Japanese or Korean, which is
more tokens than most prose has. Formulas and code can have more still.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from lomo_hf.dataset.checks.findings import Check, Finding, warns
from lomo_hf.dataset.checks.inspected import DataConfig, Inspected
from lomo_hf.errors import UsageError
from lomo_hf.image_tokens import QWEN2_5_VL, QWEN3_VL, Processor, image_tokens

__all__ = ["PROCESSORS", "length_check"]

PROCESSORS: Final[Mapping[str, Processor]] = MappingProxyType({"qwen3-vl": QWEN3_VL, "qwen2.5-vl": QWEN2_5_VL})
"""Image processors by the name that `lomo check --processor` takes."""

_LEAVES: Final = (
    "id", "conversations.list.element.value", "lomo.spans.list.element.width", "lomo.spans.list.element.height",
)  # fmt: skip
_IMAGE: Final = "<image>"
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]")
_LETTERS_A_TOKEN, _MARKS_OF_A_TURN, _MARKS_OF_AN_IMAGE, _NAMED = 3, 5, 2, 8


def length_check(max_length: int, processor: str = "qwen3-vl") -> Check:
    """A check that names the rows of more than so many tokens.

    Args:
        max_length: The trainer's cutoff, in tokens.
        processor: One of `PROCESSORS`.

    Returns:
        The check, for `check_dataset`.

    Raises:
        UsageError: There is no such processor, or the length is not 1 or more.

    Example:
        >>> length_check(8192).name
        'length'
    """
    if processor not in PROCESSORS:
        raise UsageError(f"processor must be one of {', '.join(PROCESSORS)}; found {processor!r}.")
    if max_length < 1:
        raise UsageError(f"max_length must be 1 token or more; found {max_length}.")

    def find(dataset: Inspected) -> Iterator[Finding]:
        for config in dataset.configs:
            for split in config.splits:
                yield from _cut_rows(dataset, config, split, max_length, PROCESSORS[processor])

    return Check("length", f"no row is longer than {max_length:,} tokens of {processor}", find)


@dataclass(frozen=True)
class _Length:
    """Tokens of a row, and of its part up to the end of its last page; 0 where it has none."""

    whole: int
    to_last_page: int


def _cut_rows(
    dataset: Inspected, config: DataConfig, split: str, max_length: int, processor: Processor
) -> Iterator[Finding]:
    rows, inside, behind, text = 0, list[str](), list[str](), list[str]()
    for shard in dataset.shards(config, split):
        if not {"id", "conversations", "lomo"} <= set(shard.schema.names) or config.columns is not None:
            return
        for table in dataset.tables(shard.path, _LEAVES):
            for row in table.to_pylist():
                rows += 1
                length = _length(row, processor)
                if length.whole > max_length:
                    where = inside if length.to_last_page > max_length else behind if length.to_last_page else text
                    where.append(row["id"])
    for ids, place in (
        (inside, "before the end of a page, on which TRL stops and LLaMA-Factory fails in the forward pass"),
        (behind, "behind the page, where TRL drops the rest of the answer without a word"),
        (text, "in text alone, the rest of which is dropped without a word"),
    ):
        if ids:
            more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
            yield warns(
                f"{len(ids):,} of {rows:,} rows of {config.name!r}, {split!r} are cut at {max_length:,} tokens "
                f"{place}: {', '.join(ids[:_NAMED])}{more}. Raise the cutoff, or leave these rows out."
            )


def _length(row: Mapping[str, Any], processor: Processor) -> _Length:
    spans = iter((row["lomo"] or {}).get("spans") or ())
    tokens = last = 0
    for turn in row["conversations"]:
        tokens += _MARKS_OF_A_TURN
        first, *others = turn["value"].split(_IMAGE)
        tokens += _text_tokens(first)
        for text in others:
            span = next(spans, None)
            if span is not None:
                tokens += image_tokens(span["width"], span["height"], processor) + _MARKS_OF_AN_IMAGE
                last = tokens
            tokens += _text_tokens(text)
    return _Length(tokens, last)


def _text_tokens(text: str) -> int:
    wide = len(_WIDE.findall(text))
    return wide + -(-(len(text) - wide) // _LETTERS_A_TOKEN)
