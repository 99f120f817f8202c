"""What a release and the repository it goes to make together: manifest, LLaMA-Factory's entries, front matter, card.

Pure functions on documents. The rule is the same for all of them: what the folder holds replaces what has its name;
everything else that is on the Hub survives - other configs, keys of the front matter that we do not write, own text.
"""

import fnmatch
import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache
from typing import Any

import yaml

from lomo_hf.dataset.card.text import OWN_END, OWN_START
from lomo_hf.dataset.contents import Contents
from lomo_hf.errors import PublishError
from lomo_hf.storage.yaml_reading import read_yaml

__all__ = [
    "data_patterns",
    "front_text",
    "merge_entries",
    "merge_front",
    "merge_manifest",
    "merge_own_text",
    "split_card",
    "with_body",
]

_SIZES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")


def merge_manifest(local: Contents, remote: Contents | None, kept_files: Collection[str]) -> dict[str, Any]:
    """The manifest of both: the folder's, and of the Hub's what belongs to configs that the folder does not have.

    `kept_files` are the paths that stay in the repository; companions of an earlier release are listed as long as they
    do. A config whose rows come from another source says so itself.
    """
    merged = deepcopy(dict(local.document))
    if remote is None:
        return merged
    survivors = [name for name in remote.configs if name not in local.configs]
    for name in survivors:
        entry = deepcopy(remote.document["recipes"][name])
        if dict(remote.source(name)) != dict(local.document["source"]):
            entry["source"] = deepcopy(dict(remote.source(name)))
        merged["recipes"][name] = entry
    for receipt in remote.document["shards"]:
        parts = ("files", "sidecars", "counts")
        rest = {
            part: {name: deepcopy(receipt[part][name]) for name in survivors if name in receipt[part]}
            for part in parts
        }
        if rest["files"]:
            merged["shards"].append({**receipt, **rest})
    merged["files"] += [
        deepcopy(record)
        for record in remote.document["files"]
        if record["path"] not in local.companions and record["path"] in kept_files
    ]
    return merged


def merge_entries(local: Mapping[str, Any], remote: object, repo: str) -> dict[str, Any]:
    """LLaMA-Factory's `dataset_info.json`: the folder's entries, naming this repository, and all others on the Hub."""
    # An entry for the folder on this machine names no repository.
    ours = {
        name: {**entry, "hf_hub_url": repo} if "hf_hub_url" in entry else dict(entry) for name, entry in local.items()
    }
    others = remote if isinstance(remote, Mapping) else {}
    return {**ours, **{name: deepcopy(entry) for name, entry in others.items() if name not in ours}}


def merge_front(
    local: Mapping[str, object], remote: Mapping[str, object], replaced: Collection[str]
) -> dict[str, object]:
    """The front matter of both cards. `replaced` are the recipes whose files the folder brings: every view of them
    that is only on the Hub goes, for it would read files that are no more.

    >>> ours = {"license": "other", "configs": [{"config_name": "b", "default": True, "data_files": "b/*"}]}
    >>> there = {"extra": 1, "configs": [{"config_name": "a", "default": True, "data_files": "a/*"}]}
    >>> merged = merge_front(ours, there, ["b"])
    >>> merged["extra"], [(one["config_name"], one.get("default")) for one in merged["configs"]]
    (1, [('a', True), ('b', None)])
    """
    merged = deepcopy({**local, **{key: value for key, value in remote.items() if key not in local}})
    dead = {str(entry.get("config_name")) for entry in _items(remote, "configs") if _reads(entry, replaced)}
    for key in ("configs", "dataset_info"):
        ours = _items(local, key)
        named = {str(entry.get("config_name")) for entry in ours} | dead
        others = [entry for entry in _items(remote, key) if str(entry.get("config_name", "default")) not in named]
        if ours or others:
            merged[key] = deepcopy([*ours, *others])
    brought = {str(entry.get("config_name")) for entry in _items(local, "configs")}
    surviving = {str(entry.get("config_name")) for entry in _items(merged, "configs")} - brought
    merged["configs"] = _with_one_default(_items(merged, "configs"), _default(local), _default(remote), surviving)
    if "tags" in local and "tags" in remote:
        merged["tags"] = _union(local["tags"], remote["tags"])
    if "size_categories" in local and "size_categories" in remote and surviving:
        merged["size_categories"] = _larger(local["size_categories"], remote["size_categories"])
    return merged


