"""A dataset on the Hub becomes the same rows as its files would on this machine, by ranges, and never its pictures."""

import json
import pickle
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from corpus.hub.replica import FROM_VALUE, IMAGE_ROWS, PICTURE, REPO, ROWS, SCALE, UPSTREAM_ROWS, parquet, replica
from corpus.hub.served import Fault, ServedHub

from lomo_hf.corpus import LLAVA_OV15_TEXT, Conversation, Refusal, open_corpus, open_hub, open_splits, splits_of
from lomo_hf.corpus.hub.configs import find_configs
from lomo_hf.corpus.hub.listing import list_repo
from lomo_hf.errors import SourceError, UsageError
from lomo_hf.hub.retry import Retrier, RetryPolicy


def test_text_only_configs_are_found_from_features_and_are_the_preset(hub: ServedHub) -> None:
    source = open_hub(REPO)
    assert {part.config for part in source.parts} == set(ROWS) == set(LLAVA_OV15_TEXT)
    preset = open_corpus("llava-ov15-text")
    assert sorted(part.digest for part in preset.parts) == sorted(part.digest for part in source.parts)


def test_counts_come_from_the_footers_not_from_a_stale_card(hub: ServedHub) -> None:
    source = open_hub(REPO)
    assert {part.config: len(part) for part in source.parts} == ROWS
    assert ROWS["openmathinstruct"] == UPSTREAM_ROWS["openmathinstruct"] // SCALE


def test_the_commit_is_pinned_and_in_every_row(hub: ServedHub) -> None:
    commit = hub.heads[REPO]["main"]
    source = open_hub(REPO, configs=["gsm8k"])
    hub.push(REPO, {"README.md": b"# gone\n"})
    rows = list(source.conversations(0, len(source)))
    assert source.revision == commit
    assert {(row.origin.repo, row.origin.revision) for row in rows if isinstance(row, Conversation)} == {
        (REPO, commit)
    }
    assert open_hub(f"{REPO}@{commit}", configs=["gsm8k"]).digest == source.digest


def test_rows_are_those_of_the_files_with_ids_that_name_their_config(hub: ServedHub, tmp_path: Path) -> None:
    source = open_hub(REPO)
    got = {row.id: row for row in source.conversations(0, len(source))}
    assert len(got) == len(source) == sum(ROWS.values())
    for name in ("code_feedback_66k", "magpie_pro", "openmathinstruct"):
        for path, data in replica().items():
            if path.startswith(f"{name}/"):
                (tmp_path / name).mkdir(exist_ok=True)
                (tmp_path / path).write_bytes(data)
        local = open_corpus(tmp_path / name, config=name)
        for row in local.conversations(0, len(local)):
            assert isinstance(row, Conversation)
            other = got[row.id]
            assert isinstance(other, Conversation)
            assert (other.turns, other.repairs) == (row.turns, row.repairs)


def test_every_id_is_a_string_and_unique_also_where_the_source_has_integers_nulls_and_repeats(hub: ServedHub) -> None:
    source = open_hub(REPO)
    ids = [row.id for row in source.conversations(0, len(source))]
    assert len(set(ids)) == len(ids)
    assert {"code_feedback_66k/7", "mathqa/00000000", "magpie_pro/magpie_pro_0~0", "magpie_pro/magpie_pro_0~1"} <= set(
        ids
    )


def test_odd_rows_are_refused_by_name_and_nothing_is_lost(hub: ServedHub) -> None:
    source = open_hub(REPO)
    refused = Counter(row.reason for row in source.conversations(0, len(source)) if isinstance(row, Refusal))
    assert refused == {"dialect": 1}


@pytest.mark.parametrize("config", sorted(set(IMAGE_ROWS) - {"wit"}))
def test_every_dialect_of_the_configs_with_pictures_is_read_up_to_the_picture(hub: ServedHub, config: str) -> None:
    source = open_hub(REPO, configs=[config])
    refused = {row.reason for row in source.conversations(0, len(source)) if isinstance(row, Refusal)}
    assert refused == {"image-row"}


def test_a_row_without_a_picture_in_a_config_with_pictures_is_a_row_of_text(hub: ServedHub) -> None:
    source = open_hub(REPO, configs=["wit"])
    kept = [row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)]
    assert [row.id for row in kept] == ["wit/3", "wit/11"]


