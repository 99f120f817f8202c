"""Nothing that others named reaches a terminal as a command to it: every command, with hostile names everywhere."""

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.cli import main
from lomo_hf.cli.terminal import console, literal, named, visible
from lomo_hf.dataset import build_dataset
from lomo_hf.dataset.manifest import sealed

pytestmark = pytest.mark.skipif(os.name == "nt", reason="such names cannot be had there")

# Clears the screen, rings, sets the window's title, begins a sequence in one byte, turns the line around, goes back.
EVIL = "x\x1b[2J\x07\x1b]0;owned\x07\x9b31m\u202e\u2066\r\x08y"
Run = Callable[..., str]


def obeyed(text: str) -> list[str]:
    """The characters of a text that a terminal would not show: an oracle of its own, from Unicode's tables."""
    kinds = {"Cc", "Zl", "Zp"}
    marks = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    return [
        char
        for char in text
        if char not in "\n\t" and (unicodedata.category(char) in kinds or unicodedata.bidirectional(char) in marks)
    ]


@pytest.fixture
def lomo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["lomo", *arguments])
        with pytest.raises(SystemExit):
            main()
        printed = capsys.readouterr()
        return printed.out + printed.err

    return run


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a hostile name, from a corpus of a hostile name with hostile ids. Not to be written to."""
    place = tmp_path_factory.mktemp("evil")
    rows = [{"id": f"{EVIL}{n}", "prompt": f"Why is the sky blue, {n}? Say it.", "answer": "So."} for n in range(8)]
    rows.append({"id": EVIL, "prompt": "<image>", "answer": "So."})
    (place / f"{EVIL}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    build_dataset(place / f"{EVIL}.jsonl", ["nodistort50", "ratio25"], place / EVIL)
    shutil.copy(place / f"{EVIL}.jsonl", place / EVIL / f"stray{EVIL}")
    (place / f"{EVIL}.yaml").write_text("vary: {ratio: [0.25, 0.5]}")
    (place / f"{EVIL}.csv").write_text(f"id,correct,category\na,1,{EVIL!r}\n")
    return place


@pytest.fixture
def evil(built: Path, tmp_path: Path) -> Path:
    shutil.copytree(built, tmp_path, dirs_exist_ok=True)
    return tmp_path


def forge(ds: Path, description: str) -> None:
    document = json.loads((ds / "manifest.json").read_text(encoding="utf-8"))
    document["source"]["description"] = description
    (ds / "manifest.json").write_text(sealed(document), encoding="utf-8")


CORPUS, GRID, RESULTS = f"{EVIL}.jsonl", f"{EVIL}.yaml", f"{EVIL}.csv"
COMMANDS: dict[str, tuple[str, ...]] = {
    "build of another corpus": ("build", "--out", EVIL, "--limit", "3"),
    "build from nowhere": ("build", "--corpus", f"no/{EVIL}", "--out", EVIL),
    "build by an unknown recipe": ("build", "--recipe", EVIL, "--out", EVIL),
    "build with an unknown option": ("build", f"--{EVIL}"),
    "an unknown command": (EVIL,),
    "too many arguments": ("verify", EVIL, EVIL, EVIL),
    "a number that is none": ("build", "--limit", EVIL),
    "card": ("card", EVIL),
    "card of nothing": ("card", f"no{EVIL}"),
    "audit": ("audit", EVIL, "--no-source", "--sample", "1"),
    "audit of another corpus": ("audit", EVIL),
    "verify": ("verify", EVIL),
    "verify of nothing": ("verify", f"no{EVIL}"),
    "verify on the Hub": ("verify", EVIL, "--remote", EVIL),
    "check": ("check", EVIL),
    "browse": ("browse", EVIL, "--out", f"page{EVIL}"),
    "browse another config": ("browse", EVIL, "--config", EVIL),
    "export": ("export", EVIL, "--out", f"out{EVIL}", "--config", "ratio25"),
    "export another config": ("export", EVIL, "--out", f"out{EVIL}", "--config", EVIL),
    "push": ("push", EVIL, "org/name", "--tag", "v1.0.0", "--dry-run"),
    "push to nowhere": ("push", EVIL, EVIL, "--tag", EVIL),
    "plan": ("plan", "--corpus", CORPUS, "--measure", "0"),
    "preview": ("preview", "--corpus", CORPUS, "--out", f"sheet{EVIL}", "--rows", "1"),
    "sample": ("sample", "--corpus", CORPUS, "--sample", "3", "--out", f"draw{EVIL}", "--rows", f"rows{EVIL}"),
    "mix": ("mix", "--lomo", EVIL, "--recipe", "ratio25", "--multimodal", f"{EVIL}/ratio25", "--out", f"m{EVIL}"),
    "mix of nothing": ("mix", "--lomo", EVIL, "--recipe", EVIL, "--multimodal", EVIL),
    "grid": ("grid", GRID, "--plan", "--corpus", CORPUS, "--measure", "1"),
    "grid of nothing": ("grid", f"no{EVIL}"),
    "render-eval": ("render-eval", CORPUS, "--out", f"twin{EVIL}", "--question-column", "prompt", "--split", "train"),
    "render-eval of nothing": ("render-eval", f"no{EVIL}", "--out", f"twin{EVIL}"),
    "sensitivity": ("sensitivity", RESULTS, RESULTS, "--plot", f"plot{EVIL}.png"),
    "sensitivity of nothing": ("sensitivity", f"no{EVIL}", RESULTS),
    "recipes": ("recipes", "--show", EVIL),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_lets_a_name_steer_the_terminal(name: str, lomo: Run, evil: Path) -> None:
    output = lomo(*COMMANDS[name])
    assert output.strip()
    assert obeyed(output) == []


def test_the_description_of_a_foreign_manifest_is_shown_and_not_obeyed(lomo: Run, evil: Path) -> None:
    forge(evil / EVIL, f"rows of {EVIL}")
    output = lomo("build", "--out", EVIL, "--limit", "3")
    assert obeyed(output) == []
    assert r"rows of x\x1b[2J\x07" in output


def test_a_refused_build_with_hostile_ids_shows_them(lomo: Run, evil: Path) -> None:
    output = lomo("build", "--corpus", CORPUS, "--out", "out", "--recipe", "ratio100")
    assert "refused" in output
    assert obeyed(output) == []


def test_names_stay_on_their_line() -> None:
    assert named("a\nlomo: all is well\tb") == "a\\nlomo: all is well\\tb"
    assert literal("a\n[bold]b") == "a\\n\\[bold]b"


@given(st.text())
def test_whatever_is_shown_holds_nothing_to_obey_and_loses_nothing(text: str) -> None:
    shown = visible(text)
    assert obeyed(shown) == []
    assert re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|r)", "", shown) == re.sub(
        r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|r)", "", "".join(char for char in text if visible(char) == char)
    )


def test_colours_and_progress_of_our_own_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.text import Text

    screen = console()
    screen._force_terminal = True
    screen._color_system = screen._detect_color_system()
    screen.print("[bold]a\x1b[2Jb[/bold]", Text("c\x07\x9bd", "red"))
    output = capsys.readouterr().out
    assert re.sub(r"\x1b\[[0-9;]*m", "", output).rstrip("\n") == "a\\x1b[2Jb c\\x9bd"
