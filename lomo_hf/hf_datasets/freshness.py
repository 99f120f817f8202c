"""What the caches of `datasets` must know, so that none of them ever serves a row that would be built otherwise today.

`datasets` names what it caches after the arguments of a function, not after what the function does: a new version of
this package, of an engine or of a source file would go unnoticed. So both are digested here and made arguments.
"""

from functools import cache
from hashlib import blake2b
from pathlib import Path

import lomo_hf
from lomo_hf.corpus import Source
from lomo_hf.recipes.recipe import Recipe, installed_engines
from lomo_hf.row_columns import row_features

__all__ = ["code_digest", "rows_digest"]


@cache
def code_digest() -> str:
    """32 hexadecimal digits over the versions of all engines and the source files of this package, as installed.

    The files matter beside the version: an editable install changes without a new version. Stable across processes
    and machines.

    >>> len(code_digest())
    32
    """
    digest = blake2b(digest_size=16)
    for name, version in sorted(installed_engines().items()):
        _add(digest, name, version)
    root = Path(lomo_hf.__file__).parent
    for file in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        _add(digest, file.relative_to(root).as_posix(), file.read_bytes())
    return digest.hexdigest()


def rows_digest(recipe: Recipe, source: Source, rows: int) -> str:
    """32 hexadecimal digits over everything that decides the first `rows` rows of a source under a recipe.

    >>> from lomo_hf.corpus import open_corpus
    >>> rows_digest(Recipe("a"), open_corpus(), 5) == rows_digest(Recipe("a", seed=1), open_corpus(), 5)
    False
    """
    digest = blake2b(digest_size=16)
    for part in (
        recipe.digest,
        source.digest,
        source.config,
        source.repo,
        source.revision,
        source.split,
        rows,
        code_digest(),
    ):
        _add(digest, type(part).__name__, str(part))
    _add(digest, "features", str(row_features(source.extra)))
    return digest.hexdigest()


def _add(digest: "blake2b", name: str, value: str | bytes) -> None:
    # Lengths keep ("a", "bc") and ("ab", "c") apart.
    for part in (name.encode(), value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")):
        digest.update(len(part).to_bytes(8, "little") + part)
