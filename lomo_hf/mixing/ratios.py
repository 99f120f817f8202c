"""How many rows of each kind a mixture takes: rows with a picture and rows of text only, at the wanted ratio.

Three strata: `multimodal` (pictures of their own), `pages` (LoMo rows with a page), `text` (LoMo rows kept as text).
The first two are image-bearing. The paper trains on 2M + 2M rows with half of the text rewritten, which is 3 : 1
("natural"), and tests 1 : 1 ("matched", table 5); it does not say how it resampled. Ours, by `by`:

* "exposure": as many rows in all as the natural mixture, so that training costs the same; the more frequent kind is
  drawn from, the scarcer one is repeated;
* "downsample": no row twice; the more frequent kind is drawn from;
* "repeat": every row at least once; the scarcer kind is repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from lomo_hf.corpus.sampling import allot
from lomo_hf.errors import RecipeError

__all__ = ["RESAMPLING", "STRATA", "parse_ratio", "targets"]

STRATA: Final = ("multimodal", "pages", "text")
RESAMPLING: Final = ("exposure", "downsample", "repeat")
_NAMED: Final[Mapping[str, Fraction | None]] = {"natural": None, "matched": Fraction(1)}


@dataclass(frozen=True)
class _Wanted:
    images: int
    texts: int


def parse_ratio(text: str) -> Fraction | None:
    """Image-bearing rows for each row of text.

    Args:
        text: "natural", "matched", or two whole numbers such as "3:1".

    Returns:
        The ratio; None, for "natural", leaves the mixture as it is.

    Raises:
        RecipeError: It is something else.

    Source: paper, table 5: natural is 3:1, matched 1:1.

    Example:
        >>> parse_ratio("natural"), parse_ratio("matched"), parse_ratio("3:2")
        (None, Fraction(1, 1), Fraction(3, 2))
    """
    if text in _NAMED:
        return _NAMED[text]
    left, _, right = text.partition(":")
    if left.isdecimal() and right.isdecimal() and int(left) and int(right):
        return Fraction(int(left), int(right))
    raise RecipeError(f"ratio must be natural, matched or like 3:1 (image-bearing to text-only); found {text!r}.")


def targets(sizes: Mapping[str, int], ratio: Fraction | None, by: str = "exposure") -> dict[str, int]:
    """Rows of each stratum; a number above the stratum's size means that rows are repeated.

    Args:
        sizes: Rows that there are: "multimodal", "pages" and "text".
        ratio: Image-bearing rows for each row of text; None takes all as they are.
        by: "exposure" keeps the number of rows, "downsample" repeats none, "repeat" leaves none out.

    Returns:
        Stratum -> rows.

    Raises:
        RecipeError: The ratio cannot be had, because there is no row of one kind; or `by` is something else.

    Source: paper, table 5. How rows are resampled is ours.

    Example:
        >>> targets({"multimodal": 200, "pages": 100, "text": 100}, None)
        {'multimodal': 200, 'pages': 100, 'text': 100}
        >>> targets({"multimodal": 200, "pages": 100, "text": 100}, Fraction(1))
        {'multimodal': 133, 'pages': 67, 'text': 200}
        >>> targets({"multimodal": 200, "pages": 100, "text": 100}, Fraction(1), "downsample")
        {'multimodal': 67, 'pages': 33, 'text': 100}
    """
    if by not in RESAMPLING:
        raise RecipeError(f"by must be one of {', '.join(RESAMPLING)}; found {by!r}.")
    if ratio is None:
        return dict(sizes)
    images, texts = sizes["multimodal"] + sizes["pages"], sizes["text"]
    if not images or not texts:
        raise RecipeError(
            f"a ratio needs rows of both kinds; found {images:,} with a picture and {texts:,} of text only. "
            "Mix with `natural`, or build a split with a ratio below 1."
        )
    wanted = _wanted(images, texts, ratio, by)
    shares = {name: Fraction(sizes[name]) for name in ("multimodal", "pages")}
    whole = -(-wanted.images // images)  # passes over the image-bearing rows
    given = allot(wanted.images, {name: sizes[name] * whole for name in shares}, shares)
    return {**given, "text": wanted.texts}


def _wanted(images: int, texts: int, ratio: Fraction, by: str) -> _Wanted:
    too_many_images = images > ratio * texts
    if by == "exposure":
        text = round((images + texts) / (1 + ratio))
        return _Wanted(images + texts - text, text)
    if (by == "downsample") == too_many_images:
        return _Wanted(int(ratio * texts) if by == "downsample" else _ceil(ratio * texts), texts)
    return _Wanted(images, int(images / ratio) if by == "downsample" else _ceil(images / ratio))


def _ceil(number: Fraction) -> int:
    return -int(-number // 1)
