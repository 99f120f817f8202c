"""Whatever stands anywhere in a document of ours, reading it gives what it says, or an error of ours; nothing else."""

import copy
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lomo_hf.auditing import audit_dataset
from lomo_hf.building import Receipt
from lomo_hf.building import resume as resuming
from lomo_hf.corpus import open_corpus
from lomo_hf.corpus.sampling import Sampling, draw, draw_json, read_draw, replay
from lomo_hf.dataset import (
    browse_page,
    build_dataset,
    check_dataset,
    read_manifest,
    record_audit,
    refresh_card,
    verify_dataset,
)
from lomo_hf.dataset.card import assets
from lomo_hf.dataset.contents import Contents
from lomo_hf.dataset.layout import DRAW
from lomo_hf.dataset.manifest import sealed
from lomo_hf.dataset.publishing.changes import changes_section
from lomo_hf.dataset.publishing.merging import merge_manifest, split_card
from lomo_hf.dataset.publishing.plan import make_plan
from lomo_hf.dataset.publishing.snapshots import Snapshot
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import IntegrityError, LomoError
from lomo_hf.evaluation import Benchmark, Item, render_benchmark
from lomo_hf.exporting import export_dataset
from lomo_hf.mixing import mix, mixture_json, open_multimodal, open_split, read_mixture

CONFIG = "nodistort50"
Place = tuple[str | int, ...]

