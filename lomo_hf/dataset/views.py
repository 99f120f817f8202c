"""What a dataset folder declares of its configs: `configs:` and `dataset_info:` of the card, and the entries by which
LLaMA-Factory loads them.

A config is all the columns of its shards. There were second configs over the same files, with fewer `columns`; the
Hub's viewer cannot open such a config (it reads every column of a file and casts to the declared ones), and no trainer
needs one: LLaMA-Factory, ms-swift, TRL and Axolotl all pick their columns themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lomo_hf.building import Receipt
from lomo_hf.corpus.splits import in_order
from lomo_hf.row_columns import ROW_COLUMNS, card_features, extra_columns_of
from lomo_hf.storage.memory import release_memory

__all__ = [
    "LOCAL",
    "Footprint",
    "configs_yaml",
    "dataset_info_yaml",
    "footprints",
    "llamafactory_entries",
    "split_of",
]

LOCAL: Final = "-local"
"""What LLaMA-Factory's entry for the folder on this machine adds to the config's name."""


@dataclass(frozen=True)
class Footprint:
    """What the footers of a config's shards say: rows, bytes on disk, bytes in memory (all columns; by column).

    `extra` names the columns beyond those that every row has; `splits` are the same figures of each split, by name.
    """

    shards: int
    rows: int
    download_bytes: int
    column_bytes: Mapping[str, int]
    extra: tuple[str, ...] = ()
    splits: Mapping[str, "Footprint"] = field(default_factory=dict)


def footprints(folder: Path, receipts: Sequence[Receipt], names: Sequence[str]) -> dict[str, Footprint]:
    """Read the Parquet footers of every config.

    Args:
        folder: The dataset folder.
        receipts: What was noted of its shards.
        names: The configs.

    Returns:
        Config -> what its footers say, of all its shards and of those of each split.
    """
    footprints = {}
    for name in names:
        of_splits: dict[str, list[str]] = {}
        for path in (receipt.files[name].path for receipt in receipts if name in receipt.files):
            of_splits.setdefault(split_of(path), []).append(path)
        parts = {split: _footprint(folder, of_splits[split]) for split in in_order(of_splits)}
        footprints[name] = _together(parts)
    return footprints


def split_of(path: str) -> str:
    """The split that a shard is a part of, by its name.

    Args:
        path: Of a shard, relative to the dataset folder.

    Returns:
        The name of the split.

    Example:
        >>> split_of("ratio50/test-00000-of-00002.parquet")
        'test'
    """
    return path.rpartition("/")[2].rsplit("-", 3)[0]


def configs_yaml(splits: Mapping[str, Sequence[str]], default: str) -> list[dict[str, object]]:
    """The card's `configs:`, of each the splits; the default first, because the Hub's viewer opens it.

    Args:
        splits: Config -> its splits.
        default: The config that `load_dataset` loads without a name.

    Returns:
        An entry for each config.

    Example:
        >>> configs = {"ratio25": ["train"], "ratio50": ["train"]}
        >>> [entry["config_name"] for entry in configs_yaml(configs, "ratio50")]
        ['ratio50', 'ratio25']
    """
    ordered = sorted(splits, key=lambda name: (name != default, name))
    return [
        {
            "config_name": name,
            **({"default": True} if name == default else {}),
            "data_files": _files(name, splits[name]),
        }
        for name in ordered
    ]


def dataset_info_yaml(footprints: Mapping[str, Footprint]) -> list[dict[str, object]]:
    """The card's `dataset_info:`, from the footers.

    Args:
        footprints: Config -> what its footers say.

    Returns:
        An entry for each config: features, splits and sizes.

    Example:
        >>> train = Footprint(1, 5, 900, dict.fromkeys(ROW_COLUMNS, 10))
        >>> entry, = dataset_info_yaml({"mine": Footprint(1, 5, 900, train.column_bytes, splits={"train": train})})
        >>> entry["splits"], entry["download_size"]
        ([{'name': 'train', 'num_bytes': 120, 'num_examples': 5}], 900)
    """
    entries: list[dict[str, object]] = []
    for name, footprint in footprints.items():
        sizes = {split: sum(part.column_bytes.values()) for split, part in footprint.splits.items()}
        entries.append(
            {
                "config_name": name,
                "features": card_features((*ROW_COLUMNS, *footprint.extra)),
                "splits": [
                    {"name": split, "num_bytes": size, "num_examples": footprint.splits[split].rows}
                    for split, size in sizes.items()
                ],
                "download_size": footprint.download_bytes,
                "dataset_size": sum(sizes.values()),
            }
        )
    return entries


def llamafactory_entries(splits: Mapping[str, Sequence[str]], repo: str) -> dict[str, object]:
    """`dataset_info.json`, by which LLaMA-Factory trains: `<config>` from the Hub, `<config>-local` from this folder.

    The first wants `dataset_dir: REMOTE:<repo>`, the second `dataset_dir: <folder>`: its `script_url` is joined to the
    folder and given to `load_dataset`, with the config as `subset`, although no script is anywhere. Both read the
    first split: train, where there is one.

    Args:
        splits: Config -> its splits.
        repo: The name on the Hub.

    Returns:
        Entries by name, as LLaMA-Factory's `dataset_info.json` has them.

    Example:
        >>> sorted(llamafactory_entries({"ratio50": ["train"]}, "org/name"))
        ['ratio50', 'ratio50-local']
    """
    return {
        name + suffix: {
            **where,
            "subset": name,
            "split": splits[name][0],
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
        }
        for name in splits
        for suffix, where in (("", {"hf_hub_url": repo}), (LOCAL, {"script_url": "."}))
    }


def _files(name: str, splits: Sequence[str]) -> list[dict[str, str]]:
    # A list of its own each time: a shared one would become an anchor in the YAML.
    return [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]


def _footprint(folder: Path, paths: Sequence[str]) -> Footprint:
    import pyarrow.parquet as pq

    rows = download = 0
    column_bytes: dict[str, int] = dict.fromkeys(ROW_COLUMNS, 0)
    extra: tuple[str, ...] = ()
    for path in paths:
        with pq.ParquetFile(folder / path) as shard:
            metadata = shard.metadata
            extra = extra_columns_of(shard.schema_arrow.names)
        column_bytes = {**dict.fromkeys(extra, 0), **column_bytes}
        rows += metadata.num_rows
        download += (folder / path).stat().st_size
        # Never `metadata.schema`: it and the footer would hold each other, 3 MB, until Python looks for cycles.
        for group in map(metadata.row_group, range(metadata.num_row_groups)):
            for column in map(group.column, range(metadata.num_columns)):
                column_bytes[column.path_in_schema.partition(".")[0]] += column.total_uncompressed_size
        release_memory()
    return Footprint(len(paths), rows, download, column_bytes, extra)


def _together(parts: Mapping[str, Footprint]) -> Footprint:
    """What the splits of a config take in all."""
    each = parts.values()
    extra = max((part.extra for part in each), key=len, default=())
    return Footprint(
        sum(part.shards for part in each),
        sum(part.rows for part in each),
        sum(part.download_bytes for part in each),
        {name: sum(part.column_bytes.get(name, 0) for part in each) for name in (*extra, *ROW_COLUMNS)},
        extra,
        parts,
    )
