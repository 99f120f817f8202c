"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published."""

from lomo_hf.release.companions import refresh_card
from lomo_hf.release.legacy import rewrite_features
from lomo_hf.release.manifest import MANIFEST, Manifest, read_manifest
from lomo_hf.release.repository import BuildReport, build_dataset

__all__ = ["MANIFEST", "BuildReport", "Manifest", "build_dataset", "read_manifest", "refresh_card", "rewrite_features"]
