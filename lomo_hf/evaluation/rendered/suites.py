"""Several benchmarks at once: a pair of configs for each that can be had, and the reason for each that cannot."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from lomo_hf.errors import LomoError, UsageError
from lomo_hf.evaluation.rendered.definitions import find_benchmark, find_suite
from lomo_hf.evaluation.rendered.render import render_benchmark
from lomo_hf.evaluation.rendered.report import RenderedReport, SuiteReport
from lomo_hf.storage import Folder
from lomo_hf.storage.atomic import write_whole

__all__ = ["SUITE_RECORD", "render_suite", "suite_names"]

SUITE_RECORD: Final = "suite.json"


def suite_names(suite: str, only: Iterable[str] = ()) -> tuple[str, ...]:
    """The definitions of a suite, or of the part of it that is named.

    Args:
        suite: A name in `SUITES`.
        only: Names of definitions (`mmmu-pro-vision`) or of benchmarks as the paper calls them (`MMMU-Pro`); none
            takes all.

    Returns:
        Names of definitions, in the order of the suite.

    Raises:
        UsageError: The suite has no such benchmark.
        RecipeError: There is no such suite.

    Source:
        LoMo, section 4, for the suite `lomo13`.

    Example:
        >>> suite_names("lomo13", ["MMMU-Pro", "vstar"])
        ('mmmu-pro-10', 'mmmu-pro-4', 'mmmu-pro-vision', 'vstar')
    """
    benchmarks = find_suite(suite)
    wanted = list(only)
    known = {name.lower(): names for name, names in benchmarks.items()}
    known |= {name: (name,) for names in benchmarks.values() for name in names if name not in known}
    unknown = next((name for name in wanted if name.lower() not in known), None)
    if unknown is not None:
        raise UsageError(f"only must name benchmarks of {suite}: {', '.join(benchmarks)}; found {unknown!r}.")
    chosen = {name for asked in wanted for name in known[asked.lower()]}
    return tuple(name for names in benchmarks.values() for name in names if not wanted or name in chosen)


def render_suite(
    suite: str,
    out: str | Path,
    *,
    only: Iterable[str] = (),
    sources: Mapping[str, str] | None = None,
    options: str = "page",
    limit: int | None = None,
    started: Callable[[str], None] | None = None,
    finished: Callable[[str, RenderedReport | str], None] | None = None,
) -> SuiteReport:
    """Render every benchmark of a suite into a folder of its own below `out`; what cannot be had is reported.

    A folder that was made before is made again. `suite.json` records what was made and what was not, and why.

    Args:
        suite: A name in `SUITES`.
        out: The folder of folders.
        only: A part of the suite, as `suite_names` takes it.
        sources: Name of a definition -> where its rows come from instead, such as a local copy.
        options: As for `render_benchmark`.
        limit: Only the first rows of each.
        started: Called with the name of each definition before it is rendered.
        finished: Called with the name and the report, or the reason for which there is none.

    Returns:
        What was made, and why the rest was not.

    Raises:
        UsageError: A name is not in the suite.

    Source:
        LoMo, section 4, for `lomo13`.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> rows = folder / "vstar.jsonl"
        >>> _ = rows.write_text('{"text": "(A) one (B) two", "label": "A", "question_id": "0"}\\n')
        >>> render_suite("lomo13", folder / "out", only=["V*"], sources={"vstar": str(rows)}).missing
        {'vstar': "vstar.jsonl has no column 'category'; it has text, label, question_id. Name another."}
    """
    names = suite_names(suite, only)
    replaced = dict(sources or {})
    unknown = next((name for name in replaced if name not in names), None)
    if unknown is not None:
        raise UsageError(f"sources must name definitions that are rendered: {', '.join(names)}; found {unknown!r}.")
    reports: dict[str, RenderedReport] = {}
    missing: dict[str, str] = {}
    for name in names:
        if started is not None:
            started(name)
        try:
            benchmark = find_benchmark(name)
            if name in replaced:
                benchmark = replace(benchmark, source=replaced[name], config=_config(replaced[name], benchmark.config))
            reports[name] = render_benchmark(benchmark, Path(out) / name, options=options, limit=limit)
        except LomoError as error:
            missing[name] = _without_path(str(error), replaced.get(name))
        if finished is not None:
            finished(name, reports.get(name, missing.get(name, "")))
    _write_record(Path(out), suite, options, reports, missing)
    return SuiteReport(reports, missing)


def _without_path(message: str, source: str | None) -> str:
    """The message with a local source by its name: the record says nothing of this machine."""
    return message if source is None else message.replace(source, Path(source).name)


def _config(source: str, config: str | None) -> str | None:
    """A file has no configs; a folder or another repository is read like the original."""
    return None if Path(source).is_file() else config


def _write_record(
    out: Path, suite: str, options: str, reports: Mapping[str, RenderedReport], missing: Mapping[str, str]
) -> None:
    record = {
        "suite": suite,
        "options": options,
        "made": {
            name: {"rows": report.rows, "refused": dict(sorted(report.refused.items()))}
            for name, report in reports.items()
        },
        "missing": dict(missing),
    }
    lines = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_whole(Folder(out, make=True) / SUITE_RECORD, lines.encode())
