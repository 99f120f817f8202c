"""A folder on which work was stopped, at whatever moment, or that was damaged, loses nothing that was in it."""

import json
import os
from pathlib import Path

import pytest

from lomo_hf.building import BuiltAlready
from lomo_hf.corpus import open_corpus
from lomo_hf.dataset import build_dataset, read_manifest, record_audit, refresh_card, verify_dataset
from lomo_hf.dataset.card import companions
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import BuildError, IntegrityError
from lomo_hf.storage.atomic import _host

pytestmark = pytest.mark.usefixtures("plots_once")
Tree = dict[str, bytes]


def tree(folder: Path) -> Tree:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def build(folder: Path, recipe: str = "nodistort50") -> None:
    build_dataset(None, [recipe], folder, limit=12)


@pytest.fixture
def stopping(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Whoever writes a card is stopped in the middle of it."""

    def stop(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(companions, "card_text", stop)
    return monkeypatch


def test_a_build_stopped_at_its_card_forgets_no_config_of_an_earlier_build(
    small: Path, stopping: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        build(small, "ratio25")
    assert not (small / "manifest.json").exists()
    stopping.undo()
    build(small, "ratio25")
    assert verify_dataset(small).contents.configs == ["nodistort50", "ratio25"]
    assert not (small / ".lomo").exists()


def test_a_card_stopped_in_the_middle_is_finished_by_the_same_command(
    small: Path, stopping: pytest.MonkeyPatch
) -> None:
    before = tree(small)
    with pytest.raises(KeyboardInterrupt):
        refresh_card(small)
    with pytest.raises(IntegrityError, match=r"no manifest.json"):
        verify_dataset(small)
    stopping.undo()
    refresh_card(small)
    assert tree(small) == before
    assert not (small / ".lomo").exists()


def test_a_card_stopped_in_the_middle_is_no_end_to_building(small: Path, stopping: pytest.MonkeyPatch) -> None:
    before = tree(small)
    with pytest.raises(KeyboardInterrupt):
        refresh_card(small)
    stopping.undo()
    build(small)
    assert tree(small) == before


def test_a_card_leaves_the_receipts_of_a_build_in_work_alone(small: Path) -> None:
    build_dataset(None, ["ratio25"], small, limit=12, share=(0, 1))
    receipts = sorted((small / ".lomo" / "receipts").iterdir())
    refresh_card(small)
    assert sorted((small / ".lomo" / "receipts").iterdir()) == receipts
    assert read_manifest(small)


def test_another_build_that_ended_meanwhile_keeps_its_config(small: Path, tmp_path: Path) -> None:
    folder = tmp_path / "both"
    began: list[int] = []

    def meanwhile(done: int, total: int) -> None:
        if not began:
            began.append(done)
            build(folder, "ratio25")

    build_dataset(None, ["nodistort50"], folder, limit=12, progress=meanwhile)
    assert set(verify_dataset(folder).contents.configs) == {"nodistort50", "ratio25"}


def test_a_build_that_ends_leaves_the_receipts_of_another_that_is_in_work(small: Path) -> None:
    build_dataset(None, ["ratio25"], small, limit=12, share=(0, 1))
    build(small, "ratio75")
    with pytest.raises(IntegrityError, match=r"ratio25/train-00000-of-00001\.parquet is not in the manifest.* unless"):
        verify_dataset(small)
    build_dataset(None, ["ratio25"], small, limit=12, engine=BuiltAlready())
    assert verify_dataset(small).contents.configs == ["nodistort50", "ratio75", "ratio25"]
    assert not (small / ".lomo").exists()


def test_a_corpus_under_another_name_does_not_mix_into_a_folder(tmp_path: Path) -> None:
    rows = [{"id": n, "prompt": "Why is the sky blue? Say it in words.", "answer": "So."} for n in range(3)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    build_dataset(open_corpus(tmp_path / "rows.jsonl", config="one"), ["nodistort50"], tmp_path / "out")
    with pytest.raises(BuildError, match="or from one of another name"):
        build_dataset(open_corpus(tmp_path / "rows.jsonl", config="two"), ["ratio25"], tmp_path / "out")


def test_what_a_killed_writer_left_of_card_and_pictures_is_swept(small: Path) -> None:
    before = tree(small)
    for name in ("README.md", "manifest.json", "assets/preview.png"):
        final = small / name
        final.with_name(f".{final.name}.{_host()}-999999999.tmp").write_bytes(b"half")
    build(small)
    assert tree(small) == before


@pytest.mark.parametrize("name", ["README.md", "audit.json"])
def test_bytes_that_are_no_text_stop_no_build(small: Path, name: str) -> None:
    before = tree(small)
    (small / name).write_bytes(before.get(name, b"")[:4_000] + b"\xff" + before.get(name, b"")[4_001:])
    build(small)
    assert tree(small) == before


def test_a_manifest_with_a_flipped_bit_is_not_taken_over_under_a_new_seal(small: Path) -> None:
    manifest = small / "manifest.json"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace('"rewritten": ', '"rewritten": 1', 1), encoding="utf-8")
    for work in (lambda: build(small), lambda: build(small, "ratio25"), lambda: refresh_card(small)):
        with pytest.raises(IntegrityError, match=r"changed since it was written.* Build into another folder"):
            work()
    assert not (small / "ratio25").exists()


@pytest.mark.parametrize("part", ["files", "shards", "digest"])
def test_no_path_of_a_manifest_leads_out_of_the_folder(small: Path, part: str) -> None:
    outside = small.parent / "outside.json"
    outside.write_text("mine")
    document = json.loads((small / "manifest.json").read_text(encoding="utf-8"))
    record = {"path": "assets/../../outside.json", "bytes": 4, "sha256": "0"}
    if part == "files":
        document["files"].append(record)
    elif part == "shards":
        document["shards"][0]["sidecars"]["other"] = {**record, "path": "../outside.json", "rows": 0}
    else:
        document["shards"][0]["spec_digest"] = "../../../outside"
    (small / "manifest.json").write_text(sealed(document))
    for work in (lambda: build(small), lambda: refresh_card(small), lambda: read_manifest(small)):
        with pytest.raises(IntegrityError, match=r"manifest\.json"):
            work()
    assert outside.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("name", ["nodistort50", "assets"])
def test_nothing_is_built_through_a_link_that_no_release_could_follow(small: Path, name: str) -> None:
    elsewhere = small.parent / "elsewhere"
    (small / name).rename(elsewhere)
    (small / name).symlink_to(elsewhere)
    before = tree(elsewhere)
    with pytest.raises(BuildError, match=rf"{name} in 'small' must be a folder of its own"):
        build(small)
    assert tree(elsewhere) == before


def test_verify_sends_nobody_to_a_build_that_would_refuse(small: Path) -> None:
    (small / "manifest.json").unlink()
    with pytest.raises(IntegrityError, match="build into a new one"):
        verify_dataset(small)
    with pytest.raises(BuildError, match="Name another"):
        build(small)
    (small / "manifest.json").mkdir()
    with pytest.raises(IntegrityError, match="build into another"):
        verify_dataset(small)


def test_a_folder_named_like_a_shard_stops_no_build(small: Path) -> None:
    (small / "nodistort50" / "train-old").mkdir()
    build(small)
    verify_dataset(small)


def test_an_audit_stopped_at_the_card_can_be_recorded_again(small: Path, stopping: pytest.MonkeyPatch) -> None:
    from lomo_hf.auditing import audit_dataset

    report = audit_dataset(small, no_source=True, sample=1).to_json()
    with pytest.raises(KeyboardInterrupt):
        record_audit(small, report)
    stopping.undo()
    record_audit(small, audit_dataset(small, no_source=True, sample=1).to_json())
    verify_dataset(small)


def test_a_folder_whose_name_is_no_text_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="out must be a name in UTF-8"):
        build(tmp_path / "a\udcffb")
    assert not list(tmp_path.iterdir())
