"""The names of the files of a dataset folder, in one place; those that lower packages know too come from `storage`."""

from typing import Final

from lomo_hf.storage.file_names import CARD, DRAW, LLAMAFACTORY, MANIFEST, RENDERED_RECORD, WORK_FOLDER

__all__ = ["ASSETS", "AUDIT", "CARD", "DRAW", "LLAMAFACTORY", "MANIFEST", "RENDERED_RECORD", "WORK_FOLDER"]

AUDIT: Final = "audit.json"
"""The report of `lomo audit`."""

ASSETS: Final = "assets"
"""The folder of the pictures that the card shows."""
