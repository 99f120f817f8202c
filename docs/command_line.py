"""Writes `reference/cli.md`: every command with its options, as Typer's own documenter tells them.

    python docs/command_line.py

Typer writes the page because extensions of Sphinx for command lines read click's objects, which Typer no longer gives.
The page is stored, so that it can be read without building the site; `tests/test_reference.py` holds it to `--help`.
"""

import os
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parent / "reference" / "cli.md"
_INTRODUCTION = """# The command line

<!-- Written by docs/command_line.py; do not edit. -->

`lomo`, or `hf-lomo`, or `python -m lomo_hf.cli`. Exit codes: 0 done, 1 a problem with data or disk, 2 usage,
3 integrity, 130 stopped. An option that takes a list may be given several times.
"""
# What lies behind the commands, for programs that embed them.
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
    for found, wanted in _PLAIN.items():
        text = text.replace(found, wanted)
    lines = ("## " + line[3:].rstrip("`") if line.startswith("## ") else line.rstrip() for line in text.splitlines())
    kept = [line for line in lines if not line.startswith("* `--help`")]
    return _INTRODUCTION + "\n" + "\n".join(kept).strip() + "\n\n" + _END


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
