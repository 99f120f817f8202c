"""Commands that take a dataset folder, on every kind of folder there is: each serves it, or says what to do."""

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dataset.publishing.conftest import TOKEN
from hub.server import LoopbackHub
from PIL import Image

from lomo_hf.cli import main
from lomo_hf.corpus import SAMPLE
from lomo_hf.dataset import build_dataset
from lomo_hf.mixing import mix, open_multimodal, open_split, parse_ratio, write_mixture

COMMANDS = {
    "verify": "verify {folder}",
    "check": "check {folder}",
    "card": "card {folder} --repo org/name",
    "audit": "audit {folder} --no-source",
    "browse": "browse {folder} --out {out}/page.html",
    "push": "push {folder} tester/lomo-new --tag v1.0.0 --dry-run",
    "llava-jsonl": "export {folder} --out {out}/rows --format llava-jsonl",
    "webdataset": "export {folder} --out {out}/rows --format webdataset",
    "energon": "export {folder} --out {out}/rows --format energon",
    "verl": "export {folder} --out {out}/rows --format verl",
    "mix": "mix --lomo {folder} --recipe {config} --multimodal {pictures} --out {out}/mix.json",
    "build": "build --limit 3 --out {folder}",
}
SERVED = "served"
FORMATS = ("llava-jsonl", "webdataset", "energon", "verl")
TWO_KINDS = "Use the folder that each of them was pushed from"
OUTCOMES: dict[str, dict[str, str]] = {
    "one-config": {"build": SERVED},
    "several-configs": {"build": "Name another folder with --out"},
    "splits": {"build": "Name another folder with --out"},
    "mixture": {"build": "Name another folder with --out", "mix": "Name the dataset that `lomo build` made"},
    "repeated-mixture": {"build": "Name another folder with --out", "mix": "Name the dataset that `lomo build` made"},
    "mixture-of-unknown-recipe": {
        "audit": "Audit the dataset that it was mixed from",
        "build": "Name another folder with --out",
        "mix": "Name the dataset that `lomo build` made",
    },
    "config-and-mixture": {"card": TWO_KINDS, "audit": TWO_KINDS, "build": TWO_KINDS},
    "rendered-benchmark": {
        "check": SERVED,
        "browse": "Name such a dataset",
        "mix": "Build them with `lomo build`",
        "build": "Name another",
        **dict.fromkeys(("verify", "card", "audit", "push", *FORMATS), "is a rendered benchmark"),
    },
    "rows-of-others": {
        "verify": "Name another, or build into a new one",
        "check": SERVED,
        "card": "Run `lomo build` first",
        "audit": "Build it first",
        "browse": "browse shows what `lomo build` makes",
        "push": "Name another, or build into a new one",
        **dict.fromkeys(FORMATS, "Name a folder that `lomo build` has finished"),
        "mix": "Build them with `lomo build`",
        "build": "Name another",
    },
}
CONFIG_OF = {"one-config": "nodistort50", "several-configs": "multispan50"}


