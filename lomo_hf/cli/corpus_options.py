"""The options that say which rows are read - corpus, configs, columns, draw - and how they become one source.

The same for `build`, `plan`, `sample` and `grid`, so that what one prints is what another reads: each field of
`Selection` is an option, and a command that asks for a `selection` has all of them.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lomo_hf.cli.terminal import Corpus, console
from lomo_hf.errors import LomoError, UsageError

if TYPE_CHECKING:
    from lomo_hf.corpus import FileSource, JoinedSource, Source
    from lomo_hf.corpus.sampling import Draw, Sampling
    from lomo_hf.storage import Folder

__all__ = ["Columns", "ExcludeConfigs", "Limit", "Selected", "Selection", "mapping", "resumable", "selecting"]

Configs = Annotated[
    list[str] | None, typer.Option("--config", help="Only this config of the Hub dataset; repeatable.")
]
ExcludeConfigs = Annotated[
    list[str] | None, typer.Option("--exclude-config", help="Leave this config out; repeatable.")
]
Columns = Annotated[str | None, typer.Option(help="Columns of a corpus in no known dialect: prompt=NAME,answer=NAME.")]
Sample = Annotated[str | None, typer.Option(help="Draw so many rows, as 2_000_000; the same for the same seed.")]
Tokens = Annotated[str | None, typer.Option(help="Draw rows of so many tokens (estimated) instead.")]
Quota = Annotated[str | None, typer.Option(help="Shares of the configs: proportional (default) or equal.")]
Weights = Annotated[str | None, typer.Option(help="Shares of the configs by weight: gsm8k=1,math=2.5,...")]
Dedup = Annotated[bool, typer.Option("--dedup", help="Of rows with the same prompt only the first is drawn.")]
Overlaps = Annotated[
    list[Path] | None,
    typer.Option("--exclude-overlap", help="A file of evaluation prompts; rows that share 13 words in a row are out."),
]
Limit = Annotated[int | None, typer.Option(min=0, help="Only the first rows of the corpus.")]
Replay = Annotated[Path | None, typer.Option(help="A draw.json: take the very rows that it names.")]

Seed = Annotated[int | None, typer.Option(help="Of the draw of rows; where recipes are built, instead of their own.")]


@dataclass(frozen=True)
class Selected:
    """The source to read, and the manifest of its draw, if it was drawn."""

    source: "Source"
    draw: str | None = None
    made: "Draw | None" = None


@dataclass(frozen=True)
class Selection:
    """The options, as typed."""

    corpus: Corpus = None
    configs: Configs = None
    exclude: ExcludeConfigs = None
    columns: Columns = None
    sample: Sample = None
    tokens: Tokens = None
    quota: Quota = None
    weights: Weights = None
    dedup: Dedup = False
    overlaps: Overlaps = None
    replay: Replay = None
    seed: Seed = None

    def select(self, earlier: Path | None = None) -> Selected:
        """Open the corpus and draw. `earlier` is the manifest of a draw that may be the same one, and then saves time.

        Raises:
            LomoError: See `lomo_hf.errors`.
        """
        from lomo_hf.corpus.sampling import draw, draw_json, read_draw, replay

        sampling = self.sampling()
        if self.replay is not None:
            if sampling.asks_for_something or self.configs or self.exclude:
                raise UsageError("replay takes the rows of a draw as they are; leave the other options of a draw out.")
            said = read_draw(self.replay)
            again = replay(said, self.replayed(said))
            return Selected(again, self.replay.read_text(encoding="utf-8"))
        source = self.open()
        if not sampling.asks_for_something:
            if self.quota or self.weights:
                raise UsageError("quota and weights share out a draw; say how large it is with --sample or --tokens.")
            return Selected(source)
        if earlier is not None and (known := self._known(source, sampling, earlier)):
            return known
        made = draw(source, sampling, _counter() if sampling.reads_text else None)
        return Selected(made.source, draw_json(made), made)

    def replayed(self, said: Mapping[str, Any]) -> "FileSource | JoinedSource | None":
        """The corpus of a draw, where one is named; its columns are those of the draw unless said otherwise."""
        if self.corpus is None:
            return None
        columns = ",".join(f"{target}={name}" for target, name in said["source"]["columns"].items())
        return replace(self, columns=self.columns or columns or None).open()

    def open(self) -> "FileSource | JoinedSource":
        """The whole corpus."""
        from lomo_hf.corpus import open_corpus, open_hub
        from lomo_hf.hub.names import parse_hub_name

        columns = mapping(self.columns)
        on_hub = self.corpus is not None and not Path(self.corpus).exists() and parse_hub_name(self.corpus)
        if not on_hub:
            if self.configs or self.exclude:
                raise UsageError("--config and --exclude-config are for a dataset on the Hub; a file has no configs.")
            return open_corpus(self.corpus, columns=columns)
        screen = console()
        with screen.status("reading the list of files ...") as status:
            return open_hub(
                on_hub,
                configs=self.configs or None,
                exclude=self.exclude or (),
                columns=columns,
                on_config=lambda name, done, total: status.update(f"planned {name} ({done} of {total} configs)"),
            )

    def sampling(self) -> "Sampling":
        """What is to be drawn."""
        from lomo_hf.corpus.sampling import Sampling

        if self.sample is not None and self.tokens is not None:
            raise UsageError("--sample and --tokens exclude each other; found both. Give one.")
        if self.weights and self.quota not in (None, "weights"):
            raise UsageError(f"quota and weights exclude each other; found {self.quota!r} and weights. Give one.")
        return Sampling(
            rows=_number("sample", self.sample),
            tokens=_number("tokens", self.tokens),
            quota="weights" if self.weights else self.quota or "proportional",
            weights={name: _float(name, text) for name, text in _pairs("weights", self.weights).items()},
            seed=self.seed or 0,
            dedup=self.dedup,
            overlap=tuple(self.overlaps or ()),
        )

    def _known(self, source: "FileSource | JoinedSource", sampling: "Sampling", earlier: Path) -> "Selected | None":
        """The rows of an earlier draw that was stopped after drawing, if it was drawn by the same rule."""
        from lomo_hf.corpus.sampling import read_draw, replay
        from lomo_hf.corpus.sampling.manifest import recorded_sampling

        try:
            said = read_draw(earlier)
            if said["source"]["digest"] != source.digest or said["sampling"] != recorded_sampling(sampling):
                return None
            return Selected(replay(said, source), earlier.read_text(encoding="utf-8"))
        except LomoError:  # it is not there, or damaged: it would only have saved time
            return None


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of `Selection` in the place of its parameter `selection`."""
    options = inspect.signature(Selection).parameters
    parameters: dict[str, inspect.Parameter] = {}
    for name, own in inspect.signature(command).parameters.items():
        parameters |= options if name == "selection" else {name: own}

    @wraps(command)
    def run(**said: Any) -> None:
        command(selection=Selection(**{name: said.pop(name) for name in options}), **said)

    keyword = inspect.Parameter.KEYWORD_ONLY
    run.__signature__ = inspect.Signature([one.replace(kind=keyword) for one in parameters.values()])  # type: ignore[attr-defined]
    run.__annotations__ = {name: one.annotation for name, one in parameters.items()}
    return run


