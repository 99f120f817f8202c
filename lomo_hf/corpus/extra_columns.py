"""Which columns a corpus's rows have beyond those that every row has: preferences, labels, tools, and what is kept.

Judged once, when a source is planned: by the schema of Parquet, by the values of JSON. So every shard of a build has
the same columns, whatever rows are in it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lomo_hf.corpus.preferences import holds_pair, read_label
from lomo_hf.errors import UsageError
from lomo_hf.row_columns import EXTRA_COLUMNS, ROW_COLUMNS

__all__ = ["check_kept", "columns_to_keep", "extra_in_order", "extra_of_row", "extra_of_schema"]

_PAIR: Final = frozenset(("prompt", "chosen", "rejected"))
_LABEL: Final = frozenset(("prompt", "completion", "label"))
_TOOLS: Final = frozenset(("tools",))
_NONE: Final = frozenset[str]()
_FROM_FEEDBACK: Final = _PAIR | _LABEL


def extra_of_row(row: Mapping[str, object]) -> frozenset[str]:
    """The extra columns that one row asks for.

    >>> sorted(extra_of_row({"prompt": "2+2?", "chosen": "4", "rejected": "5"}))
    ['chosen', 'prompt', 'rejected']
    """
    tools = _TOOLS if row.get("tools") else _NONE
    if holds_pair(row):
        return _PAIR | tools
    return (_LABEL if read_label(row) is not None else _NONE) | tools


def extra_of_schema(columns: Mapping[str, str]) -> frozenset[str]:
    """The extra columns that a schema asks for: name of a column -> its Arrow type as text.

    >>> sorted(extra_of_schema({"messages": "list<...>", "label": "bool"}))
    ['completion', 'label', 'prompt']
    """
    there = {name for name, kind in columns.items() if kind != "null"}
    tools = _TOOLS if "tools" in there else _NONE
    if {"chosen", "rejected"} <= there or there & {"rejected_response", "rejected_messages"}:
        return _PAIR | tools
    return (_LABEL if columns.get("label") == "bool" else _NONE) | tools


def extra_in_order(extra: Iterable[str], keep: Sequence[str] = ()) -> tuple[str, ...]:
    """Names of extra columns in the order in which they are stored."""
    present = set(extra)
    return (
        *(name for name in EXTRA_COLUMNS if name in present),
        *(name for name in keep if name not in EXTRA_COLUMNS),
    )


def columns_to_keep(extra: Iterable[str]) -> tuple[str, ...]:
    """Those of the extra columns that are copied from the source as text."""
    return tuple(name for name in extra if name not in _FROM_FEEDBACK)


def check_kept(names: Iterable[str]) -> tuple[str, ...]:
    """Names of columns that can be kept beside a row.

    Raises:
        UsageError: A name is empty, is given twice, or is a column that rows have anyway.

    >>> check_kept(["difficulty"])
    ('difficulty',)
    """
    kept = tuple(names)
    for name in kept:
        if not isinstance(name, str) or not name or kept.count(name) > 1:
            raise UsageError(f"columns to keep must be distinct names; found {name!r}.")
        if name in ROW_COLUMNS or name in EXTRA_COLUMNS:
            raise UsageError(
                f"column {name!r} cannot be kept: every row, or every row with a preference, has its own."
            )
    return kept
