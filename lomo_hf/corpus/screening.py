"""Text that a trainer would take for something else: `<image>` and its kin, and the control tokens of models.

One literal `<image>` in a text-only row stops LLaMA-Factory's preprocessing of the whole set; a literal
`<|image_pad|>` gives a batch more image tokens than features; a literal `<|im_end|>` ends a turn in the middle. So
every turn is screened, and the caller chooses: "drop" refuses the row; "escape" puts U+200B after the first character
of each token in system and user turns (an answer never changes, so a row whose answer holds one is refused); "keep"
leaves all as it is, for those whose trainer is known to be safe - with the consumers named here the row will break.

What counts as a token
* `<image>`, `<video>`, `<audio>` in any case: LLaMA-Factory, ms-swift, NeMo (which ignores case).
* `<|...|>`, up to 40 characters without space, `|` or `>`: Qwen, Llama 3, Phi, GLM, GPT; with wide bars, DeepSeek.
* a list, exact: ms-swift's own, Llama 2 and Mistral, Gemma, Idefics and SmolVLM, LLaVA, InternVL.

False positives, chosen: `<s>` and `</s>` are HTML for struck-out text, but end the turn for Llama 2 and Mistral; an
HTML `<video>` is a placeholder to three trainers out of four. Such rows are few, and a refusal is counted.
Left alone, chosen: `<think>` and `<tool_call>`, which belong in answers; `<img>`, `<ref>`, `<box>`, `<mask>` and
`<unk>`, which are markup or ordinary words far more often than tokens, and which no trainer counts against images.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lomo_hf.corpus.conversation import Conversation, Refusal, Turn
from lomo_hf.errors import RecipeError
from lomo_hf.recipes.recipe import PLACEHOLDER_POLICIES

__all__ = ["SPECIAL_TOKENS", "find_token", "screen"]

SPECIAL_TOKENS: Final = (
    *("<bbox>", "<ref-object>", "<cot-process>", "<start-image>"),
    *("<s>", "</s>", "<<SYS>>", "<</SYS>>", "[INST]", "[/INST]"),
    *("[TOOL_CALLS]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]"),
    *("[IMG]", "[IMG_BREAK]", "[IMG_END]"),
    *("<bos>", "<eos>", "<pad>", "<start_of_turn>", "<end_of_turn>"),
    *("<start_of_image>", "<end_of_image>", "<image_soft_token>", "<audio_soft_token>"),
    *("<fake_token_around_image>", "<global-img>", "<end_of_utterance>"),
    *("<im_patch>", "<im_start>", "<im_end>", "<vid_start>", "<vid_end>"),
    *("<IMG_CONTEXT>", "<image_pad>", "<video_pad>", "<image_placeholder>"),
)
"""Exact tokens, beside the patterns `<|...|>`."""

# Pipe tokens that are counted by their own name; any other is counted as "<|...|>", so that the number of distinct
# reasons stays small whatever a corpus holds.
_NAMED_PIPES: Final = frozenset(
    f"<|{name}|>"
    for name in (
        *("im_start", "im_end", "endoftext", "endofprompt", "begin_of_text", "end_of_text", "eot_id", "eom_id"),
        *("start_header_id", "end_header_id", "python_tag", "vision_start", "vision_end", "vision_pad", "image_pad"),
        *("video_pad", "audio_pad", "image", "image_1", "audio", "system", "user", "assistant", "end", "tool"),
        *("observation", "box_start", "box_end", "object_ref_start", "object_ref_end", "quad_start", "quad_end"),
    )
)

# Every alternative is bounded and starts at a `<` or `[`, so a scan is linear: at most 44 steps from each of these.
_PLACEHOLDER: Final = re.compile("<(?:(?P<image>image)|(?P<video>video)|(?P<audio>audio))>", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r"(?i:<image>|<video>|<audio>)|<\|[^|>\s]{1,40}\|>|<\uff5c[^\uff5c>\s]{1,40}\uff5c>|"
    + "|".join(map(re.escape, SPECIAL_TOKENS))
)
_TOKEN_STARTS: Final = re.compile(f"(?=({_TOKEN.pattern}))")
_ZERO_WIDTH_SPACE: Final = "\u200b"


def screen(conversation: Conversation, placeholders: str = "drop") -> Conversation | Refusal:
    """Refuse, escape or keep a row that holds a placeholder or a control token in any turn.

    Linear in the text.

    Args:
        conversation: A row.
        placeholders: The recipe's policy: "drop", "escape" or "keep".

    Returns:
        The very same object where there is nothing to do, else one with escaped turns, or a refusal.

    Raises:
        RecipeError: The policy is another.

    Example:
        >>> from lomo_hf.corpus import to_conversation
        >>> row = to_conversation({"prompt": "Explain <Image>.", "answer": "A tag."}, config="demo", index=0)
        >>> screen(row, "drop").reason
        'placeholder:<image>'
        >>> screen(row, "escape").turns[0].text
        'Explain <\\u200bImage>.'
    """
    if placeholders not in PLACEHOLDER_POLICIES:
        raise RecipeError(f"placeholders must be drop, escape or keep; found {placeholders!r}. Write drop.")
    if placeholders == "keep":
        return conversation
    escaping = placeholders == "escape"
    for position, turn in enumerate(conversation.turns):
        token = None if escaping and turn.role != "assistant" else find_token(turn.text)
        if token:
            return _refusal(conversation.id, f"Turn {position} ({turn.role})", token, escaping)
    for where, text in _also_trained_on(conversation):
        token = find_token(text)
        if token:
            return _refusal(conversation.id, where, token, escaping)
    return _escape_all(conversation) if escaping else conversation


def find_token(text: str) -> str | None:
    """The first placeholder or control token in a text, as it is written there.

    >>> find_token("a <|im_end|> b"), find_token("if a<|b and c|> d"), find_token("x < image >")
    ('<|im_end|>', None, None)
    """
    if "<" not in text and "[" not in text:
        return None
    match = _TOKEN.search(text)
    return match.group() if match else None


def _also_trained_on(conversation: Conversation) -> Iterator[tuple[str, str]]:
    """What reaches a trainer beside the turns, and is never changed: the rejected completion, and the tools."""
    for turn in conversation.feedback.rejected if conversation.feedback else ():
        yield "The rejected completion", turn.text
    for column, text in conversation.kept:
        if column == "tools" and text:
            yield "The column 'tools'", text


def _refusal(row: str, where: str, token: str, escaping: bool) -> Refusal:
    why = "and an answer is never changed" if escaping else "which trainers read as a token"
    return Refusal(row, _reason(token), f"{where} holds a literal {token!r}, {why}.")


def _reason(token: str) -> str:
    placeholder = _PLACEHOLDER.fullmatch(token)
    if placeholder and placeholder.lastgroup:
        return f"placeholder:<{placeholder.lastgroup}>"
    if token in SPECIAL_TOKENS or token in _NAMED_PIPES:
        return f"special-token:{token}"
    return "special-token:<|...|>"


def _escape_all(conversation: Conversation) -> Conversation:
    turns = tuple(turn if turn.role == "assistant" else _escape(turn) for turn in conversation.turns)
    if all(new is old for new, old in zip(turns, conversation.turns, strict=True)):
        return conversation
    return replace(conversation, turns=turns, repairs=(*conversation.repairs, "escaped-tokens"))


def _escape(turn: Turn) -> Turn:
    if find_token(turn.text) is None:
        return turn
    # Tokens may overlap ("<|a[INST]b|>"), so each place where one starts is broken, not each whole match.
    pieces, done = [], 0
    for match in _TOKEN_STARTS.finditer(turn.text):
        cut = match.start() + 1
        pieces.append(turn.text[done:cut])
        done = cut
    return replace(turn, text=_ZERO_WIDTH_SPACE.join([*pieces, turn.text[done:]]))
