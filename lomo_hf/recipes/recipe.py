"""What decides a row, and nothing else does: one frozen `Recipe`, its parts, its digest and its YAML.

A recipe round-trips through YAML; a key that it does not know is an error. Names of positions, turn policies and
distortions are checked by the packages that own them when the recipe is first used (`lomo_hf.prepared_recipe`),
so that a new one is one line of that package's registry and no line here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache, cached_property
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Self

import yaml

from lomo_hf.errors import RecipeError
from lomo_hf.recipes.names import check_name, check_no_secret

__all__ = ["Caps", "DistortionSettings", "Recipe", "RenderStyle", "Selection"]

# Each of these can change a byte of what is built.
ENGINES = (
    "lomo-hf", "typst", "uharfbuzz", "math-core", "manimgx-fonts", "noto-cjk-sans-otc",
    "matplotlib", "imgaug", "opencv-python", "numpy", "zlib-ng", "pyarrow", "datasets",
)  # fmt: skip

PLACEHOLDER_POLICIES = ("drop", "escape", "keep")
ENDS = ("high", "low")
PERCENTILES = 101


@cache
def installed_engines() -> Mapping[str, str]:
    """Package name -> installed version, for every package that can change a byte of the output."""
    versions = {}
    for name in ENGINES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "absent"
    return MappingProxyType(versions)


@dataclass(frozen=True)
class RenderStyle:
    """How a page is set. All lengths in pixels.

    Attributes:
        text_size, line_height: Of plain text.
        math_size: Of mathematics, in Latin Modern Math.
        margin: White that is kept around the ink.
        min_width, max_width: Between which a page chooses its width by the length of its text.

    Source: paper, section 3: text 20 px on lines of 22 px, mathematics 26 px. Margin and widths are ours.

    Example:
        >>> RenderStyle().text_size, RenderStyle().line_height, RenderStyle().math_size
        (20, 22, 26)
    """

    text_size: int = 20
    line_height: int = 22
    math_size: int = 26
    margin: int = 12
    min_width: int = 320
    max_width: int = 1000

    def __post_init__(self) -> None:
        _whole(self, "text_size", 6, 96)
        _whole(self, "line_height", self.text_size, 192)
        _whole(self, "math_size", 6, 96)
        _whole(self, "margin", 0, 200)
        _whole(self, "min_width", 100, 4000)
        _whole(self, "max_width", self.min_width, 4000)


@dataclass(frozen=True)
class Caps:
    """Limits of a page and of a prompt. A span whose page would exceed them is cut on block borders, never shrunk.

    Attributes:
        max_pixels: Width times height of a page.
        min_side: Pixels that the shorter side of a page has at least; what is less is padded.
        max_aspect: How many times longer than the shorter side the longer one may be.
        max_prompt_chars: Characters; a longer prompt stays text.

    Source: paper, appendix B for `max_pixels` (the trainer's limit of an image); the others are ours.

    Example:
        >>> Caps().max_pixels
        2560000
    """

    max_pixels: int = 2_560_000
    min_side: int = 32
    max_aspect: int = 20
    max_prompt_chars: int = 1_000_000

    def __post_init__(self) -> None:
        _whole(self, "max_pixels", 40_000, 100_000_000)
        _whole(self, "min_side", 1, 256)
        _whole(self, "max_aspect", 2, 200)
        _whole(self, "max_prompt_chars", 1, 10_000_000)


@dataclass(frozen=True)
class DistortionSettings:
    """Which distortions are drawn, how often and how strongly.

    Attributes:
        mix: Weights of groups, or of single operations, of `lomo_hf.distortion`; "wave" is the group, so wave and
            fold, and "wave/wave" the operation alone, which `ranges` calls "wave" as records do.
        strength: A preset of ranges: "mild", "hard", or "rising" from one to the other over the corpus.
        ranges: Instead of the preset's, by operation and parameter: `{"rotate_large": {"degrees": (8, 20)}}`.

    Source: paper, section 3, algorithm 1: one of five groups. The paper gives no weights and no strengths; ours are
    uniform and mild.

    Example:
        >>> sorted(DistortionSettings().mix)
        ['blur', 'clean', 'rotate', 'shadow_or_stain', 'wave']
    """

    mix: Mapping[str, float] = field(
        default_factory=lambda: {"clean": 1.0, "rotate": 1.0, "blur": 1.0, "shadow_or_stain": 1.0, "wave": 1.0}
    )
    strength: str = "mild"
    ranges: Mapping[str, Mapping[str, tuple[float, float]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.mix, Mapping) or not self.mix:
            raise RecipeError(f"distortion.mix must map names to weights; found {self.mix!r}. Write {{clean: 1}}.")
        mix = {}
        for name, weight in self.mix.items():
            if not _is_number(weight) or not 0 <= weight < float("inf"):
                raise RecipeError(f"distortion.mix.{name} must be a weight of 0 or more; found {weight!r}.")
            mix[str(name)] = float(weight)
        if not sum(mix.values()) > 0:
            raise RecipeError("distortion.mix must give at least one name a weight above 0; found only zeros.")
        object.__setattr__(self, "mix", MappingProxyType(mix))
        object.__setattr__(self, "ranges", MappingProxyType(_ranges(self.ranges)))

    def __reduce__(self) -> tuple[object, ...]:  # a mappingproxy does not pickle
        return (type(self), (dict(self.mix), self.strength, {k: dict(v) for k, v in self.ranges.items()}))


@dataclass(frozen=True)
class Selection:
    """Which rows are rewritten first; the ratio says how far down that order the rewriting goes.

    Attributes:
        by: "uniform" (the paper: chance alone), or what rows are ranked by; see `lomo_hf.selection.STRATEGIES`.
        first: Which end of the ranking is rewritten first, "high" or "low".
        chance: How much of the draw is chance: 0 follows the ranking strictly, 1 is the uniform draw.
        quantiles: 101 values, the percentiles of what rows are ranked by, measured over the corpus. A build
            measures them where they are missing and records them, since they decide rows.

    >>> Selection("length", chance=0).first
    'high'
    """

    by: str = "uniform"
    first: str = "high"
    chance: float = 0.5
    quantiles: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.by, str):
            raise RecipeError(f"selection.by must be a text; found {self.by!r}. Write `uniform`.")
        if self.first not in ENDS:
            raise RecipeError(f"selection.first must be one of {', '.join(ENDS)}; found {self.first!r}.")
        if not _is_number(self.chance) or not 0 <= self.chance <= 1:
            raise RecipeError(f"selection.chance must be between 0 and 1; found {self.chance!r}.")
        object.__setattr__(self, "chance", float(self.chance))
        object.__setattr__(self, "quantiles", _percentiles(self.quantiles))


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the output.

    Attributes:
        name: The config's name on the Hub and the folder's name; it decides no row.
        description: A sentence for the card.
        ratio: The share of rows that is rewritten (rewrite ratio, table 3), from 0 to 1.
        position: Which part of the prompt becomes the span (table 4); see `lomo_hf.spans.POSITIONS`.
        turn: Which user turn of a conversation holds the span; see `lomo_hf.selection.TURNS`.
        placeholders: What happens to a row whose text holds a literal `<image>` or a special token: it is dropped
            and counted ("drop"), a zero-width space makes it harmless ("escape"), or it stays ("keep").
        selection: Which rows are rewritten first; by default chance decides.
        seed: Every draw of every row depends on this and the row's id alone.
        style, distortion, caps: How the page is set, what is done to it, and its limits.
        engines: Versions of the packages that can change a byte; those installed, unless a file says otherwise, and
            then they must agree.

    Raises:
        RecipeError: A field says something that cannot be.

    >>> recipe = Recipe("mine", ratio=0.25)
    >>> Recipe.from_dict(recipe.to_dict()) == recipe
    True
    >>> Recipe("mine", ratio=50)
    Traceback (most recent call last):
    lomo_hf.errors.RecipeError: ratio must be between 0 and 1; found 50. Write 0.5 for fifty percent.
    """

    name: str
    description: str = ""
    ratio: float = 0.5
    position: str = "middle"
    turn: str = "first"
    placeholders: str = "drop"
    selection: Selection = field(default_factory=Selection)
    seed: int = 0
    style: RenderStyle = field(default_factory=RenderStyle)
    distortion: DistortionSettings = field(default_factory=DistortionSettings)
    caps: Caps = field(default_factory=Caps)
    engines: Mapping[str, str] = field(default_factory=lambda: dict(installed_engines()))

    def __post_init__(self) -> None:
        check_name("recipe name", self.name)
        if not _is_number(self.ratio) or not 0 <= self.ratio <= 1:
            raise RecipeError(f"ratio must be between 0 and 1; found {self.ratio!r}.{_percent_hint(self.ratio)}")
        object.__setattr__(self, "ratio", float(self.ratio))
        _whole(self, "seed", 0, 2**63 - 1)
        for key in ("description", "position", "turn", "placeholders"):
            if not isinstance(getattr(self, key), str):
                raise RecipeError(f"{key} must be a text; found {getattr(self, key)!r}.")
        check_no_secret("description", self.description)
        if self.placeholders not in PLACEHOLDER_POLICIES:
            choices = ", ".join(PLACEHOLDER_POLICIES)
            raise RecipeError(f"placeholders must be one of {choices}; found {self.placeholders!r}.")
        object.__setattr__(self, "engines", MappingProxyType(dict(self.engines)))

    def __reduce__(self) -> tuple[object, ...]:
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return (_rebuild, ({**values, "engines": dict(self.engines)},))

    def __hash__(self) -> int:
        return hash((self.name, self.digest))

    @cached_property
    def digest(self) -> str:
        """32 hexadecimal digits over everything that decides the output (all but name and description)."""
        return self._digest(leave_out=("name", "description"))

    @cached_property
    def row_digest(self) -> str:
        """As `digest`, without the ratio: two recipes that share it build the same row wherever both rewrite it."""
        return self._digest(leave_out=("name", "description", "ratio"))

    @cached_property
    def page_digest(self) -> str:
        """As `row_digest`, without the selection: two recipes that share it make the same pages of a row."""
        return self._digest(leave_out=("name", "description", "ratio", "selection"))

    @property
    def is_curriculum(self) -> bool:
        """Whether what is made of a row depends on its place in the corpus: a curriculum."""
        return self.selection.by == "place" or self.distortion.strength == "rising"

    def _digest(self, leave_out: tuple[str, ...]) -> str:
        deciding = {key: value for key, value in self.to_dict().items() if key not in leave_out}
        return blake2b(json.dumps(deciding, sort_keys=True).encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """Plain dicts, lists, numbers and strings."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self)}

    def to_yaml(self) -> str:
        """The recipe as a YAML document that `lomo_hf.load_recipe` reads back."""
        return yaml.safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True)

    @classmethod
    def from_dict(cls, values: Mapping[str, object], *, recorded: bool = False) -> Self:
        """A recipe from plain values; what is left out takes its default, what is unknown is an error.

        Args:
            values: As `to_dict` gives them, or fewer.
            recorded: The recipe is read to see what was built, as from a manifest; otherwise engines that are named
                must be those installed.

        Raises:
            RecipeError: A key is unknown, a value is not allowed, or other engines are installed.

        >>> Recipe.from_dict({"name": "mine", "ratio": 0.25}).position
        'middle'
        """
        known = _only_known(cls, values, "recipe")
        parts: dict[str, type[object]] = {
            "selection": Selection, "style": RenderStyle, "distortion": DistortionSettings, "caps": Caps,
        }  # fmt: skip
        for key, part in parts.items():
            if key in known:
                known[key] = part(**_only_known(part, known[key], key))
        if "name" not in known:
            raise RecipeError("recipe must have a name; found none. Write `name: my-recipe`.")
        if known.get("engines", {}) is None:
            del known["engines"]
        if not recorded:
            _check_engines(known.get("engines"))
        return cls(**known)


def _rebuild(values: dict[str, Any]) -> Recipe:
    return Recipe(**values)


def _check_engines(engines: object) -> None:
    if engines is None:
        return
    if not isinstance(engines, Mapping):
        raise RecipeError(f"engines must map package names to versions; found {engines!r}.")
    for name, wanted in engines.items():
        installed = installed_engines().get(str(name))
        if installed is None:
            raise RecipeError(f"engines.{name} is not a package that decides a row; known are {', '.join(ENGINES)}.")
        if installed != str(wanted):
            raise RecipeError(
                f"engines.{name} must be {wanted} as the recipe says; found {installed}. "
                f"Install {name}=={wanted}, or leave `engines` out to build with what is installed."
            )


def _only_known(cls: type[Any], values: object, where: str) -> dict[str, Any]:
    if not isinstance(values, Mapping):
        raise RecipeError(f"{where} must hold keys and values; found {values!r}.")
    known = [f.name for f in fields(cls)]
    for key in values:
        if key not in known:
            raise RecipeError(f"{where} has no key {key!r}; known are {', '.join(known)}.")
    return dict(values)


def _ranges(given: object) -> dict[str, Mapping[str, tuple[float, float]]]:
    ranges: dict[str, Mapping[str, tuple[float, float]]] = {}
    if not isinstance(given, Mapping):
        raise RecipeError(f"distortion.ranges must map operations to parameters; found {given!r}.")
    for op, params in given.items():
        if not isinstance(params, Mapping):
            raise RecipeError(f"distortion.ranges.{op} must map parameters to [low, high]; found {params!r}.")
        checked = {}
        for name, bounds in params.items():
            if not isinstance(bounds, list | tuple) or len(bounds) != 2 or not all(map(_is_number, bounds)):
                raise RecipeError(f"distortion.ranges.{op}.{name} must be [low, high]; found {bounds!r}.")
            low, high = float(bounds[0]), float(bounds[1])
            if not low <= high:
                raise RecipeError(f"distortion.ranges.{op}.{name} must rise; found [{low:g}, {high:g}]. Swap the two.")
            checked[str(name)] = (low, high)
        ranges[str(op)] = MappingProxyType(checked)
    return ranges


def _percentiles(given: object) -> tuple[float, ...]:
    if not isinstance(given, list | tuple) or not all(map(_is_number, given)) or len(given) not in (0, PERCENTILES):
        raise RecipeError(f"selection.quantiles must be {PERCENTILES} numbers; found {given!r:.80}. Leave them out.")
    values = tuple(float(value) for value in given)
    if any(low > high for low, high in pairwise(values)):
        raise RecipeError("selection.quantiles must rise; found a fall. Leave them out, and a build measures them.")
    return values


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


_WHERE = {"RenderStyle": "style.", "Caps": "caps."}


def _whole(part: object, name: str, low: int, high: int) -> None:
    value = getattr(part, name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        where = _WHERE.get(type(part).__name__, "")
        raise RecipeError(f"{where}{name} must be a whole number from {low} to {high}; found {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _percent_hint(value: object) -> str:
    if not _is_number(value) or not isinstance(value, int | float) or not 1 < value <= 100:
        return ""
    words = {25: "twenty-five", 50: "fifty", 75: "seventy-five", 100: "a hundred"}
    spoken = words.get(int(value), f"{value:g}") if value == int(value) else f"{value:g}"
    return f" Write {value / 100:g} for {spoken} percent."
