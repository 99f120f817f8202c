"""What a push does to a repository, and what it never does."""

import json
import logging
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import yaml
from dataset.publishing.conftest import REPO, TOKEN
from hub.server import LoopbackHub

from lomo_hf.dataset import (
    HubClient,
    PushOptions,
    PushReport,
    Retrier,
    RetryPolicy,
    push,
    read_back,
    take_snapshot,
)
from lomo_hf.dataset.card.text import own_text_of
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import IntegrityError, PublishError, UsageError

MakeRetrier = Callable[[], Retrier]
Push = Callable[..., PushReport]
DRY = PushOptions(dry_run=True)


@pytest.fixture
def release(hub: LoopbackHub, folders: dict[str, Path], retrier: MakeRetrier) -> Push:
    """Push a folder by its name."""

    def run(name: str, tag: str, options: PushOptions | None = None) -> PushReport:
        return push(folders[name], REPO, tag, options, retrier=retrier())

    return run


def front(hub: LoopbackHub, revision: str = "main") -> dict[str, object]:
    return dict(yaml.safe_load(hub.read(REPO, "README.md", revision).decode().split("---\n")[1]))


def config_names(hub: LoopbackHub) -> list[str]:
    configs = front(hub)["configs"]
    assert isinstance(configs, list)
    return [config["config_name"] for config in configs]


def test_a_first_release_is_the_folder_to_the_byte(hub: LoopbackHub, release: Push, folders: dict[str, Path]) -> None:
    release("first", "v1.0.0")
    folder = folders["first"]
    local = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path: hub.read(REPO, path, "v1.0.0") for path in hub.tree(REPO)} == local


