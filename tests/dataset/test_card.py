"""What a card says is what the dataset holds, in numbers and in pictures, and what a user adds to it stays."""

import json
import math
import re
import shutil
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lomo_hf.building import Counts
from lomo_hf.dataset import BuildReport, build_dataset, check_dataset, read_manifest, refresh_card
from lomo_hf.dataset.card.languages import kind_of_text, language_tags
from lomo_hf.dataset.card.plots import bars_png, histograms_png
from lomo_hf.dataset.card.statistics import config_statistics, quantile
from lomo_hf.dataset.card.text import OWN_END, own_text_of
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import IntegrityError
from lomo_hf.image_tokens import QWEN2_5_VL, QWEN3_VL, image_tokens

SHARD = "{name}/train-00000-of-00001.parquet"


def rows_of(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / SHARD.format(name=name)).to_pylist()
    return rows


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# -- the same numbers, counted in another way ------------------------------------------------------------------------


def resized_by_the_book(height: int, width: int, factor: int, low: int, high: int) -> tuple[int, int]:
    """`smart_resize` as the image processors of Qwen2.5-VL and Qwen3-VL describe it, for one picture."""
    down, across = round(height / factor) * factor, round(width / factor) * factor
    if down * across > high:
        beta = math.sqrt(height * width / high)
        down = max(factor, math.floor(height / beta / factor) * factor)
        across = max(factor, math.floor(width / beta / factor) * factor)
    elif down * across < low:
        beta = math.sqrt(low / (height * width))
        down, across = (math.ceil(side * beta / factor) * factor for side in (height, width))
    return down, across


@given(st.lists(st.tuples(st.integers(32, 6000), st.integers(32, 6000)), min_size=1, max_size=20))
def test_tokens_are_those_of_the_image_processors(sizes: list[tuple[int, int]]) -> None:
    widths, heights = (np.array(column) for column in zip(*sizes, strict=True))
    for processor in (QWEN2_5_VL, QWEN3_VL):
        book = [
            math.prod(resized_by_the_book(h, w, processor.cell, processor.min_pixels, processor.max_pixels))
            // processor.cell**2
            for w, h in sizes
        ]
        assert image_tokens(widths, heights, processor).tolist() == book


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 5), min_size=1), st.floats(0.01, 1))
def test_quantiles_are_those_of_numpy(tally: dict[int, int], share: float) -> None:
    values = list(Counter(tally).elements())
    assert quantile(Counter(tally), share) == np.quantile(values, share, method="inverted_cdf")


@pytest.mark.parametrize("name", ["ratio50", "multispan50"])
def test_statistics_are_those_of_the_stored_rows(built: BuildReport, name: str) -> None:
    rows = [row for row in rows_of(built.folder, name) if row["rewritten"]]
    statistics = config_statistics(built.folder, [SHARD.format(name=name)])
    assert (statistics.rows, statistics.rewritten) == (75, len(rows))
    pages = [Image.open(BytesIO(image["bytes"])).size for row in rows for image in row["images"]]
    assert statistics.width == Counter(width for width, _ in pages)
    assert statistics.height == Counter(height for _, height in pages)
    shares = [
        round(100 * sum(len(span["text"]) for span in row["lomo"]["spans"]) / row["lomo"]["prompt_chars"])
        for row in rows
    ]
    assert statistics.span_percent == Counter(shares)
    assert statistics.tokens_14.total() == statistics.tokens_16.total() == len(rows)
    assert statistics.sources.total() == statistics.kinds.total() == 75


def test_the_tables_say_what_was_counted(built: BuildReport) -> None:
    text = (built.folder / "README.md").read_text(encoding="utf-8")
    for name, counts in built.counts.items():
        assert f"| `{name}`" in text
        assert f" {counts.rewritten} ({counts.rewritten / 75:.1%}) |" in text
        for op, number in counts.operations.items():
            assert f"| `{name}` | distorted by {op.replace('_', chr(92) + '_')} | {number} |" in text
    statistics = config_statistics(built.folder, [SHARD.format(name="ratio50")])
    wanted = [quantile(statistics.tokens_16, share) for share in (0.5, 0.9, 0.99, 1)]
    assert f"| `ratio50` | image tokens of a row, patch 16 | {' | '.join(map(str, wanted))} |" in text


