"""Waiting for a server that is busy: a bounded number of tries, longer pauses each time, and a plain word at the end.

Only what may pass by itself is tried again: 408, 429, 5xx, a connection that is refused, cut or too slow. A server
that says how long to wait (Retry-After, RateLimit) is believed. What will not pass (no such file) is raised at once.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from lomo_hf.errors import SourceError

__all__ = ["Patience", "ShortAnswer"]

_PASSING: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
# The Hub counts requests in windows of five minutes.
_LONGEST_ASKED: Final = 330.0
_RESET: Final = re.compile(r"\bt=(\d{1,6})")
_T = TypeVar("_T")


class ShortAnswer(Exception):
    """Fewer bytes came than were asked for."""


@dataclass(frozen=True)
class Patience:
    """How often to try, and how long to wait in seconds; `sleep` is what waits. Picklable.

    >>> waited, answers = [], iter([TimeoutError("slow"), "done"])
    >>> def act():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> Patience(sleep=waited.append).call(act, "a file"), waited
    ('done', [1.0])
    """

    tries: int = 7
    first: float = 1.0
    longest: float = 60.0
    sleep: Callable[[float], object] = time.sleep

    def call(self, act: Callable[[], _T], what: str) -> _T:
        """The result of `act`, which may be called several times.

        Raises:
            SourceError: It still fails after the last try.
        """
        for trial in range(1, self.tries + 1):
            try:
                return act()
            except Exception as error:
                wait = _wait_of(error)
                if wait is None:
                    raise
                if trial == self.tries:
                    raise SourceError(
                        f"{what} could not be fetched in {self.tries} tries ({_said(error)}). Check the network, then "
                        "give the same command again: what is built stays."
                    ) from error
                own = min(self.first * 2 ** (trial - 1), self.longest)
                self.sleep(max(own, min(wait, _LONGEST_ASKED)))
        raise SourceError(f"tries must be 1 or more; found {self.tries}.")


def _wait_of(error: Exception) -> float | None:
    """Seconds that the server asks for, 0 if it names none, None if trying again is of no use."""
    from httpx2 import TransportError
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return None
    if isinstance(error, HfHubHTTPError):
        response: Any = error.response
        if response.status_code not in _PASSING:
            return None
        after = response.headers.get("Retry-After", "")
        limit = _RESET.search(response.headers.get("RateLimit", ""))
        return float(after) if after.isdecimal() else float(limit[1]) if limit else 0.0
    return 0.0 if isinstance(error, TransportError | ShortAnswer | ConnectionError | TimeoutError) else None


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__
