"""What one types: from the Hub to a dataset folder in one command; planned before, drawn again after, mixed last."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from corpus.hub.replica import REPO, ROWS
from corpus.hub.served import Fault, ServedHub

from lomo_hf.building import ShardSpec, plan
from lomo_hf.building.estimating import estimate, fetched_bytes
from lomo_hf.cli import main
from lomo_hf.corpus import SAMPLE, open_hub
from lomo_hf.corpus.sampling import Sampling, draw
from lomo_hf.errors import SourceError
from lomo_hf.hub.retry import Retrier
from lomo_hf.recipes.recipe import Recipe

Run = Callable[..., str]
FEW = ("gsm8k", "open_orca", "code_feedback_66k", "magpie_ultra")


@pytest.fixture
def lomo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `lomo`; what it printed, or what it complained of after "exit <code>: "."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "150")

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["lomo", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        return f"exit {left.value.code}: {printed.err}" if left.value.code else printed.out

    return run


def configs(*names: str) -> list[str]:
    return [word for name in names for word in ("--config", name)]


def stored(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_draw_from_the_hub_is_built_in_one_command_whatever_the_workers(hub: ServedHub, lomo: Run) -> None:
    drawn = ("build", "--corpus", REPO, *configs(*FEW), "--sample", "60", "--recipe", "ratio50")
    assert 'load_dataset("one", "ratio50")' in lomo(*drawn, "--out", "one")
    assert "refused dialect" in lomo(*drawn, "--out", "two", "--num-proc", "2")
    first, second = stored(Path("one/ratio50")), stored(Path("two/ratio50"))
    assert first == second
    rows = pq.read_table(next(Path("one/ratio50").glob("*.parquet"))).to_pylist()
    assert {(row["source_repo"], row["source_revision"]) for row in rows} == {(REPO, hub.heads[REPO]["main"])}
    assert all(row["id"] == f"{row['source_config']}/{row['source_id']}" for row in rows)
    manifest = json.loads(Path("one/manifest.json").read_text())
    assert "draw.json" in {file["path"] for file in manifest["files"]}
    assert manifest["source"]["revision"] == hub.heads[REPO]["main"]
    hub.push(REPO, {"README.md": b"# empty\n"})
    assert not lomo("audit", "one", "--sample", "5").startswith("exit")
    manifest = json.loads(Path("one/manifest.json").read_text())
    assert {"draw.json", "audit.json"} <= {file["path"] for file in manifest["files"]}
    lomo("build", "--replay", "one/draw.json", "--recipe", "ratio50", "--out", "three")
    assert stored(Path("three/ratio50")) == first
    assert Path("three/draw.json").read_bytes() == Path("one/draw.json").read_bytes()


def rebuilt(folder: str, corpus: str = "") -> list[str]:
    """The command that a card gives for building the same again."""
    card = Path(folder, "README.md").read_text()
    line = next(line for line in card.partition("## Rebuild")[2].splitlines() if line.startswith("lomo build"))
    return shlex.split(line.replace("PATH-OF-THE-CORPUS", corpus))[1:]


@pytest.mark.parametrize("more", [(), ("--sample", "40"), ("--sample", "40", "--limit", "7")])
def test_the_card_of_a_part_of_a_hub_dataset_says_how_to_build_that_part_again(
    hub: ServedHub, lomo: Run, more: tuple[str, ...]
) -> None:
    lomo("build", "--corpus", REPO, *configs(*FEW), *more, "--out", "one")
    if more:
        Path("draw.json").write_bytes(Path("one/draw.json").read_bytes())
    assert 'load_dataset("rebuilt", "ratio50")' in lomo(*rebuilt("one"))
    assert stored(Path("rebuilt/ratio50")) == stored(Path("one/ratio50"))


@pytest.mark.parametrize("more", [(), ("--sample", "2")])
def test_the_card_of_a_corpus_read_by_a_mapping_says_so_again(lomo: Run, more: tuple[str, ...]) -> None:
    rows = [{"the prompt": f"What is {n} + {n}?", "gold": str(2 * n)} for n in range(4)]
    Path("quiz.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lomo("build", "--corpus", "quiz.jsonl", "--columns", "prompt=the prompt,answer=gold", *more, "--out", "one")
    if more:
        Path("draw.json").write_bytes(Path("one/draw.json").read_bytes())
    assert 'load_dataset("rebuilt", "ratio50")' in lomo(*rebuilt("one", "quiz.jsonl"))
    assert stored(Path("rebuilt/ratio50")) == stored(Path("one/ratio50"))


def test_what_sample_says_about_the_same_rows_again_is_a_command_that_gives_them(lomo: Run) -> None:
    Path("mine.jsonl").write_text("".join(json.dumps({"prompt": f"{n}?", "answer": "So."}) + "\n" for n in range(9)))
    for corpus in ((), ("--corpus", "mine.jsonl")):
        output = lomo("sample", *corpus, "--sample", "5", "--rows", "one.jsonl")
        again = output.partition("the same rows again: lomo ")[2].splitlines()[0]
        lomo(*shlex.split(again))
        assert Path("rows.jsonl").read_bytes() == Path("one.jsonl").read_bytes()
        assert "the rows are the same" in lomo("sample", "--replay", "draw.json", "--check", *corpus)


def test_a_build_that_was_stopped_does_not_draw_again(
    hub: ServedHub, lomo: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ("build", "--corpus", REPO, *configs("gsm8k", "open_orca"), "--dedup", "--limit", "3", "--out", "out")
    with monkeypatch.context() as patch:
        patch.setattr("lomo_hf.building.engines.local.build_shards", _stopped)
        assert lomo(*asked).startswith("exit 130")
    kept = Path("out/.lomo/draw.json").read_bytes()
    monkeypatch.setattr("lomo_hf.dataset.draws.draw", _never)
    assert "load_dataset" in lomo(*asked)
    assert Path("out/draw.json").read_bytes() == kept


def _stopped(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


def _never(*args: object, **kwargs: object) -> None:
    raise AssertionError("drew again")


def test_a_build_that_lost_the_network_goes_on_where_it_was(
    hub: ServedHub, quick: Retrier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lomo_hf.building import build_shards, planning

    monkeypatch.setattr(planning, "_MIN_ROWS", 10)

    def specs() -> list[ShardSpec]:
        source = open_hub(REPO, configs=["aops_forum", "math", "gsm8k", "mathqa"], retrier=quick)
        return plan(source, [Recipe("mine", ratio=0.1)], limit=16)

    planned = specs()
    hub.faults.append(Fault("gsm8k/train", 503, times=1_000))
    with pytest.raises(SourceError, match="the same command goes on from there"):
        build_shards(planned, tmp_path / "out")
    hub.faults.clear()
    reused: list[bool] = []
    build_shards(specs(), tmp_path / "out", progress=lambda done: reused.append(done.reused))
    assert reused == [True, False]


def test_a_sample_is_written_and_replayed_to_the_byte(hub: ServedHub, lomo: Run) -> None:
    output = lomo("sample", "--corpus", f"{REPO}@main", *configs(*FEW), "--sample", "40", "--rows", "one.jsonl")
    assert "open_orca" in output
    assert "drawn out of" in output
    assert "the rows are the same" in lomo("sample", "--replay", "draw.json", "--check")
    lomo("sample", "--replay", "draw.json", "--rows", "two.jsonl")
    assert Path("one.jsonl").read_bytes() == Path("two.jsonl").read_bytes()
    assert len(Path("one.jsonl").read_text().splitlines()) in (39, 40)


def test_the_plan_names_shards_rows_time_and_bytes_and_what_they_rest_on(hub: ServedHub, lomo: Run) -> None:
    output = lomo("plan", "--corpus", "llava-ov15-text", "--sample", "200", "--measure", "30", "--num-proc", "4")
    for words in (
        "1 shards of up to 200 rows, each for ratio50",
        *ROWS,
        "processor time",
        "on 4 processors",
        "to fetch",
        "on disk",
        "Measured on",
        "two standard errors",
    ):
        assert words in output


def test_what_the_plan_counts_is_what_is_fetched_and_what_it_estimates_is_what_is_written(
    hub: ServedHub, tmp_path: Path
) -> None:
    from lomo_hf.dataset import build_dataset

    source = open_hub(REPO, configs=["openmathinstruct"])
    specs = plan(source, [Recipe("mine")])
    estimates = estimate(source, specs, measure=100)
    before = hub.sent()
    list(source.conversations(0, len(source)))
    sent = hub.sent() - before
    assert estimates.download == fetched_bytes(source, specs)
    assert 0.8 * sent < estimates.download <= sent  # whole blocks come with some bytes more
    build_dataset(source, [Recipe("mine")], tmp_path / "out")
    size = sum(path.stat().st_size for path in (tmp_path / "out" / "mine").iterdir())
    assert estimates.output.low < size < estimates.output.high
    assert estimates.pages.low <= len(source) / 2 <= estimates.pages.high


def test_a_drawn_row_group_is_counted_once_for_each_shard_and_an_unwanted_one_never(hub: ServedHub) -> None:
    source = open_hub(REPO, configs=["openmathinstruct", "gsm8k"])
    small = draw(source, Sampling(rows=3)).source
    whole = plan(source, [Recipe("mine")])
    assert 0 < fetched_bytes(small, plan(small, [Recipe("mine")])) < fetched_bytes(source, whole) / 2


@pytest.fixture
def two_splits(tmp_path: Path) -> Path:
    """A corpus of two files, each a split."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[::20]
    (tmp_path / "corpus").mkdir()
    for split, own in (("train", lines[:5]), ("test", lines[5:9])):
        (tmp_path / "corpus" / f"{split}.jsonl").write_text("\n".join(own), encoding="utf-8")
    return tmp_path / "corpus"


