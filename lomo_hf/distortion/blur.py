"""Blur: a lens out of focus (Gaussian, box) or a hand that moved (motion). imgaug does the filtering.

The size of the page stays; at its border the page is mirrored, so that no ink is lost there and none comes in.
"""

from math import ceil, cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from lomo_hf.distortion.fields import Page
from lomo_hf.distortion.imgaug_compat import augmenters

__all__ = ["box_blur", "gaussian_blur", "motion_blur", "motion_kernel"]

SAMPLES = 8  # in each direction of a kernel's pixel
# Weights in 1/4096 keep every product and sum exact in 32-bit floats, in whatever order a processor adds them up.
SCALE = 4096


def gaussian_blur(page: Page, sigma: float) -> Page:
    """`sigma`: standard deviation in pixels."""
    # What `GaussianBlur` calls once it has drawn its sigma, in the type in which it draws it.
    return np.ascontiguousarray(augmenters().blur.blur_gaussian_(page.copy(), sigma=np.float32(sigma)))


def box_blur(page: Page, size: int) -> Page:
    """`size`: side, in pixels, of the square whose mean each pixel takes."""
    return _filtered(augmenters().AverageBlur(k=size, seed=0), page)


def motion_blur(page: Page, length: float, angle: float) -> Page:
    """`length`: of the way, in pixels; `angle`: its direction in degrees, 0 along the lines of text."""
    return _filtered(augmenters().Convolve(matrix=motion_kernel(length, angle), seed=0), page)


def motion_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """A bar of `length` by 1 pixel at `angle` degrees: the share of each pixel that it covers, with sum 1.

    imgaug's own kernel takes odd whole lengths only, and loses the ends of a bar that is not upright.

    >>> motion_kernel(2, 0)[1].tolist()
    [0.25, 0.5, 0.25]
    """
    reach = ceil((length - 1) / 2)
    across = 2 * reach + 1
    samples = (np.arange(across * SAMPLES) + 0.5) / SAMPLES - across / 2
    x, y = samples[None, :], samples[:, None]
    cosine, sine = cos(radians(angle)), sin(radians(angle))
    along, aside = x * cosine - y * sine, x * sine + y * cosine
    covered = (np.abs(along) <= length / 2) & (np.abs(aside) <= 0.5)
    counts = covered.reshape(across, SAMPLES, across, SAMPLES).sum(axis=(1, 3))
    weights = np.floor(counts * (SCALE / counts.sum()))
    weights[reach, reach] += SCALE - weights.sum()
    return np.asarray(weights / SCALE, dtype=np.float32)


def _filtered(augmenter: object, page: Page) -> Page:
    blurred: Page = augmenter.augment_image(page)  # type: ignore[attr-defined]
    return np.ascontiguousarray(blurred)
