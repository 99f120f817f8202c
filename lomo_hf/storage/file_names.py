"""Names of files that several packages know; `dataset.layout` has those that only a dataset folder holds."""

from typing import Final

__all__ = ["CARD", "DRAW", "LLAMAFACTORY", "MANIFEST", "NOT_ROWS", "RENDERED_RECORD", "WORK_FOLDER"]

CARD: Final = "README.md"
"""The card of a dataset, which the Hub shows."""

LLAMAFACTORY: Final = "dataset_info.json"
"""LLaMA-Factory's index of the datasets in a folder; NeMo AutoModel reads the same."""

MANIFEST: Final = "manifest.json"
"""What a dataset folder consists of; written last."""

RENDERED_RECORD: Final = "rendered_eval.json"
"""In the place of a manifest, what a rendered benchmark consists of."""

DRAW: Final = "draw.json"
"""The manifest of a draw: which rows of a corpus were taken."""

WORK_FOLDER: Final = ".lomo"
"""What work that is not finished keeps for itself below its folder; gone when it is done."""

NOT_ROWS: Final = frozenset((LLAMAFACTORY, "dataset_infos.json", MANIFEST, "state.json", DRAW))
"""JSON files beside a corpus's files of rows that hold none."""
