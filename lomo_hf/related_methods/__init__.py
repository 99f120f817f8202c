"""Methods that meet the same gap from another side, as functions on our rows; each module cites its source.

    realign     ReAlign (ReVision): text embeddings moved into the distribution of image embeddings
    revision    the files of ReVision's stage 1
    imbalance   full-text and no-text views, mix and curriculum, and contrastive pairs for verl
    laver       data for LaVer's trainer, and the floor under which nothing is masked

Written from the papers and the formats; no code of theirs is here.
"""

from lomo_hf.related_methods.final_answer import final_answer
from lomo_hf.related_methods.imbalance import (
    CONDITIONS,
    contrastive_pair,
    contrastive_pairs,
    curriculum,
    mixed,
    view,
    write_contrastive,
)
from lomo_hf.related_methods.laver import LaverReport, export_laver, image_tokens, least_tokens, masked_tokens
from lomo_hf.related_methods.realign import EmbeddingMoments, ReAlign, fit_realign, realign_column
from lomo_hf.related_methods.revision import RevisionReport, export_revision, write_embeddings
from lomo_hf.related_methods.stored import Exchange, exchange_of

__all__ = [
    "CONDITIONS",
    "EmbeddingMoments",
    "Exchange",
    "LaverReport",
    "ReAlign",
    "RevisionReport",
    "contrastive_pair",
    "contrastive_pairs",
    "curriculum",
    "exchange_of",
    "export_laver",
    "export_revision",
    "final_answer",
    "fit_realign",
    "image_tokens",
    "least_tokens",
    "masked_tokens",
    "mixed",
    "realign_column",
    "view",
    "write_contrastive",
    "write_embeddings",
]
