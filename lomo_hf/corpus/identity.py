"""Names of rows: from whatever a source calls a row to one safe line of text, unique within the source.

A row's id decides its random draws and is printed in logs and file listings. So it must be stable under sharding, must
not hold a line break or a terminal escape, and no two rows may share it. Nothing here looks at the turns of a row.
"""

import math
import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["MAX_ID_CHARS", "Uniqueness", "id_hash", "row_id", "safe_line"]

MAX_ID_CHARS: Final = 160
"""Longest id taken over as it is; a longer one keeps its head and ends in a digest of the whole."""

_LOOKS_SUFFIXED: Final = re.compile(r"~[0-9]+\Z")
# Controls, separators of lines, format characters (Unicode 16), surrogates. Written out, because the classes of
# unicodedata change with the version of Python, and with them the ids would.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)


def row_id(row: object, index: int) -> str:
    """The id that a row gives itself, made safe; the zero-padded row index where it gives none.

    >>> row_id({"id": 12345}, 0), row_id({"id": "  "}, 7), row_id({"id": "a\\nb"}, 0)
    ('12345', '00000007', 'a\\\\x0ab')
    """
    value = row.get("id") if isinstance(row, Mapping) else None
    text = _id_text(value)
    if not text or text.isspace():
        return f"{index:08d}"
    return safe_line(text, MAX_ID_CHARS)


def _id_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ""
    # Python refuses to print an int of more than 4,300 digits; hexadecimal has no such limit.
    if isinstance(value, int):
        return str(value) if value.bit_length() < 4096 else hex(value)
    if isinstance(value, float) and math.isfinite(value):
        return repr(value)
    return ""


def safe_line(text: str, limit: int) -> str:
    """One printable line of at most `limit` characters: controls are escaped, what is too long ends in a digest.

    >>> safe_line("tab\\there", 80)
    'tab\\\\x09here'
    >>> len(safe_line("x" * 1000, 80))
    80
    """
    head = text[:limit]
    safe = _UNSAFE.sub(_escaped, head)
    if len(text) <= limit and len(safe) <= limit:
        return safe
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{safe[: limit - 17]}#{digest}"


def _escaped(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def id_hash(identifier: str) -> int:
    """64 bits of BLAKE2b: what planning keeps of an id, so that its memory is 8 bytes a row."""
    return int.from_bytes(blake2b(identifier.encode("utf-8"), digest_size=8).digest(), "little")


class Uniqueness:
    """Makes ids unique: an id that occurs more than once gets "~<row index>" in every one of its occurrences.

    So does an id that already ends like that, which makes a clash of a suffixed id with another one impossible. The
    outcome depends on the whole source and on the row's index, never on shards. Holds the 64-bit hashes of the
    repeated ids, nothing else; two ids that share a hash by chance are both suffixed, which is harmless.

    >>> unique = Uniqueness(np.array([id_hash(i) for i in ("a", "b", "a")], dtype=np.uint64))
    >>> unique.resolve("a", 2), unique.resolve("b", 1), unique.resolve("b~1", 5)
    ('a~2', 'b', 'b~1~5')
    """

    def __init__(self, hashes: npt.NDArray[np.uint64]) -> None:
        ordered = np.sort(hashes)
        self._repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])

    def resolve(self, identifier: str, index: int) -> str:
        """The final id of the row at `index` that calls itself `identifier`."""
        if _LOOKS_SUFFIXED.search(identifier) or self._repeats(identifier):
            return f"{identifier}~{index}"
        return identifier

    def repeats(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Which of these hashes belong to an id that occurs more than once."""
        if not len(self._repeated):
            return np.zeros(len(hashes), bool)
        at = np.minimum(np.searchsorted(self._repeated, hashes), len(self._repeated) - 1)
        return np.asarray(self._repeated[at] == hashes, dtype=bool)

    def _repeats(self, identifier: str) -> bool:
        if not len(self._repeated):
            return False
        value = np.uint64(id_hash(identifier))
        position = int(np.searchsorted(self._repeated, value))
        return position < len(self._repeated) and bool(self._repeated[position] == value)
