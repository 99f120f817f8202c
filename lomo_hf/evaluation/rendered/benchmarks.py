"""Which column of a benchmark is what: definitions by name, and the class to write your own with.

A definition holds for benchmarks whose question is one text column. It names a repository on the Hub and the columns
as their cards declare them; a column that is not there is an error that lists those that are, never a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from lomo_hf.errors import RecipeError

__all__ = ["BENCHMARKS", "Benchmark", "find_benchmark"]


@dataclass(frozen=True)
class Benchmark:
    """The columns of a benchmark.

    Attributes:
        source: A repository on the Hub, or a local file or folder.
        question: The column of the question: the text that is rendered.
        answer: The column of the answer; it is copied, never read.
        split: The split that is rendered.
        config: The config on the Hub; None where there is one only.
        images: The columns of the original images, in the order in which a model is shown them. A column may hold an
            image, a list of them, a path or a data URL; a row may have none. None is "image" where there is one.
        options: The column that holds the list of options, where they are not part of the question.
        id: The column of a unique id; None numbers the rows.
        category: The column by which results are told apart.
        revision: The commit on the Hub; None is the newest.

    Raises:
        RecipeError: A field that must be a name is empty.

    >>> Benchmark("questions.jsonl", answer="target").question
    'question'
    """

    source: str
    question: str = "question"
    answer: str = "answer"
    split: str = "test"
    config: str | None = None
    images: tuple[str, ...] | None = None
    options: str | None = None
    id: str | None = None
    category: str | None = None
    revision: str | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "images":
                named = value is None or isinstance(value, tuple)
                if not named or not all(isinstance(name, str) and name for name in value or ()):
                    raise RecipeError(f'images must be a tuple of column names; found {value!r}. Write ("image",).')
            elif value == "" or not isinstance(value, str | None):
                raise RecipeError(f"{one.name} must be a name; found {value!r}. Leave it out for its default.")

        if not all(part.isidentifier() or part.isdigit() for part in self.split.split(".")):
            raise RecipeError(
                f"split must be the name of one split; found {self.split!r}. For a part of it give a limit."
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that the definition names, and that must therefore be there."""
        named = (self.question, self.answer, self.options, self.id, self.category, *(self.images or ()))
        return tuple(dict.fromkeys(name for name in named if name))

    @property
    def image_columns(self) -> tuple[str, ...]:
        """Where original images may be."""
        return ("image",) if self.images is None else self.images


_IMAGE = ("image",)

# Repositories and columns as the tasks of lmms-eval (August 2026) read them, ScienceQA as its card says. A benchmark
# whose options stand inside the question (MMStar, MathVerse) has them on the page; one with a column of options keeps
# them as text in both twins.
BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "ai2d": Benchmark("lmms-lab-encoder/ai2d", images=_IMAGE, options="options"),
        "chartqa": Benchmark("lmms-lab-encoder/ChartQA", images=_IMAGE, category="type"),
        "docvqa": Benchmark(
            "lmms-lab-encoder/DocVQA",
            images=_IMAGE,
            config="DocVQA",
            split="validation",
            answer="answers",
            id="questionId",
        ),
        "hallusionbench": Benchmark(
            "lmms-lab-encoder/HallusionBench", images=_IMAGE, split="image", answer="gt_answer", category="subcategory"
        ),
        "infovqa": Benchmark(
            "lmms-lab-encoder/DocVQA",
            images=_IMAGE,
            config="InfographicVQA",
            split="validation",
            answer="answers",
            id="questionId",
        ),
        "mathverse": Benchmark(
            "AI4Math/MathVerse",
            images=_IMAGE,
            config="testmini",
            split="testmini",
            id="sample_index",
            category="problem_version",
        ),
        "mathvision": Benchmark(
            "MathLLMs/MathVision", images=("decoded_image",), options="options", id="id", category="subject"
        ),
        "mathvista": Benchmark(
            "AI4Math/MathVista",
            split="testmini",
            images=("decoded_image",),
            options="choices",
            id="pid",
            category="question_type",
        ),
        "mmstar": Benchmark("Lin-Chen/MMStar", images=_IMAGE, split="val", id="index", category="category"),
        "mmvet": Benchmark("lmms-lab-encoder/MMVet", images=_IMAGE, id="question_id", category="capability"),
        "ocrbench": Benchmark("echo840/OCRBench", images=_IMAGE, category="question_type"),
        "realworldqa": Benchmark("lmms-lab-encoder/RealWorldQA", images=_IMAGE),
        "scienceqa": Benchmark("derek-thomas/ScienceQA", images=_IMAGE, options="choices", category="subject"),
        "textvqa": Benchmark(
            "lmms-lab-encoder/textvqa", images=_IMAGE, split="validation", answer="answers", id="question_id"
        ),
    }
)
"""Name -> definition."""


def find_benchmark(name: str) -> Benchmark:
    """The definition of that name.

    Raises:
        RecipeError: There is none.

    >>> find_benchmark("mmstar").source
    'Lin-Chen/MMStar'
    """
    if name not in BENCHMARKS:
        raise RecipeError(f"benchmark must be one of {', '.join(BENCHMARKS)}; found {name!r}. Or give its columns.")
    return BENCHMARKS[name]
