"""The page in Gradio: what can be typed and chosen, and what is shown of it. Decides nothing; see `making`.

Gradio, because it is what Spaces of the Hub run and its components are kept by others. Nothing is loaded from
elsewhere: fonts are the system's, pages are part of the HTML, and no file of the server is served.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lomo_hf.demo.choices import AS_THE_RECIPE, MAX_CHARS, MAX_YAML_CHARS, Choices, examples
from lomo_hf.demo.making import RowMaker, make
from lomo_hf.demo.showing import error_html, recipe_yaml, row_json, stages_html, trainer_html
from lomo_hf.demo.strengths import SLIDERS, STRENGTHS_OFFERED, preset, sliders_of
from lomo_hf.distortion import OPERATIONS
from lomo_hf.errors import LomoError, UsageError
from lomo_hf.recipes import DEFAULT_RECIPE, NAMED_RECIPES
from lomo_hf.spans import POSITION_WORDS

__all__ = ["launch", "make_app", "shown"]

_LOG: Final = logging.getLogger("lomo_hf.demo")
_CSS: Final = Path(__file__).parent / "page.css"
_TITLE: Final = "LoMo: part of a prompt as an image"
_ABOUT: Final = (
    "# Local modality substitution\n"
    "Part of a text-only training prompt is rendered as an image, distorted a little, and put back between the text "
    "before and after it; the answer is not changed ([Han et al.](https://arxiv.org/abs/2605.30265)). "
    "What is typed here is not stored."
)
_QUEUE: Final = 20  # visitors who wait; the next one is told to come back
_MAX_BODY: Final = "1mb"

Shown = tuple[str, str, str, str]
"""Stages and trainer's view as HTML, the row as JSON, the recipe as YAML."""


def shown(choices: Choices, maker: RowMaker) -> Shown:
    """What the page shows for any choices, never an exception: what is wrong is said in one sentence.

    >>> with RowMaker() as maker:
    ...     stages, trainer, row, recipe = shown(Choices("", "5"), maker)
    >>> stages, row
    ('<div class="lomo-error" role="alert">prompt must not be empty. Type one, or choose an example.</div>', '')
    """
    try:
        result = make(choices, maker)
        return stages_html(result), trainer_html(result), row_json(result.row), recipe_yaml(result.recipe)
    except LomoError as error:
        return error_html(" ".join(str(error).split())), "", "", ""
    except Exception as error:
        _LOG.exception("the demo failed; please report this prompt")
        return error_html(f"This failed in a way that nobody foresaw ({type(error).__name__})."), "", "", ""


def make_app(maker: RowMaker | None = None) -> Any:
    """The page.

    Args:
        maker: Where rows are made; by default one of its own.

    Returns:
        `gradio.Blocks`, not launched.

    Raises:
        UsageError: Gradio is not installed.

    Example:
        With the extra: `make_app().launch()`.
    """
    gr = _gradio()
    rows = maker or RowMaker()
    first = next(iter(examples().values()))

    def show(*values: object) -> Shown:
        return shown(_choices(values), rows)

    with gr.Blocks(title=_TITLE, analytics_enabled=False) as app:
        gr.Markdown(_ABOUT)
        with gr.Row():
            with gr.Column(scale=2, min_width=320):
                prompt = gr.Textbox(first.turns[0].text, label="Prompt", lines=8, max_lines=16, max_length=MAX_CHARS,
                                    elem_id="prompt")  # fmt: skip
                answer = gr.Textbox(first.turns[1].text, label="Answer", info="Never changed.", lines=1, max_lines=4,
                                    max_length=MAX_CHARS, elem_id="answer")  # fmt: skip
                recipe = gr.Dropdown(list(NAMED_RECIPES), value=DEFAULT_RECIPE, label="Recipe", elem_id="recipe")
                position = gr.Dropdown([AS_THE_RECIPE, *POSITION_WORDS], value=AS_THE_RECIPE, label="Position",
                                       elem_id="position")  # fmt: skip
                distortion = gr.Dropdown([AS_THE_RECIPE, *OPERATIONS], value=AS_THE_RECIPE, label="Distortion",
                                         elem_id="distortion")  # fmt: skip
                strength = gr.Radio([AS_THE_RECIPE, *STRENGTHS_OFFERED], value=AS_THE_RECIPE, label="Strength",
                                    elem_id="strength")  # fmt: skip
                groups, ends = _sliders(gr)
                seed = gr.Number(0, label="Seed", precision=0, minimum=0, elem_id="seed")
                with gr.Accordion("Row id, and a recipe of your own", open=False):
                    row_id = gr.Textbox(first.id, label="Row id", info="Decides the draws, with the seed.",
                                        elem_id="row-id")  # fmt: skip
                    own = gr.Code("", language="yaml", label=f"Recipe, up to {MAX_YAML_CHARS:,} characters of YAML",
                                  lines=4, elem_id="own")  # fmt: skip
                button = gr.Button("Show", variant="primary", elem_id="show")
            with gr.Column(scale=3, min_width=320):
                with gr.Tab("Stages"):
                    stages = gr.HTML(elem_id="stages")
                with gr.Tab("What a trainer sees"):
                    trainer = gr.HTML(elem_id="trainer")
                with gr.Tab("Row"):
                    row = gr.Code(language="json", label="The row as it is stored", interactive=False, elem_id="row")
                with gr.Tab("Share"):
                    shared = gr.Code(language="yaml", label="These settings as a recipe: lomo build --recipe FILE",
                                     interactive=False, elem_id="yaml")  # fmt: skip
        inputs = [prompt, answer, row_id, recipe, own, position, distortion, strength, seed, *ends]
        outputs = [stages, trainer, row, shared]
        gr.Examples(
            [[example.turns[0].text, example.turns[1].text, example.id] for example in examples().values()],
            [prompt, answer, row_id],
            example_labels=[name.partition("/")[2] for name in examples()],
            label="Rows of the sample: the page is the one that lomo build stores",
            cache_examples=False,
        )
        quiet = {"api_visibility": "private", "queue": False}
        gr.on([distortion.change, strength.change], _visible_groups, [distortion, strength], [*groups, *ends], **quiet)
        changes = [part.change for part in (recipe, position, distortion, strength, seed, row_id)]
        gr.on(
            [app.load, button.click, prompt.submit, *changes, *(end.release for end in ends)],
            show, inputs, outputs, api_name="show", trigger_mode="always_last", concurrency_limit=1,
        )  # fmt: skip
    return app.queue(max_size=_QUEUE)


