"""Hidden states of tiny, randomly initialised models: every token where it belongs. Needs the extra [eval]."""

from typing import Any

import numpy as np
import pytest

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation import (
    attention_on_images,
    collect_hidden_states,
    image_homogenisation,
    modality_integration_rate,
    pairwise_distance,
)

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

pytestmark = [pytest.mark.eval, pytest.mark.filterwarnings("ignore")]  # torch and transformers warn of themselves

PAD, BOS, EOS, IMAGE, VIDEO, START, END = 0, 1, 2, 100, 101, 102, 103
TEXT = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "vocab_size": 120,
}
SPECIAL = {"pad_token_id": PAD, "bos_token_id": BOS, "eos_token_id": EOS}


@pytest.fixture(scope="module")
def qwen() -> Any:
    config = transformers.Qwen2_5_VLConfig(
        text_config={
            **TEXT,
            **SPECIAL,
            "num_key_value_heads": 2,
            "max_position_embeddings": 512,
            "rope_scaling": {"type": "mrope", "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 32,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        image_token_id=IMAGE,
        video_token_id=VIDEO,
        vision_start_token_id=START,
        vision_end_token_id=END,
    )
    torch.manual_seed(0)
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


@pytest.fixture(scope="module")
def llava() -> Any:
    vision = transformers.CLIPVisionConfig(
        hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=14
    )
    text = transformers.LlamaConfig(**TEXT, **SPECIAL, num_key_value_heads=4)
    torch.manual_seed(0)
    return transformers.LlavaForConditionalGeneration(
        transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_id=IMAGE)
    )


def qwen_inputs(sequences: list[list[int]], images: int) -> dict[str, Any]:
    longest = max(map(len, sequences))
    ids = torch.tensor([each + [PAD] * (longest - len(each)) for each in sequences])
    draw = torch.Generator().manual_seed(1)
    return {
        "input_ids": ids,
        "attention_mask": (ids != PAD).long(),
        "pixel_values": torch.randn(24 * images, 3 * 2 * 14 * 14, generator=draw),
        "image_grid_thw": torch.tensor([[1, 4, 6]] * images),
        "mm_token_type_ids": (ids == IMAGE).int(),
    }


PICTURE = [START, *[IMAGE] * 6, END]


def test_states_of_qwen_are_those_of_its_own_layers(qwen: Any) -> None:
    sequence = [BOS, 10, 11, *PICTURE, 12, 13, EOS]
    inputs = qwen_inputs([sequence], 1)
    (result,) = collect_hidden_states(qwen, inputs)
    qwen.eval()
    with torch.no_grad():
        outputs = qwen(**inputs, output_hidden_states=True)
    text, image = [1, 2, 11, 12], list(range(4, 10))
    for layer in range(3):
        own = outputs.hidden_states[layer + 1][0].numpy()
        assert np.allclose(result.layers.text[layer], own[text], atol=1e-6)
        assert np.allclose(result.layers.image[layer], own[image], atol=1e-6)
    assert result.first_attention_text.shape == (4, 32)
    assert result.first_attention_image.shape == (6, 32)


def test_the_first_attention_is_before_the_residual(qwen: Any) -> None:
    """Block 1 = h + mlp(norm(h)) with h = embedding + attention: rebuilt from the attention that was captured."""
    sequence = [BOS, 10, 11, *PICTURE, 12, 13, EOS]
    inputs = qwen_inputs([sequence], 1)
    (result,) = collect_hidden_states(qwen, inputs, special_ids=())
    with torch.no_grad():
        outputs = qwen.eval()(**inputs, output_hidden_states=True)
        block = qwen.get_decoder().layers[0]
        text = [0, 1, 2, 3, 10, 11, 12, 13]
        middle = outputs.hidden_states[0][0][text] + torch.from_numpy(result.first_attention_text)
        rebuilt = middle + block.mlp(block.post_attention_layernorm(middle))
    assert np.allclose(rebuilt.numpy(), outputs.hidden_states[1][0][text].numpy(), atol=1e-5)


def test_a_batch_gives_each_sequence_its_own_tokens(qwen: Any) -> None:
    short, long = [BOS, 10, *PICTURE, EOS], [BOS, *PICTURE, 11, 12, 13, *PICTURE, 14]
    result = collect_hidden_states(qwen, qwen_inputs([short, long], 3))
    assert [each.layers.text.shape[1] for each in result] == [1, 4]
    assert [each.layers.image.shape[1] for each in result] == [6, 12]
    last = collect_hidden_states(qwen, qwen_inputs([short, long], 3), image=-1)
    assert [each.layers.image.shape[1] for each in last] == [6, 6]
    assert np.allclose(last[1].layers.image, result[1].layers.image[:, 6:])
    (alone,) = collect_hidden_states(
        qwen, {**qwen_inputs([short], 1), "pixel_values": qwen_inputs([short], 3)["pixel_values"][:24]}
    )
    assert np.allclose(alone.layers.text, result[0].layers.text, atol=1e-5)


def test_only_the_tokens_of_the_question_are_taken(qwen: Any) -> None:
    sequence = [BOS, 10, 11, *PICTURE, 12, 13, EOS]
    question = np.isin(np.arange(len(sequence)), (11, 12))
    (alone,) = collect_hidden_states(qwen, qwen_inputs([sequence], 1), within=[question])
    (whole,) = collect_hidden_states(qwen, qwen_inputs([sequence], 1))
    assert np.allclose(alone.first_attention_text, whole.first_attention_text[2:])
    assert np.allclose(alone.layers.text, whole.layers.text[:, 2:])
    assert alone.layers.image.shape == whole.layers.image.shape
    masked = pairwise_distance(
        whole.first_attention_text, whole.first_attention_image, text_mask=np.array([False, False, True, True])
    )
    assert masked == pairwise_distance(alone.first_attention_text, alone.first_attention_image)


def test_the_share_of_attention_on_images_is_that_of_the_models_own_weights(qwen: Any) -> None:
    sequence, bare = [BOS, 10, 11, *PICTURE, 12, 13, EOS], [BOS, 10, 11, 12, EOS]
    qwen.set_attn_implementation("eager")
    inputs = qwen_inputs([sequence, bare], 1)
    first, second = collect_hidden_states(qwen, inputs, attentions=True)
    with torch.no_grad():
        outputs = qwen.eval()(**inputs, output_attentions=True)
    assert first.layers.image_attention is not None
    for layer, weights in enumerate(outputs.attentions):
        own = weights[0].mean(dim=0).numpy()  # over heads
        expected = own[[11, 12]][:, 4:10].sum(axis=1).mean()
        assert first.layers.image_attention[layer] == pytest.approx(expected, abs=1e-6)
    assert second.layers.image_attention is None  # it holds no image
    profile = attention_on_images([first.layers, second.layers])
    assert profile.samples == 1
    assert all(0 < share < 1 for share in profile.per_layer)
    assert len(image_homogenisation([first.layers]).per_layer) == 3
    qwen.set_attn_implementation("sdpa")
    with pytest.raises(RecipeError, match=r"gives no attention. Load it with attn_implementation"):
        collect_hidden_states(qwen, inputs, attentions=True)


def test_the_mode_of_the_model_and_its_hooks_are_put_back(qwen: Any) -> None:
    qwen.train()
    collect_hidden_states(qwen, qwen_inputs([[BOS, 10, *PICTURE]], 1))
    assert qwen.training
    hooks = qwen.get_decoder().layers[0].self_attn._forward_hooks.values()
    assert not [hook for hook in hooks if "lomo_hf" in hook.__module__]  # transformers leaves one of its own
    qwen.eval()


def test_llava_gives_states_too_and_both_metrics_take_them(llava: Any) -> None:
    ids = torch.tensor([[BOS, 10, 11, *[IMAGE] * 4, 12, EOS, PAD]])
    pixels = torch.randn(1, 3, 28, 28, generator=torch.Generator().manual_seed(2))
    inputs = {"input_ids": ids, "attention_mask": (ids != PAD).long(), "pixel_values": pixels}
    (result,) = collect_hidden_states(llava, inputs)
    assert result.layers.text.shape == (3, 3, 32)
    assert result.layers.image.shape == (3, 4, 32)
    assert 0 <= pairwise_distance(result.first_attention_text, result.first_attention_image) <= 2
    assert modality_integration_rate([result.layers]).mean > 0


def test_a_model_without_an_image_token_is_named(llava: Any) -> None:
    model = llava.get_decoder()
    with pytest.raises(RecipeError, match="names no image token"):
        collect_hidden_states(model, {"input_ids": torch.tensor([[1, 2]])})
    with pytest.raises(RecipeError, match="no module that is called like a self-attention layer"):
        collect_hidden_states(
            torch.nn.Linear(1, 1), {"input_ids": torch.tensor([[1]])}, image_token_id=1, special_ids=()
        )