def test_pictures_are_never_fetched(hub: ServedHub) -> None:
    turn = [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]
    rows = [
        {"id": str(i), "image": {"bytes": random.Random(i).randbytes(400_000), "path": "x.png"}, "conversations": turn}
        for i in range(12)
    ]
    schema = pa.schema([("id", pa.string()), ("image", PICTURE), ("conversations", pa.list_(FROM_VALUE))])
    hub.push("org/pictures", {"data/train-00000-of-00001.parquet": parquet(rows, schema, 4)})
    source = open_hub("org/pictures", configs=["default"])
    assert sum(1 for _ in source.conversations(0, 12)) == 12
    assert hub.sent() < 400_000


def test_a_slice_is_read_anywhere_and_gives_the_same_rows(hub: ServedHub) -> None:
    source = open_hub(REPO, configs=["openmathinstruct", "gsm8k", "magpie_ultra"])
    whole = list(source.conversations(0, len(source)))
    again = pickle.loads(pickle.dumps(source))
    for start, stop in ((0, 7), (60, 75), (195, 207), (len(source) - 3, len(source) + 9), (5, 5)):
        assert list(again.conversations(start, stop)) == whole[start:stop]
    assert len(pickle.dumps(source)) < 60_000


def test_what_passes_by_itself_is_tried_again(hub: ServedHub) -> None:
    waited: list[float] = []
    hub.faults += [
        Fault("GET /api/datasets/.*/revision|GET /api/datasets/[^/]+/[^/]+$", 503),
        Fault("README", 429, headers={"Retry-After": "17"}),
        Fault("gsm8k/train", 0, times=2),
        Fault("gsm8k/train", 504),
        Fault("gsm8k/train", 429, headers={"RateLimit": '"resolvers";r=0;t=42'}),
    ]
    source = open_hub(REPO, configs=["gsm8k"], retrier=Retrier(failure=SourceError, sleep=waited.append))
    assert sum(1 for _ in source.conversations(0, len(source))) == len(source)
    assert [fault.times for fault in hub.faults] == [0] * 5
    assert {17.0, 42.0} <= set(waited)
    assert len(waited) == 6


def test_what_will_not_pass_is_said_at_once(hub: ServedHub) -> None:
    waited: list[float] = []
    source = open_hub(REPO, configs=["gsm8k"], retrier=Retrier(failure=SourceError, sleep=waited.append))
    hub.faults.append(Fault("gsm8k/train", 403))
    with pytest.raises(SourceError, match=r"gsm8k/train.* is refused .*hf auth login"):
        list(source.conversations(0, len(source)))
    assert not waited


def test_a_server_that_stays_busy_ends_the_build_with_a_remedy(hub: ServedHub) -> None:
    waited: list[float] = []
    hub.faults.append(Fault("/resolve/.*README", 503, times=100))
    with pytest.raises(SourceError, match=r"README.md of .* failed 4 times, .*503.* same command goes on"):
        open_hub(REPO, retrier=Retrier(RetryPolicy(attempts=4), failure=SourceError, sleep=waited.append))
    assert waited == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("org/nothing", {}, "neither a file or folder here nor a dataset on the Hub"),
        (f"{REPO}@v9", {}, "no such revision"),
        (REPO, {"configs": ["gsm9k"]}, "has no config 'gsm9k'; it has .*gsm8k"),
        (REPO, {"configs": ["gsm8k"], "exclude": ["gsm8k"]}, "has no config of text"),
        (REPO, {"columns": {"prompts": "x"}}, "columns must name one of"),
        (REPO, {"configs": ["gsm8k"], "columns": {"prompt": "q", "answer": "a"}}, r"has no column \[q, a\]"),
    ],
)
def test_what_cannot_be_opened_says_what_to_write(
    hub: ServedHub, name: str, options: dict[str, object], says: str
) -> None:
    # What was typed is wrong, or what the Hub has is not as it takes.
    typed = says.startswith(("has no config 'gsm9k'", "columns must"))
    with pytest.raises(UsageError if typed else SourceError, match=says):
        open_hub(name, **options)  # type: ignore[arg-type]


def test_columns_of_any_name_are_read_by_a_mapping_and_asked_for_by_an_error(hub: ServedHub) -> None:
    table = pa.table({"uid": [7, 8], "q_text": ["2+2?", "3+3?"], "gold": ["4", "6"], "note": ["a", "b"]})
    rows = table.to_pylist()
    hub.push("org/odd", {"data/train-00000-of-00001.parquet": parquet(rows, table.schema)})
    with pytest.raises(
        SourceError, match=r"columns are \[uid, q_text, gold, note\].*--columns prompt=NAME,answer=NAME"
    ):
        open_hub("org/odd")
    source = open_hub("org/odd", columns={"prompt": "q_text", "answer": "gold", "id": "uid"})
    got = [row for row in source.conversations(0, 2) if isinstance(row, Conversation)]
    assert [(row.id, row.turns[0].text, row.turns[1].text) for row in got] == [
        ("train/7", "2+2?", "4"),
        ("train/8", "3+3?", "6"),
    ]


