"""The space that TeX puts between two atoms (The TeXbook, chapter 18), in em."""

__all__ = ["space_between"]

_CLASSES = ("ord", "op", "bin", "rel", "open", "close", "punct", "inner")
_NONE, _THIN, _MEDIUM, _THICK = 0.0, 3 / 18, 4 / 18, 5 / 18
_TABLE = {
    "ord": "01230001",
    "op": "11030001",
    "bin": "22002002",
    "rel": "33003003",
    "open": "00000000",
    "close": "01230001",
    "punct": "11011111",
    "inner": "11231011",
}
_ALWAYS = frozenset((("ord", "op"), ("op", "ord"), ("op", "op"), ("close", "op"), ("inner", "op")))


def space_between(left: str, right: str, style: int) -> float:
    """Space between two classes of atoms; in scripts (style 2 and 3) only operators keep theirs.

    >>> round(space_between("ord", "rel", 0), 4), space_between("ord", "rel", 2), space_between("start", "rel", 0)
    (0.2778, 0.0, 0.0)
    """
    row = _TABLE.get(left)
    if row is None or right not in _CLASSES:
        return _NONE
    size = (_NONE, _THIN, _MEDIUM, _THICK)[int(row[_CLASSES.index(right)])]
    return size if style < 2 or (left, right) in _ALWAYS else _NONE
