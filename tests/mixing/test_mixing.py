"""A mixture has the ratio that was asked for, in every stretch, and every row of it is one that a trainer can read."""

import json
from collections import Counter
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from corpus.hub.replica import IMAGE_ROWS, REPO, image_configs, png
from corpus.hub.served import ServedHub
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lomo_hf.auditing import audit_dataset
from lomo_hf.corpus import Conversation, Refusal, open_corpus
from lomo_hf.dataset import build_dataset, check_dataset, verify_dataset
from lomo_hf.dataset.mixtures import id_before_mixing
from lomo_hf.dataset.publishing.plan import make_plan
from lomo_hf.errors import IntegrityError, RecipeError, SourceError, UsageError
from lomo_hf.mixing import (
    RESAMPLING,
    Mixture,
    mix,
    mixture_json,
    open_mix,
    open_multimodal,
    open_split,
    parse_ratio,
    read_mixture,
    targets,
    to_multimodal_row,
    write_mixture,
)
from lomo_hf.row_columns import ROW_COLUMNS

EACH_ONCE = ["visual7w", "plotqa", "pathvqa", "svit", "sharegpt4v-part-00-of-10", "wit"]
FLAWED = ("placeholder-count", "no-picture", "empty:assistant")


@pytest.fixture(scope="session")
def split(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 LoMo rows, about half of them with a page."""
    folder = tmp_path_factory.mktemp("split") / "lomo"
    build_dataset(None, ["ratio50"], folder, limit=100)
    return folder


def assert_readable(row: dict[str, Any]) -> None:
    """What every consumer asks of a row."""
    assert tuple(row) == ROW_COLUMNS
    pictures = row["images"] or []
    assert row["images"] != []
    assert sum(turn["value"].count("<image>") for turn in row["conversations"]) == len(pictures)
    assert sum(part["type"] == "image" for turn in row["messages"] for part in turn["content"]) == len(pictures)
    roles = [turn["from"] for turn in row["conversations"] if turn["from"] != "system"]
    assert roles == ["human", "gpt"] * (len(roles) // 2) != []
    assert not any("<image>" in turn["value"] for turn in row["conversations"] if turn["from"] != "human")
    for picture in pictures:
        with Image.open(BytesIO(picture["bytes"])) as opened:
            opened.load()


def kind_of(row: dict[str, Any]) -> str:
    return "pages" if row["rewritten"] else "multimodal" if row["images"] else "text"


def test_configs_with_pictures_are_taken_once_and_the_repeats_are_not(hub: ServedHub) -> None:
    half = open_multimodal(REPO)
    assert list(half.configs) == EACH_ONCE
    assert len(half.source) == sum(IMAGE_ROWS[name] for name in EACH_ONCE)


def test_the_natural_mixture_takes_every_row_and_as_many_pictures_as_lomo_rows(hub: ServedHub, split: Path) -> None:
    mixture = mix(open_split(split), open_multimodal(REPO))
    rows = list(mixture.rows())
    counts = mixture.counts
    assert counts["multimodal"] == 100 == counts["pages"] + counts["text"]
    assert mixture.ratio == (100 + counts["pages"]) / counts["text"]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert_readable(row)
    got = Counter(map(kind_of, rows))
    assert (got["pages"], got["text"]) == (counts["pages"], counts["text"])
    assert got["multimodal"] == 100 - mixture.refused.total()


def test_the_paper_s_halves_give_three_to_one() -> None:
    assert targets({"multimodal": 2_000_000, "pages": 1_000_000, "text": 1_000_000}, None) == {
        "multimodal": 2_000_000,
        "pages": 1_000_000,
        "text": 1_000_000,
    }
    assert targets({"multimodal": 2_000_000, "pages": 1_000_000, "text": 1_000_000}, parse_ratio("matched")) == {
        "multimodal": 1_333_333,
        "pages": 666_667,
        "text": 2_000_000,
    }


@given(
    sizes=st.fixed_dictionaries({name: st.integers(1, 5_000) for name in ("multimodal", "pages", "text")}),
    ratio=st.fractions(Fraction(1, 5), 5, max_denominator=7),
    by=st.sampled_from(RESAMPLING),
)
def test_every_way_of_resampling_keeps_its_word(sizes: dict[str, int], ratio: Fraction, by: str) -> None:
    got = targets(sizes, ratio, by)
    images, texts = got["multimodal"] + got["pages"], got["text"]
    assert abs(images - ratio * texts) <= 1 + ratio
    if by == "exposure":
        assert images + texts == sum(sizes.values())
    elif by == "downsample":
        assert all(got[name] <= sizes[name] for name in sizes)
    else:
        assert images >= sizes["multimodal"] + sizes["pages"]
        assert texts >= sizes["text"]
    assert abs(got["multimodal"] * sizes["pages"] - got["pages"] * sizes["multimodal"]) <= 2 * sum(sizes.values())


@pytest.mark.parametrize("by", RESAMPLING)
def test_a_matched_mixture_is_one_to_one_and_repeats_only_where_it_says(hub: ServedHub, split: Path, by: str) -> None:
    mixture = mix(open_split(split), open_multimodal(REPO), ratio=parse_ratio("matched"), by=by)
    assert mixture.ratio == pytest.approx(1, abs=0.02)
    rows = list(mixture.rows())
    ids = [row["id"] for row in rows]
    assert len(set(ids)) == len(ids)
    repeated = [name for name in ids if name.endswith("#2")]
    assert bool(repeated) is (by != "downsample")
    assert {name.removesuffix("#2") for name in repeated} <= {row["id"] for row in rows if kind_of(row) == "text"}


def test_ids_that_look_repeated_keep_apart_from_those_that_are(tmp_path: Path) -> None:
    """`a#2` may be the second time of `a`, or a row's own name, on which its draws depend."""
    prompts = [row.turns[0].text for row in open_corpus().conversations(0, 45) if isinstance(row, Conversation)]
    names = [f"{number // 3}{('', '#2', '#7')[number % 3]}" for number in range(45)]
    rows = [{"id": name, "prompt": prompt, "answer": "It is so."} for name, prompt in zip(names, prompts, strict=True)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    build_dataset(tmp_path / "rows.jsonl", ["ratio50"], tmp_path / "lomo")
    build_dataset(None, ["ratio100"], tmp_path / "pictures", limit=90)
    pictures = open_multimodal(tmp_path / "pictures" / "ratio100")
    mixture = mix(open_split(tmp_path / "lomo"), pictures, ratio=Fraction(1, 2), by="repeat")
    write_mixture(mixture, tmp_path / "mixed")
    mixed = list(mixture.rows())
    ids = [row["id"] for row in mixed]
    assert len(set(ids)) == len(ids)
    own = Counter(id_before_mixing(row["id"]) for row in mixed if kind_of(row) != "multimodal")
    assert {name.rpartition("/")[2] for name in own} == set(names)
    assert max(own.values()) > 1
    report = audit_dataset(tmp_path / "mixed")
    assert report.true, report.failures


def test_the_ratio_holds_in_every_stretch_and_for_every_worker(hub: ServedHub, split: Path) -> None:
    mixture = mix(open_split(split), open_multimodal(REPO), ratio=parse_ratio("matched"))
    rows = list(mixture.rows())
    for start in range(0, len(rows) - 60, 20):
        texts = sum(kind_of(row) == "text" for row in rows[start : start + 60])
        assert 15 <= texts <= 45
    shards = [list(mixture.rows(shard, 2)) for shard in range(2)]
    assert sorted(row["id"] for shard in shards for row in shard) == sorted(row["id"] for row in rows)
    assert [row["id"] for row in mixture.rows()] == [row["id"] for row in rows]
    other = mix(open_split(split), open_multimodal(REPO), ratio=parse_ratio("matched"), seed=1)
    assert [row["id"] for row in other.rows()] != [row["id"] for row in rows]


@pytest.mark.parametrize("config", sorted(image_configs()))
def test_every_dialect_becomes_the_same_columns_or_a_named_refusal(config: str) -> None:
    _, make = image_configs()[config]
    for index, raw in enumerate(make(config, IMAGE_ROWS[config])):
        row = to_multimodal_row(raw, config=config, source_id=str(index))
        if isinstance(row, Refusal):
            assert row.reason in FLAWED
            continue
        assert_readable(row)
        assert row["conversations"][0]["value"].startswith("<image>")
        assert row["images"][0]["bytes"] == raw["image"]["bytes"]
        assert row["lomo"] is None
        assert not row["rewritten"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"image": {"bytes": b"GIF89a", "path": None}}, "image-bytes"),
        ({"image": {"bytes": None, "path": "1.png"}}, "image-path"),
        ({"image": "1.png"}, "image-path"),
        ({"image": None}, "no-picture"),
        ({"image": None, "images": []}, "no-picture"),
        ({"prompt": "<image> and <IMAGE>"}, "placeholder:<image>"),
        ({"prompt": "<image> <|im_end|>"}, "special-token:<|im_end|>"),
        ({"answer": "<image>"}, "placeholder-count"),
        ({"prompt": "<image><image>"}, "placeholder-count"),
        ({"answer": " "}, "empty:assistant"),
    ],
)
def test_what_would_break_a_trainer_is_refused_by_name(change: dict[str, Any], reason: str) -> None:
    row = {"image": {"bytes": png(0), "path": None}, "prompt": "<image> What?", "answer": "That.", **change}
    got = to_multimodal_row(row, config="vqa", source_id="1")
    assert isinstance(got, Refusal)
    assert got.reason == reason


