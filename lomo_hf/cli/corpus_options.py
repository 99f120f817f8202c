"""The options that say which rows are read - corpus, configs, columns, draw - and the source that they name.

They are the same for `build`, `plan`, `sample` and `grid`: each field of `Selection` is an option, and a command that
takes a `selection` has all of them.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lomo_hf.cli.terminal import CORPUS_PANEL, DRAW_PANEL, Corpus, console, existing_file, existing_files, shown_status
from lomo_hf.errors import UsageError

if TYPE_CHECKING:
    from lomo_hf.corpus import FileSource, JoinedSource, Source
    from lomo_hf.corpus.sampling import Draw, Sampling

__all__ = ["Columns", "ExcludeConfigs", "Keep", "Limit", "Selected", "Selection", "mapping", "names", "selecting"]

Configs = Annotated[
    list[str] | None,
    typer.Option(
        "--config",
        rich_help_panel=CORPUS_PANEL,
        help="Only this config of the Hub dataset; repeatable. Of files: the name that begins their ids.",
    ),
]
Splits = Annotated[
    list[str] | None,
    typer.Option(
        "--split",
        rich_help_panel=CORPUS_PANEL,
        help="Only this split of the corpus; repeatable. Default: all of them, each a split of the dataset; a draw is "
        "from train.",
    ),
]
ExcludeConfigs = Annotated[
    list[str] | None,
    typer.Option("--exclude-config", rich_help_panel=CORPUS_PANEL, help="Leave this config out; repeatable."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=CORPUS_PANEL,
        help="Columns of a corpus whose layout is not known: prompt=NAME,answer=NAME.",
    ),
]
Sample = Annotated[
    str | None,
    typer.Option(
        rich_help_panel=DRAW_PANEL, help="Draw so many rows, such as 2_000_000; the same rows for the same seed."
    ),
]
Tokens = Annotated[
    str | None,
    typer.Option(rich_help_panel=DRAW_PANEL, help="Draw rows of so many tokens (estimated) instead."),
]
Quota = Annotated[
    str | None,
    typer.Option(rich_help_panel=DRAW_PANEL, help="Shares of the configs: proportional (default) or equal."),
]
Weights = Annotated[
    str | None,
    typer.Option(rich_help_panel=DRAW_PANEL, help="Shares of the configs by weight: gsm8k=1,math=2.5,..."),
]
Dedup = Annotated[
    bool,
    typer.Option("--dedup", rich_help_panel=DRAW_PANEL, help="Of rows with the same prompt, draw only the first."),
]
Keep = Annotated[
    str | None,
    typer.Option(
        "--keep-columns",
        rich_help_panel=CORPUS_PANEL,
        help="Columns of the corpus to store beside each row, as text: NAME,NAME.",
    ),
]
Overlaps = Annotated[
    list[Path] | None,
    typer.Option(
        "--exclude-overlap",
        callback=existing_files,
        rich_help_panel=DRAW_PANEL,
        help="A file of evaluation prompts; rows that share 13 words in a row with one of them are left out.",
    ),
]
Replay = Annotated[
    Path | None,
    typer.Option(
        callback=existing_file, rich_help_panel=DRAW_PANEL, help="A draw.json: take exactly the rows that it names."
    ),
]
Limit = Annotated[int | None, typer.Option(min=0, help="Only the first rows of the corpus, of each split.")]
Seed = Annotated[
    int | None, typer.Option(help="Decides which rows are drawn; where recipes are built, also replaces their seed.")
]


@dataclass(frozen=True)
class Selected:
    """The source to read, and the manifest of its draw, if it was drawn.

    Attributes:
        source: Where the rows come from.
        draw: The text of `draw.json`; None where all rows are taken.
        drawn: How the rows were drawn; None where nothing was drawn, or an earlier draw was used again.
    """

    source: "Source"
    draw: str | None = None
    drawn: "Draw | None" = None


@dataclass(frozen=True)
class Selection:
    """The options as typed; each field is one."""

    corpus: Corpus = None
    seed: Seed = None
    configs: Configs = None
    splits: Splits = None
    exclude: ExcludeConfigs = None
    columns: Columns = None
    keep: Keep = None
    sample: Sample = None
    tokens: Tokens = None
    quota: Quota = None
    weights: Weights = None
    dedup: Dedup = False
    overlaps: Overlaps = None
    replay: Replay = None

    def select(self, out: Path | None = None) -> Selected:
        """Open the corpus and draw.

        Args:
            out: The dataset folder of a build, where the draw is kept in case that the build is stopped; None keeps it
                nowhere.

        Raises:
            LomoError: See `lomo_hf.errors`.
        """
        from lomo_hf.corpus.sampling import draw, draw_json, read_draw, replay
        from lomo_hf.dataset import draw_for_build

        sampling = self.sampling()
        if self.replay is not None:
            if sampling.asks_for_something or self.configs or self.exclude or self.splits:
                raise UsageError("replay takes the rows of a draw as they are; leave the other options of a draw out.")
            record = read_draw(self.replay)
            return Selected(replay(record, self.replayed(record)), self.replay.read_text(encoding="utf-8"))
        source = self.open(one_split=sampling.asks_for_something)
        if not sampling.asks_for_something:
            if self.quota or self.weights:
                raise UsageError("quota and weights share out a draw; say how large it is with --sample or --tokens.")
            return Selected(source)
        progress = _reading_note() if sampling.reads_text else None
        if out is not None:
            kept = draw_for_build(source, sampling, out, progress=progress)
            return Selected(kept.source, kept.manifest, kept.drawn)
        drawn = draw(source, sampling, progress)
        return Selected(drawn.source, draw_json(drawn), drawn)

    def replayed(self, record: Mapping[str, Any]) -> "FileSource | JoinedSource | None":
        """The corpus of a draw, where --corpus names one; with the draw's columns unless --columns names others."""
        if self.corpus is None:
            return None
        columns = ",".join(f"{target}={name}" for target, name in record["source"]["columns"].items())
        kept = ",".join(record["source"].get("keep", ()))
        split = record["source"].get("split")
        named = replace(
            self,
            columns=self.columns or columns or None,
            keep=self.keep or kept or None,
            splits=self.splits or ([split] if split else None),
        )
        return named.open(one_split=True)

    def open(self, *, one_split: bool = False) -> "FileSource | JoinedSource":
        """The whole corpus, or one split of it: train, where none is named."""
        from lomo_hf.corpus import open_corpus, open_hub, open_splits
        from lomo_hf.corpus.hub.file import reading_retrier
        from lomo_hf.hub.names import parse_hub_name

        columns, keep, split = mapping(self.columns), names(self.keep), None
        if one_split and self.splits:
            if len(self.splits) > 1:
                raise UsageError(f"a draw is from one split; found --split {' and '.join(self.splits)}. Name one.")
            split = self.splits[0]
        on_hub = self.corpus is not None and not Path(self.corpus).exists() and parse_hub_name(self.corpus)
        if not on_hub:
            if self.corpus is None and self.configs:
                raise UsageError(
                    "--config and --exclude-config are for a dataset on the Hub; the embedded sample has no configs."
                )
            if self.exclude or len(self.configs or ()) > 1:
                raise UsageError(
                    "--exclude-config and several --config are for a dataset on the Hub; a file has no configs."
                )
            config = self.configs[0] if self.configs else None
            if one_split:
                return open_corpus(self.corpus, config=config, split=split, columns=columns, keep=keep)
            return open_splits(self.corpus, self.splits or (), config=config, columns=columns, keep=keep)
        notes = console(stderr=True)

        def tell(sentence: str) -> None:
            notes.print(sentence, highlight=False, markup=False, soft_wrap=True)

        with shown_status(console(), "reading the list of files ...") as update:
            return open_hub(
                on_hub,
                configs=self.configs or None,
                exclude=self.exclude or (),
                split=split,
                splits=None if one_split else self.splits or (),
                columns=columns,
                keep=keep,
                retrier=reading_retrier(tell),
                on_config=lambda name, done, total: update(f"planned {name} ({done} of {total} configs)"),
            )

    def sampling(self) -> "Sampling":
        """The rule of the draw that the options ask for."""
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


