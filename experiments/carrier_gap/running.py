"""What every stage on the device uses: the device, number types, compilation, the clock, a log of JSON lines."""

import contextlib
import json
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from experiments.carrier_gap.folder import Folder
from experiments.carrier_gap.layout import MERGE
from experiments.carrier_gap.model import Block, Decoder, Inputs, Shape, Tower
from experiments.carrier_gap.settings import Settings

__all__ = [
    "Run", "Stopwatch", "bases_in", "describe_machine", "load_base", "new_model", "plain_blocks", "prepare",
    "save_base",
]  # fmt: skip


class Stopwatch:
    """Seconds since it was made, and how many of a budget are left."""

    def __init__(self, budget: float) -> None:
        self.budget, self._began = budget, time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    @property
    def share(self) -> float:
        """Of the budget that is spent."""
        return self.seconds / self.budget

    @property
    def left(self) -> float:
        """Seconds of the budget that are left."""
        return self.budget - self.seconds


@dataclass(frozen=True)
class Run:
    """A stage at work: its folder, settings, device and where it writes."""

    folder: Folder
    settings: Settings
    out: Path
    device: torch.device
    clock: Stopwatch = field(default_factory=lambda: Stopwatch(float("inf")))

    def log(self, what: str, **more: Any) -> None:
        """One line of JSON, on the screen and in log.jsonl."""
        shown = {key: round(value, 4) if isinstance(value, float) else value for key, value in more.items()}
        line = json.dumps({"seconds": round(self.clock.seconds, 1), "what": what, **shown})
        print(line, flush=True)
        with (self.out / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    @contextlib.contextmanager
    def half(self) -> Iterator[None]:
        """Matrix products in bfloat16."""
        with torch.autocast(self.device.type, torch.bfloat16):
            yield

    def wait(self) -> None:
        """Until the device has done what it was told."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def prepare(
    folder: Path, settings: Settings, out: Path, budget: float, *, compiled: int = 0, threads: int | None = None
) -> Run:
    """A run on the best device there is.

    Args:
        budget: Seconds from now.
        compiled: On a GPU, compile blocks for so many runs side by side, two or more; others stay as they are written.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.set_float32_matmul_precision("high")
    if threads:
        torch.set_num_threads(threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    run = Run(Folder(folder), settings, out, device, Stopwatch(budget))
    run.log("start", **describe_machine())
    if compiled > 1 and device.type == "cuda":
        _compile(run, compiled)
    return run


@contextlib.contextmanager
def plain_blocks() -> Iterator[None]:
    """Blocks as they are written, for numbers of runs that are too seldom to be compiled for."""
    held, Block.fast = Block.fast, None
    try:
        yield
    finally:
        Block.fast = held


def describe_machine() -> dict[str, str]:
    """Names and versions for the results."""
    named = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.machine()} CPU"
    threads = "" if torch.cuda.is_available() else f", {torch.get_num_threads()} thread(s)"
    return {"machine": named + threads, "torch": torch.__version__, "python": platform.python_version()}


def new_model(run: Run) -> tuple[Tower, Decoder, Shape]:
    """A tower and a decoder of the run's size, with fresh weights."""
    settings = run.settings
    shape = Shape(
        settings.width, settings.depth, settings.tower_width, settings.tower_depth, run.folder.vocabulary.size
    )
    with run.device:
        return Tower(shape), Decoder(shape), shape


def save_base(path: Path, tower: Tower, decoder: Decoder, record: dict[str, Any]) -> None:
    """Write weights as bfloat16, whole or not at all: 20 MB for the full size."""
    held = {
        "tower": {name: value.bfloat16().cpu() for name, value in tower.state_dict().items()},
        "decoder": {name: value.bfloat16().cpu() for name, value in decoder.state_dict().items()},
        "record": record,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    torch.save(held, temporary)
    os.replace(temporary, path)


def load_base(run: Run, path: Path) -> tuple[Tower, Decoder, Shape, dict[str, Any]]:
    """A base from its file."""
    tower, decoder, shape = new_model(run)
    held = torch.load(path, map_location=run.device, weights_only=True)
    tower.load_state_dict({name: value.float() for name, value in held["tower"].items()})
    decoder.load_state_dict({name: value.float() for name, value in held["decoder"].items()})
    tower.requires_grad_(False).eval()
    return tower, decoder, shape, held["record"]


def bases_in(folder: Path) -> list[Path]:
    """Files of bases in a folder, by number."""
    return sorted(folder.glob("base-*.pt"))


def _compile(run: Run, runs: int) -> None:
    """Compile blocks for training; where that fails they stay as they are written.

    For one run they are not compiled: with torch 2.11 on an H200 a gradient then came back in another shape.
    """
    began = time.monotonic()
    try:
        # A shape that cannot be compiled later on is run as it is written, too.
        torch._dynamo.config.suppress_errors = True
        torch._dynamo.config.recompile_limit = 32
        Block.fast = torch.compile(Block.plain, dynamic=True)
        Block.fast_runs = runs
        _, decoder, shape = new_model(run)
        decoder = decoder.copies(shape, runs)
        for length in (96, 160):
            ids = torch.randint(0, 256, (runs, 6, length), device=run.device)
            inputs = Inputs(
                ids, torch.zeros_like(ids), torch.zeros(*ids.shape, 2, dtype=torch.long, device=run.device)
            )
            features = torch.zeros(1, MERGE * shape.tower_width, device=run.device)
            with run.half():
                states = decoder(inputs, features)
            states.float().square().mean().backward()
        run.wait()
        run.log("compiled", runs=runs, took=time.monotonic() - began)
    except Exception as error:
        Block.fast = None
        run.log("not compiled", error=repr(error)[:300])
