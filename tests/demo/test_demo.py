"""What the demo computes, without Gradio: the row that a build stores, stages true to it, and nothing from a prompt
that a browser or a server would obey."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lomo_hf import load_recipe, substitute_row
from lomo_hf.building.workers.rows import RowLimits
from lomo_hf.demo import Choices, RowMaker, make, recipe_yaml, row_json, stages_html, trainer_html
from lomo_hf.demo.app import shown
from lomo_hf.demo.choices import AS_THE_RECIPE, EXAMPLES, MAX_CHARS, examples
from lomo_hf.demo.strengths import SLIDERS, preset, sliders_of
from lomo_hf.distortion import OPERATIONS
from lomo_hf.errors import RecipeError, UsageError
from lomo_hf.spans import POSITIONS

HOSTILE = (
    "</div><script>document.title='owned'</script> One. Two is here. Three stands there. Four ends it.",
    '<img src=x onerror="document.title=1"> ${document.title=1} {{constructor}} @children `x`. Second. Third. Fourth.',
    "NUL \x00 and \x1b[2J escape. Second sentence. Third sentence. Fourth sentence. Fifth.",
    "A lone \ud800 surrogate. Second sentence. Third sentence. Fourth sentence.",
    "<image> is a placeholder. Second sentence. Third sentence. Fourth sentence.",
    r"\(" * 9_000,
    "{" * 1_000 + "$x$" + "}" * 1_000,
    r"$\input{/etc/passwd}$ and $\def\x{\x\x}\x$. Second. Third. Fourth.",
    "\u202eevil\u202c. Second sentence. Third sentence. Fourth sentence.",
    " \n\t ",
)


@pytest.fixture(scope="module")
def maker() -> Iterator[RowMaker]:
    with RowMaker() as row_maker:
        yield row_maker


def of_example(name: str, **choices: object) -> Choices:
    prompt, answer = (turn.text for turn in examples()[name].turns)
    return Choices(prompt, answer, name, **choices)  # type: ignore[arg-type]


def pixels(png: bytes) -> np.ndarray:
    with Image.open(BytesIO(png)) as opened:
        return np.asarray(opened)


class Parts(HTMLParser):
    """The tags of a page, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("recipe", ["ratio100", "multispan50", "nodistort50"])
def test_the_row_is_the_one_that_a_build_makes(name: str, recipe: str, maker: RowMaker) -> None:
    result = make(of_example(name, recipe=recipe), maker)
    assert result.row == substitute_row(examples()[name], replace(load_recipe(recipe), ratio=1.0))
    assert result.drawn == (result.row["lomo"]["draw"] < load_recipe(recipe).ratio)


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_pages_of_the_stages_are_those_of_the_row(op: str, maker: RowMaker) -> None:
    """The clean page is what the recipe without a distortion stores; the row's record tells spans and operation."""
    for name in EXAMPLES:
        result = make(of_example(name, distortion=op), maker)
        clean = make(of_example(name, distortion="clean"), maker)
        assert result.row["rewritten"]
        assert result.row["lomo"]["distortion"]["op"] == op
        assert result.clean == clean.pages
        shown_spans = [result.prompt[start:end] for start, end in result.spans]
        assert shown_spans == [span["text"] for span in result.row["lomo"]["spans"]]
        assert [stage.name for stage in result.stages] == ["localize", "render", "distort", "encode"]


@pytest.mark.parametrize("slider", SLIDERS, ids=lambda slider: f"{slider.op}-{slider.parameter}")
def test_every_slider_moves_its_parameter_and_no_other_row_of_the_registry(slider: object, maker: RowMaker) -> None:
    op, parameter, (low, high) = slider.op, slider.parameter, slider.allowed  # type: ignore[attr-defined]
    middle = round((low + high) / 2) if slider.step == 1 else round((low + high) / 2, 2)  # type: ignore[attr-defined]
    result = make(of_example(EXAMPLES[0], distortion=op, ranges={parameter: (middle, middle)}), maker)
    usual = make(of_example(EXAMPLES[0], distortion=op), maker)
    assert result.row["rewritten"]
    assert usual.row["rewritten"]
    drawn, before = (json.loads(outcome.row["lomo"]["distortion"]["params"]) for outcome in (result, usual))
    drawn, before = (
        {name: params.get(f"drawn_{name}", params[name]) for name in params} for params in (drawn, before)
    )
    assert abs(drawn.pop(parameter)) == pytest.approx(middle)
    before.pop(parameter)
    assert {name: drawn[name] for name in before if not name.startswith("drawn_")} == {
        name: value for name, value in before.items() if not name.startswith("drawn_")
    }