def selecting(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of `Selection` in place of its parameter `selection`.

    In the help, --corpus stands where `selection` does; then come the command's other basic options, the rest of
    `Selection`, and the command's options that are in a panel of their own.
    """
    options = inspect.signature(Selection).parameters
    basic: dict[str, inspect.Parameter] = {}
    special: dict[str, inspect.Parameter] = {}
    for name, own in inspect.signature(command).parameters.items():
        if name == "selection":
            basic["corpus"] = options["corpus"]
        else:
            (special if _has_panel(own) else basic)[name] = own
    parameters = {**basic, **options, **special}

    @wraps(command)
    def run(**typed: Any) -> None:
        command(selection=Selection(**{name: typed.pop(name) for name in options}), **typed)

    keyword = inspect.Parameter.KEYWORD_ONLY
    signature = inspect.Signature([parameter.replace(kind=keyword) for parameter in parameters.values()])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {name: parameter.annotation for name, parameter in parameters.items()}
    return run


def _has_panel(option: inspect.Parameter) -> bool:
    return any(getattr(info, "rich_help_panel", None) for info in getattr(option.annotation, "__metadata__", ()))


def _reading_note() -> Any:
    screen = console()

    def show(done: int, total: int) -> None:
        if screen.is_terminal and done % 20_000 == 0:
            screen.print(f"read {done:,} of {total:,} rows", highlight=False)

    return show


def mapping(columns: str | None) -> Mapping[str, str] | None:
    """The columns that --columns names; None where it is not given.

    >>> mapping("prompt=question, answer=gold")
    {'prompt': 'question', 'answer': 'gold'}
    """
    return _pairs("columns", columns) or None


def names(text: str | None) -> list[str]:
    """The names of an option such as `a,b`.

    >>> names("difficulty, subject"), names(None)
    (['difficulty', 'subject'], [])
    """
    return [name.strip() for name in (text or "").split(",") if name.strip()]


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