def picture(number: int) -> bytes:
    """A small picture, of another format each time: what multimodal corpora hold."""
    target = io.BytesIO()
    Image.new("RGB", (40 + number, 30), (9 * number, 90, 60)).save(target, ("PNG", "JPEG", "WEBP", "GIF")[number % 4])
    return target.getvalue()


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every kind of folder but the one that is fetched from a Hub."""
    work = tmp_path_factory.mktemp("kinds")
    rows = [
        {"id": f"v{n}", "image": {"bytes": picture(n), "path": None}, "prompt": "<image> What?", "answer": "That."}
        for n in range(12)
    ]
    pq.write_table(pa.Table.from_pylist(rows), work / "vqa.parquet")
    build_dataset(None, ["nodistort50"], work / "one-config", limit=3)
    build_dataset(None, ["ratio50", "multispan50"], work / "several-configs", limit=30)
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[::15]
    (work / "corpus").mkdir()
    for split, own in (("train", lines[:8]), ("validation", lines[8:11]), ("test", lines[11:14])):
        (work / "corpus" / f"{split}.jsonl").write_text("\n".join(own), encoding="utf-8")
    build_dataset(work / "corpus", "ratio50", work / "splits")
    half, pictures = open_split(work / "several-configs"), open_multimodal(work / "vqa.parquet")
    write_mixture(mix(half, pictures), work / "mixture")
    repeated = mix(half, pictures, ratio=parse_ratio("4:1"), by="repeat")
    assert any(part.again for part in repeated.parts)
    write_mixture(repeated, work / "repeated-mixture")
    shutil.copytree(work / "several-configs" / "ratio50", work / "bare" / "ratio50")
    write_mixture(mix(open_split(work / "bare"), pictures), work / "mixture-of-unknown-recipe")
    questions = [{"id": str(n), "question": f"How much is {n} plus {n}?", "answer": str(2 * n)} for n in range(2)]
    (work / "questions.jsonl").write_text("\n".join(map(json.dumps, questions)), encoding="utf-8")
    assert run("render-eval", str(work / "questions.jsonl"), "--out", str(work / "rendered-benchmark")) == 0
    (work / "rows-of-others" / "ratio50").mkdir(parents=True)
    card = "---\nconfigs:\n- config_name: ratio50\n  data_files: ratio50/*.parquet\n---\n"
    (work / "rows-of-others" / "README.md").write_text(card, encoding="utf-8")
    table = pa.Table.from_pylist([{"id": "a", "text": "Not ours."}] * 5)
    pq.write_table(table, work / "rows-of-others" / "ratio50" / "train-00000-of-00001.parquet")
    return work


@pytest.fixture
def folder_of(work: Path, hub: LoopbackHub, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of a folder of that kind, which a command may change."""

    def copied(kind: str) -> Path:
        if kind != "config-and-mixture":
            return Path(shutil.copytree(work / kind, tmp_path / "folder"))
        for pushed, tag in (("one-config", "v1.0.0"), ("mixture", "v1.1.0")):
            assert run("push", str(work / pushed), "tester/lomo-both", "--tag", tag) == 0
        return Path(
            huggingface_hub.snapshot_download(
                "tester/lomo-both", repo_type="dataset", local_dir=tmp_path / "folder", token=TOKEN
            )
        )

    return copied


def run(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["lomo", *arguments])
        patch.setenv("COLUMNS", "160")
        with pytest.raises(SystemExit) as left:
            main()
    return int(left.value.code or 0)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("kind", OUTCOMES)
