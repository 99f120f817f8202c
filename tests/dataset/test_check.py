"""`lomo check` finds what would break: each damage was done to a good folder, and is found by its own sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from datasets import load_dataset
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from lomo_hf.cli import main
from lomo_hf.dataset import BuildReport, HubRepo, check_dataset
from lomo_hf.dataset.checks.inspected import matching
from lomo_hf.errors import SourceError

SHARD = "ratio50/train-00000-of-00001.parquet"
Damage = Callable[[Path], object]


def says(folder: Path) -> list[tuple[str, str]]:
    return [(finding.severity, finding.says) for finding in check_dataset(folder).findings]


def front(change: Callable[[dict[str, Any]], object]) -> Damage:
    """Damage to the front matter."""

    def damage(folder: Path) -> None:
        card = folder / "README.md"
        _, text, body = card.read_text(encoding="utf-8").split("---\n", 2)
        metadata = yaml.safe_load(text)
        change(metadata)
        card.write_text(f"---\n{yaml.safe_dump(metadata, sort_keys=False)}---\n{body}", encoding="utf-8")

    return damage


def text(old: str, new: str) -> Damage:
    """Damage to the card's text."""

    def damage(folder: Path) -> None:
        card = folder / "README.md"
        content = card.read_text(encoding="utf-8")
        assert old in content
        card.write_text(content.replace(old, new, 1), encoding="utf-8")

    return damage


def add(path: str, data: bytes = b"x") -> Damage:
    return lambda folder: (folder / path).write_bytes(data)


def rewrite(change: Callable[[pa.Table], pa.Table], **options: Any) -> Damage:
    """Damage to a shard."""

    def damage(folder: Path) -> None:
        table = change(pq.read_table(folder / SHARD))
        pq.write_table(table, folder / SHARD, **{"write_page_index": True, "row_group_size": 100, **options})

    return damage


def truncate(folder: Path) -> None:
    (folder / SHARD).write_bytes((folder / SHARD).read_bytes()[:-100])


