"""The one door to imgaug 0.4.0, the last release of it, which asks NumPy for a table that NumPy 2 no longer has.

`import imgaug` reads `numpy.sctypes` once, while its own modules load, to list the integer and float types. The table
is lent for the length of that import and taken back, so that NumPy is left as it was found. What lomo_hf calls
(Affine, GaussianBlur, AverageBlur, Convolve) works without the loan, and draws nothing from any global generator as
long as it is given a `seed`. `MotionBlur` builds an Affine without one, and is not used for that reason.
"""

import sys
import warnings
from functools import cache
from threading import Lock
from types import ModuleType
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
# of the time, and a worker that turns no page 70 MB less.
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
    """What `Affine(rotate=degrees, order=1, cval=background, fit_output=True, backend="cv2")` makes of a page."""
    geometric = _geometric()
    unit, zero = np.ones(1, np.float32), np.zeros(1, np.float32)  # of the type that its parameters draw
    result = geometric._AffineSamplingResult(
        scale=(unit, unit),
        translate=(zero, zero),
        translate_mode="px",
        rotate=np.full(1, degrees, np.float32),
        shear=(zero, zero),
    )
    layered = page[:, :, None]
    matrix, shape = result.to_matrix(0, layered.shape, layered.shape, True)
    if geometric._is_identity_matrix(matrix):
        return page.copy()
    warped = geometric._warp_affine_arr_cv2(layered, matrix, (background,) * 3, "constant", 1, shape)
    return np.asarray(warped[:, :, 0], dtype=np.uint8)


@cache
def _geometric() -> Any:
    """imgaug's module of rotations, with the matrices that it takes from scikit-image.

    They stand in a module that imports `scipy.spatial` for triangles: twice the time of all else that a worker loads
    to turn a page.
    """
    geometric = augmenters().geometric
    with _LOAN, late_imports(("scipy.spatial",)):
        _ = geometric.tf.AffineTransform
    return geometric


def _import_quietly() -> ModuleType:
    # imgaug was written before the deprecations of its dependencies; nobody who builds a dataset can act on them.
    with warnings.catch_warnings(), late_imports(_LATE):
        warnings.simplefilter("ignore")
        import imgaug.augmenters

    return sys.modules[imgaug.augmenters.__name__]
