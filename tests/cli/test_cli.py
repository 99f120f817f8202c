"""The command line: what a new user types, what they see, and how it fails."""

import errno
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import lomo_hf
from lomo_hf.cli import main
from lomo_hf.distortion import GROUPS, OPERATIONS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lomo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run `lomo` with arguments in an empty folder: exit code, what it printed, what it complained of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["lomo", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        code = left.value.code
        printed = capsys.readouterr()
        return int(code or 0), printed.out, printed.err

    return run


def test_build_with_no_argument_makes_a_dataset_and_tells_what_it_counted(lomo: Run) -> None:
    code, output, complained = lomo("build", "--limit", "40")
    assert (code, complained) == (0, "")
    for words in (
        "rows",
        "rewritten",
        "typeset as",
        "distorted by",
        "rows a second",
        'load_dataset("lomo-ov15", "ratio50")',
    ):
        assert words in output
    manifest = json.loads(Path("lomo-ov15/manifest.json").read_text())
    assert manifest["source"]["rows"] == 40


def test_refused_rows_are_counted_in_the_table_and_listed_beside_the_shard(lomo: Run, tmp_path: Path) -> None:
    rows = [
        {"id": "good", "messages": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]},
        {"id": "bad", "messages": [{"role": "user", "content": "<image>"}, {"role": "assistant", "content": "So."}]},
    ]
    (tmp_path / "mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, output, _ = lomo("build", "--corpus", "mine.jsonl", "--recipe", "ratio100", "--out", "out")
    assert code == 0
    assert "refused placeholder:<image>" in output
    assert "out/*/refused-*.jsonl" in output
    (listed,) = Path("out/ratio100").glob("refused-*.jsonl")
    assert [json.loads(line)["id"] for line in listed.read_text().splitlines()] == ["train/bad"]


def test_a_build_of_which_every_row_is_refused_says_why(lomo: Run) -> None:
    turns = [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": ""}]
    Path("mute.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    code, _, complained = lomo("build", "--corpus", "mute.jsonl", "--out", "out")
    assert code == 1
    assert "(empty:assistant 1). Look into ratio50/refused-*.jsonl" in complained
    assert list(Path("out/ratio50").glob("refused-*.jsonl"))


def test_a_build_is_resumed_and_repeated_to_the_same_bytes(lomo: Run) -> None:
    def tree() -> dict[str, bytes]:
        return {path.as_posix(): path.read_bytes() for path in sorted(Path("out").rglob("*")) if path.is_file()}

    arguments = ("build", "--limit", "30", "--out", "out")
    assert lomo(*arguments)[0] == 0
    first = tree()
    code, output, _ = lomo(*arguments)
    assert (code, "out is already built; nothing was changed" in output) == (0, True)
    assert tree() == first
    assert not [name for name in first if "/." in name]


def test_another_recipe_joins_a_folder_and_an_own_text_in_the_card_survives(lomo: Run) -> None:
    assert lomo("build", "--limit", "20", "--out", "out")[0] == 0
    card = Path("out/README.md")
    marker = "<!-- end of own text -->"
    card.write_text(card.read_text().replace(marker, f"Ask Ada about this release.\n{marker}"))
    assert lomo("build", "--limit", "20", "--out", "out", "--recipe", "prefix50")[0] == 0
    text = card.read_text()
    assert "Ask Ada about this release." in text
    assert "config_name: ratio50\n" in text
    assert "config_name: prefix50\n" in text


def test_a_changed_recipe_that_kept_the_name_of_another_is_pointed_out(lomo: Run, tmp_path: Path) -> None:
    _, output, _ = lomo("recipes", "--show", "ratio50")
    (tmp_path / "same.yaml").write_text(output)
    (tmp_path / "other.yaml").write_text(output.replace("ratio: 0.5\n", "ratio: 0.3\n"))
    assert lomo("build", "--limit", "4", "--recipe", "same.yaml", "--out", "same")[2] == ""
    code, _, complained = lomo("build", "--limit", "4", "--recipe", "other.yaml", "--out", "other")
    assert code == 0
    assert "other.yaml has the name ratio50, but is not the recipe" in " ".join(complained.split())


def test_an_own_recipe_file_becomes_a_config(lomo: Run, tmp_path: Path) -> None:
    (tmp_path / "tilted.yaml").write_text("ratio: 1.0\ndistortion: {mix: {rotate_large: 1}, strength: hard}\n")
    code, output, _ = lomo("build", "--limit", "10", "--recipe", "tilted.yaml", "--out", "out")
    assert code == 0
    assert "distorted by rotate_large" in output
    assert list(Path("out/tilted").glob("train-*.parquet"))


def test_export_says_what_it_wrote_and_where(lomo: Run) -> None:
    assert lomo("build", "--limit", "12", "--out", "out")[0] == 0
    code, output, complained = lomo("export", "out", "--format", "webdataset", "--out", "tars")
    assert (code, complained) == (0, "")
    assert "12 rows of ratio50 with" in output
    assert Path("tars/train-00000.tar").exists()
    code, output, _ = lomo("export", "out", "--format", "webdataset", "--out", "tars")
    assert (code, "already there" in output) == (0, True)


def test_preview_draws_a_picture_that_can_be_opened(lomo: Run) -> None:
    code, output, _ = lomo("preview", "--rows", "3", "--out", "sheet.png")
    assert (code, "3 rows" in output) == (0, True)
    with Image.open("sheet.png") as sheet:
        assert sheet.width > 900
        assert sheet.convert("L").getextrema()[0] < 100


def test_a_corpus_in_a_layout_of_its_own_can_be_previewed(lomo: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text(json.dumps({"q": "Why?", "gold": "So."}) + "\n")
    code, output, _ = lomo("preview", "--corpus", "mine.jsonl", "--columns", "prompt=q,answer=gold", "--out", "a.png")
    assert (code, Path("a.png").exists()) == (0, True)
    assert "1 rows drawn" in output


def test_the_version_can_be_asked_for(lomo: Run) -> None:
    assert lomo("--version")[:2] == (0, f"lomo-hf {lomo_hf.__version__}\n")


def test_names_of_distortions_are_whole_on_a_narrow_terminal(lomo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = lomo("recipes")[1]
    assert all(name in output for name in (*GROUPS, *OPERATIONS))


def test_recipes_are_listed_and_explained(lomo: Run) -> None:
    code, output, _ = lomo("recipes")
    assert code == 0
    for words in ("ratio50 (default)", "multispan50", "edge_shadow", "distortion", "lomo recipes --show ratio50"):
        assert words in output
    code, yaml, _ = lomo("recipes", "--show", "ratio25")
    assert (code, yaml.startswith("name: ratio25\n")) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["build", "--corpus", "nowhere.jsonl"], 2, "--corpus nowhere.jsonl does not exist"),
        (["build", "--replay", "nowhere.json"], 2, "'nowhere.json' does not exist"),
        (["build", "--sample", "5", "--exclude-overlap", "nowhere.jsonl"], 2, "'nowhere.jsonl' does not exist"),
        (["audit", "nowhere"], 2, "folder 'nowhere' does not exist"),
        (["audit", ".", "--corpus", "nowhere.jsonl"], 2, "--corpus nowhere.jsonl does not exist"),
        (["browse", "nowhere"], 2, "folder 'nowhere' does not exist"),
        (["card", "nowhere"], 2, "folder 'nowhere' does not exist"),
        (["check", "nowhere"], 2, "folder 'nowhere' does not exist"),
        (["verify", "nowhere"], 2, "folder 'nowhere' does not exist. Check the path; `lomo build --out nowhere`"),
        (["verify", "."], 3, "holds no manifest.json"),
        (["card", "."], 3, "holds no manifest.json"),
        (["preview", "--corpus", "nowhere.jsonl"], 2, "--corpus nowhere.jsonl does not exist"),
        (["build", "--recipe", "ratio51"], 2, "recipe must be a YAML file or one of ratio25"),
        (["build", "--recipe", "missing.yaml"], 2, "missing.yaml"),
        (["build", "--recipe", "ratio50", "--recipe", "ratio50"], 2, "recipe names must be distinct"),
        (["build", "--num-proc", "0"], 2, "num-proc"),
        (["build", "--corps", "x"], 2, "No such option"),
        (["recipes", "--show", "nothing"], 2, "recipe must be"),
        (["export", "nowhere", "--out", "x"], 2, "folder 'nowhere' does not exist"),
        (["export", ".", "--out", "x"], 1, "holds no manifest.json"),
        (["export", ".", "--out", "x", "--format", "csv"], 2, "format must be one of llava-jsonl"),
        (["preview", "--skip", "100000"], 1, "no row of"),
        (["render-eval", "mmstar", "--out", "twins"], 1, "lomo: "),
        (["push", "nowhere", "org/x", "--tag", "v1.0.0"], 2, "folder 'nowhere' does not exist"),
        (["push", ".", "org/x", "--tag", "v1.0.0"], 3, "holds no manifest.json"),
        (["verify", ".", "--remote", "lomo"], 2, "--remote must be org/name or org/name@v1.0.0; found 'lomo'"),
        (["verify", ".", "--remote", "org/x@"], 2, "found 'org/x@'"),
        (["verify", ".", "--download"], 2, "found no --remote. Write --remote org/name"),
        (["build", "--repo", "a/b/c"], 2, "repository must be org/name"),
        (["build", "--repo", "org/hf_" + 34 * "a"], 2, "repo"),
        (["card", ".", "--repo", "lomo"], 2, "found 'lomo'. Write something like org/lomo-ov15"),
        (["build", "--config", "gsm8k"], 2, "--config and --exclude-config are for a dataset on the Hub"),
        (["build", "--columns", "colour=x"], 2, "columns must name one of"),
        (["build", "--sample", "0"], 2, "sample must be a whole number of 1 or more"),
        (["plan", "--sample", "5", "--tokens", "5"], 2, "--sample and --tokens exclude each other"),
        (["build", "--executor", "slurm"], 2, "Add --engine datatrove"),
        (["sample", "--check"], 2, "found no --replay"),
        (["grid", "nowhere.yaml"], 2, "grid file 'nowhere.yaml' is missing"),
        (["preview", "--kind", "zzz"], 1, "whose id holds 'zzz'"),
        (["sensitivity", "a.jsonl", "b.jsonl"], 1, "a.jsonl cannot be read"),
    ],
)
def test_errors_are_one_sentence_with_the_exit_code_of_their_kind(
    lomo: Run, arguments: list[str], code: int, says: str
) -> None:
    exit_code, output, complained = lomo(*arguments)
    assert exit_code == code
    assert says in complained
    assert "Traceback" not in complained
    assert output == "", "a program that reads the output gets nothing, not even an empty line"
    if complained.startswith("lomo: "):
        assert complained.count("\n") == 1


def test_brackets_in_help_are_no_markup(lomo: Run) -> None:
    assert "needs the extra [audit]" in lomo("audit", "--help")[1]
    for command in ("check", "browse"):
        assert "org/name[@revision] on the Hub" in lomo(command, "--help")[1]


def test_wrong_names_of_releases_and_configs_are_errors_of_usage_too(lomo: Run) -> None:
    assert lomo("build", "--limit", "5", "--out", "out")[0] == 0
    for arguments, says in (
        (["push", "out", "org/x", "--tag", "1.0"], "tag must be vX.Y.Z with whole numbers; found '1.0'. Write"),
        (["push", "out", "lomo", "--tag", "v1.0.0"], "repository must be org/name"),
        (["browse", "out", "--config", "ratio51"], "has no config 'ratio51' to browse; found ratio50. Name"),
        (["export", "out", "--out", "x", "--config", "ratio51"], "config must be one of ratio50; found 'ratio51'"),
    ):
        code, _, complained = lomo(*arguments)
        assert (code, says in complained) == (2, True), complained


def test_a_folder_that_is_not_ours_is_never_written_into(lomo: Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"meow")
    code, _, complained = lomo("build", "--out", "photos", "--limit", "5")
    assert code == 1
    assert "must be an empty folder or one made by lomo build" in complained
    assert [path.name for path in (tmp_path / "photos").iterdir()] == ["cat.jpg"]


def test_another_source_does_not_mix_into_a_folder(lomo: Run) -> None:
    assert lomo("build", "--limit", "12", "--out", "out")[0] == 0
    code, _, complained = lomo("build", "--limit", "13", "--out", "out")
    assert code == 1
    assert "from another source or limit" in complained
    assert Path("out/manifest.json").exists()


def test_a_damaged_manifest_is_an_integrity_error(lomo: Run) -> None:
    assert lomo("build", "--limit", "12", "--out", "out")[0] == 0
    Path("out/manifest.json").write_text("{}")
    code, _, complained = lomo("build", "--limit", "12", "--out", "out")
    assert code == 3
    assert "is not one that lomo_hf wrote" in complained


def test_a_corpus_of_refusals_alone_is_told_why(lomo: Run) -> None:
    Path("rows.jsonl").write_text('{"id": 1, "prompt": "", "answer": "x"}\n' * 3)
    code, _, complained = lomo("build", "--corpus", "rows.jsonl", "--out", "out")
    assert code == 1
    (listed,) = Path("out/ratio50").glob("refused-*.jsonl")
    reasons = {json.loads(line)["reason"] for line in listed.read_text().splitlines()}
    assert all(f"{reason} 3" in complained for reason in reasons)
    assert "ratio50/refused-*.jsonl" in complained


def test_a_file_in_the_place_of_the_dataset_folder_is_named(lomo: Run) -> None:
    Path("out").touch()
    code, _, complained = lomo("build", "--limit", "3", "--out", "out")
    assert code == 1
    assert "out must be a folder; 'out' is a file" in complained


@pytest.mark.parametrize("harm", ["cut short", "a flipped bit", "in work, cut short"])
def test_a_damaged_draw_costs_time_and_is_not_taken_over(lomo: Run, harm: str) -> None:
    arguments = ("build", "--sample", "10", "--recipe", "nodistort50", "--out", "out")
    assert lomo(*arguments)[0] == 0
    draw = Path("out/draw.json")
    whole = draw.read_text(encoding="utf-8")
    if harm == "in work, cut short":
        Path("out/.lomo").mkdir()
        Path("out/.lomo/draw.json").write_text(whole[:99], encoding="utf-8")
    else:
        draw.write_text(whole[:99] if harm == "cut short" else whole.replace('"numpy": "', '"numpy": "9'), "utf-8")
    assert lomo(*arguments)[0] == 0
    assert draw.read_text(encoding="utf-8") == whole
    assert lomo("verify", "out")[0] == 0


@pytest.mark.parametrize("name", ["a[b]c", "a[/b]c"])
def test_brackets_in_the_name_of_a_folder_are_no_markup(lomo: Run, name: str) -> None:
    assert lomo("build", "--limit", "4", "--recipe", "nodistort50", "--out", name)[0] == 0
    for command in ("verify", "card"):
        code, output, _ = lomo(command, name)
        assert code == 0
        assert name in output


def test_brackets_in_the_ids_of_a_corpus_do_not_stop_an_audit(lomo: Run) -> None:
    row = {"id": "x[/b]", "prompt": "Say why the sky is blue, in one long sentence.", "answer": "Because."}
    Path("rows.jsonl").write_text(json.dumps(row))
    assert lomo("build", "--corpus", "rows.jsonl", "--recipe", "ratio100", "--out", "out")[0] == 0
    (shard,) = Path("out/ratio100").glob("train-*")
    table = pq.read_table(shard)
    rows = table.to_pylist()
    rows[0]["lomo"]["prompt_chars"] += 1
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), shard)
    code, output, complained = lomo("audit", "out", "--corpus", "rows.jsonl")
    assert code == 3
    assert "x[/b]" in output
    assert "checks found something false" in complained