def test_several_pictures_and_parts_keep_their_places() -> None:
    content = [{"type": "text", "text": "Is "}, {"type": "image"}, {"type": "text", "text": " or "}, {"type": "image"}]
    messages = [{"role": "user", "content": content}, {"role": "assistant", "content": "Both."}]
    row = to_multimodal_row({"images": [png(0), {"bytes": png(1)}], "messages": messages}, config="v", source_id="1")
    assert isinstance(row, dict)
    assert row["conversations"][0]["value"] == "Is <image> or <image>"
    assert [picture["bytes"] for picture in row["images"]] == [png(0), png(1)]


def test_a_mixture_streams_from_its_instructions_and_nothing_is_copied(
    hub: ServedHub, split: Path, tmp_path: Path
) -> None:
    mixture = mix(open_split(split), open_multimodal(REPO, configs=["visual7w", "svit"]))
    path = tmp_path / "mix.json"
    path.write_text(mixture_json(mixture))
    assert path.stat().st_size < 6_000
    streamed = open_mix(path, num_shards=1)
    rows = list(streamed)
    assert [row["id"] for row in rows] == [row["id"] for row in mixture.rows()]
    assert all(isinstance(picture, Image.Image) for row in rows for picture in row["images"] or [])
    instructions = json.loads(path.read_text())
    assert sum(instructions["interleaving"]["strata"].values()) == pytest.approx(1)
    instructions["lomo"]["digest"] = "0"
    path.write_text(json.dumps(instructions))
    with pytest.raises(IntegrityError, match="has changed since"):
        read_mixture(path)


