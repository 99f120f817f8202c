"""A grey page as PNG bytes. One place, so that the same page is the same bytes everywhere."""

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import RenderError

__all__ = ["to_png"]


def to_png(page: NDArray[np.uint8]) -> bytes:
    """Encode a uint8 (height, width) page as an 8-bit grey PNG, without loss.

    >>> to_png(np.full((32, 32), 255, np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    import cv2

    # No filter and level 3: on pages of text half the size and a third of the time of the defaults.
    options = [cv2.IMWRITE_PNG_COMPRESSION, 3, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_NONE]
    done, encoded = cv2.imencode(".png", page, options)
    if not done:
        raise RenderError("encode", f"a page of {page.shape} could not be encoded as PNG.")
    return encoded.tobytes()
