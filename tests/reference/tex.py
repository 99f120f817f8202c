r"""Pictures of formulas by LaTeX itself, many in one run: the oracle for how a formula must look.

Used only to make the reference set; needs latex, dvipng and preview.sty. The run is confined: no shell, no files
outside its folder, batch mode, limits on time, memory and output.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["DPI", "tex_pictures", "tex_source"]

EM_PIXELS = 26
DPI = EM_PIXELS * 72.27 / 10
_HEAD = r"""\documentclass[10pt]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage{amsmath,amssymb,mathtools,xcolor,textcomp}
\usepackage[active,tightpage,auctex]{preview}
\setlength\PreviewBorder{4pt}
\newcommand{\degree}{^{\circ}}
\DeclareMathAlphabet{\mathscr}{U}{rsfs}{m}{n}
\begin{document}
\hsize=300cm \textwidth=300cm \linewidth=300cm
"""
_INNER = {
    "align": "aligned", "align*": "aligned", "gather": "gathered", "gather*": "gathered", "split": "aligned",
    "alignat": "alignedat", "alignat*": "alignedat", "flalign*": "aligned", "multline*": "gathered",
    "multline": "gathered",
}  # fmt: skip


def tex_source(tex: str, display: bool) -> str:
    """One formula as a snippet: an environment that wants a page of its own is set as its inner sibling."""
    body = tex.strip()
    for name, inner in _INNER.items():
        body = body.replace(f"\\begin{{{name}}}", f"\\begin{{{inner}}}").replace(
            f"\\end{{{name}}}", f"\\end{{{inner}}}"
        )
    for name in ("equation", "equation*"):
        body = body.replace(f"\\begin{{{name}}}", "").replace(f"\\end{{{name}}}", "")
    for name in ("eqnarray", "eqnarray*"):
        body = body.replace(f"\\begin{{{name}}}", "\\begin{array}{rcl}").replace(f"\\end{{{name}}}", "\\end{array}")
    body = "\n".join(line for line in body.splitlines() if line.strip())
    style = "\\displaystyle " if display and not body.startswith("\\begin{tabular}") else ""
    if body.startswith("\\begin{tabular}") and body.endswith("\\end{tabular}") and body.count("\\begin{tabular}") == 1:
        return f"\\begin{{preview}}{body}\\end{{preview}}\n"
    return f"\\begin{{preview}}${style}{body}$\\end{{preview}}\n"


def tex_pictures(
    formulas: Sequence[tuple[str, bool]], folder: Path, packages: Sequence[str] = ()
) -> list[np.ndarray | None]:
    """Grey pictures, one for each formula (26 pixels to the em), or None where LaTeX reports an error."""
    pictures = _of_one_run(formulas, folder, packages)
    if len(pictures) == len(formulas):
        return pictures
    if len(formulas) == 1:
        return [None]
    # A group that is left open swallows the snippets behind it, and every later picture has another's number.
    middle = len(formulas) // 2
    halves = formulas[:middle], formulas[middle:]
    return [picture for half in halves for picture in tex_pictures(half, folder, packages)]


def _of_one_run(
    formulas: Sequence[tuple[str, bool]], folder: Path, packages: Sequence[str]
) -> list[np.ndarray | None]:
    """A picture of each page that LaTeX makes, or None where it reports an error on it."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    loaded = "".join(f"\\usepackage{{{package}}}\n" for package in packages)
    source = (
        _HEAD.replace("\\begin{document}", f"{loaded}\\begin{{document}}")
        + "".join(tex_source(tex, display) for tex, display in formulas)
        + "\\end{document}\n"
    )
    (folder / "batch.tex").write_text(source, encoding="utf-8")
    _run(["latex", "-no-shell-escape", "-interaction=batchmode", "batch.tex"], folder)
    failed = _failed((folder / "batch.log").read_text(encoding="utf-8", errors="replace"))
    _run(["dvipng", "-q", "-D", f"{DPI:.3f}", "-bg", "White", "-fg", "Black", "-o", "p%d.png", "batch.dvi"], folder)
    pages = len(list(folder.glob("p*.png")))
    return [None if number in failed else _picture(folder / f"p{number}.png") for number in range(1, pages + 1)]


def _run(command: list[str], folder: Path) -> None:
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(folder),
        "openin_any": "p",
        "openout_any": "p",
        "TEXMFVAR": str(folder / "texmf-var"),
    }

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (90, 90))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))

    subprocess.run(
        command, cwd=folder, env=environment, preexec_fn=limit, timeout=120, check=False, capture_output=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def _failed(log: str) -> set[int]:
    """Numbers of the snippets inside which LaTeX reported an error."""
    failed: set[int] = set()
    current = 0
    for line in log.splitlines():
        if line.startswith("! Preview: Snippet ") and line.endswith("started."):
            current = int(line.split()[3])
        elif line.startswith("! Preview: Snippet "):
            current = 0
        elif (line.startswith("!") and "Preview:" not in line) or "Missing character" in line:
            failed.add(current)
    return failed


def _picture(path: Path) -> np.ndarray | None:
    if not path.exists():
        return None
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))
