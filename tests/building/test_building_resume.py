"""Resuming trusts a matching receipt over unchanged files and nothing else; what has its final name is whole."""

import errno
import os
import platform
import sys
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest
from building.helpers import Harmful, Tree, tree_of

from lomo_hf.building import Receipt, ShardDone, ShardSpec, build_shards, find_strays
from lomo_hf.building.resume import sealed
from lomo_hf.errors import BuildError, IntegrityError, LinkError
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import PendingFile

SHARD, OTHER = "ratio50/train-00001-of-00005.parquet", "ratio50/train-00002-of-00005.parquet"


def truncate(out: Path) -> None:
    os.truncate(out / SHARD, (out / SHARD).stat().st_size // 2)


def flip_a_bit(out: Path) -> None:
    data = bytearray((out / SHARD).read_bytes())
    data[len(data) // 3] ^= 1
    (out / SHARD).write_bytes(data)


def swap_two(out: Path) -> None:
    (out / SHARD).rename(out / "aside")
    (out / OTHER).rename(out / SHARD)
    (out / "aside").rename(out / OTHER)


def remove(out: Path) -> None:
    (out / SHARD).unlink()


def put_a_symlink(out: Path) -> None:
    (out / SHARD).rename(out.parent / "elsewhere")
    (out / SHARD).symlink_to(out.parent / "elsewhere")


def remove_a_receipt(out: Path) -> None:
    receipt_of_shard_1(out).unlink()


def spoil_a_receipt(out: Path) -> None:
    receipt_of_shard_1(out).write_text("{")


def falsify_a_receipt(out: Path) -> None:
    path = receipt_of_shard_1(out)
    receipt = Receipt.from_json(path.read_text())
    counts = {**receipt.counts, "ratio50": replace(receipt.counts["ratio50"], rows=3)}
    path.write_text(sealed(replace(receipt, counts=counts)))


def point_a_receipt_elsewhere(out: Path) -> None:
    path = receipt_of_shard_1(out)
    elsewhere = path.read_text().replace(SHARD, "../" + SHARD)
    path.write_text(sealed(Receipt.from_json(elsewhere)))


def add_a_false_sidecar(out: Path) -> None:
    (out / "ratio50" / "refused-00001-of-00005.jsonl").write_text("{}\n")


def receipt_of_shard_1(out: Path) -> Path:
    return next(p for p in (out / ".lomo/receipts").iterdir() if Receipt.from_json(p.read_text()).index == 1)


@pytest.mark.parametrize(
    "damage",
    [
        truncate, flip_a_bit, swap_two, remove, remove_a_receipt, spoil_a_receipt, falsify_a_receipt,
        point_a_receipt_elsewhere, add_a_false_sidecar,
    ],
)  # fmt: skip
def test_a_damaged_shard_is_built_again_and_no_other(
    damage: "type[truncate]", built: Path, specs: list[ShardSpec], reference_tree: Tree
) -> None:
    damage(built)
    done: list[ShardDone] = []
    build_shards(specs, built, progress=done.append)
    assert [shard.spec.index for shard in done if not shard.reused] == ([1, 2] if damage is swap_two else [1])
    assert tree_of(built) == reference_tree


def test_a_link_in_the_place_of_a_shard_is_refused_and_left(built: Path, specs: list[ShardSpec]) -> None:
    put_a_symlink(built)
    before = (built.parent / "elsewhere").read_bytes()
    with pytest.raises(LinkError, match=r"ratio50/train-00001-of-00005\.parquet in .* found a link"):
        build_shards(specs, built)
    assert (built / SHARD).is_symlink()
    assert (built.parent / "elsewhere").read_bytes() == before


def test_a_whole_tree_is_reused_and_left_as_it_is(built: Path, specs: list[ShardSpec]) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*")}
    done: list[ShardDone] = []
    receipts = build_shards(specs[::-1], built, progress=done.append)
    assert all(shard.reused for shard in done)
    assert [receipt.index for receipt in receipts] == [0, 1, 2, 3, 4]
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == before


def test_another_recipe_does_not_reuse_the_shards_of_the_first(built: Path, specs: list[ShardSpec]) -> None:
    spec = specs[1]
    changed = replace(spec, recipes=(replace(spec.recipes[1], seed=1), *spec.recipes[2:]))
    done: list[ShardDone] = []
    build_shards([changed], built, progress=done.append)
    assert not done[0].reused
    build_shards([spec], built, progress=done.append)  # whose receipt is still there, over files that have changed
    assert not done[1].reused


def test_files_of_another_plan_are_named_as_strays(built: Path, specs: list[ShardSpec]) -> None:
    assert find_strays(specs, built) == []
    (built / "ratio50" / "train-00000-of-00009.parquet").touch()
    (built / "ratio25" / "refused-00008-of-00009.jsonl").touch()
    assert find_strays(specs, built) == [
        "ratio25/refused-00008-of-00009.jsonl",
        "ratio50/train-00000-of-00009.parquet",
    ]


def test_what_dead_processes_of_this_machine_left_is_swept_and_nothing_else(
    built: Path, specs: list[ShardSpec]
) -> None:
    host = blake2b(platform.node().encode(), digest_size=4).hexdigest()
    dead, folder = 2**22 + 1, built / "ratio50"  # above the highest process number of Linux
    stale = [
        folder / f".train-00000-of-00005.parquet.{host}-{dead}.tmp",
        built / f".lomo/receipts/.x.{host}-{dead}.tmp",
    ]
    alive = [folder / f".a.parquet.{host}-{os.getppid()}.tmp", folder / f".a.parquet.00000000-{dead}.tmp"]
    others = [folder / ".keep", folder / "notes.tmp"]
    for path in stale + alive + others:
        path.touch()
    build_shards(specs, built)
    assert not any(path.exists() for path in stale)
    assert all(path.exists() for path in alive + others)


def test_interrupting_leaves_whole_shards_only(specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    harmful = [replace(spec, source=Harmful(spec.source, "interrupt", 20, marks)) for spec in specs]
    with pytest.raises(KeyboardInterrupt):
        build_shards(harmful, out)
    left = tree_of(out)
    assert len([path for path in left if path.startswith(".lomo/")]) == 2
    assert left.items() <= reference_tree.items()
    build_shards(harmful, out)
    assert tree_of(out) == reference_tree


def test_a_source_that_runs_short_is_an_error_and_no_small_shard(specs: list[ShardSpec], tmp_path: Path) -> None:
    (tmp_path / "marks").mkdir()
    spec = replace(specs[1], source=Harmful(specs[1].source, "end-early", 12, tmp_path / "marks"))
    with pytest.raises(BuildError, match=r"shard 1 of 5 .* read 4 rows; the source must have changed"):
        build_shards([spec], tmp_path / "out")
    assert tree_of(tmp_path / "out") == {}


def test_a_row_that_fails_unforeseen_is_named(
    specs: list[ShardSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("lomo_hf.substitution.screen", fail)
    with pytest.raises(BuildError, match=r"fails at row 'small/.*' \(ZeroDivisionError: division by zero\)"):
        build_shards(specs, tmp_path)
    assert tree_of(tmp_path) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_full_disk_stops_with_the_bytes_needed_and_leaves_whole_shards_only(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    import resource

    build_shards(specs[:1], tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(
            BuildError, match=r"shard 1 of 5 .* needs about [\d,]{6,} bytes and the disk takes no more"
        ):
            build_shards(specs, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    left = tree_of(tmp_path)
    assert left.items() <= reference_tree.items()
    assert len([path for path in left if path.startswith(".lomo/")]) == 1


def test_no_space_at_any_write_leaves_nothing_unfinished(
    specs: list[ShardSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, write = [0, 0], PendingFile.write
    unfinished: list[str] = []
    messages: set[str] = set()

    def full(self: PendingFile, data: bytes) -> int:
        calls[0] += 1
        if calls[0] > calls[1]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    monkeypatch.setattr(PendingFile, "write", full)
    spec = replace(specs[0], source=_Empty(), start=0, stop=0)
    stopped = 0
    while len(tree_of(tmp_path / "out")) < 4:
        calls[:] = [0, stopped]
        try:
            build_shards([spec], tmp_path / "out")
        except BuildError as error:
            stopped += 1
            messages.add(str(error))
            left = [path for path in tree_of(tmp_path / "out") if not path.endswith(".parquet")]
            unfinished += left
    assert stopped > 10
    assert unfinished == []
    assert len(messages) == 1
    assert "(No space left on device). Free space, then build again." in messages.pop()


def test_a_folder_that_may_not_be_written_is_named(
    specs: list[ShardSpec], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(_: str, target: str, **descriptors: int) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), target)

    monkeypatch.setattr(os, "replace", deny)
    with pytest.raises(BuildError, match=r"ratio25/train-00000-of-00005\.parquet \(Permission denied\)"):
        build_shards(specs[:1], tmp_path)
    assert tree_of(tmp_path) == {}


def test_a_file_in_the_place_of_a_folder_is_named(specs: list[ShardSpec], tmp_path: Path) -> None:
    (tmp_path / "ratio25").touch()
    with pytest.raises(BuildError, match="ratio25"):
        build_shards(specs, tmp_path)


def test_bytes_that_do_not_read_back_are_not_published(tmp_path: Path) -> None:
    pending = PendingFile(Folder(tmp_path) / "a.bin")
    pending.write(b"abc")
    pending.flush()
    pending.temporary.write_bytes(b"abd")
    with pytest.raises(IntegrityError, match="reads back other bytes"):
        pending.seal()
    pending.abandon()
    assert tree_of(tmp_path) == {}


class _Empty:
    config, digest, repo, revision, extra, split = "empty", "0", None, None, (), "train"

    def conversations(self, start: int, stop: int) -> list[object]:
        return []