def resumable(selection: Selection, out: Path) -> Selected:
    """As `select`, with the draw kept in the folder being built, so that a stopped build need not draw again."""
    from lomo_hf.corpus.sampling import DRAW
    from lomo_hf.dataset.manifest import WORK_FOLDER
    from lomo_hf.storage import LOCK, Folder
    from lomo_hf.storage.atomic import write_whole

    folder = Folder(out) if out.is_dir() else None
    begun = folder is not None and (folder / WORK_FOLDER).is_folder()
    kept = folder / WORK_FOLDER / DRAW if folder and begun else None
    selected = selection.select(kept.path if kept and kept.is_file() else _recorded_draw(folder))
    fresh = begun or not out.exists() or (folder is not None and not set(folder.names()) - {LOCK})
    if selected.made is not None and selected.draw is not None and fresh:
        write_whole(Folder(out, make=True) / WORK_FOLDER / DRAW, selected.draw.encode())
    return selected


def _recorded_draw(folder: "Folder | None") -> Path | None:
    """The manifest of the draw in a finished folder, if it is what was written there: it will be written again."""
    from lomo_hf.corpus.sampling import DRAW
    from lomo_hf.dataset.manifest import file_record, read_manifest

    if folder is None or not (folder / DRAW).is_file():
        return None
    manifest = read_manifest(folder)
    known = manifest is not None and file_record(folder, DRAW) in manifest.files
    return (folder / DRAW).path if known else None


def _counter() -> Any:
    screen = console()

    def show(done: int, total: int) -> None:
        if screen.is_terminal and done % 20_000 == 0:
            screen.print(f"read {done:,} of {total:,} rows", highlight=False)

    return show


def mapping(columns: str | None) -> Mapping[str, str] | None:
    """What --columns says, if it says anything."""
    return _pairs("columns", columns) or None


def _pairs(what: str, text: str | None) -> Mapping[str, str]:
    pairs = {}
    for item in (text or "").split(","):
        if item.strip():
            name, sign, value = item.partition("=")
            if not sign or not name.strip() or not value.strip():
                raise UsageError(f"{what} must be NAME=VALUE, separated by commas; found {item.strip()!r}.")
            pairs[name.strip()] = value.strip()
    return pairs


def _number(what: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        number = int(text.replace(",", "_"))
    except ValueError:
        number = 0
    if number < 1:
        raise UsageError(f"{what} must be a whole number of 1 or more, such as 2_000_000; found {text!r}.")
    return number


def _float(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"weights.{name} must be a number; found {text!r}.") from None
