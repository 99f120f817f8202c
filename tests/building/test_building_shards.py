"""What lies in a shard: the rows, as any reader of the Hub gets them, and what was refused, listed and counted."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from building.helpers import tree_of
from datasets.arrow_writer import get_parquet_column_options
from PIL import Image

from lomo_hf.building import Counts, Receipt, ShardSpec, build_shard, build_shards, shard_writer, verify_parquet
from lomo_hf.corpus import Refusal, Source
from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.named import load_recipe
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.row_columns import row_features, stored_schema
from lomo_hf.substitution import Substituter


def rows_of(folder: Path, recipe: str) -> list[dict[str, Any]]:
    return [row for path in sorted((folder / recipe).glob("train-*")) for row in pq.read_table(path).to_pylist()]


def refused_in(folder: Path, recipe: str) -> list[dict[str, str]]:
    paths = sorted((folder / recipe).glob("refused-*"))
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


def test_stored_rows_are_the_substituted_rows_and_no_other(
    reference: Path, corpus: Source, recipes: list[Recipe]
) -> None:
    for recipe in recipes:
        results = [Substituter([recipe]).rows(c)[0] if not isinstance(c, Refusal) else c for c in _all(corpus)]
        wanted = [row for row in results if not isinstance(row, Refusal)]
        assert sorted(rows_of(reference, recipe.name), key=_by_id) == sorted(wanted, key=_by_id)


def test_refused_rows_are_listed_and_counted(reference: Path, corpus: Source, recipes: list[Recipe]) -> None:
    receipts = [Receipt.from_json(path.read_text()) for path in (reference / ".lomo/receipts").iterdir()]
    for recipe in recipes:
        results = [Substituter([recipe]).rows(c)[0] if not isinstance(c, Refusal) else c for c in _all(corpus)]
        wanted = [r for r in results if isinstance(r, Refusal)]
        assert refused_in(reference, recipe.name) == [
            {"id": r.id, "reason": r.reason, "detail": r.detail} for r in wanted
        ]
        assert sorted(r.reason for r in wanted) == ["empty:user", "json", "placeholder:<image>"]
        counts = sum((receipt.counts[recipe.name] for receipt in receipts), Counts())
        assert counts.refused == dict.fromkeys(sorted(r.reason for r in wanted), 1)
        assert counts.rows + 3 == len(corpus)


def test_a_sidecar_is_there_only_where_rows_were_refused(reference: Path) -> None:
    names = sorted(path.name for path in (reference / "ratio50").glob("refused-*"))
    assert names == ["refused-00000-of-00005.jsonl", "refused-00003-of-00005.jsonl"]


def test_counts_agree_with_the_stored_rows(reference: Path, recipes: list[Recipe]) -> None:
    receipts = [Receipt.from_json(path.read_text()) for path in (reference / ".lomo/receipts").iterdir()]
    for recipe in recipes:
        rows = rows_of(reference, recipe.name)
        pages = [_open(image) for row in rows for image in row["images"] or ()]
        spans = [span for row in rows for span in row["lomo"]["spans"] or ()]
        counts = sum((receipt.counts[recipe.name] for receipt in receipts), Counts())
        assert counts.rows == len(rows)
        assert counts.rewritten == sum(row["rewritten"] for row in rows) == sum(counts.operations.values())
        assert counts.rewritten == sum(counts.renderers.values())
        assert counts.images == len(pages)
        assert counts.pixels == sum(page.width * page.height for page in pages)
        assert counts.image_bytes == sum(len(image["bytes"]) for row in rows for image in row["images"] or ())
        assert counts.span_chars == sum(len(span["text"]) for span in spans)
        assert counts.renderers.get("latex", 0) > 0


def test_smaller_ratios_are_nested_and_byte_identical(reference: Path) -> None:
    small, large = ({row["id"]: row for row in rows_of(reference, name)} for name in ("ratio25", "ratio50"))
    drawn = [key for key, row in small.items() if row["rewritten"]]
    assert 3 < len(drawn) < sum(row["rewritten"] for row in large.values())
    assert all(small[key] == large[key] for key in drawn)
    assert all(small[key] == large[key] for key in large if not large[key]["rewritten"])


def test_one_pass_over_several_recipes_gives_the_files_of_separate_builds(
    reference: Path, specs: list[ShardSpec], tmp_path: Path
) -> None:
    spec = specs[3]  # holds a refused row
    for recipe in spec.recipes:
        build_shard(replace(spec, recipes=(recipe,)), tmp_path)
    assert len(list(tmp_path.rglob("*-00003-*"))) == 6
    for path in tmp_path.rglob("*-00003-*"):
        assert path.read_bytes() == (reference / path.relative_to(tmp_path)).read_bytes()


def test_datasets_reads_shards_with_images_that_pillow_decodes(reference: Path, tmp_path: Path) -> None:
    files = sorted(str(path) for path in (reference / "multispan50").glob("train-*"))
    loaded = datasets.load_dataset("parquet", data_files={"train": files}, split="train", cache_dir=str(tmp_path))
    assert loaded.features == row_features()
    assert loaded.num_rows == 38
    for row in loaded:
        holes = [part for turn in row["messages"] for part in turn["content"] if part["type"] == "image"]
        assert len(holes) == len(row["images"] or ())
        assert sum(turn["value"].count("<image>") for turn in row["conversations"]) == len(holes)
        assert row["images"] is None or all(page.mode == "L" and min(page.size) >= 32 for page in row["images"])
    assert any(len(row["images"] or ()) == 2 for row in loaded)


def test_kept_rows_have_null_images_and_not_an_empty_list(reference: Path) -> None:
    kept = [row for row in rows_of(reference, "ratio25") if not row["rewritten"]]
    assert kept
    assert all(row["images"] is None and row["lomo"]["distortion"] is None for row in kept)


def test_files_have_page_index_checksums_and_the_layout_of_the_hub(reference: Path) -> None:
    path = reference / "ratio50" / "train-00000-of-00005.parquet"
    with pq.ParquetFile(path) as file:
        metadata, schema = file.metadata, file.schema_arrow
    group = metadata.row_group(0)
    columns = {group.column(place).path_in_schema: group.column(place) for place in range(group.num_columns)}
    assert all(column.has_offset_index for column in columns.values())
    assert columns["images.list.element.bytes"].compression == "UNCOMPRESSED"
    assert columns["images.list.element.bytes"].encodings in (("PLAIN", "RLE"), ("RLE", "PLAIN"))
    assert columns["messages.list.element.content.list.element.text"].compression == "SNAPPY"
    assert datasets.Features.from_arrow_schema(schema) == row_features()
    assert json.loads(metadata.metadata[b"content_defined_chunking"]) == datasets.config.DEFAULT_CDC_OPTIONS
    assert shard_writer._column_options(stored_schema()) == get_parquet_column_options(
        row_features(), row_features().arrow_schema
    )


def test_schemas_are_equal_across_shards(reference: Path) -> None:
    schemas = {pq.read_schema(path).to_string() for path in reference.rglob("train-*.parquet")}
    assert len(schemas) == 1


def test_row_groups_hold_a_hundred_rows_at_most(corpus: Source, tmp_path: Path) -> None:
    row = _written_alone(corpus, tmp_path, [1] * 250)
    assert row == [100, 100, 50]


def test_a_row_group_ends_early_when_its_rows_are_heavy(
    corpus: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_writer, "_MAX_GROUP_BYTES", 1 << 20)
    assert _written_alone(corpus, tmp_path, [450 << 10] * 5) == [3, 2]


def test_any_flipped_byte_of_a_page_is_found(reference: Path, tmp_path: Path) -> None:
    whole = (reference / "ratio50" / "train-00001-of-00005.parquet").read_bytes()
    rows = pq.ParquetFile(io.BytesIO(whole)).metadata.num_rows
    path = tmp_path / "damaged.parquet"
    path.write_bytes(whole)
    verify_parquet(path, rows)
    with pytest.raises(IntegrityError, match=f"must hold {rows + 1} rows; found {rows}"):
        verify_parquet(path, rows + 1)
    unnoticed = []
    for place in range(100, len(whole) // 2, len(whole) // 40):  # the first half holds pages only
        damaged = bytearray(whole)
        damaged[place] ^= 0x10
        path.write_bytes(damaged)
        try:
            verify_parquet(path, rows)
        except IntegrityError:
            continue
        unnoticed.append(place)
    assert unnoticed == []


def test_an_empty_plan_gives_one_readable_empty_shard(
    corpus: Source, make_plan: Callable[..., list[ShardSpec]], tmp_path: Path
) -> None:
    spec = replace(make_plan(corpus, [load_recipe("ratio50")])[0], count=1, stop=0)
    (receipt,) = build_shards([spec], tmp_path)
    assert receipt.counts["ratio50"] == Counts()
    path = tmp_path / receipt.files["ratio50"].path
    # `load_dataset` itself refuses a split of no rows, whatever the file.
    assert pq.read_table(path).num_rows == 0
    assert datasets.Features.from_arrow_schema(pq.read_schema(path)) == row_features()


def test_a_sidecar_of_an_earlier_build_goes_when_nothing_is_refused_any_more(
    specs: list[ShardSpec], built: Path
) -> None:
    spec = replace(specs[3], recipes=(replace(specs[3].recipes[0], placeholders="escape"),))
    sidecar = built / spec.sidecar_path(spec.recipes[0])
    assert sidecar.exists()
    receipt = build_shard(spec, built)
    assert not receipt.sidecars
    assert not sidecar.exists()


def test_a_lone_surrogate_in_a_refusal_does_not_stop_the_build(specs: list[ShardSpec], tmp_path: Path) -> None:
    class Odd:
        config, digest, repo, revision, extra, split = "odd", "0", None, None, (), "train"

        def conversations(self, start: int, stop: int) -> Any:
            yield Refusal("odd/1", "dialect", "Key 'a\ud800\u2028b' is not known.")

    spec = replace(specs[0], source=Odd(), start=0, stop=1)
    build_shard(spec, tmp_path)
    name = spec.recipes[0].name
    lines = (tmp_path / spec.sidecar_path(spec.recipes[0])).read_bytes().split(b"\n")
    assert [json.loads(line)["detail"] for line in lines[:-1]] == ["Key 'a\ud800\u2028b' is not known."]
    assert tree_of(tmp_path / name)


def _by_id(row: dict[str, Any]) -> str:
    return str(row["id"])


def _all(corpus: Source) -> list[Any]:
    return list(corpus.conversations(0, len(corpus)))


def _open(image: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(image["bytes"]))


def _written_alone(corpus: Source, folder: Path, sizes: list[int]) -> list[int]:
    """Rows of each row group when rows with pages of these sizes are written."""
    row = Substituter([Recipe("all", ratio=1.0)]).rows(next(iter(corpus.conversations(0, 1))))[0]
    assert isinstance(row, dict)
    pages = {size: bytes(size) for size in set(sizes)}
    from lomo_hf.storage import Folder
    from lomo_hf.storage.atomic import PendingFile

    pending = PendingFile(Folder(folder) / "alone.parquet")
    writer = shard_writer.ShardWriter(pending)
    for size in sizes:
        writer.add({**row, "images": [{"bytes": pages[size], "path": None}]})
    writer.close()
    pending.seal()
    pending.publish()
    with pq.ParquetFile(folder / "alone.parquet") as file:
        assert isinstance(file.schema_arrow, pa.Schema)
        return [file.metadata.row_group(place).num_rows for place in range(file.num_row_groups)]
