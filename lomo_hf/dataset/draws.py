"""The draw of a build: kept in the dataset folder, so that a build that was stopped need not draw again.

kept = draw_for_build(open_corpus("org/name"), Sampling(rows=2_000_000), "lomo-ov15")
build_dataset(kept.source, ["ratio50"], "lomo-ov15", draw=kept.manifest)
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lomo_hf.corpus import FileSource, JoinedSource
from lomo_hf.corpus.sampling import Draw, DrawnSource, Sampling, draw, draw_json
from lomo_hf.corpus.sampling.reuse import replay_if_same
from lomo_hf.dataset.layout import DRAW, WORK_FOLDER
from lomo_hf.dataset.manifest import read_manifest
from lomo_hf.storage import LOCK, Folder, Place
from lomo_hf.storage.atomic import write_whole
from lomo_hf.storage.records import FileRecord

__all__ = ["KeptDraw", "draw_for_build"]


@dataclass(frozen=True)
class KeptDraw:
    """A draw that a build can start from.

    Attributes:
        source: The rows, for `build_dataset(corpus=...)`.
        manifest: The text of `draw.json`, for `build_dataset(draw=...)`.
        drawn: How the rows were drawn; None where an earlier draw was used again.
    """

    source: DrawnSource
    manifest: str
    drawn: Draw | None


def draw_for_build(
    source: FileSource | JoinedSource,
    sampling: Sampling,
    out: str | Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> KeptDraw:
    """Draw the rows of a build, or take those that were drawn for it before it was stopped.

    The draw is written below `out` at once, before any row is built. A damaged draw, or one by another rule, is drawn
    anew; a folder that holds something else than a dataset of lomo_hf is left alone.

    Args:
        source: The corpus to draw from.
        sampling: How many rows, by which shares, and which rows are eligible.
        out: The dataset folder that is going to be built.
        progress: Called with (rows read, rows in all) where the text of rows has to be read to draw.

    Returns:
        The rows and the manifest of their draw.

    Raises:
        RecipeError: More is asked for than there is, or a weight names no config.
        SourceError: An evaluation file cannot be read.

    >>> import tempfile
    >>> from lomo_hf.corpus import open_corpus
    >>> out = Path(tempfile.mkdtemp(), "out")
    >>> first, again = (draw_for_build(open_corpus(), Sampling(rows=20), out) for _ in range(2))
    >>> len(first.source), again.drawn is None, again.manifest == first.manifest
    (20, True, True)
    """
    out = Path(out)
    folder = Folder(out) if out.is_dir() else None
    begun = folder is not None and (folder / WORK_FOLDER).is_folder()
    earlier = _earlier_draw(folder, begun) if folder is not None else None
    if earlier is not None and (known := replay_if_same(earlier.path, source, sampling)) is not None:
        return KeptDraw(known, earlier.read_text(), None)
    drawn = draw(source, sampling, progress)
    manifest = draw_json(drawn)
    if begun or not out.exists() or (folder is not None and not set(folder.names()) - {LOCK}):
        write_whole(Folder(out, make=True) / WORK_FOLDER / DRAW, manifest.encode())
    return KeptDraw(drawn.source, manifest, drawn)


def _earlier_draw(folder: Folder, begun: bool) -> Place | None:
    """The draw of a build that was begun here; or that of a finished dataset, if it is the file that was recorded."""
    if begun:
        return folder / WORK_FOLDER / DRAW if (folder / WORK_FOLDER / DRAW).is_file() else None
    manifest = read_manifest(folder) if (folder / DRAW).is_file() else None
    known = manifest is not None and FileRecord.of_file(folder, DRAW) in manifest.files
    return folder / DRAW if known else None
