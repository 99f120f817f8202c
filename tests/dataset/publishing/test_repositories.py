"""Repositories that were renamed, are private or gated, or may not be written to, as whoever calls meets them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO, TOKEN
from dataset.publishing.test_faults import WAYS, MakeRetrier
from hub.server import LoopbackHub

from lomo_hf.dataset import PushOptions, PushReport, push, verify_release
from lomo_hf.errors import PublishError

Push = Callable[..., PushReport]
NEW = "org/lomo-renamed"
STRANGER = "hf_someoneSOMEONEsomeone"
BOTH = pytest.mark.parametrize("options", list(WAYS.values()), ids=list(WAYS))


@pytest.fixture
def release(hub: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier) -> Push:
    """Push a folder by its name."""

    def run(name: str, tag: str, options: PushOptions | None = None, **more: object) -> PushReport:
        return push(folders[name], REPO, tag, options, retrier=retrier(), **more)  # type: ignore[arg-type]

    return run


@BOTH
def test_a_renamed_repository_is_published_to_under_its_new_name(
    hub: LoopbackHub, release: Push, options: PushOptions
) -> None:
    release("first", "v1.0.0")
    hub.store.rename("dataset", REPO, NEW)
    messages: list[str] = []
    report = release("next", "v1.1.0", options, notify=messages.append)
    assert (report.repo, report.tagged) == (NEW, True)
    assert f"{REPO} is {NEW} by now, and goes by that name" in messages
    assert NEW in hub.read(NEW, "README.md").decode()
    assert set(hub.repo(NEW).tags) == {"v1.0.0", "v1.1.0"}
    assert not hub.exists(REPO)
    # Nothing was sent to a name that leads elsewhere: a client that follows would send all of it again.
    assert {call[0] for call in hub.log if f"/{REPO}" in call[1] and call[2] == 307} <= {"GET"}


@BOTH
def test_a_repository_that_is_renamed_at_any_call_is_told_and_the_same_command_finishes(
    hub: LoopbackHub, release: Push, options: PushOptions
) -> None:
    release("first", "v1.0.0")
    hub.log.clear()
    release("next", "v1.1.0", options)
    writes = [number for number, (method, _, _) in enumerate(hub.log) if method == "POST"]
    for number in writes:
        hub.reset()
        release("first", "v1.0.0")
        hub.meanwhile(".*", "", lambda: hub.store.rename("dataset", REPO, NEW), skip=number)
        try:
            assert release("next", "v1.1.0", options).tagged
        except PublishError as error:
            message = str(error)
            assert "Push again." in message or "the same command" in message, message
        assert release("next", "v1.1.0", options).tagged
        assert hub.tree(NEW) == hub.tree(NEW, "v1.1.0")
        assert not hub.open_pulls(NEW)


def test_a_release_from_before_the_renaming_is_still_the_same(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    hub.store.rename("dataset", REPO, NEW)
    before = hub.repo(NEW).head.id
    assert release("first", "v1.0.0").tagged
    assert hub.repo(NEW).head.id == before
    with pytest.raises(PublishError, match="is another release"):
        release("next", "v1.0.0")


def test_a_release_is_verified_under_the_name_that_a_repository_had(
    hub: LoopbackHub, release: Push, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    commit = release("first", "v1.0.0").commit
    hub.store.rename("dataset", REPO, NEW)
    verified = verify_release(REPO, "v1.0.0", folders["first"], download=True)
    assert verified.commit == commit
    assert set(verified.configs.values()) == {6}


@BOTH
def test_a_private_repository_is_published_to_and_read_back_by_its_members(
    hub: LoopbackHub, release: Push, options: PushOptions
) -> None:
    release("first", "v1.0.0", PushOptions(private=True))
    hub.repo(REPO).members = {TOKEN}
    report = release("next", "v1.1.0", options)
    assert report.tagged
    assert report.read_back
    assert report.read_back.bytes_read > 0


@BOTH
def test_a_gated_repository_is_published_to_and_read_back_by_its_members(
    hub: LoopbackHub, release: Push, options: PushOptions
) -> None:
    release("first", "v1.0.0")
    hub.repo(REPO).gated, hub.repo(REPO).members = True, {TOKEN}
    assert release("next", "v1.1.0", options).tagged


@pytest.mark.parametrize("token", [STRANGER, None])
@pytest.mark.parametrize(
    ("private", "says"),
    [
        (True, r"has no v1\.0\.0, or you may not read it\. Check the name, or log in with `hf auth login`"),
        (False, r"reading \S+ of tester/lomo-test failed: .*Access to dataset .* is restricted.*Log in with `hf auth"),
    ],
)
def test_who_may_not_read_is_told_how_and_waits_for_nothing(
    hub: LoopbackHub,
    release: Push,
    monkeypatch: pytest.MonkeyPatch,
    private: bool,
    says: str,
    token: str | None,
) -> None:
    release("first", "v1.0.0")
    repo = hub.repo(REPO)
    repo.private, repo.gated, repo.members = private, not private, {TOKEN}
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    else:
        monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match=says):
        verify_release(REPO, "v1.0.0")


@pytest.mark.parametrize("private", [True, False])
@BOTH
def test_who_may_not_write_is_told_before_anything_is_sent(
    hub: LoopbackHub, release: Push, monkeypatch: pytest.MonkeyPatch, private: bool, options: PushOptions
) -> None:
    release("first", "v1.0.0")
    hub.repo(REPO).private, hub.repo(REPO).members = private, {TOKEN}
    before, hub.uploaded_bytes = hub.tree(REPO), 0
    monkeypatch.setenv("HF_TOKEN", STRANGER)
    with pytest.raises(PublishError, match="with a token that may write to"):
        release("next", "v1.1.0", options)
    assert hub.tree(REPO) == before
    assert hub.uploaded_bytes == 0


def test_a_token_that_only_reads_is_told_what_is_missing(
    hub: LoopbackHub, release: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    release("first", "v1.0.0")
    hub.repo(REPO).members = {TOKEN}
    monkeypatch.setenv("HF_TOKEN", STRANGER)
    with pytest.raises(PublishError, match="with a token that may write to this repository"):
        release("next", "v1.1.0")