def test_every_table_is_a_table(built: BuildReport) -> None:
    """A line that a blank line cuts off from its head is shown as text with bars in it."""
    lines = (built.folder / "README.md").read_text(encoding="utf-8").splitlines()
    heads = [
        index for index, line in enumerate(lines) if line.startswith("|") and not lines[index - 1].startswith("|")
    ]
    assert len(heads) == 9
    for head in heads:
        assert set(lines[head + 1]) <= set("| -:")
        columns = lines[head].count("|")
        index = head
        while lines[index].startswith("|"):
            assert lines[index].replace("\\|", "").count("|") == columns
            index += 1
        assert index > head + 2


# -- metadata --------------------------------------------------------------------------------------------------------


def test_languages_and_licences_are_measured(built: BuildReport) -> None:
    metadata = yaml.safe_load((built.folder / "README.md").read_text(encoding="utf-8").split("---\n")[1])
    declared = {row["source_license"].lower() for row in rows_of(built.folder, "ratio50")}
    assert set(metadata["license"]) == declared
    texts = ["\n".join(turn["value"] for turn in row["conversations"]) for row in rows_of(built.folder, "ratio50")]
    assert metadata["language"] == language_tags([kind_of_text(text) for text in texts])


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Natalia sold clips to 48 of her friends in April, and then she sold half as many.", "English"),
        ("小明有 3 个苹果, 小红有 5 个.", "Chinese"),
        ("三角形の面積を求めなさい。", "Japanese"),
        ("사과가 세 개 있습니다.", "Korean"),
        ("Ein Bauer hat zwölf Hühner und verkauft davon vier auf dem Markt.", "Latin script"),
        ("Сколько будет дважды два?", "Cyrillic script"),
        ("$$3 + 4 = 7$$", "no letters"),
    ],
)
def test_a_language_is_named_only_where_it_is_sure(text: str, kind: str) -> None:
    assert kind_of_text(text) == kind


def test_a_language_of_less_than_one_row_in_a_hundred_gets_no_tag() -> None:
    assert language_tags(["English"] * 200 + ["Chinese"]) == ["en"]
    assert language_tags(["Latin script"] * 9) == []


# -- what survives ---------------------------------------------------------------------------------------------------


def test_a_card_written_again_is_the_same_to_the_byte(folder: Path) -> None:
    before = tree(folder)
    (folder / "assets/preview.png").unlink()
    (folder / "README.md").unlink()
    refresh_card(folder)
    assert tree(folder) == before


OWN_TEXTS = ["Ask Ada.", "---\nconfigs: []\n---", f"a {OWN_END} b", "a\n\n\n\nb  \n| c |", "{{ x }} {% y %}"]


@pytest.mark.usefixtures("plots_once")
@pytest.mark.parametrize("own", OWN_TEXTS)
def test_own_text_stays_whatever_it_says(small: Path, own: str) -> None:
    card = small / "README.md"
    text = card.read_text(encoding="utf-8")
    card.write_text(text.replace(f"\n\n{OWN_END}", f"\n{own}\n{OWN_END}"), encoding="utf-8")
    assert own_text_of(card.read_text(encoding="utf-8")) == own
    refresh_card(small)
    refresh_card(small)
    assert own_text_of(card.read_text(encoding="utf-8")) == own
    assert check_dataset(small).findings == []


@pytest.mark.usefixtures("plots_once")
def test_the_name_on_the_hub_is_kept_until_another_is_given(small: Path) -> None:
    refresh_card(small)
    assert 'load_dataset("org/small"' in (small / "README.md").read_text(encoding="utf-8")
    refresh_card(small, repo="ada/other")
    assert 'load_dataset("ada/other"' in (small / "README.md").read_text(encoding="utf-8")
    assert json.loads((small / "dataset_info.json").read_text())["nodistort50"]["hf_hub_url"] == "ada/other"


@pytest.mark.usefixtures("plots_once")
def test_versions_are_those_of_the_build_not_of_whoever_writes_the_card(small: Path) -> None:
    path = small / "manifest.json"
    path.write_text(sealed(json.loads(path.read_text().replace('"pyarrow": "', '"pyarrow": "0.0.'))))
    refresh_card(small)
    assert "pyarrow==0.0." in (small / "README.md").read_text(encoding="utf-8")
    manifest = read_manifest(small)
    assert manifest
    assert manifest.engines["pyarrow"].startswith("0.0.")


def test_a_picture_that_has_nothing_to_show_any_more_goes(small: Path) -> None:
    manifest = read_manifest(small)
    assert manifest
    old = small / "assets/route-fallback.png"
    old.write_bytes(b"old")
    from lomo_hf.dataset.manifest import write_manifest
    from lomo_hf.storage.records import FileRecord

    record = FileRecord("assets/route-fallback.png", 3, "0")

    write_manifest(small, replace(manifest, files=[*manifest.files, record]))
    (small / "assets/of-the-user.png").write_bytes(b"mine")
    refresh_card(small)
    assert not old.exists()
    assert (small / "assets/of-the-user.png").exists()


