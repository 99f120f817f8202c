"""Benchmarks by name, the paper's thirteen among them, and the suite `lomo13`.

Repositories, splits and columns are as the tasks of lmms-eval, EvalScope and VLMEvalKit read them (August 2026),
ScienceQA's as its card says, We-Math's as its own `testmini.json` has them. `metadata` names what those tasks' metrics
and judges read beside the answer.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lomo_hf.errors import RecipeError
from lomo_hf.evaluation.rendered.benchmarks import Benchmark, Documents

__all__ = ["BENCHMARKS", "SUITES", "find_benchmark", "find_suite"]

_IMAGE: Final = ("image",)
_SEVEN: Final = tuple(f"image_{number}" for number in range(1, 8))
_LETTER: Final = "Answer with the option's letter from the given choices directly."
_PHRASE: Final = "Answer the question using a single word or phrase."

_MMMU_PRO: Final = {
    "source": "MMMU/MMMU_Pro",
    "id": "id",
    "category": "subject",
    "metadata": ("options", "img_type", "topic_difficulty"),
    "instruction": _LETTER,
}
_MMMU_PRO_STANDARD: Final = {**_MMMU_PRO, "images": _SEVEN, "options": "options", "options_as": "literal"}
_CC_OCR: Final = {
    "source": "wulipc/CC-OCR",
    "images": _IMAGE,
    "id": ("image_name", "l2-category", "split"),  # a name may occur in several of the 39 subsets
    "category": "l2-category",
    "metadata": ("image_name", "category", "l2-category", "split"),
    "scoring": "own",
}

_PAPER: Final = {
    "mmmu": Benchmark(
        "lmms-lab-encoder/MMMU",
        split="validation",
        images=_SEVEN,
        options="options",
        options_as="literal",
        id="id",
        category="subfield",
        metadata=("options", "question_type", "img_type", "topic_difficulty"),
        instruction=f"{_LETTER} If there are no choices, answer with a single word or phrase.",
    ),
    "mmmu-pro-10": Benchmark(config="standard (10 options)", **_MMMU_PRO_STANDARD),  # type: ignore[arg-type]
    "mmmu-pro-4": Benchmark(config="standard (4 options)", **_MMMU_PRO_STANDARD),  # type: ignore[arg-type]
    # Question and options stand in the screenshot, so the words that can be rendered are those that ask for it.
    "mmmu-pro-vision": Benchmark(
        config="vision",
        question=None,
        fixed_question="Answer the multiple-choice question in the image with the letter of the right option.",
        images=_IMAGE,
        **{**_MMMU_PRO, "instruction": None},  # type: ignore[arg-type]
    ),
    "mathvista": Benchmark(
        "AI4Math/MathVista",
        split="testmini",
        images=("decoded_image",),
        options="choices",
        id="pid",
        category="question_type",
        metadata=("question_type", "answer_type", "precision", "unit", "query", "choices", "metadata"),
        instruction=_PHRASE,
    ),
    "zerobench": Benchmark(
        "jonathan-roberts1/zerobench",
        split="zerobench",
        question="question_text",
        answer="question_answer",
        images=("question_images_decoded",),
        id="question_id",
        metadata=("question_images", "image_attribution"),
        instruction="Answer with only the final answer.",
    ),
    "we-math": Benchmark(
        "We-Math/We-Math",
        split="testmini",
        images=("image_path",),
        options="option",
        options_as="text",
        id=("ID", "key"),  # an ID is shared by the steps of a problem
        category="key",
        metadata=("ID", "split", "knowledge concept", "key", "question number", "knowledge concept description"),
        instruction=_LETTER,
    ),
    "simplevqa": Benchmark(
        "m-a-p/SimpleVQA",
        images=_IMAGE,
        id="data_id",
        category="language",
        metadata=("language", "original_category", "source", "atomic_question", "atomic_fact", "image_description"),
        scoring="own",
        instruction="Answer the question using a short phrase.",
    ),
    "hallusionbench": Benchmark(
        "lmms-lab-encoder/HallusionBench",
        split="image",
        images=_IMAGE,
        answer="gt_answer",
        category="subcategory",
        metadata=(
            *("category", "subcategory", "visual_input", "set_id", "figure_id", "question_id"),
            *("sample_note", "gt_answer_details", "filename"),
        ),
        instruction="Answer with yes or no.",
    ),
    # VLMEvalKit publishes it as a table, with this digest; no repository on the Hub holds it.
    "mm-ifeval": Benchmark(
        "https://opencompass.openxlab.space/utils/VLMEval/MM-IFEval.tsv",
        images=_IMAGE,
        id="index",
        category="tag",
        metadata=("id", "tag", "infer_type", "constraints", "del_cons", "instruction", "category"),
        md5="973bb839961a449565073a5ee70ae7a6",
        scoring="own",
    ),
    "mmlongbench-doc": Benchmark(
        "yubo2333/MMLongBench-Doc",
        split="train",
        images=("doc_id",),
        category="answer_format",
        metadata=("doc_id", "doc_type", "evidence_pages", "evidence_sources", "answer_format"),
        documents=Documents("documents"),
        scoring="own",
        instruction="Answer with a single word or phrase. If the answer is not in the document, answer 'Not "
        "answerable'.",
    ),
    "docvqa": Benchmark(
        "lmms-lab-encoder/DocVQA",
        config="DocVQA",
        split="validation",
        images=_IMAGE,
        answer="answers",
        id="questionId",
        metadata=("question_types", "docId", "ucsf_document_id", "ucsf_document_page_no"),
        scoring="own",
        instruction=_PHRASE,
    ),
    "cc-ocr-scene": Benchmark(config="multi_scene_ocr", **_CC_OCR),  # type: ignore[arg-type]
    "cc-ocr-languages": Benchmark(config="multi_lan_ocr", **_CC_OCR),  # type: ignore[arg-type]
    "cc-ocr-kie": Benchmark(config="kie", **_CC_OCR),  # type: ignore[arg-type]
    "cc-ocr-documents": Benchmark(config="doc_parsing", **_CC_OCR),  # type: ignore[arg-type]
    # Options, and how to answer, are part of its text.
    "vstar": Benchmark(
        "lmms-lab/vstar-bench",
        question="text",
        answer="label",
        images=_IMAGE,
        id=("question_id", "category"),
        category="category",
        metadata=("question_id", "category"),
    ),
    "countbench": Benchmark(
        "vikhyatk/CountBenchQA",
        answer="number",
        images=_IMAGE,
        instruction="Answer with a single number.",
    ),
}

_FURTHER: Final = {
    "ai2d": Benchmark("lmms-lab-encoder/ai2d", images=_IMAGE, options="options", instruction=_LETTER),
    "chartqa": Benchmark("lmms-lab-encoder/ChartQA", images=_IMAGE, category="type", instruction=_PHRASE),
    "infovqa": Benchmark(
        "lmms-lab-encoder/DocVQA",
        images=_IMAGE,
        config="InfographicVQA",
        split="validation",
        answer="answers",
        id="questionId",
        scoring="own",
        instruction=_PHRASE,
    ),
    "mathverse": Benchmark(
        "CaraJ/MathVerse-lmmseval",
        images=_IMAGE,
        config="testmini",
        split="testmini",
        id="sample_index",
        category="problem_version",
        scoring="own",
    ),
    "mathvision": Benchmark(
        "MathLLMs/MathVision", images=("decoded_image",), options="options", id="id", category="subject"
    ),
    "mmstar": Benchmark(
        "Lin-Chen/MMStar", images=_IMAGE, split="val", id="index", category="category", instruction=_LETTER
    ),
    "mmvet": Benchmark(
        "lmms-lab-encoder/MMVet", images=_IMAGE, id="question_id", category="capability", scoring="own"
    ),
    "ocrbench": Benchmark("echo840/OCRBench", images=_IMAGE, category="question_type", scoring="own"),
    "realworldqa": Benchmark("lmms-lab-encoder/RealWorldQA", images=_IMAGE),
    "scienceqa": Benchmark(
        "derek-thomas/ScienceQA", images=_IMAGE, options="choices", category="subject", instruction=_LETTER
    ),
    "textvqa": Benchmark(
        "lmms-lab-encoder/textvqa",
        images=_IMAGE,
        split="validation",
        answer="answers",
        id="question_id",
        scoring="own",
        instruction=_PHRASE,
    ),
}

BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType({**_PAPER, **_FURTHER})
"""Name -> definition."""

SUITES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lomo13": MappingProxyType(
            {
                "MMMU": ("mmmu",),
                "MMMU-Pro": ("mmmu-pro-10", "mmmu-pro-4", "mmmu-pro-vision"),
                "MathVista": ("mathvista",),
                "ZeroBench": ("zerobench",),
                "We-Math": ("we-math",),
                "SimpleVQA": ("simplevqa",),
                "HallusionBench": ("hallusionbench",),
                "MM-IFEval": ("mm-ifeval",),
                "MMLongBench-Doc": ("mmlongbench-doc",),
                "DocVQA": ("docvqa",),
                "CC-OCR": ("cc-ocr-scene", "cc-ocr-languages", "cc-ocr-kie", "cc-ocr-documents"),
                "V*": ("vstar",),
                "CountBench": ("countbench",),
            }
        )
    }
)
"""Name of a suite -> benchmark as the paper calls it -> the definitions that it is made of."""


def find_benchmark(name: str) -> Benchmark:
    """The definition of that name.

    Args:
        name: One of `BENCHMARKS`.

    Returns:
        The definition.

    Raises:
        RecipeError: There is none.

    Source:
        LoMo, section 4, for those of the suite `lomo13`.

    Example:
        >>> find_benchmark("mmstar").source
        'Lin-Chen/MMStar'
    """
    if name not in BENCHMARKS:
        raise RecipeError(
            f"benchmark must be one of {', '.join(sorted(BENCHMARKS))}; found {name!r}. Or give its columns."
        )
    return BENCHMARKS[name]


def find_suite(name: str) -> Mapping[str, tuple[str, ...]]:
    """The suite of that name: the paper's name of a benchmark -> names of definitions.

    Args:
        name: One of `SUITES`.

    Returns:
        Benchmark -> the definitions that it is made of.

    Raises:
        RecipeError: There is none.

    Source:
        The thirteen of `lomo13` are those of LoMo, section 4.

    Example:
        >>> len(find_suite("lomo13"))
        13
    """
    if name not in SUITES:
        raise RecipeError(f"suite must be one of {', '.join(SUITES)}; found {name!r}.")
    return SUITES[name]
