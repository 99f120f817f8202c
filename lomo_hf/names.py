"""Which names may become a folder, a config on the Hub and a split's file name. Names cannot escape a folder."""

import re

from lomo_hf.errors import RecipeError

__all__ = ["check_name"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
# Windows refuses these as file names whatever their suffix.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))})
# `datasets` refuses "data" as a config name in push_to_hub; "assets" is the folder of the card's pictures.
_TAKEN = frozenset({"data", "assets", "default"})


def check_name(what: str, name: object) -> str:
    """`name`, if it is safe as a folder and as a config; a `RecipeError` that says why it is not.

    >>> check_name("recipe name", "ratio50")
    'ratio50'
    >>> check_name("recipe name", "../ratio50")
    Traceback (most recent call last):
    lomo_hf.errors.RecipeError: recipe name must be 1 to 64 of a-z, 0-9, '.', '_', '-', ...; found '../ratio50'. ...
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name) or ".." in name:
        raise RecipeError(
            f"{what} must be 1 to 64 of a-z, 0-9, '.', '_', '-', with a letter or digit at both ends; found {name!r}. "
            "Write something like `ratio50`."
        )
    if name in _TAKEN or name.split(".")[0] in _RESERVED:
        raise RecipeError(f"{what} {name!r} is taken by a file system or by the Hub. Choose another.")
    return name
