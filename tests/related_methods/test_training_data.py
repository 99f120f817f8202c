"""Data for ReVision, the verl fork and LaVer: read back as their loaders read it, against the stored rows."""

import json
import math
import pickle
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from lomo_hf.errors import BuildError, RecipeError, UsageError
from lomo_hf.image_tokens import fixed_square
from lomo_hf.related_methods import (
    VERL_INSTRUCTION,
    contrastive_pair,
    contrastive_pairs,
    curriculum,
    exchange_of,
    export_laver,
    export_revision,
    final_answer,
    image_tokens,
    least_tokens,
    masked_tokens,
    mixed,
    share_of_steps,
    verl_rows,
    view,
    write_contrastive,
    write_embeddings,
    write_verl,
)
from lomo_hf.row import Row


def prompt_of(row: Row) -> str:
    """The prompt by the offsets of the row: an oracle that does not look at `<image>`."""
    spans = {span["start"]: span["text"] for span in row["lomo"]["spans"]}
    turn = row["messages"][row["lomo"]["turn"]]["content"]
    starts = iter(sorted(spans))
    return "".join(spans[next(starts)] if part["type"] == "image" else part["text"] for part in turn)


# -- ReVision --------------------------------------------------------------------------------------------------------


def test_every_page_is_an_image_and_a_text_of_one_id(rows: list[Row], tmp_path: Path) -> None:
    report = export_revision(rows, tmp_path)
    printed = json.loads((tmp_path / "dataset.json").read_text())
    images, texts = printed["images"], printed["texts"]
    spans = [span["text"] for row in rows if row["rewritten"] for span in row["lomo"]["spans"]]
    assert (report.rows, report.pages, report.without_page) == (40, len(spans), 10)
    assert [each["id"] for each in images] == [each["id"] for each in texts]
    assert len({each["id"] for each in images}) == len(spans)
    assert [each["text"] for each in texts] == spans
    pages = [image["bytes"] for row in rows for image in row["images"] or ()]
    assert [(tmp_path / "images" / each["image"]).read_bytes() for each in images] == pages
    for each, text in zip(json.loads((tmp_path / "pretrain.json").read_text()), texts, strict=True):
        assert (each["id"], each["caption"]) == (text["id"], text["text"])
        assert [turn["from"] for turn in each["conversations"]] == ["human", "gpt"]
        assert each["conversations"][0]["value"].startswith("<image>\n")
    with pytest.raises(BuildError, match="must be an empty folder"):
        export_revision(rows, tmp_path)


def test_stage_two_has_the_rewritten_conversations_of_one_page(rows: list[Row], tmp_path: Path) -> None:
    report = export_revision(rows, tmp_path)
    single = [row for row in rows if row["rewritten"] and len(row["images"]) == 1]
    several = [row for row in rows if row["rewritten"] and len(row["images"]) > 1]
    assert several
    assert report.left_out == {"several-pages": len(several)}
    tuning = json.loads((tmp_path / "sft.json").read_text())
    assert report.instructions == len(tuning) == len(single)
    pages = {each["id"] for each in json.loads((tmp_path / "dataset.json").read_text())["images"]}
    for each, row in zip(tuning, single, strict=True):
        assert each["id"] == f"{row['id']}#0"
        assert each["id"] in pages  # so that an embedding of stage 1 is joined in stage 2
        assert each["conversations"] == row["conversations"]
        assert each["caption"] == row["lomo"]["spans"][0]["text"]  # rows without a caption are dropped by the loader
        assert sum(turn["value"].count("<image>") for turn in each["conversations"]) == 1


