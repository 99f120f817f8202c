"""Modules that are imported when they are first used, for a library that imports more than is needed of it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["late_imports"]


class _Late(ModuleType):
    """Stands for a module until something of it is asked for, and passes that on from then on."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # questions of the import system, not of the library
            raise AttributeError(name)
        return getattr(import_module(self.__name__), name)


@contextmanager
def late_imports(names: Sequence[str]) -> Iterator[None]:
    """Within the block, `import` of these modules costs nothing; each is imported when something of it is used.

    What was imported before the block is left alone, and after it every module is found as ever, so that nobody else
    meets a substitute.

    Args:
        names: Dotted names; a package stands before its modules.

    >>> before = sys.modules.pop("colorsys", None)
    >>> with late_imports(["colorsys"]):
    ...     import colorsys
    >>> "colorsys" in sys.modules, colorsys.hls_to_rgb(0, 1, 0), "colorsys" in sys.modules
    (False, (1, 1, 1), True)
    """
    lent = {}
    for name in names:
        if name not in sys.modules:
            lent[name] = sys.modules[name] = _Late(name)
            lent[name].__path__ = []
            package, _, last = name.rpartition(".")
            if package in lent:
                setattr(lent[package], last, lent[name])
    try:
        yield
    finally:
        for name, substitute in lent.items():
            if sys.modules.get(name) is substitute:
                del sys.modules[name]