def lengthen(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    for row in rows[7:9]:
        row["messages"][0]["content"].insert(0, {"type": "text", "text": "x" * 150_000})
    return pa.Table.from_pylist(rows, schema=table.schema)


def spoil_pictures(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    rows[3]["images"] = [{"bytes": b"\x89PNG but no more", "path": None}]
    return pa.Table.from_pylist(rows, schema=table.schema)


def sort_rows(table: pa.Table) -> pa.Table:
    rows = [row for row in table.to_pylist() if row["rewritten"]]
    kept = [row for row in table.to_pylist() if not row["rewritten"]]
    return pa.Table.from_pylist(rows * 40 + kept * 40, schema=table.schema)


def shorten_ids(table: pa.Table) -> pa.Table:
    ids = pa.array([f"{index:0{4 + index % 2}d}" for index in range(table.num_rows)])
    return table.set_column(table.schema.get_field_index("source_id"), "source_id", ids)


def add_a_turn(table: pa.Table) -> pa.Table:
    rows = table.to_pylist()
    rows[5]["messages"].insert(0, {"role": "system", "content": [{"type": "text", "text": "Be brief."}]})
    return pa.Table.from_pylist(rows, schema=table.schema)


def with_nulls_for_none(table: pa.Table) -> pa.Table:
    """Pages of a row as the first version stored them: null or one, and two in one row."""
    rows = table.to_pylist()
    first = next(row for row in rows if row["images"])
    first["images"] *= 2
    return pa.Table.from_pylist(rows, schema=table.schema)


def in_new_words(table: pa.Table) -> pa.Table:
    from lomo_hf.row_columns import row_features

    return table.replace_schema_metadata(row_features().arrow_schema.metadata)


DAMAGES: list[tuple[str, str, Damage]] = [
    ("breaks", "There is no README.md", lambda folder: (folder / "README.md").unlink()),
    ("breaks", "does not begin with metadata", lambda folder: (folder / "README.md").write_text("# Hello")),
    ("breaks", "empty or not UTF-8", lambda folder: (folder / "README.md").write_bytes(b"---\n\xff\n---\n")),
    ("breaks", "takes 10 MB of text", lambda folder: (folder / "README.md").write_bytes(b"x" * (10 << 20) + b"x")),
    ("breaks", "the key 'license' twice", text("license:\n", "license: mit\nlicense:\n")),
    ("breaks", "the key 'default' twice", text("  default: true\n", "  default: true\n  default: true\n")),
    ("breaks", "no YAML that the Hub takes", text("language:", "language: [")),
    ("warns", "declares no license", front(lambda metadata: metadata.pop("license"))),
    ("warns", "knows no license 'Apache'", front(lambda metadata: metadata.update(license="Apache"))),
    ("warns", "needs a `license_name`", front(lambda metadata: metadata.update(license="other"))),
    ("warns", "knows no task 'reading'", front(lambda metadata: metadata.update(task_categories=["reading"]))),
    ("warns", "'english' is no language code", front(lambda metadata: metadata.update(language=["english"]))),
    ("warns", "'False' is no language code", text("- en\n", "- no\n")),
    ("warns", "knows no size 'n<100'", front(lambda metadata: metadata.update(size_categories=["n<100"]))),
    ("warns", "75 rows, which is 'n<1K'", front(lambda metadata: metadata.update(size_categories=["1K<n<10K"]))),
    ("breaks", "declares no `configs:`", front(lambda metadata: metadata.pop("configs"))),
    (
        "breaks",
        "'ratio50' is declared 2 times",
        front(lambda metadata: metadata["configs"].append(dict(metadata["configs"][0]))),
    ),
    (
        "breaks",
        "cannot be a folder of the cache",
        front(lambda metadata: metadata["configs"][0].update(config_name="a/b")),
    ),
    (
        "breaks",
        "2 configs are flagged as default",
        front(lambda metadata: metadata["configs"][1].update(default=True)),
    ),
    ("warns", "No config is the default", front(lambda metadata: metadata["configs"][0].pop("default"))),
    (
        "breaks",
        "matches no file",
        front(lambda metadata: metadata["configs"][0]["data_files"][0].update(path="ratio51/train-*.parquet")),
    ),
    (
        "breaks",
        "Split 'train-1'",
        front(lambda metadata: metadata["configs"][0]["data_files"][0].update(split="train-1")),
    ),
    (
        "breaks",
        "must hold `split` and `path`",
        front(lambda metadata: metadata["configs"][0]["data_files"][0].update(n=1)),
    ),
    ("breaks", "names no data_files", front(lambda metadata: metadata["configs"][0].pop("data_files"))),
    (
        "breaks",
        "lacks the column 'nothing'",
        front(lambda metadata: metadata["configs"][0].update(columns=["id", "nothing"])),
    ),
    ("breaks", "files of one format; found json", text("ratio25/train-*.parquet", "dataset_info.json")),
    ("breaks", "no readable Parquet file", truncate),
    ("warns", "says nothing of 'ratio50'", front(lambda metadata: metadata["dataset_info"].pop(1))),
    ("warns", "speaks of 'gone'", front(lambda metadata: metadata["dataset_info"].append({"config_name": "gone"}))),
    (
        "breaks",
        "says a config twice",
        front(lambda metadata: metadata["dataset_info"].append(metadata["dataset_info"][0])),
    ),
    (
        "breaks",
        "the card says 76",
        front(lambda metadata: metadata["dataset_info"][0]["splits"][0].update(num_examples=76)),
    ),
    ("warns", "the card says 7.", front(lambda metadata: metadata["dataset_info"][0].update(download_size=7))),
    (
        "breaks",
        "in dataset_info ['test']",
        front(lambda metadata: metadata["dataset_info"][0]["splits"][0].update(name="test")),
    ),
    (
        "breaks",
        "Column 'id' is string",
        front(lambda metadata: metadata["dataset_info"][0]["features"][0].update(dtype="int64")),
    ),
    (
        "breaks",
        "Column 'id' of 'ratio25' is missing",
        front(lambda metadata: metadata["dataset_info"][0]["features"].pop(0)),
    ),
    ("breaks", "cannot be read", front(lambda metadata: metadata["dataset_info"][0].update(features=[{"name": 3}]))),
    ("warns", "shows 'assets/nothing.png'", text("assets/preview.png", "assets/nothing.png")),
    ("warns", "shows 'no.png'", text("## Load", "<img width='3' src='no.png'>\n\n## Load")),
    ("breaks", "lomo-ov15.py is taken for a loading script", add("lomo-ov15.py")),
    ("breaks", "takes the place of the card's metadata", add(".huggingface.yaml")),
    ("warns", "old form of dataset_info", add("dataset_infos.json")),
    ("warns", "belongs to no config", add("stray.parquet")),
    (
        "warns",
        "'x' in dataset_info.json names no config",
        add("dataset_info.json", b'{"x": {"subset": "y"}}'),
    ),
    ("warns", "There is no manifest.json", lambda folder: (folder / "manifest.json").unlink()),
    ("breaks", "is missing, though the manifest names it", lambda folder: (folder / "assets/fold.png").unlink()),
    ("warns", "in the manifest", add("assets/fold.png")),
    (
        "warns",
        "has 750 rows, and a page of the viewer 100",
        rewrite(lambda table: pa.concat_tables([table] * 10), row_group_size=3000),
    ),
    ("warns", "has no page index", rewrite(lambda table: table, write_page_index=False)),
    ("warns", "datasets before 4 cannot read", rewrite(in_new_words)),
    ("warns", "Row 8 of 'ratio50', 'train' is too long for the viewer", rewrite(lengthen)),
    ("breaks", "A picture of row 3 of 'ratio50'", rewrite(spoil_pictures)),
    ("breaks", "rows in a row without a picture", rewrite(sort_rows)),
    ("warns", "in column 'source_id' all have 4 or 5 letters", rewrite(shorten_ids)),
    ("warns", "in column 'messages' all have 2 or 3 elements", rewrite(add_a_turn)),
    ("warns", "in column 'images' all have 1 or 2 elements", rewrite(with_nulls_for_none)),
    (
        "warns",
        "The viewer cannot open 'ratio50-sharegpt': it declares 2 of the 12 columns",
        front(
            lambda metadata: metadata["configs"].append(
                {**metadata["configs"][0], "config_name": "ratio50-sharegpt", "columns": ["conversations", "images"]}
            )
        ),
    ),
]


def test_a_built_folder_has_nothing_to_find(built: BuildReport) -> None:
    assert check_dataset(built.folder).findings == []


@pytest.mark.parametrize(("severity", "sentence", "damage"), DAMAGES, ids=[sentence for _, sentence, _ in DAMAGES])
def test_damage_is_found_and_said_in_its_own_words(folder: Path, severity: str, sentence: str, damage: Damage) -> None:
    damage(folder)
    findings = says(folder)
    assert [finding for finding in findings if sentence in finding[1] and finding[0] == severity], findings
    assert all(message.endswith(".") and "\n" not in message for _, message in findings)


def test_texts_that_the_viewer_takes_for_labels_spoil_no_statistics(folder: Path) -> None:
    def shorten(table: pa.Table) -> pa.Table:
        texts = pa.array(["a" if index % 2 else "ab" for index in range(table.num_rows)])
        return table.set_column(table.schema.get_field_index("source_config"), "source_config", texts)

    rewrite(shorten)(folder)
    assert not [message for _, message in says(folder) if "statistics" in message]


def test_shards_of_one_config_with_other_columns_are_found(folder: Path) -> None:
    other = pq.read_table(folder / SHARD).drop_columns(["rewritten"])
    pq.write_table(other, folder / "ratio50/train-00001-of-00001.parquet", write_page_index=True)
    findings = says(folder)
    assert any("has other columns or features than" in message for _, message in findings)


@pytest.mark.parametrize(
    "sentence",
    [
        "matches no file", "2 configs are flagged", "the card says 76", "lacks the column 'nothing'",
        "no readable Parquet file", "must hold `split` and `path`", "Column 'id' is string", "Split 'train-1'",
        "cannot be a folder of the cache",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore")
def test_what_is_said_to_break_does_break(folder: Path, tmp_path: Path, sentence: str) -> None:
    """`datasets` is the oracle: with each of these damages, some config does not load."""
    (damage,) = [damage for severity, message, damage in DAMAGES if sentence in message and severity == "breaks"]
    damage(folder)
    failed = 0
    for name in (None, "ratio25", "ratio50", *(["a/b"] if "cache" in sentence else [])):
        try:
            load_dataset(str(folder), name, split="train", cache_dir=str(tmp_path / "cache"))
        except Exception:
            failed += 1
    assert failed


@pytest.mark.parametrize("filesystem", ["memory", "local"])
def test_a_repository_is_checked_through_a_file_system_with_the_same_report(folder: Path, filesystem: str) -> None:
    (folder / "lomo-ov15.py").write_text("")
    (folder / "assets/fold.png").unlink()
    files, root = (LocalFileSystem(), folder.as_posix())
    if filesystem == "memory":
        files, root = (MemoryFileSystem(), "/datasets/org/lomo-ov15@main")
        files.put(f"{folder}/", root, recursive=True)
    there = check_dataset(HubRepo(files, root, "lomo-ov15"))
    assert [finding.says for finding in there.findings] == [message for _, message in says(folder)]
    assert len(there.findings) == 3


def test_a_name_that_is_neither_folder_nor_repository_is_refused(tmp_path: Path) -> None:
    for name in ("nothing", "a/b/c", "../x/../y/z", str(tmp_path / "no")):
        with pytest.raises(SourceError, match="must be a folder or org/name"):
            check_dataset(name)


def test_patterns_stay_within_their_folders() -> None:
    paths = dict.fromkeys(["a/t-0.parquet", "a/b/t-1.parquet", "at-2.parquet", "a/t+0.parquet"], 1)
    assert matching("a/t-*.parquet", paths) == ["a/t-0.parquet"]
    assert matching("**/t-*", paths) == ["a/b/t-1.parquet", "a/t-0.parquet"]
    assert matching("./a/t+0.parquet", paths) == ["a/t+0.parquet"]
    assert matching("a/t.0.parquet", paths) == []


@pytest.mark.parametrize(
    ("damage", "code", "words"),
    [
        (lambda folder: None, 0, "16 checks: nothing found."),
        (add("dataset_infos.json"), 0, "0 break loading, 1 warn"),
        (add("lomo-ov15.py"), 1, "1 break loading, 0 warn"),
    ],
)
def test_the_exit_code_tells_whether_loading_breaks(
    folder: Path,
    damage: Damage,
    code: int,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(folder)
    monkeypatch.setattr("sys.argv", ["lomo", "check", str(folder)])
    with pytest.raises(SystemExit) as left:
        main()
    assert int(left.value.code or 0) == code
    assert words in capsys.readouterr().out


def test_hostile_cards_cost_little(folder: Path) -> None:
    for data in ("![" * 200_000, "---\n" * 100_000, "<img " * 200_000, "---\na: &a [*a]\n---\n"):
        (folder / "README.md").write_text(data)
        assert not check_dataset(folder).loads


def test_a_manifest_that_is_none_does_not_stop_the_check(folder: Path) -> None:
    for content in ("[]", "{", json.dumps({"shards": []})):
        (folder / "manifest.json").write_text(content)
        assert check_dataset(folder).loads