def test_long_captions_are_left_out_of_both_stages_and_counted(rows: list[Row], tmp_path: Path) -> None:
    lengths = [len(span["text"]) for row in rows if row["rewritten"] for span in row["lomo"]["spans"]]
    cap = sorted(lengths)[len(lengths) // 2]
    report = export_revision(rows, tmp_path / "capped", max_caption_chars=cap)
    assert report.left_out["long-caption"] == sum(length > cap for length in lengths) > 0
    for name in ("pretrain.json", "sft.json"):
        written = json.loads((tmp_path / "capped" / name).read_text())
        assert written
        assert max(len(each["caption"]) for each in written) <= cap
    for wrong in (0, True, 2.5):
        with pytest.raises(RecipeError, match="max_caption_chars must be a whole number"):
            export_revision(rows, tmp_path / "wrong", max_caption_chars=wrong)  # type: ignore[arg-type]


def test_no_rows_are_still_valid_json(tmp_path: Path) -> None:
    assert export_revision([], tmp_path / "out").pages == 0
    assert json.loads((tmp_path / "out" / "dataset.json").read_text()) == {"images": [], "texts": []}
    assert json.loads((tmp_path / "out" / "pretrain.json").read_text()) == []
    assert json.loads((tmp_path / "out" / "sft.json").read_text()) == []


def test_embeddings_are_joined_by_id_over_chunks(tmp_path: Path) -> None:
    pairs = [(f"r{index}", f"text {index}", np.full(4, index)) for index in range(7)]
    files = write_embeddings(pairs, tmp_path, chunk=3)
    assert [file.name for file in files] == [f"text_embeds_{number}.pkl" for number in (1, 2, 3)]
    joined = {str(each["id"]): each["embed"] for file in files for each in pickle.loads(file.read_bytes())}
    assert all(np.array_equal(joined[name], embed) for name, _, embed in pairs)


# -- text-vision reasoning imbalance ---------------------------------------------------------------------------------


def test_both_conditions_hold_every_image_and_the_full_one_every_word(rows: list[Row]) -> None:
    full, none = list(view(rows, "full-text")), list(view(rows, "no-text"))
    rewritten = [row for row in rows if row["rewritten"]]
    assert len(full) == len(none) == len(rewritten) == 30
    assert max(len(row["images"]) for row in rewritten) == 2
    for row, each, other in zip(rewritten, full, none, strict=True):
        at, count = row["lomo"]["turn"], len(row["images"])
        prompts = [part["conversations"][at]["value"] for part in (each, other)]
        assert [prompt.count("<image>") for prompt in prompts] == [count, count]
        assert prompts[0] == "<image>" * count + prompt_of(row)
        assert prompts[1] == row["conversations"][at]["value"]
        assert each["conversations"][at + 1] == other["conversations"][at + 1] == row["conversations"][at + 1]
        assert [image["bytes"] for image in each["images"]] == [image["bytes"] for image in row["images"]]
    with pytest.raises(RecipeError, match="condition must be one of full-text, no-text"):
        list(view(rows, "half"))


def test_mix_holds_both_conditions_once_and_curriculum_one_after_the_other(rows: list[Row]) -> None:
    both = list(mixed(rows))
    assert Counter(each["condition"] for each in both) == {"full-text": 30, "no-text": 30}
    assert len({each["id"] for each in both}) == 60
    assert {each["condition"] for each in both[::2]} == {"full-text", "no-text"}
    assert (
        [each["id"] for each in mixed(rows)]
        == [each["id"] for each in both]
        != [each["id"] for each in mixed(rows, 1)]
    )
    first, second = curriculum(lambda: rows)
    assert [each["condition"] for each in first] + [each["condition"] for each in second] == ["full-text"] * 30 + [
        "no-text"
    ] * 30


def test_pairs_are_what_the_fork_reads(rows: list[Row]) -> None:
    left_out: Counter[str] = Counter()
    pairs = list(contrastive_pairs(rows, instruction="Put the answer in a box.", left_out=left_out))
    assert pairs
    assert len(pairs) + sum(left_out.values()) == 40
    assert left_out["no-page"] == 10
    by_id = {row["id"]: row for row in rows}
    for index, pair in enumerate(pairs):
        row = by_id[pair["extra_info"]["id"]]
        last, other = pair["prompt"][-1], pair["contrastive_prompt"][-1]
        assert (last["role"], other["role"], pair["extra_info"]["index"]) == ("user", "user", index)
        counts = [
            sum(turn["content"].count("<image>") for turn in pair[key]) for key in ("prompt", "contrastive_prompt")
        ]
        assert counts == [len(pair["images"])] * 2
        assert last["content"].endswith(prompt_of(row) + "\nPut the answer in a box.")
        truth = pair["reward_model"]["ground_truth"]
        assert truth
        assert truth in pair["extra_info"]["answer"]
        with Image.open(BytesIO(pair["images"][0]["bytes"])) as page:
            assert page.format == "PNG"


def test_pairs_are_written_without_metadata_of_a_newer_datasets(rows: list[Row], tmp_path: Path) -> None:
    written, left_out = write_contrastive(rows, tmp_path / "train.parquet")
    assert written + sum(left_out.values()) == 40
    table = pq.read_table(tmp_path / "train.parquet")
    assert table.schema.metadata is None
    assert table.to_pylist() == list(contrastive_pairs(rows))


def test_the_instruction_asks_for_all_that_the_reward_looks_at() -> None:
    """0.1 of the reward is for the form, and the contrastive loss counts answers of reward 1 alone."""
    form = re.compile(r"<think>.*</think>.*\\boxed\{.*\}.*", re.DOTALL)
    obeyed = "<think>\nOne and one.\n</think>\nIt is \\boxed{2}."
    assert form.match(obeyed)
    for part in ("<think>", "</think>", "\\boxed{}"):
        assert part in VERL_INSTRUCTION
    assert VERL_INSTRUCTION.index("</think>") < VERL_INSTRUCTION.index("\\boxed{}")


def test_all_four_recipes_and_the_contrast_have_the_files_that_their_scripts_read(
    rows: list[Row], tmp_path: Path
) -> None:
    report = write_verl(lambda: rows, tmp_path)
    assert {
        name: [path.relative_to(tmp_path).as_posix() for path in paths] for name, paths in report.files.items()
    } == {
        "full-text": ["full-text/train.parquet"],
        "no-text": ["no-text/train.parquet"],
        "mix": ["full-text/train.parquet", "no-text/train.parquet"],
        "curriculum": ["full-text/train.parquet", "no-text/train.parquet"],
        "contrastive": ["contrastive/train.parquet"],
    }
    tables = {name: pq.read_table(report.files[name][0]) for name in ("full-text", "no-text", "contrastive")}
    assert report.rows > 0
    assert report.rows + sum(report.left_out.values()) == 40
    columns = ["data_source", "prompt", "images", "ability", "reward_model", "extra_info"]
    assert tables["full-text"].column_names == tables["no-text"].column_names == columns
    for table in tables.values():
        assert (table.num_rows, table.schema.metadata) == (report.rows, None)
    full, none, pairs = (tables[name].to_pylist() for name in ("full-text", "no-text", "contrastive"))
    by_id = {row["id"]: row for row in rows}
    for first, second, pair in zip(full, none, pairs, strict=True):
        row = by_id[first["extra_info"]["id"]]
        assert first["extra_info"] == second["extra_info"] == pair["extra_info"]
        assert first["reward_model"] == second["reward_model"] == pair["reward_model"]
        assert (first["prompt"], second["prompt"]) == (pair["prompt"], pair["contrastive_prompt"])
        tail = "\n" + VERL_INSTRUCTION
        turn = row["conversations"][row["lomo"]["turn"]]["value"]
        assert first["prompt"][-1]["content"] == "<image>" * len(row["images"]) + prompt_of(row) + tail
        assert second["prompt"][-1]["content"] == turn + tail
        for each in (first, second):
            placed = sum(part["content"].count("<image>") for part in each["prompt"])
            assert placed == len(each["images"]) == len(row["images"])
        assert final_answer(first["extra_info"]["answer"]) == first["reward_model"]["ground_truth"]


def test_a_condition_that_is_none_is_named(rows: list[Row]) -> None:
    rewritten = [row for row in rows if contrastive_pair(row) is not None]
    with pytest.raises(RecipeError, match="condition must be one of full-text, no-text; found 'half'"):
        list(verl_rows(rewritten, "half"))


def test_earlier_turns_stay_before_the_prompt(rows: list[Row]) -> None:
    row = next(row for row in rows if row["rewritten"])
    printed = {"role": "system", "content": [{"type": "text", "text": "Be brief."}]}
    longer = {**row, "messages": [printed, *row["messages"]], "lomo": {**row["lomo"], "turn": row["lomo"]["turn"] + 1}}
    result = exchange_of(longer)
    assert result is not None
    assert result.before == (("system", "Be brief."),)
    assert result.full == prompt_of(row)
    boxed = {
        **longer,
        "messages": [
            *longer["messages"][:-1],
            {"role": "assistant", "content": [{"type": "text", "text": "\\boxed{7}"}]},
        ],
    }
    pair = contrastive_pair(boxed)
    assert pair is not None
    assert [turn["role"] for turn in pair["prompt"]] == ["system", "user"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{\frac{1}{\sqrt{2}}}.", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{1} no, \boxed{ 2 }", "2"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        ("He has 3.\n#### 3\n", "3"),
        ("#### 1,234\nand more", None),  # not to be told from a heading
        ("## Solution\n#### Step 1: add\nWe add 2 and 2.\n#### Conclusion\nSo it is 4.", None),
        ("##### 3", None),
        ("The answer is 3.", None),
        (r"\boxed{", None),
        (r"\boxed{}", None),
        ("\\boxed{" * 25_000, None),
        ("\\boxed{" + "{" * 100_000, None),
        ("####", None),
    ],
)
def test_final_answers_come_out_whole_or_not_at_all(text: str, answer: str | None) -> None:
    assert final_answer(text) == answer


