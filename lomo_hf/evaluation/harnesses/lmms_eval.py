"""Tasks for lmms-eval: a YAML file for each config, beside a small module that says what a model is given.

    lomo_NAME_standard.yaml, lomo_NAME_rendered.yaml    the two tasks
    lomo_NAME.yaml                                      a group of both
    lomo_NAME_task.py                                   what both call

Run them with `--include_path` and the folder; `--log_samples` writes what `lomo sensitivity` reads. Each task reports
`lomo_match`, our plain match by question, and, where lmms-eval has the benchmark, its own metrics, computed by its own
code from the columns that the source had.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import MappingProxyType
from typing import Final

import yaml

from lomo_hf.evaluation.harnesses.stored_rows import RenderedFolder, definition_name
from lomo_hf.evaluation.rendered.benchmarks import Benchmark
from lomo_hf.evaluation.rendered.folder import CARRIERS
from lomo_hf.storage import named_file
from lomo_hf.storage.atomic import write_whole

__all__ = ["write_lmms_eval"]


@dataclass(frozen=True)
class _Upstream:
    """What lmms-eval itself does with an answer: module, function, and its metrics with what averages them."""

    module: str
    process: str
    metrics: tuple[tuple[str, str], ...]


_MMMU_PRO: Final = _Upstream(
    "mmmu_pro.utils", "mmmu_pro_process_results", (("mmmu_acc", "mmmu_pro_aggregate_results"),)
)


_ANLS: Final = _Upstream("", "", (("anls", "mean"),))


def _cc_ocr(*metrics: tuple[str, str]) -> _Upstream:
    return _Upstream("cc_ocr.utils", "cc_ocr_process_results", metrics)


_OCR: Final = _cc_ocr(("macro_f1", "cc_ocr_agg_ocr_macro_f1"), ("micro_f1", "cc_ocr_agg_ocr_micro_f1"))
# Benchmarks that lmms-eval judges through a service of its own (MathVista, HallusionBench) are not called from here.
_UPSTREAM: Final = MappingProxyType(
    {
        "mmmu": _Upstream("mmmu.utils", "mmmu_process_results", (("mmmu_acc", "mmmu_aggregate_results"),)),
        "mmmu-pro-10": _MMMU_PRO,
        "mmmu-pro-4": _MMMU_PRO,
        "zerobench": _Upstream(
            "zerobench.utils", "zerobench_process_results", (("zerobench_exact_match", "zerobench_aggregate_results"),)
        ),
        "simplevqa": _Upstream("simplevqa.utils", "simplevqa_process_results", (("exact_match", "mean"),)),
        "mmlongbench-doc": _Upstream(
            "mmlongbench_doc.utils",
            "mmlongbench_doc_process_results",
            (
                ("mmlongbench_doc_acc", "mmlongbench_doc_aggregate_acc"),
                ("mmlongbench_doc_f1", "mmlongbench_doc_aggregate_f1"),
            ),
        ),
        "docvqa": _ANLS,
        "infovqa": _ANLS,
        "cc-ocr-scene": _OCR,
        "cc-ocr-languages": _OCR,
        "cc-ocr-kie": _cc_ocr(("f1_score", "cc_ocr_agg_kie_f1"), ("acc", "cc_ocr_agg_kie_acc")),
        "countbench": _Upstream("countbench.utils", "countbench_process_results", (("acc", "mean"),)),
    }
)
_GENERATION: Final = {"max_new_tokens": 4096, "temperature": 0, "do_sample": False}


def write_lmms_eval(
    folder: RenderedFolder, out: Path, *, dataset: str | None = None, upstream: bool = True
) -> list[Path]:
    """Write the tasks of a rendered benchmark.

    Args:
        folder: The rendered benchmark.
        out: Where to write; give it to `--include_path`.
        dataset: What lmms-eval loads: the folder by default, or the name on the Hub that it was pushed under.
        upstream: Report lmms-eval's own metrics too, where it has the benchmark.

    Returns:
        The files.
    """
    name = definition_name(folder.benchmark)
    own = _UPSTREAM.get(name or "") if upstream else None
    slug = "lomo_" + re.sub(r"[^a-z0-9]+", "_", (name or folder.path.name).lower()).strip("_")
    files = {f"{slug}_task.py": _module(folder.benchmark, own)}
    for carrier in CARRIERS:
        where = dataset or str(folder.path.resolve())
        files[f"{slug}_{carrier}.yaml"] = _task(
            f"{slug}_{carrier}", f"{slug}_task", where, carrier, folder.benchmark, own
        )
    group = {"group": slug, "task": [f"{slug}_{carrier}" for carrier in CARRIERS]}
    files[f"{slug}.yaml"] = yaml.safe_dump(group, sort_keys=False)
    for file, text in files.items():
        write_whole(named_file(out / file), text.encode())
    return [out / file for file in files]


class _Function(str):
    """The name of a function, which the YAML tags."""


class _Dumper(yaml.SafeDumper):
    pass


def _tagged(dumper: _Dumper, value: _Function) -> yaml.ScalarNode:
    return dumper.represent_scalar("!function", str(value))


_Dumper.add_representer(_Function, _tagged)


def _task(task: str, module: str, dataset: str, carrier: str, benchmark: Benchmark, own: _Upstream | None) -> str:
    metrics: list[dict[str, object]] = [
        {"metric": "lomo_match", "aggregation": _Function(f"{module}.mean_score"), "higher_is_better": True}
    ]
    for metric, aggregation in own.metrics if own else ():
        absolute = _Function(f"lmms_eval.tasks.{own.module}.{aggregation}") if own else None
        metrics.append(
            {"metric": metric, "aggregation": "mean" if aggregation == "mean" else absolute, "higher_is_better": True}
        )
    instruction = f"\n{benchmark.instruction}" if benchmark.instruction else ""
    fields = {
        "task": task,
        "dataset_path": dataset,
        "dataset_name": carrier,
        "test_split": benchmark.split,
        "output_type": "generate_until",
        **{
            name: _Function(f"{module}.{name}")
            for name in ("doc_to_visual", "doc_to_text", "doc_to_messages", "doc_to_target", "process_results")
        },
        "generation_kwargs": dict(_GENERATION),
        "lmms_eval_specific_kwargs": {"default": {"post_prompt": instruction}},
        "metric_list": metrics,
        "metadata": [{"version": 0.0}],
    }
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


def _module(benchmark: Benchmark, own: _Upstream | None) -> str:
    """The module beside the tasks. It is read by whoever runs them, so it is short and plain."""
    columns = {"question": benchmark.question, "answer": benchmark.answer}
    if len(benchmark.id_columns) == 1:
        columns["id"] = benchmark.id_columns[0]
    imported, extra = "", ""
    if own is _ANLS:
        imported, extra = "from lmms_eval.api.metrics import anls\n", _ANLS_RESULTS
    elif own is not None:
        imported = f"from lmms_eval.tasks.{own.module} import {own.process} as upstream_results\n"
        extra = _UPSTREAM_RESULTS.replace("{METRICS}", repr(tuple(metric for metric, _ in own.metrics)))
    text = _TEMPLATE.replace("{IMPORT}", imported).replace("{COLUMNS}", repr(columns))
    return text.replace("{UPSTREAM}", extra)


_ANLS_RESULTS: Final = """\
    scores |= anls(doc["answer"], [str(results[0])])
