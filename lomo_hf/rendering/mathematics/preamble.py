"""The Typst definitions that converted formulas need; the caller puts them at the top of the document.

The caller also sets the font of mathematics: "New Computer Modern Math" first, then the families of text, for what
stands in `\\text`. Every name here begins with `lm`, and nothing here changes anything outside of formulas.
"""

from collections.abc import Sequence

__all__ = ["PREAMBLE", "preamble"]

_FAMILIES = ("Noto Sans", "Noto Sans CJK SC")

_DEFINITIONS = r"""
#let lmtextbold(body) = text(font: lmserif, weight: "bold", body)
#let lmtextitalic(body) = text(font: lmserif, style: "italic", body)
#let lmtextsmallcaps(body) = smallcaps(text(font: lmserif, body))
#let lmtextmono(body) = text(font: lmmono, size: 0.85em, body)
#let lmtextsans(body) = text(font: lmsans, size: 0.9em, body)
// Lines inside a box are as high as what they hold, whatever the edges and leading of the text around.
#let lmwhole(body) = { set par(leading: 0pt); set text(top-edge: "bounds", bottom-edge: "bounds"); body }
#let lmlong(body) = lmwhole(box(width: 0pt, box(width: 400em, body)))
#let lmboxed(body) = lmwhole(box(stroke: 0.05em, inset: 0.3em, $body$))
#let lmcolour(code, body) = text(fill: rgb(code), body)
#let lmcancel(body) = math.cancel(body, stroke: 0.05em)
#let lmbcancel(body) = math.cancel(body, inverted: true, stroke: 0.05em)
#let lmxcancel(body) = math.cancel(body, cross: true, stroke: 0.05em)
#let lmsout(body) = math.cancel(body, angle: 90deg, stroke: 0.05em)
// The slash of a negated sign: as steep and as long as the font's own, however wide the sign is.
#let lmnot(sign) = math.cancel(sign, length: 1.05em, angle: 25deg, stroke: 0.045em)
#let lmcancelto(body, target) = math.attach(math.cancel(body, stroke: 0.05em), tr: target)
// Text broken in a box of a width; `at` of its height, and its lines' descent, are below the line it stands on.
#let lmparbox(size, at, body) = lmwhole(box(width: size, baseline: at, {
  set align(left)
  set par(leading: 0.2em)
  set text(top-edge: 0.75em, bottom-edge: -0.25em)
  $body$
}))
#let lmraised(size, body) = box(baseline: -size, $body$)
// The sign of a root alone: as a letter it would hang below its line.
#let lmsurd = math.class("normal", $lr(\√, size: #1em)$)
#let lmslanted(above, below) = math.inline(math.frac(style: "skewed", above, below))
#let lmrule(spec) = box(width: spec.width, height: spec.height, baseline: -spec.lift, fill: black)
#let lmhide(body) = hide(body)
#let lmvphantom(body) = lmlong(hide($body$))
#let lmrlap(body) = lmlong($body$)
#let lmllap(body) = context { h(-measure($body$).width); $body$ }
#let lmclap(body) = context { let half = -measure($body$).width / 2; h(half); $body$; h(half) }
#let lmpoints(sign) = math.class("normal", $sign#h(0.1667em)sign#h(0.1667em)sign$)
#let lmlow = lmpoints(math.class("normal", "."))
#let lmcentred = lmpoints(math.class("normal", "⋅"))
// A delimiter that is not there: the first and last bracket between delimiters would be stretched in its place.
#let lmnull() = box(width: 0.12em)
#let lmlr(..body) = math.lr(size: 100% - 0.05em, ..body)
#let lmatop(upper, lower) = math.mat(delim: none, row-gap: 0.2em, (upper,), (lower,))
#let lmover(body, sign) = math.accent(body, sign, size: 100%)
#let lmvector(body, sign) = math.accent(body, sign, size: 0% + 0.9em)
#let lmarrow(sign, upper, lower) = math.class("relation", math.attach(
  math.limits(math.stretch(sign, size: 100% + 0.55em)), t: upper, b: lower,
))
// What LaTeX puts in every row of an array, so that rows keep their distance.
#let lmstrut(..stretch) = {
  let factor = stretch.pos().at(0, default: 1)
  box(width: 0pt, height: 1.2em * factor, baseline: 0.36em * factor)
}
// A table with rules: columns and rows of the grid, where rules run, where cells stand; then the cells.
#let lmgrid(spec, ..bodies) = {
  let cells = spec.cells.zip(bodies.pos())
  // Every cell of a row holds all others, hidden and without width: so all are equally high and share a baseline.
  let struts = range(spec.rows.len()).map(y => {
    let row = cells.filter(((at, _)) => at.at(1) == y).map(((_, body)) => body)
    if row.len() > 0 { lmstrut() + lmlong(hide($#row.join()$)) }
  })
  let place((x, y, span, side), body) = grid.cell(x: x, y: y, colspan: span, align: side, $#struts.at(y)#body$)
  let thick = 0.05em
  lmwhole(box(baseline: 50% - 0.25em, grid(
    columns: spec.columns, rows: spec.rows, inset: (x: 0pt, y: 0.05em),
    ..spec.hlines.map(((y, start, end)) => grid.hline(y: y, start: start, end: end, stroke: thick)),
    ..spec.vlines.map(((x, start, end)) => grid.vline(x: x, start: start, end: end, stroke: thick)),
    ..cells.map(((at, body)) => place(at, body)),
  )))
}
"""


def preamble(families: Sequence[str]) -> str:
    """The definitions, with the families of text that formulas fall back to, in their order.

    >>> '#let lmsans = ("Noto Sans",)' in preamble(["Noto Sans"])
    True
    """
    fonts = {
        "lmserif": ("New Computer Modern", *families),
        "lmmono": ("DejaVu Sans Mono", *families),
        "lmsans": tuple(families),
    }
    lines = [f"#let {name} = ({' '.join(map(_quoted, listed))})" for name, listed in fonts.items()]
    return "\n" + "\n".join(lines) + _DEFINITIONS


def _quoted(family: str) -> str:
    return f'"{family}",'


PREAMBLE = preamble(_FAMILIES)
