"""How like two pictures of one formula are: correlation of blurred ink, and the ratio of the widths of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np

__all__ = ["Likeness", "ink", "likeness"]


@dataclass(frozen=True)
class Likeness:
    """`correlation` is 1 for equal pictures; `width` and `height` are ours divided by the reference's."""

    correlation: float
    width: float
    height: float


def ink(picture: np.ndarray) -> np.ndarray:
    """The darkness of a grey picture (0 to 1, float32), cut to its ink; 1 by 1 where there is none."""
    dark = 1.0 - picture.astype(np.float32) / 255.0
    rows = np.flatnonzero(dark.max(axis=1) > 0.25)
    columns = np.flatnonzero(dark.max(axis=0) > 0.25)
    if rows.size == 0:
        return np.zeros((1, 1), np.float32)
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def likeness(ours: np.ndarray, reference: np.ndarray) -> Likeness:
    """Compare two grey pictures by their ink: both stretched to one frame, blurred by about a stroke, correlated."""
    drawn, wanted = ink(ours), ink(reference)
    height, width = wanted.shape
    stretched = cv2.resize(
        drawn, (width, height), interpolation=cv2.INTER_AREA if drawn.size > wanted.size else cv2.INTER_LINEAR
    )
    a, b = (cv2.GaussianBlur(np.pad(part, 6), (0, 0), 2.2) for part in (stretched, wanted))
    a, b = a - a.mean(), b - b.mean()
    norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
    correlation = float((a * b).sum()) / norm if norm > 0 else 0.0
    return Likeness(correlation, drawn.shape[1] / width, drawn.shape[0] / height)