# -- LaVer -----------------------------------------------------------------------------------------------------------


@given(st.floats(0.001, 1.0))
def test_the_floor_is_the_first_size_of_which_a_token_is_masked(ratio: float) -> None:
    least = least_tokens(ratio)
    assert masked_tokens(least, ratio) >= 1
    assert least == 1 or masked_tokens(least - 1, ratio) == 0


def share_by_counting(tokens: int, ratio: float, steps: int) -> float:
    """The trainer's own loop: the ratio at each step, and whether a token is masked."""
    masked = 0
    for step in range(1, steps + 1):
        now = ((-math.cos(math.pi * step / steps) + 1) / 2) * ratio
        masked += int(tokens * now) >= 1
    return masked / steps


@pytest.mark.parametrize("ratio", [0.05, 0.4])
@pytest.mark.parametrize("tokens", [19, 20, 22, 30, 40, 64, 100, 729])
def test_the_share_of_steps_is_that_of_the_trainers_loop(tokens: int, ratio: float) -> None:
    assert share_of_steps(tokens, ratio) == pytest.approx(share_by_counting(tokens, ratio, 20_000), abs=2e-4)


@given(st.floats(0.01, 1.0), st.floats(0.0, 0.99))
def test_a_floor_by_share_is_the_first_size_that_reaches_it(ratio: float, share: float) -> None:
    least = least_tokens(ratio, share=share)
    assert share_of_steps(least, ratio) >= share - 1e-9
    assert masked_tokens(least, ratio) >= 1
    assert least == 1 or share_of_steps(least - 1, ratio) < share or masked_tokens(least - 1, ratio) == 0


