"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published."""

from lomo_hf.release.browse import browse_page
from lomo_hf.release.checking import check_dataset
from lomo_hf.release.companions import refresh_card
from lomo_hf.release.files import DatasetFiles, HubRepo, LocalFolder, open_files
from lomo_hf.release.findings import Finding, Report
from lomo_hf.release.legacy import rewrite_features
from lomo_hf.release.manifest import MANIFEST, Manifest, read_manifest
from lomo_hf.release.repository import BuildReport, build_dataset

__all__ = [
    "MANIFEST",
    "BuildReport",
    "DatasetFiles",
    "Finding",
    "HubRepo",
    "LocalFolder",
    "Manifest",
    "Report",
    "browse_page",
    "build_dataset",
    "check_dataset",
    "open_files",
    "read_manifest",
    "refresh_card",
    "rewrite_features",
]
