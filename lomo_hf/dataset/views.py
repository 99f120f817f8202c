"""The views of a dataset folder: which configs its card declares over one set of shards, and what each holds.

Every recipe has two: `<recipe>` with all columns, and `<recipe>-sharegpt` with turns as strings and images as bytes.
Both read the same files, so the second costs no byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lomo_hf.building import Receipt
from lomo_hf.corpus.splits import in_order
from lomo_hf.row import extra_columns_of, row_features, sharegpt_features

__all__ = [
    "LOCAL", "SHAREGPT", "Footprint", "configs_yaml", "dataset_info_yaml", "footprints", "llamafactory_entries",
    "split_of",
]  # fmt: skip

SHAREGPT = "-sharegpt"
LOCAL = "-local"


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
    """Read the Parquet footers of every config."""
    found = {}
    for name in names:
        paths = [receipt.files[name].path for receipt in receipts if name in receipt.files]
        of_splits: dict[str, list[str]] = {}
        for path in paths:
            of_splits.setdefault(split_of(path), []).append(path)
        parts = {split: _footprint(folder, of_splits[split]) for split in in_order(of_splits)}
        found[name] = replace(_footprint(folder, paths), splits=parts)
    return found


def split_of(path: str) -> str:
    """The split that a shard is a part of, by its name.

    >>> split_of("ratio50/test-00000-of-00002.parquet")
    'test'
    """
    return path.rpartition("/")[2].rsplit("-", 3)[0]


def configs_yaml(splits: Mapping[str, Sequence[str]], default: str) -> list[dict[str, object]]:
    """The card's `configs:`, of each the splits; the default first, because the Hub's viewer opens it."""
    ordered = sorted(splits, key=lambda name: (name != default, name))
    said: list[dict[str, object]] = []
    for name in ordered:
        said.append(
            {
                "config_name": name,
                **({"default": True} if name == default else {}),
                "data_files": _files(name, splits[name]),
            }
        )
        columns = list(sharegpt_features())
        said.append({"config_name": name + SHAREGPT, "columns": columns, "data_files": _files(name, splits[name])})
    return said


def dataset_info_yaml(found: Mapping[str, Footprint]) -> list[dict[str, object]]:
    """The card's `dataset_info:`, from the footers."""
    said = []
    for name, footprint in found.items():
        for view, features in ((name, row_features(footprint.extra)), (name + SHAREGPT, sharegpt_features())):
            sizes = {
                split: sum(part.column_bytes[column] for column in features)
                for split, part in footprint.splits.items()
            }
            said.append(
                {
                    "config_name": view,
                    "features": features._to_yaml_list(),
                    "splits": [
                        {"name": split, "num_bytes": size, "num_examples": footprint.splits[split].rows}
                        for split, size in sizes.items()
                    ],
                    "download_size": footprint.download_bytes,
                    "dataset_size": sum(sizes.values()),
                }
            )
    return said


def llamafactory_entries(splits: Mapping[str, Sequence[str]], repo: str) -> dict[str, object]:
    """`dataset_info.json`, by which LLaMA-Factory trains: `<config>` from the Hub, `<config>-local` from this folder.

    The first wants `dataset_dir: REMOTE:<repo>`, the second `dataset_dir: <folder>`: its `script_url` is joined to the
    folder and given to `load_dataset`, with the config as `subset`, although no script is anywhere. Both read the
    first split of `splits`, by config: train, where there is one.
    """
    return {
        key + suffix: {
            **where,
            "subset": key + SHAREGPT,
            "split": splits[key][0],
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
        }
        for key in splits
        for suffix, where in (("", {"hf_hub_url": repo}), (LOCAL, {"script_url": "."}))
    }


def _files(name: str, splits: Sequence[str]) -> list[dict[str, str]]:
    # A list of its own each time: a shared one would become an anchor in the YAML.
    return [{"split": split, "path": f"{name}/{split}-*.parquet"} for split in splits]


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
