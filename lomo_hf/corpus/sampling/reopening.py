"""Opening again what a dataset was built from, by what its manifest says: files, a commit on the Hub, or a draw."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lomo_hf.corpus.columns import ColumnMap
from lomo_hf.corpus.hub.opening import open_hub
from lomo_hf.corpus.opening import open_corpus, open_splits
from lomo_hf.corpus.sampling.drawn import DrawnSource
from lomo_hf.corpus.sampling.manifest import read_draw, recorded_reading, replay
from lomo_hf.corpus.source import FileSource, JoinedSource, Source
from lomo_hf.hub.names import HubName

__all__ = ["recorded_source", "reopen_source"]


def recorded_source(source: Source) -> dict[str, object]:
    """What a manifest has to say of a source, so that it can be opened again; no path.

    Args:
        source: Any source.

    Returns:
        Values that can stand in JSON, for `reopen_source`.

    Example:
        >>> recorded_source(open_corpus())["configs"]
        ['sample']
    """
    inner = source.inner if isinstance(source, DrawnSource) else source
    parts = inner.parts if isinstance(inner, FileSource | JoinedSource) else ()
    return {
        "config": source.config,
        "description": source.description,
        "digest": source.digest,
        "repo": source.repo,
        "revision": source.revision,
        "configs": list(dict.fromkeys(part.config for part in parts)),
        "columns": dict(parts[0].columns.pairs) if parts else {},
        **recorded_reading(parts),
    }


def reopen_source(
    record: Mapping[str, Any], corpus: str | Path | None = None, *, draw: Path | None = None
) -> FileSource | JoinedSource | DrawnSource:
    """The source of a record. Whether its content is the same, the digest of what comes back must tell.

    Args:
        record: What `recorded_source` gave, as a manifest holds it.
        corpus: Where it lies now; None for the embedded sample, or the Hub, where it is taken at its commit.
        draw: The manifest of the draw that was built, if there is one.

    Returns:
        The source, opened; of the drawn rows where there is a draw.

    Raises:
        SourceError: It cannot be opened.
        IntegrityError: The draw is of another corpus.

    Example:
        >>> reopen_source(recorded_source(open_corpus())).digest == open_corpus().digest
        True
    """
    columns = ColumnMap.of(record.get("columns"), record.get("keep", ()))
    split, splits = record.get("split"), tuple(record.get("splits") or ()) or None
    if corpus is None and not record["repo"]:
        whole: FileSource | JoinedSource = open_corpus(config=record["config"])  # the one corpus without a path
    elif corpus is None:
        configs = tuple(record.get("configs") or ()) or None
        whole = open_hub(
            HubName(record["repo"], record["revision"], configs), columns=columns, split=split, splits=splits
        )
    elif isinstance(corpus, str) and not Path(corpus).exists():
        whole = _opened(corpus, split, splits, columns=columns)
    else:
        whole = _opened(corpus, split, splits, columns=columns, config=record["config"])
    return replay(read_draw(draw), whole) if draw is not None and draw.is_file() else whole


def _opened(
    corpus: str | Path,
    split: str | None,
    splits: Sequence[str] | None,
    *,
    columns: ColumnMap,
    config: str | None = None,
) -> FileSource | JoinedSource:
    if splits is not None:
        return open_splits(corpus, splits, config=config, columns=columns)
    return open_corpus(corpus, config=config, split=split, columns=columns)