def test_a_constant_ratio_masks_after_the_first_eighth() -> None:
    assert [share_of_steps(tokens, schedule="constant") for tokens in (19, 20, 729)] == [0, 0.875, 0.875]
    assert least_tokens(0.05, share=0.8, schedule="constant") == 20
    with pytest.raises(RecipeError, match=r"share must be at most 0\.875 where the ratio is constant"):
        least_tokens(0.05, share=0.9, schedule="constant")
    with pytest.raises(RecipeError, match="share must be from 0 to below 1"):
        least_tokens(0.05, share=1.0)
    with pytest.raises(RecipeError, match="schedule must be one of cosine, constant"):
        share_of_steps(20, schedule="linear")


def test_known_floors() -> None:
    assert [least_tokens(ratio) for ratio in (0.05, 0.4, 1.0, 0.1)] == [20, 3, 1, 10]
    assert [least_tokens(0.05, share=share) for share in (0.25, 0.5, 0.75)] == [24, 40, 137]
    assert image_tokens(56, 56) == 4
    assert image_tokens(280, 140) == 50
    assert image_tokens(56, 40) == 6, "the processor of Qwen2.5-VL makes a small page larger"


def test_laver_reads_rows_as_they_are_without_metadata_of_a_newer_datasets(rows: list[Row], tmp_path: Path) -> None:
    report = export_laver(rows, tmp_path, name="mine")
    assert report.rows + sum(report.left_out.values()) == 40
    assert report.fewest_tokens is not None
    assert report.fewest_tokens >= 40  # of which one is masked in half of the steps
    table = pq.read_table(tmp_path / "mine.parquet")
    assert table.schema.metadata is None
    assert str(table.schema.field("image").type) == "list<element: struct<bytes: binary, path: string>>"
    by_id = {row["id"]: row for row in rows}
    for each in table.to_pylist():
        row = by_id[each["id"]]
        assert each["conversations"] == row["conversations"]
        assert [image["bytes"] for image in each["image"] or ()] == [image["bytes"] for image in row["images"] or ()]
        assert sum(turn["value"].count("<image>") for turn in each["conversations"]) == len(each["image"] or ())
    assert table.num_rows == report.rows
    entry = json.loads((tmp_path / "dataset_info.json").read_text())["mine"]
    assert (entry["file_name"], entry["columns"]) == ("mine.parquet", {"messages": "conversations", "images": "image"})


