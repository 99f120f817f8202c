"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published."""

from lomo_hf.release.manifest import MANIFEST, Manifest, read_manifest
from lomo_hf.release.repository import BuildReport, build_dataset

__all__ = ["MANIFEST", "BuildReport", "Manifest", "build_dataset", "read_manifest"]
