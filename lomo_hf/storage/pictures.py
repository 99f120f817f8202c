"""What kind of picture some bytes are, by how they begin: for the ending of a file's name, and for a page of HTML."""

from typing import Final

__all__ = ["picture_format"]

_BEGINNINGS: Final = {
    b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"BM": "bmp", b"II*\0": "tif",
    b"MM\0*": "tif",
}  # fmt: skip


def picture_format(data: bytes) -> str | None:
    """The usual ending of such a file's name; None of bytes that begin like no picture that is known here.

    Args:
        data: The picture, or its first twelve bytes.

    Returns:
        "png", "jpg", "gif", "bmp", "tif", "webp" or None.

    Example:
        >>> picture_format(b"GIF89a"), picture_format(b"RIFF....WEBPVP8 "), picture_format(b"<svg>")
        ('gif', 'webp', None)
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return next((name for beginning, name in _BEGINNINGS.items() if data.startswith(beginning)), None)
