"""P5 the hard way: pushes killed at random moments, in every phase, then the same command. Dozens: `-m slow`.

The command is a process of its own. It is killed when the Hub has its call, and serves it or not; or by the clock.
After each kill a reader, who knows nothing of it, finds the old release or the new one, and whatever main pointed to
on the way was one of them. In the end everything is as if nothing had happened.
"""

import copy
import os
import random
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO
from hub.forked_lomo import ForkedLomo
from hub.server import LoopbackHub

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills with signals")

Tree = dict[str, str]


@dataclass(frozen=True)
class Way:
    """How a release is pushed: over another or as the first, and with which options."""

    over: bool
    options: tuple[str, ...] = ()
    max_commit_files: int = 100

    @property
    def reviewed(self) -> bool:
        return "--create-pr" in self.options


FEW = 4  # files a commit, so that a pull request gets three
WAYS = {
    "one commit over another release": Way(over=True),
    "pull request over another release": Way(over=True, max_commit_files=FEW),
    "review over another release": Way(over=True, options=("--create-pr",), max_commit_files=FEW),
    "one commit, the first": Way(over=False),
    "pull request, the first": Way(over=False, max_commit_files=FEW),
}


class Killed:
    """A way to push, what it comes to undisturbed, and the same with kills."""

    def __init__(self, hub: LoopbackHub, lomo: ForkedLomo, folders: dict[str, Path], way: Way) -> None:
        self.hub, self.lomo, self.folders, self.way = hub, lomo, folders, way
        hub.recover()
        hub.reset()
        if way.over:
            self._check(lomo.run("push", str(folders["first"]), REPO, "--tag", "v1.0.0"))
        self.before, self.old = copy.deepcopy(hub.store), hub.tree(REPO)
        hub.log.clear()
        began = time.monotonic()
        self._check(self._wait(self._start()))
        self.takes = time.monotonic() - began
        self.calls = [(method, _kind(path)) for method, path, _ in hub.log]
        self.new = hub.tree(REPO, "refs/pr/1" if way.reviewed else "main")
        assert self.new != self.old
        self.line = hub.line(REPO)
        self.check_done()

    # ---- killing ------------------------------------------------------------------------------------------------

    def phases(self) -> list[range]:
        """The calls of an undisturbed push, by number from 1, one after the other of the same kind together; what is
        only read before and after the writing counts as one phase each."""
        writing = [number for number, (method, _) in enumerate(self.calls, 1) if method in ("POST", "PUT")]
        ranges = [range(1, writing[0])]
        for number in range(writing[0], writing[-1] + 1):
            if self.calls[number - 1] == self.calls[ranges[-1][0] - 1]:
                ranges[-1] = range(ranges[-1].start, number + 1)
            else:
                ranges.append(range(number, number + 1))
        return [*ranges, range(writing[-1] + 1, len(self.calls) + 1)]

    def start_over(self) -> None:
        self.hub.recover()
        self.hub.store = copy.deepcopy(self.before)

    def kill_at_call(self, number: int, *, served: bool) -> bool:
        """Push, and kill when the Hub has this call, whether it is served or not; False if it was never made."""
        pids: list[int] = []
        self.hub.fault_call(number, "lost" if served else "disconnect", then=lambda: os.kill(pids[0], signal.SIGKILL))
        with self.hub.lock:  # no call is looked at before it is known whom to kill
            pids.append(self._start())
        code = self._wait(pids[0])
        self.hub.recover()
        return self._was_killed(code)

    def kill_after(self, seconds: float) -> bool:
        """Push, and kill by the clock; False if the push was over by then."""
        pid = self._start()
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)
        return self._was_killed(self._wait(pid))

    def _was_killed(self, code: int) -> bool:
        assert code in (0, -signal.SIGKILL), self.lomo.output.read_text()[-2000:]
        return code != 0

    def finish(self) -> None:
        """The same command, undisturbed."""
        self._check(self._wait(self._start()))

    # ---- looking ------------------------------------------------------------------------------------------------

    def check_whole(self) -> None:
        """What a reader sees is the old release or the new one, at main and at every tag."""
        if not self.hub.exists(REPO):
            assert not self.way.over
            return
        tags = self.hub.repo(REPO).tags
        assert set(tags) <= {"v1.0.0", *(() if self.way.reviewed else ("v1.1.0",))}
        for tag in tags:
            assert self.hub.tree(REPO, tag) == (self.new if tag == "v1.1.0" else self.old)
        self._read(self.hub.tree(REPO))
        assert all(tree in self.line for tree in self.hub.line(REPO))

    def check_done(self) -> None:
        """Everything is as an undisturbed push leaves it, and no pull request is left over."""
        repo = self.hub.repo(REPO)
        assert self.hub.line(REPO) == self.line
        tags = {"v1.0.0": self.way.over, "v1.1.0": not self.way.reviewed}
        assert set(repo.tags) == {tag for tag, there in tags.items() if there}
        assert "v1.0.0" not in repo.tags or self.hub.tree(REPO, "v1.0.0") == self.old
        left = self.hub.open_pulls(REPO)
        if self.way.reviewed:
            assert self.hub.tree(REPO) == self.old
            assert [self.hub.tree(REPO, f"refs/pr/{number}") for number in left] == [self.new]
        else:
            assert self.hub.tree(REPO) == self.hub.tree(REPO, "v1.1.0") == self.new
            assert not left

    def _read(self, tree: Tree) -> None:
        """Main is one of the two as the clients see it: listed, downloaded to the byte, and loaded."""
        assert tree in (self.old, self.new)
        if tree:
            folder = self.folders["next" if tree == self.new else "first"]
            self._check(self.lomo.run("verify", str(folder), "--remote", f"{REPO}@main", "--download"))

    # ---- the command --------------------------------------------------------------------------------------------

    def _start(self) -> int:
        arguments = ("push", str(self.folders["next"]), REPO, "--tag", "v1.1.0", *self.way.options)
        return self.lomo.start(*arguments, max_commit_files=self.way.max_commit_files)

    def _wait(self, pid: int) -> int:
        return self.lomo.wait(pid)

    def _check(self, code: int) -> None:
        assert code == 0, self.lomo.output.read_text()[-2000:]


