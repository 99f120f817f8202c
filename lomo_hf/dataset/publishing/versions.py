"""Versions of a dataset: tags `vX.Y.Z`. A tag is never moved, and a new one is higher than all before it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from lomo_hf.errors import UsageError

__all__ = ["Version", "latest", "next_free"]

_TAG = re.compile(r"v(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class Version:
    """A release's number.

    >>> Version.parse("v1.10.0") > Version.parse("v1.9.3")
    True
    >>> Version.parse("1.0")
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: tag must be vX.Y.Z with whole numbers; found '1.0'. Write something like v1.0.0.
    """

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, tag: str) -> Self:
        """The version that a tag names.

        Raises:
            UsageError: The tag is not `vX.Y.Z`.
        """
        match = _TAG.fullmatch(tag)
        if not match:
            raise UsageError(f"tag must be vX.Y.Z with whole numbers; found {tag!r}. Write something like v1.0.0.")
        return cls(*map(int, match.groups()))

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


def latest(tags: Iterable[str], below: Version | None = None) -> Version | None:
    """The highest release among tags, or the highest one below a version; other tags are passed over.

    >>> str(latest(["v1.0.0", "v1.2.0", "v1.10.0", "draft"], below=Version(1, 10, 0)))
    'v1.2.0'
    """
    versions = [Version.parse(tag) for tag in tags if _TAG.fullmatch(tag)]
    return max((version for version in versions if below is None or version < below), default=None)


def next_free(tags: Iterable[str]) -> Version:
    """The next version that no tag has: a patch above the highest.

    >>> str(next_free(["v1.0.0", "v1.1.0"])), str(next_free([]))
    ('v1.1.1', 'v1.0.0')
    """
    highest = latest(tags)
    return Version(highest.major, highest.minor, highest.patch + 1) if highest else Version(1, 0, 0)
