"""Using an earlier draw again: what a stopped build drew need not be drawn a second time."""

from pathlib import Path

from lomo_hf.corpus.sampling.drawing import Sampling
from lomo_hf.corpus.sampling.drawn import DrawnSource
from lomo_hf.corpus.sampling.manifest import read_draw, recorded_sampling, replay
from lomo_hf.corpus.source import FileSource, JoinedSource
from lomo_hf.errors import LomoError

__all__ = ["replay_if_same"]


def replay_if_same(path: Path, source: FileSource | JoinedSource, sampling: Sampling) -> DrawnSource | None:
    """The rows of an earlier draw, if it was drawn from the same corpus by the same rule.

    Args:
        path: The manifest of the earlier draw, `draw.json`.
        source: The corpus that would be drawn from.
        sampling: The rule that it would be drawn by.

    Returns:
        The rows; None where the manifest is missing, damaged, or of another draw: then the rows have to be drawn.

    >>> import tempfile
    >>> from lomo_hf.corpus import open_corpus
    >>> from lomo_hf.corpus.sampling import draw, draw_json
    >>> path, corpus = Path(tempfile.mkdtemp(), "draw.json"), open_corpus()
    >>> _ = path.write_text(draw_json(draw(corpus, Sampling(rows=9))), encoding="utf-8")
    >>> len(replay_if_same(path, corpus, Sampling(rows=9))), replay_if_same(path, corpus, Sampling(rows=8))
    (9, None)
    """
    try:
        record = read_draw(path)
        if record["source"]["digest"] != source.digest or record["sampling"] != recorded_sampling(sampling):
            return None
        return replay(record, source)
    except LomoError:
        return None