def test_a_folder_without_a_manifest_gets_no_card(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="no build was finished there"):
        refresh_card(tmp_path)


@pytest.mark.usefixtures("plots_once")
def test_an_audit_of_these_shards_is_shown_and_one_of_others_is_not(small: Path, tmp_path: Path) -> None:
    card = small / "README.md"
    assert "No audit of these shards" in card.read_text(encoding="utf-8")
    (small / "audit.json").write_text('{"made_by": "lomo_hf", "format": 1, "content": "of other shards"}')
    assert "audit.json" not in [record.path for record in refresh_card(small).files]
    assert not (small / "audit.json").exists()


# -- what others wrote -----------------------------------------------------------------------------------------------


def test_hostile_names_of_sources_stay_in_their_cells(tmp_path: Path) -> None:
    rows = [
        {
            "id": str(index),
            "source": "a | b\n\n# <script>x</script> [l](http://e) `c` ![p](q.png)",
            "license": "Ada's $1 | terms",
            "messages": [{"role": "user", "content": "Why? Because."}, {"role": "assistant", "content": "So."}],
        }
        for index in range(3)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = build_dataset(tmp_path / "rows.jsonl", ["ratio100"], tmp_path / "out").folder
    text = (folder / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if "terms" in line and line.startswith("|")]
    assert "<script>" not in text
    assert "a \\| b" in line
    assert "&lt;script&gt;" in line
    assert "!\\[p\\](q.png)" in line
    assert check_dataset(folder).findings == []
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "other"


def test_a_dataset_without_a_page_has_a_card_too(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    (tmp_path / "none.yaml").write_text("ratio: 0\n")
    folder = build_dataset(None, [tmp_path / "none.yaml"], tmp_path / "out", limit=5).folder
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "0 (0.0%)" in text
    assert "## The pages" not in text
    assert check_dataset(folder).loads


# -- pictures --------------------------------------------------------------------------------------------------------


def test_every_operation_and_route_of_the_dataset_is_shown(built: BuildReport) -> None:
    drawn = {op for counts in built.counts.values() for op in counts.operations}
    routes = {f"route-{name}" for counts in built.counts.values() for name in counts.renderers}
    text = (built.folder / "README.md").read_text(encoding="utf-8")
    heads = [line for line in text.replace("\\", "").splitlines() if line.startswith("### ")]
    names = {"route-text": "Text", "route-latex": "Mathematics", "route-fallback": "Fallback"}
    for name in drawn | routes:
        assert (
            sum(names.get(name, name) in head.partition(":")[0].removeprefix("### ").split(", ") for head in heads)
            == 1
        )
    pictures = re.findall(r"\]\((assets/[a-z_-]+\.png)\)", text.partition("## The pages")[2])
    assert len(pictures) == len(heads)
    for path in pictures:
        with Image.open(built.folder / path) as picture:
            assert picture.width > 700
            dark, light = picture.convert("L").getextrema()
            assert dark < 60
            assert light == 255


def test_plots_are_the_same_bytes_whatever_matplotlib_is_set_to() -> None:
    import matplotlib

    def both() -> list[bytes]:
        tally = Counter({3: 4, 70: 2})
        return [histograms_png([("t", "l", {"a": tally, "b": tally})]), bars_png([("t", {"a $x_1$ b": 3})])]

    first = both()
    with matplotlib.rc_context({"font.size": 20, "savefig.dpi": 30, "axes.facecolor": "red", "figure.dpi": 30}):
        assert both() == first
    for png in first:
        assert b"Software" not in png
        assert b"tIME" not in png


def test_a_bar_is_as_long_as_its_count() -> None:
    with Image.open(BytesIO(bars_png([("kept", {"one": 10, "two": 40})]))) as picture:
        blue = np.all(np.abs(np.asarray(picture.convert("RGB")).astype(int) - (0x2F, 0x6F, 0x9F)) < 4, axis=2)
    lengths = sorted({int(length) for length in blue.sum(axis=1) if length > 20})
    assert lengths[-1] == pytest.approx(4 * lengths[0], rel=0.05)


def test_counts_of_a_folder_are_those_of_its_receipts(built: BuildReport) -> None:
    manifest = read_manifest(built.folder)
    assert manifest
    assert sum((receipt.counts["ratio25"] for receipt in manifest.receipts), start=Counts()) == built.counts["ratio25"]
