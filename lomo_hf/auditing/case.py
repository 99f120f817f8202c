"""One stored row beside what it is held against: its recipe, and its source where there is one.

How a prompt is restored is written here anew, not borrowed from `substitution`: a check that shares its code with what
it checks would share its mistakes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lomo_hf.corpus import Conversation, Feedback, Origin, Turn
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.spans import Atom, scan

__all__ = ["ROLE_OF", "Case", "Places"]

Places = tuple[float, float]

ROLE_OF: Mapping[str, str] = {"system": "system", "human": "user", "gpt": "assistant", "observation": "tool"}


@dataclass(frozen=True)
class Case:
    """A row as it came out of Parquet, to be checked.

    `source` is the conversation after screening, so with its tokens escaped where the recipe says so; None where the
    audit has no source. `places` are the least and the most that the row's place in the corpus can be: the same number
    twice where the source tells it, the ends of the row's shard where there is no source, None where nothing is known.
    """

    row: Mapping[str, Any]
    recipe: Recipe
    source: Conversation | None = None
    places: Places | None = None

    @property
    def id(self) -> str:
        """The row's id, whatever stands there."""
        return str(self.row["id"])

    @property
    def lomo(self) -> Mapping[str, Any]:
        """The record of what was done."""
        return self.row["lomo"]  # type: ignore[no-any-return]

    @property
    def has_own_images(self) -> bool:
        """Whether it is a row of a mixture that came with pictures of its own, of which nothing is recorded."""
        return self.row["lomo"] is None

    @property
    def rewritten(self) -> bool:
        """Whether the row says that it has pages."""
        return bool(self.row["rewritten"])

    @cached_property
    def spans(self) -> list[Mapping[str, Any]]:
        """The recorded spans; none where the row stayed text."""
        return list(self.lomo["spans"] or ())

    @cached_property
    def turns(self) -> list[tuple[str, str]]:
        """(role, text) of every turn, the spans' texts put back in the place of the images."""
        spans = iter(self.spans)
        return [
            (message["role"], "".join(_text(part, spans) for part in message["content"]))
            for message in self.row["messages"]
        ]

    @cached_property
    def conversation(self) -> Conversation:
        """What the row was made from: the source; restored from the row, and so without a score, where there is none.

        Raises:
            SourceError: The restored turns are no conversation.
        """
        if self.source:
            return self.source
        turns = tuple(Turn(role, text) for role, text in self.turns)  # type: ignore[arg-type]
        prompt = self.row.get("prompt")  # of a row with a preference; only a user turn in it is rewritten
        feedback = Feedback(len(prompt)) if prompt else None
        return Conversation(self.id, turns, Origin(None, "", self.id, None, None, None), feedback=feedback)

    @cached_property
    def prompt(self) -> str:
        """The turn that holds the spans: as the source has it; restored from the row where there is no source."""
        turn: int = self.lomo["turn"]
        return self.source.turns[turn].text if self.source else self.turns[turn][1]

    @cached_property
    def span_atoms(self) -> list[list[Atom]]:
        """For each span the formulas and code in it, found anew in the prompt."""
        atoms = scan(self.prompt)
        return [[atom for atom in atoms if span["start"] <= atom.start < span["end"]] for span in self.spans]

    @cached_property
    def span_words(self) -> list[str]:
        """For each span its text without formulas, whose commands are in Latin letters whatever the language."""
        words = []
        for span, atoms in zip(self.spans, self.span_atoms, strict=True):
            here, kept = span["start"], []
            for atom in atoms:
                if atom.is_math:
                    kept.append(self.prompt[here : atom.start])
                    here = atom.end
            words.append("".join(kept) + self.prompt[here : span["end"]])
        return words

    def texts(self, role: str) -> list[str]:
        """The restored texts of one role, in order."""
        return [text for speaker, text in self.turns if speaker == role]

    def source_texts(self, role: str) -> list[str]:
        """The texts of one role in the source, in order."""
        return [turn.text for turn in self.source.turns if turn.role == role] if self.source else []


def _text(part: Mapping[str, object], spans: Iterator[Mapping[str, object]]) -> str:
    # A page without a span restores to nothing here; that it has none is another check's finding.
    text: object = next(spans, {"text": ""})["text"] if part["type"] == "image" else part["text"]
    return str(text) if text else ""