"""
_UPSTREAM_RESULTS: Final = """\
    own = upstream_results(original(doc), results)
    scores |= {name: own[name] for name in {METRICS} if name in own}
"""
_TEMPLATE: Final = dedent('''\
    """What lmms-eval gives a model, and how it marks the answer: written by lomo_hf (`lomo write-eval`)."""

    import json

    {IMPORT}from lomo_hf.evaluation import match_answer

    # What the source calls the columns that the configs call question, answer and id.
    COLUMNS = {COLUMNS}


    def doc_to_visual(doc):
        """Original images first, then, in the rendered config, the page."""
        return [image.convert("RGB") for image in doc["images"] or []]


    def doc_to_text(doc, lmms_eval_specific_kwargs=None):
        """All text that stands after the images, and how to answer."""
        words = "".join(part["text"] for part in doc["messages"][0]["content"] if part["type"] == "text")
        return (words + (lmms_eval_specific_kwargs or {}).get("post_prompt", "")).strip()


    def doc_to_messages(doc, lmms_eval_specific_kwargs=None):
        """The same as parts of a message."""
        content = [{"type": "image", "url": image} for image in doc_to_visual(doc)]
        text = doc_to_text(doc, lmms_eval_specific_kwargs)
        return [{"role": "user", "content": content + ([{"type": "text", "text": text}] if text else [])}]


    def doc_to_target(doc):
        """The answer as a text."""
        return doc["answer"] if isinstance(doc["answer"], str) else json.dumps(doc["answer"], ensure_ascii=False)


    def original(doc):
        """The row as the source has it, without images: what the benchmark's own code reads."""
        row = json.loads(doc["metadata"] or "{}")
        return row | {column: doc[name] for name, column in COLUMNS.items() if column is not None}


    def process_results(doc, results):
        """A plain match by question, for `lomo sensitivity`, and the metrics that lmms-eval has for the benchmark."""
        options = doc["options"] or []
        score = float(match_answer(str(results[0]), doc["answer"], options if len(options) > 1 else ()))
        scores = {"lomo_match": {"id": doc["id"], "category": doc["category"], "score": score}}
    {UPSTREAM}    return scores


    def mean_score(items):
        """The share of questions whose answer matches."""
        return sum(item["score"] for item in items) / len(items) if items else 0.0
    ''')
