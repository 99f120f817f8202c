"""Two commands at once in one folder: one after the other, or a clear refusal; a killed one keeps nobody waiting."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock
import pytest

from lomo_hf.auditing import audit_dataset
from lomo_hf.building.engines import datatrove
from lomo_hf.dataset import (
    build_dataset,
    check_dataset,
    push,
    record_audit,
    refresh_card,
    rewrite_features,
    verify_dataset,
)
from lomo_hf.dataset.publishing import push as publishing
from lomo_hf.errors import BuildError, LinkError
from lomo_hf.storage import LOCK, Folder, locked

# A build that tells when it is in the middle of its rows, and goes on when it is told to.
_BUILD = """
import sys, time
from pathlib import Path
from lomo_hf.errors import LomoError
from lomo_hf.dataset import build_dataset
corpus, recipe, out, mark, *share = sys.argv[1:]
def progress(rows, total):
    Path(mark).touch()
    while mark != "-" and not Path(mark + ".go").exists():
        time.sleep(0.02)
try:
    build_dataset(
        corpus or None, [recipe], out, limit=12, progress=progress if mark != "-" else None, notify=print,
        share=tuple(map(int, share)) or None,
    )
except LomoError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def start(
    folder: Path, recipe: str, corpus: str = "", mark: str = "-", share: tuple[int, int] | None = None
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", _BUILD, corpus, recipe, str(folder), mark, *map(str, share or ())]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def check_second_waits(first: "subprocess.Popen[str]", second: "subprocess.Popen[str]", mark: Path) -> None:
    """It says so while the first is in the middle of its rows; told to go on, both end well."""
    assert second.stdout
    assert second.stdout.readline() == "another lomo command is at work in 'ds'; waiting until it is done.\n"
    Path(f"{mark}.go").touch()
    for build in (first, second):
        printed = build.communicate(timeout=120)[0]
        assert (build.returncode, printed) == (0, "")


def names_in(folder: Path) -> set[str]:
    """Of all files and folders below it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def until(true: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not to be written to."""
    return build_dataset(None, ["nodistort50"], tmp_path_factory.mktemp("built") / "ds", limit=12).folder


@pytest.fixture
def ds(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "ds"))


@pytest.fixture
def other_corpus(tmp_path: Path) -> str:
    rows = [{"id": n, "prompt": f"Why is the sky blue on day {n}? Say it.", "answer": "So."} for n in range(12)]
    (tmp_path / "other.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(tmp_path / "other.jsonl")


def test_different_recipes_at_once_end_with_both(tmp_path: Path) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    first = start(out, "ratio25", mark=str(mark))
    until(mark.exists)
    check_second_waits(first, start(out, "ratio50"), mark)
    assert verify_dataset(out).contents.configs == ["ratio25", "ratio50"]
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_as_many_builds_as_there_are_recipes_end_with_all_of_them(tmp_path: Path) -> None:
    recipes = ["ratio25", "ratio50", "prefix50", "suffix50"]
    builds = [start(tmp_path / "ds", recipe) for recipe in recipes]
    for build in builds:
        output = build.communicate(timeout=240)[0]
        assert build.returncode == 0, output
    assert sorted(verify_dataset(tmp_path / "ds").contents.configs) == sorted(recipes)


def test_different_corpora_at_once_end_with_a_refusal_at_once(tmp_path: Path, other_corpus: str) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    first = start(out, "ratio50", mark=str(mark))
    until(mark.exists)
    second = start(out, "ratio50", other_corpus)
    output = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert "of another source or limit" in output
    assert "is being built in 'ds'. Name another folder with --out." in output
    assert first.poll() is None
    Path(f"{mark}.go").touch()
    first.communicate(timeout=120)
    assert first.returncode == 0
    assert verify_dataset(out).contents.source("ratio50")["config"] == "sample"


def test_a_killed_build_keeps_nobody_waiting(built: Path, tmp_path: Path) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    killed = start(out, "nodistort50", mark=str(mark))
    until(mark.exists)
    assert (out / LOCK).exists()
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    assert (out / LOCK).exists()
    waits: list[str] = []
    build_dataset(None, ["nodistort50"], out, limit=12, notify=waits.append)
    assert waits == []
    assert names_in(out) == names_in(built)
    verify_dataset(out)


@pytest.fixture
def holding(ds: Path) -> Iterator[threading.Event]:
    """Somebody is at work in the folder until the event is set."""
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        with locked(Folder(ds)):
            begun.set()
            done.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(60)
    yield done
    done.set()
    thread.join()


class _Enough(Exception):
    pass


def _push(ds: Path, notify: Callable[[str], None]) -> None:
    def no_hub(*_: object) -> None:
        raise _Enough

    patch = pytest.MonkeyPatch()
    patch.setattr(publishing, "HubClient", no_hub)
    with pytest.raises(_Enough):
        push(
            ds,
            "org/name",
            "v1.0.0",
            notify=lambda message: None if message.startswith("verified") else notify(message),
        )
    patch.undo()


_WRITERS: dict[str, Callable[[Path, Callable[[str], None]], object]] = {
    "build": lambda ds, notify: build_dataset(None, ["nodistort50"], ds, limit=12, notify=notify),
    "card": lambda ds, notify: refresh_card(ds, notify=notify),
    "card --legacy-features": lambda ds, notify: rewrite_features(ds, notify=notify),
    "audit": lambda ds, notify: record_audit(ds, audit_dataset(ds, no_source=True).to_json(), notify=notify),
    "push": _push,
}


@pytest.mark.parametrize("name", _WRITERS)
def test_whoever_writes_or_publishes_waits_with_a_sentence(name: str, ds: Path, holding: threading.Event) -> None:
    messages: list[str] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _WRITERS[name](ds, messages.append)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: messages or failures)
    assert messages == ["another lomo command is at work in 'ds'; waiting until it is done."]
    assert thread.is_alive()
    holding.set()
    thread.join(60)
    assert failures == []
    assert not (ds / LOCK).exists()
    verify_dataset(ds)


