"""One row for the demo, and its stages made again from what the row records, each with its time.

The row comes from `substitute_row`, in a process of its own under limits, since a visitor's prompt must not cost the
server more than itself. What is shown of each stage is made from the row's record: span, distortion and parameters
give the same pixels again, which the tests compare.
"""

import atexit
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from time import perf_counter
from typing import Final, TypeVar

from lomo_hf.building.workers.isolation import RowGuard
from lomo_hf.building.workers.rows import RowLimits
from lomo_hf.corpus import Conversation, Refusal
from lomo_hf.demo.choices import Choices
from lomo_hf.distortion import Distortion, distort_pages
from lomo_hf.distortion.applying import to_pngs
from lomo_hf.errors import UsageError
from lomo_hf.prepared_recipe import PreparedRecipe
from lomo_hf.recipes import Recipe
from lomo_hf.rendering import Page, render_span
from lomo_hf.rendering.png import to_png
from lomo_hf.row import Row
from lomo_hf.spans import Localization, Span

__all__ = ["LIMITS", "Made", "RowMaker", "Stage", "make"]

LIMITS: Final = RowLimits(cpu_seconds=8, wall_seconds=20.0, memory=2 << 30)
"""What one prompt may take: a thousand times what a usual one does."""

_T = TypeVar("_T")

# Reasons of rows that ended their process: in this one they are not tried again.
_ENDED: Final = ("killed", "time", "memory", "error:")


@dataclass(frozen=True)
class Stage:
    """A stage of the method as it was made again.

    Attributes:
        name: "localize", "render", "distort" or "encode".
        milliseconds: By the clock, of one run after a first one.
    """

    name: str
    milliseconds: float


@dataclass(frozen=True)
class Made:
    """Everything that the page shows.

    Attributes:
        recipe: The recipe as chosen.
        row: The row that the recipe makes where it rewrites the row; see `drawn`.
        prompt: The turn that holds the span, or the first user turn.
        spans: (start, end) of each span, in characters of `prompt`.
        clean: PNG of each page before distortion.
        stages: In their order; empty where there is no page.
        drawn: Whether the recipe rewrites this row at its ratio; the page is shown either way.
    """

    recipe: Recipe
    row: Row
    prompt: str
    spans: tuple[tuple[int, int], ...]
    clean: tuple[bytes, ...]
    stages: tuple[Stage, ...]
    drawn: bool

    @property
    def pages(self) -> tuple[bytes, ...]:
        """PNG of each page as it is stored."""
        return tuple(image["bytes"] for image in self.row["images"] or ())


class RowMaker:
    """Makes rows in a child process under limits, one at a time. Close it, or let it end with the server.

    Args:
        limits: Of time and memory for a row.

    >>> with RowMaker() as maker:
    ...     made = make(Choices("What is 2 + 3?", "5"), maker)
    >>> made.row["rewritten"], [stage.name for stage in made.stages]
    (True, ['localize', 'render', 'distort', 'encode'])
    """

    def __init__(self, limits: RowLimits = LIMITS) -> None:
        self._guard = RowGuard([], limits)
        self._lock = Lock()
        atexit.register(self.close)  # before multiprocessing waits for its children

    def __enter__(self) -> "RowMaker":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def row(self, conversation: Conversation, recipe: Recipe) -> Row | Refusal:
        """What `substitute_row` makes of it, or the row as text where that takes more than the limits."""
        with self._lock:
            return self._guard.rows(conversation, None, [recipe])[0]

    def close(self) -> None:
        """End the child process."""
        with self._lock:
            self._guard.close()
        atexit.unregister(self.close)


def make(choices: Choices, maker: RowMaker) -> Made:
    """The row of what was chosen, rewritten whatever the ratio says, and its stages.

    Args:
        choices: As they came from the browser.
        maker: Where rows are made.

    Returns:
        What the page shows.

    Raises:
        UsageError: What was typed cannot be a row, or what was chosen is no recipe.

    Example:
        >>> with RowMaker() as maker:
        ...     make(Choices("What is 2 + 3?", "5"), maker).spans
        ((0, 14),)
    """
    recipe, conversation = choices.to_recipe(), choices.conversation()
    always = replace(recipe, ratio=1.0)
    row = maker.row(conversation, always)
    if isinstance(row, Refusal):
        raise UsageError(f"the row is refused ({row.reason}): {row.detail}")
    drawn = row["lomo"]["draw"] < recipe.ratio
    if not row["rewritten"]:
        prompt, spans = _would_be(conversation, always, row["lomo"]["reason"] or "")
        return Made(recipe, row, prompt, spans, (), (), drawn)
    turn, record = row["lomo"]["turn"], row["lomo"]["distortion"]
    prompt = conversation.turns[turn].text
    locate = PreparedRecipe.of(always).locate
    located, localize = _timed(lambda: locate(prompt, conversation.answer_of(turn).text))
    spans = tuple((span["start"], span["end"]) for span in row["lomo"]["spans"])
    pages, render = _timed(lambda: [_page(located, span, always) for span in spans])
    distortion = Distortion(record["op"], json.loads(record["params"]))
    pixels = [page.pixels for page in pages]
    distorted, distorting = _timed(lambda: distort_pages(pixels, distortion, max_pixels=always.caps.max_pixels)[0])
    _, encode = _timed(lambda: to_pngs(distorted, distortion))
    times = {"localize": localize, "render": render, "distort": distorting, "encode": encode}
    clean = tuple(to_png(page.pixels) for page in pages)
    return Made(recipe, row, prompt, spans, clean, tuple(Stage(*item) for item in times.items()), drawn)


def _would_be(conversation: Conversation, recipe: Recipe, reason: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The prompt of a row that stayed text, and the spans that could not be rendered where they can be told."""
    prepared = PreparedRecipe.of(recipe)
    turn = prepared.turn(conversation, recipe.seed)
    prompt = conversation.turns[turn].text
    if reason.startswith(_ENDED):
        return prompt, ()
    located = prepared.locate(prompt, conversation.answer_of(turn).text)
    return prompt, tuple((span.start, span.end) for span in located.spans)


def _page(located: Localization, bounds: Sequence[int], recipe: Recipe) -> Page:
    start, end = bounds
    atoms = tuple(atom for atom in located.atoms if start <= atom.start < end)
    return render_span(located.prompt, Span(start, end, atoms), recipe.style, recipe.caps)


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    """A result and the milliseconds of its making; caches are warm, as they are in a build."""
    begun = perf_counter()
    result = work()
    return result, 1000 * (perf_counter() - begun)
