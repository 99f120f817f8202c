"""What is made once and kept for the next page, within a bound of bytes; what was used last stays."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Kept"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """A dictionary in two halves: where the younger is full it becomes the older, and the older is let go.

    What is kept must depend on its key alone, so that it changes no page whether it was kept or is made again. Threads
    may share one: at worst two make the same value.

    Attributes:
        bound: Bytes, of which `size_of` says how many a key and its value take.
        young: The younger half, to be read only.

    >>> kept = Kept[str, str](8, lambda key, value: len(value))
    >>> for word in ("one", "two", "four"):
    ...     kept.keep(word, word.upper())
    >>> kept.get("one"), kept.get("two"), kept.get("four")
    (None, 'TWO', 'FOUR')
    """

    def __init__(self, bound: int, size_of: Callable[[Key, Value], int]) -> None:
        self.bound = bound
        self.young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self._size_of = size_of
        self._bytes = 0
        self._lock = Lock()

    def get(self, key: Key) -> Value | None:
        """The value of a key; one of the older half becomes young again."""
        value = self.young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.keep(key, value)
        return value

    def keep(self, key: Key, value: Value) -> None:
        """Keep a value."""
        self._make_room(self._size_of(key, value))
        self.young[key] = value

    def grow(self, size: int) -> None:
        """Take note that values which are kept have become larger by so many bytes."""
        self._make_room(size)

    def _make_room(self, size: int) -> None:
        with self._lock:
            if self._bytes + size > self.bound // 2:
                self._old, self.young, self._bytes = self.young, {}, 0
            self._bytes += size
