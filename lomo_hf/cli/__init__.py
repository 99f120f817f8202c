"""The face: `lomo …`. Parses, calls, prints; decides nothing. One file for each command, one line here.

Errors are one sentence with the remedy. Exit codes: 0 done, 1 a problem with data or disk, 2 an argument, 3 integrity.
"""

import sys
import traceback
from io import TextIOWrapper
from types import TracebackType
from typing import Annotated, Any

import typer

from lomo_hf.cli.audit import audit
from lomo_hf.cli.browse import browse
from lomo_hf.cli.build import build
from lomo_hf.cli.card import card
from lomo_hf.cli.check import check
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
from lomo_hf.errors import LomoError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lomo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"lomo-hf {version('lomo-hf')}\n")
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Render part of each text prompt as an image, keep the answer, and build a dataset for the Hub."""


app.command()(plan)
app.command()(build)
app.command()(preview)
app.command()(recipes)
app.command()(sample)
app.command()(audit)
app.command()(card)
app.command()(check)
app.command()(browse)
app.command()(grid)
app.command()(mix)
app.command()(export)
app.command()(push)
app.command()(verify)
app.command()(render_eval)
app.command()(sensitivity)

_INTERRUPTED = 130

# Whose errors mean that the network failed; their packages are loaded only by commands that need it.
_TRANSPORTS = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "huggingface_hub", "requests"})


def main() -> None:
    """The console scripts `lomo` and `hf-lomo`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # what a terminal cannot show is spelt out, and ends nothing
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except LomoError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        _fail("stopped; what is done stays, and the same command goes on from there.", _INTERRUPTED)
    except OSError as error:
        from lomo_hf.storage.atomic import disk_is_full

        if disk_is_full(error):
            _fail(f"the disk takes no more ({error.strerror}). Free space, then give the same command again.", 1)
        if error.filename is None and error.errno is None:
            _fail(f"{error}. Check the network, the name and that you are logged in (`hf auth login`).", 1)
        _fail(f"{error.strerror or error}: {error.filename or 'no file'}. Check the path and its permissions.", 1)
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in _TRANSPORTS:
            sys.excepthook = _report
            raise
        _fail(f"the Hub does not answer ({error}). Check the network and HF_ENDPOINT, then give the command again.", 1)


def _run() -> None:
    """Typer takes Ctrl-C for itself and leaves without a word; what it says of arguments repeats them as they are."""
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