def test_a_release_is_one_commit_and_a_tag_on_it(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    report = release("next", "v1.1.0")
    repo = hub.repo(REPO)
    assert [commit.title for commit in repo.history(repo.head)] == [
        "Release v1.1.0",
        "Release v1.0.0",
        "initial commit",
    ]
    assert repo.tags["v1.1.0"] == repo.head.id == report.commit


def test_the_same_command_again_changes_and_sends_nothing(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    before, hub.uploaded_bytes = hub.repo(REPO).head.id, 0
    hub.log.clear()
    assert release("first", "v1.0.0").tagged
    assert hub.repo(REPO).head.id == before
    assert hub.uploaded_bytes == 0
    assert {method for method, _, _ in hub.log} <= {"GET", "HEAD"}


def test_stale_shards_go_and_another_config_survives(
    hub: LoopbackHub, release: Push, folders: dict[str, Path]
) -> None:
    release("first", "v1.0.0")
    # Since then the plan has cut the config otherwise.
    shard = next((folders["next"] / "ratio50").glob("*.parquet"))
    renamed = "ratio50/train-00000-of-00002.parquet"
    manifest = json.loads((folders["next"] / "manifest.json").read_text())
    manifest["shards"][0]["files"]["ratio50"]["path"] = renamed
    shard.rename(folders["next"] / renamed)
    (folders["next"] / "manifest.json").write_text(sealed(manifest))
    plan = release("next", "v1.1.0").plan
    assert list(plan.deletions) == ["ratio50/train-00000-of-00001.parquet"]
    assert plan.survivors == ("ratio25",)
    assert [path for path in hub.tree(REPO) if path.endswith(".parquet")] == [
        "ratio25/train-00000-of-00001.parquet",
        renamed,
    ]
    assert config_names(hub) == ["ratio50", "ratio25"]
    assert "- `ratio50`: seed 0 -> 1; rows 6 -> 8;" in hub.read(REPO, "README.md").decode()


def test_an_audit_goes_with_the_shards_it_speaks_of(hub: LoopbackHub, release: Push, folders: dict[str, Path]) -> None:
    manifest = json.loads((folders["first"] / "manifest.json").read_text())
    (folders["first"] / "audit.json").write_text("{}")
    manifest["files"].append({"path": "audit.json", "bytes": 2, "sha256": sha256(b"{}").hexdigest()})
    (folders["first"] / "manifest.json").write_text(sealed(manifest))
    release("first", "v1.0.0")
    release("other", "v1.1.0")
    assert "audit.json" in hub.tree(REPO)
    release("next", "v1.2.0")
    assert "audit.json" not in hub.tree(REPO)
    assert "audit.json" in hub.tree(REPO, "v1.0.0")


def test_adding_a_config_leaves_all_others_and_the_default(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    release("other", "v1.1.0")
    card = hub.read(REPO, "README.md").decode()
    configs = front(hub)["configs"]
    assert isinstance(configs, list)
    assert [config["config_name"] for config in configs if config.get("default")] == ["ratio50"]
    assert sorted(name for name in config_names(hub) if "-" not in name) == ["prefix50", "ratio25", "ratio50"]
    assert "- `prefix50`: added, 6 rows." in card
    assert "- `ratio50`: unchanged." in card
    entries = json.loads(hub.read(REPO, "dataset_info.json"))
    configs_there = {"ratio50", "ratio25", "prefix50"}
    assert set(entries) == configs_there | {f"{name}-local" for name in configs_there}
    assert {entry["hf_hub_url"] for entry in entries.values() if "hf_hub_url" in entry} == {REPO}
    manifest = json.loads(hub.read(REPO, "manifest.json"))
    assert set(manifest["recipes"]) == configs_there
    # And once more in the other direction: nothing of what the folder does not have is lost.
    release("first", "v1.2.0")
    assert set(json.loads(hub.read(REPO, "manifest.json"))["recipes"]) == {"ratio50", "ratio25", "prefix50"}


def test_what_others_wrote_on_the_hub_survives(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    card = hub.read(REPO, "README.md").decode()
    card = card.replace("---\n", "---\nextra_gated_heading: Ask Ada\n", 1)
    card = card.replace("<!-- end of own text -->", "Written on the Hub.\n<!-- end of own text -->")
    someone = {"config_name": "someone", "data_files": "someone/*.parquet"}
    card = card.replace("configs:\n", f"configs:\n- {json.dumps(someone)}\n", 1)
    hub.store.someone_commits(hub.repo(REPO), {"README.md": card.encode(), "someone/a.parquet": b"x", "NOTES": b"n"})
    release("next", "v1.1.0")
    assert front(hub)["extra_gated_heading"] == "Ask Ada"
    assert "Written on the Hub." in hub.read(REPO, "README.md").decode()
    assert "someone" in config_names(hub)
    assert {"someone/a.parquet", "NOTES"} <= set(hub.tree(REPO))


def test_what_a_card_said_before_the_first_release_becomes_its_own_text(hub: LoopbackHub, release: Push) -> None:
    hub.create(REPO, {"README.md": b"---\nlanguage: [en]\n---\n# Soon\n\nWait for it.\n"})
    release("first", "v1.0.0")
    assert own_text_of(hub.read(REPO, "README.md").decode()) == "# Soon\n\nWait for it."
    assert front(hub)["language"] == ["en"]
    release("next", "v1.1.0")
    assert hub.read(REPO, "README.md").decode().count("Wait for it.") == 1


def test_a_strangers_shard_in_a_config_is_refused_before_anything_is_sent(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    hub.store.someone_commits(hub.repo(REPO), {"ratio50/train-00007-of-00009.parquet": b"x"})
    before, hub.uploaded_bytes = hub.tree(REPO), 0
    with pytest.raises(PublishError, match=r"ratio50/train-00007-of-00009.parquet, which no release of lomo_hf wrote"):
        release("next", "v1.1.0")
    assert hub.tree(REPO) == before
    assert hub.uploaded_bytes == 0


def test_a_manifest_of_another_tool_is_not_overwritten(hub: LoopbackHub, release: Push) -> None:
    hub.create(REPO, {"manifest.json": b'{"files": []}'})
    with pytest.raises(PublishError, match="is not one that lomo_hf wrote"):
        release("first", "v1.0.0")


@pytest.mark.parametrize("options", [PushOptions(), PushOptions(max_commit_files=2)])
def test_a_faster_commit_of_someone_else_survives_below_ours(
    hub: LoopbackHub, release: Push, options: PushOptions, waits: list[float]
) -> None:
    release("first", "v1.0.0")
    text = hub.read(REPO, "README.md").decode().replace("<!-- end", "From Ada.\n<!-- end")

    def ada() -> None:
        hub.store.someone_commits(hub.repo(REPO), {"README.md": text.encode(), "ada.txt": b"hello"})

    hub.meanwhile("POST", "/commit/main" if options.max_commit_files > 2 else "/merge", ada)
    release("next", "v1.1.0", options)
    assert hub.read(REPO, "ada.txt", "v1.1.0") == b"hello"
    assert "From Ada." in hub.read(REPO, "README.md", "v1.1.0").decode()
    assert "rows 6 -> 8" in hub.read(REPO, "README.md", "v1.1.0").decode()
    assert waits == [1.0]


def test_a_tag_is_never_moved(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    release("next", "v1.1.0")
    tags = dict(hub.repo(REPO).tags)
    with pytest.raises(PublishError, match=r"never moved. Push this one as v1.1.1"):
        release("first", "v1.1.0")
    with pytest.raises(PublishError, match=r"tag must be above v1.1.0, the latest; found v1.0.5. Next free: v1.1.1"):
        release("next", "v1.0.5")
    assert hub.repo(REPO).tags == tags
    assert release("first", "v1.0.0").tagged


def test_a_review_leaves_main_alone_and_the_same_command_tags_after_the_merge(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    before = hub.tree(REPO)
    report = release("next", "v1.1.0", PushOptions(create_pr=True))
    assert (hub.tree(REPO), report.pull_request, report.tagged) == (before, 1, False)
    assert report.read_back
    assert report.read_back.configs["ratio50"] == 8
    repo = hub.repo(REPO)
    repo.pulls[1].status = "open"
    repo.merge(repo.pulls[1])
    again = release("next", "v1.1.0", PushOptions(create_pr=True))
    assert (again.tagged, again.pull_request, again.commit) == (False, None, repo.head.id)
    assert "v1.1.0" not in repo.tags
    assert release("next", "v1.1.0").tagged
    assert repo.tags["v1.1.0"] == repo.pulls[1].merged_as
    assert len(repo.pulls) == 1


def test_pull_requests_that_earlier_attempts_left_are_closed_or_told(
    hub: LoopbackHub, release: Push, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    release("first", "v1.0.0")
    release("other", "v1.1.0", PushOptions(create_pr=True))
    hub.store.repo("dataset", REPO).open_pull("Ada's own", hub.user)
    release("next", "v1.2.0", PushOptions(create_pr=True))
    messages: list[str] = []
    # Nobody reviewed: the release goes to main after all.
    push(folders["next"], REPO, "v1.2.0", retrier=retrier(), notify=messages.append)
    assert [pull.status for pull in hub.repo(REPO).pulls.values()] == ["draft", "draft", "closed"]
    assert "closed pull request 3, which an earlier attempt left" in messages
    assert "pull request 1, 'Release v1.1.0', is still open; close it if nobody waits for it" in messages
    assert not [message for message in messages if "Ada" in message]


def test_a_release_that_is_out_is_no_failure_if_pull_requests_cannot_be_looked_for(
    hub: LoopbackHub, release: Push, folders: dict[str, Path], retrier: MakeRetrier
) -> None:
    release("first", "v1.0.0")
    release("next", "v1.1.0", PushOptions(create_pr=True))
    hub.fault("GET", "/whoami", 403)
    messages: list[str] = []
    assert push(folders["next"], REPO, "v1.1.0", retrier=retrier(), notify=messages.append).tagged
    assert [
        message
        for message in messages
        if message.startswith("pull requests of earlier attempts may be open: looking for")
    ]
    # The same command again, whose release is out already, makes up for it.
    assert release("next", "v1.1.0").tagged
    assert not hub.open_pulls(REPO)


def test_a_merge_whose_answer_was_lost_is_not_made_again(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    hub.fault("POST", "/merge", "lost")
    report = release("next", "v1.1.0", PushOptions(max_commit_files=2))
    assert len(hub.line(REPO)) == 3
    assert hub.repo(REPO).tags["v1.1.0"] == hub.repo(REPO).head.id == report.commit
    assert [pull.status for pull in hub.repo(REPO).pulls.values()] == ["merged"]


def test_a_large_release_goes_through_a_pull_request_and_main_changes_once(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0")
    report = release("next", "v1.1.0", PushOptions(max_commit_files=2))
    repo = hub.repo(REPO)
    assert repo.pulls[1].status == "merged"
    assert repo.head.title == "Release v1.1.0 (#1)"
    assert repo.head.parents[0] == repo.tags["v1.0.0"]
    assert len([commit for commit in repo.history(repo.head) if commit.title == "Release v1.1.0"]) > 1
    assert repo.tags["v1.1.0"] == repo.head.id == report.commit
    assert report.pull_request is None


def test_a_pull_request_of_an_earlier_attempt_is_taken_up_only_if_it_holds_this_release(
    hub: LoopbackHub, release: Push
) -> None:
    release("first", "v1.0.0")
    small = PushOptions(max_commit_files=2)
    hub.fault("POST", "/merge", 403)
    with pytest.raises(PublishError, match="403"):
        release("other", "v1.1.0", small)
    # Meanwhile the folder was built anew, with other files.
    release("next", "v1.1.0", small)
    repo = hub.repo(REPO)
    assert {number: pull.status for number, pull in repo.pulls.items()} == {1: "closed", 2: "merged"}
    assert not [path for path in hub.tree(REPO) if path.startswith("prefix50")]
    hub.fault("POST", "/merge", 403)
    with pytest.raises(PublishError, match="403"):
        release("other", "v1.2.0", small)
    hub.uploaded_bytes = 0
    release("other", "v1.2.0", small)
    assert hub.uploaded_bytes == 0
    assert [pull.status for pull in repo.pulls.values()] == ["closed", "merged", "merged"]


def test_a_dry_run_needs_no_token_and_touches_nothing(
    hub: LoopbackHub, release: Push, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    plan = release("first", "v1.0.0", DRY).plan
    assert not hub.exists(REPO)
    assert plan.base is None
    files = {path.relative_to(folders["first"]).as_posix() for path in folders["first"].rglob("*") if path.is_file()}
    assert {addition.path for addition in plan.additions} == files
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    release("first", "v1.0.0")
    monkeypatch.delenv("HF_TOKEN")
    hub.log.clear()
    plan = release("next", "v1.1.0", DRY).plan
    assert {call[0] for call in hub.log} == {"GET"}
    assert [added.path for added in plan.additions][-2:] == ["README.md", "manifest.json"]
    assert "ratio25/train-00000-of-00001.parquet" in plan.kept


def test_without_a_token_a_push_says_how_to_get_one(
    hub: LoopbackHub, release: Push, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(PublishError, match="hf auth login"):
        release("first", "v1.0.0")


def test_nothing_unverified_is_sent(hub: LoopbackHub, release: Push, folders: dict[str, Path]) -> None:
    shard = next((folders["first"] / "ratio50").glob("*.parquet"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with pytest.raises(IntegrityError, match="another SHA-256"):
        release("first", "v1.0.0")
    assert not hub.log


def test_a_private_repository_is_made_private_and_a_public_one_is_refused(hub: LoopbackHub, release: Push) -> None:
    release("first", "v1.0.0", PushOptions(private=True))
    assert hub.repo(REPO).private
    hub.repo(REPO).private = False
    with pytest.raises(PublishError, match="is public"):
        release("next", "v1.1.0", PushOptions(private=True))


def test_the_card_names_the_repository_it_is_pushed_to(
    hub: LoopbackHub, release: Push, folders: dict[str, Path]
) -> None:
    push(folders["first"], "tester/elsewhere", "v1.0.0", retrier=Retrier(sleep=lambda seconds: None))
    card = hub.read("tester/elsewhere", "README.md").decode()
    assert 'load_dataset("tester/elsewhere", "ratio50"' in card
    assert "lomo-test" not in card
    assert "\n# elsewhere\n" in card
    assert json.loads(hub.read("tester/elsewhere", "dataset_info.json"))["ratio50"]["hf_hub_url"] == "tester/elsewhere"


def test_the_hub_says_how_long_to_wait_and_is_heeded(hub: LoopbackHub, release: Push, waits: list[float]) -> None:
    hub.fault("POST", "/commit/", 429, headers={"Retry-After": "77"})
    hub.fault("POST", "/tag/", 429, headers={"RateLimit": '"api";r=0;t=33', "Retry-After": "5"})
    release("first", "v1.0.0")
    assert waits == [77.0, 33.0]


def test_patience_ends(hub: LoopbackHub, folders: dict[str, Path]) -> None:
    waits: list[float] = []
    hub.fault("POST", "/commit/", 429, times=99, headers={"Retry-After": "900"})
    with pytest.raises(PublishError, match="must wait 900 s by the Hub's word"):
        push(folders["first"], REPO, "v1.0.0", retrier=Retrier(RetryPolicy(total_wait=2000), sleep=waits.append))
    assert waits == [900.0, 900.0]
    assert hub.repo(REPO).head.title == "initial commit"


def test_a_silent_hub_is_not_waited_for_for_ever(hub: LoopbackHub, folders: dict[str, Path]) -> None:
    hub.fault("POST", "/commit/", "timeout")
    impatient = Retrier(RetryPolicy(answer_within=0.2), sleep=lambda seconds: None)
    assert push(folders["first"], REPO, "v1.0.0", retrier=impatient).tagged


def test_a_token_is_never_shown(
    hub: LoopbackHub, release: Push, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG, "lomo_hf")
    hub.fault(".*", "", 403, times=9, skip=4, message=f"token {TOKEN} may not write; Bearer {TOKEN}")
    with pytest.raises(PublishError) as failed:
        release("first", "v1.0.0")
    shown = capsys.readouterr()
    for text in (str(failed.value), repr(failed.value), caplog.text, shown.out, shown.err):
        assert "canary" not in text.lower()
    assert "hf_..." in str(failed.value)
    assert failed.value.__suppress_context__
    assert hub.tokens == {TOKEN}


@pytest.mark.parametrize("repo", ["name", "a/b/c", "../x", "org/na me", "org/", "org/x.git", "org/a--b", "org/é"])
def test_names_that_cannot_be_are_refused_without_a_call(
    hub: LoopbackHub, folders: dict[str, Path], repo: str
) -> None:
    with pytest.raises(UsageError, match="repository must be org/name"):
        push(folders["first"], repo, "v1.0.0")
    assert not hub.log


@pytest.mark.parametrize("tag", ["1.0.0", "v1.0", "v01.0.0", "v1.0.0-rc1", "main", "v1.0.0\n"])
def test_tags_that_are_no_version_are_refused_without_a_call(
    hub: LoopbackHub, folders: dict[str, Path], tag: str
) -> None:
    with pytest.raises(UsageError, match=r"tag must be vX\.Y\.Z"):
        push(folders["first"], REPO, tag)
    assert not hub.log


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"ratio25/train-00000-of-00001.parquet": None}, "ratio25/train-00000-of-00001.parquet is missing"),
        ({"ratio25/train-00000-of-00001.parquet": b"PAR1"}, "has other content than the manifest says"),
        ({"ratio50/extra.parquet": b"PAR1"}, "ratio50/extra.parquet is not in the manifest"),
        ({"manifest.json": None}, "holds no manifest.json"),
    ],
)
def test_reading_back_finds_what_is_wrong_on_the_hub(
    hub: LoopbackHub, release: Push, spoil: dict[str, bytes | None], says: str
) -> None:
    release("first", "v1.0.0")
    commit = hub.store.someone_commits(hub.repo(REPO), spoil)
    client = HubClient(REPO, Retrier(sleep=lambda seconds: None))
    with pytest.raises(IntegrityError, match=says):
        read_back(client, take_snapshot(client, commit.id), download_up_to=1 << 30)


def test_a_hub_that_serves_other_bytes_than_it_lists_is_found(hub: LoopbackHub, release: Push) -> None:
    report = release("first", "v1.0.0")
    sha = hub.tree(REPO)["ratio25/train-00000-of-00001.parquet"]
    data = hub.store.blobs[sha]
    hub.store.blobs[sha] = data[:100] + bytes([data[100] ^ 1]) + data[101:]
    client = HubClient(REPO, Retrier(sleep=lambda seconds: None))
    there = take_snapshot(client, str(report.commit))
    with pytest.raises(IntegrityError, match="serves other bytes of ratio25/train"):
        read_back(client, there, download_up_to=1 << 30)
    assert read_back(client, there, download_up_to=0).bytes_read < 50_000
