"""Whether an id stands twice in a config, for 8 bytes a row."""

from array import array
from hashlib import blake2b
from pathlib import Path

from lomo_hf.auditing.ledger import Ledger
from lomo_hf.auditing.shards import Shard, read_ids
from lomo_hf.errors import IntegrityError

__all__ = ["SeenIds"]


class SeenIds:
    """The ids of a config by their 64-bit digests; only where two agree are the ids themselves read again."""

    def __init__(self) -> None:
        self._digests = array("Q")

    def add(self, id: str) -> None:
        """Note an id."""
        self._digests.append(_digest(id))

    def check(self, folder: Path, shards: list[Shard], ledger: Ledger) -> None:
        """Note in the ledger how many ids were seen, and those that stand a second time."""
        import numpy as np

        values, times = np.unique(np.frombuffer(self._digests, np.uint64), return_counts=True)
        ledger.count("unique-ids", int(times[times == 1].sum()))
        twice = set(values[times > 1].tolist())
        met: set[str] = set()
        for shard in shards if twice else ():
            for id in _ids(folder, shard):
                if _digest(id) in twice:
                    ledger.note("unique-ids", shard.config, id, ["the id stands there before."] if id in met else [])
                    met.add(id)


def _ids(folder: Path, shard: Shard) -> list[str]:
    try:
        return read_ids(folder, shard.file)
    except IntegrityError:
        return []  # the check of the shard tells


def _digest(id: str) -> int:
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
