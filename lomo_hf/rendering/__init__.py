"""R(x_mid): a span becomes a grey page, with how each part of it was typeset. Draws nothing at random."""

from lomo_hf.rendering.page import HEADROOM, MENDED, Page, Renderer, render_span

__all__ = ["HEADROOM", "MENDED", "Page", "Renderer", "render_span"]
