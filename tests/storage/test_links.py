"""P12: whatever links lie in a folder, no command touches a byte outside of it; those that we write to are refused."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lomo_hf.auditing import audit_dataset
from lomo_hf.building import BuiltAlready
from lomo_hf.dataset import (
    browse_page,
    build_dataset,
    check_dataset,
    open_files,
    push,
    read_manifest,
    record_audit,
    refresh_card,
    rewrite_features,
    verify_dataset,
)
from lomo_hf.dataset.card import assets
from lomo_hf.dataset.layout import DRAW
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import BuildError, IntegrityError, LinkError, LomoError
from lomo_hf.evaluation import Benchmark, Item, render_benchmark
from lomo_hf.exporting import FORMATS, export_dataset
from lomo_hf.mixing import mix, open_multimodal, open_split, write_mixture
from lomo_hf.storage import named_file

pytestmark = [
    pytest.mark.skipif(os.name == "nt", reason="links need rights there"),
    pytest.mark.usefixtures("no_pictures"),
]

Tree = dict[str, bytes | str]
CONFIG = "nodistort50"
SHARD = f"{CONFIG}/train-00000-of-00001.parquet"


def build(folder: Path, recipe: str = CONFIG, **options: object) -> None:
    build_dataset(None, [recipe], folder, limit=12, **options)  # type: ignore[arg-type]


def audit(folder: Path) -> None:
    record_audit(folder, audit_dataset(folder, no_source=True, sample=1).to_json())


def _push(folder: Path) -> None:
    push(folder, "org/name", "v1.0.0")


WRITERS: dict[str, Callable[[Path], object]] = {
    "build": build,
    "build of another config": partial(build, recipe="ratio25"),
    "build of a share": partial(build, recipe="ratio25", share=(0, 1)),
    "assemble": partial(build, engine=BuiltAlready()),
    "card": refresh_card,
    "card --legacy-features": rewrite_features,
    "audit": audit,
}
READERS: dict[str, Callable[[Path], object]] = {
    "verify": verify_dataset,
    "push": _push,
    "check": check_dataset,
    "browse": browse_page,
    "export": lambda folder: export_dataset(folder, folder.parent / "exported"),
    "audit": partial(audit_dataset, no_source=True, sample=1),
    "read": read_manifest,
}


def tree(where: Path) -> Tree:
    """Every file by its bytes and every link by where it leads, followed by none."""
    files: Tree = {}
    for path in sorted(where.rglob("*")):
        name = path.relative_to(where).as_posix()
        files[name] = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "folder"
    return files


@pytest.fixture(scope="module")
def no_pictures() -> Iterator[None]:
    """The card's pictures are no matter here, and take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_histograms", "_shares", "_refusals"):
            patch.setattr(assets, name, lambda *_: b"a picture")
        patch.setattr(assets, "_sheet", lambda rows: b"a sheet")
        yield


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory, no_pictures: None) -> Path:
    """A built folder, and beside it what must never be touched. Not to be written to."""
    whole = tmp_path_factory.mktemp("pristine")
    build(whole / "ds")
    outside = whole / "outside"
    for name in ("assets", ".lomo/receipts", CONFIG, "jsons"):
        (outside / name).mkdir(parents=True)
    for name in ("id_rsa", "assets/id_rsa", "assets/preview.png", "notes.json", "jsons/notes.json", "README.md"):
        (outside / name).write_text(f"mine: {name}")
    for name in ("manifest.json", "dataset_info.json", SHARD):
        shutil.copy(whole / "ds" / name, outside / name)
    shutil.copy(whole / "ds/manifest.json", outside / ".lomo/manifest.json")
    (outside / ".lomo/receipts" / f"{'0' * 32}.json").write_text("{}")
    return whole


@pytest.fixture
def ds(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "whole", symlinks=True)) / "ds"


def link(ds: Path, name: str, target: str) -> None:
    """Put a link in the place of whatever lies in the folder under a name."""
    path = ds / name
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(ds.parent / "outside" / target)


