"""When a call to the Hub is made again, after how long, and when no more.

Waits double, without chance in them, unless the Hub says how long; attempts and the time spent waiting are bounded.
What failed for good is reported in one sentence, without secrets.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

from lomo_hf.errors import LomoError, PublishError
from lomo_hf.hub.redaction import redact

__all__ = ["Retrier", "RetryPolicy", "Trouble", "patience", "trouble_of"]

T = TypeVar("T")
_PASSING: Final = frozenset({408, 409, 412, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class RetryPolicy:
    """How long to insist. Seconds; `total_wait` bounds all waits of one push together, `answer_within` the silence of
    the Hub in the middle of a call.

    >>> [RetryPolicy(first_wait=1, longest_wait=5).wait(attempt) for attempt in (1, 2, 3, 4)]
    [1.0, 2.0, 4.0, 5.0]
    """

    attempts: int = 7
    first_wait: float = 1.0
    longest_wait: float = 60.0
    total_wait: float = 4_000.0  # above an hour: that is how long the Hub's limit of commits lasts
    answer_within: float = 180.0  # the Hub itself gives up on a commit after 60

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.first_wait, self.longest_wait, self.total_wait, self.answer_within) < 0:
            raise PublishError(f"retries need at least one attempt and no negative wait; found {self}.")

    def wait(self, attempt: int) -> float:
        """Seconds after the attempt with this number, from 1."""
        return float(min(self.longest_wait, self.first_wait * 2 ** (attempt - 1)))


@dataclass(frozen=True)
class Trouble:
    """What an error means: its status, if the Hub answered at all; whether it may pass; how long the Hub says."""

    status: int | None
    passing: bool
    wait: float | None = None


class Retrier:
    """Calls, and calls again. One for each push, since the time spent waiting is counted over all calls."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        notify: Callable[[str], None] = lambda said: None,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.waited = 0.0
        self._sleep, self._notify = sleep, notify

    def call(self, doing: str, action: Callable[[], T], *, final: frozenset[int] = frozenset()) -> T:
        """The result of `action`; a passing trouble is waited out, unless its status is one of `final`.

        Raises:
            PublishError: The trouble does not pass.

        >>> Retrier().call("adding", lambda: 1 + 1)
        2
        """
        attempt = 1
        while True:
            try:
                return action()
            except LomoError:
                raise
            except Exception as error:
                trouble = trouble_of(error)
                if trouble is None:
                    raise
                if trouble.status in final:
                    raise
                self.wait(doing, error, attempt)
            attempt += 1

    def wait(self, doing: str, error: Exception, attempt: int) -> None:
        """Wait as long as this failure of this attempt asks for.

        Raises:
            PublishError: The trouble does not pass, or patience is at its end.
        """
        trouble = trouble_of(error)
        if trouble is None:
            raise error
        if not trouble.passing:
            raise PublishError(f"{doing} failed: {redact(error)}.{_remedy(trouble)}") from None
        wait = self.policy.wait(attempt) if trouble.wait is None else trouble.wait
        again = "The same command goes on from there."
        if attempt >= self.policy.attempts:
            raise PublishError(f"{doing} failed {attempt} times, at last with: {redact(error)}. {again}") from None
        if self.waited + wait > self.policy.total_wait:
            raise PublishError(
                f"{doing} must wait {wait:.0f} s by the Hub's word ({redact(error)}). {again}"
            ) from None
        self.waited += wait
        self._notify(f"{doing}: {_short(trouble)}; trying again in {wait:g} s")
        self._sleep(wait)


def trouble_of(error: BaseException) -> Trouble | None:
    """What an error of the Hub's client means, looked for through its causes; None if it is none of the Hub's."""
    import httpx2

    if isinstance(error, LomoError):
        return None  # what failed for good, whatever it came from
    seen: set[int] = set()
    one: BaseException | None = error
    nearest: Trouble | None = None
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        response = getattr(one, "response", None)
        if isinstance(response, httpx2.Response):
            status = response.status_code
            return Trouble(status, status in _PASSING, _asked_wait(response.headers))
        if isinstance(one, httpx2.TransportError | ConnectionError | TimeoutError):
            nearest = nearest or Trouble(None, True)
        one = one.__cause__ or one.__context__
    return nearest


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within, no call waits for ever: the Hub's client sets no limit of its own on the time to an answer."""
    import httpx2
    from huggingface_hub import get_session

    session = get_session()
    before = session.timeout
    session.timeout = httpx2.Timeout(seconds)
    try:
        yield
    finally:
        session.timeout = before


def _asked_wait(headers: Any) -> float | None:
    """Seconds that `RateLimit` or `Retry-After` asks for."""
    limit = dict(part.strip().partition("=")[::2] for part in headers.get("RateLimit", "").split(";") if "=" in part)
    if limit.get("r") == "0" and limit.get("t", "").isdecimal():
        return float(limit["t"])
    after = headers.get("Retry-After", "").strip()
    if after.isdecimal():
        return float(after)
    try:
        moment = parsedate_to_datetime(after)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _short(trouble: Trouble) -> str:
    return f"the Hub answered {trouble.status}" if trouble.status else "the connection broke"


def _remedy(trouble: Trouble) -> str:
    if trouble.status in (401, 403):
        return " Log in with `hf auth login`, with a token that may write to this repository."
    return ""
