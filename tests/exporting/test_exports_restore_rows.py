"""What is exported is what is stored: every row, its turns, its places and its images, byte for byte."""

import io
import json
import struct
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from exporting.export_readers import READERS, expected, samples
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lomo_hf.exporting import FORMATS, export_dataset
from lomo_hf.exporting.tarring import SampleTar, json_line
from lomo_hf.storage import named_file

FORMS = sorted(FORMATS)


def test_every_format_has_a_reader() -> None:
    assert set(READERS) == set(FORMATS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("config", ["ratio50", "multispan50"])
def test_a_reader_restores_every_row(
    built: Path, stored: dict[str, list[dict[str, Any]]], tmp_path: Path, form: str, config: str
) -> None:
    report = export_dataset(built, tmp_path / "out", config=config, form=form, shard_bytes=200_000)
    rows = [expected(row) for row in stored[config]]
    assert list(READERS[form](tmp_path / "out")) == rows
    assert (report.rows, report.images) == (len(rows), sum(len(images) for _, _, images in rows))
    assert report.parts > 1
    assert 0 < sum(not images for _, _, images in rows) < len(rows)


@pytest.mark.parametrize("form", FORMS)
def test_a_limit_takes_the_first_rows(
    built: Path, stored: dict[str, list[dict[str, Any]]], tmp_path: Path, form: str
) -> None:
    export_dataset(built, tmp_path / "out", form=form, limit=33)
    assert list(READERS[form](tmp_path / "out")) == [expected(row) for row in stored["ratio50"][:33]]


def test_llava_images_open_and_their_paths_stay_inside(built: Path, tmp_path: Path) -> None:
    export_dataset(built, tmp_path / "out", config="multispan50", form="llava-jsonl", shard_bytes=200_000)
    listed = [
        path
        for line in (tmp_path / "out" / "rows.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
        for path in json.loads(line).get("images", [])
    ]
    written = [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png")]
    assert sorted(listed) == sorted(written)
    for path in listed:
        with Image.open(tmp_path / "out" / path) as image:
            image.load()
            assert image.mode == "L"


def test_the_entry_of_a_llava_export_names_its_columns_and_tags(built: Path, tmp_path: Path) -> None:
    export_dataset(built, tmp_path / "out")
    (entry,) = json.loads((tmp_path / "out" / "dataset_info.json").read_text()).values()
    row = json.loads((tmp_path / "out" / entry["file_name"]).read_text(encoding="utf-8").split("\n")[0])
    assert entry["columns"]["images"] in row
    first = row[entry["columns"]["messages"]][0]
    assert set(first) == {entry["tags"]["role_tag"], entry["tags"]["content_tag"]}
    assert first["from"] in {entry["tags"]["user_tag"], entry["tags"]["system_tag"]}


@pytest.mark.parametrize("form", ["webdataset", "energon"])
def test_keys_are_unique_sorted_and_hold_no_dot(built: Path, tmp_path: Path, form: str) -> None:
    export_dataset(built, tmp_path / "out", form=form, shard_bytes=200_000)
    keys = [key for key, _ in samples(tmp_path / "out")]
    assert keys == sorted(set(keys))
    assert all(key.isascii() and key.isdigit() for key in keys)


@pytest.mark.parametrize("form", ["webdataset", "energon"])
def test_headers_say_nothing_of_the_time_or_the_machine(built: Path, tmp_path: Path, form: str) -> None:
    export_dataset(built, tmp_path / "out", form=form)
    with tarfile.open(tmp_path / "out" / "train-00000.tar") as tar:
        members = tar.getmembers()
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode, m.isreg()) for m in members} == {
        (0, 0, 0, "", "", 0o644, True)
    }


@pytest.mark.parametrize("form", ["webdataset", "energon"])
def test_energon_is_told_how_many_samples_and_where_each_begins(built: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    export_dataset(built, out, form=form, shard_bytes=200_000)
    counts = json.loads((out / ".nv-meta" / ".info.json").read_text())["shard_counts"]
    assert yaml.safe_load((out / ".nv-meta" / ".info.yaml").read_text())["shard_counts"] == counts
    split = yaml.safe_load((out / ".nv-meta" / "split.yaml").read_text())["split_parts"]
    assert split["train"] == list(counts) == sorted(path.name for path in out.glob("*.tar"))
    for name, count in counts.items():
        offsets = [offset for (offset,) in struct.iter_unpack("<Q", (out / f"{name}.idx").read_bytes())]
        with tarfile.open(out / name) as tar:
            members = tar.getmembers()
        firsts = [m.offset for m in members if m.name.endswith(".json")]
        assert offsets[:-1] == firsts
        assert len(firsts) == count
        last = members[-1]
        assert offsets[-1] == last.offset_data + -(-last.size // 512) * 512


@pytest.mark.parametrize("form", ["webdataset", "energon"])
def test_sample_loaders_give_a_row_in_reading_order(
    built: Path, stored: dict[str, list[dict[str, Any]]], tmp_path: Path, form: str
) -> None:
    export_dataset(built, tmp_path / "out", config="multispan50", form=form)
    loader: dict[str, Any] = {}
    exec((tmp_path / "out" / ".nv-meta" / "sample_loader.py").read_text(), loader)
    for (key, sample), row in zip(samples(tmp_path / "out"), stored["multispan50"], strict=True):
        decoded = {**sample, "json": json.loads(sample["json"]), "__key__": key, "__restore_key__": ("Webdataset", 0)}
        given = loader["sample_loader"](decoded)
        _, turns, images = expected(row)
        if form == "energon":
            sequence = given["sequence"]
            assert [piece for piece in sequence if isinstance(piece, bytes)] == images
            joined = "".join("<image>" if isinstance(piece, bytes) else piece for piece in sequence)
            assert joined == "".join(text for _, text in turns)
        else:
            assert (given["image"] or []) == images
            assert [(t["role"], t["content"]) for t in given["messages"]] == [t for t in turns if t[0] != "system"]


@settings(max_examples=30, deadline=None)  # each is synced to the disk
@given(st.lists(st.tuples(st.binary(max_size=1500), st.binary(max_size=20)), max_size=5))
def test_a_tar_holds_what_was_added(
    tmp_path_factory: pytest.TempPathFactory, contents: list[tuple[bytes, bytes]]
) -> None:
    path = tmp_path_factory.mktemp("tar") / "a.tar"
    with SampleTar(named_file(path)) as writing:
        for number, (json_bytes, image) in enumerate(contents):
            writing.add(f"{number:09d}", {"json": json_bytes, "0.png": image})
        writing.publish()
    # The standard library's own writer gives the same bytes.
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for number, pair in enumerate(contents):
            for name, data in zip(("json", "0.png"), pair, strict=True):
                info = tarfile.TarInfo(f"{number:09d}.{name}")
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    assert path.read_bytes() == buffer.getvalue()


@given(st.dictionaries(st.text(), st.text()))
def test_a_line_of_json_is_one_line_whatever_is_in_it(values: dict[str, str]) -> None:
    line = json_line({"a": "\u2028\u2029\x85\r\n", **values})
    assert len(line.decode().splitlines()) == 1
    assert json.loads(line) == {"a": "\u2028\u2029\x85\r\n", **values}
