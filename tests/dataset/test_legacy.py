"""Shards are read by every version of `datasets`, and those of other tools can be made so."""

import json
import os
import subprocess
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from lomo_hf.cli import main
from lomo_hf.dataset import BuildReport, check_dataset, read_manifest, rewrite_features
from lomo_hf.errors import IntegrityError
from lomo_hf.row_columns import row_features, stored_schema, with_old_features

ENVIRONMENTS = Path(os.environ.get("LOMO_OLD_DATASETS", ".venvs"))
VERSIONS = ("3.5.0", "4.0.0")

READ = """
import json, sys, datasets
folder, seen = sys.argv[1], []
for config in sys.argv[2:]:
    for streaming in (False, True):
        rows = list(datasets.load_dataset(folder, config, split="train", streaming=streaming))
        pages = [image for row in rows for image in row["images"] or ()]
        sizes = [list(image.size) if hasattr(image, "size") else len(image["bytes"]) for image in pages]
        texts = [row["conversations"] for row in rows]
        messages = [row.get("messages") for row in rows]
        seen.append([config, streaming, sizes, texts, messages])
print(json.dumps([datasets.__version__, seen]))
sys.stdout.flush()
import os; os._exit(0)  # old versions of a dependency can abort in their last breath
"""


def with_new_features(folder: Path) -> list[Path]:
    """What `Dataset.to_parquet` of `datasets` 5 says of lists, in the shards of a folder."""
    paths = sorted(folder.rglob("*.parquet"))
    for path in paths:
        table = pq.read_table(path).replace_schema_metadata(row_features().arrow_schema.metadata)
        pq.write_table(table, path, row_group_size=100)
    return paths


def test_the_older_form_is_read_as_the_same_features() -> None:
    assert datasets.Features.from_arrow_schema(stored_schema()) == row_features()
    assert b'"List"' not in stored_schema().metadata[b"huggingface"]
    assert with_old_features(stored_schema()).equals(stored_schema(), check_metadata=True)


def test_shards_of_a_build_are_left_as_they_are(built: BuildReport) -> None:
    assert rewrite_features(built.folder) == []


def test_shards_of_other_tools_become_what_a_build_writes(folder: Path) -> None:
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}
    assert with_new_features(folder) == list(before)
    assert any("datasets before 4" in finding.says for finding in check_dataset(folder).findings)
    assert len(rewrite_features(folder)) == len(before)
    assert {path: path.read_bytes() for path in before} == before
    assert check_dataset(folder).findings == []


def test_the_manifest_knows_the_rewritten_shards(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "ratio25/train-00000-of-00001.parquet"
    table = pq.read_table(path).slice(0, 40).replace_schema_metadata(row_features().arrow_schema.metadata)
    pq.write_table(table, path)
    assert rewrite_features(folder) == ["ratio25/train-00000-of-00001.parquet"]
    manifest = read_manifest(folder)
    assert manifest
    (file,) = [receipt.files["ratio25"] for receipt in manifest.receipts]
    from lomo_hf.storage.atomic import sha256_of

    assert (file.bytes, file.sha256) == (path.stat().st_size, sha256_of(path))


def test_the_command_rewrites_and_says_how_many(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_new_features(small)
    monkeypatch.setattr("sys.argv", ["lomo", "card", str(small), "--legacy-features"])
    with pytest.raises(SystemExit):
        main()
    assert "1 shards rewritten" in capsys.readouterr().out
    assert check_dataset(small).findings == []


def test_a_folder_without_shards_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="holds no Parquet file"):
        rewrite_features(tmp_path)


@pytest.mark.old_datasets
@pytest.mark.parametrize("version", VERSIONS)
def test_an_older_datasets_reads_the_same_rows(built: BuildReport, tmp_path: Path, version: str) -> None:
    python = ENVIRONMENTS / f"datasets-{version}" / "bin/python"
    if not python.exists():
        pytest.skip(f"no environment {python}; CONTRIBUTING.md says how to make one")
    configs = ["ratio50", "multispan50"]
    environment = {**os.environ, "HF_HOME": str(tmp_path), "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}
    environment.pop("PYTHONPATH", None)
    command = [str(python), "-W", "ignore", "-c", READ, str(built.folder), *configs]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
    installed, seen = json.loads(done.stdout.splitlines()[-1])
    assert installed == version
    for config, _, sizes, texts, messages in seen:
        rows = datasets.load_dataset(str(built.folder), config, split="train", cache_dir=str(tmp_path / "now"))
        pages = [image for row in rows for image in row["images"] or ()]
        assert sizes == [list(image.size) if hasattr(image, "size") else len(image["bytes"]) for image in pages]
        assert texts == list(rows["conversations"])
        assert messages == [row.get("messages") for row in rows]
