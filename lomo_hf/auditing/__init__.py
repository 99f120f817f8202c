"""Is what was built true? Every row against its source and its record, every page made again.

    audit_dataset(folder, corpus=path)                     -> AuditReport; every row, to the character
    audit_dataset(folder, sample=300, reader=open_reader())   with figures on how well its pages can be read

Beside the line: reads a dataset folder and its source, writes nothing, and nothing else in the package uses it.
"""

from lomo_hf.auditing.audit import CHECKS, OCR_SAMPLE, audit_dataset
from lomo_hf.auditing.characters import edit_distance, error_rate
from lomo_hf.auditing.ocr import Reader, open_reader
from lomo_hf.auditing.report import AuditReport, CheckOutcome, Finding

__all__ = [
    "CHECKS",
    "OCR_SAMPLE",
    "AuditReport",
    "CheckOutcome",
    "Finding",
    "Reader",
    "audit_dataset",
    "edit_distance",
    "error_rate",
    "open_reader",
]
