"""Our pictures of formulas: many in one document, one page each."""

from collections.abc import Sequence

import cv2
import numpy as np

from lomo_hf.rendering.fonts import TEXT_FAMILIES
from lomo_hf.rendering.typesetter import new_compiler

__all__ = ["document", "our_pictures"]

EM_PIXELS = 26
_BATCH = 200


def document(bodies: Sequence[tuple[str, bool]]) -> bytes:
    """One page for each body; those for display stand on a line of their own."""
    families = "".join(f'"{family}", ' for family in TEXT_FAMILIES)
    head = f"""\
#import "/mathematics.typ": *
#set page(width: auto, height: auto, margin: 24pt, fill: white)
#set text(font: ({families}), size: 20pt, fallback: false)
#show math.equation: set text(size: {EM_PIXELS}pt, font: ("New Computer Modern Math", {families}))
"""
    pages = (f"$ {body} $\n" if display else f"${body}$\n" for body, display in bodies)
    return (head + "#pagebreak()\n".join(pages)).encode()


def our_pictures(bodies: Sequence[tuple[str, bool]]) -> list[np.ndarray]:
    """Grey pictures, in order."""
    compiler = new_compiler()
    pictures: list[np.ndarray] = []
    for start in range(0, len(bodies), _BATCH):
        batch = bodies[start : start + _BATCH]
        pages = compiler.compile(input=document(batch), format="png", ppi=72.0)
        pngs = [pages] if isinstance(pages, bytes) else list(pages or [])
        assert len(pngs) == len(batch), f"{len(batch)} formulas made {len(pngs)} pages."
        pictures += [np.asarray(cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_GRAYSCALE)) for png in pngs]
    return pictures
