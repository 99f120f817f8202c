"""What a JSON document says that others may have written, checked key by key when it is read, before anyone uses it.

A check is a function of a value and of its place in the document; small ones are put together into larger ones. What
a document says besides stays, so that a later version may say more. Weighed: pydantic and jsonschema would each be a
dependency, compiled or with five of its own, for eight small documents.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from lomo_hf.errors import IntegrityError

__all__ = [
    "Check", "anything", "flag", "listed", "mapped", "maybe", "number", "one_of", "parse", "record", "text", "whole",
]  # fmt: skip

Check = Callable[[Any, str], None]
"""Raises `ValueError`, with the place, if a value is not what stands there."""

_DEEPEST = 24  # a recipe in a manifest is seven deep
_LARGEST = 2**63


def parse(document: str | bytes, check: Check) -> Any:
    """The values of a JSON document.

    Raises:
        IntegrityError: It is no JSON, or says what cannot stand there.

    >>> parse('{"rows": 5}', record({"rows": whole}))
    {'rows': 5}
    >>> parse('{"rows": "5"}', record({"rows": whole}))
    Traceback (most recent call last):
    lomo_hf.errors.IntegrityError: rows must be a whole number of 0 or more; found '5'
    """
    try:
        value = json.loads(document)
        check(value, "")
    except RecursionError:
        raise IntegrityError("it is nested too deep") from None
    except ValueError as error:
        raise IntegrityError(str(error)) from error
    return value


def text(value: Any, at: str) -> None:
    """Characters, of which each can be written as UTF-8."""
    if not isinstance(value, str):
        raise _wrong(at, "text", value)
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _wrong(at, "text in UTF-8", value) from None


def whole(value: Any, at: str) -> None:
    """A whole number of 0 or more."""
    if type(value) is not int or not 0 <= value < _LARGEST:
        raise _wrong(at, "a whole number of 0 or more", value)


def number(value: Any, at: str) -> None:
    """A number, whole or not, that is finite."""
    if type(value) not in (int, float) or not -_LARGEST < value < _LARGEST:
        raise _wrong(at, "a number", value)


def flag(value: Any, at: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong(at, "true or false", value)


def anything(value: Any, at: str) -> None:
    """Whatever JSON can say, if it is not nested without end and can be written again."""
    waiting = [(value, 0)]
    while waiting:
        item, depth = waiting.pop()
        if depth > _DEEPEST:
            raise ValueError(f"{at} is nested too deep")
        if isinstance(item, dict):
            for key, inner in item.items():
                text(key, at)
                waiting.append((inner, depth + 1))
        elif isinstance(item, list):
            waiting.extend((inner, depth + 1) for inner in item)
        elif isinstance(item, str):
            text(item, at)
        elif isinstance(item, float) and not math.isfinite(item):
            raise _wrong(at, "a finite number", item)


def one_of(*values: str | int) -> Check:
    """One of these, of the same type."""

    def check(value: Any, at: str) -> None:
        if not any(type(value) is type(allowed) and value == allowed for allowed in values):
            raise _wrong(at, " or ".join(map(repr, values)), value)

    return check


def maybe(inner: Check) -> Check:
    """As the other check, or nothing."""

    def check(value: Any, at: str) -> None:
        if value is not None:
            inner(value, at)

    return check


def listed(inner: Check) -> Check:
    """A list, of which each passes the other check."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, list):
            raise _wrong(at, "a list", value)
        for place, item in enumerate(value):
            inner(item, f"{at}[{place}]")

    return check


def mapped(inner: Check, key: Check = text) -> Check:
    """Names and values, of which each passes its check."""

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(at, "names and values", value)
        for name, item in value.items():
            key(name, f"a name in {at or 'it'}")
            inner(item, _below(at, name))

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these keys. What it holds besides is anything."""
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(at, "names and values", value)
        for name in required:
            if name not in value:
                raise ValueError(f"{_below(at, name)} is missing")
        for name, item in value.items():
            text(name, f"a name in {at or 'it'}")
            known.get(name, anything)(item, _below(at, name))

    return check


def _below(at: str, name: str) -> str:
    shown = name if len(name) <= 60 else f"{name[:60]}..."
    return f"{at}.{shown}" if at else shown


def _wrong(at: str, wanted: str, value: Any) -> ValueError:
    shown = repr(value)[:60] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"
    return ValueError(f"{at or 'it'} must be {wanted}; found {shown}")
