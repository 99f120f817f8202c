"""Agreement of carriers of a `transformers` model over a built dataset, in batches. Needs the extra `[eval]`.

Each rewritten row is read twice, with the prompt as it was and with its pages, and the answer that both have in common
is not generated but looked up: one pass forward for each side.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

from lomo_hf.errors import LomoError, RecipeError
from lomo_hf.evaluation.agreement.measures import RowAgreement
from lomo_hf.related_methods.stored import Exchange, exchange_of
from lomo_hf.row import IMAGE_PLACEHOLDER, Row

__all__ = ["carrier_agreement"]

Message = dict[str, object]


def carrier_agreement(
    model: Any,
    processor: Any,
    rows: Iterable[Row],
    *,
    batch_size: int = 8,
    max_answer_tokens: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[RowAgreement]:
    """log p(a|x), log p(a|T(x)) and the divergence along a, for every rewritten row of a dataset.

    Rows that stayed text are passed over. Prompts are those of the processor's chat template; the answer is the turn
    that follows the rewritten one. Both sides of a row are of the same batch size and precision, so that what differs
    is the carrier.

    Args:
        model: An image-text-to-text model of `transformers`, on the device where it is to run.
        processor: Its processor, with a chat template.
        rows: Rows of a LoMo dataset with images undecoded (`List(Image(decode=False))`).
        batch_size: Rows at once. 1 for models whose images cannot be put together.
        max_answer_tokens: Only the first tokens of longer answers; None takes all.
        progress: Called after each batch with the number of rows so far.

    Yields:
        One for each rewritten row, in order.

    Raises:
        LomoError: torch is not installed.
        RecipeError: The images are decoded, the processor has no chat template, or images of a batch do not fit.

    Source:
        LoMo, equations 4 to 6.

    Example:
        With the extra: `list(carrier_agreement(model, processor, rows, batch_size=4))`.
    """
    try:
        import torch
    except ImportError as error:
        raise LomoError(
            "agreement of carriers needs torch and transformers. Install them: pip install 'lomo-hf[eval]'."
        ) from error
    if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
        raise RecipeError(f"batch_size must be a whole number of 1 or more; found {batch_size!r}.")
    was_training, done = model.training, 0
    model.eval()
    try:
        with torch.no_grad():
            questions = _questions(rows)
            while batch := list(islice(questions, batch_size)):
                yield from _agreements(torch, model, processor, batch, max_answer_tokens)
                done += len(batch)
                if progress is not None:
                    progress(done)
    finally:
        model.train(was_training)


@dataclass(frozen=True)
class _Question:
    """A rewritten row as two prompts of one answer."""

    id: str
    text: Sequence[Message]
    page: Sequence[Message]
    images: Sequence[bytes]
    answer: str


def _questions(rows: Iterable[Row]) -> Iterator[_Question]:
    for row in rows:
        exchange = exchange_of(row)
        if exchange is not None:
            before = [_message(role, [text]) for role, text in exchange.before]
            text = _message("user", [exchange.full])
            page = _message("user", exchange.rewritten.split(IMAGE_PLACEHOLDER))
            _check_images(row["id"], exchange)
            yield _Question(row["id"], [*before, text], [*before, page], exchange.images, exchange.answer)


def _check_images(name: str, exchange: Exchange) -> None:
    if exchange.rewritten.count(IMAGE_PLACEHOLDER) != len(exchange.images):
        raise RecipeError(f"{name!r} has {len(exchange.images)} pages and another number of places for them.")


def _message(role: str, texts: Sequence[str]) -> Message:
    """A turn of parts: between texts stands an image."""
    content: list[dict[str, str]] = []
    for index, text in enumerate(texts):
        if index:
            content.append({"type": "image"})
        if text:
            content.append({"type": "text", "text": text})
    return {"role": role, "content": content}


def _agreements(
    torch: Any, model: Any, processor: Any, batch: Sequence[_Question], most: int | None
) -> Iterator[RowAgreement]:
    answers = [_answer_ids(processor, question, most) for question in batch]
    sides = []
    for carrier in ("text", "page"):
        encoded = [_encoded(processor, question, carrier) for question in batch]
        sides.append(_answer_scores(torch, model, _joined(torch, encoded, answers, processor), answers))
    for question, ids, text, page in zip(batch, answers, *sides, strict=True):
        chosen = torch.tensor(ids, device=text.device)[:, None]
        log_text, log_page = (scores.float().log_softmax(dim=1) for scores in (text, page))
        divergence = (log_text.exp() * (log_text - log_page)).sum(dim=1).clamp(min=0).double().sum()
        sums = [scores.gather(1, chosen).double().sum().item() for scores in (log_text, log_page)]
        yield RowAgreement(question.id, len(ids), sums[0], sums[1], divergence.item())


def _answer_ids(processor: Any, question: _Question, most: int | None) -> list[int]:
    ids: list[int] = list(processor.tokenizer(question.answer, add_special_tokens=False)["input_ids"])[:most]
    if not ids:
        raise RecipeError(f"the answer of {question.id!r} has no tokens.")
    return ids


def _encoded(processor: Any, question: _Question, carrier: str) -> Mapping[str, Any]:
    """The prompt of one side as the processor gives it, (1, n), ready for the answer."""
    from PIL import Image

    messages = question.text if carrier == "text" else question.page
    try:
        prompt = processor.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)
    except ValueError as error:
        raise RecipeError(
            f"the processor has no chat template ({error}). Give one: processor.chat_template."
        ) from error
    images = [Image.open(BytesIO(data)).convert("RGB") for data in question.images] if carrier == "page" else None
    encoded: Mapping[str, Any] = processor(text=[prompt], images=images, return_tensors="pt")
    return encoded


def _joined(
    torch: Any, encoded: Sequence[Mapping[str, Any]], answers: Sequence[Sequence[int]], processor: Any
) -> dict[str, Any]:
    """Prompts and answers of a batch, filled up on the left, so that all answers end at the last position."""
    lengths = [prompt["input_ids"].shape[1] + len(ids) for prompt, ids in zip(encoded, answers, strict=True)]
    longest = max(lengths)
    filler = processor.tokenizer.pad_token_id or 0
    ids = torch.full((len(encoded), longest), filler)
    alive = torch.zeros((len(encoded), longest), dtype=torch.long)
    beside: dict[str, Any] = {}
    for at, (prompt, answer) in enumerate(zip(encoded, answers, strict=True)):
        ids[at, longest - lengths[at] :] = torch.cat([prompt["input_ids"][0], torch.tensor(answer)])
        alive[at, longest - lengths[at] :] = 1
        for name, value in prompt.items():
            if name in ("input_ids", "attention_mask"):
                continue
            if tuple(value.shape) == tuple(prompt["input_ids"].shape):  # a number for each token, 0 for text
                marks = beside.setdefault(name, torch.zeros_like(ids, dtype=value.dtype))
                marks[at, longest - lengths[at] : longest - len(answer)] = value[0]
            else:
                beside.setdefault(name, []).append(value)
    return {"input_ids": ids, "attention_mask": alive} | {
        name: _put_together(torch, name, value) if isinstance(value, list) else value for name, value in beside.items()
    }


def _put_together(torch: Any, name: str, values: list[Any]) -> Any:
    try:
        return torch.cat(values)
    except RuntimeError as error:
        raise RecipeError(f"{name} of a batch cannot be put together ({error}). Use batch_size=1.") from error


def _answer_scores(torch: Any, model: Any, inputs: Mapping[str, Any], answers: Sequence[Sequence[int]]) -> list[Any]:
    """The logits that each answer's tokens are predicted from, [(n, vocabulary)]."""
    device = next(model.parameters()).device
    kept = max(map(len, answers)) + 1
    options: dict[str, object] = {"use_cache": False}
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        options["logits_to_keep"] = kept  # of the prompt's tokens they would fill the memory
    given = {name: value.to(device) for name, value in inputs.items()}
    logits = model(**given, **options, return_dict=True).logits
    return [scores[-len(ids) - 1 : -1] for scores, ids in zip(logits, answers, strict=True)]
