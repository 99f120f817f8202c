"""A Hub that fails at any call leaves nothing half published, and a second run completes.

"Any" is meant: the calls of a clean push are counted, and each is made to fail in turn. Main must at every moment hold
the old tree or the new one, and a tag, once set, the new one.
"""

import contextlib
import copy
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO
from hub.faults import Harm
from hub.server import LoopbackHub

from lomo_hf.dataset import PushOptions, Retrier, push
from lomo_hf.dataset.publishing import pull_requests
from lomo_hf.dataset.publishing import push as pushing
from lomo_hf.dataset.publishing.read_back import ReadBack
from lomo_hf.errors import IntegrityError, PublishError

MakeRetrier = Callable[[], Retrier]
NOTHING = ReadBack("", 0, 0, {})
# Small commits, three of them, so that a release of a few files goes the way of one with hundreds.
WAYS = {"one commit": PushOptions(), "pull request": PushOptions(max_commit_files=4)}


class World:
    """A Hub with a first release; the second one can be pushed, and all undone."""

    def __init__(self, hub: LoopbackHub, folder: Path, retrier: MakeRetrier, options: PushOptions) -> None:
        self.hub, self.folder, self.retrier, self.options = hub, folder, retrier, options
        self.before = copy.deepcopy(hub.store)
        self.old = hub.tree(REPO)
        hub.log.clear()
        self.push()
        self.calls, self.new, self.line = len(hub.log), hub.tree(REPO), hub.line(REPO)
        self.requests = [(method, path) for method, path, _ in hub.log]
        self.phases = list(_phases(self.requests))
        assert self.new != self.old

    def push(self) -> None:
        push(self.folder, REPO, "v1.1.0", self.options, retrier=self.retrier())

    def writes(self, part: str) -> int:
        """The number, from 0, of the call that writes and whose path has a part."""
        return next(number for number, (method, path) in enumerate(self.requests) if method == "POST" and part in path)

    def start_over(self) -> None:
        self.hub.recover()
        self.hub.store = copy.deepcopy(self.before)

    def is_out(self) -> bool:
        """Whether main and the tag are the new release."""
        return self.hub.tree(REPO) == self.hub.tree(REPO, "v1.1.0") == self.new

    def check_whole(self) -> None:
        assert self.hub.tree(REPO) in (self.old, self.new)
        assert self.hub.tree(REPO, "v1.0.0") == self.old
        if "v1.1.0" in self.hub.repo(REPO).tags:
            assert self.hub.tree(REPO, "v1.1.0") == self.new

    def check_done(self) -> None:
        """As an undisturbed push leaves it: main changed once, and no pull request is left over."""
        assert self.hub.line(REPO) == self.line
        assert not self.hub.open_pulls(REPO)
        assert self.is_out()
        assert self.hub.tree(REPO, "v1.0.0") == self.old


def _phases(calls: list[tuple[str, str]]) -> Iterator[int]:
    """The numbers, from 0, of the calls that write; of uploads that follow each other, the first."""
    for number, (method, _) in enumerate(calls):
        if method == "POST" or (method == "PUT" and calls[number - 1][0] != "PUT"):
            yield number


@pytest.fixture
def make_world(
    hub: LoopbackHub, built_once: dict[str, Path], retrier: MakeRetrier, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], World]:
    """Reading back is left out here, and has its own test, because it makes many calls, and none that writes."""
    for module in (pushing, pull_requests):
        monkeypatch.setattr(module, "read_back", lambda *_, **__: NOTHING)
    push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
    return lambda way: World(hub, built_once["next"], retrier, WAYS[way])


@pytest.mark.parametrize(
    ("way", "harm"),
    [
        *(("one commit", harm) for harm in (500, 429, "disconnect", "lost", "page")),
        *(("pull request", harm) for harm in ("lost", "page")),
    ],
)
def test_one_failure_at_any_call_is_overcome(make_world: Callable[[str], World], way: str, harm: Harm) -> None:
    world = make_world(way)
    for number in range(1, world.calls + 1):
        world.start_over()
        world.hub.fault_call(number, harm, headers={"Retry-After": "0"})
        world.push()
        world.check_done()


@pytest.mark.parametrize(
    ("way", "harms"),
    [
        ("one commit", (503, 503)),
        ("one commit", ("disconnect", "lost")),
        ("one commit", ("page", "page")),
        ("pull request", (503, "lost")),
    ],
)
def test_an_outage_from_any_call_on_leaves_old_or_new_and_a_second_run_completes(
    make_world: Callable[[str], World], way: str, harms: tuple[Harm, Harm]
) -> None:
    world = make_world(way)
    for number in range(1, world.calls + 1):
        world.start_over()
        world.hub.outage(number, harms[number % 2])
        with contextlib.suppress(PublishError):
            world.push()
            assert world.is_out()  # what comes after the tag only tidies up
        world.check_whole()
        world.hub.recover()
        already, world.hub.uploaded_bytes = set(world.hub.store.blobs), 0
        world.push()
        world.check_done()
        missing = set(world.hub.store.blobs) - already
        assert world.hub.uploaded_bytes <= sum(len(world.hub.store.blobs[sha]) for sha in missing)


def test_a_first_release_is_all_or_nothing_too(
    hub: LoopbackHub, built_once: dict[str, Path], retrier: MakeRetrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "read_back", lambda *_, **__: NOTHING)
    push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
    calls, new = len(hub.log), hub.tree(REPO)
    for number in range(1, calls + 1):
        hub.reset()
        hub.outage(number, "lost" if number % 2 else 500)
        with pytest.raises(PublishError):
            push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
        assert hub.tree(REPO) in ({}, new)
        hub.recover()
        push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
        assert hub.tree(REPO) == hub.tree(REPO, "v1.0.0") == new


def test_a_failure_while_reading_back_leaves_no_tag_and_the_same_command_sets_it(
    hub: LoopbackHub, built_once: dict[str, Path], retrier: MakeRetrier
) -> None:
    push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
    hub.repo(REPO).tags.clear()
    before, tree = copy.deepcopy(hub.store), hub.tree(REPO)
    hub.log.clear()
    push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
    tag = next(number for number, call in enumerate(hub.log, 1) if call[0] == "POST" and "/tag/" in call[1])
    harms: tuple[Harm, ...] = (500, "disconnect", "page")
    failures = 0
    for number in range(1, tag, 2):
        hub.recover()
        hub.store = copy.deepcopy(before)
        hub.outage(number, harms[number // 2 % 3])
        with pytest.raises((PublishError, IntegrityError)):
            push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
        failures += 1
        assert hub.tree(REPO) == tree
        assert not hub.repo(REPO).tags
    assert failures > 10
    hub.recover()
    again = push(built_once["first"], REPO, "v1.0.0", retrier=retrier())
    assert again.tagged
    assert again.read_back
    assert again.read_back.configs["ratio50"] == 6
