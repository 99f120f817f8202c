"""Nothing is sent but what was verified, and nothing is tagged but what was read back (D5 of an outside review).

A file changes at any moment after the folder was verified; the Hub leaves a file out of a commit, writes another, or
keeps other bytes than it was sent: the release fails, no tag is set, and main is what it was.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset.publishing.conftest import REPO
from hub.server import LoopbackHub

from lomo_hf.dataset import PushOptions, PushReport, Retrier, push
from lomo_hf.errors import IntegrityError, LinkError, PublishError

MakeRetrier = Callable[[], Retrier]
SHARD = "ratio50/train-00000-of-00001.parquet"
CARD = "README.md"
WAYS = {"one commit": PushOptions(), "pull request": PushOptions(max_commit_files=2)}
BOTH = pytest.mark.parametrize("options", list(WAYS.values()), ids=list(WAYS))


def flip(path: Path) -> None:
    """Another byte in the middle, as a bad disk leaves it: the size stays."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def replace_by_link(path: Path) -> None:
    """The same bytes, elsewhere."""
    elsewhere = path.parents[2] / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


CHANGES: dict[str, Callable[[Path], object]] = {
    "other bytes": flip,
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"\n"),
    "shorter": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "gone": lambda path: path.unlink(),
    "a link": replace_by_link,
}


@pytest.fixture
def world(hub: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier) -> LoopbackHub:
    """A Hub with a first release."""
    push(folders["first"], REPO, "v1.0.0", retrier=retrier())
    return hub


def kinds_of_files(folder: Path) -> list[Path]:
    """A shard, a list of refused rows and a picture."""
    patterns = ("ratio50/*.parquet", "ratio50/*.jsonl", "assets/*.png")
    return [next(iter(sorted(folder.glob(pattern)))) for pattern in patterns]


@pytest.mark.parametrize("how", list(CHANGES))
def test_a_file_that_changes_after_it_was_verified_is_not_published(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier, how: str, tmp_path: Path
) -> None:
    before = world.tree(REPO)
    kept = {path: path.read_bytes() for path in folders["refusing"].rglob("*") if path.is_file()}
    for path in kinds_of_files(folders["refusing"]):

        def change(step: str, path: Path = path) -> None:
            if step.startswith("verified"):
                CHANGES[how](path)

        inside = path.relative_to(folders["refusing"]).as_posix()
        with pytest.raises((IntegrityError, LinkError), match=inside):
            push(folders["refusing"], REPO, "v1.1.0", retrier=retrier(), notify=change)
        assert world.tree(REPO) == before
        assert set(world.repo(REPO).tags) == {"v1.0.0"}
        path.unlink(missing_ok=True)
        (tmp_path / "elsewhere").unlink(missing_ok=True)
        path.write_bytes(kept[path])
    assert push(folders["refusing"], REPO, "v1.1.0", retrier=retrier()).tagged
    assert world.read(REPO, SHARD, "v1.1.0") == kept[folders["refusing"] / SHARD]


@BOTH
@pytest.mark.parametrize("pattern", ["ratio50/*.parquet", "ratio50/*.jsonl", CARD])
def test_whenever_a_file_changes_what_is_tagged_is_what_was_verified(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier, options: PushOptions, pattern: str
) -> None:
    path = next(folders["refusing"].glob(pattern))
    whole, store = path.read_bytes(), copy.deepcopy(world.store)
    world.log.clear()
    push(folders["refusing"], REPO, "v1.1.0", options, retrier=retrier())
    right, old = world.tree(REPO, "v1.1.0"), world.tree(REPO, "v1.0.0")
    writes = [number for number, (method, _, _) in enumerate(world.log) if method in ("POST", "PUT")]
    refused = 0
    for number in writes:
        world.recover()
        world.store = copy.deepcopy(store)
        world.meanwhile(".*", "", lambda: flip(path), skip=number)
        try:
            push(folders["refusing"], REPO, "v1.1.0", options, retrier=retrier())
        except IntegrityError:
            refused += 1
            assert "v1.1.0" not in world.repo(REPO).tags
            assert world.tree(REPO) == old
        else:
            assert world.tree(REPO) == world.tree(REPO, "v1.1.0") == right
        path.write_bytes(whole)
    assert refused or pattern == CARD  # documents are taken into memory when they are verified


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("path", [SHARD, CARD, "manifest.json"])
@pytest.mark.parametrize("instead", [None, b"something else"])
def test_what_the_hub_does_not_take_or_takes_otherwise_is_never_tagged(
    hub: LoopbackHub,
    folders: dict[str, Path],
    retrier: MakeRetrier,
    first: bool,
    path: str,
    instead: bytes | None,
) -> None:
    if not first:
        push(folders["first"], REPO, "v1.0.0", retrier=retrier())
    before, tags = hub.tree(REPO), {} if first else dict(hub.repo(REPO).tags)
    hub.alters[path] = instead
    with pytest.raises((IntegrityError, PublishError)) as failed:
        push(folders["refusing"], REPO, "v1.1.0", PushOptions(download_up_to=0), retrier=retrier())
    assert hub.repo(REPO).tags == tags
    assert hub.tree(REPO) == before, str(failed.value)
    assert "v1.1.0 is not set" in str(failed.value)
    assert push(folders["refusing"], REPO, "v1.1.0", retrier=retrier()).tagged


