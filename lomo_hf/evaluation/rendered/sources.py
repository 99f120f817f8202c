"""Where a benchmark's rows come from: the Hub at a pinned commit, a local file or folder, or a table behind a URL."""

import csv
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from lomo_hf.errors import SourceError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.definitions import BENCHMARKS
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import PendingFile

__all__ = ["is_url", "open_benchmark", "pinned", "source_name", "undecoded"]

_TIMEOUT_S: Final = 60  # without a byte
_FILES: Final = {".jsonl": "json", ".json": "json", ".parquet": "parquet", ".csv": "csv", ".tsv": "csv"}


def open_benchmark(benchmark: Benchmark) -> Any:
    """The split of a benchmark as a `datasets.Dataset` with undecoded images.

    Raises:
        SourceError: It cannot be loaded, or lacks a column that the definition names.
    """
    from datasets.exceptions import DatasetsError
    from httpx2 import HTTPError

    path = _downloaded(benchmark) if is_url(benchmark.source) else Path(benchmark.source)
    if path.suffix.lower() in _FILES and not path.exists():  # the Hub would be asked for it
        raise SourceError(f"{path} cannot be loaded (there is no such file). Check the path.")
    try:
        data = _loaded(path, benchmark)
    except (OSError, ValueError, csv.Error, DatasetsError, HTTPError, StopIteration) as error:
        # Each for something missing or broken. `datasets` says only that generating failed; its cause says why.
        remedy = "Check the file" if path.is_file() else "Check its name, config and split"
        raise SourceError(f"{benchmark.source} cannot be loaded ({_first_line(error)}). {remedy}.") from error
    return undecoded(data, benchmark)


def _loaded(path: Path, benchmark: Benchmark) -> Any:
    from datasets import load_dataset

    if not path.is_file():
        return load_dataset(benchmark.source, benchmark.config, split=benchmark.split, revision=benchmark.revision)
    kind = _FILES.get(Path(benchmark.source).suffix.lower())
    if path.stat().st_size == 0:
        raise SourceError(f"{path} is empty. Give a file with a question in each row.")
    if kind is None:
        raise SourceError(f"{path} is in no known format. Give a file that ends in {', '.join(_FILES)}.")
    extra = _as_text(path, Path(benchmark.source).suffix.lower()) if kind == "csv" else {}
    return load_dataset(kind, data_files={benchmark.split: str(path)}, split=benchmark.split, **extra)


def _as_text(path: Path, suffix: str) -> dict[str, Any]:
    """How to read a table whose cells have no types: as text, so that "None", "NA" and "007" stay what they are."""
    from datasets import Features, Value

    mark = "\t" if suffix == ".tsv" else ","
    with path.open(encoding="utf-8-sig", newline="") as stream:
        names = next(csv.reader(stream, delimiter=mark), [])
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SourceError(f"{path} has two columns {twice!r}. Give each a name of its own.")
    return {"sep": mark, "na_filter": False, "features": Features(dict.fromkeys(names, Value("string")))}


# -- a table behind a URL --------------------------------------------------------------------------------------------


def is_url(source: str) -> bool:
    """Whether a source is the URL of a file."""
    return source.startswith(("https://", "http://"))


def _downloaded(benchmark: Benchmark) -> Path:
    """The file behind the URL: VLMEvalKit's own copy where there is one, an earlier download, or a new one."""
    name = benchmark.source.rpartition("/")[2]
    own = Path(os.environ.get("LMUData") or Path.home() / "LMUData") / name
    path = own if own.is_file() else _cached(benchmark.source, name)
    if path != own and (not path.is_file() or (benchmark.md5 is not None and _md5(path) != benchmark.md5)):
        _download(benchmark.source, path)
    if benchmark.md5 is not None and (digest := _md5(path)) != benchmark.md5:
        raise SourceError(
            f"{name} must have the MD5 {benchmark.md5}, as its publisher says; found {digest}"
            f"{f' in {own.parent}' if path == own else ''}. Fetch it again, or name your own copy as the source."
        )
    return path


def _cached(url: str, name: str) -> Path:
    import datasets

    return Path(datasets.config.DOWNLOADED_DATASETS_PATH) / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}-{name}"


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _download(url: str, path: Path) -> None:
    # The client of huggingface_hub: that of `datasets` needs aiohttp, which is not among its own dependencies.
    from datasets.config import HF_HUB_OFFLINE
    from httpx2 import HTTPError, stream

    pending = PendingFile(named_file(path))
    try:
        if HF_HUB_OFFLINE:
            raise OSError("offline mode is on")
        with stream("GET", url, follow_redirects=True, timeout=_TIMEOUT_S) as response:
            response.raise_for_status()
            for block in response.iter_bytes(1 << 20):
                pending.write(block)
        pending.seal()
        pending.publish()
    except (OSError, HTTPError) as error:
        raise SourceError(
            f"{url} cannot be had ({_first_line(error)}). Fetch {path.name[17:]} by other means and name it as the "
            "source."
        ) from error
    finally:
        pending.abandon()


# -- the Hub ---------------------------------------------------------------------------------------------------------


def pinned(benchmark: Benchmark) -> Benchmark:
    """The definition with the commit that its source on the Hub is at now; as it is where the Hub cannot be asked.

    Raises:
        SourceError: The source is no file here and can be no dataset on the Hub either.

    >>> import tempfile
    >>> pinned(Benchmark(tempfile.mkdtemp())).revision is None
    True
    """
    if Path(benchmark.source).exists() or is_url(benchmark.source):
        return benchmark
    if not _names_a_dataset(benchmark.source):
        raise SourceError(
            f"{benchmark.source} does not exist. Give a file here, a dataset on the Hub as org/name, or one of "
            f"{', '.join(sorted(BENCHMARKS))}."
        )
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HFValidationError

    try:
        commit = HfApi().dataset_info(benchmark.source, revision=benchmark.revision).sha
    except (OSError, HFValidationError, HTTPError):  # loading will say what is wrong, or find the dataset in the cache
        return benchmark
    return replace(benchmark, revision=commit)


def _names_a_dataset(source: str) -> bool:
    return source.count("/") == 1 and not source.startswith((".", "/")) and Path(source).suffix.lower() not in _FILES


def undecoded(data: Any, benchmark: Benchmark) -> Any:
    """The dataset with the columns of the definition only, images as bytes and path.

    Raises:
        SourceError: A column is missing.
    """
    from datasets import Image, List

    known = list(data.features)
    missing = [name for name in benchmark.columns if name not in known]
    if missing:
        raise SourceError(f"{benchmark.source} has no column {missing[0]!r}; it has {', '.join(known)}. Name another.")
    data = data.select_columns([name for name in benchmark.all_columns if name in known])
    for name, feature in list(data.features.items()):
        if isinstance(feature, Image):
            data = data.cast_column(name, Image(decode=False))
        elif isinstance(feature, List) and isinstance(feature.feature, Image):
            data = data.cast_column(name, List(Image(decode=False)))
    return data


def source_name(benchmark: Benchmark) -> str:
    """The source by a name that means something elsewhere: a file's own, not its place on this machine."""
    return Path(benchmark.source).name if Path(benchmark.source).exists() else benchmark.source


def _first_line(error: BaseException) -> str:
    first = " ".join(str(error.__cause__ or error).split("\n")[0].split()) or type(error).__name__
    return f"{first:.300}"