def test_keys_inside_turns_can_be_mapped_too(hub: ServedHub, tmp_path: Path) -> None:
    rows = [{"dialog": [{"speaker": "user", "said": "Why?"}, {"speaker": "assistant", "said": "So."}]}]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    source = open_corpus(tmp_path / "rows.jsonl", columns={"messages": "dialog", "role": "speaker", "content": "said"})
    (row,) = source.conversations(0, 1)
    assert isinstance(row, Conversation)
    assert [turn.text for turn in row.turns] == ["Why?", "So."]


def test_json_lines_on_the_hub_are_read_too(hub: ServedHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    line = {"id": 1, "prompt": "Why?", "response": "So."}
    hub.push("org/lines", {"train.jsonl": (json.dumps(line) + "\n").encode(), "dataset_info.json": b"{}"})
    source = open_corpus("org/lines")
    assert [row.id for row in source.conversations(0, 1)] == ["train/1"]


def test_folders_tell_the_configs_where_the_card_does_not(hub: ServedHub, quick: Retrier) -> None:
    files = {path: data for path, data in replica().items() if path.startswith(("gsm8k/", "plotqa/", "math/"))}
    converted = {path.replace("/train-00000-of-00001", "/train/0000"): data for path, data in files.items()}
    hub.push("org/bare", {**files, "gsm8k/test-00000-of-00001.parquet": b"x"})
    hub.push("org/bare", converted, branch="refs/convert/parquet")
    for name in ("org/bare", "org/bare@refs/convert/parquet"):
        source = open_corpus(name)
        assert [(part.config, len(part)) for part in source.parts] == [("gsm8k", 4), ("math", 4)]


@pytest.mark.parametrize("declared", [True, False])
def test_every_split_of_the_hub_is_read_or_the_one_that_is_named(hub: ServedHub, declared: bool) -> None:
    rows = [{"id": number, "prompt": "Why?", "answer": "So."} for number in range(6)]
    sizes = {"gsm8k/train": 3, "gsm8k/test": 2, "math/test": 1}
    schema = pa.schema([("id", pa.int64()), ("prompt", pa.string()), ("answer", pa.string())])
    files = {f"{name}-00000-of-00001.parquet": parquet(rows[:size], schema) for name, size in sizes.items()}
    if declared:
        files["README.md"] = (
            b"---\nconfigs:\n"
            b"- config_name: gsm8k\n  data_files:\n"
            b"  - split: test\n    path: gsm8k/test-*\n  - split: train\n    path: gsm8k/train-*\n"
            b"- config_name: math\n  data_files:\n  - split: test\n    path: math/test-*\n---\n"
        )
    hub.push("org/splits", files)
    source = open_splits("org/splits")
    parts = splits_of(source)
    assert [(part.split, len(part)) for part in parts] == [("train", 3), ("test", 3)]
    assert [row.id for row in parts[1].conversations(0, 3)] == ["gsm8k-test/0", "gsm8k-test/1", "math-test/0"]
    assert [row.id for row in source.conversations(2, 4)] == ["gsm8k/2", "gsm8k-test/0"]
    assert "splits: train 3, test 3" in source.description
    named = open_splits("org/splits", ["test"])
    assert named.digest == open_corpus("org/splits", split="test").digest != source.digest
    assert [row.id for row in named.conversations(0, 9)] == ["gsm8k-test/0", "gsm8k-test/1", "math-test/0"]
    assert open_splits("org/splits", ["train"]).digest == open_hub("org/splits", configs=["gsm8k"]).digest
    with pytest.raises(UsageError, match=r"has no split 'tset'; it has \[train, test\]\. Did you mean 'test'\?"):
        open_corpus("org/splits", split="tset")
    with pytest.raises(UsageError, match=r"has no config 'gsm8'; .*Did you mean 'gsm8k'\?"):
        open_splits("org/splits@main", config="gsm8")


def test_a_part_that_repeats_its_base_is_not_counted_twice(hub: ServedHub) -> None:
    from lomo_hf.corpus.hub.configs import without_repeats

    configs = list(find_configs(list_repo(REPO)).values())
    kept = {config.name for config in without_repeats(configs)} & set(IMAGE_ROWS)
    assert kept == {"visual7w", "plotqa", "pathvqa", "svit", "sharegpt4v-part-00-of-10", "wit"}
