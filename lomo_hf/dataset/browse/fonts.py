"""A font for the Chinese, Japanese and Korean letters of a page, for machines that have none: only those letters.

The letters stay text, which is searched and copied; without the font they would be boxes there.
"""

import base64
import logging
import re
from io import BytesIO
from typing import Final

from lomo_hf.rendering.fonts import chinese_file

__all__ = ["FAMILY", "font_face"]

FAMILY: Final = "Letters of these rows"
"""The family's name in the style sheet of the page."""

_CJK: Final = re.compile("[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U000323af]")


def font_face(text: str) -> str:
    """A rule for a style sheet that brings the letters of a text along; empty where there is no such letter.

    Args:
        text: All that the page shows.

    Returns:
        `@font-face` with a WOFF file in it: some 10 KB, and 150 to 400 bytes for each letter.

    Raises:
        RenderError: A font package is not installed.

    Example:
        >>> font_face("abc"), font_face("求 x 的值。")[:10]
        ('', '@font-face')
    """
    letters = set(_CJK.findall(text))
    if not letters:
        return ""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    place, number = chinese_file()
    options = Options(layout_features=[], hinting=False, name_IDs=[], notdef_outline=True, desubroutinize=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in letters])
    buffer = BytesIO()
    with TTFont(place, fontNumber=number, lazy=True) as font:
        subsetter.subset(font)
        font.flavor = "woff"
        font.save(buffer, reorderTables=False)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'@font-face {{ font-family: "{FAMILY}"; src: url(data:font/woff;base64,{data}) format("woff"); }}\n'
