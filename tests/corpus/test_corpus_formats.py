"""Every format that `datasets` writes or that people pack their rows in gives the same rows under the same ids."""

import bz2
import csv
import gzip
import io
import json
import lzma
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lomo_hf.corpus import Conversation, FileSource, JoinedSource, Refusal, open_corpus, open_splits, splits_of
from lomo_hf.corpus.files import reading, tables
from lomo_hf.errors import LomoError, SourceError, UsageError

Row = dict[str, Any]

ROWS: list[Row] = [
    {"id": f"r{number}", "prompt": f'第{number}题: "2 + {number}", what is it?\nSay why.', "answer": f"{2 + number}"}
    for number in range(12)
]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def zstd(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


def delimited(rows: list[Row], delimiter: str = ",") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def arrow(rows: list[Row], *, stream: bool) -> bytes:
    table = pa.Table.from_pylist(rows)
    sink = io.BytesIO()
    opened = pa.ipc.new_stream(sink, table.schema) if stream else pa.ipc.new_file(sink, table.schema)
    with opened as writer:
        writer.write_table(table, max_chunksize=5)
    return sink.getvalue()


FILES: dict[str, bytes] = {
    "rows.jsonl": LINES,
    "rows.jsonl.gz": gzip.compress(LINES),
    "rows.jsonl.bz2": bz2.compress(LINES),
    "rows.jsonl.xz": lzma.compress(LINES),
    "rows.jsonl.zst": zstd(LINES),
    "rows.json.zst": zstd(json.dumps(ROWS).encode()),
    "rows.csv": delimited(ROWS),
    "rows.csv.gz": gzip.compress(b"\xef\xbb\xbf" + delimited(ROWS)),
    "rows.tsv": delimited(ROWS, "\t"),
    "rows.arrow": arrow(ROWS, stream=False),
    "data-00000-of-00001.arrow": arrow(ROWS, stream=True),
}


def everything(source: FileSource | JoinedSource) -> list[Conversation | Refusal]:
    return list(source.conversations(0, len(source)))


def reasons(source: FileSource | JoinedSource) -> list[str]:
    return [row.reason if isinstance(row, Refusal) else "ok" for row in everything(source)]


@pytest.fixture
def wanted(tmp_path: Path) -> list[Conversation | Refusal]:
    (tmp_path / "wanted.jsonl").write_bytes(LINES)
    return everything(open_corpus(tmp_path / "wanted.jsonl"))


@pytest.mark.parametrize("name", FILES)
def test_every_format_gives_the_same_rows_and_any_slice_of_them(
    name: str, wanted: list[Conversation | Refusal], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_ROWS", 2)
    (tmp_path / name).write_bytes(FILES[name])
    source = pickle.loads(pickle.dumps(open_corpus(tmp_path / name)))
    assert everything(source) == wanted
    for start, stop in ((0, 1), (3, 9), (11, 12), (4, 99), (12, 20)):
        assert list(source.conversations(start, stop)) == wanted[start:stop]


def test_what_datasets_saved_is_read_under_the_ids_that_it_has_in_datasets(
    wanted: list[Conversation | Refusal], tmp_path: Path
) -> None:
    rows = datasets.Dataset.from_list(ROWS, split="train")
    rows.save_to_disk(tmp_path / "one", num_shards=3)
    assert everything(open_corpus(tmp_path / "one")) == wanted
    datasets.DatasetDict(train=rows, validation=rows.select(range(3))).save_to_disk(tmp_path / "both")
    both = open_splits(tmp_path / "both")
    assert [part.split for part in splits_of(both)] == ["train", "validation"]
    assert [row.id for row in everything(both)][-1] == "validation/r2"
    rows.select([3, 1]).save_to_disk(tmp_path / "selected")
    assert [row.id for row in everything(open_corpus(tmp_path / "selected"))] == ["train/r3", "train/r1"]
    rows.info.config_name = "gsm8k"
    rows.save_to_disk(tmp_path / "named")
    assert everything(open_corpus(tmp_path / "named"))[0].id == "gsm8k/r0"


def folder_of(tmp_path: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist(ROWS[number : number + 3])
        if name.endswith(".parquet"):
            pq.write_table(table, path)
        else:
            path.write_bytes(b"\n".join(LINES.splitlines()[number : number + 3]))
    return tmp_path


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet"),
        ("data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet"),
        ("train.jsonl", "test.jsonl"),
        ("train/a.jsonl", "test/b.jsonl"),
        ("my_train.jsonl", "eval.jsonl"),
    ],
)
def test_splits_are_never_mixed_and_the_others_are_named(names: tuple[str, ...], tmp_path: Path) -> None:
    folder = folder_of(tmp_path, *names)
    train, test = open_corpus(folder), open_corpus(folder, split="test")
    assert [row.id for row in everything(train)] == ["train/r0", "train/r1", "train/r2"]
    assert [row.id for row in everything(test)] == ["test/r1", "test/r2", "test/r3"]
    assert "not read: test" in train.description
    both = open_splits(folder)
    assert everything(both) == everything(train) + everything(test)
    assert everything(open_splits(folder, ["test"])) == everything(test)
    loaded = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / ".cache"))
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3, "test": 3}


def test_a_split_that_is_not_there_is_a_typo_with_a_suggestion(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "train.jsonl", "test.jsonl")
    with pytest.raises(UsageError, match=r"has no split 'tset'; it has .*Did you mean 'test'"):
        open_corpus(folder, split="tset")
    with pytest.raises(UsageError, match="has no split 'tset'"):
        open_splits(folder, ["train", "tset"])
    with pytest.raises(SourceError, match=r"rows.jsonl, which says no split"):
        open_corpus(folder_of(tmp_path, "train.jsonl", "rows.jsonl"))


