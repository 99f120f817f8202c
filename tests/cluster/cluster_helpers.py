"""What a cluster leaves behind, without its logs."""

from pathlib import Path

from building.helpers import Tree, tree_of


def shards_of(out: Path) -> Tree:
    """What a build leaves, without a cluster's logs."""
    return {path: digest for path, digest in tree_of(out).items() if not path.startswith(".lomo/logs/")}
