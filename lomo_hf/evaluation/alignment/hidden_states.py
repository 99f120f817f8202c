"""Hidden states of text and image tokens from `transformers` models. Needs the extra `[eval]`: torch, transformers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lomo_hf.errors import LomoError, RecipeError
from lomo_hf.evaluation.alignment.distances import TokenStates
from lomo_hf.evaluation.alignment.layers import attention_share
from lomo_hf.evaluation.alignment.token_masks import TokenMasks, token_masks

__all__ = ["SampleStates", "collect_hidden_states"]

_MARKS = ("vision_start_token_id", "vision_end_token_id", "pad_token_id", "bos_token_id", "eos_token_id")


@dataclass(frozen=True)
class SampleStates:
    """The hidden states of one sequence, float32.

    Args:
        layers: Output of every decoder layer for text and image tokens, (layers, tokens, d); for
            `modality_integration_rate`. The last has passed the final norm, as `transformers` gives it.
        first_attention_text: Output of the first self-attention layer, before it is added to the residual, (n, d).
        first_attention_image: The same for image tokens, (m, d); these two are for `pairwise_distance`.

    Source:
        LoMo, section 4: the output of the first self-attention layer (equation 7) and all layers (MIR).

    Example:
        >>> states = TokenStates(np.zeros((2, 3, 4)), np.zeros((2, 5, 4)))
        >>> SampleStates(states, np.zeros((3, 4)), np.zeros((5, 4))).layers.text.shape
        (2, 3, 4)
    """

    layers: TokenStates
    first_attention_text: NDArray[np.float32]
    first_attention_image: NDArray[np.float32]


def collect_hidden_states(
    model: Any,
    inputs: Mapping[str, Any],
    *,
    image_token_id: int | None = None,
    special_ids: Collection[int] | None = None,
    image: int | None = None,
    within: Sequence[ArrayLike] | None = None,
    attention: object = None,
    attentions: bool = False,
) -> list[SampleStates]:
    """Run the model once, without gradients, and take the hidden states of every sequence of the batch.

    Pairwise distance compares two runs: the text version's `first_attention_text` with the rendered version's
    `first_attention_image` (`image=-1`: its last image is the question page). The integration rate takes the standard
    run of a benchmark with images, or LoMo rows, where both modalities are in one sequence.

    Args:
        model: An image-text-to-text model of `transformers`, such as Qwen2.5-VL or LLaVA.
        inputs: What its processor returns, tensors (batch, n); image placeholders already expanded.
        image_token_id: The id of an image token; by default the model's config says it.
        special_ids: Ids that are neither text nor image; by default those that the config names: padding, beginning
            and end, and the marks around an image. Give `tokenizer.all_special_ids` to leave out turn markers too.
        image: Which image of each sequence counts; None counts all.
        within: For each sequence, which text tokens count, (n,), bool: the question's own (`span_mask`); all by
            default.
        attention: The first self-attention module, where it is not `get_decoder().layers[0].self_attn`.
        attentions: Collect the share of attention on images too: of the text tokens that follow the first image token,
            for those before it cannot look at it. The model must be loaded with `attn_implementation="eager"`.

    Returns:
        One for each sequence, in order.

    Raises:
        LomoError: torch is not installed.
        RecipeError: The model names no image token, its states do not match the tokens one to one, or it gives no
            attention.

    Source:
        LoMo, section 4, for where states are taken.

    Example:
        With the extra: `collect_hidden_states(model, processor(text=..., images=..., return_tensors="pt"))`.
    """
    try:
        import torch
    except ImportError as error:
        raise LomoError(
            "hidden states need torch and transformers. Install them: pip install 'lomo-hf[eval]'."
        ) from error
    token_id = _image_token_id(model) if image_token_id is None else image_token_id
    special = _special_ids(model) if special_ids is None else special_ids
    ids = inputs["input_ids"]
    alive = inputs.get("attention_mask")
    with torch.no_grad(), _evaluating(model), _captured(attention or _first_attention(model)) as seen:
        wanted = {"output_hidden_states": True, "output_attentions": attentions}
        outputs = model(**inputs, **wanted, return_dict=True, use_cache=False)
    layers = outputs.hidden_states[1:]  # the first is the embedding
    for states in (*layers, seen[0]):
        if tuple(states.shape[:2]) != tuple(ids.shape):
            raise RecipeError(
                f"hidden states of shape {tuple(states.shape)} do not match input_ids of shape {tuple(ids.shape)}. "
                "Expand image placeholders in the processor."
            )
    stacked = np.stack([_array(states) for states in layers], axis=1)  # (batch, layers, n, d)
    attended = _array(seen[0])
    weights = _attention_weights(outputs) if attentions else None
    samples = []
    for at in range(len(ids)):
        masks = token_masks(
            ids[at].cpu().numpy(),
            image_token_id=token_id,
            special_ids=special,
            attention_mask=None if alive is None else alive[at].cpu().numpy(),
            image=image,
            within=None if within is None else within[at],
        )
        share = None if weights is None else _share_on_images(weights[at], masks)
        states = TokenStates(stacked[at][:, masks.text], stacked[at][:, masks.image], share)
        samples.append(SampleStates(states, attended[at][masks.text], attended[at][masks.image]))
    return samples


def _attention_weights(outputs: object) -> NDArray[np.float32]:
    """Shape (batch, layers, heads, n, n)."""
    layers = getattr(outputs, "attentions", None)
    if not layers or any(layer is None for layer in layers):
        raise RecipeError('the model gives no attention. Load it with attn_implementation="eager".')
    return np.stack([_array(layer) for layer in layers], axis=1)


def _share_on_images(weights: NDArray[np.float32], masks: TokenMasks) -> NDArray[np.float64] | None:
    """By layer; None where no text token follows an image token."""
    if not masks.image.any():
        return None
    after = masks.text & (np.arange(len(masks.text)) > int(np.argmax(masks.image)))
    return attention_share(weights, after, masks.image) if after.any() else None


def _array(tensor: Any) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.detach().float().cpu().numpy()
    return array


def _image_token_id(model: Any) -> int:
    for name in ("image_token_id", "image_token_index"):
        value = getattr(model.config, name, None)
        if isinstance(value, int):
            return value
    raise RecipeError("the model's config names no image token. Give image_token_id.")


def _special_ids(model: Any) -> set[int]:
    ids: set[int] = set()
    for config in (model.config, getattr(model.config, "text_config", None)):
        for name in _MARKS:
            value = getattr(config, name, None)
            ids.update(value if isinstance(value, list) else [value] if isinstance(value, int) else [])
    return ids


def _first_attention(model: Any) -> Any:
    try:
        return model.get_decoder().layers[0].self_attn
    except (AttributeError, IndexError, TypeError) as error:
        raise RecipeError(
            "the model has no module that is called like a self-attention layer. Give it as attention=..."
        ) from error


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Without dropout; the model's mode is put back."""
    was = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was)


@contextmanager
def _captured(module: Any) -> Iterator[list[object]]:
    """What the module returns while the block runs."""
    seen: list[object] = []

    def keep(_module: object, _inputs: object, output: object) -> None:
        seen.append(output[0] if isinstance(output, tuple) else output)

    handle = module.register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()