def test_each_command_serves_a_folder_or_says_what_to_do(
    kind: str,
    command: str,
    folder_of: Callable[[str], Path],
    work: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = folder_of(kind)
    capsys.readouterr()
    config = "mixture" if "mixture" in kind else CONFIG_OF.get(kind, "ratio50")
    if kind == "config-and-mixture":
        config = "nodistort50"
    given = {"folder": str(folder), "out": str(tmp_path), "pictures": str(work / "vqa.parquet"), "config": config}
    code = run(*(word.format(**given) for word in COMMANDS[command].split()))
    printed = capsys.readouterr()
    expected = OUTCOMES[kind].get(command, SERVED)
    if expected == SERVED:
        assert (code, printed.err) == (0, "")
    else:
        assert code in (1, 2, 3)
        assert expected in " ".join(printed.err.split())
        assert printed.out == ""


@pytest.fixture(params=["mixture", "repeated-mixture"])
def mixture(request: pytest.FixtureRequest, work: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(work / request.param, tmp_path / "mixed"))


def stored(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pq.read_table(folder / "mixture").to_pylist()
    return rows


def test_the_card_of_a_mixture_is_written_again_to_the_byte_and_keeps_own_text(mixture: Path) -> None:
    before = {path: path.read_bytes() for path in mixture.rglob("*") if path.is_file()}
    assert run("card", str(mixture)) == 0
    assert {path: path.read_bytes() for path in mixture.rglob("*") if path.is_file()} == before
    card = (mixture / "README.md").read_text(encoding="utf-8")
    assert "Rows of the first half were made by the recipe `ratio50`: ratio 0.5, position middle" in card
    mark = "<!-- end of own text -->"
    (mixture / "README.md").write_text(card.replace(mark, f"Ask Ada.\n{mark}"), encoding="utf-8")
    assert run("card", str(mixture), "--repo", "org/other") == 0
    changed = (mixture / "README.md").read_text(encoding="utf-8")
    assert "Ask Ada." in changed
    assert 'load_dataset("org/other", "mixture"' in changed
    assert run("verify", str(mixture)) == 0


def test_an_export_of_a_mixture_has_its_rows_and_pictures_in_their_own_format(mixture: Path, tmp_path: Path) -> None:
    assert run("export", str(mixture), "--out", str(tmp_path / "rows"), "--format", "llava-jsonl") == 0
    lines = [json.loads(line) for line in (tmp_path / "rows" / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = stored(mixture)
    assert [line["id"] for line in lines] == [row["id"] for row in rows]
    endings = set()
    for line, row in zip(lines, rows, strict=True):
        assert line["conversations"] == row["conversations"]
        names = line.get("images", [])
        assert [(tmp_path / "rows" / name).read_bytes() for name in names] == [
            image["bytes"] for image in row["images"] or []
        ]
        for name in names:
            with Image.open(tmp_path / "rows" / name) as opened:
                endings.add((Path(name).suffix, opened.format))
    assert endings == {(".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"), (".gif", "GIF")}


def test_the_browse_page_of_a_mixture_lists_its_rows_and_where_each_is_from(mixture: Path, tmp_path: Path) -> None:
    assert run("browse", str(mixture), "--out", str(tmp_path / "page.html")) == 0
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    shown = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    rows = stored(mixture)
    assert [entry["id"] for entry in shown] == [row["id"] for row in rows]
    for entry, row in zip(shown, rows, strict=True):
        assert ["config", row["source_config"]] in entry["facts"]
        own = row["lomo"] is None
        assert entry["kind"] == ("own" if own else "rewritten" if row["rewritten"] else "kept")
        pictures = [part["page"] for turn in entry["turns"] for part in turn["parts"] if "page" in part]
        assert len(pictures) == len(row["images"] or [])  # type: ignore[arg-type]
        kinds = {url.partition(";")[0] for url in pictures}
        assert kinds <= (
            {"data:image/png", "data:image/jpeg", "data:image/webp", "data:image/gif"} if own else {"data:image/png"}
        )


def test_an_audit_of_a_mixture_finds_what_is_false_in_either_half(mixture: Path) -> None:
    from lomo_hf import audit_dataset

    rows = stored(mixture)
    rewritten = sum(bool(row["rewritten"]) for row in rows)
    own = sum(row["lomo"] is None for row in rows)
    report = audit_dataset(mixture)
    checked = {outcome.name: outcome.checked for outcome in report.outcomes}
    assert report.true
    assert (checked["distortion-replays"], checked["spans-true"]) == (rewritten, rewritten)
    assert (checked["views-agree"], checked["drawn-by-ratio"]) == (len(rows), len(rows) - own)
    (shard,) = (mixture / "mixture").glob("*.parquet")
    table = pq.read_table(shard)
    changed = table.to_pylist()
    next(row for row in changed if row["lomo"] is None)["images"] = None
    next(row for row in changed if row["rewritten"])["lomo"]["distortion"]["op"] = "stained"
    pq.write_table(pa.Table.from_pylist(changed, schema=table.schema), shard)
    failed = {outcome.name for outcome in audit_dataset(mixture).outcomes if outcome.failed}
    assert {"placeholders-match-images", "distortion-drawn", "files-as-recorded"} <= failed