def forge(ds: Path, change: Callable[[dict[str, list[object]]], object]) -> None:
    document = json.loads((ds / "manifest.json").read_text(encoding="utf-8"))
    change(document)
    (ds / "manifest.json").write_text(sealed(document), encoding="utf-8")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("at", "target"),
    [
        ("assets", "assets"),
        (".lomo", ".lomo"),
        (".lomo/receipts", "jsons"),
        (CONFIG, CONFIG),
        ("README.md", "README.md"),
        ("assets/preview.png", "id_rsa"),
        ("dataset_info.json", "dataset_info.json"),
        ("audit.json", "notes.json"),
        (DRAW, "nothing"),
        (SHARD, SHARD),
    ],
)
def test_every_command_that_writes_refuses_a_link_by_name(name: str, at: str, target: str, ds: Path) -> None:
    link(ds, at, target)
    if at == "assets":  # a manifest that lists what lies behind it
        forge(
            ds, lambda manifest: manifest["files"].append({"path": "assets/id_rsa", "bytes": 20, "sha256": "0" * 64})
        )
    before, here = tree(ds.parent / "outside"), tree(ds)
    if name == "card --legacy-features" and at.startswith("."):
        WRITERS[name](ds)  # looks at no name that begins with a dot
    else:
        with pytest.raises(LomoError, match=f"{at} in 'ds' must be a (file|folder) of its own; found a link. Remove"):
            WRITERS[name](ds)
    assert tree(ds.parent / "outside") == before
    assert {path: data for path, data in tree(ds).items() if path.split("/")[0] != ".lomo"} == {
        path: data for path, data in here.items() if path.split("/")[0] != ".lomo"
    }


@pytest.mark.parametrize("name", [*READERS, *WRITERS])
def test_a_manifest_that_is_a_link_is_refused_by_whoever_reads_it(name: str, ds: Path) -> None:
    link(ds, "manifest.json", "manifest.json")
    before = tree(ds.parent)
    with pytest.raises(LomoError, match=r"manifest\.json in 'ds' must be a file of its own; found a link"):
        {**READERS, **WRITERS}[name](ds)
    assert tree(ds.parent) == before


@pytest.mark.parametrize("name", ["verify", "push", "check", "browse"])
def test_what_is_read_through_a_link_is_no_part_of_a_dataset(name: str, ds: Path) -> None:
    link(ds, SHARD, SHARD)
    with pytest.raises(IntegrityError, match="link"):
        READERS[name](ds)


def test_a_link_that_appears_after_it_was_looked_for_is_not_read_through(ds: Path) -> None:
    files = open_files(ds)
    assert SHARD in files.sizes
    link(ds, SHARD, SHARD)
    with pytest.raises(LinkError, match="found a link"):
        files.open(SHARD)


def test_the_dataset_folder_itself_may_be_a_link(ds: Path) -> None:
    plain = tree(ds)
    (ds.parent / "there").mkdir()
    (ds.parent / "here").symlink_to(ds.parent / "there")
    build(ds.parent / "here")
    refresh_card(ds.parent / "here")
    verify_dataset(ds.parent / "here")
    assert (ds.parent / "here").is_symlink()
    assert set(tree(ds.parent / "there")) == set(plain)


