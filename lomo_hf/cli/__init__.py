"""The command line, `lomo ...`: every command parses its options, calls the library and prints; it decides nothing.

One file for each command and one line here. An error is one sentence with the remedy. Exit codes: 0 done, 1 a problem
with data, disk, network or the Hub, 2 wrong usage, 3 something is not what was recorded, 130 stopped by Ctrl-C.
"""

import sys
import traceback
from io import TextIOWrapper
from types import TracebackType
from typing import Annotated, Any

import typer

from lomo_hf.cli.agreement import agreement, score
from lomo_hf.cli.audit import audit
from lomo_hf.cli.browse import browse
from lomo_hf.cli.build import build
from lomo_hf.cli.card import card
from lomo_hf.cli.check import check
from lomo_hf.cli.demo import demo
from lomo_hf.cli.export import export
from lomo_hf.cli.grid import grid
from lomo_hf.cli.mix import mix
from lomo_hf.cli.plan import plan
from lomo_hf.cli.preview import preview
from lomo_hf.cli.push import push
from lomo_hf.cli.recipes import recipes
from lomo_hf.cli.render_eval import render_eval
from lomo_hf.cli.sample import sample
from lomo_hf.cli.sensitivity import sensitivity
from lomo_hf.cli.terminal import visible
from lomo_hf.cli.verify import verify
from lomo_hf.cli.write_eval import write_eval
from lomo_hf.errors import LomoError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lomo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog="Start with `lomo build`: it builds the embedded sample, without a network, into the folder lomo-ov15.",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from lomo_hf import __version__

        sys.stdout.write(f"lomo-hf {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Render part of each text prompt as an image, keep the answer, and build a dataset for the Hub."""


_PANELS = {
    "Build": (build, preview, demo, recipes, plan, sample, grid),
    "Inspect": (check, browse, audit, verify),
    "Publish": (card, push),
    "Train": (mix, export),
    "Evaluate": (render_eval, write_eval, sensitivity, agreement, score),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)

_INTERRUPTED = 130

# Errors of these packages mean that the network failed; only commands that need the network import them.
_TRANSPORTS = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "huggingface_hub", "requests"})


def main() -> None:
    """Run the command line: the console scripts `lomo`, `lomo-hf` and `hf-lomo`, and `python -m lomo_hf`.

    Arguments are read from `sys.argv`.

    Raises:
        SystemExit: Always, with the exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a character that the terminal cannot show is escaped
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except LomoError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped; finished work is kept, and the same command continues from there.", _INTERRUPTED)
    except OSError as error:
        from lomo_hf.storage.atomic import disk_is_full

        if disk_is_full(error):
            _fail(f"the disk is full ({error.strerror}). Free space, then run the same command again.", 1)
        if error.filename is None and error.errno is None:
            _fail(f"{error}. Check the network, the name and that you are logged in (`hf auth login`).", 1)
        _fail(f"{error.strerror or error}: {error.filename or 'no file'}. Check the path and its permissions.", 1)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _TRANSPORTS:
            sys.excepthook = _report
            raise
        _fail(f"the Hub does not answer ({error}). Check the network and HF_ENDPOINT, then run the command again.", 1)


def _run() -> None:
    """Run the application; control characters in arguments are shown, and Ctrl-C gets a message of ours."""
    try:
        code = app(standalone_mode=False)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        _refuse_arguments(error)
    else:
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
        sys.exit(code or 0)


def _refuse_arguments(error: Any) -> None:
    """Print what is wrong with the arguments, as Typer would, with control characters in them shown."""
    from typer.rich_utils import rich_format_error

    for name in ("message", "param_hint", "option_name"):
        if isinstance(getattr(error, name, None), str):
            setattr(error, name, visible(getattr(error, name)))
    rich_format_error(error)
    sys.exit(error.exit_code)


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"lomo: {visible(' '.join(message.split()))}\n")
    sys.exit(code)


def _report(kind: type[BaseException], error: BaseException, frames: TracebackType | None) -> None:
    """An error that nobody foresaw, which may repeat anybody's text."""
    sys.stderr.write(visible("".join(traceback.format_exception(kind, error, frames))))
