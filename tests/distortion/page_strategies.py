"""What the tests of distorted pages share: sizes, seeds, settings, and the amount of ink."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Page = NDArray[np.uint8]
BLUR = ["gaussian_blur", "box_blur", "motion_blur"]

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
sides = st.integers(32, 260)
seeds = st.integers(0, 2**32 - 1)
strengths = st.sampled_from(["mild", "hard"])


def ink(page: Page) -> float:
    """The sum of all that is darker than paper."""
    return float((255 - page.astype(float)).sum())
