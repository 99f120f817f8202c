"""Every row of the source is either stored or refused, once: stored rows are paired with their source.

Rows of a shard are stored in an order of their own (`lomo_hf.building.ordering`), so the texts of a shard's part of
the source are held while its rows pass: at most ten thousand conversations, no page.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from lomo_hf.auditing.case import Places
from lomo_hf.auditing.report import Ledger
from lomo_hf.auditing.shards import Shard, read_ids, read_refused, read_rows
from lomo_hf.building.ordering import LEADING_ROWS
from lomo_hf.corpus import Conversation, Refusal, Source, screen
from lomo_hf.randomness import uniform
from lomo_hf.recipes.recipe import Recipe

__all__ = ["MATCHING_CHECKS", "matched_rows", "unmatched_rows"]

MATCHING_CHECKS: Final[Mapping[str, str]] = {
    "rows-accounted": "every row of the source is stored or refused, once; stored ones in order of their hash",
    "refusals-true": "a row is refused exactly where its source is, for the reason given",
}

Matched = tuple[dict[str, Any], Conversation | None, Places | None]
"""A stored row, the conversation that it was made from, and the ends of where in the corpus it can stand."""


def matched_rows(folder: Path, shard: Shard, source: Source, recipe: Recipe, ledger: Ledger) -> Iterator[Matched]:
    """Each stored row of a shard with the conversation that it was made from, screened; None where there is none.

    Raises:
        IntegrityError: The shard or its sidecar cannot be read.
        SourceError: The source cannot be read.
    """
    refused = {refusal["id"]: refusal["reason"] for refusal in read_refused(folder, shard.sidecar)}
    ids = dict.fromkeys(read_ids(folder, shard.file))
    source_rows = {
        item.id: item if isinstance(item, Refusal) else screen(item, recipe.placeholders)
        for item in source.conversations(shard.start, shard.stop)
    }
    misplaced = _misplaced([id for id in ids if id in source_rows])
    for id, wanted in source_rows.items():
        problems = _accounted(id in ids, id in refused, id in misplaced)
        ledger.note("rows-accounted", shard.config, id, problems)
        ledger.note("refusals-true", shard.config, id, _refusal(wanted, id in ids, refused.pop(id, None)))
    waiting = {
        id: wanted if isinstance(wanted, Conversation) else None for id, wanted in source_rows.items() if id in ids
    }
    places = {id: shard.place(number) for number, id in enumerate(source_rows) if id in ids}
    del source_rows
    for row in read_rows(folder, shard.file):
        if row["id"] in waiting:
            yield row, waiting.pop(row["id"]), places[row["id"]]
        else:
            yield from _extra(row, shard, ledger)
    for id in refused:
        ledger.note("rows-accounted", shard.config, id, ["the refused row is not in this part of the source."])


def unmatched_rows(folder: Path, shard: Shard, ledger: Ledger) -> Iterator[Matched]:
    """Each stored row of a shard, without its source; what can be counted is."""
    refused = read_refused(folder, shard.sidecar)
    stored = 0
    for row in read_rows(folder, shard.file):
        stored += 1
        yield row, None, shard.places
    recorded = (shard.counts.rows, sum(shard.counts.refused.values()))
    problems = (
        [] if recorded == (stored, len(refused)) else [f"{recorded} rows are recorded; found {stored, len(refused)}."]
    )
    ledger.note("rows-accounted", shard.config, shard.file.path, problems)


def _misplaced(ids: Sequence[str]) -> set[str]:
    """Ids that stand after one of a higher hash. Once this may be, where the leading rows end."""
    keys = [uniform(0, id, "order") for id in ids]
    falls = [index for index in range(1, len(keys)) if keys[index] < keys[index - 1]]
    allowed = max((index for index in falls if index <= LEADING_ROWS), default=0)
    return {ids[index] for index in falls if index != allowed}


def _accounted(is_stored: bool, is_refused: bool, is_misplaced: bool) -> list[str]:
    if is_stored and is_refused:
        return ["the row is stored and refused as well."]
    if is_misplaced:
        return ["the row stands after one of a higher hash."]
    return [] if is_stored or is_refused else ["the row is neither stored nor refused."]


def _refusal(wanted: Conversation | Refusal, is_stored: bool, reason: str | None) -> list[str]:
    if isinstance(wanted, Conversation):
        return [f"the row is refused as {reason!r}; its source can be a row."] if reason is not None else []
    if is_stored:
        return [f"the row is stored; its source is to be refused as {wanted.reason!r}."]
    if reason is not None and reason != wanted.reason:
        return [f"the row is refused as {reason!r}; the reason is {wanted.reason!r}."]
    return []


def _extra(row: dict[str, object], shard: Shard, ledger: Ledger) -> Iterator[Matched]:
    why = "the stored row stands there twice, or its id is not in this part of the source."
    ledger.note("rows-accounted", shard.config, str(row["id"]), [why])
    yield row, None, shard.places
