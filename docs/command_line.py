"""Writes `reference/cli.md`: every command with its options, as Typer's own documenter tells them.

    python docs/command_line.py            # writes the page
    python docs/command_line.py --check    # exit code 1 if the page is not current

Typer writes the page because extensions of Sphinx for command lines read click's objects, which Typer no longer gives;
the panels of the help are added here. The page is stored, so that it can be read without building the site;
`tests/test_reference.py` compares it with `--help`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import typer

from lomo_hf.cli import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
_INTRODUCTION = """# The command line

<!-- Written by docs/command_line.py; do not edit. -->

The command is `lomo`; `lomo-hf` (for `uvx lomo-hf`), `hf-lomo` (for [`hf lomo`](../ecosystem.md#hf-lomo)) and
`python -m lomo_hf` are the same. All commands use the same [exit codes](../build.md#exit-codes). An option that takes
a list may be given several times. Shell completion is installed by `lomo --install-completion`.
"""
# For programs that embed the commands.
_END = """## From Python

```{eval-rst}
.. automodule:: lomo_hf.cli

.. autodata:: lomo_hf.cli.app
   :no-value:

   The Typer application that holds the commands.
```
"""
_PLAIN = {"&#x27;": "'", "&quot;": '"', "&gt;": ">", "```console\n$ ": "```text\n", "# `lomo": "# lomo"}


def page() -> str:
    """The page, from the commands of the lomo_hf that is installed."""
    command = [sys.executable, "-m", "typer", "lomo_hf.cli", "utils", "docs", "--name", "lomo"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"})
    text = done.stdout[done.stdout.index("## `lomo ") :]
    for written, wanted in _PLAIN.items():
        text = text.replace(written, wanted)
    lines = ("## " + line[3:].rstrip("`") if line.startswith("## ") else line.rstrip() for line in text.splitlines())
    kept = [line for line in lines if not line.startswith("* `--help`")]
    return "\n".join([_INTRODUCTION, _contents(), *_with_panels(kept)]).strip() + "\n\n" + _END


def _contents() -> str:
    """The commands by the panels of `lomo --help`."""
    panels: dict[str, list[str]] = {}
    for name, command in typer.main.get_command(app).commands.items():
        panels.setdefault(command.rich_help_panel, []).append(f"[{name}](#lomo-{name})")
    rows = "\n".join(f"| {panel} | {', '.join(links)} |" for panel, links in panels.items())
    return f"| | |\n| --- | --- |\n{rows}\n"


def _with_panels(lines: list[str]) -> Iterator[str]:
    """The lines, with the name of a panel before its first option."""
    commands = typer.main.get_command(app).commands
    panels: dict[str, str | None] = {}
    current = None
    for line in lines:
        if line.startswith("## lomo "):
            params = commands[line.removeprefix("## lomo ")].params
            panels = {name: param.rich_help_panel for param in params for name in param.opts}
            current = None
        panel = panels.get(line.removeprefix("* `").split(" ")[0].rstrip("`:")) if line.startswith("* `-") else current
        if panel != current:
            yield from ("", f"**{panel}**:", "")
            current = panel
        yield line


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(f"{PAGE} is not current; run python docs/command_line.py" if PAGE.read_text("utf-8") != page() else 0)
    PAGE.write_text(page(), encoding="utf-8")
