"""Where rows come from: files, or the Hub, in any of the usual dialects -> `Conversation`, screened and in order.

    open_corpus(path)  -> Source                       files, a dataset on the Hub, or the embedded sample corpus
    open_splits(path)  -> Source                       the same, with every split: train, validation, test
    source.conversations(start, stop)                  -> Conversation | Refusal, one for each row
    screen(conversation, "drop")                       -> Conversation | Refusal: placeholders and control tokens

Nothing here knows of spans, pages or shards.
"""

from lomo_hf.corpus.conversation import MAX_TURN_CHARS, Conversation, Feedback, Origin, Refusal, Role, Turn
from lomo_hf.corpus.hub.opening import open_hub
from lomo_hf.corpus.opening import SAMPLE, open_corpus, open_splits
from lomo_hf.corpus.screening import SPECIAL_TOKENS, screen
from lomo_hf.corpus.source import FileSource, JoinedSource, Source, splits_of
from lomo_hf.corpus.turns import to_conversation
from lomo_hf.hub.names import LLAVA_OV15, LLAVA_OV15_TEXT

__all__ = [
    "LLAVA_OV15",
    "LLAVA_OV15_TEXT",
    "MAX_TURN_CHARS",
    "SAMPLE",
    "SPECIAL_TOKENS",
    "Conversation",
    "Feedback",
    "FileSource",
    "JoinedSource",
    "Origin",
    "Refusal",
    "Role",
    "Source",
    "Turn",
    "open_corpus",
    "open_hub",
    "open_splits",
    "screen",
    "splits_of",
    "to_conversation",
]
