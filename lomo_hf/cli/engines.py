"""The options of `lomo build` that say who builds the shards, and the engine that they ask for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lomo_hf.errors import UsageError
from lomo_hf.storage.yaml_reading import read_yaml

if TYPE_CHECKING:
    from lomo_hf.building import Engine

__all__ = [
    "Assemble", "EngineName", "EngineOptions", "Executor", "NumProc", "Remote", "ShardCount", "ShardIndex", "Tasks",
    "Workers", "chosen_engine", "chosen_share",
]  # fmt: skip

_CLUSTER = "With --engine datatrove"

NumProc = Annotated[int, typer.Option(min=1, help="Worker processes; the bytes do not depend on it.")]
EngineName = Annotated[str, typer.Option(help="Who builds: local (this machine) or datatrove (a cluster).")]
Executor = Annotated[str, typer.Option(help=f"{_CLUSTER}: local, slurm, ray or jobs.")]
Tasks = Annotated[int | None, typer.Option(min=1, help=f"{_CLUSTER}: tasks that share the shards; default: one each.")]
Workers = Annotated[int, typer.Option(help=f"{_CLUSTER}: tasks at the same time; -1 is all.")]
Remote = Annotated[
    str | None, typer.Option(help=f"{_CLUSTER}: where tasks leave shards, hf://buckets/NAME/BUCKET/folder or such.")
]
EngineOptions = Annotated[
    list[str] | None,
    typer.Option("--engine-option", help=f"{_CLUSTER}: an argument of the executor, such as partition=cpu."),
]
ShardIndex = Annotated[int | None, typer.Option(help="Build only this machine's share of the shards; counts from 0.")]
ShardCount = Annotated[int | None, typer.Option("--num-shards", help="How many machines share the shards.")]
Assemble = Annotated[
    bool, typer.Option("--assemble", help="Build nothing: card and manifest for shards that are there.")
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
    """The engine that the options name. On this machine rows are made in workers, so that one that kills is found.

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

    return DatatroveEngine(executor, tasks, workers, remote, _said(options))


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


def _said(options: Sequence[str]) -> Mapping[str, Any]:
    """KEY=VALUE pairs; values are read as YAML, so that numbers are numbers and [a, b] is a list."""
    said = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.isidentifier():
            raise UsageError(f"--engine-option must be KEY=VALUE; found {option!r}. Write partition=cpu.")
        try:
            read = read_yaml(value)
        except ValueError:
            read = value
        # YAML reads 10:00:00 as 36000 in base 60, and a date as a date; schedulers want what was written.
        said[key] = read if isinstance(read, bool | list | dict | type(None)) or value == str(read) else value
    return said
