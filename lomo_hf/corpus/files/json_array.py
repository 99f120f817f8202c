"""JSON: one array of rows, or an object with such an array under "data" or "rows". Read through a window, never whole.

Rows are decoded one after the other from a window of text that grows only as far as the row at hand needs, so memory
is bounded by the longest row. A plan keeps the byte offset of every 256th row. Unlike a line, a broken row cannot be
passed over - where the next one begins is unknown - so a file that is not JSON is a `SourceError`.
"""

import codecs
import json
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from json.decoder import WHITESPACE  # type: ignore[attr-defined]
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from lomo_hf.corpus.files.reading import MAX_ROW_BYTES, Item, Observe, Stamp, opened
from lomo_hf.errors import SourceError

__all__ = ["JsonArray"]

_EVERY: Final = 256
_STEP: Final = 1 << 18
_KEYS: Final = ("data", "rows")
_DELIMITERS: Final = frozenset(" \t\n\r,]}")


@dataclass(frozen=True)
class JsonArray:
    """A planned JSON file: how many rows its array holds, and at which byte every 256th begins."""

    stamp: Stamp
    rows: int
    offsets: "array[int]"

    @classmethod
    def scan(cls, path: Path, observe: Observe, digest: "blake2b") -> "JsonArray":
        """Read the file once, showing every row to `observe` and every byte to `digest`."""
        stamp = Stamp.of(path)
        offsets, rows = array("q"), 0
        with opened(path) as stream:
            window = _Window(stream, path, 0, digest)
            window.enter()
            for offset, row in window.elements():
                if rows % _EVERY == 0:
                    offsets.append(offset)
                rows += 1
                observe(row)
            window.leave()
        return cls(stamp, rows, offsets)

    def read(self, start: int, stop: int) -> Iterator[Item]:
        """Rows `start` to `stop - 1`."""
        stop = min(stop, self.rows)
        if start >= stop:
            return
        block, skip = divmod(start, _EVERY)
        with opened(self.stamp) as stream:
            stream.seek(self.offsets[block])
            window = _Window(stream, self.stamp.path, self.offsets[block], None)
            for _, row in islice(window.elements(), skip, skip + stop - start):
                yield row


class _Window:
    """A moving piece of a file's text, and the byte offsets of the places it has passed."""

    def __init__(self, stream: BinaryIO, path: Path, offset: int, digest: "blake2b | None") -> None:
        self._stream, self._path, self._digest = stream, path, digest
        # surrogateescape keeps bytes that are not UTF-8 countable; their row is refused later, as a lone surrogate.
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._json = json.JSONDecoder()
        self._text, self._at, self._ended, self._in_object = "", 0, False, False
        self._offset, self._counted = offset, 0  # the byte offset of the character self._text[self._counted]
        if offset == 0 and self.peek() == "\ufeff":
            self._at += 1

    def enter(self) -> None:
        """Move behind the opening bracket of the array of rows."""
        if self.peek() == "[":
            self._at += 1
            return
        if self.peek() != "{":
            self._fail("begins with neither an array nor an object")
        self._in_object = True
        self._at += 1
        while self.peek() == '"':
            key = self._value()
            self._expect(":")
            if key in _KEYS and self.peek() == "[":
                self._at += 1
                return
            self._value()
            if self.peek() != ",":
                break
            self._at += 1
        self._fail('is an object without a list of rows under "data" or "rows"')

    def elements(self) -> Iterator[tuple[int, object]]:
        """(byte offset, row) from here to the closing bracket, which is passed."""
        if self.peek() != "]":
            while True:
                self.peek()
                yield self._place(), self._value()
                if self.peek() == "]":
                    break
                self._expect(",")
        self._at += 1

    def leave(self) -> None:
        """Read on to the end of the file, which must hold nothing but the rest of the object."""
        while self._in_object and self.peek() == ",":
            self._at += 1
            self._value()
            self._expect(":")
            self._value()
        if self._in_object:
            self._expect("}")
        if self.peek():
            self._fail("goes on after the end of its array")

    def peek(self) -> str:
        """The next character that is not white space, which is passed over; "" at the end of the file."""
        while True:
            self._at = WHITESPACE.match(self._text, self._at).end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._grow(_STEP):
                return ""

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            self._fail(f"lacks a {character!r}")
        self._at += 1

    def _value(self) -> object:
        self.peek()
        while True:
            problem = "a value has no end"
            try:
                value, end = self._json.raw_decode(self._text, self._at)
                # A number may go on behind the window's edge ("1." of "1.5"), so it is whole once a delimiter follows.
                if self._ended or isinstance(value, str | list | dict) or self._text[end : end + 1] in _DELIMITERS:
                    self._at = end
                    return value
            except json.JSONDecodeError as error:
                problem = error.msg
            except (RecursionError, ValueError):
                self._fail("has a value that is nested too deeply, or a number of too many digits")
            held = len(self._text) - self._at
            if held > MAX_ROW_BYTES:
                self._fail(f"has a row of more than {MAX_ROW_BYTES >> 20} MB, or is not JSON ({problem})")
            # At least doubling what is held keeps decoding again linear.
            if self._ended or not self._grow(max(_STEP, held)):
                self._fail(f"is not JSON ({problem})")

    def _grow(self, size: int) -> bool:
        """Forget the text before the current place and take in more; False at the end of the file."""
        if self._ended:
            return False
        raw = self._stream.read(size)
        if self._digest:
            self._digest.update(raw)
        self._place()
        self._text = self._text[self._at :] + self._decoder.decode(raw, not raw)
        self._at = self._counted = 0
        self._ended = not raw
        return True

    def _place(self) -> int:
        """The byte offset of the current place."""
        self._offset += len(self._text[self._counted : self._at].encode("utf-8", "surrogateescape"))
        self._counted = self._at
        return self._offset

    def _fail(self, problem: str) -> NoReturn:
        where = f"near byte {self._place():,}"
        raise SourceError(f"{self._path} {problem} ({where}). Write an array of rows, or JSON Lines, one row a line.")
