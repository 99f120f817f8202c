"""Other ways from a prompt to a PNG that pip alone installs, on the same texts; each is skipped where it is missing.

They are measured as they are meant to be used, and do less: none chooses a span, typesets a formula, falls back by
coverage or keeps a page within its limits. `distorts` says whether the page comes out distorted.
"""

import io
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from statistics import mean
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any, Final

__all__ = ["PEERS", "Peer", "measured_peer"]

_WIDTH: Final = 700
_COLUMNS: Final = 70


@dataclass(frozen=True)
class Peer:
    """A way to render: `needs` are modules, `make` takes a text and returns PNG bytes."""

    name: str
    what: str
    needs: tuple[str, ...]
    distorts: bool
    make: Callable[[str], bytes]
    most: int = 200  # texts that it is given: some take seconds


def measured_peer(peer: Peer, texts: Sequence[str]) -> float | str:
    """Milliseconds of processor time a page, or why there are none."""
    try:
        quiet = redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO())
        # Some leave caches in the folder that they are called in.
        with warnings.catch_warnings(), quiet[0], quiet[1], TemporaryDirectory() as folder, chdir(folder):
            warnings.simplefilter("ignore")
            for name in peer.needs:
                import_module(name)
            peer.make(texts[0])
            spent = []
            for text in texts[: peer.most]:
                began = time.process_time()
                assert peer.make(text)[:4] == b"\x89PNG"
                spent.append(1000 * (time.process_time() - began))
    except ImportError as error:
        return f"not installed ({error.name})"
    except Exception as error:  # a peer's fault is a cell of the table
        return f"{type(error).__name__}: {str(error).splitlines()[0][:60] if str(error) else ''}"
    return mean(spent)


def _lines(text: str) -> list[str]:
    return [part for line in text.split("\n") for part in wrap(line, _COLUMNS) or [""]]


def _pillow(mode: str, paper: Any, level: int) -> Callable[[str], bytes]:
    def make(text: str) -> bytes:
        from matplotlib import get_data_path
        from PIL import Image, ImageDraw, ImageFont

        font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", 16)
        said = "\n".join(_lines(text))
        box = ImageDraw.Draw(Image.new(mode, (1, 1))).multiline_textbbox((0, 0), said, font=font)
        page = Image.new(mode, (int(box[2]) + 24, int(box[3]) + 24), paper)
        ImageDraw.Draw(page).multiline_text((12, 12), said, fill=0 if mode == "L" else (0, 0, 0), font=font)
        buffer = io.BytesIO()
        page.save(buffer, "PNG", compress_level=level)
        return buffer.getvalue()

    return make


def _matplotlib(text: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = _lines(text.replace("$", r"\$"))
    figure = Figure(figsize=(_WIDTH / 100, 0.22 * len(lines) + 0.3), dpi=100)
    FigureCanvasAgg(figure)
    figure.text(0.02, 0.98, "\n".join(lines), va="top", fontsize=12)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _glyph(text: str) -> bytes:
    """As thu-coai/Glyph does: reportlab's Platypus to PDF, PDF to a picture (there by poppler, which pip lacks)."""
    from xml.sax.saxutils import escape

    import pypdfium2
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph, SimpleDocTemplate

    buffer = io.BytesIO()
    style = ParagraphStyle("page", fontName="Helvetica", fontSize=9, leading=10)
    document = SimpleDocTemplate(buffer, pagesize=(595, 842), leftMargin=10, rightMargin=10, topMargin=10)
    document.build([Paragraph(escape(line) or "&nbsp;", style) for line in text.split("\n")])
    image = pypdfium2.PdfDocument(buffer.getvalue())[0].render(scale=96 / 72).to_pil()
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _augraphy(text: str) -> bytes:
    import cv2
    import numpy as np
    from augraphy import default_augraphy_pipeline

    png = _pillow("RGB", (255, 255, 255), 6)(text)
    page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", default_augraphy_pipeline()(page))[1].tobytes())


def _trdg(text: str) -> bytes:
    """trdg draws one line at a time; a page is its lines, one picture each, counted as one."""
    from PIL import Image
    from trdg.generators import GeneratorFromStrings

    lines = [line for line in _lines(text) if line.strip()]
    pages = [
        page for page, _ in GeneratorFromStrings(lines, count=len(lines), blur=1, random_blur=True, skewing_angle=2)
    ]
    sheet = Image.new("RGB", (max(page.width for page in pages), sum(page.height for page in pages)), (255, 255, 255))
    top = 0
    for page in pages:
        sheet.paste(page, (0, top))
        top += page.height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


PEERS: Final = (
    Peer("Pillow, RGB", "one call, PNG level 6", ("PIL",), False, _pillow("RGB", (255, 255, 255), 6)),
    Peer("Pillow, grey", "one call, PNG level 1", ("PIL",), False, _pillow("L", 255, 1)),
    Peer("matplotlib", "Figure.text", ("matplotlib",), False, _matplotlib),
    Peer("Glyph's way", "reportlab, PDF, pypdfium2", ("reportlab", "pypdfium2"), False, _glyph),
    Peer("trdg", "line by line, skew and blur", ("trdg",), True, _trdg, 20),
    Peer("Pillow + augraphy", "its default pipeline", ("augraphy",), True, _augraphy, 20),
)
