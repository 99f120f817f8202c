"""The names of the files of a dataset folder, in one place."""

from typing import Final

__all__ = ["CARD", "LLAMAFACTORY"]

CARD: Final = "README.md"
LLAMAFACTORY: Final = "dataset_info.json"
