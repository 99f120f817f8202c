"""The reader of pages: RapidOCR with the models that its wheel holds (PP-OCRv6, small), off line. Extra `audit`.

Settings: the longer side is scaled to 960 pixels for detection, where the default scales the shorter one up to 736;
that is five times faster and reads as well. No classifier turns lines upside down, since no page is. One thread.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lomo_hf.errors import IntegrityError, LomoError

__all__ = ["KNOWN_SCRIPTS", "READABLE_SCRIPTS", "RapidReader", "Reader", "open_reader"]

KNOWN_SCRIPTS: Final = frozenset(("Latin", "Han", "Kana"))
"""What the models of the wheel know well."""

READABLE_SCRIPTS: Final = KNOWN_SCRIPTS | {"Latin, accented"}
"""What is read at all. Of accented letters some are known and others left out, Vietnamese ones above all."""

_SETTINGS: Final[dict[str, Any]] = {
    "Global.log_level": "error",
    "Global.use_cls": False,
    "Det.limit_type": "max",
    "Det.limit_side_len": 960,
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}


class Reader(Protocol):
    """Anything that reads a page."""

    @property
    def name(self) -> str:
        """What it is and in which version, for the report."""

    def read(self, page: NDArray[np.uint8]) -> str:
        """The text of a grey page, lines in the order of reading."""


class RapidReader:
    """RapidOCR behind `Reader`."""

    def __init__(self, engine: Any, name: str) -> None:
        self._engine = engine
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def read(self, page: NDArray[np.uint8]) -> str:
        result = self._engine(np.dstack([page, page, page]))
        return "\n".join(result.txts or ())


def open_reader() -> Reader:
    """RapidOCR, ready to read.

    Returns:
        A reader for `audit_dataset`.

    Raises:
        LomoError: The extra `audit` is not installed.
        IntegrityError: A second OpenCV has written over the one that distortions are made with.

    Example:
        With the extra: `audit_dataset("lomo-ov15", reader=open_reader())`.
    """
    check_opencv()
    try:
        import onnxruntime  # noqa: F401 - RapidOCR imports it late, with a message of its own
        from rapidocr import RapidOCR
    except ImportError as error:
        raise LomoError(
            f"--ocr needs the extra [audit] ({error.name} is not installed). Run `pip install 'lomo-hf[audit]'`."
        ) from error
    name = f"rapidocr {version('rapidocr')} (PP-OCRv6 small), onnxruntime {version('onnxruntime')}"
    return RapidReader(RapidOCR(params=dict(_SETTINGS)), name)


def check_opencv() -> None:
    """Pass if `cv2` is the OpenCV of the package `opencv-python`, which recipes record.

    `opencv-python-headless` installs into the same folder: whichever came last is what runs, and what runs decides
    pixels.
    """
    import cv2

    try:
        headless = version("opencv-python-headless")
    except PackageNotFoundError:
        return
    recorded = version("opencv-python")
    if headless != recorded:
        raise IntegrityError(
            f"opencv-python {recorded} and opencv-python-headless {headless} share one folder, and cv2 is now "
            f"{cv2.__version__}. Run `pip uninstall opencv-python-headless`, then "
            f"`pip install --force-reinstall --no-deps opencv-python=={recorded}`."
        )
