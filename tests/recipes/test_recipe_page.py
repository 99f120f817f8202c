"""The page about recipes lists every setting of a recipe with its default, and no other."""

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

from lomo_hf.recipes import Recipe
from lomo_hf.selection.turns import TURNS
from lomo_hf.spans import POSITIONS

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Settings")[2]


def settings(part: object, prefix: str = "") -> dict[str, object]:
    """Name of a setting, with dots, -> its default."""
    defaults: dict[str, object] = {}
    for field in fields(part):  # type: ignore[arg-type]
        value = getattr(part, field.name)
        if is_dataclass(value):
            defaults |= settings(value, f"{field.name}.")
        else:
            defaults[prefix + field.name] = value
    return defaults


def test_every_setting_is_on_the_page_and_no_other() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", TABLE, re.MULTILINE)
    assert sorted(re.findall(r"`([a-z_.]+)`", " ".join(first_cells))) == sorted(settings(Recipe("mine")))


def test_defaults_are_those_of_the_code() -> None:
    defaults = settings(Recipe("mine"))
    for names, cell in re.findall(r"^\| (`.*?) \| (.*?) \|", TABLE, re.MULTILINE):
        for name in re.findall(r"`([a-z_.]+)`", names):
            value = defaults[name]
            if isinstance(value, int | float):
                assert str(value) in cell, name
            elif isinstance(value, str) and value and name != "name":
                assert f"`{value}`" in cell, name


def test_choices_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| .*? \| (.*) \|$", TABLE, re.MULTILINE))
    for setting, choices in (("position", POSITIONS), ("turn", TURNS)):
        assert all(f"`{choice}`" in rows[setting] for choice in choices), setting
