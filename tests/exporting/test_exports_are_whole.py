"""An export is whole or unfinished, the same for any number of workers, and never written over something else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from exporting.export_readers import READERS

from lomo_hf import Recipe
from lomo_hf.dataset import build_dataset
from lomo_hf.errors import BuildError, IntegrityError, LomoError, RecipeError
from lomo_hf.exporting import FORMATS, export_dataset

FORMS = sorted(FORMATS)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def stop_after(rows: int) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done >= rows:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("form", FORMS)
def test_an_export_that_was_stopped_goes_on_to_the_same_bytes(built: Path, tmp_path: Path, form: str) -> None:
    whole = export_dataset(built, tmp_path / "whole", form=form, shard_bytes=100_000)
    with pytest.raises(KeyboardInterrupt):
        export_dataset(built, tmp_path / "out", form=form, shard_bytes=100_000, progress=stop_after(40))
    assert not (tmp_path / "out" / "export.json").exists()
    report = export_dataset(built, tmp_path / "out", form=form, shard_bytes=100_000)
    assert 0 < report.reused < report.parts == whole.parts
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    assert not [name for name in tree(tmp_path / "out") if ".lomo" in name or name.endswith(".tmp")]


def test_two_workers_write_the_same_bytes(built: Path, tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        export_dataset(built, tmp_path / name, form="llava-jsonl", shard_bytes=100_000, num_proc=workers)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")
    assert str(tmp_path) not in (tmp_path / "one" / "export.json").read_text()


@pytest.mark.parametrize("form", FORMS)
def test_a_finished_export_is_left_and_a_damaged_one_mended(built: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / "out"
    first = export_dataset(built, out, form=form, shard_bytes=100_000)
    written = tree(out)
    again = export_dataset(built, out, form=form, shard_bytes=100_000)
    assert again.reused == again.parts == first.parts
    victim = sorted(path for ending in ("png", "tar", "parquet") for path in out.rglob(f"*.{ending}"))[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    assert export_dataset(built, out, form=form, shard_bytes=100_000).reused < first.parts
    assert tree(out) == written


@pytest.mark.parametrize("form", FORMS)
def test_a_part_tampered_with_while_stopped_is_written_again(built: Path, tmp_path: Path, form: str) -> None:
    export_dataset(built, tmp_path / "whole", form=form, shard_bytes=100_000)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export_dataset(built, out, form=form, shard_bytes=100_000, progress=stop_after(1))
    patterns = ("images/*/*.png", "*.tar", "train-*.parquet")
    victim = next(path for pattern in patterns for path in sorted(out.glob(pattern)))
    victim.write_bytes(b"")
    (out / ".lomo" / "images-00001").mkdir(exist_ok=True)
    (out / ".lomo" / "images-00001" / "left.png").write_bytes(b"of a killed run")
    assert export_dataset(built, out, form=form, shard_bytes=100_000).reused == 0
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize(
    ("options", "kind", "says"),
    [
        ({"form": "tfrecord"}, RecipeError, "format must be one of llava-jsonl"),
        ({"config": "ratio51"}, RecipeError, "config must be one of ratio50"),
        ({"limit": 0}, RecipeError, "limit must be 1 or more; found 0"),
        ({"num_proc": 0}, RecipeError, "num_proc must be 1 or more; found 0"),
    ],
)
def test_what_cannot_be_is_said_with_the_remedy(
    built: Path, tmp_path: Path, options: dict[str, object], kind: type[LomoError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        export_dataset(built, tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(built: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rows.jsonl").write_text("mine")
    with pytest.raises(BuildError, match="must be a new folder"):
        export_dataset(built, tmp_path / "mine")
    assert tree(tmp_path / "mine") == {"rows.jsonl": b"mine"}
    with pytest.raises(BuildError, match="must be a new folder"):
        export_dataset(built, built)


def test_another_export_is_not_mixed_in(built: Path, tmp_path: Path) -> None:
    export_dataset(built, tmp_path / "done", limit=10)
    with pytest.raises(BuildError, match="holds another export"):
        export_dataset(built, tmp_path / "done", limit=11)
    with pytest.raises(KeyboardInterrupt):
        export_dataset(built, tmp_path / "open", limit=10, progress=stop_after(1))
    with pytest.raises(BuildError, match="another, unfinished export"):
        export_dataset(built, tmp_path / "open", limit=11)


def test_a_folder_that_lomo_did_not_finish_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"holds no manifest\.json"):
        export_dataset(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("damage", ["missing", "short", "flipped"])
def test_a_damaged_shard_is_an_integrity_error(copied: Path, tmp_path: Path, damage: str) -> None:
    shard = next((copied / "ratio50").glob("*.parquet"))
    data = bytearray(shard.read_bytes())
    at = data.index(b"IHDR") + 40  # inside the first page's pixels
    data[at] ^= 1
    if damage == "missing":
        shard.unlink()
    else:
        shard.write_bytes(bytes(data if damage == "flipped" else data[:-1]))
    with pytest.raises(IntegrityError, match=r"ratio50/train-00000-of-00001\.parquet"):
        export_dataset(copied, tmp_path / "out")
    assert not (tmp_path / "out" / "export.json").exists()


def test_a_text_that_says_image_is_refused_where_strings_are_counted(tmp_path: Path) -> None:
    corpus = tmp_path / "mine.jsonl"
    corpus.write_text(
        '{"id": "a", "messages": [{"role": "user", "content": "What does <image> mean in HTML? Tell me."},'
        ' {"role": "assistant", "content": "Nothing."}]}\n'
    )
    build_dataset(corpus, [Recipe("mine", ratio=0.0, placeholders="keep")], tmp_path / "built")
    for form in ("llava-jsonl", "webdataset"):
        with pytest.raises(BuildError, match="placeholders: escape"):
            export_dataset(tmp_path / "built", tmp_path / form, form=form)
    export_dataset(tmp_path / "built", tmp_path / "energon", form="energon")
    ((_, turns, images),) = READERS["energon"](tmp_path / "energon")
    assert (turns[0][1], images) == ("What does <image> mean in HTML? Tell me.", [])
