"""Is the card true, and does the Hub take it? What the Hub's own validation would refuse, and what breaks loading.

`huggingface_hub` validates a card only by asking the Hub, and never against the data. These checks need no network,
and hold what the card declares against what lies beside it.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from lomo_hf.dataset.card.vocabulary import LICENSES, SIZE_CATEGORIES, TASK_CATEGORIES, size_category
from lomo_hf.dataset.checks.findings import Check, Finding, breaks, warns
from lomo_hf.dataset.checks.inspected import MAX_CARD_BYTES, DataConfig, Inspected
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import CARD, LLAMAFACTORY, MANIFEST
from lomo_hf.errors import IntegrityError
from lomo_hf.storage.yaml_reading import read_yaml

__all__ = ["CARD_CHECKS"]

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*|code|multilingual")
_SPLIT = re.compile(r"\w+(\.\w+)*")
_FORBIDDEN_IN_NAMES: Final = frozenset('<>:/\\|?*"')
_IMAGE_LINK = re.compile(r"""!\[[^\[\]\n]{0,500}\]\(([^)\s]{1,500})|<img\s[^<>]{0,500}?src=["']([^"']{1,500})""")


def _front_matter(dataset: Inspected) -> Iterator[Finding]:
    size = dataset.files.sizes.get(CARD)
    if size is None:
        yield breaks("There is no README.md, so configs have no names. Run `lomo card`.")
    elif size > MAX_CARD_BYTES:
        yield breaks(f"README.md has {size:,} bytes, and the Hub takes 10 MB of text. Move pictures into assets/.")
    elif dataset.readme is None:
        yield breaks("README.md is empty or not UTF-8. Run `lomo card`.")
    elif dataset.front is None:
        yield breaks("README.md does not begin with metadata between two lines of ---. Run `lomo card`.")
    else:
        try:
            front = read_yaml(dataset.front)
        except ValueError as error:
            yield breaks(
                f"The metadata of README.md are no YAML that the Hub takes: {' '.join(str(error).split())[:300]}."
            )
        else:
            if not isinstance(front, dict):
                yield breaks("The metadata of README.md must be keys and values. Run `lomo card`.")


def _words(dataset: Inspected) -> Iterator[Finding]:
    metadata = dataset.metadata
    licences = _listed(metadata.get("license"))
    if not licences:
        yield warns("The card declares no license. Write `license: other` and `license_name`, or an identifier.")
    for licence in licences:
        if licence not in LICENSES:
            yield warns(f"The Hub knows no license {licence!r}. Write `license: other` and a `license_name`.")
    if "other" in licences and not metadata.get("license_name"):
        yield warns("`license: other` needs a `license_name`. Add one.")
    for task in _listed(metadata.get("task_categories")):
        if task not in TASK_CATEGORIES:
            yield warns(f"The Hub knows no task {task!r}. Write `image-text-to-text` or another of its tasks.")
    for language in _listed(metadata.get("language")):
        if not _LANGUAGE.fullmatch(language):
            yield warns(
                f"{language!r} is no language code. Write one of ISO 639, such as `en`, in quotes if it is `no`."
            )


def _size(dataset: Inspected) -> Iterator[Finding]:
    categories = _listed(dataset.metadata.get("size_categories"))
    if not categories:
        yield warns("The card has no size_categories. Run `lomo card`.")
    for size in categories:
        if size not in SIZE_CATEGORIES:
            yield warns(f"The Hub knows no size {size!r}. Write one of {', '.join(SIZE_CATEGORIES[:5])}, ...")
    rows = max((_rows(dataset, config) for config in dataset.configs), default=0)
    if categories and rows and size_category(rows) not in categories:
        yield warns(
            f"The largest config has {rows:,} rows, which is {size_category(rows)!r}; the card says {categories[0]!r}."
        )


def _configs(dataset: Inspected) -> Iterator[Finding]:
    if not dataset.configs:
        yield breaks(
            "The card declares no `configs:`, so files are guessed and configs have no names. Run `lomo card`."
        )
        return
    for name, count in Counter(config.name for config in dataset.configs).items():
        if count > 1:
            yield breaks(f"Config {name!r} is declared {count} times. Keep one.")
        if not name or _FORBIDDEN_IN_NAMES & set(name) or name != name.strip():
            yield breaks(
                f"Config name {name!r} cannot be a folder of the cache. Use letters, digits, '.', '_' and '-'."
            )
    flagged = [config.name for config in dataset.configs if config.declared.get("default")]
    if len(flagged) > 1:
        yield breaks(f"{len(flagged)} configs are flagged as default ({', '.join(flagged)}). Keep one flag.")
    elif not flagged and len(dataset.configs) > 1 and "default" not in {config.name for config in dataset.configs}:
        yield warns(
            "No config is the default, so load_dataset without a config's name fails. Flag one `default: true`."
        )
    for config in dataset.configs:
        yield from _data_files(dataset, config)
    kinds = {path.rpartition(".")[2] for config in dataset.configs for path in _paths(dataset, config)}
    if len(kinds) > 1:
        yield breaks(f"All configs must have files of one format; found {', '.join(sorted(kinds))}. Convert them.")


def _data_files(dataset: Inspected, config: DataConfig) -> Iterator[Finding]:
    entries = config.declared.get("data_files")
    if not config.splits:
        yield breaks(f"Config {config.name!r} names no data_files. Run `lomo card`.")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and set(entry) != {"split", "path"}:
            yield breaks(f"data_files of {config.name!r} must hold `split` and `path` alone; found {sorted(entry)}.")
    for split, patterns in config.splits.items():
        if not _SPLIT.fullmatch(split):
            yield breaks(f"Split {split!r} of {config.name!r} must be letters, digits, '_' and dots. Rename it.")
        for pattern in patterns:
            if not dataset.paths([pattern]):
                yield breaks(f"{pattern!r} of config {config.name!r} matches no file. Correct it, or add the files.")
    for path in _paths(dataset, config):
        shard = dataset.shard(path) if path.endswith(".parquet") else None
        if path.endswith(".parquet") and shard is None:
            yield breaks(f"{path} is no readable Parquet file. Build or upload it again.")
        elif shard and config.columns is not None:
            missing = set(config.columns) - set(shard.schema.names)
            if missing:
                yield breaks(f"{path} lacks the column {sorted(missing)[0]!r} that {config.name!r} names.")


def _dataset_info(dataset: Inspected) -> Iterator[Finding]:
    declared = dataset.metadata.get("dataset_info")
    entries = [entry for entry in (declared if isinstance(declared, list) else [declared]) if isinstance(entry, dict)]
    infos = {str(entry.get("config_name", "default")): entry for entry in entries}
    if len(infos) < len(entries):
        yield breaks("`dataset_info:` says a config twice. Run `lomo card`.")
    for name in sorted(set(infos) - {config.name for config in dataset.configs}):
        yield warns(f"`dataset_info:` speaks of {name!r}, which is no config. Run `lomo card`.")
    for config in dataset.configs:
        if config.name not in infos:
            yield warns(
                f"`dataset_info:` says nothing of {config.name!r}, so its columns are guessed. Run `lomo card`."
            )
        else:
            yield from _info(dataset, config, infos[config.name])


def _info(dataset: Inspected, config: DataConfig, info: dict[str, Any]) -> Iterator[Finding]:
    yield from _features(dataset, config, info.get("features"))
    splits = {str(entry.get("name")): entry for entry in info.get("splits") or () if isinstance(entry, dict)}
    if not splits:  # it loads all the same, and its rows are not counted against anything
        return
    if set(splits) != set(config.splits):
        yield breaks(f"Splits of {config.name!r} are {sorted(config.splits)}, in dataset_info {sorted(splits)}.")
    size = 0
    for split in config.splits:
        shards = list(dataset.shards(config, split))
        rows = sum(shard.metadata.num_rows for shard in shards)
        size += sum(dataset.files.sizes[shard.path] for shard in shards)
        declared = splits.get(split, {}).get("num_examples", rows)
        if declared != rows:
            yield breaks(
                f"{config.name!r} holds {rows:,} rows in {split!r}, the card says {declared}. Run `lomo card`."
            )
    if size and info.get("download_size", size) != size:
        yield warns(f"{config.name!r} is {size:,} bytes to download, the card says {info['download_size']}.")


def _features(dataset: Inspected, config: DataConfig, features: object) -> Iterator[Finding]:
    from datasets import Features

    try:
        declared = Features._from_yaml_list(features)
        wanted = {field.name: field.type for field in declared.arrow_schema}
    except Exception as error:  # whatever shape it has, `datasets` would fail on it as well
        yield breaks(
            f"`features` of {config.name!r} cannot be read ({type(error).__name__}: {error}). Run `lomo card`."
        )
        return
    for split in config.splits:
        for shard in dataset.shards(config, split):
            columns = shard.schema.names if config.columns is None else config.columns
            types = {name: shard.schema.field(name).type for name in columns if name in shard.schema.names}
            for name in sorted(set(types) ^ set(wanted)):
                where = "the card" if name in types else shard.path
                yield breaks(f"Column {name!r} of {config.name!r} is missing in {where}. Run `lomo card`.")
            for name in [name for name in types if name in wanted and types[name] != wanted[name]]:
                yield breaks(f"Column {name!r} is {types[name]} in {shard.path}; the card says {wanted[name]}.")


def _readme(dataset: Inspected) -> Iterator[Finding]:
    for match in _IMAGE_LINK.finditer(dataset.readme or ""):
        link = match[1] or match[2]
        if (
            "://" not in link
            and not link.startswith(("data:", "#"))
            and link.removeprefix("./") not in dataset.files.sizes
        ):
            yield warns(f"README.md shows {link!r}, which is not in the folder. Run `lomo card`.")


def _forbidden(dataset: Inspected) -> Iterator[Finding]:
    names = dataset.files.sizes
    if f"{dataset.files.name}.py" in names:
        yield breaks(
            f"{dataset.files.name}.py is taken for a loading script, and refused by datasets 4 and newer. Remove it."
        )
    if ".huggingface.yaml" in names:
        yield breaks(".huggingface.yaml takes the place of the card's metadata. Remove it.")
    if "dataset_infos.json" in names:
        yield warns("dataset_infos.json is the old form of dataset_info and goes stale. Remove it.")
    used = {path for config in dataset.configs for path in _paths(dataset, config)}
    for path in [path for path in names if path.endswith(".parquet") and path not in used]:
        yield warns(f"{path} belongs to no config. Declare it, or remove it.")


def _entries(dataset: Inspected) -> Iterator[Finding]:
    """LLaMA-Factory's `dataset_info.json`, and the manifest."""
    names = {config.name for config in dataset.configs}
    entries = _json(dataset, LLAMAFACTORY)
    for key, entry in (entries or {}).items():
        if not isinstance(entry, dict) or str(entry.get("subset", key)) not in names:
            yield warns(
                f"{key!r} in dataset_info.json names no config, so LLaMA-Factory cannot load it. Run `lomo card`."
            )
    if MANIFEST not in dataset.files.sizes:
        yield warns("There is no manifest.json, so nobody can tell whether the files are whole. Run `lomo build`.")
        return
    with dataset.files.open(MANIFEST) as stream:
        text = stream.read()
    try:
        contents = Contents.parse(text, repr(dataset.files.name))
    except IntegrityError as error:
        yield warns(f"{error} Take it from a copy of the folder, or build into another.")
        return
    for record in contents.files.values():
        size = dataset.files.sizes.get(record.path)
        if size is None:
            yield breaks(f"{record.path} is missing, though the manifest names it. Build or upload it again.")
        elif size != record.bytes:
            yield warns(
                f"{record.path} has {size:,} bytes, {record.bytes:,} in the manifest. Run `lomo card` or build."
            )


def _json(dataset: Inspected, path: str) -> dict[str, object] | None:
    if path not in dataset.files.sizes:
        return None
    try:
        with dataset.files.open(path) as stream:
            value = json.load(stream)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _listed(value: object) -> list[str]:
    """One or several words, as the Hub takes either."""
    return [str(item) for item in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _paths(dataset: Inspected, config: DataConfig) -> list[str]:
    return [path for patterns in config.splits.values() for path in dataset.paths(patterns)]


def _rows(dataset: Inspected, config: DataConfig) -> int:
    return sum(shard.metadata.num_rows for split in config.splits for shard in dataset.shards(config, split))


CARD_CHECKS: Final = (
    Check("front matter", "README.md begins with YAML that says no key twice", _front_matter),
    Check("words", "licences, tasks and languages are ones that the Hub knows", _words),
    Check("size", "size_categories is the size of the largest config", _size),
    Check("configs", "names, splits and patterns mean files of one format; one default", _configs),
    Check("dataset_info", "columns, splits and row counts are those in the Parquet footers", _dataset_info),
    Check("pictures of the card", "every picture that README.md shows is in the folder", _readme),
    Check("other files", "no loading script, no metadata in a second place, no stray shard", _forbidden),
    Check("entries", "LLaMA-Factory's entries and the manifest mean what is there", _entries),
)
"""Checks of the card, in the order in which they are asked."""
