"""The folder `training/` of a dataset: for each trainer a complete file that trains on the default config.

The files come from the templates in `dataset_cards/training/`, and `docs/training.md` explains each. Values are those
of the paper wherever a trainer has them.
"""

from collections.abc import Mapping
from typing import Final

from lomo_hf.dataset.card.templates import environment, templates_folder

__all__ = ["TRAINING", "training_files"]

TRAINING: Final = "training"
"""The folder of the trainers' files, below the dataset folder."""

_ENDING: Final = ".jinja"


def training_files(repo: str, config: str, *, max_pixels: int) -> Mapping[str, str]:
    """Every trainer's file.

    Args:
        repo: The dataset's name on the Hub.
        config: The config to train on.
        max_pixels: The most pixels that a page has, below which no trainer may shrink it.

    Returns:
        Path below the dataset folder -> text, in a fixed order.

    Example:
        >>> files = training_files("org/name", "ratio50", max_pixels=2_560_000)
        >>> "dataset_dir: REMOTE:org/name" in files["training/llamafactory.yaml"]
        True
    """
    names = sorted(path.name for path in (templates_folder() / TRAINING).glob(f"*{_ENDING}"))
    values = {"repo": repo, "config": config, "max_pixels": max_pixels}
    return {
        f"{TRAINING}/{name.removesuffix(_ENDING)}": environment().get_template(f"{TRAINING}/{name}").render(values)
        + "\n"
        for name in names
    }