def test_the_same_rows_as_other_splits_are_another_source(tmp_path: Path) -> None:
    source = open_splits(folder_of(tmp_path / "one", "train.jsonl", "test.jsonl"))
    other = open_splits(folder_of(tmp_path / "other", "train.jsonl", "validation.jsonl"))
    assert source.digest != other.digest


def test_extra_columns_of_one_split_are_columns_of_all(tmp_path: Path) -> None:
    pair = {"id": 1, "prompt": "2+2?", "chosen": "4", "rejected": "5"}
    (tmp_path / "train.jsonl").write_text(json.dumps(pair) + "\n")
    (tmp_path / "test.jsonl").write_bytes(LINES)
    parts = splits_of(open_splits(tmp_path))
    assert {part.extra for part in parts} == {("prompt", "chosen", "rejected")}


# -- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [gzip.compress, zstd, lzma.compress, bz2.compress])
def test_a_bomb_is_a_counted_refusal_in_bounded_memory(
    pack: Callable[[bytes], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tracemalloc

    monkeypatch.setattr("lomo_hf.corpus.files.json_lines.MAX_ROW_BYTES", 1 << 20)
    ending = {gzip.compress: ".gz", zstd: ".zst", lzma.compress: ".xz", bz2.compress: ".bz2"}[pack]
    path = tmp_path / f"bomb.jsonl{ending}"
    path.write_bytes(pack(LINES.splitlines()[0] + b'\n{"prompt": "' + b"0" * (48 << 20) + b'"}\n' + LINES))
    assert path.stat().st_size < 1 << 16
    tracemalloc.start()
    source = open_corpus(path)
    assert reasons(source) == ["ok", "too-long", *["ok"] * 12]
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()


def test_a_cell_of_ten_megabytes_is_one_refused_row(tmp_path: Path) -> None:
    rows = [ROWS[0], {**ROWS[1], "prompt": "x" * (10 << 20)}, ROWS[2]]
    (tmp_path / "rows.csv").write_bytes(delimited(rows))
    assert reasons(open_corpus(tmp_path / "rows.csv")) == ["ok", "too-long", "ok"]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("cut.arrow", FILES["rows.arrow"][:-40], "not a whole Arrow file"),
        ("cut.arrow", FILES["data-00000-of-00001.arrow"][:-700], "not a whole Arrow file"),
        ("empty.arrow", b"", "not a whole Arrow file"),
        ("noise.arrow", b"ARROW1" + b"\xff" * 200, "not a whole Arrow file"),
        ("cut.jsonl.zst", FILES["rows.jsonl.zst"][:-9], "not a whole packed file|cannot be read"),
        ("noise.jsonl.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 60, "not a whole packed file|cannot be read"),
        ("cut.jsonl.xz", FILES["rows.jsonl.xz"][:-9], "not a whole packed file"),
        ("ragged.csv", b"id,prompt,answer\n1,a,b\n2,a\n", "as many cells"),
        ("twice.csv", b"id,prompt,prompt\n1,a,b\n", "distinct names"),
        ("bare.csv", b"", r"its columns are \[\]"),
        ("binary.csv", b"\xff\xfe\x00id,prompt\n", "does not begin|distinct names|no column"),
        ("long.csv", b"id,prompt,answer\n1," + b"x" * (70 << 20) + b",b\n", "cannot be read as a table|64 MB"),
    ],
)
def test_a_damaged_file_is_one_clear_error(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceError, match=says) as caught:
        everything(open_corpus(tmp_path / name))
    assert len(str(caught.value)) < 1_000


def test_odd_characters_in_cells_are_text_or_a_counted_reason(tmp_path: Path) -> None:
    cells = [b"nul \x00 inside", b"lone \xed\xa0\x80 surrogate", b"latin \xe9", "fine 好".encode()]
    (tmp_path / "rows.csv").write_bytes(b"id,prompt,answer\n" + b"".join(b"1,%b,a\n" % cell for cell in cells))
    assert reasons(open_corpus(tmp_path / "rows.csv")) == ["ok", "encoding", "encoding", "ok"]
    column = pa.array(cells).view(pa.string())
    table = pa.table({"prompt": column, "answer": ["a"] * len(cells)})
    with pa.OSFile(str(tmp_path / "rows.arrow"), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert reasons(open_corpus(tmp_path / "rows.arrow")) == ["ok", "encoding", "encoding", "ok"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("dataset_dict.json", '{"splits": ["../../etc"]}'),
        ("dataset_dict.json", '{"splits": [1]}'),
        ("state.json", '{"_data_files": [{"filename": "../other.arrow"}]}'),
        ("state.json", '{"_data_files": [{"filename": "missing.arrow"}]}'),
        ("state.json", "[" * 100_000),
        ("dataset_info.json", "{"),
    ],
)
def test_what_saved_folders_say_leads_nowhere_else(file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "other.arrow").write_bytes(FILES["rows.arrow"])
    datasets.Dataset.from_list(ROWS).save_to_disk(tmp_path / "saved")
    (tmp_path / "saved" / file).write_text(text)
    with pytest.raises(LomoError):
        open_corpus(tmp_path / "saved")


def test_a_reader_never_holds_more_than_a_row_at_once() -> None:
    assert reading.MAX_ROW_BYTES == 64 << 20
