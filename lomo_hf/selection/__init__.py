"""Which rows are rewritten: the paper's uniform draw, and draws that prefer long, mathematical, hard or late rows.

The paper leaves "difficulty-aware or curriculum-style selection" open (its limitations). Here every strategy gives
a row one number in [0, 1), and `draw < ratio` stays the one rule: so ratios nest under every strategy, and the share
that is rewritten is the ratio.
"""

from lomo_hf.selection.describing import describe_selection
from lomo_hf.selection.quantiles import measured
from lomo_hf.selection.ranking import Selector, check_selection, draw_of
from lomo_hf.selection.strategies import STRATEGIES, Strategy
from lomo_hf.selection.turns import TURNS, turn_policy

__all__ = [
    "STRATEGIES",
    "TURNS",
    "Selector",
    "Strategy",
    "check_selection",
    "describe_selection",
    "draw_of",
    "measured",
    "turn_policy",
]
