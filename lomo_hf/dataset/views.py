"""The views of a dataset folder: which configs its card declares over one set of shards, and what each holds.

Every recipe has two: `<recipe>` with all columns, and `<recipe>-sharegpt` with turns as strings and images as bytes.
Both read the same files, so the second costs no byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lomo_hf.building import Receipt
from lomo_hf.row import ROW_COLUMNS, SHAREGPT_COLUMNS, card_features, extra_columns_of

__all__ = ["LOCAL", "SHAREGPT", "Footprint", "configs_yaml", "dataset_info_yaml", "footprints", "llamafactory_entries"]

SHAREGPT = "-sharegpt"
LOCAL = "-local"
SPLIT = "train"


@dataclass(frozen=True)
class Footprint:
    """What the footers of a config's shards say: rows, bytes on disk, bytes in memory (all columns; by column).

    `extra` names the columns beyond those that every row has.
    """

    shards: int
    rows: int
    download_bytes: int
    column_bytes: Mapping[str, int]
    extra: tuple[str, ...] = ()


def footprints(folder: Path, receipts: Sequence[Receipt], names: Sequence[str]) -> dict[str, Footprint]:
    """Read the Parquet footers of every config."""
    return {
        name: _footprint(folder, [receipt.files[name].path for receipt in receipts if name in receipt.files])
        for name in names
    }


def configs_yaml(names: Sequence[str], default: str) -> list[dict[str, object]]:
    """The card's `configs:`; the default first, because the Hub's viewer opens it."""
    ordered = sorted(names, key=lambda name: (name != default, name))
    said: list[dict[str, object]] = []
    for name in ordered:
        said.append(
            {"config_name": name, **({"default": True} if name == default else {}), "data_files": _files(name)}
        )
        columns = list(SHAREGPT_COLUMNS)
        said.append({"config_name": name + SHAREGPT, "columns": columns, "data_files": _files(name)})
    return said


def dataset_info_yaml(found: Mapping[str, Footprint]) -> list[dict[str, object]]:
    """The card's `dataset_info:`, from the footers."""
    said = []
    for name, footprint in found.items():
        for view, columns in ((name, (*ROW_COLUMNS, *footprint.extra)), (name + SHAREGPT, SHAREGPT_COLUMNS)):
            size = sum(footprint.column_bytes[column] for column in columns)
            said.append(
                {
                    "config_name": view,
                    "features": card_features(columns),
                    "splits": [{"name": SPLIT, "num_bytes": size, "num_examples": footprint.rows}],
                    "download_size": footprint.download_bytes,
                    "dataset_size": size,
                }
            )
    return said


def llamafactory_entries(names: Sequence[str], repo: str) -> dict[str, object]:
    """`dataset_info.json`, by which LLaMA-Factory trains: `<config>` from the Hub, `<config>-local` from this folder.

    The first wants `dataset_dir: REMOTE:<repo>`, the second `dataset_dir: <folder>`: its `script_url` is joined to the
    folder and given to `load_dataset`, with the config as `subset`, although no script is anywhere.
    """
    return {
        key + suffix: {
            **where,
            "subset": key + SHAREGPT,
            "split": SPLIT,
            "formatting": "sharegpt",
            "columns": {"messages": "conversations", "images": "images"},
        }
        for key in names
        for suffix, where in (("", {"hf_hub_url": repo}), (LOCAL, {"script_url": "."}))
    }


def _files(name: str) -> list[dict[str, str]]:
    # A list of its own each time: a shared one would become an anchor in the YAML.
    return [{"split": SPLIT, "path": f"{name}/{SPLIT}-*.parquet"}]


def _footprint(folder: Path, paths: Sequence[str]) -> Footprint:
    import pyarrow.parquet as pq

    rows = download = 0
    column_bytes: dict[str, int] = dict.fromkeys(ROW_COLUMNS, 0)
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
