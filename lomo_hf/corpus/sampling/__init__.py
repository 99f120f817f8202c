"""A sample of a corpus: how many rows of which config, which rows, and the manifest that gives them again.

    draw(source, Sampling(rows=2_000_000))   -> Draw            exact, by seed and row id, without shuffling
    draw_json(made)                          -> str             the manifest
    replay(read_draw(path))                  -> DrawnSource     the very same rows

Shares are exact arithmetic, so a draw is the same on every machine.
"""

from lomo_hf.corpus.sampling.drawing import Draw, DrawnConfig, Sampling, draw, estimated_tokens
from lomo_hf.corpus.sampling.drawn import DrawnSource
from lomo_hf.corpus.sampling.manifest import draw_json, read_draw, replay
from lomo_hf.corpus.sampling.quota import QUOTAS, allot, shares_of
from lomo_hf.corpus.sampling.reopening import recorded_source, reopen_source
from lomo_hf.corpus.sampling.reuse import replay_if_same

__all__ = [
    "QUOTAS",
    "Draw",
    "DrawnConfig",
    "DrawnSource",
    "Sampling",
    "allot",
    "draw",
    "draw_json",
    "estimated_tokens",
    "read_draw",
    "recorded_source",
    "reopen_source",
    "replay",
    "replay_if_same",
    "shares_of",
]
