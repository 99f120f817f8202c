"""What a dataset's card says of its configs: which files each is made of, and which columns hold media.

Only the front matter is read. It is written by many hands and tools, so everything in it may be missing or odd; what
is not understood is taken as absent, and the Parquet footers decide.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lomo_hf.corpus.known_columns import MEDIA_COLUMNS
from lomo_hf.storage.yaml_reading import read_yaml

__all__ = ["CardConfig", "card_license", "card_splits", "media_of", "read_card"]

_FRONT: Final = re.compile(r"\s*---[\r\n]+(.*?)[\r\n]+---(?:\r?\n|\Z)", re.DOTALL)
_MEDIA_TYPES: Final = frozenset(("image", "audio", "video", "pdf"))


@dataclass(frozen=True)
class CardConfig:
    """A config as the card declares it. `patterns` are globs of its split; `media` is None where it does not say."""

    name: str
    split: str
    patterns: tuple[str, ...]
    media: tuple[str, ...] | None


def read_card(text: str, split: str = "train") -> dict[str, CardConfig]:
    """The configs of a card, in its order; none where it declares none. A config's only split stands in for `split`.

    >>> card = "---\\nconfigs:\\n- config_name: a\\n  data_files:\\n  - split: train\\n    path: a/train-*\\n---\\n# A"
    >>> read_card(card)["a"].patterns
    ('a/train-*',)
    """
    front = _front_matter(text)
    infos = _mappings(front.get("dataset_info"))
    media = {_name(info): media_of(info.get("features")) for info in infos}
    configs = {}
    for config in _mappings(front.get("configs")):
        splits = _splits(config)
        chosen = split if split in splits else next(iter(splits)) if len(splits) == 1 else None
        if chosen is not None:
            name = _name(config)
            configs[name] = CardConfig(name, chosen, tuple(splits[chosen]), media.get(name))
    return configs


def card_splits(text: str) -> list[str]:
    """The splits that a card declares, of any config; none where it declares no config.

    >>> card_splits("---\\nconfigs:\\n- config_name: a\\n  data_files:\\n  - split: test\\n    path: a/*\\n---\\n")
    ['test']
    """
    configs = _mappings(_front_matter(text).get("configs"))
    return list(dict.fromkeys(name for config in configs for name in _splits(config)))


def card_license(text: str) -> str | None:
    """The licence that a card declares for the whole dataset.

    >>> card_license("---\\nlicense: apache-2.0\\n---\\n"), card_license("# None")
    ('apache-2.0', None)
    """
    front = _front_matter(text)
    named = front.get("license_name") if front.get("license") == "other" else front.get("license")
    listed = [str(license) for license in (named if isinstance(named, list) else [named]) if license]
    return ", ".join(listed) or None


def _front_matter(text: str) -> Mapping[str, object]:
    match = _FRONT.match(text)
    try:
        front = read_yaml(match[1], unique=False) if match else None
    except ValueError:
        return {}
    return front if isinstance(front, Mapping) else {}


def media_of(features: object) -> tuple[str, ...] | None:
    """The columns that hold media by the card's list of features; None where there is no such list.

    >>> media_of([{"name": "id", "dtype": "string"}, {"name": "image", "dtype": "null"}])
    ()
    >>> media_of([{"name": "picture", "dtype": "image"}, {"name": "pages", "sequence": "image"}])
    ('picture', 'pages')
    """
    if not isinstance(features, list) or not features:
        return None
    return tuple(str(feature["name"]) for feature in _mappings(features) if "name" in feature and _is_media(feature))


def _is_media(feature: Mapping[str, object]) -> bool:
    if any(_MEDIA_TYPES & set(_words(value)) for key, value in feature.items() if key != "name"):
        return True
    return feature["name"] in MEDIA_COLUMNS and feature.get("dtype") != "null"


def _words(value: object, depth: int = 4) -> Iterator[str]:
    """Type names in a feature: `image`, `{dtype: image}`, `{list: image}`; names of inner columns are no types."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth:
        for key, inner in value.items():
            if key != "name":
                yield from _words(inner, depth - 1)
    elif isinstance(value, list) and depth:
        for inner in value:
            if isinstance(inner, Mapping):
                yield from _words(inner, depth - 1)


def _splits(config: Mapping[str, object]) -> dict[str, list[str]]:
    files, folder = config.get("data_files"), str(config.get("data_dir") or "").strip("/")
    if files is None:
        return {"train": [f"{folder}/**" if folder else "**"]}
    splits: dict[str, list[str]] = {}
    if isinstance(files, str) or (isinstance(files, list) and all(isinstance(path, str) for path in files)):
        splits["train"] = _paths(files)
    elif isinstance(files, Mapping):
        splits = {str(name): _paths(paths) for name, paths in files.items()}
    else:
        for entry in _mappings(files):
            splits.setdefault(str(entry.get("split", "train")), []).extend(_paths(entry.get("path")))
    prefix = f"{folder}/" if folder else ""
    return {name: [prefix + path.removeprefix("./") for path in paths] for name, paths in splits.items() if paths}


def _paths(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [path for path in value or () if isinstance(path, str)]


def _name(config: Mapping[str, Any]) -> str:
    return str(config.get("config_name", "default"))


def _mappings(value: object) -> list[Mapping[str, object]]:
    listed = value if isinstance(value, list) else [value]
    return [item for item in listed if isinstance(item, Mapping)]
