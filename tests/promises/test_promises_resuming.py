"""P2, P3 and P4 as a machine: whatever is built, interrupted, damaged and built again in whatever order, the end is
the same tree, and no damage is ever taken for a finished shard.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

import pytest
from building.helpers import Harmful, Tree, tree_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from lomo_hf.building import BuiltAlready, Receipt, ShardSpec, build_shards, plan, planning, share_of, trusted_receipt
from lomo_hf.corpus import open_corpus
from lomo_hf.dataset import build_dataset
from lomo_hf.errors import BuildError
from lomo_hf.recipes.named import load_recipe


def _specs() -> list[ShardSpec]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "_MIN_ROWS", 2)
        patch.setattr(planning, "_SHARDS", 4)
        return plan(open_corpus(None), [load_recipe("ratio50")], limit=8)


class Builds(RuleBasedStateMachine):
    """Four shards of two rows; `damaged` holds what was changed behind the back of the build."""

    specs: ClassVar[list[ShardSpec]] = []
    expected: ClassVar[Tree] = {}

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="lomo-machine-"))
        self.out, self.marks = self.folder / "out", self.folder / "marks"
        self.marks.mkdir()
        if not Builds.expected:
            Builds.specs = _specs()
            build_shards(Builds.specs, self.folder / "expected")
            Builds.expected = tree_of(self.folder / "expected")

    @rule(index=st.integers(0, 2))
    def build_a_share(self, index: int) -> None:
        build_shards(share_of(self.specs, index, 3), self.out)

    @rule(row=st.integers(0, 7))
    def interrupt_at(self, row: int) -> None:
        for mark in self.marks.iterdir():
            mark.unlink()
        harmful = [replace(spec, source=Harmful(spec.source, "interrupt", row, self.marks)) for spec in self.specs]
        shard = next(spec for spec in self.specs if spec.start <= row < spec.stop)
        if trusted_receipt(shard, self.out):
            build_shards(harmful, self.out)
        else:
            with pytest.raises(KeyboardInterrupt):
                build_shards(harmful, self.out)
            assert not list(self.out.rglob("*.tmp"))

    @rule(which=st.integers(0, 99), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def flip_a_bit(self, which: int, place: float, bit: int) -> None:
        path = self._some_file(which)
        if path is None:
            return
        data = bytearray(path.read_bytes())
        data[int(place * len(data))] ^= 1 << bit
        path.write_bytes(data)
        self._assert_not_taken_for_whole(path)

    @rule(which=st.integers(0, 99))
    def truncate(self, which: int) -> None:
        path = self._some_file(which)
        if path is not None:
            path.write_bytes(path.read_bytes()[:-1])
            self._assert_not_taken_for_whole(path)

    @rule(which=st.integers(0, 99), other=st.integers(0, 99))
    def swap(self, which: int, other: int) -> None:
        path, other_path = self._some_file(which), self._some_file(other)
        if path is not None and other_path is not None and path != other_path:
            first, second = path.read_bytes(), other_path.read_bytes()
            path.write_bytes(second)
            other_path.write_bytes(first)
            self._assert_not_taken_for_whole(path)

    @rule(which=st.integers(0, 99))
    def delete(self, which: int) -> None:
        path = self._some_file(which)
        if path is not None:
            path.unlink()
            self._assert_not_taken_for_whole(path)

    @rule()
    def assemble(self) -> None:
        """What is taken as finished by another machine is exactly what is whole."""
        whole = self.out.exists() and tree_of(self.out) == self.expected
        if whole:
            assert len(BuiltAlready()(self.specs, self.out, None)) == 4
        else:
            with pytest.raises(BuildError, match="are not built"):
                BuiltAlready()(self.specs, self.out, None)

    def teardown(self) -> None:
        build_shards(self.specs, self.out)
        assert tree_of(self.out) == self.expected
        shutil.rmtree(self.folder)

    def _some_file(self, which: int) -> Path | None:
        files = sorted(path for path in self.out.rglob("*") if path.is_file() and path.stat().st_size)
        return files[which % len(files)] if files else None

    def _assert_not_taken_for_whole(self, path: Path) -> None:
        name = path.relative_to(self.out).as_posix()
        trusted = {spec.index for spec in self.specs if trusted_receipt(spec, self.out)}
        damaged = {
            spec.index
            for spec in self.specs
            if name in (spec.shard_path(spec.recipes[0]), f".lomo/receipts/{spec.digest}.json")
        }
        # A bit flipped twice is as it was.
        digest = tree_of(self.out).get(name)
        assert digest == self.expected[name] or not trusted & damaged


TestBuilds = Builds.TestCase
TestBuilds.settings = settings(max_examples=8, stateful_step_count=8, deadline=None)


def test_a_build_killed_before_its_first_shard_was_done_goes_on(tmp_path: Path) -> None:
    """The folder then holds a piece of a shard and no receipt, and is ours all the same."""

    def killed(specs: Sequence[ShardSpec], out: Path, on_rows: Callable[[int], None] | None) -> list[Receipt] | None:
        (out / "ratio50").mkdir()
        (out / "ratio50" / ".train-00000-of-00001.parquet.00000000-1.tmp").touch()
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        build_dataset(None, ["ratio50"], out, limit=3, engine=killed)
    assert build_dataset(None, ["ratio50"], out, limit=3).counts["ratio50"].rows == 3


def test_every_kth_flipped_byte_of_a_shard_and_of_its_receipt_is_found(tmp_path: Path) -> None:
    spec = _specs()[0]
    build_shards([spec], tmp_path)
    assert trusted_receipt(spec, tmp_path)
    for path in [path for path in tmp_path.rglob("*") if path.is_file()]:
        data = path.read_bytes()
        for at in range(0, len(data), max(1, len(data) // 150)):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            assert trusted_receipt(spec, tmp_path) is None, (path.name, at)
        path.write_bytes(data)
    assert trusted_receipt(spec, tmp_path)