def merge_own_text(local: str, remote: str, base: str | None) -> str:
    """What stands between the markers of the card: whichever side changed since the last release (`base`).

    Where both did, both texts stand, the folder's first.

    >>> merge_own_text("a", "a and b", base="a"), merge_own_text("A", "a", base="a"), merge_own_text("", "b", base="b")
    ('a and b', 'A', 'b')
    """
    if not local or local == remote:
        return remote
    if not remote or remote == base:
        return local
    if local == base or local in remote:
        return remote
    return f"{local}\n\n{remote}"


def split_card(text: str, where: str) -> tuple[dict[str, object], str]:
    """Front matter and body of a card; a card without front matter has an empty one.

    Raises:
        PublishError: The front matter is not YAML of keys and values.
    """
    text = text.replace("\r\n", "\n")
    if not text.startswith("---\n"):
        return {}, text
    front, end, body = text[4:].partition("\n---\n")
    try:
        metadata = pickle.loads(_parsed(front)) if end else None
    except ValueError as error:
        raise PublishError(
            f"the card of {where} has front matter that is not YAML ({error}). Mend it first."
        ) from None
    if not isinstance(metadata, dict):
        raise PublishError(f"the card of {where} has front matter without keys and values. Mend it first.")
    return metadata, body


@lru_cache(maxsize=8)
def _parsed(front: str) -> bytes:
    """Front matter, read once however often a push plans anew; pickled, so that each caller has a copy to change."""
    return pickle.dumps(read_yaml(front, unique=False))


def front_text(front: Mapping[str, object], *cards: str) -> str:
    """Front matter as text: as one of the cards has it, if it says the same there, with its comments; else anew."""
    for card in cards:
        if split_card(card, "")[0] == front:
            return card.replace("\r\n", "\n")[4:].partition("\n---\n")[0] + "\n"
    return str(yaml.dump(dict(front), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10**6))


def with_body(front: str, body: str, sections: Sequence[str], own_text: str) -> str:
    """A whole card: front matter, the body with sections put before the own text, and the own text in its place."""
    before, start, rest = body.partition(OWN_START)
    after = rest.rpartition(OWN_END)[2] if OWN_END in rest else ""
    parts = [before.rstrip("\n"), *(section.strip("\n") for section in sections if section)]
    if start or own_text:
        parts.append(f"{OWN_START}\n{own_text}\n{OWN_END}{after.rstrip()}")
    return f"---\n{front}---\n" + "\n\n".join(parts) + "\n"


# The features of every view make front matter long; in C, writing it takes a sixth of the time.
class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes out what is said twice: the Hub's own reader has had trouble with anchors."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def data_patterns(front: Mapping[str, object], config_folders: Collection[str]) -> Iterator[str]:
    """The patterns by which a loader finds the files of these configs."""
    for entry in _items(front, "configs"):
        yield from (path for path in _paths(entry.get("data_files")) if path.split("/")[0] in config_folders)


def _items(front: Mapping[str, object], key: str) -> list[dict[str, object]]:
    value = front.get(key)
    items = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    return [dict(item) for item in items if isinstance(item, Mapping)]


def _reads(config: Mapping[str, object], folders: Collection[str]) -> bool:
    return any(
        fnmatch.fnmatchcase(folder, path.split("/")[0])
        for path in _paths(config.get("data_files"))
        for folder in folders
    )


def _paths(data_files: object) -> Iterator[str]:
    """Paths in any of the forms that `data_files` may have."""
    waiting = [data_files]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting.append(value["path"] if set(value) == {"split", "path"} else list(value.values()))
        elif isinstance(value, list):
            waiting.extend(value)


def _default(front: Mapping[str, object]) -> str | None:
    return next((str(entry.get("config_name")) for entry in _items(front, "configs") if entry.get("default")), None)


def _with_one_default(
    configs: list[dict[str, object]], ours: str | None, theirs: str | None, surviving: Collection[str]
) -> list[dict[str, object]]:
    """The Hub's default stays, as long as it is not among what the folder brings; there the folder decides."""
    default = theirs if theirs in surviving else ours
    marked = []
    for entry in configs:
        rest = {key: value for key, value in entry.items() if key not in ("config_name", "default")}
        is_default = str(entry.get("config_name")) == default
        marked.append({"config_name": entry.get("config_name"), **({"default": True} if is_default else {}), **rest})
    return sorted(marked, key=lambda entry: "default" not in entry)


def _union(ours: object, theirs: object) -> list[object]:
    lists = [value if isinstance(value, list) else [value] for value in (ours, theirs)]
    return list(dict.fromkeys(str(value) for part in lists for value in part))


def _larger(ours: object, theirs: object) -> object:
    known = [value for value in _union(ours, theirs) if value in _SIZES]
    return [max(known, key=_SIZES.index)] if known else ours
