"""Agreement of a model by name over a dataset by name. Needs the extra `[eval]`."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from lomo_hf.errors import LomoError, SourceError
from lomo_hf.evaluation.agreement.measures import RowAgreement
from lomo_hf.evaluation.agreement.model import carrier_agreement

__all__ = ["agreement_of", "load_model"]


def load_model(name: str, *, device: str | None = None, dtype: str = "auto") -> tuple[object, object]:
    """An image-text-to-text model of `transformers` and its processor.

    Args:
        name: A folder, or a model on the Hub.
        device: Such as "cuda" or "cpu"; by default cuda where there is one.
        dtype: The precision, "auto" for the model's own.

    Returns:
        The model, for reading, and the processor.

    Raises:
        LomoError: torch is not installed.
        SourceError: The model cannot be loaded.

    Example:
        With the extra: `load_model("Qwen/Qwen2.5-VL-3B-Instruct")`.
    """
    try:
        import torch
        import transformers
    except ImportError as error:
        raise LomoError("a model needs torch and transformers. Install them: pip install 'lomo-hf[eval]'.") from error
    try:
        processor = transformers.AutoProcessor.from_pretrained(name)
        model = transformers.AutoModelForImageTextToText.from_pretrained(name, dtype=dtype)
    except (OSError, ValueError, KeyError) as error:
        first = " ".join(str(error).split("\n")[0].split())
        raise SourceError(
            f"model {name!r} cannot be loaded ({first:.300}). Name one that takes images and text."
        ) from error
    where = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(where).eval(), processor


def agreement_of(
    dataset: str | Path,
    model: object,
    processor: object,
    *,
    config: str | None = None,
    split: str = "train",
    limit: int | None = None,
    batch_size: int = 8,
    max_answer_tokens: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[RowAgreement]:
    """`carrier_agreement` over a dataset folder or a dataset on the Hub, as a stream.

    Args:
        dataset: The folder, or org/name.
        model: As for `carrier_agreement`.
        processor: As for `carrier_agreement`.
        config: The config; None is the default one.
        split: The split.
        limit: Only the first rows of the dataset, rewritten or not.
        batch_size: As for `carrier_agreement`.
        max_answer_tokens: As for `carrier_agreement`.
        progress: As for `carrier_agreement`.

    Returns:
        One for each rewritten row.

    Raises:
        SourceError: The dataset cannot be loaded, or is none of this project's.

    Example:
        With the extra: `agreement_of("lomo-ov15", *load_model("org/model"), config="ratio100")`.
    """
    from datasets import Image, List, load_dataset
    from datasets.exceptions import DatasetsError
    from httpx2 import HTTPError

    try:
        rows = load_dataset(str(dataset), config, split=split, streaming=True)
    except (OSError, ValueError, DatasetsError, HTTPError) as error:
        first = " ".join(str(error).split("\n")[0].split())
        raise SourceError(f"{dataset} cannot be loaded ({first:.300}). Check its name, config and split.") from error
    missing = {"id", "messages", "images", "lomo"} - set(rows.features or ())
    if missing:
        raise SourceError(
            f"{dataset} has no column {sorted(missing)[0]!r}. Name a dataset of lomo build and its config."
        )
    stored = rows.cast_column("images", List(Image(decode=False)))
    return carrier_agreement(
        model,
        processor,
        islice(stored, limit),
        batch_size=batch_size,
        max_answer_tokens=max_answer_tokens,
        progress=progress,
    )
