"""A source gives the same rows whatever the format, the slice or the process, and never loses one in silence."""

import gzip
import json
import pickle
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lomo_hf.corpus import Conversation, Refusal, Source, open_corpus
from lomo_hf.corpus.files import json_array, json_lines, parquet, reading
from lomo_hf.errors import SourceError

Row = dict[str, Any]
Writer = Callable[[Path, list[Row]], Path]


def rows(count: int) -> list[Row]:
    """Rows of uneven length, in two scripts, some of them sharing ids, one without."""
    uneven: list[Row] = []
    for i in range(count):
        text = f"第{i}题 “quoted” {{[,]}} \\ {'x' * (i % 7 * 40)}"
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": f"{i}\n"}]
        uneven.append({"id": "same" if i % 5 == 0 else f"r{i}", "messages": turns, "source": "s", "license": "MIT"})
    uneven[1]["id"] = None
    return uneven


def write_jsonl(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in data), encoding="utf-8")
    return path


def write_gz(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows.jsonl.gz"
    path.write_bytes(gzip.compress("".join(json.dumps(row) + "\r\n\r\n" for row in data).encode()))
    return path


def write_json(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows.json"
    path.write_text("\ufeff" + json.dumps(data, ensure_ascii=False, indent=3), encoding="utf-8")
    return path


def write_json_object(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows.json"
    whole = {"version": 1.5, "meta": {"data": [1, 2]}, "data": data, "after": [3]}
    path.write_text(json.dumps(whole, ensure_ascii=False), encoding="utf-8")
    return path


def write_json_lines_called_json(folder: Path, data: list[Row]) -> Path:
    return write_jsonl(folder, data).rename(folder / "rows.json")


def write_parquet(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows.parquet"
    table = pa.Table.from_pylist([{**row, "image": None, "unused": b"\x00"} for row in data])
    pq.write_table(table, path, row_group_size=5)
    return path


def write_folder(folder: Path, data: list[Row]) -> Path:
    path = folder / "rows"
    path.mkdir()
    (path / "README.md").write_text("not rows")
    (path / "dataset_info.json").write_text("{}")
    for name, part in [("b", data[4:11]), ("a", data[:4]), ("c", data[11:])]:
        write_jsonl(path, part).rename(path / f"{name}.jsonl")
    return path


WRITERS = [
    *(write_jsonl, write_gz, write_json, write_json_object),
    *(write_json_lines_called_json, write_parquet, write_folder),
]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block and window so small that a few rows cross their edges."""
    monkeypatch.setattr(json_lines, "_EVERY", 3)
    monkeypatch.setattr(json_array, "_EVERY", 3)
    monkeypatch.setattr(json_array, "_STEP", 7)
    monkeypatch.setattr(parquet, "_BATCH_ROWS", 2)


def everything(source: Source) -> list[Conversation | Refusal]:
    return list(source.conversations(0, len(source)))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("write", WRITERS)
def test_every_format_gives_every_row_to_the_character(write: Writer, tmp_path: Path) -> None:
    data = rows(20)
    source = open_corpus(write(tmp_path, data))
    assert (len(source), source.config) == (20, "default")
    results = everything(source)
    for row, result in zip(data, results, strict=True):
        assert isinstance(result, Conversation)
        assert [{"role": t.role, "content": t.text} for t in result.turns] == row["messages"]
        assert (result.origin.data_source, result.origin.license) == ("s", "MIT")
    names = [result.id for result in results]
    own = ["same~0", "00000001", "r2", "r3", "r4", "same~5", "r6"]
    assert names[:7] == [f"train/{name}" for name in own]  # whatever the file is called
    assert len(set(names)) == 20
    assert [f"train/{row.origin.id}" for row in results if isinstance(row, Conversation)] == names


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("write", WRITERS)
def test_any_partition_equals_the_whole(write: Writer, tmp_path: Path) -> None:
    source = open_corpus(write(tmp_path, rows(20)))
    whole = everything(source)
    raw = list(source.rows(0, 20))
    assert [index for index, _ in raw] == list(range(20))

    @settings(max_examples=25, deadline=None)
    @given(st.sets(st.integers(1, 19)))
    def check(cuts: set[int]) -> None:
        # A worker opens the source itself, from what was pickled.
        worker: Source = pickle.loads(pickle.dumps(source))
        edges = [0, *sorted(cuts), 20]
        assert [r for a, b in pairwise(edges) for r in worker.conversations(a, b)] == whole
        assert [r for a, b in pairwise(edges) for r in worker.rows(a, b)] == raw

    check()
    assert list(source.conversations(18, 99)) == whole[18:]
    assert list(source.conversations(20, 30)) == []
    assert list(source.conversations(5, 5)) == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text('a"\\[]{},: \n题\u2028'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(json_values, max_size=8), st.booleans(), st.sampled_from([None, 1]))
@pytest.mark.usefixtures("small_blocks")
def test_a_json_array_reads_as_the_json_module_reads_it(
    tmp_path: Path, values: list[Any], ascii_only: bool, indent: int | None
) -> None:
    path = tmp_path / "any.json"
    path.write_text(json.dumps(values, ensure_ascii=ascii_only, indent=indent), encoding="utf-8")
    seen: list[Any] = []
    reader = json_array.JsonArray.scan(path, seen.append, reading.new_digest())
    assert seen == values
    assert [list(reader.read(i, i + 1)) for i in range(reader.rows)] == [[value] for value in values]


def test_the_digest_is_of_the_content_not_of_the_place(tmp_path: Path) -> None:
    data = rows(20)
    for name in "abc":
        (tmp_path / name).mkdir()
    first = open_corpus(write_jsonl(tmp_path / "a", data))
    moved = open_corpus(write_jsonl(tmp_path / "b", data).rename(tmp_path / "b" / "other.jsonl"))
    changed = open_corpus(write_jsonl(tmp_path / "c", [*data[:-1], {**data[-1], "id": "x"}]))
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a" / "rows.jsonl").read_bytes()))
    assert first.digest == moved.digest == open_corpus(packed).digest != changed.digest
    assert [row.id for row in everything(moved)] == [row.id for row in everything(first)]


def test_broken_lines_are_counted_and_blank_lines_are_no_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_ROW_BYTES", 2000)
    good = json.dumps(rows(2)[0]).encode()
    deep, digits = b"[" * 1900, b"1" * 1900
    lines = [
        *(good, b"", b"   \t", b"{broken", b"\xff\xfe", deep, b'{"id": ' + digits * 3 + b"}", good, b"[1]"),
        *(b'{"prompt": "\\ud800", "answer": "a"}', b" " * 5000, b"null", good),
    ]
    path = tmp_path / "dirty.jsonl"
    path.write_bytes(b"\n".join(lines))
    source = open_corpus(path)
    results = everything(source)
    reasons = [result.reason if isinstance(result, Refusal) else "ok" for result in results]
    assert reasons == [
        *("ok", "json", "encoding", "json", "too-long", "ok", "dialect", "surrogate", "too-long", "dialect", "ok"),
    ]
    assert isinstance(results[1], Refusal)
    assert results[1].detail.startswith("Line 4 is not JSON")
    assert isinstance(results[4], Refusal)
    assert results[4].detail.startswith("Line 7 has more than")
    assert len({result.id for result in results}) == len(results)
    assert [index for index, _ in source.rows(0, 99)] == [0, 5, 7, 10]
    assert [r for i in range(len(source)) for r in source.conversations(i, i + 1)] == results


def test_parquet_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    bad = pa.array([b"fine", b"\xff\xfe", b"good"]).view(pa.string())
    pq.write_table(pa.table({"prompt": bad, "answer": ["a", "b", "c"]}), tmp_path / "x.parquet")
    results = everything(open_corpus(tmp_path / "x.parquet"))
    assert [r.reason if isinstance(r, Refusal) else r.turns[0].text for r in results] == ["fine", "encoding", "good"]


def test_parquet_reads_image_columns_as_the_hub_stores_them(tmp_path: Path) -> None:
    data = [
        {"id": 1, "image": None, "conversations": [{"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}]},
        {"id": 2, "image": {"bytes": b"\x89", "path": None}, "conversations": [{"from": "human", "value": "q"}]},
    ]
    pq.write_table(pa.Table.from_pylist(data), tmp_path / "x.parquet")
    text, image = everything(open_corpus(tmp_path / "x.parquet", config="a/b\n", repo="org/name", revision="r"))
    assert isinstance(text, Conversation)
    assert isinstance(image, Refusal)
    assert (text.id, text.origin.repo, text.origin.revision) == ("a_b\\x0a/1", "org/name", "r")
    assert (image.id, image.reason) == ("a_b\\x0a/2", "image-row")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.jsonl", None, "does not exist"),
        ("notes.txt", b"words", "no known format"),
        ("empty.jsonl", b"\n\n", "holds no rows"),
        ("text.jsonl", b'{"text": "t", "url": "u"}\n' * 200, "None of the first 100 rows.*text, url"),
        ("prose.jsonl", b"Once upon a time\nthere was\n", "not JSON"),
        ("broken.json", b'[{"prompt": "q", "answer": "a"}, {"prompt": ', "is not JSON"),
        ("cut.json", b'[{"prompt": "q", "answer": "a"}', "lacks"),
        ("more.json", b'[{"prompt": "q", "answer": "a"}][]', "goes on after the end"),
        ("other.json", b'{"version": 1,\n "examples": [1]}', "data.*rows"),
        ("number.json", b"12", "neither an array nor an object"),
        ("deep.json", b"[" * 100_000, "nested"),
        ("bad.parquet", b"PAR1 not really", "Parquet"),
        ("bad.jsonl.gz", b"not gzip", "not a whole packed file"),
        (
            "cut.jsonl.gz",
            gzip.compress(b'{"prompt": "q", "answer": "a"}\n' * 99, mtime=0)[:-9],
            "not a whole packed file",
        ),
    ],
)
def test_what_cannot_be_opened_names_the_remedy(name: str, content: bytes | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=says) as caught:
        open_corpus(tmp_path / name)
    assert str(caught.value).rstrip("'\"").endswith((".", "]}."))


def test_parquet_without_turns_names_its_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["t"], "url": ["u"]}), tmp_path / "x.parquet")
    with pytest.raises(SourceError, match=r"columns are \[text, url\]"):
        open_corpus(tmp_path / "x.parquet")


def test_folders_that_leave_a_doubt_are_not_guessed_at(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="holds no files of rows"):
        open_corpus(tmp_path)
    (tmp_path / "config_a").mkdir()
    with pytest.raises(SourceError, match="config_a"):
        open_corpus(tmp_path)
    write_jsonl(tmp_path, rows(2))
    write_parquet(tmp_path, rows(2))
    with pytest.raises(SourceError, match="JSON Lines and Parquet"):
        open_corpus(tmp_path)


@pytest.mark.parametrize("write", [write_jsonl, write_json, write_parquet])
def test_a_file_that_changed_after_planning_is_not_read(write: Writer, tmp_path: Path) -> None:
    path = write(tmp_path, rows(20))
    source = open_corpus(path)
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(SourceError, match="changed after"):
        list(source.conversations(3, 5))
    path.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        list(source.conversations(3, 5))


def test_ids_do_not_depend_on_how_a_file_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = rows(9)
    (tmp_path / "folder").mkdir()
    plain = write_jsonl(tmp_path / "folder", data)
    (tmp_path / "link.jsonl").symlink_to(plain)
    (tmp_path / "other").mkdir()
    packed = tmp_path / "packed.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    monkeypatch.chdir(tmp_path / "folder")
    spellings = [plain, str(plain), "rows.jsonl", "./rows.jsonl", "../folder/rows.jsonl", ".", tmp_path / "folder"]
    others = [tmp_path / "link.jsonl", packed, write_parquet(tmp_path / "other", data), write_json(tmp_path, data)]
    opened = [[row.id for row in everything(open_corpus(path))] for path in [*spellings, *others]]
    assert all(ids == opened[0] for ids in opened)
    assert open_corpus("rows.jsonl", config="mine").config == "mine"
    assert next(open_corpus("rows.jsonl", config="mine").conversations(1, 2)).id == "mine/00000001"


def test_rows_with_images_only_are_counted_not_an_error(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path, [{"image": "a.jpg", "prompt": "q", "answer": "a"}] * 3)
    assert [r.reason for r in everything(open_corpus(path)) if isinstance(r, Refusal)] == ["image-row"] * 3


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
@pytest.mark.parametrize("target", ["answer", "system", "id"])
def test_a_mapped_column_that_no_row_has_is_an_error_and_no_silent_loss(
    tmp_path: Path, name: str, target: str
) -> None:
    rows = [{"uid": 1, "q": "2+2?", "gold": "4"}, {"uid": 2, "q": "3+3?", "gold": "6", "rare": "Be terse."}]
    text = json.dumps(rows) if name.endswith(".json") else "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / name).write_text(text)
    mapped = {"prompt": "q", "answer": "gold", "id": "uid"}
    with pytest.raises(SourceError, match=r"has a column \[typo\]; the first row has \[uid, q, gold\]"):
        open_corpus(tmp_path / name, columns={**mapped, target: "typo"})
    source = open_corpus(tmp_path / name, columns={**mapped, "system": "rare"})  # one row that has it is enough
    assert [len(row.turns) for row in source.conversations(0, 2) if isinstance(row, Conversation)] == [2, 3]
