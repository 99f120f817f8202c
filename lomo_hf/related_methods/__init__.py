"""Methods that meet the same gap from another side, as functions on our rows; each module cites its source.

    realign, realign_diagnostics   ReAlign (ReVision): text embeddings moved to where images are, and how near they get
    revision                       the files of ReVision's embedding step and both stages of training
    imbalance, verl                full-text and no-text views, mix and curriculum, and the files of the fork of verl
    laver                          data for LaVer's trainer, and the floor under which nothing is masked

Written from the papers and the formats; no code of theirs is here.
"""

from lomo_hf.image_tokens import image_tokens
from lomo_hf.related_methods.final_answer import final_answer
from lomo_hf.related_methods.imbalance import CONDITIONS, curriculum, mixed, view
from lomo_hf.related_methods.laver import (
    SCHEDULES,
    LaverReport,
    export_laver,
    least_tokens,
    masked_tokens,
    share_of_steps,
)
from lomo_hf.related_methods.realign import EmbeddingMoments, ReAlign, fit_realign, realign_column
from lomo_hf.related_methods.realign_diagnostics import (
    AlignmentDiagnostics,
    GapInFrame,
    Spectrum,
    cosine_divergence,
    diagnose_alignment,
    fixed_frame,
    gap_in_frame,
    mixing_rate,
    spectrum_of,
)
from lomo_hf.related_methods.revision import RevisionReport, export_revision, write_embeddings
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.related_methods.verl import (
    VERL_INSTRUCTION,
    VerlReport,
    contrastive_pair,
    contrastive_pairs,
    verl_rows,
    write_contrastive,
    write_verl,
)

__all__ = [
    "CONDITIONS",
    "SCHEDULES",
    "VERL_INSTRUCTION",
    "AlignmentDiagnostics",
    "EmbeddingMoments",
    "Exchange",
    "GapInFrame",
    "LaverReport",
    "ReAlign",
    "RevisionReport",
    "Spectrum",
    "VerlReport",
    "contrastive_pair",
    "contrastive_pairs",
    "cosine_divergence",
    "curriculum",
    "diagnose_alignment",
    "exchange_of",
    "export_laver",
    "export_revision",
    "final_answer",
    "fit_realign",
    "fixed_frame",
    "gap_in_frame",
    "image_tokens",
    "least_tokens",
    "masked_tokens",
    "mixed",
    "mixing_rate",
    "realign_column",
    "share_of_steps",
    "spectrum_of",
    "verl_rows",
    "view",
    "write_contrastive",
    "write_embeddings",
    "write_verl",
]
