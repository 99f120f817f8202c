"""What a visitor of the demo chose, and the conversation and recipe that it means.

Everything arrives from a browser, so everything is checked here, before a row is made: lengths first, then names by
the registries that own them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Final

from lomo_hf.corpus import Conversation, Refusal, open_corpus, to_conversation
from lomo_hf.demo.strengths import STRENGTHS_OFFERED, preset
from lomo_hf.distortion import OPERATIONS, WEIGHED
from lomo_hf.errors import RecipeError, UsageError
from lomo_hf.prepared_recipe import PreparedRecipe
from lomo_hf.recipes import DEFAULT_RECIPE, Caps, DistortionSettings, Recipe, load_recipe
from lomo_hf.storage.yaml_reading import read_yaml

__all__ = ["AS_THE_RECIPE", "EXAMPLES", "MAX_CHARS", "MAX_YAML_CHARS", "Choices", "examples"]

AS_THE_RECIPE: Final = "as the recipe"
"""Stands for a choice that is left to the recipe."""

MAX_CHARS: Final = 20_000
"""Characters of a prompt, and of an answer. A page holds about 15,000; `lomo build` takes longer prompts."""

MAX_YAML_CHARS: Final = 20_000
_MAX_ID_CHARS: Final = 200
_OWN_CONFIG: Final = "demo"

EXAMPLES: Final = (
    "sample/gsm8k-0015",
    "sample/scibench-latex-0201",
    "sample/proof-latex-0139",
    "sample/code-mbpp-0118",
    "sample/instruct-0006",
    "sample/table-markdown-zh-0003",
    "sample/prose-latex-zh-0007",
)
"""Rows of the embedded sample: prose, formulas, code, a letter, a Chinese table."""


@cache
def examples() -> Mapping[str, Conversation]:
    """The rows of `EXAMPLES`, in that order.

    Returns:
        Id -> the conversation, as `lomo build` reads it.

    >>> examples()["sample/gsm8k-0015"].turns[0].text[:27]
    'A fifth-grade class went on'
    """
    source = open_corpus(None)
    rows = {row.id: row for row in source.conversations(0, len(source)) if isinstance(row, Conversation)}
    return MappingProxyType({name: rows[name] for name in EXAMPLES})


@dataclass(frozen=True)
class Choices:
    """What is typed and chosen on the page. Any value may arrive; `conversation` and `to_recipe` say what is wrong.

    Attributes:
        prompt: The text whose span becomes a page.
        answer: What follows it, unchanged.
        row_id: The row's id, which decides its draws together with the seed.
        recipe: A named recipe.
        recipe_yaml: A recipe of one's own, used in place of the named one where it is not blank.
        position: A position, or `AS_THE_RECIPE`.
        distortion: An operation, or `AS_THE_RECIPE`.
        strength: "mild" or "hard", or `AS_THE_RECIPE`.
        ranges: For the chosen operation, parameter -> (least, most).
        seed: The seed of every draw; None is the recipe's own.

    >>> Choices("What is 2 + 3?", "5", position="suffix", seed=7).to_recipe().seed
    7
    """

    prompt: str
    answer: str
    row_id: str = "demo/prompt"
    recipe: str = DEFAULT_RECIPE
    recipe_yaml: str = ""
    position: str = AS_THE_RECIPE
    distortion: str = AS_THE_RECIPE
    strength: str = AS_THE_RECIPE
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    seed: int | None = None

    def conversation(self) -> Conversation:
        """The row of text: an example as the sample holds it, or what was typed.

        Raises:
            UsageError: The prompt or the answer is empty or too long, or cannot be a row.

        >>> Choices("What is 2 + 3?", "5").conversation().id
        'demo/prompt'
        """
        for name, text in (("prompt", self.prompt), ("answer", self.answer), ("row id", self.row_id)):
            most = _MAX_ID_CHARS if name == "row id" else MAX_CHARS
            if not isinstance(text, str) or not text.strip():
                raise UsageError(f"{name} must not be empty. Type one, or choose an example.")
            if len(text) > most:
                raise UsageError(
                    f"{name} must have at most {most:,} characters here; found {len(text):,}. "
                    "`lomo preview` and `lomo build` take longer ones."
                )
        example = examples().get(self.row_id)
        if example and [turn.text for turn in example.turns] == [self.prompt, self.answer]:
            return example
        config, _, name = self.row_id.rpartition("/")
        turns = [{"role": "user", "content": self.prompt}, {"role": "assistant", "content": self.answer}]
        read = to_conversation({"id": name, "messages": turns}, config=config or _OWN_CONFIG, index=0)
        if isinstance(read, Refusal):
            raise UsageError(f"this cannot be a row ({read.reason}): {read.detail}")
        return read

    def to_recipe(self) -> Recipe:
        """The recipe that `lomo build --recipe` takes for the same rows.

        Where a choice changes what the base recipe says, it is called "demo", so that it does not pass for the other.

        Raises:
            RecipeError: A name does not exist, a value is not allowed, or the YAML is no recipe.

        >>> recipe = Choices("...", "...", distortion="wave", ranges={"amplitude": (3, 3)}).to_recipe()
        >>> recipe.name, recipe.distortion.mix["wave/wave"], recipe.distortion.ranges["wave"]["amplitude"]
        ('demo', 1.0, (3.0, 3.0))
        """
        base = _own_recipe(self.recipe_yaml) if self.recipe_yaml.strip() else _named_recipe(self.recipe)
        chosen = replace(
            base,
            position=base.position if self.position == AS_THE_RECIPE else self.position,
            seed=base.seed if self.seed is None else self.seed,
            distortion=self._distortion(base.distortion),
        )
        if chosen.digest != base.digest:
            chosen = replace(chosen, name="demo", description="Made with lomo demo.")
        if chosen.is_curriculum:
            raise RecipeError(
                "a curriculum needs a whole corpus; a single prompt has no place in one. Use lomo preview."
            )
        PreparedRecipe.of(chosen)
        return chosen

    def _distortion(self, base: DistortionSettings) -> DistortionSettings:
        strength = base.strength if self.strength == AS_THE_RECIPE else self.strength
        if self.distortion == AS_THE_RECIPE:
            return replace(base, strength=strength)
        if self.distortion not in OPERATIONS:
            known = ", ".join((AS_THE_RECIPE, *OPERATIONS))
            raise RecipeError(f"distortion must be one of {known}; found {self.distortion!r:.80}.")
        alone = f"{self.distortion}/{self.distortion}"  # where a group has the same name, this is the operation
        usual = preset(self.distortion, strength if strength in STRENGTHS_OFFERED else "mild")
        moved = {name: bounds for name, bounds in self.ranges.items() if tuple(bounds) != usual.get(name)}
        return DistortionSettings(
            {alone if alone in WEIGHED else self.distortion: 1.0}, strength, {self.distortion: moved} if moved else {}
        )


def _named_recipe(name: str) -> Recipe:
    if not isinstance(name, str) or name.endswith((".yaml", ".yml")):  # a file of the server's is nobody's business
        raise RecipeError(f"recipe must be the name of one; found {name!r:.80}. Paste a file's text instead.")
    return load_recipe(name)


def _own_recipe(text: str) -> Recipe:
    """A recipe as it was pasted, within the limits of pages that a build has by default."""
    if len(text) > MAX_YAML_CHARS:
        raise RecipeError(f"the recipe must have at most {MAX_YAML_CHARS:,} characters; found {len(text):,}.")
    try:
        values = read_yaml(text)
    except ValueError as error:
        raise RecipeError(f"the recipe cannot be read as YAML: {error}") from error
    if not isinstance(values, dict):
        raise RecipeError(f"the recipe must hold keys and values; found {type(values).__name__}.")
    recipe = Recipe.from_dict({"name": "mine", **values})
    most = Caps()
    if recipe.caps.max_pixels > most.max_pixels or recipe.caps.max_prompt_chars > most.max_prompt_chars:
        raise RecipeError(
            f"caps must be at most {most.max_pixels:,} max_pixels, {most.max_prompt_chars:,} max_prompt_chars here; "
            f"found {recipe.caps.max_pixels:,} and {recipe.caps.max_prompt_chars:,}. Leave `caps` out."
        )
    return recipe
