"""What a dataset folder declares of its configs: `configs:` and `dataset_info:` of the card, and the entries by which
LLaMA-Factory loads them.

A config is all the columns of its shards. There were second configs over the same files, with fewer `columns`; the
Hub's viewer cannot open such a config (it reads every column of a file and casts to the declared ones), and no trainer
needs one: LLaMA-Factory, ms-swift, TRL and Axolotl all pick their columns themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lomo_hf.building import Receipt
from lomo_hf.row import extra_columns_of, row_features

__all__ = ["LOCAL", "Footprint", "configs_yaml", "dataset_info_yaml", "footprints", "llamafactory_entries"]

LOCAL: Final = "-local"
"""What LLaMA-Factory's entry for the folder on this machine adds to the config's name."""

_SPLIT: Final = "train"


@dataclass(frozen=True)
class Footprint:
    """What the footers of a config's shards say.

    Attributes:
        shards: How many Parquet files.
        rows: Rows in all of them.
        download_bytes: Their size on disk.
        column_bytes: Bytes in memory, by column.
        extra: Columns beyond those that every row has.
    """

    shards: int
    rows: int
    download_bytes: int
    column_bytes: Mapping[str, int]
    extra: tuple[str, ...] = ()


def footprints(folder: Path, receipts: Sequence[Receipt], names: Sequence[str]) -> dict[str, Footprint]:
    """Read the Parquet footers of every config.

    Args:
        folder: The dataset folder.
        receipts: What was noted of its shards.
        names: The configs.

    Returns:
        Config -> what its footers say.
    """
    return {
        name: _footprint(folder, [receipt.files[name].path for receipt in receipts if name in receipt.files])
        for name in names
    }


def configs_yaml(names: Sequence[str], default: str) -> list[dict[str, object]]:
    """The card's `configs:`; the default first, because the Hub's viewer opens it.

    Args:
        names: The configs.
        default: The one that `load_dataset` loads without a name.

    Returns:
        An entry for each config.

    Example:
        >>> [entry["config_name"] for entry in configs_yaml(["ratio25", "ratio50"], "ratio50")]
        ['ratio50', 'ratio25']
    """
    ordered = sorted(names, key=lambda name: (name != default, name))
    return [
        {
            "config_name": name,
            **({"default": True} if name == default else {}),
            "data_files": [{"split": _SPLIT, "path": f"{name}/{_SPLIT}-*.parquet"}],
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
        >>> from lomo_hf.row import ROW_COLUMNS
        >>> entry, = dataset_info_yaml({"mine": Footprint(1, 5, 900, dict.fromkeys(ROW_COLUMNS, 10))})
        >>> entry["splits"], entry["download_size"]
        ([{'name': 'train', 'num_bytes': 120, 'num_examples': 5}], 900)
    """
    entries: list[dict[str, object]] = []
    for name, footprint in footprints.items():
        size = sum(footprint.column_bytes.values())
        entries.append(
            {
                "config_name": name,
                "features": row_features(footprint.extra)._to_yaml_list(),
                "splits": [{"name": _SPLIT, "num_bytes": size, "num_examples": footprint.rows}],
                "download_size": footprint.download_bytes,
                "dataset_size": size,
            }
        )
    return entries


def llamafactory_entries(names: Sequence[str], repo: str) -> dict[str, object]:
    """`dataset_info.json`, by which LLaMA-Factory trains: `<config>` from the Hub, `<config>-local` from this folder.

    The first wants `dataset_dir: REMOTE:<repo>`, the second `dataset_dir: <folder>`: its `script_url` is joined to the
    folder and given to `load_dataset`, with the config as `subset`, although no script is anywhere.

    Args:
        names: The configs.
        repo: The name on the Hub.

    Returns:
        Entries by name, as LLaMA-Factory's `dataset_info.json` has them.

    Example:
        >>> sorted(llamafactory_entries(["ratio50"], "org/name"))
        ['ratio50', 'ratio50-local']
    """
    return {
        name + suffix: {
            **where,
            "subset": name,
            "split": _SPLIT,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
        }
        for name in names
        for suffix, where in (("", {"hf_hub_url": repo}), (LOCAL, {"script_url": "."}))
    }


def _footprint(folder: Path, paths: Sequence[str]) -> Footprint:
    import pyarrow.parquet as pq

    rows = download = 0
    column_bytes: dict[str, int] = dict.fromkeys(row_features(), 0)
    extra: tuple[str, ...] = ()
    for path in paths:
        metadata = pq.read_metadata(folder / path)
        extra = extra_columns_of(metadata.schema.to_arrow_schema().names)
        column_bytes = {**dict.fromkeys(extra, 0), **column_bytes}
        rows += metadata.num_rows
        download += (folder / path).stat().st_size
        for group in range(metadata.num_row_groups):
            for index in range(metadata.num_columns):
                column = metadata.row_group(group).column(index)
                column_bytes[column.path_in_schema.partition(".")[0]] += column.total_uncompressed_size
    return Footprint(len(paths), rows, download, column_bytes, extra)
