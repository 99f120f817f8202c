"""YAML that others may have written: read within bounds of size, depth and aliases, by the one reader that all use.

PyYAML's events come one after the other, in time that grows with the text alone, so they are looked at before anything
is built of them: an alias counts as all that it stands for. Weighed: ruamel.yaml and strictyaml know no such bounds
either, and are slower; a YAML without aliases would refuse what grids of recipes are written with.
"""

import re
from collections import Counter
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["MAX_BYTES", "read_yaml", "read_yaml_file"]

MAX_BYTES: Final = 10 << 20
"""As much as the Hub takes of a card, in which front matter stands."""

_MAX_FILE_BYTES: Final = 1 << 20  # a recipe, or a grid of them
_MAX_DEPTH: Final = 64  # features of a card are about twenty deep
_MAX_VALUES: Final = 1_000_000  # front matter of 256 configs, with the features of both views, holds some 100,000
_MAX_DIGITS: Final = 400
_NUMBER: Final = re.compile(r"[-+.0-9][-+0-9._:eExXoOa-fA-F]*")

# In C, reading takes a sixth of the time.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueLoader(_Loader):  # type: ignore[misc, valid-type]
    """Notices a key said twice, of which plain YAML keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = [key for key, count in Counter(keys).items() if count > 1]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} twice", node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def read_yaml(text: str, *, unique: bool = True) -> Any:
    """The values of a YAML document.

    Args:
        text: The document.
        unique: Refuse a mapping that says a key twice, as the Hub does.

    Raises:
        ValueError: It is no YAML of plain values, or goes beyond a bound; the message says which, on one line.

    >>> read_yaml("{base: &b {ratio: 0.5}, mine: *b}")
    {'base': {'ratio': 0.5}, 'mine': {'ratio': 0.5}}
    >>> read_yaml("a: 1\\na: 2")
    Traceback (most recent call last):
    ValueError: the key 'a' twice in "<unicode string>", line 1, column 1
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"it has {len(text):,} characters, more than the {MAX_BYTES:,} that are read")
    try:
        _check(text)
        return yaml.load(text, Loader=_UniqueLoader if unique else _Loader)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())[:300]) from error
    except (TypeError, LookupError, AttributeError, OverflowError, RecursionError, ValueError) as error:
        # What PyYAML says of a tag whose value is none, such as `!!bool maybe`, or of a date that no calendar has.
        raise ValueError(f"it holds what is no plain value ({' '.join(str(error).split())[:200]})") from error


def read_yaml_file(path: Path) -> Any:
    """The values of a YAML file, which says no key twice.

    Raises:
        OSError, ValueError: It cannot be read, or as `read_yaml`.
    """
    with path.open("rb") as stream:
        data = stream.read(_MAX_FILE_BYTES + 1)
    if len(data) > _MAX_FILE_BYTES:
        raise ValueError(f"it has more than the {_MAX_FILE_BYTES:,} bytes that are read")
    return read_yaml(data.decode())


def _check(text: str) -> None:
    """Walk through the events, and stop where one goes beyond a bound."""
    known: dict[str, int] = {}  # values that each anchor stands for, itself among them
    open_anchors: list[tuple[str | None, int]] = []
    values = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_anchors.pop()
            if anchor is not None:
                known[anchor] = values - before
            continue
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in known:
                raise yaml.YAMLError(
                    f"the alias {(event.anchor or '')[:40]!r} stands for nothing that came whole before it"
                )
            values += known[event.anchor]
        elif isinstance(event, yaml.ScalarEvent):
            _check_number(event)
            values += 1
            if event.anchor is not None:
                known[event.anchor] = 1
        elif isinstance(event, yaml.CollectionStartEvent):
            open_anchors.append((event.anchor, values))
            values += 1
            if len(open_anchors) > _MAX_DEPTH:
                raise yaml.YAMLError(f"it is nested deeper than {_MAX_DEPTH} levels")
        if values > _MAX_VALUES:
            raise yaml.YAMLError(f"it stands for more than {_MAX_VALUES:,} values")


def _check_number(event: Any) -> None:
    if event.implicit[0] and len(event.value) > _MAX_DIGITS and _NUMBER.fullmatch(event.value):
        raise yaml.YAMLError(f"a number has more than {_MAX_DIGITS} digits")
