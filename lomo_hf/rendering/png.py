"""A grey page as PNG bytes, in one place, so that the same page is the same bytes everywhere; and a PNG's header.

The header is its first 29 bytes, so that every page can be looked at without decoding it.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PngHeader", "read_png_header", "to_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 2


def to_png(page: NDArray[np.uint8]) -> bytes:
    """Encode a uint8 (height, width) page as an 8-bit grey PNG, without loss.

    zlib-ng at level 2, and no filter: of the encoders measured by `python -m benchmarks.encoders` the fastest of those
    that make the same bytes on every processor, and no page becomes larger than with zlib's level 3.

    >>> to_png(np.full((32, 32), 255, np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    from zlib_ng import zlib_ng

    height, width = page.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each begins with the number of its filter
    rows[:, 1:] = page
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib_ng.compress(rows, _LEVEL)), (b"IEND", b""))
    parts = [_SIGNATURE]
    for name, data in chunks:
        check = zlib_ng.crc32(data, zlib_ng.crc32(name))
        parts += [struct.pack(">I", len(data)), name, data, struct.pack(">I", check)]
    return b"".join(parts)


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
