"""The files that a repository is expected to have are there, agree with each other, and can be parsed."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HOME = PROJECT["urls"]["Repository"].removeprefix("https://github.com/")
EXPECTED = (
    *(
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "CODE_OF_CONDUCT.md",
    ),
    *("CITATION.cff", "constraints.txt", ".pre-commit-config.yaml", ".github/pull_request_template.md"),
    *(".github/workflows/tests.yml", ".github/workflows/build.yml", ".github/workflows/publish.yml"),
    *(".github/ISSUE_TEMPLATE/bug.yml", ".github/ISSUE_TEMPLATE/page.yml", ".github/ISSUE_TEMPLATE/feature.yml"),
)
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / ".github").rglob("*.md"),
]


def written() -> list[Path]:
    """The text files of the repository, as git knows them; in a copy without git, those that this is about."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.splitlines() if listed.returncode == 0 else [*map(str, EXPECTED), "docs/index.md"]
    endings = (".md", ".py", ".toml", ".yml", ".yaml", ".cff", ".jinja", ".ipynb")
    return [ROOT / name for name in names if name.endswith(endings) and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", EXPECTED)
def test_the_file_is_there(name: str) -> None:
    assert (ROOT / name).stat().st_size > 0


def test_one_address_is_named_everywhere() -> None:
    other = {}
    for path in written():
        text = path.read_text(encoding="utf-8")
        addresses = set(re.findall(r"github(?:usercontent)?\.com/([\w.-]+/lomo_?-?hf)\b", text))
        addresses |= set(re.findall(r"colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/", text))
        if addresses - {HOME}:
            other[path.name] = addresses
    assert other == {}, f"pyproject.toml says {HOME}"


def test_no_test_measures_speed() -> None:
    """A test counts work (`counted_work.py`); a clock says what else the machine did. Speed is for `benchmarks/`."""
    clocks = re.compile(r"\b(process_time|perf_counter|thread_time|timeit)(_ns)?\b")
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert len(tests) > 100
    assert [path.name for path in tests if clocks.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", sorted((ROOT / ".github").rglob("*.yml")), ids=lambda path: path.name)
def test_workflows_and_forms_are_read(path: Path) -> None:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if path.parent.name == "workflows":
        assert document["permissions"] == {"contents": "read"}, "a workflow that needs more asks for it in one job"
        assert all(job["steps"] for job in document["jobs"].values())
    elif "body" in document:
        assert {"name", "description", "body"} <= set(document)
        ids = [field["id"] for field in document["body"] if "id" in field]
        assert len(ids) == len(set(ids)) > 0


def test_workflows_run_every_python_that_is_declared() -> None:
    tests = yaml.safe_load((ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8"))
    versions = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r"Python :: 3\.\d+$", line)]
    assert tests["jobs"]["linux"]["strategy"]["matrix"]["python"] == versions
    assert PROJECT["requires-python"] == f">={versions[0]}"


def test_the_front_page_shows_a_picture_and_opens_every_notebook_in_colab() -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"!\[[^\]]{20,}\]\(([^)]+)\)", page)
    assert (ROOT / "docs" / picture).stat().st_size > 0
    opened = re.findall(r"https://colab\.research\.google\.com/github/([\w.-]+/[\w.-]+)/blob/main/([^)]+)\)", page)
    notebooks = [path.relative_to(ROOT).as_posix() for path in (ROOT / "notebooks").glob("*.ipynb")]
    assert sorted(opened) == sorted((HOME, name) for name in notebooks)


def test_what_a_tag_publishes_is_tried_first_and_by_a_trusted_publisher() -> None:
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8"))["jobs"]
    publishing = jobs["pypi"]
    assert set(publishing["needs"]) == set(jobs) - {"pypi"}
    assert publishing["permissions"] == {"id-token": "write"}
    assert publishing["environment"] == "pypi"
    assert not any("password" in (step.get("with") or {}) for step in publishing["steps"])
    assert [name for name, job in jobs.items() if "permissions" in job] == ["pypi"]


def test_the_citation_names_the_method_and_its_authors() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["cff-version"], citation["type"], citation["license"]) == (
        "1.2.0",
        "software",
        PROJECT["license"],
    )
    (method,) = citation["references"]
    assert "2605.30265" in method["url"]
    families = [author["family-names"] for author in method["authors"]]
    assert families == ["Han", "Zhang", "Liang", "Wang", "Wang"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_files_and_headings_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        file = (page.parent / target).resolve() if target else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub and MyST give to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