def test_a_link_to_nothing_is_no_folder_to_build_into(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nothing")
    for work in (build, lambda out: render_benchmark(Benchmark("demo"), out, data=[Item("a", "Why?", "so")])):
        with pytest.raises(BuildError, match="out must be a folder; 'out' is a file or a link to nothing"):
            work(tmp_path / "out")
    assert not (tmp_path / "nothing").exists()


def test_what_others_put_beside_the_receipts_stays(ds: Path) -> None:
    for name in ("notes.json", "receipts/notes.json", "receipts/mine.txt"):
        (ds / ".lomo" / name).parent.mkdir(parents=True, exist_ok=True)
        (ds / ".lomo" / name).write_text("mine")
    build(ds, "ratio25")
    for name in ("notes.json", "receipts/notes.json", "receipts/mine.txt"):
        assert (ds / ".lomo" / name).read_text() == "mine"
    assert len([path for path in (ds / ".lomo").rglob("*") if path.is_file()]) == 3


# ---- exports, mixtures, benchmarks, single files ----------------------------------------------------------------


@pytest.mark.parametrize("form", sorted(FORMATS))
@pytest.mark.parametrize("at", [".lomo", "images", "images/00000", "export.json", "dataset_info.json", ".nv-meta"])
def test_an_export_goes_through_no_link(form: str, at: str, ds: Path) -> None:
    out = ds.parent / "out"
    export_dataset(ds, out, form=form)
    shard = next(
        path for path in (*out.rglob("train-*.tar"), *out.rglob("*.parquet"), out / "rows.jsonl") if path.is_file()
    )
    shard.unlink()  # so that there is work to do
    outside = ds.parent / "outside"
    for name in ("images/00000", "00000", "export"):
        (outside / name).mkdir(parents=True)
        (outside / name / "mine.png").write_bytes(b"mine")
    link(out, at, {"images": "images", "images/00000": "00000"}.get(at, "README.md" if "json" in at else "export"))
    before = tree(outside)
    with pytest.raises(LomoError, match=f"{at} in 'out' must be a (file|folder) of its own; found a link"):
        export_dataset(ds, out, form=form)
    assert tree(outside) == before


@pytest.mark.parametrize("at", ["standard", "README.md", "rendered_eval.json", "refused.jsonl", ".lomo"])
def test_a_rendered_benchmark_goes_through_no_link(at: str, ds: Path) -> None:
    out, items = ds.parent / "out", [Item("a", "Is 7 prime?", "yes")]
    render_benchmark(Benchmark("demo"), out, data=items)
    link(out, at, "README.md" if "." in at[1:] else "assets")
    (ds.parent / "outside/assets/test-00000-of-00001.parquet").write_text("mine")
    before = tree(ds.parent / "outside")
    with pytest.raises(LinkError, match=f"{at} in 'out' must be"):
        render_benchmark(Benchmark("demo"), out, data=items)
    assert tree(ds.parent / "outside") == before


def test_a_rendered_benchmark_removes_no_file_of_another_name(ds: Path) -> None:
    (ds.parent / "out/standard").mkdir(parents=True)
    (ds.parent / "out/standard/mine.parquet").write_text("mine")
    with pytest.raises(BuildError, match="is neither"):
        render_benchmark(Benchmark("demo"), ds.parent / "out", data=[Item("a", "Is 7 prime?", "yes")])
    assert (ds.parent / "out/standard/mine.parquet").read_text() == "mine"


def test_a_mixture_is_written_through_no_link(ds: Path) -> None:
    mixture = mix(open_split(ds, CONFIG), open_multimodal(ds / CONFIG))
    before = tree(ds.parent / "outside")
    link(ds.parent / "out", "train-00000-of-00001.parquet", SHARD)
    with pytest.raises(BuildError, match="new or empty"):
        write_mixture(mixture, ds.parent / "out")
    assert tree(ds.parent / "outside") == before


def test_a_single_file_replaces_no_link(ds: Path) -> None:
    link(ds.parent / "pages", "page.html", "README.md")
    with pytest.raises(LinkError, match=r"page\.html in 'pages' must be a file of its own"):
        named_file(ds.parent / "pages/page.html").create()
    assert (ds.parent / "outside/README.md").read_text() == "mine: README.md"


# ---- any layout -------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [
        "assets", "assets/preview.png", "assets/id_rsa", ".lomo", ".lomo/receipts", ".lomo/manifest.json",
        ".lomo/draw.json", ".lomo/logs", "manifest.json", "README.md", "dataset_info.json", "audit.json", DRAW, CONFIG,
        SHARD, f"{CONFIG}/refused-00000-of-00001.jsonl", f"{CONFIG}/train-00001-of-00002.parquet", "ratio25",
        "ratio25/train-00000-of-00001.parquet", "unknown",
    ]
)  # fmt: skip
TARGETS = st.sampled_from(
    [
        ".", "assets", ".lomo", ".lomo/receipts", "jsons", CONFIG, SHARD, "id_rsa", "notes.json", "manifest.json",
        "README.md", "nothing", "../ds", "../ds/assets", "../ds/manifest.json",
    ]
)  # fmt: skip


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    links=st.lists(st.tuples(NAMES, TARGETS), min_size=1, max_size=3),
    listed=st.booleans(),
    name=st.sampled_from([*WRITERS, *READERS]),
)
def test_whatever_links_there_are_everything_outside_stays_as_it_was(
    pristine: Path, links: list[tuple[str, str]], listed: bool, name: str
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(shutil.copytree(pristine, Path(scratch, "whole")))
        ds = whole / "ds"
        if listed:
            forge(
                ds,
                lambda manifest: manifest["files"].append({"path": "assets/id_rsa", "bytes": 20, "sha256": "0" * 64}),
            )
        for at, target in links:
            if not any(parent.is_symlink() for parent in (ds / at).parents if parent != ds.parent):
                link(ds, at, target)
        before = tree(whole / "outside")
        try:
            {**WRITERS, **READERS}[name](ds)
        except LomoError:
            pass
        assert tree(whole / "outside") == before
        assert set(os.listdir(whole)) <= {"ds", "outside", "exported"}


def test_the_manifest_of_a_folder_of_links_names_the_remedy(ds: Path) -> None:
    link(ds, "manifest.json", "manifest.json")
    with pytest.raises(IntegrityError, match="hf download --repo-type dataset ORG/NAME --local-dir FOLDER"):
        read_manifest(ds)
