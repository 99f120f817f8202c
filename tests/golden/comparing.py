"""What differs between two sets of golden records, sorted by kind, in words for people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from golden.recording import Key, Records

SHOWN = 6  # rows that are named for each kind of change
SHOWN_RECIPES = 4

# Kind of change -> the fields of a record that tell it.
DECISION_KINDS: Mapping[str, tuple[str, ...]] = {
    "refused or rewritten": ("refused", "rewritten"),
    "draw": ("draw",),
    "turn or position": ("turn", "position"),
    "span": ("spans",),
    "renderer or reason": ("renderer", "reason"),
    "distortion": ("op", "params"),
    "text of the row": ("text",),
}
# Follow from the first kind alone, where a row is rewritten in one record only.
_FOLLOW = ("turn or position", "span", "distortion", "text of the row")


@dataclass(frozen=True)
class Change:
    """One row that is no longer what it was, and in which recipes."""

    kind: str
    row_id: str
    recipes: tuple[str, ...]
    before: str
    after: str
    grey: float | None = None  # mean absolute difference of the pixels, where the old page is at hand


def decision_changes(before: Records, after: Records) -> list[Change]:
    """What was decided otherwise, one change for each row and kind."""
    return _joined(_each_decision(before, after))


def _each_decision(before: Records, after: Records) -> Iterator[tuple[str, Key, str, str]]:
    for key, old, new in _pairs(before, after):
        if old is None or new is None:
            yield "row is new" if old is None else "row is gone", key, "", ""
            continue
        turned = old.get("rewritten") != new.get("rewritten")
        for kind, names in DECISION_KINDS.items():
            decisions = [{name: record.get(name) for name in names} for record in (old, new)]
            if decisions[0] != decisions[1] and not (turned and kind in _FOLLOW):
                yield kind, key, _words(decisions[0]), _words(decisions[1])


def page_changes(before: Records, after: Records, grey: Mapping[Key, float] | None = None) -> list[Change]:
    """Pages with another size, or other pixels at the same size; `grey` says by how much, where it is known."""
    changed = []
    for key, old, new in _pairs(before, after):
        if old is not None and new is not None and old != new:
            sizes = [[page.partition(":")[0] for page in record["pages"]] for record in (old, new)]
            kind = "pixels" if sizes[0] == sizes[1] else "size of a page"
            changed.append((kind, key, " ".join(sizes[0]), " ".join(sizes[1])))
    return _joined(changed, grey or {})


def _pairs(before: Records, after: Records) -> Iterator[tuple[Key, dict[str, Any] | None, dict[str, Any] | None]]:
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key), after.get(key)
        if old != new:
            yield key, old, new


def _joined(differences: Iterable[tuple[str, Key, str, str]], grey: Mapping[Key, float] | None = None) -> list[Change]:
    recipes: dict[tuple[str, str, str, str], list[str]] = {}
    for kind, (row_id, recipe), old, new in differences:
        recipes.setdefault((kind, row_id, old, new), []).append(recipe)
    changes = []
    for (kind, row_id, old, new), names in recipes.items():
        sizes = [grey[row_id, name] for name in names if grey and (row_id, name) in grey]
        changes.append(Change(kind, row_id, tuple(names), old, new, max(sizes, default=None)))
    return changes


def summary(changes: Iterable[Change]) -> list[str]:
    """A paragraph for each kind of change: how many rows, and the first of them with what they were and are."""
    kinds: dict[str, list[Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    lines = []
    for kind, those in kinds.items():
        greys = [change.grey for change in those if change.grey is not None]
        known = f"; grey differs by {min(greys):.3f} to {max(greys):.3f} on average" if greys else ""
        lines.append(f"{kind}: {len({change.row_id for change in those})} rows{known}")
        for change in those[:SHOWN]:
            same = change.before == change.after
            values = change.after if same else f"{change.before} -> {change.after}"
            by = f" (grey {change.grey:.3f})" if change.grey is not None else ""
            lines.append(f"    {change.row_id} [{_names(change.recipes)}] {values}{by}".rstrip())
        if len(those) > SHOWN:
            lines.append(f"    and {len(those) - SHOWN} more")
    return lines


def _names(recipes: Sequence[str]) -> str:
    more = f" and {len(recipes) - SHOWN_RECIPES} more" if len(recipes) > SHOWN_RECIPES else ""
    return ", ".join(recipes[:SHOWN_RECIPES]) + more


def _words(decision: Mapping[str, Any]) -> str:
    return ", ".join(str(value) for value in decision.values() if value is not None) or "nothing"
