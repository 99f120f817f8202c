"""Files for the fork of verl that Yao et al. train with: Parquet with `prompt`, `images` and `reward_model`.

    full-text/train.parquet      their dapo_full-text.sh
    no-text/train.parquet        their dapo_no-text.sh; after a full-text checkpoint, their dapo-curriculum.sh
    both of them                 their dapo-mix.sh
    contrastive/train.parquet    their dapo_kl.sh: `prompt` full-text and `contrastive_prompt` no-text

Their reward is 0.9 for the right answer and 0.1 for the form `<think>..</think>..\\boxed{}`, and the contrastive loss,
L = L_DAPO + 0.01 KL(no-text || stop-gradient(full-text)), counts only the tokens of answers whose reward is exactly 1:
right *and* well-formed. So the instruction asks for both.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lomo_hf.related_methods.final_answer import final_answer
from lomo_hf.related_methods.imbalance import prompt_in
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.row import Row
from lomo_hf.storage import Folder
from lomo_hf.storage.plain_parquet import IMAGE, write_plain_parquet

__all__ = [
    "VERL_INSTRUCTION",
    "VerlReport",
    "contrastive_pair",
    "contrastive_pairs",
    "verl_rows",
    "write_contrastive",
    "write_verl",
]

VERL_INSTRUCTION: Final = (
    "First reason step by step between <think> and </think>. After that, put the final answer in \\boxed{}."
)
"""Asks for what the reward looks at: the tags of thought, and a box after them."""

_TURN: Final = {"role": "string", "content": "string"}
_COLUMNS: Final = {
    "data_source": "string",
    "prompt": [_TURN],
    "images": [IMAGE],
    "ability": "string",
    "reward_model": {"style": "string", "ground_truth": "string"},
    "extra_info": {"split": "string", "index": "int64", "id": "string", "answer": "string"},
}
_CONTRASTIVE_COLUMNS: Final = {**_COLUMNS, "contrastive_prompt": [_TURN], "is_contrastive": "bool"}


@dataclass(frozen=True)
class VerlReport:
    """What `write_verl` wrote.

    Args:
        files: What to train -> the files that it takes, in order: full-text, no-text, mix, curriculum, contrastive.
        rows: In each file.
        left_out: Reason -> rows that are in none.

    Source:
        Yao et al., arXiv 2510.22836.

    Example:
        >>> VerlReport({"mix": (Path("full-text/train.parquet"), Path("no-text/train.parquet"))}, 7, {}).rows
        7
    """

    files: Mapping[str, tuple[Path, ...]]
    rows: int
    left_out: Mapping[str, int]


def write_verl(
    rows: Callable[[], Iterable[Row]],
    out: str | Path,
    *,
    instruction: str = VERL_INSTRUCTION,
    split: str = "train",
) -> VerlReport:
    """Write the files of all four recipes and of the contrastive loss; each streams.

    Rows without a page, or without a final answer that a rule can check, are left out of all.

    Args:
        rows: Starts over the stored rows (images undecoded) each time it is called.
        out: The folder: their `data/`.
        instruction: Appended to every prompt on a line of its own.
        split: The name of the files, and in `extra_info`: "train" or "test".

    Returns:
        The files by what is trained from them.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836, and the scripts of their repository.

    Example:
        >>> import tempfile
        >>> from lomo_hf import Recipe, substitute_row
        >>> from lomo_hf.corpus import to_conversation
        >>> source = {"prompt": "What is $1+1$?", "answer": "It is $\\\\boxed{2}$."}
        >>> row = substitute_row(to_conversation(source, config="demo", index=0), Recipe("all", ratio=1.0))
        >>> report = write_verl(lambda: [row], tempfile.mkdtemp())
        >>> report.rows, [path.parent.name for path in report.files["mix"]]
        (1, ['full-text', 'no-text'])
    """
    folder, left_out, count = Folder(out, make=True), Counter[str](), 0
    places = {name: folder / name / f"{split}.parquet" for name in ("full-text", "no-text", "contrastive")}
    for condition in ("full-text", "no-text"):
        views = verl_rows(rows(), condition, instruction=instruction, split=split)
        count = write_plain_parquet(views, places[condition], _COLUMNS)
    pairs = contrastive_pairs(rows(), instruction=instruction, split=split, left_out=left_out)
    write_plain_parquet(pairs, places["contrastive"], _CONTRASTIVE_COLUMNS)
    paths = {name: Path(out) / place.inside for name, place in places.items()}
    both = (paths["full-text"], paths["no-text"])
    files = {
        "full-text": (paths["full-text"],),
        "no-text": (paths["no-text"],),
        "mix": both,
        "curriculum": both,
        "contrastive": (paths["contrastive"],),
    }
    return VerlReport(files, count, dict(left_out))


def verl_rows(
    rows: Iterable[Row], condition: str, *, instruction: str = VERL_INSTRUCTION, split: str = "train"
) -> Iterator[dict[str, object]]:
    """Rows of one condition in the columns that verl reads; rows without a page or a final answer are passed over.

    Args:
        rows: Stored rows, images undecoded.
        condition: "full-text" or "no-text".
        instruction: Appended to the prompt on a line of its own.
        split: For `extra_info`.

    Yields:
        data_source, prompt, images, ability, reward_model and extra_info.

    Raises:
        RecipeError: There is no such condition, or the images are decoded.

    Source:
        Yao et al., arXiv 2510.22836.

    Example:
        >>> list(verl_rows([], "no-text"))
        []
    """
    index = 0
    for row in rows:
        checked = _checked(row)
        if checked is not None:
            exchange, truth = checked
            prompt = _prompt(exchange, condition, instruction)
            yield {"prompt": prompt, **_shared(row, exchange, truth, split, index)}
            index += 1


def contrastive_pair(
    row: Row, *, instruction: str = VERL_INSTRUCTION, index: int = 0, split: str = "train"
) -> dict[str, object] | None:
    """Both conditions of a row as one: what the contrastive loss reads.

    Args:
        row: A stored row, images undecoded.
        instruction: Appended to both prompts on a line of its own.
        index: For `extra_info`.
        split: For `extra_info`.

    Returns:
        The row that the fork reads; None where the row stayed text or its answer has no final answer to check.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836: the contrastive KL.

    Example:
        >>> from lomo_hf import Recipe, substitute_row
        >>> from lomo_hf.corpus import to_conversation
        >>> source = {"prompt": "What is $1+1$?", "answer": "It is $\\\\boxed{2}$."}
        >>> row = substitute_row(to_conversation(source, config="demo", index=0), Recipe("all", ratio=1.0))
        >>> pair = contrastive_pair(row, instruction="")
        >>> pair["prompt"][0]["content"], pair["contrastive_prompt"][0]["content"]
        ('<image>What is $1+1$?', '<image>')
        >>> pair["reward_model"]["ground_truth"]
        '2'
    """
    checked = _checked(row)
    if checked is None:
        return None
    exchange, truth = checked
    return {
        "prompt": _prompt(exchange, "full-text", instruction),
        "contrastive_prompt": _prompt(exchange, "no-text", instruction),
        "is_contrastive": True,
        **_shared(row, exchange, truth, split, index),
    }


def contrastive_pairs(
    rows: Iterable[Row],
    *,
    instruction: str = VERL_INSTRUCTION,
    split: str = "train",
    left_out: Counter[str] | None = None,
) -> Iterator[dict[str, object]]:
    """The pairs of a split, numbered.

    Args:
        rows: Stored rows, images undecoded.
        instruction: As for `contrastive_pair`.
        split: As for `contrastive_pair`.
        left_out: Where it is given, rows without a pair are counted in it by reason.

    Yields:
        As `contrastive_pair`.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836: the contrastive KL.

    Example:
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("none", ratio=0.0))
        >>> reasons = Counter()
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
    rows: Iterable[Row], path: str | Path, *, instruction: str = VERL_INSTRUCTION, split: str = "train"
) -> tuple[int, dict[str, int]]:
    """Write the pairs of a split alone, as one Parquet file.

    Args:
        rows: Stored rows, images undecoded; read once.
        path: The file.
        instruction: As for `contrastive_pair`.
        split: As for `contrastive_pair`.

    Returns:
        How many pairs were written, and reason -> rows left out.

    Raises:
        RecipeError: The images are decoded.

    Source:
        Yao et al., arXiv 2510.22836: the contrastive KL.

    Example:
        >>> import tempfile
        >>> from lomo_hf import Recipe, open_corpus, substitute_row
        >>> row = substitute_row(next(open_corpus().conversations(0, 1)), Recipe("none", ratio=0.0))
        >>> write_contrastive([row], Path(tempfile.mkdtemp()) / "train.parquet")
        (0, {'no-page': 1})
    """
    left_out: Counter[str] = Counter()
    pairs = contrastive_pairs(rows, instruction=instruction, split=split, left_out=left_out)
    return write_plain_parquet(pairs, path, _CONTRASTIVE_COLUMNS), dict(left_out)


def _checked(row: Row) -> tuple[Exchange, str] | None:
    """The exchange of a row and the final answer that a rule can check; None where either is missing."""
    exchange = exchange_of(row)
    truth = final_answer(exchange.answer) if exchange else None
    return None if exchange is None or truth is None else (exchange, truth)


def _prompt(exchange: Exchange, condition: str, instruction: str) -> Sequence[Mapping[str, str]]:
    words = prompt_in(condition, exchange) + ("\n" + instruction if instruction else "")
    return [*({"role": role, "content": text} for role, text in exchange.before), {"role": "user", "content": words}]


def _shared(row: Row, exchange: Exchange, truth: str, split: str, index: int) -> dict[str, object]:
    return {
        "data_source": row["source_config"] or "lomo",
        "images": [{"bytes": image, "path": None} for image in exchange.images],
        "ability": "math",
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": {"split": split, "index": index, "id": row["id"], "answer": exchange.answer},
    }
