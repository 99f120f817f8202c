"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published.

    build_dataset(corpus, recipes, out)      -> BuildReport; the folder
    check_dataset(folder)                    -> Report; does it load, and what would the Hub's viewer show?
    verify_folder(folder)                    -> VerifiedFolder; is it, to the bit, what was built?
    push(folder, "org/name", "v1.0.0")       -> PushReport; everything or nothing, read back afterwards

What shards say of their rows is read here and believed; whether it is true is asked by `lomo_hf.auditing`.
"""

from lomo_hf.release.audited import AUDIT
from lomo_hf.release.browse import browse_page
from lomo_hf.release.checking import check_dataset
from lomo_hf.release.companions import refresh_card
from lomo_hf.release.files import DatasetFiles, HubRepo, LocalFolder, open_files
from lomo_hf.release.findings import Finding, Report
from lomo_hf.release.hub_client import HubClient
from lomo_hf.release.legacy import rewrite_features
from lomo_hf.release.manifest import MANIFEST, Manifest, content_digest, read_manifest, read_set_aside
from lomo_hf.release.publishing import PushOptions, PushReport, push
from lomo_hf.release.read_back import ReadBack, read_back
from lomo_hf.release.release_plan import Plan
from lomo_hf.release.repository import BuildReport, build_dataset, record_audit
from lomo_hf.release.retrying import Retrier, RetryPolicy
from lomo_hf.release.snapshots import take_snapshot
from lomo_hf.release.verifying import VerifiedFolder, verify_folder

__all__ = [
    "AUDIT",
    "MANIFEST",
    "BuildReport",
    "DatasetFiles",
    "Finding",
    "HubClient",
    "HubRepo",
    "LocalFolder",
    "Manifest",
    "Plan",
    "PushOptions",
    "PushReport",
    "ReadBack",
    "Report",
    "Retrier",
    "RetryPolicy",
    "VerifiedFolder",
    "browse_page",
    "build_dataset",
    "check_dataset",
    "content_digest",
    "open_files",
    "push",
    "read_back",
    "read_manifest",
    "read_set_aside",
    "record_audit",
    "refresh_card",
    "rewrite_features",
    "take_snapshot",
    "verify_folder",
]
