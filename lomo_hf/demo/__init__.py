"""A page to try the method: a prompt in, the span, the page and the row out. Extra: `lomo-hf[demo]` (Gradio).

    make(choices, maker)     the row and its stages, without Gradio
    make_app()               the page as a `gradio.Blocks`
    launch()                 serves it on this machine; what `lomo demo` does

`spaces/lomo-demo/` in the repository is the same page as a Space of the Hub.
"""

from lomo_hf.demo.app import launch, make_app
from lomo_hf.demo.choices import Choices
from lomo_hf.demo.making import Made, RowMaker, Stage, make
from lomo_hf.demo.showing import recipe_yaml, row_json, stages_html, trainer_html

__all__ = [
    "Choices",
    "Made",
    "RowMaker",
    "Stage",
    "launch",
    "make",
    "make_app",
    "recipe_yaml",
    "row_json",
    "stages_html",
    "trainer_html",
]