def test_a_mixture_without_a_row_of_text_opens_again(tmp_path: Path) -> None:
    build_dataset(None, ["ratio100"], tmp_path / "lomo", limit=8)
    mixture = mix(open_split(tmp_path / "lomo", "ratio100"), open_multimodal(tmp_path / "lomo" / "ratio100"))
    (tmp_path / "mix.json").write_text(mixture_json(mixture), encoding="utf-8")
    assert mixture.counts["text"] == 0
    assert read_mixture(tmp_path / "mix.json").counts == mixture.counts
    write_mixture(mixture, tmp_path / "whole")
    assert verify_dataset(tmp_path / "whole").contents.rows("mixture") == 16
    assert "There is no row of text only." in (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")


def test_a_mixture_can_be_written_out_and_loaded(hub: ServedHub, split: Path, tmp_path: Path) -> None:
    from datasets import load_dataset

    mixture: Mixture = mix(open_split(split), open_multimodal(REPO), multimodal_rows=40)
    (file,) = write_mixture(mixture, tmp_path / "out")
    assert file == tmp_path / "out/mixture/train-00000-of-00001.parquet"
    loaded = load_dataset(str(tmp_path / "out"), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded["id"] == [row["id"] for row in mixture.rows()]
    assert Counter(kind == "pages" for kind in map(kind_of, loaded))[True] == mixture.counts["pages"]


def test_a_mixture_that_is_written_out_is_a_whole_dataset_folder(hub: ServedHub, split: Path, tmp_path: Path) -> None:
    mixture: Mixture = mix(open_split(split), open_multimodal(REPO), multimodal_rows=40)
    out = tmp_path / "mixed"
    write_mixture(mixture, out, repo="org/mixed")
    assert verify_dataset(out).contents.configs == ["mixture"]
    report = check_dataset(out)
    assert report.loads, report.findings
    assert not [finding for finding in report.findings if "statistics" not in finding.says], report.findings
    card = (out / "README.md").read_text(encoding="utf-8")
    for words in ('load_dataset("org/mixed", "mixture"', "| with pictures of their own | 40 |", "license", "Cite"):
        assert words in card
    assert "dataset: mixture" in (out / "training/llamafactory.yaml").read_text(encoding="utf-8")
    entries = json.loads((out / "dataset_info.json").read_text(encoding="utf-8"))
    assert entries["mixture"]["subset"] == "mixture"
    assert str(tmp_path) not in (out / "manifest.json").read_text(encoding="utf-8") + card
    plan = make_plan(verify_dataset(out), None, None, "other/name")
    assert {addition.path for addition in plan.additions} >= {"mixture/train-00000-of-00001.parquet", "README.md"}
    named = next(addition for addition in plan.additions if addition.path == "training/llamafactory.yaml")
    assert b"REMOTE:other/name" in named.content


def test_what_cannot_be_mixed_says_what_to_do(hub: ServedHub, split: Path) -> None:
    with pytest.raises(UsageError, match=r"has no config 'ratio51'; it has \['ratio50'\]"):
        open_split(split, "ratio51")
    with pytest.raises(SourceError, match="holds no LoMo rows"):
        open_split(REPO, "gsm8k")
    with pytest.raises(RecipeError, match="ratio must be natural, matched or like 3:1"):
        parse_ratio("half")
    with pytest.raises(RecipeError, match="a ratio needs rows of both kinds"):
        targets({"multimodal": 5, "pages": 5, "text": 0}, Fraction(1))
