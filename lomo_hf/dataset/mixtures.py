"""What a manifest says of a mixture, where other configs have a recipe: the halves, how many rows, and which seed.

`lomo mix --write` makes such folders; whoever reads one needs the record, not the halves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from lomo_hf.errors import IntegrityError
from lomo_hf.recipes.recipe import Recipe
from lomo_hf.storage.documents import anything, flag, listed, mapped, maybe, number, record, text, whole
from lomo_hf.substitution import check_recipe

__all__ = ["MIXTURE", "HalfRecord", "MixtureRecord", "id_before_mixing", "id_in_mixture", "is_mixture"]

MIXTURE: Final = "mixture"
"""The config of a mixture's folder, and the folder of its shards."""

_PASS: Final = re.compile(r"#[0-9]+\Z", re.ASCII)

_HALF: Final = record(
    {"where": text, "configs": listed(text), "rows": whole, "digest": text}, {"recipe": maybe(mapped(anything))}
)
_SHAPE: Final = record(
    {
        "halves": record({"LoMo": _HALF, "multimodal": _HALF}),
        "counts": mapped(whole),
        "image_to_text": maybe(number),
        "seed": whole,
        "refused": mapped(whole),
    },
    {"repeated": flag},
)


@dataclass(frozen=True)
class HalfRecord:
    """One half of a mixture.

    Attributes:
        where: On the Hub its name and revision; here its name alone, never a path.
        configs: The configs whose rows were mixed.
        rows: How many rows it had.
        digest: Of what it held.
        recipe: By which its rows were made; None for a multimodal half, or where its manifest could not be read.
    """

    where: str
    configs: tuple[str, ...]
    rows: int
    digest: str
    recipe: Recipe | None = None

    def to_dict(self) -> dict[str, object]:
        """Plain values."""
        plain: dict[str, object] = {
            "where": self.where,
            "configs": list(self.configs),
            "rows": self.rows,
            "digest": self.digest,
        }
        return plain if self.recipe is None else {**plain, "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote."""
        recorded = values.get("recipe")
        recipe = None if recorded is None else check_recipe(Recipe.from_dict(recorded, recorded=True))
        return cls(values["where"], tuple(values["configs"]), values["rows"], values["digest"], recipe)


@dataclass(frozen=True)
class MixtureRecord:
    """A mixture, as its manifest has it.

    Attributes:
        lomo, multimodal: The halves.
        counts: Rows of each stratum, by its name.
        image_to_text: Rows with an image for each row of text only, to six places; None where there is no such row.
        seed: Decided the draw and the order.
        repeated: Whether rows of a stratum stand several times, with `#2` and so on behind their id (`id_in_mixture`).
        refused: Reason -> rows of the multimodal half that were left out.
    """

    lomo: HalfRecord
    multimodal: HalfRecord
    counts: Mapping[str, int]
    image_to_text: float | None
    seed: int
    repeated: bool = False
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def halves(self) -> Mapping[str, HalfRecord]:
        """Both halves by what they are called."""
        return {"LoMo": self.lomo, "multimodal": self.multimodal}

    def to_dict(self) -> dict[str, object]:
        """What stands in the manifest in the place of a recipe."""
        return {
            "halves": {name: half.to_dict() for name, half in self.halves.items()},
            "counts": dict(self.counts),
            "image_to_text": self.image_to_text,
            "seed": self.seed,
            "repeated": self.repeated,
            "refused": dict(sorted(self.refused.items())),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """What `to_dict` wrote.

        Raises:
            IntegrityError: It is no such record.

        >>> half = HalfRecord("lomo", ("ratio50",), 100, "0f")
        >>> record = MixtureRecord(half, half, {"multimodal": 100, "pages": 50, "text": 50}, 3.0, 0)
        >>> MixtureRecord.from_dict(record.to_dict()) == record
        True
        """
        try:
            _SHAPE(values, "")
        except ValueError as error:
            raise IntegrityError(f"the record of a mixture cannot be read ({error}).") from error
        lomo, multimodal = (HalfRecord.from_dict(values["halves"][name]) for name in ("LoMo", "multimodal"))
        return cls(
            lomo, multimodal, values["counts"], values["image_to_text"], values["seed"],
            values.get("repeated", False), values["refused"],
        )  # fmt: skip


def is_mixture(recorded: Mapping[str, object]) -> bool:
    """Whether what a manifest says of a config is the record of a mixture, not a recipe.

    >>> is_mixture({"name": "ratio50", "ratio": 0.5}), is_mixture({"halves": {}})
    (False, True)
    """
    return "halves" in recorded


def id_in_mixture(own: str, again: int) -> str:
    """The id of a row in a mixture whose rows stand several times: from the second time on with the number behind it.

    A row whose own id ends like that has its number the first time too, so that no two rows share an id, and
    `id_before_mixing` always finds the own one.

    >>> id_in_mixture("a", 0), id_in_mixture("a", 1), id_in_mixture("a#2", 0), id_in_mixture("a#2", 1)
    ('a', 'a#2', 'a#2#1', 'a#2#2')
    """
    return f"{own}#{again + 1}" if again or _PASS.search(own) else own


def id_before_mixing(name: str) -> str:
    """The own id of a row of such a mixture.

    >>> [id_before_mixing(name) for name in ("a", "a#2", "a#2#1", "a#2#2")]
    ['a', 'a', 'a#2', 'a#2']
    """
    return _PASS.sub("", name)
