"""What a release and a repository make together: nothing of the others is lost, and nothing of ours is doubled."""

from typing import Any

import pytest
import yaml

from lomo_hf.dataset.card.text import OWN_END, OWN_START, own_text_of
from lomo_hf.dataset.publishing.merging import (
    data_patterns,
    front_text,
    merge_entries,
    merge_front,
    merge_own_text,
    split_card,
    with_body,
)
from lomo_hf.errors import PublishError


def config(name: str, *, folder: str | None = None, **more: Any) -> dict[str, Any]:
    files = [{"split": "train", "path": f"{folder or name}/train-*.parquet"}]
    return {"config_name": name, **more, "data_files": files}


OURS = {
    "license": "other",
    "tags": ["lomo"],
    "size_categories": ["n<1K"],
    "configs": [config("b", default=True), config("b-sharegpt", folder="b")],
    "dataset_info": [{"config_name": "b", "dataset_size": 1}],
}
THEIRS = {
    "license": "mit",
    "extra_gated_prompt": "Hello",
    "tags": ["math", "lomo"],
    "size_categories": ["1K<n<10K"],
    "configs": [config("a", default=True), config("b"), config("b-old-view", folder="b")],
    "dataset_info": [{"config_name": "a", "dataset_size": 2}, {"config_name": "b", "dataset_size": 9}],
}


def test_other_configs_and_unknown_keys_survive_and_ours_replace_their_namesakes() -> None:
    merged = merge_front(OURS, THEIRS, ["b"])
    assert [entry["config_name"] for entry in merged["configs"]] == ["a", "b", "b-sharegpt"]
    assert [entry["config_name"] for entry in merged["configs"] if entry.get("default")] == ["a"]
    assert merged["dataset_info"] == [{"config_name": "b", "dataset_size": 1}, {"config_name": "a", "dataset_size": 2}]
    assert (merged["license"], merged["extra_gated_prompt"]) == ("other", "Hello")
    assert merged["tags"] == ["lomo", "math"]
    assert merged["size_categories"] == ["1K<n<10K"]


def test_the_folder_decides_on_the_default_among_its_own() -> None:
    theirs = {"configs": [config("b"), config("c", default=True)]}
    ours = {"configs": [config("b", default=True), config("c")]}
    merged = merge_front(ours, theirs, ["b", "c"])
    assert [entry["config_name"] for entry in merged["configs"] if entry.get("default")] == ["b"]


def test_merging_again_changes_nothing() -> None:
    merged = merge_front(OURS, THEIRS, ["b"])
    assert merge_front(OURS, merged, ["b"]) == merged
    entries = merge_entries({"b": {"hf_hub_url": "x/y", "n": 1}}, {"a": {"n": 2}, "b": {"n": 3}}, "org/z")
    assert entries == {"b": {"hf_hub_url": "org/z", "n": 1}, "a": {"n": 2}}
    assert merge_entries({"b": {"hf_hub_url": "x/y", "n": 1}}, entries, "org/z") == entries


def test_with_nothing_on_the_hub_the_front_matter_stays_as_it_is() -> None:
    assert merge_front(OURS, {}, ["b"]) == OURS


@pytest.mark.parametrize("single", [{"config_name": "a", "dataset_size": 2}, {"dataset_size": 2}])
def test_a_dataset_info_that_is_no_list_survives(single: dict[str, Any]) -> None:
    assert merge_front(OURS, {"dataset_info": single}, ["b"])["dataset_info"][1:] == [single]


@pytest.mark.parametrize(
    ("data_files", "patterns"),
    [
        ("b/*.parquet", ["b/*.parquet"]),
        (["b/x.parquet", "a/y.parquet"], ["b/x.parquet"]),
        ([{"split": "train", "path": ["b/x", "b/y"]}], ["b/x", "b/y"]),
        ({"train": "b/x", "test": "a/y"}, ["b/x"]),
        (None, []),
    ],
)
def test_data_files_are_understood_in_every_form(data_files: object, patterns: list[str]) -> None:
    assert sorted(data_patterns({"configs": [{"config_name": "v", "data_files": data_files}]}, ["b"])) == patterns


@pytest.mark.parametrize(
    ("local", "remote", "base", "merged"),
    [
        ("", "theirs", None, "theirs"),
        ("ours", "", None, "ours"),
        ("old", "new on the Hub", "old", "new on the Hub"),
        ("new in the folder", "old", "old", "new in the folder"),
        ("cut", "cut short", "cut short", "cut"),
        ("ours", "theirs", "old", "ours\n\ntheirs"),
        ("ours", "ours\n\ntheirs", "old", "ours\n\ntheirs"),
    ],
)
def test_of_two_own_texts_the_newer_stands_and_of_two_new_ones_both(
    local: str, remote: str, base: str | None, merged: str
) -> None:
    assert merge_own_text(local, remote, base) == merged


def test_a_card_is_put_together_and_taken_apart() -> None:
    body = f"\n# Title\n\n{OWN_START}\nold\n{OWN_END}\n"
    shared = ["x"]
    card = with_body(front_text({"a": shared, "b": shared, "c": "ü"}), body, ["## One", "", "## Two"], "my --- text")
    front, text = split_card(card, "here")
    assert front == {"a": ["x"], "b": ["x"], "c": "ü"}
    assert "&" not in card
    assert text.index("# Title") < text.index("## One") < text.index("## Two") < text.index(OWN_START)
    assert own_text_of(text) == "my --- text"
    assert "old" not in text


def test_an_own_text_gets_markers_where_the_body_has_none() -> None:
    assert own_text_of(with_body("a: 1\n", "# Title\n", [], "kept")) == "kept"


@pytest.mark.parametrize("own", ["old", "", f"it quotes\n{OWN_END}\nitself"])
def test_text_below_the_end_marker_of_a_card_stays_there(own: str) -> None:
    """Somebody wrote on below the place that is theirs; it is no less theirs."""
    body = f"# Title\n\n{OWN_START}\n{own}\n{OWN_END}\n\n## Citation\n\nPlease cite us.\n"
    card = with_body("a: 1\n", body, ["## One"], "new")
    assert card.endswith(f"new\n{OWN_END}\n\n## Citation\n\nPlease cite us.\n")
    assert with_body("a: 1\n", split_card(card, "here")[1], [], "new") == card


def test_front_matter_with_windows_line_ends_is_read() -> None:
    assert split_card("---\r\na: 1\r\n---\r\nbody", "here") == ({"a": 1}, "body")


@pytest.mark.parametrize("text", ["---\na: [\n---\n", "---\njust text\n---\n", "---\na: 1\n", "---\n- 1\n---\n"])
def test_front_matter_that_cannot_be_read_is_refused_not_dropped(text: str) -> None:
    with pytest.raises(PublishError, match=r"card of org/x has front matter"):
        split_card(text, "org/x")


def test_front_matter_is_written_so_that_it_reads_back() -> None:
    front = {"a": "yes", "b": None, "c": {"d": [1, 2.5, "x: y"]}, "e": "line\nbreak", "f": "---"}
    assert yaml.safe_load(front_text(front)) == front


def test_front_matter_that_says_the_same_keeps_its_comments() -> None:
    assert front_text({"a": 1}, "no card", "---\na: 1  # one\n---\nbody") == "a: 1  # one\n"