def launch(*, host: str = "127.0.0.1", port: int | None = None, browser: bool = False, wait: bool = True) -> Any:
    """Serve the page.

    Args:
        host: The address to listen on; "0.0.0.0" lets other machines in.
        port: None takes the first free one from 7860 on.
        browser: Open it in the browser.
        wait: Return only when the server is stopped.

    Returns:
        The running `gradio.Blocks`; its `local_url` is the address, `close()` ends it.

    Raises:
        UsageError: Gradio is not installed, or the port is taken.

    Example:
        With the extra: `launch(browser=True)`.
    """
    gr = _gradio()
    maker = RowMaker()
    app = make_app(maker)
    for example in examples().values():  # so that the first visitor's times are those of the second
        make(Choices(example.turns[0].text, example.turns[1].text), maker)
    theme = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    try:
        app.launch(
            server_name=host, server_port=port, inbrowser=browser, prevent_thread_lock=True, quiet=True, share=False,
            theme=theme, css_paths=_CSS, max_file_size=_MAX_BODY, allowed_paths=[], ssr_mode=False, pwa=False,
            enable_monitoring=False, mcp_server=False, footer_links=["gradio"], show_error=False,
        )  # fmt: skip
    except OSError as error:
        raise UsageError(f"port {port} cannot be used ({error}). Choose another with --port.") from error
    if wait:
        app.block_thread()
    return app


def _gradio() -> Any:
    try:
        import gradio
    except ImportError as error:
        raise UsageError(f"the demo needs Gradio ({error}). Run `pip install 'lomo-hf[demo]'`.") from error
    return gradio


def _choices(values: tuple[Any, ...]) -> Choices:
    """The values of the page's inputs, in their order; the last are the two ends of each slider."""
    prompt, answer, row_id, recipe, own, position, distortion, strength, seed, *ends = values
    pairs = zip(SLIDERS, ends[::2], ends[1::2], strict=True)
    ranges = {slider.parameter: _rising(low, high) for slider, low, high in pairs if slider.op == distortion}
    return Choices(
        str(prompt or ""), str(answer or ""), str(row_id or ""), recipe, str(own or ""), position, distortion,
        strength, ranges, seed,
    )  # fmt: skip


def _rising(low: float, high: float) -> tuple[float, float]:
    """Two ends in their order: whichever slider is moved past the other."""
    return min(low, high), max(low, high)


def _sliders(gr: Any) -> tuple[list[object], list[Any]]:
    """A group for each operation that has ranges, hidden until it is chosen, and the ends of every range."""
    groups, ends = [], []
    for op in dict.fromkeys(slider.op for slider in SLIDERS):
        with gr.Group(visible=False) as group:
            for slider in sliders_of(op):
                low, high = slider.allowed
                with gr.Row():
                    for which, value in zip(("from", "to"), preset(op, "mild")[slider.parameter], strict=True):
                        label = f"{slider.parameter} {which}"
                        ends.append(
                            gr.Slider(low, high, value, step=slider.step, label=label, min_width=140,
                                      elem_id=f"{op}-{slider.parameter}-{which}")
                        )  # fmt: skip
        groups.append(group)
    return groups, ends


def _visible_groups(distortion: str, strength: str) -> list[Mapping[str, object]]:
    """The sliders of the chosen operation, at the ranges of the chosen strength."""
    gr = _gradio()
    chosen = strength if strength in STRENGTHS_OFFERED else "mild"
    groups = [gr.update(visible=op == distortion) for op in dict.fromkeys(slider.op for slider in SLIDERS)]
    values = [value for slider in SLIDERS for value in preset(slider.op, chosen)[slider.parameter]]
    return [*groups, *(gr.update(value=value) for value in values)]