def test_a_pull_request_that_the_hub_keeps_otherwise_is_not_merged(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    before = world.tree(REPO)
    world.alters[SHARD] = b"something else"
    with pytest.raises(IntegrityError, match=r"pull request 1 of .* lacks ratio50/train.* It is not merged"):
        push(folders["refusing"], REPO, "v1.1.0", WAYS["pull request"], retrier=retrier())
    assert world.tree(REPO) == before
    assert set(world.repo(REPO).tags) == {"v1.0.0"}


@BOTH
def test_bytes_that_the_hub_damages_are_found_before_the_tag_and_main_is_put_back(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier, options: PushOptions
) -> None:
    before = world.tree(REPO)

    def damage() -> None:
        last = list(world.store.blobs)[-1]
        data = world.store.blobs[last]
        world.store.blobs[last] = data[:100] + bytes([data[100] ^ 1]) + data[101:]

    world.meanwhile("POST", "/commit/", damage)
    with pytest.raises(IntegrityError, match="serves other bytes of"):
        push(folders["refusing"], REPO, "v1.1.0", options, retrier=retrier())
    assert world.tree(REPO) == before
    assert set(world.repo(REPO).tags) == {"v1.0.0"}


def test_what_an_earlier_run_committed_is_put_back_too_if_it_is_not_what_was_sent(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    before = world.tree(REPO)
    world.fault("POST", "/tag/", 503, times=3)
    with pytest.raises(PublishError, match=r"tagging .* failed 3 times"):
        push(folders["refusing"], REPO, "v1.1.0", retrier=retrier())
    shard = world.tree(REPO)[SHARD]
    world.store.blobs[shard] = world.store.blobs[shard][:-1] + b"X"
    with pytest.raises(IntegrityError, match=r"serves other bytes .* Main is put back to v1\.0\.0"):
        push(folders["refusing"], REPO, "v1.1.0", retrier=retrier())
    assert world.tree(REPO) == before


def test_a_release_that_does_not_load_is_not_tagged(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = world.tree(REPO)

    def broken(*arguments: object, **options: object) -> None:
        raise ValueError("BuilderConfig 'ratio50' not found")

    monkeypatch.setattr("datasets.load_dataset_builder", broken)
    with pytest.raises(
        IntegrityError, match=r"does not load 'ratio50' .* v1.1.0 is not set. Main is put back to v1.0"
    ):
        push(folders["refusing"], REPO, "v1.1.0", retrier=retrier())
    assert world.tree(REPO) == before


def test_somebody_who_commits_after_a_bad_release_keeps_main(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    world.alters[SHARD] = b"something else"

    def ada() -> None:
        world.store.someone_commits(world.repo(REPO), {"ada.txt": b"hello"})

    world.meanwhile("GET", f"/api/datasets/{REPO}/refs", ada, skip=2)
    with pytest.raises(IntegrityError, match="Somebody has committed to main since, so it is left as it is"):
        push(folders["refusing"], REPO, "v1.1.0", retrier=retrier())
    assert world.read(REPO, "ada.txt") == b"hello"
    assert set(world.repo(REPO).tags) == {"v1.0.0"}


def test_a_gitignore_that_names_a_file_is_told_before_anything_is_committed(
    world: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    world.store.someone_commits(world.repo(REPO), {".gitignore": b"*.parquet\n"})
    before = world.tree(REPO)
    with pytest.raises(PublishError, match=r"a \.gitignore in the repository names ratio50/train.*Remove that line"):
        push(folders["refusing"], REPO, "v1.1.0", retrier=retrier())
    assert world.tree(REPO) == before


def test_a_release_is_the_same_whatever_the_limit_of_reading_back(
    hub: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    def release(limit: int) -> PushReport:
        hub.reset()
        return push(folders["first"], REPO, "v1.0.0", PushOptions(download_up_to=limit), retrier=retrier())

    whole, small = release(1 << 30).read_back, release(0).read_back
    assert whole
    assert small
    assert (whole.files, whole.configs) == (small.files, small.configs)
    assert whole.bytes_read > small.bytes_read > 0
