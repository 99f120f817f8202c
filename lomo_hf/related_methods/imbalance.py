"""Text-vision reasoning imbalance: LoMo splits in the training recipes of Yao et al., as rows.

Source: Yao et al., "Rethinking the Text-Vision Reasoning Imbalance in MLLMs through the Lens of Training Recipes",
arXiv 2510.22836. Their two conditions, in terms of a rewritten row:

    full-text   images, then the whole prompt as text: what the pages say is also in the text
    no-text     the rewritten prompt T(x): what the pages say is in the pages alone

    mix         every row in both conditions, in an order drawn from the seed
    curriculum  all rows in full-text, then all in no-text: two stages

Both conditions hold as many `<image>` as there are images. The module `verl` writes the files that their fork of verl
trains from.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from lomo_hf.errors import RecipeError
from lomo_hf.randomness import uniform
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.row import IMAGE_PLACEHOLDER, SHAREGPT_ROLES, Row

__all__ = ["CONDITIONS", "curriculum", "mixed", "prompt_in", "view"]


def _full_text(exchange: Exchange) -> str:
    return IMAGE_PLACEHOLDER * len(exchange.images) + exchange.full


def _no_text(exchange: Exchange) -> str:
    return exchange.rewritten


CONDITIONS: Mapping[str, Callable[[Exchange], str]] = MappingProxyType({"full-text": _full_text, "no-text": _no_text})
"""Name -> the prompt of an exchange in that condition."""


def prompt_in(condition: str, exchange: Exchange) -> str:
    """The prompt of an exchange in a condition.

    Raises:
        RecipeError: There is no such condition.
    """
    if condition not in CONDITIONS:
        raise RecipeError(f"condition must be one of {', '.join(CONDITIONS)}; found {condition!r}.")
    return CONDITIONS[condition](exchange)


def view(rows: Iterable[Row], condition: str) -> Iterator[dict[str, object]]:
    """The rewritten rows of a split in one condition; others are passed over.

    Args:
        rows: Stored rows, images undecoded.
        condition: "full-text" or "no-text".

    Yields:
        id, condition, conversations and images.

    Raises:
        RecipeError: There is no such condition, or the images are decoded.

    Source:
        Yao et al., arXiv 2510.22836.

    Example:
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
        >>> next(view([row], "full-text"))["conversations"][0]["value"].startswith("<image>")
        True
    """
    if condition not in CONDITIONS:
        raise RecipeError(f"condition must be one of {', '.join(CONDITIONS)}; found {condition!r}.")
    for row in rows:
        exchange = exchange_of(row)
        if exchange is not None:
            yield _viewed(row, exchange, condition)


def mixed(rows: Iterable[Row], seed: int = 0) -> Iterator[dict[str, object]]:
    """Both conditions of every rewritten row, one after the other in a drawn order; shuffle the whole when training.

    Args:
        rows: Stored rows, images undecoded.
        seed: Of the order.

    Yields:
        As `view`.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836: mixing both conditions.

    Example:
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
        >>> sorted(shown["condition"] for shown in mixed([row]))
        ['full-text', 'no-text']
    """
    for row in rows:
        exchange = exchange_of(row)
        if exchange is not None:
            order = ("full-text", "no-text")
            for condition in order if uniform(seed, row["id"], "imbalance") < 0.5 else order[::-1]:
                yield _viewed(row, exchange, condition)


def curriculum(rows: Callable[[], Iterable[Row]]) -> tuple[Iterator[dict[str, object]], Iterator[dict[str, object]]]:
    """The two stages: full-text, and no-text to go on with.

    Args:
        rows: Starts over the stored rows each time it is called.

    Returns:
        The rows of each stage, as `view` gives them.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836: no-text training from a full-text checkpoint.

    Example:
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
        >>> [next(stage)["condition"] for stage in curriculum(lambda: [row])]
        ['full-text', 'no-text']
    """
    return view(rows(), "full-text"), view(rows(), "no-text")


def _viewed(row: Row, exchange: Exchange, condition: str) -> dict[str, object]:
    turns = [*exchange.before, ("user", prompt_in(condition, exchange)), ("assistant", exchange.answer)]
    return {
        "id": f"{row['id']}#{condition}",
        "condition": condition,
        "conversations": [{"from": SHAREGPT_ROLES[role], "value": text} for role, text in turns],
        "images": [{"bytes": image, "path": None} for image in exchange.images],
    }
