"""draw.json: what was drawn, from what, how and by which versions; enough to give the very same rows again.

The rows themselves are in it, as a bit for each row of the source, so a replay reads no text to find them. It holds
no time, no host and no path.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.hub.opening import open_hub
from lomo_hf.corpus.opening import open_corpus
from lomo_hf.corpus.sampling.decontamination import EvaluationSet, read_evaluation
from lomo_hf.corpus.sampling.drawing import Draw, Sampling, draw
from lomo_hf.corpus.sampling.drawn import DrawnSource, drawn_source
from lomo_hf.corpus.sampling.picks import Picks
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.corpus.splits import TRAIN
from lomo_hf.errors import IntegrityError, SourceError
from lomo_hf.hub.names import HubName
from lomo_hf.storage.documents import flag, listed, mapped, maybe, number, one_of, parse, record, text, whole

__all__ = ["draw_json", "read_draw", "recorded_reading", "recorded_sampling", "replay"]

_FORMAT: Final = 1
_SHAPE: Final = record(
    {
        "format": one_of(_FORMAT),
        "source": record(
            {
                "repo": maybe(text),
                "revision": maybe(text),
                "config": text,
                "configs": listed(text),
                "columns": mapped(text),
                "digest": text,
                "rows": whole,
            }
        ),
        "sampling": record(
            {
                "rows": maybe(whole),
                "tokens": maybe(whole),
                "quota": text,
                "weights": mapped(number),
                "seed": whole,
                "dedup": flag,
                "ngram": whole,
                "overlap": listed(record({"name": text, "digest": text, "prompts": whole})),
            }
        ),
        "configs": listed(record({"config": text, "rows": whole, "picked": text})),
        "digest": text,
    },
    {"versions": mapped(text)},
)
_DECIDING: Final = ("lomo-hf", "numpy", "pyarrow", "huggingface_hub")


def draw_json(drawn: Draw) -> str:
    """The manifest of a draw as a JSON document; equal draws give equal bytes.

    Args:
        drawn: What `draw` gave.

    Returns:
        The text of a `draw.json`, which `read_draw` reads and `replay` turns into the same rows.

    Example:
        >>> from lomo_hf.corpus import open_corpus
        >>> json.loads(draw_json(draw(open_corpus(), Sampling(rows=20))))["rows"]
        20
    """
    inner, sampling = drawn.source.inner, drawn.sampling
    parts = inner.parts
    record = {
        "format": _FORMAT,
        "made_by": "lomo_hf",
        "versions": {name: version(name) for name in _DECIDING},
        "source": {
            "repo": inner.repo,
            "revision": inner.revision,
            "config": inner.config,
            "configs": [part.config for part in parts],
            "columns": dict(parts[0].columns.pairs),
            **recorded_reading(parts),
            "digest": inner.digest,
            "rows": len(inner),
        },
        "sampling": recorded_sampling(sampling, drawn.evaluation),
        "rows": len(drawn.source),
        "digest": drawn.source.digest,
        "configs": [
            {**asdict(config), "picked": picks.encode()}
            for config, picks in zip(drawn.configs, drawn.source.picks, strict=True)
        ],
        "overlap_examples": [dict(example) for example in drawn.examples],
    }
    return json.dumps(record, indent=1, ensure_ascii=False) + "\n"


def recorded_sampling(sampling: Sampling, evaluation: Sequence[EvaluationSet] | None = None) -> dict[str, object]:
    """What a manifest says of the rule; evaluation files by name and digest."""
    sets = [read_evaluation(path) for path in sampling.overlap] if evaluation is None else evaluation
    return {
        **{key: value for key, value in asdict(sampling).items() if key not in ("overlap", "weights")},
        "weights": dict(sampling.weights),
        "overlap": [
            {"name": evaluated.name, "digest": evaluated.digest, "prompts": len(evaluated.prompts)}
            for evaluated in sets
        ],
    }


def recorded_reading(parts: Sequence[FileSource]) -> dict[str, list[str] | str]:
    """What of a reading is not as it is by default: columns that are kept, and a split that is not "train"."""
    if not parts:
        return {}
    keep, split = list(parts[0].columns.keep), parts[0].split
    return {**({"keep": keep} if keep else {}), **({"split": split} if split != TRAIN else {})}


def read_draw(path: Path) -> dict[str, Any]:
    """A manifest as plain values.

    Args:
        path: A `draw.json`.

    Returns:
        What `draw_json` wrote, its shape checked.

    Raises:
        SourceError: The file cannot be read.
        IntegrityError: It is not the manifest of a draw.

    Example:
        >>> read_draw(Path("nowhere", "draw.json"))
        Traceback (most recent call last):
        lomo_hf.errors.SourceError: draw.json cannot be read (No such file or directory). Give the draw.json of a draw.
    """
    try:
        return dict(parse(path.read_bytes(), _SHAPE))
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}). Give the draw.json of a draw.") from error
    except IntegrityError as error:
        raise IntegrityError(f"{path.name} is not the manifest of a draw ({error}). Draw again.") from error


def replay(
    record: Mapping[str, Any],
    source: FileSource | JoinedSource | None = None,
    *,
    anew: bool = False,
    endpoint: str | None = None,
    overlap: tuple[Path, ...] = (),
    progress: Callable[[int, int], None] | None = None,
) -> DrawnSource:
    """The rows of a manifest again.

    Args:
        record: What `read_draw` gave.
        source: The corpus, opened; needed where it was made of local files. What is on the Hub is opened at the commit
            that the manifest names.
        anew: Draw again by the same rule and compare, instead of taking the recorded rows.
        endpoint: Where the Hub is.
        overlap: The evaluation files, needed to draw anew where there were some.
        progress: As in `draw`.

    Returns:
        The drawn rows as a source.

    Raises:
        SourceError: The corpus is needed and not given, or cannot be opened.
        IntegrityError: The corpus is another one, or the rows are.

    Example:
        >>> from lomo_hf.corpus import open_corpus
        >>> drawn = draw(open_corpus(), Sampling(rows=20))
        >>> replay(json.loads(draw_json(drawn)), open_corpus(), anew=True).digest == drawn.source.digest
        True
    """
    recorded = record["source"]
    opened = source if source is not None else _opened(recorded, endpoint)
    if opened.digest != recorded["digest"]:
        raise IntegrityError(
            f"the draw was made from another corpus ({recorded['rows']:,} rows of {recorded['repo'] or 'files'}) than "
            f"this one ({opened.description}). Give the one that it was made from."
        )
    if anew:
        drawn = draw(opened, _sampling(record["sampling"], overlap), progress).source
    else:
        sizes = [len(part) for part in opened.parts]
        if [config["rows"] for config in record["configs"]] != sizes:
            raise IntegrityError(f"the draw names other configs or sizes than the corpus has ({sizes}). Draw again.")
        picks = tuple(Picks.decode(config["rows"], config["picked"]) for config in record["configs"])
        drawn = drawn_source(opened, picks)
    if drawn.digest != record["digest"]:
        how = "drawn again, the rows are others" if anew else "the recorded rows are damaged"
        raise IntegrityError(f"{how} than the manifest says; made with {record.get('versions')}. Draw again.")
    return drawn


def _opened(recorded: Mapping[str, Any], endpoint: str | None) -> FileSource | JoinedSource:
    if not recorded["repo"]:
        if (sample := open_corpus()).digest == recorded["digest"]:
            return sample  # it has no path that a user could give
        raise SourceError("the draw was made from files. Give them as --corpus beside --replay.")
    name = HubName(recorded["repo"], recorded["revision"], tuple(recorded["configs"]))
    return open_hub(
        name,
        columns=ColumnMap.of(recorded["columns"], recorded.get("keep", ())),
        split=recorded.get("split"),
        endpoint=endpoint,
    )


def _sampling(record: Mapping[str, Any], overlap: tuple[Path, ...]) -> Sampling:
    if len(overlap) != len(record["overlap"]):
        names = ", ".join(evaluated["name"] for evaluated in record["overlap"])
        raise SourceError(f"to draw anew, give the evaluation files of the draw: {names or 'none'}.")
    known = {field.name for field in fields(Sampling)}
    return Sampling(**{**{key: value for key, value in record.items() if key in known}, "overlap": overlap})
