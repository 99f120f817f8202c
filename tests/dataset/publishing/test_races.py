"""Two pushes at the same time, and a main that moves meanwhile: whoever is slower finds out, and nothing is halved.

The faster one runs whole just before a call of the slower one is served, whichever call of those that write. That
leaves out calls which interleave one by one; two commands that start together are tried under `-m slow`.
"""

import re
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO
from dataset.publishing.test_faults import WAYS, MakeRetrier, World, make_world
from hub.forked_lomo import ForkedLomo
from hub.server import LoopbackHub

from lomo_hf.dataset import HubClient, Retrier, push, read_back, take_snapshot
from lomo_hf.errors import PublishError

__all__ = ["make_world"]

BOTH = pytest.mark.parametrize("way", list(WAYS))


@BOTH
def test_another_push_of_the_same_release_at_any_call_and_both_succeed(
    make_world: Callable[[str], World], way: str
) -> None:
    world = make_world(way)

    def whole() -> None:
        world.push()
        world.check_done()

    for number in world.phases:
        world.start_over()
        world.hub.meanwhile(".*", "", whole, skip=number)
        world.push()
        world.check_done()


@BOTH
def test_another_release_under_the_same_tag_at_any_call_keeps_the_tag(
    make_world: Callable[[str], World], built_once: dict[str, Path], retrier: MakeRetrier, way: str
) -> None:
    world = make_world(way)
    tagged: list[dict[str, str]] = []
    seen: list[dict[str, str]] = []

    def faster() -> None:
        push(built_once["other"], REPO, "v1.1.0", retrier=retrier())
        tagged.append(world.hub.tree(REPO, "v1.1.0"))

    for number in world.phases:
        world.start_over()
        world.hub.meanwhile(".*", "", faster, skip=number)
        with pytest.raises(
            PublishError, match=r"v1.1.0 of .* is another release, and a tag is never moved. .* v1.1.1"
        ):
            world.push()
        assert world.hub.tree(REPO) == world.hub.tree(REPO, "v1.1.0") == tagged[-1]
        messages: list[str] = []
        push(built_once["next"], REPO, "v1.1.1", world.options, retrier=retrier(), notify=messages.append)
        whole_at("v1.1.1", world.hub, seen)
        for left in world.hub.open_pulls(REPO):
            assert f"pull request {left}, 'Release v1.1.0', is still open; close it if nobody waits for it" in messages


@BOTH
def test_a_push_that_loses_its_tag_says_what_main_holds_and_leaves_it_at_the_release_that_has_it(
    make_world: Callable[[str], World], built_once: dict[str, Path], retrier: MakeRetrier, way: str
) -> None:
    world = make_world(way)
    hub, tag = world.hub, world.writes("/tag/")
    for other, at in (("other", tag), ("first", tag)):
        world.start_over()

        def faster(other: str = other) -> None:
            """Somebody who tags, by hand, what main held before."""
            hub.repo(REPO).tags["v1.1.0"] = hub.repo(REPO).tags["v1.0.0"]
            if other == "other":
                hub.store.someone_commits(hub.repo(REPO), {"ada.txt": b"hello"})

        hub.meanwhile(".*", "", faster, skip=at)
        says = {
            "first": "Main is put back to v1.0.0, which it held before.",
            "other": "Somebody has committed to main since, so it is left as it is.",
        }
        with pytest.raises(
            PublishError, match=rf"a tag is never moved\. {re.escape(says[other])} Push this one as v1"
        ):
            world.push()
        if other == "first":
            assert hub.tree(REPO) == hub.tree(REPO, "v1.1.0") == world.old
            assert hub.repo(REPO).head.title == "Undo Release v1.1.0"
        else:
            assert hub.tree(REPO)["ada.txt"]
        push(built_once["next"], REPO, "v1.1.1", world.options, retrier=retrier())
        assert hub.tree(REPO, "v1.1.1") == hub.tree(REPO)
        assert {path for path in hub.tree(REPO) if path.endswith(".parquet")} == {
            path for path in world.new if path.endswith(".parquet")
        }


