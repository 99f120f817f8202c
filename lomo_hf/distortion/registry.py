"""Every operation, one line each. A new distortion is one pure function and one entry here.

An entry names the operation and its group, says in a line what it looks like, holds the function and, for each of its
parameters, the range at each strength and the range that is allowed at all. On 50 pages of English and Chinese prose
at 20 pixels, the mild ranges cost an OCR engine (PP-OCRv6) less than one point of character error over the clean page,
the hard ones less than five. Turned pages are the exception: from 10 degrees on the engine misses a line here and
there (up to 4 points in one sample of Chinese), though the same pictures, turned back, read as the clean ones do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lomo_hf.distortion.blur import box_blur, gaussian_blur, motion_blur
from lomo_hf.distortion.fields import Page
from lomo_hf.distortion.geometry import fold, limit_rotation, rotate, wave
from lomo_hf.distortion.light import edge_shadow, stain
from lomo_hf.distortion.parameters import RISING, STRENGTHS, Bounds, Choice, Parameter, Range, Seed, Value, Whole

__all__ = ["GROUPS", "OPERATIONS", "WEIGHED", "Operation", "operations"]


# What must give way where a page would grow beyond its limit: (shape, params, max_pixels) -> params.
Limit = Callable[[tuple[int, int], dict[str, Value], int], dict[str, Value]]


@dataclass(frozen=True)
class Operation:
    """One distortion.

    Attributes:
        name: As records and ranges call it.
        group: Which of the paper's five it belongs to.
        looks: What it makes a page look like, in a few words.
        pixels: (page, then each parameter by name) -> page; grey levels, uint8, (height, width).
        parameters: Name -> what is drawn, and from which range at each strength.
        limit: What gives way where a page would grow beyond its limit of pixels.
        lessened: The parameter that `limit` may bring nearer to 0.
        plain: Lines of text still lie level, on paper of which much is white; decides how the page is packed.
    """

    name: str
    group: str
    looks: str
    pixels: Callable[..., Page]
    parameters: Mapping[str, Parameter]
    limit: Limit | None = None
    lessened: str | None = None
    plain: bool = True

    @property
    def ranges(self) -> dict[str, dict[str, Bounds]]:
        """Strength -> parameter -> range, for the parameters that have one; of "rising", all it passes through."""
        ranged = {name: p.presets for name, p in self.parameters.items() if p.presets}
        passed = {
            name: (min(low for low, _ in presets.values()), max(high for _, high in presets.values()))
            for name, presets in ranged.items()
        }
        named = {strength: {name: p[strength] for name, p in ranged.items()} for strength in STRENGTHS}
        return {**named, RISING: passed}


def _clean(page: Page) -> Page:
    return page.copy()


_LINES = (
    Operation("clean", "clean", "as rendered", _clean, {}),
    Operation("rotate_small", "rotate", "a page laid down not quite straight", rotate, {
        "degrees": Range((1, 5), (4, 8), (0, 15), signed=True),
    }, limit_rotation, "degrees", plain=False),
    Operation("rotate_large", "rotate", "a page photographed at an angle", rotate, {
        "degrees": Range((8, 25), (25, 40), (0, 180), signed=True),
    }, limit_rotation, "degrees", plain=False),
    Operation("gaussian_blur", "blur", "a lens slightly out of focus", gaussian_blur, {
        "sigma": Range((0.5, 1.2), (1.2, 2.0), (0.1, 8)),
    }),
    Operation("box_blur", "blur", "a coarse scan", box_blur, {"size": Whole((2, 3), (4, 4), (2, 15))}),
    Operation("motion_blur", "blur", "a hand that moved", motion_blur, {
        "length": Range((2, 4), (4, 5), (1, 10)),  # beyond, OpenCV filters by Fourier transform, not exactly
        "angle": Range((0, 180), (0, 180), (0, 180)),
    }),
    Operation("edge_shadow", "shadow_or_stain", "a book's gutter, or the shadow of a phone", edge_shadow, {
        "side": Choice(("left", "right", "top", "bottom")),
        "strength": Range((0.15, 0.5), (0.5, 0.7), (0, 0.95)),
        "width": Range((0.2, 0.6), (0.3, 0.7), (0.02, 2)),
        "softness": Range((0.4, 1), (0.3, 1), (0.05, 1)),
        "tilt": Range((-0.25, 0.25), (-0.35, 0.35), (-1, 1)),
    }),
    Operation("stain", "shadow_or_stain", "a dried tea ring or blotch with a darker rim", stain, {
        "x": Range((0.1, 0.9), (0.1, 0.9), (0, 1)),
        "y": Range((0.1, 0.9), (0.1, 0.9), (0, 1)),
        "radius": Range((0.15, 0.4), (0.2, 0.5), (0.02, 2)),
        "strength": Range((0.15, 0.45), (0.45, 0.7), (0, 0.95)),
        "fill": Range((0.15, 0.7), (0.3, 0.8), (0, 1)),
        "texture_seed": Seed(),
    }),
    Operation("wave", "wave", "paper that curls", wave, {
        "amplitude": Range((1.5, 4), (4, 6), (0, 12)),
        "cell": Range((90, 200), (90, 200), (60, 1000)),
        "shade_depth": Range((0.04, 0.14), (0.1, 0.25), (0, 0.9)),
        "texture_seed": Seed(),
    }, plain=False),
    Operation("fold", "wave", "paper that was folded, with its creases", fold, {
        "amplitude": Range((1.5, 4), (4, 6), (0, 10)),
        "creases": Whole((1, 2), (1, 3), (1, 3)),
        "direction": Choice(("upright", "level")),
        "position": Range((0.3, 0.7), (0.3, 0.7), (0, 1)),
        "tilt": Range((0.015, 0.05), (0.02, 0.08), (0, 0.3), signed=True),
        "reach": Range((60, 140), (50, 140), (30, 1000)),
        "shade_depth": Range((0.12, 0.3), (0.3, 0.5), (0, 0.9)),
    }, plain=False),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _LINES})
GROUPS: Mapping[str, tuple[Operation, ...]] = MappingProxyType(
    {group: tuple(o for o in _LINES if o.group == group) for group in dict.fromkeys(o.group for o in _LINES)}
)

WEIGHED: Mapping[str, tuple[Operation, ...]] = MappingProxyType(
    {
        **{name: (operation,) for name, operation in OPERATIONS.items()},
        **GROUPS,
        **{
            f"{name}/{name}": (OPERATIONS[name],) for name, group in GROUPS.items() if name in OPERATIONS and group[1:]
        },
    }
)
"""Name in a recipe's mix -> what is drawn. A name of a group and of an operation is the group's; "wave/wave" is the
operation alone. The order decides what a number draws, so names are added at the end."""


def operations() -> tuple[Operation, ...]:
    """All operations in their order, for listings.

    Returns:
        Each operation with its `name`, `group`, `looks`, and `ranges` by strength and parameter.

    Source: paper, section 3: rotate, blur, shadow or stain, wave, clean. Which operations stand for each, and their
    ranges, are ours.

    Example:
        >>> [o.name for o in operations() if o.group == "blur"]
        ['gaussian_blur', 'box_blur', 'motion_blur']
        >>> operations()[3].ranges["mild"]
        {'sigma': (0.5, 1.2)}
    """
    return _LINES