def test_a_page_in_which_nothing_would_be_masked_is_left_out_and_counted(rows: list[Row], tmp_path: Path) -> None:
    def tokens(row: Row) -> int:
        sizes = [Image.open(BytesIO(image["bytes"])).size for image in row["images"]]
        return min(image_tokens(*size) for size in sizes)

    small = [row for row in rows if row["rewritten"] and tokens(row) < 64]
    assert small
    report = export_laver(rows, tmp_path, min_tokens=64)
    assert report.left_out == {"too-few-tokens": len(small)}
    kept = pq.read_table(tmp_path / "lomo.parquet").column("id").to_pylist()
    assert set(kept) == {row["id"] for row in rows} - {row["id"] for row in small}
    export_laver(rows, tmp_path, name="square", square=384)
    assert pq.read_metadata(tmp_path / "square.parquet").num_rows == 40
    assert set(json.loads((tmp_path / "dataset_info.json").read_text())) == {"lomo", "square"}
    with pytest.raises(RecipeError, match="min_tokens must be 20 or more"):
        export_laver(rows, tmp_path, min_tokens=19)


def test_decoded_pages_are_refused_with_the_remedy(rows: list[Row], tmp_path: Path) -> None:
    """As `load_dataset` gives them, before the cast: this was a TypeError from within."""
    decoded = {**rows[0], "images": [Image.open(BytesIO(image["bytes"])) for image in rows[0]["images"]]}
    for use in (
        lambda: list(view([decoded], "no-text")),
        lambda: export_revision([decoded], tmp_path / "revision"),
        lambda: export_laver([decoded], tmp_path / "laver"),
        lambda: write_contrastive([decoded], tmp_path / "train.parquet"),
    ):
        with pytest.raises(RecipeError, match=r"Image\(decode=False\)"):
            use()
    assert not (tmp_path / "train.parquet").exists()


def test_an_index_that_cannot_be_added_to_stops_before_a_row_is_written(rows: list[Row], tmp_path: Path) -> None:
    for text in ("{nope", "[]"):
        (tmp_path / "dataset_info.json").write_text(text)
        with pytest.raises(BuildError, match=r"dataset_info\.json is"):
            export_laver(rows, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["dataset_info.json"]


def test_a_square_is_a_size_too() -> None:
    for square in (0, -384, 384.0):
        with pytest.raises(UsageError, match="square must be a whole number"):
            image_tokens(320, 60, fixed_square(square))  # type: ignore[arg-type]