_ODD = st.sampled_from(
    ["../x", "a/b", "", "<script>", "5", ".", "\ud800", "\x1b[2J", "x" * 5000, 10**30, -1, 1e308, 0.5, True, None]
)
JSON = st.recursive(
    _ODD | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


def places(content: Any, at: Place = ()) -> Iterator[Place]:
    """Every place in a document, the whole of it first."""
    yield at
    pairs = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, inner in pairs:
        yield from places(inner, (*at, key))


def changed(content: Any, at: Place, value: Any) -> Any:
    if not at:
        return value
    content = copy.copy(content)
    content[at[0]] = changed(content[at[0]], at[1:], value)
    return content


def renamed(content: Any, at: Place, name: str) -> Any:
    """The document with the key at the end of a place called otherwise; as it is, if that is a place in a list."""
    if not at or not isinstance(at[-1], str):
        return content
    content = copy.deepcopy(content)
    holder = content
    for step in at[:-1]:
        holder = holder[step]
    holder[name] = holder.pop(at[-1])
    return content


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of each kind, with its documents. Not to be written to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("_histograms", "_shares", "_refusals", "_sheet"):
            patch.setattr(assets, name, lambda *_: b"a picture")
        place = tmp_path_factory.mktemp("documents")
        drawn = draw(open_corpus(None), Sampling(rows=12))
        build_dataset(drawn.source, [CONFIG], place / "ds", draw=draw_json(drawn))
        record_audit(place / "ds", audit_dataset(place / "ds", no_source=True, sample=1).to_json())
        build_dataset(None, ["ratio25"], place / "begun", limit=12, share=(0, 1))
        render_benchmark(Benchmark("demo"), place / "twin", data=[Item("a", "Is 7 prime?", "yes")])
        export_dataset(place / "ds", place / "exported")
        mixed = mix(open_split(place / "ds", CONFIG), open_multimodal(place / "ds" / CONFIG))
        (place / "mix.json").write_text(mixture_json(mixed))
        yield place


def document(whole: Path, kind: str) -> tuple[Path, Any]:
    names = {
        "manifest": "ds/manifest.json",
        "audit": "ds/audit.json",
        "entries": "ds/dataset_info.json",
        "draw": f"ds/{DRAW}",
        "twin": "twin/rendered_eval.json",
        "export": "exported/export.json",
        "mixture": "mix.json",
        "card": "ds/README.md",
        "receipt": next(path.relative_to(whole).as_posix() for path in (whole / "begun/.lomo/receipts").iterdir()),
    }
    text = (whole / names[kind]).read_text(encoding="utf-8")
    return Path(names[kind]), split_card(text, "")[0] if kind == "card" else json.loads(text)


def _sealed(kind: str, content: Any) -> str:
    if kind == "card":
        return f"---\n{yaml.safe_dump(content)}\n---\n\n# A card\n"
    with suppress(Exception):  # what cannot be sealed is written as it is, and refused by its seal
        if kind == "manifest":
            return sealed(content)
        if kind == "receipt":
            return resuming.sealed(Receipt.from_json(json.dumps({k: v for k, v in content.items() if k != "seal"})))
    return json.dumps(content, indent=1) + "\n"


def _read_manifest(place: Path) -> None:
    ds = place / "ds"
    text = (ds / "manifest.json").read_text(encoding="utf-8")
    with suppress(LomoError):
        manifest = read_manifest(ds)
        recorded_manifest = json.loads(text)
        assert manifest
        assert (manifest.source, manifest.engines) == (recorded_manifest["source"], recorded_manifest["engines"])
        assert [(file.path, file.bytes, file.sha256) for file in manifest.files] == [
            (file["path"], file["bytes"], file["sha256"]) for file in recorded_manifest["files"]
        ]
        for name, recipe in manifest.recipes.items():
            recorded = {
                key: setting
                for key, setting in recorded_manifest["recipes"][name]["recipe"].items()
                if key != "distortion"
            }
            assert recipe.to_dict() == recipe.to_dict() | recorded  # weights may be whole numbers there
        for receipt, recorded in zip(manifest.receipts, recorded_manifest["shards"], strict=True):
            assert json.loads(receipt.to_json()) | recorded == recorded
    with suppress(LomoError):
        verify_dataset(ds)
    check_dataset(ds)
    with suppress(LomoError):
        contents = Contents.parse(text, "'ds'")
        honest = Contents.parse((place / "manifest.json").read_text(encoding="utf-8"), "'ds'")
        for name in contents.configs:
            _ = contents.rows(name), contents.counts(name), contents.recipe(name), contents.source(name)
        for first, second in ((contents, honest), (honest, contents)):
            changes_section("v1.0.0", first, second)
            merge_manifest(first, second, set(second.files))
            make_plan(VerifiedFolder(ds, honest), Snapshot("0" * 40, {}, "", second, {}), None, "org/name")
    with suppress(LomoError):
        refresh_card(ds)


def _read_receipt(place: Path) -> None:
    with suppress(LomoError):
        build_dataset(None, ["ratio25"], place / "begun", limit=12, share=(0, 1))


def _read_draw(place: Path) -> None:
    with suppress(LomoError):
        drawn = read_draw(place / "ds" / DRAW)
        assert len(replay(drawn, open_corpus(None))) == 12
        replay(drawn, open_corpus(None), anew=True)


def _read_export(place: Path) -> None:
    with suppress(LomoError):
        export_dataset(place / "ds", place / "exported")


def _read_twin(place: Path) -> None:
    with suppress(LomoError):
        render_benchmark(Benchmark("demo"), place / "twin", data=[Item("a", "Is 7 prime?", "yes")])


def _read_mixture(place: Path) -> None:
    with suppress(LomoError):
        list(read_mixture(place / "mix.json").rows())


def _read_card(place: Path) -> None:
    ds = place / "ds"
    check_dataset(ds)
    contents = Contents.parse((ds / "manifest.json").read_text(encoding="utf-8"), "'ds'")
    with suppress(LomoError):
        make_plan(VerifiedFolder(ds, contents), None, None, "org/name")
    with suppress(LomoError):
        refresh_card(ds)
    verify_dataset(ds)


def _read_front(place: Path) -> None:
    ds, text = place / "ds", (place / "ds/README.md").read_text(encoding="utf-8")
    check_dataset(ds)
    with suppress(LomoError):
        browse_page(ds)
    contents = Contents.parse((ds / "manifest.json").read_text(encoding="utf-8"), "'ds'")
    with suppress(LomoError):
        make_plan(VerifiedFolder(ds, contents), Snapshot("0" * 40, {}, text, contents, {}), None, "org/name")
    refresh_card(ds)
    verify_dataset(ds)


READERS: Mapping[str, Callable[[Path], None]] = {
    "manifest": _read_manifest,
    "audit": _read_card,
    "entries": _read_card,
    "draw": _read_draw,
    "receipt": _read_receipt,
    "export": _read_export,
    "twin": _read_twin,
    "mixture": _read_mixture,
    "card": _read_front,
}


def _try(whole: Path, kind: str, content: Any) -> None:
    at, _ = document(whole, kind)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(shutil.copytree(whole, Path(scratch, "whole")))
        shutil.copy(place / "ds/manifest.json", place / "manifest.json")
        (place / at).write_text(_sealed(kind, content), encoding="utf-8")
        if kind == "mixture":
            os.chdir(place)
        READERS[kind](place)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_value_at_any_place_is_read_as_it_stands_or_refused(
    whole: Path, kind: str, data: st.DataObject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(whole)
    _, content = document(whole, kind)
    at = data.draw(st.sampled_from(list(places(content))), label="place")
    if data.draw(st.booleans(), label="a value and not a name"):
        _try(whole, kind, changed(content, at, data.draw(JSON, label="value")))
    else:
        name = data.draw(_ODD.filter(lambda value: isinstance(value, str)) | st.text())
        _try(whole, kind, renamed(content, at, name))


_NAMES = ["../x", "a/b", "", "<script>", "con", "A", "x\x1b[2Jy", "x" * 300, "assets", ".lomo"]


@pytest.mark.parametrize("name", _NAMES)
def test_a_config_of_such_a_name_is_refused_by_name(whole: Path, name: str, tmp_path: Path) -> None:
    ds = Path(shutil.copytree(whole / "ds", tmp_path / "ds"))
    text = json.dumps(json.loads((ds / "manifest.json").read_text()))
    (ds / "manifest.json").write_text(sealed(json.loads(text.replace(CONFIG, json.dumps(name)[1:-1]))))
    for read in (read_manifest, verify_dataset, refresh_card):
        with pytest.raises(IntegrityError, match=r"a name in recipes (must be 1 to 64|.* is taken by a file system)"):
            read(ds)
    assert not check_dataset(ds).loads or any(
        "manifest.json" in finding.says for finding in check_dataset(ds).findings
    )


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        (("shards", 0, "files", CONFIG, "rows"), "5", f"shards[0].files.{CONFIG}.rows must be a whole number"),
        (("shards", 0, "counts", CONFIG, "rows"), True, f"shards[0].counts.{CONFIG}.rows must be a whole number"),
        (("source", "rows"), -1, "source.rows must be a whole number of 0 or more; found -1"),
        (("source",), [], "source must be names and values; found a list"),
        (("files", 0, "path"), "a\x1bb", "is not a path inside of the folder"),
        (("files", 0, "path"), "manifest.json", "a file is listed twice"),
        (("files", 0, "path"), f"{CONFIG}/train-00000-of-00001.parquet", "a file is listed twice"),
        (("shards", 0, "files", CONFIG, "path"), f"{CONFIG}/mine.parquet", "is no shard or sidecar of it"),
        (("recipes",), {}, "is of 'nodistort50', which is no config"),
        (("shards",), [], "config 'nodistort50' has no shard"),
        (("engines",), {"typst": 1}, "engines.typst must be text; found 1"),
        (("recipes", CONFIG, "recipe", "name"), "ratio50", "calls itself 'ratio50'"),
    ],
)
def test_what_cannot_stand_in_a_manifest_is_named_with_its_place(
    whole: Path, at: Place, value: Any, message: str, tmp_path: Path
) -> None:
    ds = Path(shutil.copytree(whole / "ds", tmp_path / "ds"))
    (ds / "manifest.json").write_text(sealed(changed(document(whole, "manifest")[1], at, value)))
    with pytest.raises(IntegrityError) as refused:
        read_manifest(ds)
    assert message in str(refused.value)


def test_rows_of_a_draw_take_no_more_memory_than_the_corpus_has_rows(whole: Path, tmp_path: Path) -> None:
    _, content = document(whole, "draw")
    content["configs"][0]["rows"] = 10**13
    (tmp_path / DRAW).write_text(json.dumps(content))
    with pytest.raises(IntegrityError, match="other configs or sizes"):
        replay(read_draw(tmp_path / DRAW), open_corpus(None))


@given(JSON)
@example({"a": [[[]]] * 3})
def test_what_a_document_says_besides_is_left_alone(value: Any) -> None:
    from lomo_hf.storage.documents import parse, record, text

    content = json.dumps({"a": "b", "later": value})
    try:
        assert json.dumps(parse(content, record({"a": text}))) == content
    except IntegrityError:
        assert any(number in content for number in ("Infinity", "NaN", "\\ud800", "e+308")) or "later" in content
