"""Other methods that meet the same gap, as arms of this bench: what each trains on and which loss it adds.

    alignment   vision alignment loss (Yao et al.) and LoMo's equation 6 in its explicit form
    laver       masked image modelling in the decoder (LaVer)
    recipes     full-text, no-text, mix, curriculum (Yao et al.)
    revision    stage 1 on moved text embeddings (ReVision, with `lomo_hf.related_methods.realign`)
    paired, masked   the two losses over a batch of runs side by side

Losses are pure functions, written from the papers, each with its equation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.carrier_gap.methods.recipes import SCHEDULES

__all__ = ["METHODS", "PROJECTORS", "Method", "groups", "method_of"]

PROJECTORS = ("base", "fresh", "realign", "noise")
_LOSSES = ("answers", "paired", "masked")


@dataclass(frozen=True)
class Method:
    """How an arm is trained.

    Args:
        rows: Which rows it sees: an arm of the folder, or `full-text`; two of them are two versions of each row.
        schedule: Which version is shown at a step: "only" the first, "mix" or "curriculum".
        loss: "answers" alone, "paired" (with another carrier), or "masked" (LaVer, attention full within pages).
        twin: The arm of the folder that shows the same rows under the other carrier, for "paired".
        variant: Which settings of that loss: a key of `ALIGNMENTS`, or of `MASKINGS`.
        projector: What it begins from: the base's, a fresh one, or a fresh one after stage 1.

    Raises:
        ValueError: A field names nothing that there is.
    """

    rows: Sequence[str]
    schedule: str = "only"
    loss: str = "answers"
    twin: str | None = None
    variant: str | None = None
    projector: str = "base"

    def __post_init__(self) -> None:
        for name, known in (("schedule", SCHEDULES), ("loss", _LOSSES), ("projector", PROJECTORS)):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {', '.join(known)}; found {getattr(self, name)!r}.")
        if len(self.rows) != (1 if self.schedule == "only" else 2):
            raise ValueError(f"rows must name one arm, or two for a schedule; found {list(self.rows)}.")
        if (self.loss == "paired") != (self.twin is not None):
            raise ValueError(f'twin must be named for the loss "paired" and for no other; found {self.twin!r}.')


METHODS = {
    "full-text": Method(("full-text",)),
    "mix": Method(("full-text", "ratio100"), "mix"),
    "curriculum": Method(("full-text", "ratio100"), "curriculum"),
    "standard+equation6": Method(("standard",), loss="paired", twin="ratio50", variant="equation6"),
    "standard+alignment": Method(("standard",), loss="paired", twin="fulltext50", variant="alignment"),
    "standard+alignment0.01": Method(("standard",), loss="paired", twin="fulltext50", variant="alignment0.01"),
    "standard+attention": Method(("standard",), loss="masked", variant="none"),
    "standard+laver": Method(("standard",), loss="masked", variant="laver"),
    "ratio50+laver": Method(("ratio50",), loss="masked", variant="laver"),
    "standard+fresh": Method(("standard",), projector="fresh"),
    "standard+realign": Method(("standard",), projector="realign"),
    "standard+noise": Method(("standard",), projector="noise"),
}


def method_of(arm: str) -> Method:
    """Of an arm: a method's own, or the folder's arm of this name with the loss of the answers.

    >>> method_of("mix").schedule, method_of("ratio50").rows
    ('mix', ('ratio50',))
    """
    return METHODS.get(arm) or Method((arm,))


def groups(arms: Sequence[str], most: int | None = None) -> list[list[str]]:
    """Arms that are trained side by side: those of equal loss, at most `most` of them.

    >>> groups(["standard", "standard+laver", "mix", "ratio50+laver"])
    [['standard', 'mix'], ['standard+laver', 'ratio50+laver']]
    """
    held: dict[str, list[str]] = {}
    for arm in arms:
        held.setdefault(method_of(arm).loss, []).append(arm)
    return [own[at : at + (most or len(own))] for own in held.values() for at in range(0, len(own), most or len(own))]