def test_ctrl_c_says_that_the_same_command_goes_on(lomo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("lomo_hf.dataset.build_dataset", interrupted)
    code, _, complained = lomo("build")
    assert code == 130
    assert "the same command continues from there" in complained


def test_a_full_disk_beside_the_shards_is_called_one(lomo: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lomo("build", "--limit", "4", "--recipe", "nodistort50", "--out", "out")[0] == 0

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("lomo_hf.storage.atomic.os.fsync", full)
    code, _, complained = lomo("card", "out")
    assert code == 1
    assert "the disk is full (No space left on device). Free space" in complained
    monkeypatch.undo()


def test_a_terminal_that_knows_only_ascii_ends_nothing(tmp_path: Path) -> None:
    poor = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    done = subprocess.run([sys.executable, "-m", "lomo_hf.cli", "recipes"], env=poor, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ratio50" in done.stdout


@pytest.mark.parametrize("module", ["lomo_hf", "lomo_hf.cli"])
def test_the_command_line_runs_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"lomo-hf {lomo_hf.__version__}\n"), done.stderr


def test_help_of_all_commands_loads_nothing_that_only_one_of_them_needs() -> None:
    heavy = ("numpy", "yaml", "pyarrow", "PIL", "typst", "datasets", "huggingface_hub", "jinja2", "matplotlib")
    script = f"import sys, lomo_hf.cli; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_worker_does_not_load_the_command_line() -> None:
    """Python loads the file that a command began in again in every process that it spawns."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["scripts"].values()) == {"lomo_hf.__main__:main"}
    script = "import sys, lomo_hf.__main__; print([name for name in ('typer', 'lomo_hf.cli') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def panels(screen: str) -> dict[str, list[str]]:
    """Panel of a help screen -> the options or commands in it, in order."""
    options: dict[str, list[str]] = {}
    for line in screen.splitlines():
        if line.startswith("╭"):
            rows = options[line.strip("╭╮─ ")] = []
        elif (words := line.strip("│ *").split()) and line.startswith(("│ ", "│ *")) and line[2:4].strip():
            rows.append(words[0])
    return options


def test_help_shows_commands_by_purpose_and_basic_options_first(lomo: Run) -> None:
    root = panels(lomo("--help")[1])
    assert list(root) == ["Options", "Build", "Inspect", "Publish", "Train", "Evaluate"]
    assert root["Build"][0] == "build"
    assert {"--install-completion", "--show-completion"} <= set(root["Options"])
    build = panels(lomo("build", "--help")[1])
    assert list(build) == [
        "Options", "Which rows of the corpus", "Draw a sample", "Several machines, or a cluster",
    ]  # fmt: skip
    assert build["Options"] == [
        "--corpus", "--recipe", "--out", "--num-proc", "--limit", "--repo", "--seed", "--help",
    ]  # fmt: skip


def test_commands_that_read_a_corpus_take_the_same_options(lomo: Run) -> None:
    options = {command: panels(lomo(command, "--help")[1]) for command in ("build", "plan", "sample", "grid")}
    for panel in ("Which rows of the corpus", "Draw a sample"):
        assert all(panel_options[panel] == options["build"][panel] for panel_options in options.values())


def test_phases_after_the_rows_are_named_on_a_terminal(tmp_path: Path) -> None:
    """Writing the card and its pictures takes seconds, in which nothing would be shown otherwise."""
    pytest.importorskip("pty", reason="Windows has no pseudo-terminals")
    transcript = tmp_path / "transcript"
    arguments = ("-m", "lomo_hf", "build", "--limit", "6", "--out", str(tmp_path / "out"))
    script = f"import pty, sys; sys.exit(pty.spawn([{sys.executable!r}, *{arguments!r}]))"
    with transcript.open("wb") as stream:
        subprocess.run([sys.executable, "-c", script], stdout=stream, check=True, env={**os.environ, "TERM": "xterm"})
    shown = transcript.read_text(encoding="utf-8", errors="replace")
    phases = ["counting what is in the shards", "drawing plots and pictures", "writing the card"]
    places = [shown.index(phase) for phase in phases]
    assert places == sorted(places)
    assert places[0] > shown.index("6/6")


def test_an_edited_card_is_written_again_by_the_same_build(lomo: Run) -> None:
    arguments = ("build", "--limit", "6", "--recipe", "nodistort50", "--out", "out")
    assert lomo(*arguments)[0] == 0
    whole = Path("out/README.md").read_bytes()
    Path("out/README.md").write_bytes(whole.replace(b"## Cite", b"## Quote"))
    code, output, _ = lomo(*arguments)
    assert (code, "already built" in output) == (0, False)
    assert Path("out/README.md").read_bytes() == whole


@pytest.mark.parametrize(
    ("typed", "completions"),
    [("lomo bu", ["build"]), ("lomo build --rec", ["--recipe"]), ("lomo build --recipe ratio2", ["ratio25"])],
)
def test_a_shell_completes_commands_options_and_recipes(typed: str, completions: list[str]) -> None:
    words = typed.split()
    asked = {"_LOMO_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    script = "import sys; sys.argv = ['lomo']; from lomo_hf.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ, **asked})
    assert done.stdout.split() == completions, done.stderr
