"""What is noted of a finished shard: its files with their digests, and what was counted while it was made.

A receipt holds no time, no worker and no path of the machine, so it is the same bytes wherever the shard was built.
`resume` reads receipts and judges whether they can be trusted.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from operator import attrgetter
from typing import Any, Final, Self

from lomo_hf.corpus import Refusal
from lomo_hf.errors import IntegrityError
from lomo_hf.row import MixedRow
from lomo_hf.storage.documents import mapped, parse, record, text, whole
from lomo_hf.storage.records import FileRecord

__all__ = ["RECEIPT_SHAPE", "Counts", "Receipt"]

_Tally = Mapping[str, int]
_tally: Final = mapped(whole)


def _counted(value: object, at: str) -> None:
    (_tally if isinstance(value, dict) else whole)(value, at)


_FILE: Final = record({"path": text, "rows": whole, "bytes": whole, "sha256": text})

RECEIPT_SHAPE: Final = record(
    {
        "spec_digest": text,
        "index": whole,
        "files": mapped(_FILE),
        "sidecars": mapped(_FILE),
        "counts": mapped(mapped(_counted)),
    }
)
"""What a receipt must say, by itself or in a manifest."""


@dataclass(frozen=True)
class Counts:
    """What was counted over rows; two can be added.

    Attributes:
        rows: Rows stored, rewritten or not.
        rewritten: Rows with a page.
        refused: Rows not stored, by reason.
        kept: Rows that were drawn but stayed text, by reason.
        renderers: Rewritten rows by renderer (text, latex or fallback).
        fallbacks: Rewritten rows whose mathematics is set as plain text, by reason.
        operations: Rewritten rows by the distortion that was applied.
        repairs: Repairs of conversations, by name; a row may have several.
        prompt_chars, span_chars: Characters of the prompts that were rewritten, and of their spans.
        images, pixels, image_bytes: Pages, their pixels, and the bytes of their PNG files.

    >>> both = Counts(rows=1, kept={"too-large": 1}) + Counts(rows=2, kept={"too-large": 1, "blank": 1})
    >>> both.rows, both.kept
    (3, {'blank': 1, 'too-large': 2})
    """

    rows: int = 0
    rewritten: int = 0
    refused: _Tally = field(default_factory=dict)
    kept: _Tally = field(default_factory=dict)
    renderers: _Tally = field(default_factory=dict)
    fallbacks: _Tally = field(default_factory=dict)
    operations: _Tally = field(default_factory=dict)
    repairs: _Tally = field(default_factory=dict)
    prompt_chars: int = 0
    span_chars: int = 0
    images: int = 0
    pixels: int = 0
    image_bytes: int = 0

    @classmethod
    def of(cls, result: MixedRow | Refusal) -> Self:
        """The counts of one row, or of one refusal. A row that came with pictures of its own records nothing."""
        if isinstance(result, Refusal):
            return cls(refused={result.reason: 1})
        recorded = result["lomo"]
        if recorded is None:
            return cls(rows=1)
        repairs = dict(sorted(Counter(recorded["repairs"]).items()))
        reason = recorded["reason"]
        reasons = {reason: 1} if reason else {}
        if not result["rewritten"]:
            return cls(rows=1, kept=reasons, repairs=repairs)
        lomo = result["lomo"]
        return cls(
            rows=1,
            rewritten=1,
            renderers={lomo["renderer"]: 1},
            fallbacks=reasons,
            operations={lomo["distortion"]["op"]: 1},
            repairs=repairs,
            prompt_chars=lomo["prompt_chars"],
            span_chars=sum(span["end"] - span["start"] for span in lomo["spans"]),
            images=len(result["images"]),
            pixels=sum(span["width"] * span["height"] for span in lomo["spans"]),
            image_bytes=sum(len(image["bytes"]) for image in result["images"]),
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*map(_sum, _values_of(self), _values_of(other)))

    def to_dict(self) -> dict[str, object]:
        """Plain numbers and dicts with sorted keys."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The counts that `to_dict` wrote.

        Raises:
            IntegrityError: A count is missing, unknown, or not a number of 0 or more.

        >>> Counts.from_dict(Counts(rows=3).to_dict()) == Counts(rows=3)
        True
        """
        if set(values) != {f.name for f in fields(cls)}:
            raise IntegrityError(
                f"counts have other names than {[f.name for f in fields(cls)]}; found {list(values)}."
            )
        empty = cls()
        for name, value in values.items():
            numbers = value.values() if isinstance(value, dict) else [value]
            alike = isinstance(value, dict) == isinstance(getattr(empty, name), dict)
            if not alike or not all(type(number) is int and number >= 0 for number in numbers):
                raise IntegrityError(f"counts.{name} must hold numbers of 0 or more; found {value!r}.")
        return cls(**values)


@dataclass(frozen=True)
class Receipt:
    """That a shard is finished, and what it consists of. All three mappings go by the recipe's name.

    Attributes:
        spec_digest: Of what was to be built, so that a receipt of something else is not taken for it.
        index: Which shard of the build.
        files: The shard's file for each recipe.
        sidecars: Files of refused rows; an entry only where there are any.
        counts: What was counted.
    """

    spec_digest: str
    index: int
    files: Mapping[str, FileRecord]
    sidecars: Mapping[str, FileRecord]
    counts: Mapping[str, Counts]

    def to_json(self) -> str:
        """A JSON document, the same bytes for equal receipts."""
        return json.dumps(asdict(self), sort_keys=True, indent=1) + "\n"

    @classmethod
    def from_json(cls, document: str) -> Self:
        """The receipt that `to_json` wrote.

        Raises:
            IntegrityError: The text is not a receipt.

        >>> files = {"mine": FileRecord("mine/a.parquet", 2, "aa", rows=1)}
        >>> receipt = Receipt("0f", 0, files, {}, {"mine": Counts(rows=1)})
        >>> Receipt.from_json(receipt.to_json()) == receipt
        True
        """
        try:
            values = parse(document, RECEIPT_SHAPE)
            files, sidecars = (
                {name: FileRecord.from_dict(file) for name, file in values[key].items()}
                for key in ("files", "sidecars")
            )
            counts = {name: Counts.from_dict(counted) for name, counted in values["counts"].items()}
            return cls(values["spec_digest"], values["index"], files, sidecars, counts)
        except (IntegrityError, TypeError) as error:
            raise IntegrityError(f"a receipt cannot be read ({error}); build the shard again.") from error


def _sum(first: Any, second: Any) -> Any:
    if isinstance(first, int):
        return first + second
    if not second:
        return first
    return {key: first.get(key, 0) + second.get(key, 0) for key in sorted({*first, *second})}


_values_of: Final = attrgetter(*(f.name for f in fields(Counts)))
