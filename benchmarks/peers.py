"""Other ways from a prompt to a PNG, on the same texts: `python -m benchmarks.peers --install DIR`, then `--run DIR`.

Each is installed by pip into an environment of its own below DIR, with the versions that it runs with. They are
measured as they are meant to be used, and do less: none chooses a span, typesets a formula, falls back by coverage or
keeps a page within its limits. `distorts` says whether the page comes out distorted. Processor time is that of the
process and of all that it has started, such as a browser. This file needs nothing but Python until a peer is called.
"""

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Any, Final

__all__ = ["PEERS", "Peer", "install", "measured_apart", "measured_peer"]

_WIDTH: Final = 700
_COLUMNS: Final = 70


@dataclass(frozen=True)
class Peer:
    """A way to render: `needs` are modules, `make` takes a text and returns PNG bytes.

    `installs` are what pip is asked for, for an environment of its own; none for what lomo_hf brings along.
    """

    name: str
    what: str
    needs: tuple[str, ...]
    distorts: bool
    make: Callable[[str], bytes]
    most: int = 200  # texts that it is given, evenly from all: some take seconds
    installs: tuple[str, ...] = ()


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
            for text in texts[:: -(-len(texts) // peer.most)]:
                began = _processor_seconds()
                assert peer.make(text)[:4] == b"\x89PNG"
                spent.append(1000 * (_processor_seconds() - began))
    except ImportError as error:
        return f"not installed ({error.name})"
    except Exception as error:  # a peer's fault is a cell of the table
        return f"{type(error).__name__}: {str(error).splitlines()[0][:60] if str(error) else ''}"
    return mean(spent)


def _processor_seconds() -> float:
    """Of this process and all its descendants; where there is no /proc, of this process alone."""
    if not _browsers:
        return time.process_time()
    tick, spent, parents = os.sysconf("SC_CLK_TCK"), dict[int, float](), dict[int, int]()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            parents[int(entry.name)] = int(fields[1])
            spent[int(entry.name)] = sum(map(int, fields[11:15])) / tick
    return sum(seconds for process, seconds in spent.items() if _descends(process, os.getpid(), parents))


def _descends(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while process != ancestor and process in parents:
        process = parents[process]
    return process == ancestor


def _lines(text: str) -> list[str]:
    return [part for line in text.split("\n") for part in wrap(line, _COLUMNS) or [""]]


def _pillow(mode: str, paper: Any, level: int) -> Callable[[str], bytes]:
    def make(text: str) -> bytes:
        from PIL import Image, ImageDraw, ImageFont

        font = ImageFont.truetype(_font(), 16)
        wrapped = "\n".join(_lines(text))
        box = ImageDraw.Draw(Image.new(mode, (1, 1))).multiline_textbbox((0, 0), wrapped, font=font)
        page = Image.new(mode, (int(box[2]) + 24, int(box[3]) + 24), paper)
        ImageDraw.Draw(page).multiline_text((12, 12), wrapped, fill=0 if mode == "L" else (0, 0, 0), font=font)
        buffer = io.BytesIO()
        page.save(buffer, "PNG", compress_level=level)
        return buffer.getvalue()

    return make


def _font() -> str:
    from matplotlib import get_data_path

    return f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf"


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


_browsers: Final[list[Any]] = []


def _chromium(text: str) -> bytes:
    """As DeOCR does: HTML, a page of PDF by Chromium, PDF to a picture. One browser for all pages."""
    from html import escape

    import pypdfium2

    if not _browsers:
        from playwright.sync_api import sync_playwright

        browser = sync_playwright().start().chromium.launch(executable_path=_browser(), args=["--no-sandbox"])
        _browsers.append(browser.new_page())
    page = _browsers[0]
    lines = "<br>".join(map(escape, text.split("\n")))
    page.set_content(f"<body style='font: 16px sans-serif; width: {_WIDTH}px; margin: 12px'>{lines}</body>")
    image = pypdfium2.PdfDocument(page.pdf(width="768px", height="1024px"))[0].render(scale=96 / 72).to_pil()
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _browser() -> str | None:
    """A browser of the system; None for the one that playwright has fetched."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


_AUGRAPHY_DRAWS: Final = 5  # some of what it draws at random fails on low pages, and is drawn again


def _augraphy(text: str) -> bytes:
    import cv2
    import matplotlib.font_manager  # noqa: F401 (augraphy calls it and does not import it)
    import numpy as np
    from augraphy import default_augraphy_pipeline

    if not Path("fonts").exists():
        Path("fonts").mkdir()  # of its scribbles; without it, it fetches one from the internet
        shutil.copy(_font(), "fonts")
        random.seed(0)
        np.random.seed(0)  # it draws from both
    png = _pillow("RGB", (255, 255, 255), 6)(text)
    page = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    for _ in range(_AUGRAPHY_DRAWS):
        with suppress(cv2.error, ValueError, IndexError, ZeroDivisionError):
            return bytes(cv2.imencode(".png", default_augraphy_pipeline()(page))[1].tobytes())
    raise ValueError(f"it fails on a page {_AUGRAPHY_DRAWS} times")


def _trdg(text: str) -> bytes:
    """trdg draws one line at a time; a page is its lines, one picture each, counted as one."""
    from PIL import Image
    from trdg.generators import GeneratorFromStrings

    lines = [line for line in _lines(text) if line.strip()]
    generator = GeneratorFromStrings(lines, count=len(lines), blur=1, random_blur=True, skewing_angle=2)
    pages = [page for page, _ in generator if page is not None] or [Image.new("RGB", (1, 1))]  # some lines it gives up
    sheet = Image.new("RGB", (max(page.width for page in pages), sum(page.height for page in pages)), (255, 255, 255))
    top = 0
    for page in pages:
        sheet.paste(page, (0, top))
        top += page.height
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


_GLYPH, _CHROMIUM, _TRDG, _AUGRAPHY = (
    ("reportlab", "pypdfium2", "pillow"),
    ("playwright", "pypdfium2", "pillow"),
    ("trdg==1.8.0", "pillow<10", "numpy<2"),
    ("augraphy==8.2.6", "numpy<2.3", "opencv-python<5", "matplotlib"),
)
PEERS: Final = (
    Peer("Pillow, RGB", "one call, PNG level 6", ("PIL",), False, _pillow("RGB", (255, 255, 255), 6)),
    Peer("Pillow, grey", "one call, PNG level 1", ("PIL",), False, _pillow("L", 255, 1)),
    Peer("matplotlib", "Figure.text", ("matplotlib",), False, _matplotlib),
    Peer("Glyph's way", "reportlab, PDF, pypdfium2", ("reportlab", "pypdfium2"), False, _glyph, installs=_GLYPH),
    Peer("DeOCR's way", "Chromium, PDF, pypdfium2", ("playwright",), False, _chromium, 60, installs=_CHROMIUM),
    Peer("trdg", "line by line, skew and blur", ("trdg",), True, _trdg, 30, installs=_TRDG),
    Peer("Pillow + augraphy", "its default pipeline", ("augraphy",), True, _augraphy, 50, installs=_AUGRAPHY),
)


def install(folder: Path) -> dict[str, str]:
    """An environment below a folder for each peer that needs one; what does not install, and why."""
    failed = {}
    for peer in PEERS:
        if not peer.installs:
            continue
        print(f"{peer.name}: {', '.join(peer.installs)}", flush=True)
        python = _python_of(folder, peer)
        for command in (
            [sys.executable, "-m", "venv", str(_environment(folder, peer))],
            [python, "-m", "pip", "install", "-q", *peer.installs],
            *([[python, "-m", "playwright", "install", "chromium"]] if _needs_browser(peer) else []),
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it failed without a word"]
                failed[peer.name] = next((line for line in lines if "ERROR" in line), lines[-1])[:200]
                break
    return failed


def measured_apart(peer: Peer, texts: Sequence[str], folder: Path) -> float | str:
    """As `measured_peer`, in the peer's own environment, by a fresh process in any case."""
    python = _python_of(folder, peer) if peer.installs else sys.executable
    if not Path(python).exists():
        return "not installed (--install)"
    given = json.dumps([peer.name, list(texts)])
    done = subprocess.run([python, __file__, "--measure"], input=given, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return (done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:80]
    cost: float | str = json.loads(lines[-1])
    return cost


def _environment(folder: Path, peer: Peer) -> Path:
    return folder.resolve() / "".join(char if char.isalnum() else "-" for char in peer.name.lower())


def _python_of(folder: Path, peer: Peer) -> str:
    return str(_environment(folder, peer) / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))


def _needs_browser(peer: Peer) -> bool:
    return "playwright" in peer.needs and _browser() is None


def _table(folder: Path, corpus: Path | None, rows: int) -> None:
    """Ours and all peers on the same texts, as a table in Markdown; ours before and after them, and the mean.

    Ours has rendered the prompts of the corpus that are not measured, as a build has by then: words are met before.
    """
    from benchmarks.corpus import prompts_of, write_corpus
    from benchmarks.ratios import by_kind
    from benchmarks.stages import measured_rows, warm_up
    from lomo_hf.corpus import open_corpus
    from lomo_hf.spans import select_spans

    every = prompts_of(corpus)
    step = max(1, len(every) // rows)
    prompts, others = every[::step][:rows], [prompt for number, prompt in enumerate(every) if number % step]
    texts = [
        localization.prompt[span.start : span.end]
        for localization in map(select_spans, prompts)
        for span in localization.spans
    ]
    with TemporaryDirectory() as scratch:
        write_corpus(iter(prompts), Path(scratch, "rows.jsonl"))
        source = open_corpus(Path(scratch, "rows.jsonl"))
        warm_up()
        by_kind(others)
        ours = [measured_rows(source, rows).spread()["mean"]]
        costs = {peer: measured_apart(peer, texts, folder) for peer in PEERS}
        ours.append(measured_rows(source, rows).spread()["mean"])
    mine = mean(ours)
    print("| page made by | distorted | ms a page | times ours |\n| --- | --- | ---: | ---: |")
    print(f"| lomo_hf: span, formulas, distortion, PNG | yes | {mine:.1f} | 1 |")
    for peer, cost in costs.items():
        figures = f"{cost} | " if isinstance(cost, str) else f"{cost:.1f} | {cost / mine:.2f}"
        print(f"| {peer.name}: {peer.what} | {'yes' if peer.distorts else 'no'} | {figures} |")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__.split("\n")[0])
    parser.add_argument("--install", type=Path, metavar="DIR", help="make the environments below this folder")
    parser.add_argument("--run", type=Path, metavar="DIR", help="measure with the environments below this folder")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help="default: the embedded sample")
    parser.add_argument("--rows", type=int, default=200)
    given = parser.parse_args()
    if given.measure:
        name, texts = json.load(sys.stdin)
        cost = measured_peer(next(peer for peer in PEERS if peer.name == name), texts)
        print(json.dumps(cost), flush=True)
        os._exit(0)  # a browser would keep the process waiting
    for name, why in (install(given.install) if given.install else {}).items():
        print(f"{name} is not installed: {why}")
    if given.run:
        _table(given.run, given.corpus, given.rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
