"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published.

    build_dataset(corpus, recipes, out)      -> BuildReport; the folder
    check_dataset(folder)                    -> Report; does it load, and what would the Hub's viewer show?
    verify_dataset(folder)                   -> VerifiedFolder; is it, to the bit, what was built?
    verify_release("org/name", "v1.0.0")     -> ReadBack; is the release on the Hub what was built?
    push(folder, "org/name", "v1.0.0")       -> PushReport; everything or nothing, read back afterwards

What shards say of their rows is read here and believed; whether it is true is asked by `lomo_hf.auditing`.
"""

from lomo_hf.dataset.browse.page import browse_page
from lomo_hf.dataset.build import BuildReport, build_dataset, record_audit
from lomo_hf.dataset.card.companions import refresh_card
from lomo_hf.dataset.card.preview import preview
from lomo_hf.dataset.checks.checking import check_dataset
from lomo_hf.dataset.checks.findings import Finding, Report
from lomo_hf.dataset.draws import KeptDraw, draw_for_build
from lomo_hf.dataset.files import DatasetFiles, HubRepo, LocalFolder, open_files
from lomo_hf.dataset.layout import AUDIT, MANIFEST
from lomo_hf.dataset.legacy import rewrite_features
from lomo_hf.dataset.manifest import Manifest, content_digest, read_contents, read_manifest, read_set_aside
from lomo_hf.dataset.publishing.options import PushOptions, PushReport
from lomo_hf.dataset.publishing.plan import Plan
from lomo_hf.dataset.publishing.push import push
from lomo_hf.dataset.publishing.read_back import ReadBack, read_back
from lomo_hf.dataset.publishing.snapshots import take_snapshot
from lomo_hf.dataset.publishing.verify_release import verify_release
from lomo_hf.dataset.verifying import VerifiedFolder, verify_dataset
from lomo_hf.hub.client import HubClient
from lomo_hf.hub.retry import Retrier, RetryPolicy

__all__ = [
    "AUDIT",
    "MANIFEST",
    "BuildReport",
    "DatasetFiles",
    "Finding",
    "HubClient",
    "HubRepo",
    "KeptDraw",
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
    "draw_for_build",
    "open_files",
    "preview",
    "push",
    "read_back",
    "read_contents",
    "read_manifest",
    "read_set_aside",
    "record_audit",
    "refresh_card",
    "rewrite_features",
    "take_snapshot",
    "verify_dataset",
    "verify_release",
]
