"""What may be published: names that cannot lead out of a folder, and texts that hold no secret."""

import re

from lomo_hf.errors import RecipeError

__all__ = ["check_name", "check_no_secret"]

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
