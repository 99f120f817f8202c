"""When a call to the Hub is made again, after how long, and when no more: one policy for reading and for publishing.

Only what may pass by itself is tried again: some statuses, and connections that are refused, cut or too slow. Waits
double, without chance in them, unless the Hub says how long; attempts and the time spent waiting are bounded. What
failed for good is reported in one sentence, without secrets.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self, TypeVar

from lomo_hf.errors import LomoError, PublishError, UsageError
from lomo_hf.hub.redaction import redact

__all__ = ["AnswerError", "Retrier", "RetryPolicy", "Trouble", "answer_within", "api_answers", "trouble_of"]

T = TypeVar("T")
_PASSING: Final = frozenset({408, 409, 412, 425, 429, 500, 502, 503, 504})

logger = logging.getLogger("lomo_hf.hub")


@dataclass(frozen=True)
class RetryPolicy:
    """How long to insist. All times are in seconds.

    Attributes:
        attempts: How often a call is made before it counts as failed.
        first_wait: After the first attempt, where the Hub does not say how long to wait; doubled after each.
        longest_wait: The most that such a wait grows to.
        total_wait: Bounds all waits of one `Retrier` together.
        answer_within: Bounds the silence of the Hub in the middle of a call.

    Raises:
        UsageError: There is no attempt, or a time is negative.

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
            raise UsageError(f"retries need at least one attempt and no negative time; found {self}.")

    def wait(self, attempt: int) -> float:
        """Seconds after the attempt with this number, from 1."""
        return float(min(self.longest_wait, self.first_wait * 2 ** (attempt - 1)))


class AnswerError(ConnectionError):
    """Something answered in the place of the Hub's API: the page of a proxy, a login form, a document cut short.

    >>> trouble_of(AnswerError("a page in HTML")).passing
    True
    """


@dataclass(frozen=True)
class Trouble:
    """What an error means: its status, if the Hub answered at all; whether it may pass; how long the Hub says."""

    status: int | None
    passing: bool
    wait: float | None = None


class Retrier:
    """Calls, and calls again. The time spent waiting is counted over all calls of one retrier.

    Picklable, for workers that read: they wait by the same policy and say so in the log "lomo_hf.hub".

    Args:
        policy: How long to insist.
        failure: The error to raise when the trouble does not pass.
        sleep: What waits; called with seconds.
        notify: Called with a sentence before each wait; by default the log "lomo_hf.hub" hears it as a warning.

    >>> waited, answers = [], iter([TimeoutError("slow"), "done"])
    >>> def action():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> Retrier(sleep=waited.append, notify=print).call("reading a file", action), waited
    reading a file: the connection broke (slow); trying again in 1 s
    ('done', [1.0])
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        failure: type[LomoError] = PublishError,
        sleep: Callable[[float], object] = time.sleep,
        notify: Callable[[str], object] | None = None,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.waited = 0.0
        self._failure, self._sleep = failure, sleep
        self._notify = notify or logger.warning

    def __getstate__(self) -> dict[str, object]:
        return {"policy": self.policy, "_failure": self._failure}

    def __setstate__(self, state: Mapping[str, object]) -> None:
        self.__init__(**{key.removeprefix("_"): value for key, value in state.items()})  # type: ignore[misc]

    def fresh(self) -> Self:
        """The same, with nothing waited yet: for calls of which each may take its time."""
        return type(self)(self.policy, failure=self._failure, sleep=self._sleep, notify=self._notify)

    def call(self, doing: str, action: Callable[[], T], *, explain: bool = True) -> T:
        """The result of `action`; a passing trouble is waited out.

        Args:
            doing: What is done, for messages: "reading org/name".
            action: May be called several times.
            explain: Whether what will not pass becomes an error of ours; otherwise it is raised as it comes.

        Raises:
            LomoError: `failure`; the trouble does not pass.

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
                if trouble is None or not (trouble.passing or explain):
                    raise
                self.wait(doing, error, attempt)
            attempt += 1

    def wait(self, doing: str, error: Exception, attempt: int) -> None:
        """Wait as long as this failure of this attempt asks for.

        Raises:
            LomoError: `failure`; the trouble does not pass, or attempts or time are used up.
        """
        trouble = trouble_of(error)
        if trouble is None:
            raise error
        if not trouble.passing:
            raise self._failure(f"{doing} failed: {redact(error)}.{self._remedy(trouble)}") from None
        wait = trouble.wait or self.policy.wait(attempt)  # a date that is past asks for no wait in particular
        again = "Check the network; the same command goes on from there."
        if attempt >= self.policy.attempts:
            raise self._failure(f"{doing} failed {attempt} times, at last with: {redact(error)}. {again}") from None
        if self.waited + wait > self.policy.total_wait:
            raise self._failure(
                f"{doing} must wait {wait:.0f} s by the Hub's word ({redact(error)}). {again}"
            ) from None
        self.waited += wait
        self._notify(f"{doing}: {_short(trouble, error)}; trying again in {wait:g} s")
        self._sleep(wait)

    def _remedy(self, trouble: Trouble) -> str:
        if trouble.status not in (401, 403):
            return ""
        deed = "write to" if self._failure is PublishError else "read"
        return f" Log in with `hf auth login`, with a token that may {deed} this repository."


