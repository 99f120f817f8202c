"""The one door to imgaug 0.4.0, the last release of it, which asks NumPy for a table that NumPy 2 no longer has.

`import imgaug` reads `numpy.sctypes` once, while its own modules load, to list the integer and float types. The table
is lent for the length of that import and taken back, so that NumPy is left as it was found. What lomo_hf calls
(Affine, GaussianBlur, AverageBlur, Convolve) works without the loan, and draws nothing from any global generator as
long as it is given a `seed`. `MotionBlur` builds an Affine without one, and is not used for that reason.
"""

import sys
import warnings
from functools import cache
from math import cos, sin
from threading import Lock
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lomo_hf.distortion.late_imports import late_imports

__all__ = ["augmenters", "turned"]

_SCTYPES = {
    "int": [np.int8, np.int16, np.int32, np.int64],
    "uint": [np.uint8, np.uint16, np.uint32, np.uint64],
    "float": [np.float16, np.float32, np.float64],
}
_LOAN = Lock()
# What imgaug imports at its head for augmenters that lomo_hf does not call: without these, its import takes a fraction
# of the time, and a worker 70 MB less.
_LATE = (
    "scipy", "scipy.ndimage", "scipy.stats", "scipy.spatial", "scipy.spatial.distance", "imageio", "skimage",
    "skimage.draw", "skimage.measure", "skimage.segmentation", "skimage.exposure", "skimage.transform",
)  # fmt: skip


@cache
def augmenters() -> Any:
    """The module `imgaug.augmenters`, imported on first use (about one second).

    >>> augmenters().__name__, hasattr(np, "sctypes")
    ('imgaug.augmenters', False)
    """
    with _LOAN:
        lent = "sctypes" not in vars(np)
        if lent:
            np.sctypes = _SCTYPES  # type: ignore[attr-defined]
        try:
            return _import_quietly()
        finally:
            if lent:
                del np.sctypes  # type: ignore[attr-defined]


def turned(page: NDArray[np.uint8], degrees: float, background: int) -> NDArray[np.uint8]:
    """What `Affine(rotate=degrees, order=1, cval=background, fit_output=True, backend="cv2")` makes of a page.

    The warp is imgaug's. The matrix is not: imgaug makes it of seven others with scikit-image, which takes as long as
    the warp of a small page, and 70 MB.
    """
    matrix, (height, width) = _fitted_turn(page.shape, float(np.deg2rad(np.float32(degrees))))
    warped = augmenters().geometric._warp_affine_arr_cv2(
        page[:, :, None], SimpleNamespace(params=matrix), (background,) * 3, "constant", 1, (height, width, 1)
    )
    return np.asarray(warped[:, :, 0], dtype=np.uint8)


def _fitted_turn(shape: tuple[int, ...], radians: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """The matrix that turns a page about its middle onto a canvas that just holds its corners; and the canvas."""
    cosine, sine = cos(radians), sin(radians)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    middle = np.array([shape[1] / 2 - 0.5, shape[0] / 2 - 0.5])
    right, bottom = shape[1] - 1, shape[0] - 1
    corners = turn @ (np.array([[0, 0], [0, bottom], [right, bottom], [right, 0]]) - middle).T
    shift = -corners.min(axis=1)
    width, height = np.ceil(corners.max(axis=1) + shift + 1)
    return np.column_stack([turn, shift - turn @ middle]), (int(height), int(width))


def _import_quietly() -> ModuleType:
    # imgaug was written before the deprecations of its dependencies; nobody who builds a dataset can act on them.
    with warnings.catch_warnings(), late_imports(_LATE):
        warnings.simplefilter("ignore")
        import imgaug.augmenters

    return sys.modules[imgaug.augmenters.__name__]
