"""Text-vision reasoning imbalance: LoMo splits in the training recipes of Yao et al., and as their contrastive pairs.

Source: Yao et al., "Rethinking the Text-Vision Reasoning Imbalance in MLLMs through the Lens of Training Recipes",
arXiv 2510.22836; the row is what its fork of verl reads (`prompt`, `contrastive_prompt`, `images`, `reward_model`).
Their two conditions, in terms of a rewritten row:

    full-text   images, then the whole prompt as text: what the pages say is also in the text
    no-text     the rewritten prompt T(x): what the pages say is in the pages alone

    mix         every row in both conditions, in an order drawn from the seed
    curriculum  all rows in full-text, then all in no-text: two stages

Both conditions hold as many `<image>` as there are images. The contrastive loss pulls the no-text answer to the
full-text one, L = L_DAPO + 0.01 KL(no-text || stop-gradient(full-text)), over the tokens of right answers.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from lomo_hf.errors import RecipeError
from lomo_hf.randomness import uniform
from lomo_hf.related_methods.final_answer import final_answer
from lomo_hf.related_methods.plain_parquet import IMAGE, write_plain_parquet
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.row import IMAGE_PLACEHOLDER
from lomo_hf.substitution import Row

__all__ = ["CONDITIONS", "contrastive_pair", "contrastive_pairs", "curriculum", "mixed", "view", "write_contrastive"]


def _full_text(found: Exchange) -> str:
    return IMAGE_PLACEHOLDER * len(found.images) + found.full


def _no_text(found: Exchange) -> str:
    return found.rewritten


_TURN = {"role": "string", "content": "string"}
_COLUMNS = {
    "data_source": "string",
    "prompt": [_TURN],
    "contrastive_prompt": [_TURN],
    "images": [IMAGE],
    "ability": "string",
    "reward_model": {"style": "string", "ground_truth": "string"},
    "extra_info": {"split": "string", "index": "int64", "id": "string", "answer": "string"},
    "is_contrastive": "bool",
}

CONDITIONS: dict[str, Callable[[Exchange], str]] = {"full-text": _full_text, "no-text": _no_text}


def view(rows: Iterable[Row], condition: str) -> Iterator[dict[str, Any]]:
    """The rewritten rows of a split in one condition: id, condition, conversations, images. Others are passed over.

    Raises:
        RecipeError: There is no such condition.

    >>> from lomo_hf import Recipe, open_corpus, substitute_row
    >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("all", ratio=1.0))
    >>> next(view([row], "full-text"))["conversations"][0]["value"].startswith("<image>")
    True
    """
    if condition not in CONDITIONS:
        raise RecipeError(f"condition must be one of {', '.join(CONDITIONS)}; found {condition!r}.")
    for row in rows:
        found = exchange_of(row)
        if found is not None:
            yield _viewed(row, found, condition)


def mixed(rows: Iterable[Row], seed: int = 0) -> Iterator[dict[str, Any]]:
    """Both conditions of every rewritten row, neighbours in a drawn order; shuffle the whole when training."""
    for row in rows:
        found = exchange_of(row)
        if found is not None:
            order = ("full-text", "no-text")
            for condition in order if uniform(seed, row["id"], "imbalance") < 0.5 else order[::-1]:
                yield _viewed(row, found, condition)


def curriculum(rows: Callable[[], Iterable[Row]]) -> tuple[Iterator[dict[str, Any]], Iterator[dict[str, Any]]]:
    """The two stages: full-text, and no-text to go on with. `rows` starts over each time it is called."""
    return view(rows(), "full-text"), view(rows(), "no-text")


def contrastive_pair(
    row: Row, *, instruction: str = "", index: int = 0, split: str = "train"
) -> dict[str, Any] | None:
    """The row that the fork reads; None where the row stayed text or its answer has no final answer to check.

    `instruction` is appended to both prompts on a line of its own, such as how to mark the final answer.

    >>> from lomo_hf import Recipe, substitute_row
    >>> from lomo_hf.corpus import to_conversation
    >>> said = {"prompt": "What is $1+1$?", "answer": "It is $\\\\boxed{2}$."}
    >>> row = substitute_row(to_conversation(said, config="demo", index=0), Recipe("all", ratio=1.0))
    >>> pair = contrastive_pair(row)
    >>> pair["prompt"][0]["content"], pair["contrastive_prompt"][0]["content"], pair["reward_model"]["ground_truth"]
    ('<image>What is $1+1$?', '<image>', '2')
    """
    found = exchange_of(row)
    truth = final_answer(found.answer) if found else None
    if found is None or truth is None:
        return None
    tail = "\n" + instruction if instruction else ""
    prompts = {name: write(found) + tail for name, write in CONDITIONS.items()}
    before = [{"role": role, "content": text} for role, text in found.before]
    return {
        "data_source": row["source_config"] or "lomo",
        "prompt": [*before, {"role": "user", "content": prompts["full-text"]}],
        "contrastive_prompt": [*before, {"role": "user", "content": prompts["no-text"]}],
        "images": [{"bytes": image, "path": None} for image in found.images],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {"split": split, "index": index, "id": row["id"], "answer": found.answer},
        "is_contrastive": True,
    }


def contrastive_pairs(
    rows: Iterable[Row], *, instruction: str = "", split: str = "train", left_out: Counter[str] | None = None
) -> Iterator[dict[str, Any]]:
    """The pairs of a split, numbered. Rows without one are counted in `left_out` by reason, where it is given.

    >>> from lomo_hf import Recipe, open_corpus, substitute_row
    >>> row, reasons = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("none", ratio=0.0)), Counter()
    >>> list(contrastive_pairs([row], left_out=reasons)), dict(reasons)
    ([], {'no-page': 1})
    """
    index = 0
    for row in rows:
        pair = contrastive_pair(row, instruction=instruction, index=index, split=split)
        if pair is not None:
            yield pair
            index += 1
        elif left_out is not None:
            left_out["no-final-answer" if row["rewritten"] else "no-page"] += 1


def write_contrastive(
    rows: Iterable[Row], path: str | Path, *, instruction: str = "", split: str = "train"
) -> tuple[int, dict[str, int]]:
    """Write the pairs of stored rows (images undecoded) as the Parquet file that the fork trains from.

    Returns how many pairs were written, and how many rows were left out by reason.

    >>> import tempfile
    >>> from lomo_hf import Recipe, open_corpus, substitute_row
    >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("none", ratio=0.0))
    >>> write_contrastive([row], Path(tempfile.mkdtemp()) / "train.parquet")
    (0, {'no-page': 1})
    """
    left_out: Counter[str] = Counter()
    pairs = contrastive_pairs(rows, instruction=instruction, split=split, left_out=left_out)
    return write_plain_parquet(pairs, path, _COLUMNS), dict(left_out)


def _viewed(row: Row, found: Exchange, condition: str) -> dict[str, Any]:
    turns = [*found.before, ("user", CONDITIONS[condition](found)), ("assistant", found.answer)]
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return {
        "id": f"{row['id']}#{condition}",
        "condition": condition,
        "conversations": [{"from": names[role], "value": text} for role, text in turns],
        "images": [{"bytes": image, "path": None} for image in found.images],
    }
