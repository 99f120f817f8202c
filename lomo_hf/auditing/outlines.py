"""Rows without their pages, read before the audit proper, and what kind each is: what samples are spread over."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from lomo_hf.auditing.case import Case
from lomo_hf.auditing.sampling import Key
from lomo_hf.auditing.scripts import script_of
from lomo_hf.auditing.shards import Shard, read_rows
from lomo_hf.auditing.study import group_of
from lomo_hf.errors import IntegrityError
from lomo_hf.recipe import Recipe

__all__ = ["outlines", "page_kind", "reading_kind"]

_COLUMNS: Final = ("id", "messages", "rewritten", "lomo")


def outlines(
    folder: Path, recipes: Mapping[str, Recipe], shards: Mapping[str, Sequence[Shard]]
) -> Iterator[tuple[Key, Case]]:
    """All rewritten rows of these configs, without their pages; shards that cannot be read are passed over."""
    for config, recipe in recipes.items():
        for shard in shards[config]:
            try:
                for row in read_rows(folder, shard.file, _COLUMNS):
                    if row["rewritten"]:
                        yield (config, str(row["id"])), Case(row, recipe)
            except IntegrityError:
                continue  # the check of the shard tells


def page_kind(key: Key, case: Case) -> tuple[str, ...]:
    """Config, route, operation and script; a row that cannot be read is of a kind of its own."""
    try:
        script = script_of("".join(case.span_words))
        return (key[0], str(case.lomo["renderer"]), str(case.lomo["distortion"]["op"]), script)
    except (KeyError, TypeError, IndexError):
        return (key[0],)


def reading_kind(key: Key, case: Case) -> tuple[str, ...] | None:
    """Group and script, of prose the operation too; None where a reader has nothing to read."""
    try:
        group = group_of(case)
        # Figures by operation are of prose, so other groups need not be spread over operations.
        return (*group, str(case.lomo["distortion"]["op"])) if group and group[0] == "prose" else group
    except (KeyError, TypeError, IndexError):
        return None
