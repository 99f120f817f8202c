"""What may be published: names that cannot lead out of a folder, and texts that hold no secret; and typos in names."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from lomo_hf.errors import RecipeError

__all__ = ["check_name", "check_no_secret", "nearest"]

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
# Windows refuses these as file names whatever their suffix.
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))})
# `datasets` refuses "data" as a config name in push_to_hub; "assets" is the folder of the card's pictures.
_TAKEN = frozenset({"data", "assets", "default"})
# Tokens of the Hub, GitHub, OpenAI and AWS, and a password in an address.
_SECRET = re.compile(
    r"\bhf_[A-Za-z0-9]{20,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bAKIA[0-9A-Z]{16}\b"
    r"|://[^/\s:@]{1,200}:[^/\s@]{1,200}@"
)


def check_no_secret(what: str, text: str) -> str:
    """`text`, if nothing in it looks like a token or a password; else a `RecipeError` that does not repeat it.

    For what is published word for word, such as a recipe's description. Prompts are not looked at: they are the data.

    >>> check_no_secret("description", "see https://huggingface.co/docs")
    'see https://huggingface.co/docs'
    >>> check_no_secret("description", "from https://me:hunter2@example.org/rows")
    Traceback (most recent call last):
    lomo_hf.errors.RecipeError: description must hold no secret, ... Take it out, and revoke it.
    """
    if _SECRET.search(text):
        raise RecipeError(
            f"{what} must hold no secret, since it is published; found what looks like a token or a password. "
            "Take it out, and revoke it."
        )
    return text


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


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that is not known: the one that was probably meant, or a plain remedy.

    Args:
        name: What was typed.
        known: Every name that there is.

    Returns:
        A sentence that begins with a space.

    >>> nearest("ratio5O", ["ratio75", "ratio50"]), nearest("poetry", ["ratio25"])
    (" Did you mean 'ratio50'?", ' Name one of these.')
    """
    meant = get_close_matches(name[:100], [candidate[:100] for candidate in known], n=5, cutoff=0.7)
    if not meant:
        return " Name one of these."

    def likeness(candidate: str) -> tuple[float, int]:
        in_place = sum(letter == other for letter, other in zip(name, candidate, strict=False))
        return SequenceMatcher(None, name[:100], candidate).ratio(), in_place

    alike = max(meant, key=likeness)
    return f" Did you mean {alike!r}?"
