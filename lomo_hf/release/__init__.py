"""Shards -> a dataset repository: views, card, manifest. The folder is, byte for byte, what is published."""

from lomo_hf.release.audited import AUDIT
from lomo_hf.release.manifest import MANIFEST, Manifest, content_digest, read_manifest
from lomo_hf.release.repository import BuildReport, build_dataset, record_audit

__all__ = [
    "AUDIT",
    "MANIFEST",
    "BuildReport",
    "Manifest",
    "build_dataset",
    "content_digest",
    "read_manifest",
    "record_audit",
]
