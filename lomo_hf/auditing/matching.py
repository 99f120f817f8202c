"""Every row of the source is either stored or refused, once and in order: stored rows are paired with their source.

Both sides are streamed. Of a shard only its ids are held, so that one row that is missing or too much does not throw
off all that follow.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from lomo_hf.auditing.ledger import Ledger
from lomo_hf.auditing.shards import Shard, read_ids, read_refused, read_rows
from lomo_hf.corpus import Conversation, Refusal, Source, screen
from lomo_hf.recipe import Recipe

__all__ = ["MATCHING_CHECKS", "matched_rows", "unmatched_rows"]

MATCHING_CHECKS: Final[Mapping[str, str]] = {
    "rows-accounted": "every row of the source is stored or refused, once and in order; no other row is",
    "refusals-true": "a row is refused exactly where its source is, for the reason given",
}

Pair = tuple[dict[str, Any], Conversation | None]


def matched_rows(folder: Path, shard: Shard, source: Source, recipe: Recipe, ledger: Ledger) -> Iterator[Pair]:
    """Each stored row of a shard with the conversation that it was made from, screened; None where there is none.

    Raises:
        IntegrityError: The shard or its sidecar cannot be read.
        SourceError: The source cannot be read.
    """
    refused = {one["id"]: one["reason"] for one in read_refused(folder, shard.sidecar)}
    waiting = Counter(read_ids(folder, shard.file))
    stored = read_rows(folder, shard.file)
    for item in source.conversations(shard.start, shard.stop):
        wanted = item if isinstance(item, Refusal) else screen(item, recipe.placeholders)
        is_stored = waiting[item.id] > 0
        whys = _accounted(is_stored, item.id in refused)
        ledger.note("rows-accounted", shard.config, item.id, whys)
        ledger.note("refusals-true", shard.config, item.id, _refusal(wanted, is_stored, refused.pop(item.id, None)))
        if is_stored:
            for row in stored:
                waiting[row["id"]] -= 1
                if row["id"] == item.id:
                    yield row, wanted if isinstance(wanted, Conversation) else None
                    break
                yield from _extra(row, shard, ledger)
    for row in stored:
        yield from _extra(row, shard, ledger)
    for id in refused:
        ledger.note("rows-accounted", shard.config, id, ["the refused row is not in this part of the source."])


def unmatched_rows(folder: Path, shard: Shard, ledger: Ledger) -> Iterator[Pair]:
    """Each stored row of a shard, without its source; what can be counted is."""
    refused = read_refused(folder, shard.sidecar)
    found = 0
    for row in read_rows(folder, shard.file):
        found += 1
        yield row, None
    recorded = (shard.counts.rows, sum(shard.counts.refused.values()))
    whys = [] if recorded == (found, len(refused)) else [f"{recorded} rows are recorded; found {found, len(refused)}."]
    ledger.note("rows-accounted", shard.config, shard.file.path, whys)


def _accounted(is_stored: bool, is_refused: bool) -> list[str]:
    if is_stored and is_refused:
        return ["the row is stored and refused as well."]
    return [] if is_stored or is_refused else ["the row is neither stored nor refused."]


def _refusal(wanted: Conversation | Refusal, is_stored: bool, reason: str | None) -> list[str]:
    if isinstance(wanted, Conversation):
        return [f"the row is refused as {reason!r}; its source can be a row."] if reason is not None else []
    if is_stored:
        return [f"the row is stored; its source is to be refused as {wanted.reason!r}."]
    if reason is not None and reason != wanted.reason:
        return [f"the row is refused as {reason!r}; the reason is {wanted.reason!r}."]
    return []


def _extra(row: dict[str, Any], shard: Shard, ledger: Ledger) -> Iterator[Pair]:
    why = "the stored row stands where the source has none of this id: out of order, twice, or not from there."
    ledger.note("rows-accounted", shard.config, str(row["id"]), [why])
    yield row, None
