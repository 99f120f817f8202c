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
_NO_FILTER, _UP = 0, 2


def to_png(page: NDArray[np.uint8], *, plain: bool = True) -> bytes:
    """Encode a uint8 (height, width) page as an 8-bit grey PNG, without loss.

    With zlib-ng, of the encoders that make the same bytes on every processor the fastest. A `plain` page, whose lines
    of text lie level on white paper, repeats itself along its rows: it takes no filter, and level 2, which makes no
    page larger than zlib's level 3 does. On another, a row is most like the one above it: that is taken off, and what
    is left is packed by its runs of equal bytes, in half the time, and less room where a shade lies over the page.

    >>> to_png(np.full((32, 32), 255, np.uint8))[:8]
    b'\\x89PNG\\r\\n\\x1a\\n'
    """
    from zlib_ng import zlib_ng

    height, width = page.shape
    rows = np.empty((height, width + 1), np.uint8)  # each begins with the number of its filter
    if plain:
        rows[:, 0], rows[:, 1:] = _NO_FILTER, page
        data = zlib_ng.compress(rows, _LEVEL)
    else:
        rows[:, 0], rows[0, 1:] = _UP, page[0]
        np.subtract(page[1:], page[:-1], out=rows[1:, 1:])
        packer = zlib_ng.compressobj(strategy=zlib_ng.Z_RLE)
        data = packer.compress(rows) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [_SIGNATURE]
    for name, chunk in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        check = zlib_ng.crc32(chunk, zlib_ng.crc32(name))
        parts += [struct.pack(">I", len(chunk)), name, chunk, struct.pack(">I", check)]
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
