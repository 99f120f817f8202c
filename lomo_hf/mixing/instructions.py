"""A mixture written down without copying a row: `mix.json`, which streams again, and entries for other loaders.

`open_mix("mix.json")` gives a streaming dataset of the very same rows. Those who would rather interleave the two
repositories with their own tools find the probabilities here, for `datasets` and for LLaMA-Factory.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lomo_hf.corpus import JoinedSource
from lomo_hf.corpus.sampling.picks import Picks
from lomo_hf.errors import IntegrityError, LomoError, SourceError
from lomo_hf.mixing.inputs import Half, open_multimodal, open_split
from lomo_hf.mixing.mixture import MixPart, Mixture
from lomo_hf.mixing.ratios import STRATA
from lomo_hf.row import MixedRow
from lomo_hf.row_columns import row_features
from lomo_hf.storage.documents import listed, one_of, parse, record, text, whole

if TYPE_CHECKING:
    import datasets

__all__ = ["as_dataset", "interleaving", "mixture_json", "open_mix", "read_mixture"]

_FORMAT: Final = 1
_HALF: Final = record({"digest": text, "configs": listed(text)}, {"repo": text, "revision": text, "place": text})
_PART: Final = record(
    {"stratum": one_of(*STRATA), "again": whole, "picked": listed(record({"size": whole, "rows": text}))}
)
_SHAPE: Final = record(
    {"format": one_of(_FORMAT), "lomo": _HALF, "multimodal": _HALF, "seed": whole, "parts": listed(_PART)}
)


def mixture_json(mixture: Mixture) -> str:
    """The mixture as a JSON document; equal mixtures give equal bytes.

    Args:
        mixture: What `mix` gave.

    Returns:
        The text of a `mix.json`, which `read_mixture` reads.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import mix
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=8)
        ...     mixture = mix(open_split(out, "ratio100"), open_multimodal(f"{out}/ratio100"), multimodal_rows=4)
        >>> json.loads(mixture_json(mixture))["counts"]["multimodal"]
        4
    """
    document = {
        "format": _FORMAT,
        "made_by": "lomo_hf",
        "lomo": _half(mixture.lomo),
        "multimodal": _half(mixture.multimodal),
        "seed": mixture.seed,
        "counts": mixture.counts,
        "image_to_text": mixture.rounded_ratio,
        "interleaving": interleaving(mixture),
        "parts": [
            {
                "stratum": part.stratum,
                "again": part.again,
                "rows": part.rows,
                "picked": [{"size": picks.size, "rows": picks.encode()} for picks in part.picks],
            }
            for part in mixture.parts
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def interleaving(mixture: Mixture) -> dict[str, object]:
    """How other loaders get the same shares from the two repositories as they are.

    Args:
        mixture: What `mix` gave.

    Returns:
        Values that can stand in JSON: the share of each stratum, a line for `datasets`, keys for LLaMA-Factory.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import mix
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=8)
        ...     mixture = mix(open_split(out, "ratio100"), open_multimodal(f"{out}/ratio100"), multimodal_rows=8)
        >>> interleaving(mixture)["llamafactory"]["interleave_probs"]
        '0.5,0.5'
    """
    counts = mixture.counts
    total = max(sum(counts.values()), 1)
    shares = {name: round(count / total, 6) for name, count in counts.items()}
    lomo = round(shares["pages"] + shares["text"], 6)
    return {
        "strata": shares,
        "datasets": "interleave_datasets([multimodal, lomo.filter(lambda row: row['rewritten']), "
        "lomo.filter(lambda row: not row['rewritten'])], "
        f"probabilities={[shares['multimodal'], shares['pages'], shares['text']]}, seed={mixture.seed})",
        "llamafactory": {
            "dataset": "multimodal,lomo",
            "mix_strategy": "interleave_under",
            "interleave_probs": f"{round(1 - lomo, 6)},{lomo}",
            "note": "LLaMA-Factory cannot tell pages from text within a split, so these probabilities keep the shares "
            "of the two repositories; for another ratio write the mixture out with --write.",
        },
    }


def read_mixture(path: str | Path, *, endpoint: str | None = None) -> Mixture:
    """The mixture of a `mix.json`; opens both halves.

    Args:
        path: The file.
        endpoint: Where the Hub is; None is what huggingface_hub is set to.

    Returns:
        The mixture, of the same rows in the same order as when it was written.

    Raises:
        SourceError: The file or a half cannot be opened.
        IntegrityError: A half is not what it was when the mixture was made.

    Example:
        >>> read_mixture("nowhere/mix.json")
        Traceback (most recent call last):
        lomo_hf.errors.SourceError: mix.json cannot be read (No such file or directory). ...
    """
    path = Path(path)
    try:
        document = parse(path.read_bytes(), _SHAPE)
        lomo_half, multimodal_half = document["lomo"], document["multimodal"]
        lomo = open_split(_again(lomo_half), lomo_half["configs"][0], endpoint=endpoint)
        multimodal = open_multimodal(_again(multimodal_half), configs=multimodal_half["configs"], endpoint=endpoint)
        for half, recorded in ((lomo, lomo_half), (multimodal, multimodal_half)):
            if half.source.digest != recorded["digest"]:
                raise IntegrityError(f"{half.place} has changed since the mixture was made. Mix again.")
        parts = tuple(
            MixPart(
                part["stratum"],
                part["again"],
                _picks(part["picked"], (multimodal if part["stratum"] == "multimodal" else lomo).source),
            )
            for part in document["parts"]
        )
        return Mixture(lomo, multimodal, parts, document["seed"])
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}). Give the mix.json of a mixture.") from error
    except (ValueError, IndexError) as error:
        if isinstance(error, LomoError):
            raise
        raise IntegrityError(f"{path.name} is not a mixture ({error}). Mix again.") from error


def _picks(entries: Sequence[Mapping[str, Any]], source: JoinedSource) -> tuple[Picks, ...]:
    """The rows of a part, which are those of its half."""
    if [entry["size"] for entry in entries] != [len(part) for part in source.parts]:
        raise ValueError("its rows are of other configs or sizes than the half has")
    return tuple(Picks.decode(entry["size"], entry["rows"]) for entry in entries)


def open_mix(path: str | Path, *, num_shards: int = 8) -> "datasets.IterableDataset":
    """A mixture as a streaming dataset, in the columns of a LoMo row; pictures are decoded by `datasets`.

    Args:
        path: The `mix.json` of a mixture.
        num_shards: How many workers of a loader can share it; each gets a stream of its own, at the same ratio.

    Returns:
        A `datasets.IterableDataset`.

    Raises:
        SourceError, IntegrityError: As `read_mixture`.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import mix
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=8)
        ...     mixture = mix(open_split(out, "ratio100"), open_multimodal(f"{out}/ratio100"), multimodal_rows=4)
        ...     _ = Path(out, "mix.json").write_text(mixture_json(mixture), encoding="utf-8")
        ...     open_mix(Path(out, "mix.json"), num_shards=2).num_shards
        2
    """
    return as_dataset(read_mixture(path), num_shards=num_shards)


def as_dataset(mixture: Mixture, *, num_shards: int = 8) -> "datasets.IterableDataset":
    """As `open_mix`, of a mixture that is open already.

    Args:
        mixture: What `mix` or `read_mixture` gave.
        num_shards: As for `open_mix`.

    Returns:
        A `datasets.IterableDataset`.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> from lomo_hf.mixing import mix
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio100"], out, limit=8)
        ...     mixture = mix(open_split(out, "ratio100"), open_multimodal(f"{out}/ratio100"), multimodal_rows=4)
        ...     next(iter(as_dataset(mixture)))["messages"][-1]["role"]
        'assistant'
    """
    from datasets import IterableDataset

    return IterableDataset.from_generator(
        _generate,
        features=row_features(),
        gen_kwargs={"shards": list(range(num_shards)), "mixture": mixture, "num_shards": num_shards},
    )


def _generate(shards: list[int], mixture: Mixture, num_shards: int) -> Iterator[MixedRow]:
    for shard in shards:
        yield from mixture.rows(shard, num_shards)


def _half(half: Half) -> dict[str, object]:
    source = half.source
    where = {"repo": source.repo, "revision": source.revision} if source.repo else {"place": half.place}
    return {**where, "configs": list(half.configs), "rows": len(source), "digest": source.digest}


def _again(recorded: Mapping[str, object]) -> str:
    if {"repo", "revision"} <= set(recorded):
        return f"hf://datasets/{recorded['repo']}@{recorded['revision']}"
    if "place" not in recorded:
        raise ValueError("a half is neither on the Hub, at a revision, nor here")
    return str(recorded["place"])