def trouble_of(error: BaseException) -> Trouble | None:
    """What an error of the Hub's client means, looked for through its causes; None if it is none of the Hub's.

    >>> trouble_of(TimeoutError("slow")), trouble_of(ValueError("no number"))
    (Trouble(status=None, passing=True, wait=None), None)
    """
    import httpx2
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, LomoError):
        return None  # what failed for good, whatever it came from
    seen: set[int] = set()
    cause: BaseException | None = error
    nearest: Trouble | None = None
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        response = getattr(cause, "response", None)
        if isinstance(response, httpx2.Response):
            status = response.status_code
            return Trouble(status, status in _PASSING, _asked_wait(response.headers))
        if isinstance(cause, OfflineModeIsEnabled):  # a ConnectionError, but by the user's own wish
            return Trouble(None, False)
        if isinstance(cause, httpx2.RequestError | ConnectionError | TimeoutError):
            nearest = nearest or Trouble(None, True)
        cause = cause.__cause__ or cause.__context__
    return nearest


@contextmanager
def answer_within(seconds: float) -> Iterator[None]:
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


@contextmanager
def api_answers() -> Iterator[None]:
    """Within, an answer that the Hub's client cannot make sense of is an `AnswerError`, which may pass.

    The client checks the status of an answer and takes its content as it comes, so a page in HTML with status 200 ends
    in whatever error reading it as JSON, or as a description of a repository, happens to raise.

    Raises:
        AnswerError: The calls within ended so.

    >>> with api_answers():
    ...     {}["sha"]
    Traceback (most recent call last):
    lomo_hf.hub.retry.AnswerError: the answer is not one of the Hub's API (KeyError: 'sha')
    """
    import httpx2
    from huggingface_hub.errors import HFValidationError

    try:
        yield
    except HFValidationError:  # a name that no repository can have, found without asking
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, httpx2.InvalidURL) as error:
        if isinstance(error, LomoError) or trouble_of(error) is not None:
            raise
        problem = f"{type(error).__name__}: {redact(error):.100}"
        raise AnswerError(f"the answer is not one of the Hub's API ({problem})") from error


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that `RateLimit` or `Retry-After` asks for.

    `RateLimit` says how many requests are left (r) and when the window ends (t): it asks for a wait where none is
    left, whatever the status.
    """
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


def _short(trouble: Trouble, error: Exception) -> str:
    if trouble.status:
        return f"the Hub answered {trouble.status}"
    return redact(error) if isinstance(error, AnswerError) else f"the connection broke ({redact(error):.100})"