def test_the_lock_is_no_part_of_the_dataset(ds: Path, holding: threading.Event) -> None:
    assert (ds / LOCK).exists()
    assert LOCK not in verify_dataset(ds).contents.files
    assert check_dataset(ds).loads


def test_shares_of_one_build_wait_for_nobody_while_they_build(tmp_path: Path) -> None:
    out, waits = tmp_path / "ds", list[str]()

    def progress(rows: int, total: int) -> None:
        build_dataset(None, ["nodistort50"], out, limit=12, share=(1, 2), notify=waits.append)

    build_dataset(None, ["nodistort50"], out, limit=12, share=(0, 2), progress=progress)
    assert waits == []


def test_what_needs_all_shards_waits_for_the_shares_that_are_being_built(built: Path, tmp_path: Path) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    share = start(out, "nodistort50", mark=str(mark), share=(0, 2))
    until(mark.exists)
    check_second_waits(share, start(out, "nodistort50"), mark)
    verify_dataset(out)
    assert names_in(out) == names_in(built)


@pytest.mark.parametrize("share", [None, (1, 2)])
def test_beside_a_share_another_corpus_is_refused_at_once(
    tmp_path: Path, other_corpus: str, share: tuple[int, int] | None
) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    first = start(out, "ratio50", mark=str(mark), share=(0, 2))
    until(mark.exists)
    second = start(out, "ratio50", other_corpus, share=share)
    output = second.communicate(timeout=60)[0]
    assert second.returncode == 1
    assert "is being built in 'ds'. Name another folder with --out." in output
    assert first.poll() is None
    Path(f"{mark}.go").touch()
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_a_killed_share_keeps_nobody_waiting(built: Path, tmp_path: Path) -> None:
    out, mark = tmp_path / "ds", tmp_path / "mark"
    killed = start(out, "nodistort50", mark=str(mark), share=(0, 1))
    until(mark.exists)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    assert list((out / ".lomo").glob("share-*.lock"))
    waits: list[str] = []
    build_dataset(None, ["nodistort50"], out, limit=12, notify=waits.append)
    assert waits == []
    assert names_in(out) == names_in(built)


def test_a_task_of_a_cluster_is_at_work_like_a_share(ds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked by another process, for what a thread holds itself it does not meet."""
    held: list[str] = []
    ask = "import sys; from lomo_hf.storage import Folder, shares_at_work; print(*shares_at_work(Folder(sys.argv[1])))"

    def build(*_: object, **__: object) -> None:
        held.append(subprocess.run([sys.executable, "-c", ask, str(ds)], capture_output=True, text=True).stdout)

    monkeypatch.setattr(datatrove, "build_shards", build)
    datatrove.ShardStep((), str(ds))(None, 0, 1)
    assert len(held[0].split()) == 1
    assert not list((ds / ".lomo").glob("share-*.lock"))


def test_a_folder_that_may_only_be_read_is_pushed_without_a_lock(ds: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with locked(Folder(ds), reading=True):
        verify_dataset(ds)
    with pytest.raises(PermissionError), locked(Folder(ds)):
        pass


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_in_the_place_of_the_lock_is_refused(ds: Path) -> None:
    (ds.parent / "mine").write_text("mine")
    (ds / LOCK).symlink_to(ds.parent / "mine")
    with pytest.raises(LinkError, match="found a link"):
        refresh_card(ds)
    assert (ds.parent / "mine").read_text() == "mine"
    (ds / LOCK).unlink()
    os.link(ds.parent / "mine", ds / LOCK)
    refresh_card(ds)
    assert (ds.parent / "mine").read_text() == "mine"


def test_a_source_that_cannot_be_read_refuses_nobody(ds: Path, holding: threading.Event) -> None:
    (ds / ".lomo").mkdir()
    for text in ("", "{", "[]", "null", "[" * 100_000, '{"digest": {}}'):
        (ds / ".lomo/source.json").write_text(text)
        with pytest.raises((BuildError, _Enough)):
            build_dataset(None, ["nodistort50"], ds, limit=12, notify=_stop)


def _stop(message: str) -> None:
    raise _Enough(message)