def _kind(path: str) -> str:
    """The kind of a call: its path without names, numbers and digests."""
    words = path.partition("?")[0].replace(".git", "").split("/")
    known = ("create", "preupload", "batch", "lfs", "validate-yaml", "commit", "status", "merge", "tag", "discussions")
    return next((word for word in known if word in words), "other")


def _kill_in_every_phase(world: Killed, chance: random.Random, by_the_clock: int) -> int:
    kills = 0
    moments: list[range | float] = [*world.phases()]
    moments += [chance.uniform(0.02, world.takes) for _ in range(by_the_clock)]
    for moment in moments:
        world.start_over()
        if isinstance(moment, range):
            kills += world.kill_at_call(chance.choice(moment), served=chance.random() < 0.5)
        else:
            kills += world.kill_after(moment)
        world.check_whole()
        if chance.random() < 0.5:
            kills += world.kill_at_call(chance.randrange(1, len(world.calls)), served=chance.random() < 0.5)
            world.check_whole()
        world.finish()
        world.check_done()
    return kills


@pytest.mark.slow
def test_pushes_killed_in_every_phase_end_in_the_same_tree(
    running_hub: LoopbackHub, lomo: ForkedLomo, built_once: dict[str, Path]
) -> None:
    chance, kills = random.Random(11), 0
    for way in WAYS.values():
        kills += _kill_in_every_phase(Killed(running_hub, lomo, built_once, way), chance, by_the_clock=3)
    assert kills >= 100


def test_a_push_killed_while_it_commits_merges_and_tags_ends_in_the_same_tree(
    running_hub: LoopbackHub, lomo: ForkedLomo, built_once: dict[str, Path]
) -> None:
    world = Killed(running_hub, lomo, built_once, WAYS["pull request over another release"])
    for kind, served in (("commit", True), ("merge", True), ("tag", False)):
        world.start_over()
        assert world.kill_at_call(world.calls.index(("POST", kind)) + 1, served=served)
        world.check_whole()
        world.finish()
        world.check_done()
