"""A mapping of columns for corpora in no dialect that is known: `{"prompt": "question_text", "answer": "gold"}`.

On the left a column that a dialect reads, or `role` and `content` for the names inside a turn; on the right what the
source calls it. Without a mapping rows pass through untouched. Nothing here reads a file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lomo_hf.corpus.extra_columns import check_kept
from lomo_hf.corpus.identity import safe_line
from lomo_hf.corpus.known_columns import COLUMNS, DIALECT_REMEDY, MEDIA_COLUMNS, TURN_HOLDERS
from lomo_hf.errors import SourceError, UsageError

__all__ = ["AS_IT_STANDS", "MAPPING_REMEDY", "WHOLE_ROWS", "ColumnMap", "check_columns", "describe"]

MAPPING_REMEDY: Final = (
    "Say which columns to read: --columns prompt=NAME,answer=NAME for a pair, --columns messages=NAME for a list of "
    "turns (with role=NAME,content=NAME where turns have other keys), or columns={'prompt': 'NAME', ...} in Python."
)
_IN_TURNS: Final = ("role", "content")
_LISTS: Final = ("messages", "conversations", "conversation")
_DECLARED: Final = ("data_source", "source", "license")
_TARGETS: Final = (*(name for name in COLUMNS if name not in MEDIA_COLUMNS), *_IN_TURNS)


@dataclass(frozen=True)
class ColumnMap:
    """Which columns of a source are read. Hashable and picklable.

    Attributes:
        pairs: (column of a dialect, column of the source); none where the source is in a known dialect.
        whole: Fetch every column, media and all: for reading rows as they are stored, not for a corpus of text.
        keep: Columns of the source that are stored beside each row, as text.

    >>> mapped = ColumnMap.of({"prompt": "q", "answer": "gold", "id": "uid"})
    >>> mapped.apply({"uid": 3, "q": "2+2?", "gold": "4", "note": "easy"})
    {'prompt': '2+2?', 'answer': '4', 'id': 3}
    """

    pairs: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    keep: tuple[str, ...] = ()

    @classmethod
    def of(cls, columns: "Mapping[str, str] | ColumnMap | None", keep: Sequence[str] = ()) -> "ColumnMap":
        """From a mapping.

        Args:
            columns: Column of a dialect -> what the source calls it; or a map, which stays as it is.
            keep: Columns of the source to store beside each row.

        Raises:
            UsageError: A column is one that no dialect reads, none holds turns, or one cannot be kept.
        """
        if isinstance(columns, ColumnMap):
            return columns
        kept = check_kept(keep)
        columns = columns or {}
        for target, name in columns.items():
            if target not in _TARGETS or not isinstance(name, str) or not name:
                raise UsageError(f"columns must name one of {', '.join(_TARGETS)}; found {target!r}={name!r}.")
        if columns and not set(columns) & {*TURN_HOLDERS, *_IN_TURNS}:
            raise UsageError(f"columns must say what holds the turns; found {sorted(columns)}. {MAPPING_REMEDY}")
        return cls(tuple(columns.items()), keep=kept)

    def fetched(self, names: Iterable[str]) -> tuple[str, ...]:
        """Which of a columnar source's columns are read, in a fixed order."""
        present = list(names)
        if self.whole:
            return tuple(present)
        if not self.renames:
            return tuple(name for name in dict.fromkeys((*COLUMNS, *self.keep)) if name in present)
        wanted: dict[str, None] = dict.fromkeys(source for target, source in self.pairs if target not in _IN_TURNS)
        kept: dict[str, None] = dict.fromkeys(name for name in self._taken_along if name in present)
        return tuple(name for name in {**wanted, **kept} if name in present)

    def id_column(self) -> str:
        """What the source calls the id."""
        return dict(self.pairs).get("id", "id")

    def missing(self, names: Iterable[str]) -> list[str]:
        """Columns that the mapping names and the source lacks."""
        present = set(names)
        named = [source for target, source in self.pairs if target not in _IN_TURNS]
        return [name for name in (*named, *self.keep) if name not in present]

    def apply(self, row: object) -> object:
        """A row with the columns that a dialect reads; what is not a row stays as it is."""
        if not self.pairs or not isinstance(row, Mapping):
            return row
        mapped: Mapping[str, object] = row
        if self.renames:
            renamed = {target: row.get(source) for target, source in self.pairs if target not in _IN_TURNS}
            for name in self._taken_along:
                if name in row:
                    renamed.setdefault(name, row[name])
            mapped = renamed
        inner = {source: target for target, source in self.pairs if target in _IN_TURNS}
        if not inner:
            return mapped
        return {key: _turns(value, inner) if key in _LISTS else value for key, value in mapped.items()}

    @property
    def _taken_along(self) -> tuple[str, ...]:
        """Columns of the source that keep their names beside those that are mapped."""
        return ("id", *MEDIA_COLUMNS, *_DECLARED, *self.keep)

    @property
    def renames(self) -> bool:
        """Whether any column goes by another name, and not only keys inside turns."""
        return any(target not in _IN_TURNS for target, _ in self.pairs)


AS_IT_STANDS: Final = ColumnMap()
WHOLE_ROWS: Final = ColumnMap(whole=True)


def check_columns(names: Sequence[str], where: str, columns: ColumnMap) -> None:
    """Pass if a columnar source holds what is to be read.

    Args:
        names: Its columns.
        where: For messages.
        columns: Which of them are read.

    Raises:
        SourceError: A column that is named is missing, or none holds turns.

    >>> check_columns(["id", "messages"], "rows", AS_IT_STANDS)
    """
    if columns.whole:
        return
    missing = columns.missing(names)
    if missing:
        raise SourceError(f"{where} has no column {describe(missing)}; its columns are {describe(names)}.")
    if columns.fetched(names) and (columns.renames or set(names) & set(TURN_HOLDERS)):
        return
    seen = f"{where} has no column that holds turns; its columns are {describe(names)}."
    raise SourceError(f"{seen} {MAPPING_REMEDY} {DIALECT_REMEDY}")


def _turns(value: object, inner: Mapping[str, str]) -> object:
    if not isinstance(value, list):
        return value
    return [
        {inner.get(key, key): text for key, text in turn.items()} if isinstance(turn, Mapping) else turn
        for turn in value
    ]


def describe(names: Iterable[str], limit: int = 20) -> str:
    """Names of columns for a message: short, one line.

    >>> describe(["a", "b"])
    '[a, b]'
    """
    listed = list(names)
    shown = [safe_line(str(name), 40) for name in listed[:limit]]
    return f"[{', '.join(shown)}{', ...' if len(listed) > limit else ''}]"
