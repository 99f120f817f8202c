"""What a benchmark's columns are: the class that a definition by name, and one of your own, are instances of.

A definition names a source and its columns; a column that is not there is an error that lists those that are, never a
guess. The definitions by name stand in `definitions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from lomo_hf.errors import RecipeError

__all__ = ["OPTION_FORMS", "SCORINGS", "Benchmark", "Documents", "benchmark_from_dict"]

OPTION_FORMS: Final = ("list", "literal", "text")
SCORINGS: Final = ("match", "own")
_NAMES: Final = ("source", "answer", "split", "config", "options", "category", "revision", "md5")


@dataclass(frozen=True)
class Documents:
    """Documents of which a benchmark shows the pages as images: PDF files in a folder of its source.

    The column of file names is the first of `Benchmark.images`.

    Args:
        folder: The folder in the source, as in `documents/report.pdf`.
        pages: The column that lists page numbers from 1, where only these are shown; None shows every page.
        most: The most pages of a document that are shown; the rest is left out, as the benchmark's own code does.
        dpi: Dots per inch at which a page is drawn.

    Raises:
        RecipeError: A field is not what it must be.

    Example:
        >>> Documents("documents", pages="evidence_pages").most
        120
    """

    folder: str
    pages: str | None = None
    most: int = 120
    dpi: int = 144

    def __post_init__(self) -> None:
        for name in ("most", "dpi"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
                raise RecipeError(f"documents.{name} must be a whole number from 1 to 1000; found {value!r}.")
        if not self.folder or self.folder.startswith("/") or ".." in self.folder.split("/"):
            raise RecipeError(f"documents.folder must be a folder inside the source; found {self.folder!r}.")


@dataclass(frozen=True)
class Benchmark:
    """The source of a benchmark and what its columns are.

    Args:
        source: A repository on the Hub (org/name), a local file or folder, or the URL of a table (.tsv, .csv, .jsonl).
        question: The column of the question's words; None where every row has the same words, `fixed_question`.
        answer: The column of the answer; it is copied, never read.
        split: The split that is rendered.
        config: The config on the Hub; None where there is one only.
        images: The columns of the original images, in the order in which a model is shown them. A cell may hold an
            image, a list of them, a path, a data URL or bare base64; a row may have none. Columns that end in a number
            (`image_1` ... `image_7`) are what `<image 1>` in the words refers to; of those only the first must be
            there. None is "image" where there is one.
        options: The column of the options, where they are not part of the question.
        id: The column of a unique id, or several that are unique together (the first must be there, the others are
            added where they are); None numbers the rows from 0.
        category: The column by which results are told apart.
        revision: The commit on the Hub; None is the newest.
        options_as: What a cell of options is: "list" (a list of texts), "literal" (a list written as a text, as in
            "['a', 'b']") or "text" (one text that holds them all, letters included).
        fixed_question: The question of every row, where the source has no such column (MMMU-Pro's screenshots).
        metadata: Further columns that judges and metrics read, kept as JSON in the column `metadata`; those that the
            source lacks are left out.
        documents: Where pages of documents come from, for benchmarks whose images are such.
        md5: MD5 of the file behind a URL, as its publisher gives it; another file is refused.
        scoring: "match" where an answer is right if it matches (a letter, a word, a number), "own" where the benchmark
            has a judge or a metric of its own.
        instruction: How to answer, added by the writers for evaluation harnesses, as text and to both configs alike.

    Raises:
        RecipeError: A field is not what it must be.

    Source:
        LoMo, section 4: the benchmarks of the rendered evaluation.

    Example:
        >>> Benchmark("questions.jsonl", answer="target").question
        'question'
    """

    source: str
    question: str | None = "question"
    answer: str = "answer"
    split: str = "test"
    config: str | None = None
    images: tuple[str, ...] | None = None
    options: str | None = None
    id: str | tuple[str, ...] | None = None
    category: str | None = None
    revision: str | None = None
    options_as: str = "list"
    fixed_question: str | None = None
    metadata: tuple[str, ...] = ()
    documents: Documents | None = None
    md5: str | None = None
    scoring: str = "match"
    instruction: str | None = None

    def __post_init__(self) -> None:
        for name in _NAMES:
            value = getattr(self, name)
            if value == "" or not isinstance(value, str | None):
                raise RecipeError(f"{name} must be a name; found {value!r}. Leave it out for its default.")
        for name, value, optional in (("images", self.images, True), ("metadata", self.metadata, False)):
            listed = isinstance(value, tuple) or (optional and value is None)
            if not listed or not all(isinstance(column, str) and column for column in value or ()):
                raise RecipeError(f'{name} must be a tuple of column names; found {value!r}. Write ("image",).')
        ids = (self.id,) if isinstance(self.id, str) else self.id
        if ids is not None and (not isinstance(ids, tuple) or not ids or not all(ids)):
            raise RecipeError(f'id must be a column, or a tuple of columns; found {self.id!r}. Write "id".')
        if (self.question is None) == (self.fixed_question is None) or self.question == "":
            raise RecipeError(
                f"question must be a column, or else None and fixed_question the words of every row; found "
                f"{self.question!r} and {self.fixed_question!r}."
            )
        for name, allowed in (("options_as", OPTION_FORMS), ("scoring", SCORINGS)):
            if getattr(self, name) not in allowed:
                raise RecipeError(f"{name} must be one of {', '.join(allowed)}; found {getattr(self, name)!r}.")
        if not all(part.isidentifier() or part.isdigit() for part in self.split.split(".")):
            raise RecipeError(
                f"split must be the name of one split; found {self.split!r}. For a part of it give a limit."
            )

    @property
    def id_columns(self) -> tuple[str, ...]:
        """The columns of which the id is made; none where rows are numbered."""
        return (self.id,) if isinstance(self.id, str) else self.id or ()

    @property
    def image_columns(self) -> tuple[str, ...]:
        """Where original images may be."""
        return ("image",) if self.images is None else self.images

    @property
    def has_numbered_images(self) -> bool:
        """Whether `<image 1>` in the words refers to the columns of images by their numbers."""
        return self.images is not None and all(_numbered(name) for name in self.images)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that must be there."""
        images = self.images or ()
        required = images[:1] if self.has_numbered_images else images
        named = (self.question, self.answer, self.options, *self.id_columns[:1], self.category, *required)
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def all_columns(self) -> tuple[str, ...]:
        """Every column that is read where it is there."""
        pages = (self.documents.pages,) if self.documents and self.documents.pages else ()
        return tuple(
            dict.fromkeys((*self.columns, *self.id_columns, *self.image_columns, *pages, *self.metadata)),
        )


def benchmark_from_dict(fields_by_name: Mapping[str, Any]) -> Benchmark:
    """The definition that `dataclasses.asdict` was given, such as a record holds it; unknown fields are left out.

    Args:
        fields_by_name: Field -> value, with lists where JSON has no tuples.

    Returns:
        The definition.

    Raises:
        RecipeError: A field is not what it must be, or there is no source.

    Example:
        >>> benchmark_from_dict({"source": "org/name", "images": ["image_1"], "documents": None}).images
        ('image_1',)
    """
    known = {field.name for field in fields(Benchmark)}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in fields_by_name.items()
        if name in known
    }
    if isinstance(values.get("documents"), Mapping):
        values["documents"] = Documents(**values["documents"])
    if "source" not in values:
        raise RecipeError("a definition must have a source; found none.")
    return Benchmark(**values)


def _numbered(name: str) -> bool:
    head, _, number = name.rpartition("_")
    return bool(head) and number.isascii() and number.isdigit()
