"""Whether, and how long, a call to the Hub is waited for: the same rule for readers and for publishers."""

import pickle
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import huggingface_hub.constants
import pytest
from corpus.hub.replica import REPO
from corpus.hub.served import Fault, ServedHub
from typer.testing import CliRunner

from lomo_hf.cli import app
from lomo_hf.corpus import open_hub
from lomo_hf.dataset import push
from lomo_hf.errors import PublishError, SourceError, UsageError
from lomo_hf.hub.retry import Retrier, RetryPolicy, trouble_of


def refused(status: int, **headers: str) -> Exception:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=named, request=httpx2.Request("GET", "https://hub/x"))
    return httpx2.HTTPStatusError("refused", request=response.request, response=response)


def waits_of(*errors: Exception) -> list[float]:
    """How long it is waited after each of these failures, one after the other."""
    waits: list[float] = []
    left = list(errors)

    def action() -> str:
        if left:
            raise left.pop(0)
        return "done"

    assert Retrier(sleep=waits.append, notify=lambda sentence: None).call("reading", action) == "done"
    return waits


def test_a_limit_that_is_not_used_up_asks_for_no_wait() -> None:
    assert waits_of(refused(503, RateLimit='"api";r=450;t=200')) == [1.0]
    assert waits_of(refused(429, RateLimit='"api";r=0;t=200')) == [200.0]


def test_a_date_is_as_good_as_seconds() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    (wait,) = waits_of(refused(503, Retry_After=soon))
    assert 85 <= wait <= 90
    past = format_datetime(datetime.now(UTC) - timedelta(seconds=90), usegmt=True)
    assert waits_of(refused(503, Retry_After=past), refused(503, Retry_After=past)) == [1.0, 2.0]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_waited_out(status: int) -> None:
    assert waits_of(refused(status), ConnectionError("cut"), TimeoutError("slow")) == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_will_not_pass_is_raised_at_once(status: int) -> None:
    waits: list[float] = []

    def action() -> None:
        raise refused(status)

    with pytest.raises(PublishError, match="pushing failed"):
        Retrier(sleep=waits.append).call("pushing", action)
    with pytest.raises(httpx2.HTTPStatusError):
        Retrier(failure=SourceError, sleep=waits.append).call("reading", action, explain=False)
    assert not waits


def test_offline_mode_fails_at_once_with_the_remedy(monkeypatch: pytest.MonkeyPatch, built_folder: str) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.close_session()
    waits: list[float] = []
    try:
        with pytest.raises(PublishError, match="HF_HUB_OFFLINE"):
            push(built_folder, "org/name", "v1.0.0", retrier=Retrier(sleep=waits.append))
        with pytest.raises(SourceError, match="HF_HUB_OFFLINE"):
            open_hub("org/name", retrier=Retrier(failure=SourceError, sleep=waits.append))
    finally:
        huggingface_hub.close_session()
    assert not waits


def test_each_read_has_a_time_of_its_own_and_a_push_one_for_all_calls() -> None:
    waits: list[float] = []
    policy = RetryPolicy(total_wait=150)
    reading = Retrier(policy, failure=SourceError, sleep=waits.append)
    answers = [refused(429, Retry_After="100"), None, refused(429, Retry_After="100"), None]

    def action() -> None:
        if error := answers.pop(0):
            raise error

    for _ in range(2):
        reading.fresh().call("reading", action)
    assert waits == [100.0, 100.0]
    answers += [refused(429, Retry_After="100"), None, refused(429, Retry_After="100"), None]
    pushing = Retrier(policy, sleep=waits.append)
    pushing.call("pushing", action)
    with pytest.raises(PublishError, match="must wait 100 s by the Hub's word"):
        pushing.call("pushing", action)


def test_a_worker_waits_by_the_same_policy() -> None:
    deaf = Retrier(RetryPolicy(attempts=2), failure=SourceError, notify=lambda sentence: None)
    again = pickle.loads(pickle.dumps(deaf))
    assert again.policy == RetryPolicy(attempts=2)
    with pytest.raises(SourceError, match=r"reading failed: refused.* may read this"):
        again.call("reading", lambda: (_ for _ in ()).throw(refused(403)))


def test_policies_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one attempt"):
        RetryPolicy(attempts=0)
    assert trouble_of(ValueError("mine")) is None


def test_an_answer_that_is_none_of_the_hubs_is_tried_again_and_named(hub: ServedHub, quick: Retrier) -> None:
    hub.faults.append(Fault("GET /api/", 200, times=3))
    assert len(open_hub(REPO, configs=["gsm8k"], retrier=quick))
    hub.faults.append(Fault("GET /api/", 200, times=1_000))
    with pytest.raises(SourceError, match=r"failed 7 times, at last with: the answer is not one of the Hub's API"):
        open_hub(REPO, configs=["gsm8k"], retrier=quick)


def test_waits_are_shown_while_a_corpus_is_opened(hub: ServedHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.faults.append(Fault("README", 503, times=2))
    done = CliRunner().invoke(app, ["plan", "--corpus", REPO, "--config", "gsm8k", "--limit", "2"])
    assert done.exit_code == 0, done.output
    assert "README.md" in done.stderr
    assert done.stderr.count("the Hub answered 503; trying again in") == 2