def test_sliders_reach_what_a_recipe_may_say_and_begin_at_the_presets() -> None:
    for slider in SLIDERS:
        low, high = slider.allowed
        for strength in ("mild", "hard"):
            least, most = preset(slider.op, strength)[slider.parameter]
            assert low <= least <= most <= high
    assert sliders_of("clean") == ()


@given(
    position=st.sampled_from([AS_THE_RECIPE, *POSITIONS]),
    op=st.sampled_from([AS_THE_RECIPE, *OPERATIONS]),
    strength=st.sampled_from([AS_THE_RECIPE, "mild", "hard"]),
    seed=st.none() | st.integers(0, 2**31),
    moved=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_shared_settings_are_a_recipe_that_a_build_takes(
    tmp_path_factory: pytest.TempPathFactory, position: str, op: str, strength: str, seed: int | None, moved: float
) -> None:
    ranges = {}
    for slider in sliders_of(op):
        low, high = slider.allowed
        place = low + moved * (high - low)
        ranges[slider.parameter] = (float(round(place)), float(round(place))) if slider.step == 1 else (low, place)
    recipe = Choices(
        "x", "y", position=position, distortion=op, strength=strength, seed=seed, ranges=ranges
    ).to_recipe()
    file = tmp_path_factory.mktemp("shared") / "shared.yaml"
    file.write_text(recipe_yaml(recipe), encoding="utf-8")
    assert load_recipe(file) == recipe
    again = Choices("x", "y", recipe_yaml=file.read_text(encoding="utf-8")).to_recipe()
    assert again == recipe


def test_a_named_recipe_keeps_its_name_until_it_is_changed() -> None:
    assert Choices("x", "y", recipe="prefix50").to_recipe() == load_recipe("prefix50")
    changed = Choices("x", "y", recipe="prefix50", seed=3).to_recipe()
    assert (changed.name, changed.position, changed.seed) == ("demo", "prefix", 3)


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_prompts_are_shown_as_text_or_refused_in_a_sentence(prompt: str, maker: RowMaker) -> None:
    stages, trainer, row, recipe = shown(Choices(prompt, "An answer.", recipe="ratio100"), maker)
    for page in (stages, trainer):
        page.encode()
        seen = Parts(page)
        assert seen.tags <= {
            *("div", "section", "h4", "p", "b", "span", "mark", "img", "details", "summary", "code", "pre")
        }
        assert seen.attributes <= {"class", "role", "title", "dir", "width", "height", "alt", "src"}
        assert all(source.startswith("data:image/png;base64,") for source in seen.sources)
        assert not re.search(r"[${}`@]", page), "Gradio's component would fill in a template"
    assert "Traceback" not in stages
    if row:
        assert json.loads(row)["messages"]
        assert recipe
    else:
        assert 'role="alert"' in stages
        assert Parts(stages).words.endswith(".")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"prompt": "x" * (MAX_CHARS + 1)}, r"prompt must have at most 20,000 characters here; found 20,001"),
        ({"answer": ""}, "answer must not be empty"),
        ({"row_id": "a" * 300}, "row id must have at most 200"),
        ({"recipe": "/etc/passwd.yaml"}, "recipe must be the name of one"),
        ({"recipe": "../secret.yml"}, "recipe must be the name of one"),
        ({"recipe": "ratio51"}, "recipe must be a YAML file or one of"),
        ({"recipe": ["ratio50"]}, "recipe must be the name of one"),
        ({"position": "centre"}, "position must be one of"),
        ({"distortion": "melt"}, "distortion must be one of"),
        ({"strength": "brutal"}, "strength must be one of"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"distortion": "fold", "ranges": {"reach": (-4, 9)}}, "distortion.ranges.fold.reach must rise within"),
        ({"distortion": "fold", "ranges": {"reach": (float("nan"), 9)}}, "must be"),
        ({"recipe_yaml": "a: 1"}, "recipe has no key 'a'"),
        ({"recipe_yaml": "[" * 5000}, "cannot be read as YAML"),
        ({"recipe_yaml": "x" * 20_001}, "at most 20,000 characters"),
        ({"recipe_yaml": "caps: {max_pixels: 100000000}"}, "caps must be at most"),
        ({"recipe_yaml": "distortion: {strength: rising}"}, "a curriculum needs a whole corpus"),
        ({"recipe_yaml": "selection: {by: length}"}, "selection.quantiles must be known"),
        ({"recipe_yaml": "!!python/object/apply:os.system ['true']"}, "cannot be read as YAML"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(choices: dict[str, object], message: str, maker: RowMaker) -> None:
    asked = Choices(**{"prompt": "What is 2 + 3?", "answer": "5", **choices})  # type: ignore[arg-type]
    with pytest.raises((UsageError, RecipeError), match=re.escape(message) if "\\" not in message else message):
        make(asked, maker)
    stages, *rest = shown(asked, maker)
    assert stages.startswith('<div class="lomo-error" role="alert">')
    assert rest == ["", "", ""]


def test_a_prompt_that_takes_too_long_costs_itself_only() -> None:
    with RowMaker(RowLimits(cpu_seconds=1, wall_seconds=0.001)) as hasty:
        result = make(of_example(EXAMPLES[0], recipe="ratio100"), hasty)
        assert result.row["rewritten"] is False
        assert result.row["lomo"]["reason"] == "time"
        assert "Stays text: <b>time</b>" in stages_html(result)
        assert result.pages == result.clean == ()


def test_the_trainer_sees_the_text_around_the_page_and_the_answer(maker: RowMaker) -> None:
    result = make(of_example(EXAMPLES[0], recipe="ratio100"), maker)
    seen = Parts(trainer_html(result)).words
    span = result.row["lomo"]["spans"][0]  # type: ignore[index]
    assert result.prompt[: span["start"]] in seen
    assert result.prompt[span["end"] :] in seen
    assert span["text"] not in seen
    assert examples()[EXAMPLES[0]].turns[1].text in seen
    assert "Qwen3-VL: " in seen


def test_the_row_as_json_holds_every_column_and_the_hash_of_its_page(maker: RowMaker) -> None:
    from hashlib import sha256

    result = make(of_example(EXAMPLES[1], recipe="ratio100"), maker)
    document = json.loads(row_json(result.row))
    assert list(document) == list(result.row)
    assert sha256(result.pages[0]).hexdigest() in document["images"][0]["bytes"]
    assert document["lomo"] == result.row["lomo"]
    assert pixels(result.pages[0]).shape == (document["lomo"]["height"], document["lomo"]["width"])


def test_the_space_serves_the_same_page_and_asks_for_the_same_version() -> None:
    import tomllib

    import yaml

    root = Path(__file__).parents[2]
    space = root / "spaces" / "lomo-demo"
    front = yaml.safe_load((space / "README.md").read_text(encoding="utf-8").split("---")[1])
    assert (front["sdk"], front["app_file"], front["license"]) == ("gradio", "app.py", "apache-2.0")
    assert (space / front["app_file"]).is_file()
    extra = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert extra["demo"] == [f"gradio>={front['sdk_version'].split('.')[0]},<7"]
    import lomo_hf

    lines = (space / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"lomo-hf[demo]=={lomo_hf.__version__}" in lines
    compile((space / "app.py").read_text(encoding="utf-8"), "app.py", "exec")
