"""The options of `lomo build` that say which machines build the shards, and the engine that they ask for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lomo_hf.cli.terminal import MACHINES_PANEL
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from lomo_hf.building import Engine

__all__ = [
    "Assemble", "EngineName", "EngineOptions", "Executor", "NumProc", "Remote", "ShardCount", "ShardIndex", "Tasks",
    "Workers", "chosen_engine", "chosen_share",
]  # fmt: skip

_CLUSTER = "With --engine datatrove"

NumProc = Annotated[int, typer.Option(min=1, help="Worker processes; the bytes do not depend on it.")]
EngineName = Annotated[
    str,
    typer.Option(rich_help_panel=MACHINES_PANEL, help="Who builds: local (this machine) or datatrove (a cluster)."),
]
Executor = Annotated[str, typer.Option(rich_help_panel=MACHINES_PANEL, help=f"{_CLUSTER}: local, slurm, ray or jobs.")]
Tasks = Annotated[
    int | None,
    typer.Option(
        min=1, rich_help_panel=MACHINES_PANEL, help=f"{_CLUSTER}: tasks that share the shards. Default: one each."
    ),
]
Workers = Annotated[
    int, typer.Option(rich_help_panel=MACHINES_PANEL, help=f"{_CLUSTER}: tasks at the same time; -1 is all.")
]
Remote = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=MACHINES_PANEL,
        help=f"{_CLUSTER}: where tasks leave shards, such as hf://buckets/NAME/BUCKET/folder.",
    ),
]
EngineOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--engine-option",
        rich_help_panel=MACHINES_PANEL,
        help=f"{_CLUSTER}: an argument of the executor, such as partition=cpu; repeatable.",
    ),
]
ShardIndex = Annotated[
    int | None,
    typer.Option(rich_help_panel=MACHINES_PANEL, help="Build only this machine's share of the shards; from 0."),
]
ShardCount = Annotated[
    int | None,
    typer.Option("--num-shards", rich_help_panel=MACHINES_PANEL, help="How many machines share the shards."),
]
Assemble = Annotated[
    bool,
    typer.Option(
        "--assemble",
        rich_help_panel=MACHINES_PANEL,
        help="Build no shard: write card and manifest for the shards that are there.",
    ),
]


def chosen_engine(
    name: str,
    num_proc: int,
    assemble: bool,
    executor: str,
    tasks: int | None,
    workers: int,
    remote: str | None,
    options: Sequence[str],
) -> "Engine":
    """The engine that the options name. On this machine rows are made in worker processes, which a row may crash.

    Raises:
        UsageError: Options contradict each other.
    """
    from lomo_hf.building import BuiltAlready, LocalEngine

    if name not in ("local", "datatrove"):
        raise UsageError(f"engine must be local or datatrove; found {name!r}.")
    if name == "local" and (options or remote or tasks or executor != "local" or workers != -1):
        raise UsageError(
            "--executor, --tasks, --workers, --remote and --engine-option are for a cluster; found one of them with "
            "--engine local. Add --engine datatrove."
        )
    if assemble:
        return BuiltAlready()
    if name == "local":
        return LocalEngine(num_proc, guarded=True)
    from lomo_hf.building.engines.datatrove import DatatroveEngine

    return DatatroveEngine(executor, tasks, workers, remote, _arguments(options))


def chosen_share(index: int | None, count: int | None, engine: str, assemble: bool) -> tuple[int, int] | None:
    """(index, count) of --shard-index and --num-shards.

    Raises:
        UsageError: One is missing, or makes no sense beside the other options.
    """
    if index is None and count is None:
        return None
    if index is None or count is None:
        raise UsageError("--shard-index and --num-shards belong together; found one of them. Give both.")
    if not 0 <= index < count:
        raise UsageError(f"--shard-index must be from 0 to num-shards - 1; found {index} of {count}. Count from 0.")
    if assemble or engine != "local":
        raise UsageError("--shard-index is one machine's own share; leave out --engine and --assemble.")
    return index, count


def _arguments(options: Sequence[str]) -> Mapping[str, object]:
    """KEY=VALUE pairs; values are read as YAML, so that numbers are numbers and [a, b] is a list."""
    from lomo_hf.storage.yaml_reading import read_yaml

    arguments = {}
    for option in options:
        key, equals, text = option.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"--engine-option must be KEY=VALUE; found {option!r}. Write partition=cpu.")
        try:
            value = read_yaml(text)
        except ValueError:
            value = text
        # YAML reads 10:00:00 as 36000 in base 60, and a date as a date; schedulers want the text.
        as_read = isinstance(value, bool | list | dict | type(None)) or text == str(value)
        arguments[key] = value if as_read else text
    return arguments
