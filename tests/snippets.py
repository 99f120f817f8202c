"""Fenced blocks of a Markdown page, and how they are run: all of a page in order, in one folder and one namespace.

Run as a program, it takes a page and runs it in the current folder. A block below `<!-- not run: why -->` or
`<!-- snippet: name -->` (which the tests of the trainers run) is only checked to be well written.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MARK = re.compile(r"<!-- (not run|snippet): .+ -->")
LANGUAGES = ("python", "bash", "yaml", "json", "text", "bibtex", "markdown")


@dataclass(frozen=True)
class Snippet:
    """One fenced block: its language, its text, the line it begins at, and whether it is to be run."""

    language: str
    text: str
    line: int
    runs: bool


def snippets(page: str) -> list[Snippet]:
    """The fenced blocks of a page of Markdown, Sphinx's directives left out."""
    blocks: list[Snippet] = []
    lines = iter(enumerate(page.splitlines(), 1))
    marked = False
    for number, line in lines:
        if line.startswith("```"):
            body = []
            for _, inner in lines:
                if inner.startswith("```"):
                    break
                body.append(inner)
            language = line.strip("`").strip()
            if not language.startswith("{"):
                blocks.append(Snippet(language, "\n".join(body) + "\n", number, not marked))
            marked = False
        elif line.strip():
            marked = bool(MARK.fullmatch(line.strip())) or (marked and line.startswith("<!--"))
    return blocks


def check_written(snippet: Snippet) -> None:
    """Raise where a block that is not run could not be run by anyone."""
    if snippet.language == "python":
        compile(snippet.text, f"line {snippet.line}", "exec")
    elif snippet.language == "bash":
        subprocess.run(["bash", "-n"], input=snippet.text, text=True, check=True)
    elif snippet.language in ("yaml", "json"):
        import yaml

        yaml.safe_load(snippet.text)


def run_page(page: Path) -> None:
    """Run what is to be run of a page, in the current folder."""
    from PIL import Image

    Image.Image.show = lambda self, title=None: None  # no window is opened by a test
    names: dict[str, object] = {"__name__": "page"}
    for snippet in snippets(page.read_text(encoding="utf-8")):
        if snippet.runs and snippet.language == "python":
            print(f"-- line {snippet.line}", flush=True)
            exec(compile(snippet.text, f"{page.name}, block at line {snippet.line}", "exec"), names)
        elif snippet.runs and snippet.language == "bash":
            print(f"-- line {snippet.line}", flush=True)
            subprocess.run(["bash", "-euo", "pipefail", "-c", snippet.text], check=True, env=_environment())
        else:
            check_written(snippet)


def _environment() -> dict[str, str]:
    """Commands as a reader has them, except that pip does nothing and a build takes a few rows only."""
    bin_folder = Path(".bin").absolute()
    bin_folder.mkdir(exist_ok=True)
    lomo = (
        f'#!/bin/bash\nset -- "$@"\n'
        f'if [[ "$1" == build && "$*" != *--limit* ]]; then set -- "$@" --limit 6; fi\n'
        f'exec "{sys.executable}" -c "from lomo_hf.cli import main; main()" "$@"\n'
    )
    for name, text in (("lomo", lomo), ("pip", "#!/bin/bash\nexit 0\n")):
        (bin_folder / name).write_text(text)
        (bin_folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}"}


if __name__ == "__main__":
    run_page(Path(sys.argv[1]))
