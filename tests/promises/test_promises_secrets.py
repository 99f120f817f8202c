"""P11 and P12: what is secret, and what the machine is called, reaches no file; no name leaves the folder."""

import json
from pathlib import Path

import pytest

from lomo_hf.dataset import build_dataset
from lomo_hf.errors import RecipeError
from lomo_hf.recipes.recipe import Recipe

TOKEN = "hf_CanaryCanaryCanaryCanaryCanary12"


def test_no_secret_and_no_name_of_the_machine_reaches_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "canaryhome"
    home.mkdir()
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "LOMO_ANYTHING"):
        monkeypatch.setenv(name, TOKEN)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "canaryuser")
    corpus = home / "rows.jsonl"
    rows = [{"id": n, "prompt": "Why is the sky blue? Say it in words.", "answer": "So."} for n in range(4)]
    corpus.write_text("\n".join(map(json.dumps, rows)))
    recipe = Recipe("mine", description="harmless", ratio=1.0)
    build_dataset(corpus, [recipe], home / "out", repo="me/mine")
    files = [path for path in (home / "out").rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        data = path.read_bytes()
        for secret in (TOKEN.encode(), b"canaryhome", b"canaryuser", str(tmp_path).encode()):
            assert secret not in data, path.name


@pytest.mark.parametrize(
    "secret", [TOKEN, f"see {TOKEN}.", "https://me:hunter2@example.org/x", "ghp_" + "a1" * 18, "AKIA" + "A1B2" * 4]
)
def test_a_secret_in_what_would_be_published_is_refused_and_not_repeated(secret: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="description must hold no secret") as refused:
        Recipe("mine", description=f"my rows {secret}")
    assert secret not in str(refused.value)
    with pytest.raises(RecipeError, match="repo must hold no secret"):
        build_dataset(None, ["ratio50"], tmp_path / "out", repo=secret)
    assert not (tmp_path / "out").exists()


def test_a_secret_in_a_name_that_would_be_published_is_refused_and_not_repeated(tmp_path: Path) -> None:
    corpus = tmp_path / f"{TOKEN}.jsonl"
    corpus.write_text(json.dumps({"id": 1, "prompt": "Why is the sky blue? Say it in words.", "answer": "So."}))
    for source, folder, what in ((corpus, "out", "corpus"), (None, TOKEN, "folder")):
        with pytest.raises(RecipeError, match=f"the {what}'s name must hold no secret") as refused:
            build_dataset(source, ["ratio50"], tmp_path / folder)
        assert TOKEN not in str(refused.value)
        assert not (tmp_path / folder).exists()


@pytest.mark.parametrize(
    "name", ["..", "a/b", "a\\b", "a\nb", "a\0b", "a" * 300, "con", "nul.txt", ".hidden", "", "A", "é"]
)
def test_no_name_leaves_the_folder(name: str) -> None:
    with pytest.raises(RecipeError):
        Recipe(name)