def test_a_preview_is_of_the_split_that_is_named(two_splits: Path, lomo: Run) -> None:
    assert lomo("preview", "--corpus", "corpus", "--split", "test", "--out", "a.png", "--rows", "9").startswith(
        "4 rows"
    )
    assert lomo("preview", "--corpus", "corpus", "--out", "b.png", "--rows", "9").startswith("5 rows")
    output = lomo("preview", "--corpus", "corpus", "--split", "tset", "--out", "c.png")
    assert output == "exit 2: lomo: corpus has no split 'tset'; it has test, train. Did you mean 'test'?\n"


@pytest.mark.parametrize("given", [(), ("--split", "test"), ("--keep-columns", "lang")])
def test_a_scored_corpus_keeps_splits_and_draws_and_says_how_to_build_from_it(
    two_splits: Path, lomo: Run, given: tuple[str, ...]
) -> None:
    lomo("build", "--corpus", "corpus", *given, "--out", "plain")
    rows = [row for path in Path("plain/ratio50").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    Path("scores.jsonl").write_text(
        "".join(json.dumps({"id": row["id"], "gap_per_token": 0.5}) + "\n" for row in rows), encoding="utf-8"
    )
    output = lomo("score", "scores.jsonl", "--corpus", "corpus", *given, "--out", "scored")
    assert output.startswith(f"{len(rows)} of {len(rows)} rows have a score")
    command = shlex.split(output.partition("Build from it: lomo ")[2])
    lomo(*command, "--out", "again")
    again = [row for path in Path("again/ratio50").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert len(again) == (4 if "--split" in given else 9)
    assert {row["id"]: row.get("lang") for row in again} == {row["id"]: row.get("lang") for row in rows}
    assert ("lang" in rows[0]) is ("--keep-columns" in given)
    assert {row["id"]: row["images"] for row in again} == {row["id"]: row["images"] for row in rows}


def test_a_page_to_browse_is_of_the_split_that_is_named(two_splits: Path, lomo: Run) -> None:
    lomo("build", "--corpus", "corpus", "--out", "built")
    lomo("browse", "built", "--split", "test", "--out", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    shown = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert {row["id"].partition("/")[0] for row in shown} == {"test"}
    assert "ratio50, test: all 4 rows" in page
    assert lomo("browse", "built", "--split", "dev").startswith("exit 2: lomo: config ratio50 has no split 'dev'")


def test_a_mixture_is_planned_and_written_by_one_command(hub: ServedHub, lomo: Run) -> None:
    lomo("build", "--limit", "30", "--out", "lomo")
    asked = ("mix", "--lomo", "lomo", "--multimodal", REPO, "--config", "svit", "--config", "plotqa")
    output = lomo(*asked, "--ratio", "matched", "--write", "mixed")
    assert "image-bearing to text-only 1.00 : 1" in output
    assert 'open_mix("mix.json")' in output
    assert "interleave_datasets" in output
    assert len(list(Path("mixed/mixture").glob("train-*.parquet"))) == 1
    assert lomo(*asked, "--ratio", "half").startswith("exit 2: lomo: ratio must be natural")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--sample", "many"), "exit 2: lomo: sample must be a whole number of 1 or more, such as 2_000_000"),
        (("--quota", "equal"), "exit 2: lomo: quota and weights share out a draw"),
        (("--config", "gsm8k"), "exit 2: lomo: --config and --exclude-config are for a dataset on the Hub"),
        (("--columns", "prompt"), "exit 2: lomo: columns must be NAME=VALUE"),
        (("--corpus", "nobody/nothing"), "exit 1: lomo: nobody/nothing is neither a file or folder here"),
        (("--replay", "nowhere.json"), "exit 2: lomo: 'nowhere.json' does not exist"),
        (("--sample", "5", "--weights", "sample=x"), "exit 2: lomo: weights.sample must be a number"),
        (("--sample", "5", "--exclude-overlap", "quiz.csv"), "exit 2: lomo: 'quiz.csv' does not exist"),
    ],
)
def test_mistakes_are_one_sentence_with_the_remedy(
    hub: ServedHub, lomo: Run, arguments: tuple[str, ...], says: str
) -> None:
    output = lomo("build", *arguments)
    assert output.startswith(says)
    assert output.count("\n") == 1