@BOTH
def test_a_tag_that_is_set_while_files_are_sent_leaves_main_untouched(
    make_world: Callable[[str], World], way: str
) -> None:
    world = make_world(way)
    world.start_over()
    hub = world.hub
    head = hub.repo(REPO).head

    def faster() -> None:
        hub.repo(REPO).tags["v1.1.0"] = head.id

    hub.meanwhile("PUT", "/lfs/", faster)
    with pytest.raises(PublishError, match="is another release, and a tag is never moved"):
        world.push()
    assert hub.repo(REPO).head is head


@BOTH
def test_putting_main_back_survives_a_hub_that_fails(make_world: Callable[[str], World], way: str) -> None:
    world = make_world(way)
    hub, tag = world.hub, world.writes("/tag/")

    def faster() -> None:
        hub.repo(REPO).tags["v1.1.0"] = hub.repo(REPO).tags["v1.0.0"]

    for harm in (503, "disconnect", "lost", "page"):
        for call in range(12):
            world.start_over()
            hub.meanwhile(".*", "", faster, skip=tag)
            hub.fault(".*", "", harm, skip=tag + 1 + call)
            with pytest.raises(PublishError, match=r"Main is put back to v1\.[01]\.0"):
                world.push()
            assert hub.tree(REPO) == world.old
    world.start_over()
    hub.meanwhile(".*", "", faster, skip=tag)
    hub.outage(tag + 3, 503)
    with pytest.raises(PublishError, match=r"failed 3 times"):
        world.push()


@BOTH
def test_a_commit_of_someone_else_at_any_call_stays_and_the_release_is_whole(
    make_world: Callable[[str], World], way: str
) -> None:
    world = make_world(way)
    hub, seen = world.hub, list[dict[str, str]]()

    def ada() -> None:
        card = hub.read(REPO, "README.md").decode().replace("<!-- end", "From Ada.\n<!-- end")
        hub.store.someone_commits(hub.repo(REPO), {"README.md": card.encode(), "ada.txt": b"hello"})

    for number in world.phases:
        world.start_over()
        hub.meanwhile(".*", "", ada, skip=number)
        world.push()
        whole_at("v1.1.0", hub, seen)
        assert hub.read(REPO, "ada.txt") == b"hello"
        assert "From Ada." in hub.read(REPO, "README.md").decode()
        assert {path: sha for path, sha in hub.tree(REPO).items() if path.endswith(".parquet")} == {
            path: sha for path, sha in world.new.items() if path.endswith(".parquet")
        }
        assert not hub.open_pulls(REPO)


def whole_at(revision: str, hub: LoopbackHub, seen: list[dict[str, str]]) -> None:
    """What a revision lists, serves and loads is what its manifest says; asked once for each tree."""
    tree = hub.tree(REPO, revision)
    if tree not in seen:
        client = HubClient(REPO, Retrier(sleep=lambda seconds: None))
        read_back(client, take_snapshot(client, revision), download_up_to=1 << 30)
        seen.append(tree)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("max_commit_files", [4, 100])
@pytest.mark.parametrize("over", [True, False])
def test_two_commands_that_start_together_both_succeed(
    running_hub: LoopbackHub, lomo: ForkedLomo, built_once: dict[str, Path], over: bool, max_commit_files: int
) -> None:
    for _ in range(5):
        running_hub.reset()
        if over:
            assert lomo.run("push", str(built_once["first"]), REPO, "--tag", "v1.0.0") == 0
        command = ("push", str(built_once["next"]), REPO, "--tag", "v1.1.0")
        both = [lomo.start(*command, max_commit_files=max_commit_files) for _ in range(2)]
        assert [lomo.wait(pid) for pid in both] == [0, 0], lomo.output.read_text()[-3000:]
        tree = running_hub.tree(REPO)
        assert tree == running_hub.tree(REPO, "v1.1.0")
        # Two that merge in the same instant merge twice, the second time nothing; main still changes once.
        trees = [state for state, _ in groupby(running_hub.line(REPO))]
        assert trees == [tree, *trees[1:]]
        assert len(trees) == 2 + over
        assert not running_hub.open_pulls(REPO)
