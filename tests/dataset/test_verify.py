"""`verify_dataset` finds every change to a dataset folder, and only those."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lomo_hf.cli import main
from lomo_hf.dataset import build_dataset, refresh_card, verify_dataset
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import IntegrityError


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_dataset(None, ["ratio50", "ratio25"], tmp_path_factory.mktemp("built") / "ds", limit=6).folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "ds"))


def shard(folder: Path, config: str = "ratio50") -> Path:
    return next((folder / config).glob("train-*.parquet"))


def swap(folder: Path) -> None:
    path, other = shard(folder), shard(folder, "ratio25")
    data = path.read_bytes()
    path.write_bytes(other.read_bytes())
    other.write_bytes(data)


def link(path: Path) -> None:
    elsewhere = path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to(elsewhere)


def forge(folder: Path, change: Callable[[dict[str, object]], object]) -> None:
    """Change the manifest and seal it again, as only a program would."""
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(sealed(document))


HARMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a shard is missing": (lambda f: shard(f).unlink(), "ratio50/train-00000-of-00001.parquet is missing"),
    "a shard is cut": (lambda f: shard(f).write_bytes(shard(f).read_bytes()[:-1]), "bytes instead of"),
    "two shards are swapped": (swap, "bytes instead of"),
    "a shard too many": (
        lambda f: shutil.copy(shard(f), f / "ratio50/train-00001-of-00002.parquet"),
        "not in the man",
    ),
    "a file too many": (lambda f: (f / "lomo-ov15.py").write_text(""), "lomo-ov15.py is not in the manifest"),
    "a link for a shard": (
        lambda f: link(shard(f)),
        "no regular file",
    ),
    "an edited card": (lambda f: (f / "README.md").write_text("mine"), "README.md has"),
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "holds no manifest.json"),
    "a manifest that is no JSON": (lambda f: (f / "manifest.json").write_text("{"), "is not one that lomo_hf wrote"),
    "a manifest of nothing": (lambda f: (f / "manifest.json").write_text("[]"), "is not one that lomo_hf wrote"),
    "a path outside": (
        lambda f: forge(f, lambda manifest: manifest["files"].append({"path": "../x", "bytes": 0, "sha256": ""})),  # type: ignore[attr-defined]
        "not a path inside",
    ),
    "a wrong count": (
        lambda f: forge(f, lambda manifest: manifest["shards"][0]["counts"]["ratio50"].update(rows=5)),  # type: ignore[index]
        "counts 5 rows and stores 6",
    ),
}


@pytest.mark.parametrize("harm", HARMS)
def test_every_harm_is_found_and_named(folder: Path, harm: str) -> None:
    do, says = HARMS[harm]
    do(folder)
    with pytest.raises(IntegrityError, match=says):
        verify_dataset(folder)


def test_any_flipped_bit_of_any_file_is_found(folder: Path) -> None:
    verify_dataset(folder)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        for position in range(3, len(data), max(1, len(data) // 12)):
            path.write_bytes(data[:position] + bytes([data[position] ^ (1 << position % 8)]) + data[position + 1 :])
            with pytest.raises(IntegrityError):
                verify_dataset(folder)
        path.write_bytes(data)
    verify_dataset(folder)


def test_pages_are_checked_even_where_the_recorded_hash_agrees(folder: Path) -> None:
    """As after a flip in memory, before the hash was taken."""
    from hashlib import sha256

    path = shard(folder)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)

    def record(manifest: dict[str, object]) -> None:
        manifest["shards"][0]["files"]["ratio50"]["sha256"] = sha256(data).hexdigest()  # type: ignore[index]

    forge(folder, record)
    with pytest.raises(IntegrityError, match="is damaged"):
        verify_dataset(folder)


def test_hidden_files_and_the_folder_of_a_build_in_work_are_nobodys_business(folder: Path) -> None:
    whole = sum(path.is_file() for path in folder.rglob("*"))
    (folder / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("x")
    assert len(verify_dataset(folder).contents.files) == whole - 1  # but the manifest


def test_the_command_says_what_it_found_and_exits_with_three(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> int:
        monkeypatch.setattr("sys.argv", ["lomo", "verify", str(folder)])
        with pytest.raises(SystemExit) as left:
            main()
        return int(left.value.code or 0)

    assert run() == 0
    assert "ratio50: 6 rows" in capsys.readouterr().out
    shard(folder).unlink()
    assert run() == 3
    assert capsys.readouterr().err.startswith("lomo: 'ds' is not what was built: ratio50/")


def test_the_remedy_that_is_named_mends_the_folder(folder: Path) -> None:
    stray, card = folder / "notes.txt", folder / "README.md"
    stray.write_text("mine")
    card.write_text(card.read_text().replace("<!-- end of own text -->", "Ask Ada.\n<!-- end of own text -->"))
    with pytest.raises(IntegrityError, match=r"Move what the manifest does not name .* `lomo card`") as error:
        verify_dataset(folder)
    assert "Build again" not in str(error.value)
    stray.unlink()
    refresh_card(folder)
    verify_dataset(folder)
    assert "Ask Ada." in card.read_text()
