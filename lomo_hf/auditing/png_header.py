"""The size and the kind of a PNG from its first 29 bytes, so that every page can be looked at without decoding it."""

import struct
from dataclasses import dataclass

__all__ = ["PngHeader", "read_png_header"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PngHeader:
    """What the header chunk says; `grey` is eight bits of grey and nothing else."""

    width: int
    height: int
    grey: bool


def read_png_header(data: bytes) -> PngHeader:
    """The header of a PNG file.

    Raises:
        ValueError: The bytes do not begin as a PNG.

    >>> import numpy as np
    >>> from lomo_hf.rendering.png import to_png
    >>> read_png_header(to_png(np.full((32, 40), 255, np.uint8)))
    PngHeader(width=40, height=32, grey=True)
    """
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR" or len(data) < 29:
        raise ValueError(f"a page must be PNG; found {data[:8]!r}.")
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    return PngHeader(width, height, (depth, colour) == (8, 0))
