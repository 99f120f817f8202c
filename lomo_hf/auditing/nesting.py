"""Nested ratios: what a smaller ratio rewrites, every larger one rewrites, byte for byte alike."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Any, Final

from lomo_hf.auditing.report import Ledger
from lomo_hf.recipes.recipe import Recipe

__all__ = ["NESTING_CHECKS", "Fingerprints", "check_nesting", "fingerprint", "nested_pairs"]

NESTING_CHECKS: Final[Mapping[str, str]] = {
    "nested-ratios": "what a smaller ratio rewrites, a larger one rewrites to the same bytes"
}

Fingerprints = dict[str, bytes | None]
"""Row id -> digest of the row as stored; None where it stayed text."""


def nested_pairs(recipes: Mapping[str, Recipe]) -> list[tuple[str, str]]:
    """(smaller, larger) for configs that differ in their ratio alone; neighbours only, as being alike is transitive.

    >>> from lomo_hf.recipes.named import NAMED_RECIPES
    >>> nested_pairs({name: NAMED_RECIPES[name] for name in ("ratio50", "prefix50", "ratio75", "ratio25")})
    [('ratio25', 'ratio50'), ('ratio50', 'ratio75')]
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(recipes, key=lambda name: (recipes[name].ratio, name)):
        groups.setdefault(recipes[name].row_digest, []).append(name)
    return [pair for names in groups.values() for pair in pairwise(names)]


def fingerprint(row: Mapping[str, Any]) -> bytes | None:
    """A digest of all columns of a rewritten row; None for a row that stayed text."""
    if not row["rewritten"]:
        return None
    images = [image["bytes"] or b"" for image in row["images"] or ()]
    texts = {name: value for name, value in row.items() if name != "images"}
    digest = blake2b(json.dumps([texts, [len(png) for png in images]], sort_keys=True).encode(), digest_size=12)
    for png in images:
        digest.update(png)
    return digest.digest()


def check_nesting(pairs: Sequence[tuple[str, str]], fingerprints: Mapping[str, Fingerprints], ledger: Ledger) -> None:
    """Compare the configs over the same part of the source."""
    for smaller, larger in pairs:
        for id, digest in fingerprints.get(smaller, {}).items():
            if digest is None:
                continue
            other = fingerprints.get(larger, {}).get(id)
            why = "is not rewritten" if other is None else "has other bytes"
            ledger.note("nested-ratios", smaller, id, [] if digest == other else [f"the row {why} in {larger}."])
