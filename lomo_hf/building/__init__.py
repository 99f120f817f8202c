"""Rows -> shards: a plan of row ranges, a Parquet file and a receipt for each, in one process or several; resumable.

    plan(source, recipes)                    -> [ShardSpec], fixed by the input alone
    build_shard(spec, out)                   -> Receipt; pure and atomic, for any scheduler
    build_shards(specs, out, num_proc=2)     -> [Receipt]; builds what is missing or damaged
    Engine                                   who builds: LocalEngine, BuiltAlready, cluster.DatatroveEngine

What makes a folder of shards a dataset repository - card, manifest, views - is made by `lomo_hf.dataset`.
"""

from lomo_hf.building.engines.local import BuiltAlready, Engine, LocalEngine, share_of
from lomo_hf.building.planning import FORMAT_VERSION, ShardSpec, plan
from lomo_hf.building.receipts import Counts, Receipt
from lomo_hf.building.resume import RECEIPTS, find_strays, trusted_receipt
from lomo_hf.building.shard import build_shard
from lomo_hf.building.shard_writer import MAX_GROUP_ROWS, verify_parquet
from lomo_hf.building.workers.pool import ShardDone, build_shards
from lomo_hf.building.workers.rows import RowLimits

__all__ = [
    "FORMAT_VERSION",
    "MAX_GROUP_ROWS",
    "RECEIPTS",
    "BuiltAlready",
    "Counts",
    "Engine",
    "LocalEngine",
    "Receipt",
    "RowLimits",
    "ShardDone",
    "ShardSpec",
    "build_shard",
    "build_shards",
    "find_strays",
    "plan",
    "share_of",
    "trusted_receipt",
    "verify_parquet",
]
