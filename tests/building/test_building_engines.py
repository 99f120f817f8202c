"""Machines that share the shards leave what one machine builds; nothing is assembled while a shard is missing."""

import platform
from hashlib import blake2b
from pathlib import Path

import fsspec
import pytest
from building.helpers import Tree, tree_of

from lomo_hf.building import BuiltAlready, LocalEngine, Receipt, ShardSpec, share_of
from lomo_hf.building.engines.datatrove import DatatroveEngine, ShardStep
from lomo_hf.building.engines.remote import fetch_shards, send_shard
from lomo_hf.building.resume import receipt_path, sealed
from lomo_hf.errors import BuildError, UsageError


def test_shares_of_three_machines_are_the_shards_of_one(
    specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    shares = [share_of(specs, index, 3) for index in range(3)]
    assert sorted(spec.index for share in shares for spec in share) == [0, 1, 2, 3, 4]
    for share in reversed(shares):
        LocalEngine()(share, tmp_path, None)
    assert tree_of(tmp_path) == reference_tree


def test_what_others_built_is_taken_and_what_is_missing_is_named(built: Path, specs: list[ShardSpec]) -> None:
    host = blake2b(b"another machine", digest_size=4).hexdigest()
    assert host != blake2b(platform.node().encode(), digest_size=4).hexdigest()
    left = built / "ratio50" / f".train-00001-of-00005.parquet.{host}-1.tmp"
    left.touch()
    receipts = BuiltAlready()(specs, built, None)
    assert [receipt.index for receipt in receipts] == [0, 1, 2, 3, 4]
    assert not left.exists()
    for index in (1, 3):
        (built / "ratio50" / f"train-{index:05d}-of-00005.parquet").unlink()
    with pytest.raises(BuildError, match=r"2 of 5 shards are not built, .* \(1, 3\)\. Build them with --shard-index"):
        BuiltAlready()(specs, built, None)


@pytest.mark.parametrize(("index", "count"), [(-1, 3), (3, 3), (0, 0)])
def test_a_share_that_cannot_be_is_refused(index: int, count: int, specs: list[ShardSpec]) -> None:
    with pytest.raises(BuildError, match="shard-index must be from 0 to num-shards - 1"):
        share_of(specs, index, count)


def test_shards_go_to_a_remote_folder_and_come_back_whole(
    reference: Path, specs: list[ShardSpec], tmp_path: Path, reference_tree: Tree
) -> None:
    remote = "memory://lomo-tests/shards"
    for spec in specs:
        note = reference / receipt_path(spec.digest)
        send_shard(Receipt.from_json(note.read_text()), reference, remote)
    fetch_shards(specs, remote, tmp_path)
    assert tree_of(tmp_path) == reference_tree


def test_a_remote_receipt_that_names_a_file_elsewhere_is_not_followed(
    reference: Path, specs: list[ShardSpec], tmp_path: Path
) -> None:
    remote, spec = "memory://lomo-tests/false", specs[0]
    true = (reference / receipt_path(spec.digest)).read_text()
    receipt = sealed(Receipt.from_json(true.replace("ratio50/train", "../../ratio50/train")))
    system, root = fsspec.core.url_to_fs(remote)
    system.pipe_file(f"{root}/{receipt_path(spec.digest)}", receipt.encode())
    fetch_shards([spec], remote, tmp_path / "a" / "b")
    assert tree_of(tmp_path) == {}


def test_a_step_tells_of_itself_in_one_line_without_paths(specs: list[ShardSpec]) -> None:
    assert repr(ShardStep(tuple(specs), "/somewhere")) == "lomo_hf: 5 shards"


def test_an_executor_that_is_none_is_refused(specs: list[ShardSpec], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="executor must be one of local, slurm, ray, jobs; found 'sge'"):
        DatatroveEngine("sge").pipeline(specs, tmp_path)
