"""Where rows come from: local files in any of the usual dialects -> `Conversation`, screened and in order.

    open_source(path)  -> Source                       files, or the embedded sample corpus
    source.conversations(start, stop)                  -> Conversation | Refusal, one for each row
    screen(conversation, "drop")                       -> Conversation | Refusal: placeholders and control tokens

The lowest room of the house: it knows nothing of spans, pages or shards.
"""

from lomo_hf.corpus.conversation import MAX_TURN_CHARS, Conversation, Origin, Refusal, Role, Turn
from lomo_hf.corpus.opening import SAMPLE, open_source
from lomo_hf.corpus.screening import SPECIAL_TOKENS, screen
from lomo_hf.corpus.source import FileSource, Source
from lomo_hf.corpus.turns import to_conversation

__all__ = [
    "MAX_TURN_CHARS",
    "SAMPLE",
    "SPECIAL_TOKENS",
    "Conversation",
    "FileSource",
    "Origin",
    "Refusal",
    "Role",
    "Source",
    "Turn",
    "open_source",
    "screen",
    "to_conversation",
]
