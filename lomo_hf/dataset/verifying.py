"""Is a dataset folder, to the bit, what its manifest says? Nothing that fails here is ever published."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from lomo_hf.building import verify_parquet
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import CARD, MANIFEST, WORK_FOLDER
from lomo_hf.dataset.manifest import LINKED, no_manifest, sealed
from lomo_hf.errors import IntegrityError, LinkError
from lomo_hf.storage import Folder
from lomo_hf.storage.records import FileRecord

__all__ = ["VerifiedFolder", "changed_since", "verify_dataset"]

_SHOWN = 5
# What the Hub keeps in large file storage, and lists by SHA-256: such files, and all that are larger.
_LARGE_KINDS = (".parquet", ".png")
_SMALL = 10 << 20
# What the shards were is known from the manifest alone, so none of them can be kept.
_LOST = "Take it from a copy of the folder, or build into another."


@dataclass(frozen=True)
class VerifiedFolder:
    """A dataset folder of which every file was read and found to be as recorded.

    Attributes:
        folder: Where it is.
        contents: What its manifest lists.
    """

    folder: Path
    contents: Contents
    _held: Mapping[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    def holding_small_files(self) -> "VerifiedFolder":
        """The same, with the bytes of all small files but shards and pictures in memory, whatever becomes of them.

        Raises:
            IntegrityError: One of them has changed since.
        """
        records = [record for record in self.contents.files.values() if record.bytes <= _SMALL]
        held = {record.path: self.read(record.path) for record in records if not record.path.endswith(_LARGE_KINDS)}
        return VerifiedFolder(self.folder, self.contents, held)

    def read(self, path: str) -> bytes:
        """The bytes of one file, which are still those that were verified.

        Raises:
            IntegrityError: The manifest does not list it, or it has changed since.
        """
        recorded = self.contents.files.get(path)
        if recorded is None:
            raise IntegrityError(
                f"{path} is not in {MANIFEST} of {self.folder.name!r}. Run `lomo card` on the folder."
            )
        if path in self._held:
            return self._held[path]
        try:
            data = (Folder(self.folder) / path).read_bytes()
        except OSError as error:
            raise changed_since(recorded, f"became unreadable ({error.strerror or error})") from error
        if (len(data), sha256(data).hexdigest()) != (recorded.bytes, recorded.sha256):
            raise changed_since(recorded)
        return data

    @property
    def size(self) -> int:
        """Bytes of all recorded files."""
        return sum(record.bytes for record in self.contents.files.values())


def changed_since(record: FileRecord, how: str = "has changed") -> IntegrityError:
    """The error that says that a file is no longer what was verified.

    >>> print(changed_since(FileRecord.of_bytes("a.txt", b"abc")))
    a.txt has changed since the folder was verified, so it is not published. Run `lomo verify` on it, and push again.
    """
    return IntegrityError(
        f"{record.path} {how} since the folder was verified, so it is not published. Run `lomo verify` on it, and "
        "push again."
    )


def verify_dataset(folder: str | Path, progress: Callable[[int, int], None] | None = None) -> VerifiedFolder:
    """Read every file of a dataset folder and compare: presence, size, SHA-256, Parquet pages, rows; and that no file
    is there which the manifest does not name. Names that begin with a dot are passed over: they are never published.

    Args:
        folder: What `lomo build` left.
        progress: Called after each file with the number of files done, and of all.

    Returns:
        The folder, with what its manifest lists; `push` takes it.

    Raises:
        IntegrityError: Something is not as recorded; the message names the first few findings and counts the others.

    Example:
        >>> verify_dataset("nowhere")
        Traceback (most recent call last):
        lomo_hf.errors.IntegrityError: 'nowhere' holds no manifest.json, so no build was finished there. ...
    """
    folder = Path(folder)
    contents = _open_manifest(folder)
    findings: list[str] = []
    held = Folder(folder)
    records = contents.files
    for done, record in enumerate(records.values(), 1):
        findings.extend(_file_findings(held, record))
        if progress:
            progress(done, len(records))
    findings.extend(_count_findings(contents))
    strays = [f"{path} is not in the manifest" for path in _unlisted(folder, set(records))]
    if findings or strays:
        problems = [*findings, *strays]
        more = f"; and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else ""
        raise IntegrityError(
            f"{folder.resolve().name!r} is not what was built: {'; '.join(problems[:_SHOWN])}{more}. "
            f"{_remedy(findings, bool(strays))}"
        )
    return VerifiedFolder(folder, contents)


def _remedy(findings: list[str], strays: bool) -> str:
    """What mends it. Building leaves files alone that it did not make, and a card alone is quicker written again."""
    says = []
    if strays:
        says.append("Move what the manifest does not name elsewhere, unless it is of a build that is not finished.")
    if findings and all(finding.startswith(f"{CARD} has") for finding in findings):
        says.append("`lomo card` on this folder writes the card again and keeps your own text.")
    elif findings:
        says.append("Build again into this folder: what is whole is kept.")
    return " ".join(says)


def _open_manifest(folder: Path) -> Contents:
    try:
        text = (Folder(folder) / MANIFEST).read_text()
    except (FileNotFoundError, NotADirectoryError):
        ours = not folder.exists() or (folder / WORK_FOLDER).is_dir()
        remedy = f"Run `lomo build --out {folder}`" if ours else "Name another, or build into a new one"
        raise IntegrityError(no_manifest(folder, f"{remedy}.")) from None
    except LinkError as error:
        raise IntegrityError(f"{error} {LINKED}") from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise IntegrityError(f"{MANIFEST} in {folder.name!r} is damaged ({error}). {_LOST}") from error
    try:
        contents = Contents.parse(text, repr(folder.name))
    except IntegrityError as error:
        raise IntegrityError(f"{error} {_LOST}") from error
    if sealed(contents.document) != text:
        raise IntegrityError(f"{MANIFEST} in {folder.name!r} was changed since it was written. {_LOST}")
    return contents


def _file_findings(folder: Folder, record: FileRecord) -> Iterator[str]:
    place = folder / record.path
    try:
        if not place.is_file():
            yield f"{record.path} is {'no regular file' if place.stat() else 'missing'}"
        elif place.size() != record.bytes:
            yield f"{record.path} has {place.size()} bytes instead of {record.bytes}"
        elif place.sha256() != record.sha256:
            yield f"{record.path} has another SHA-256 than was recorded"
        elif record.rows is not None and record.path.endswith(".parquet"):
            verify_parquet(place.path, record.rows, extra=None)
    except LinkError:
        yield f"{record.path} is no regular file but a link, or lies behind one"
    except OSError as error:
        yield f"{record.path} cannot be read ({error.strerror or error})"
    except IntegrityError as error:
        yield str(error).rstrip(".")


def _count_findings(contents: Contents) -> Iterator[str]:
    for name in contents.configs:
        counted, stored = contents.counts(name).rows, contents.rows(name)
        if counted != stored:
            yield f"{name} counts {counted} rows and stores {stored}"


def _unlisted(folder: Path, listed: set[str]) -> list[str]:
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    shown = (path.as_posix() for path in paths if not any(step.startswith(".") for step in path.parts))
    return sorted(set(shown) - listed - {MANIFEST})
