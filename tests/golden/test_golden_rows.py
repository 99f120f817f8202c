"""No row and no page changes unseen: what the code makes is what is stored, and CHANGELOG names what is stored."""

import os
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from golden import comparing, recording
from lomo_hf.distortion import OPERATIONS

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
REMEDY = (
    "If this change is meant, run `python tests/golden/regenerate.py`, look at what it prints, and name the new "
    "digest and the reason in CHANGELOG.md. If it is not, a row that is published would be built otherwise now."
)


@pytest.mark.parametrize("name", recording.SETS)
def test_spans_draws_renderers_and_reasons_are_the_golden_ones(name: str) -> None:
    changes = comparing.decision_changes(recording.stored(name).decisions, recording.current(name).decisions)
    assert not changes, "\n".join(["", *comparing.summary(changes), REMEDY])


@pytest.mark.parametrize("name", recording.SETS)
def test_pages_are_the_golden_ones_to_the_pixel(name: str) -> None:
    if differing := recording.differing_engines():
        message = f"pages were NOT compared, for versions differ: {'; '.join(differing)}"
        if os.environ.get("LOMO_GOLDEN_PIXELS") == "required":
            pytest.fail(f"{message}. Install with `-c tests/golden/engines.txt`.")
        pytest.skip(message)
    changes = comparing.page_changes(recording.stored(name).pages, recording.current(name).pages)
    assert not changes, "\n".join(["", *comparing.summary(changes), REMEDY])
    assert recording.stored(name).pages.keys() == recording.current(name).pages.keys()


def test_the_changelog_names_the_golden_rows_as_they_are_with_a_reason() -> None:
    """The first line that names a digest is the newest, for sections stand newest first."""
    named = re.search(r"^- Golden rows ([0-9a-f]{8}): (.{20,})", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE)
    assert named, "CHANGELOG.md names no golden rows"
    assert named[1] == recording.digest(), (
        f"golden files changed unannounced: the newest digest in CHANGELOG.md is {named[1]}, theirs is "
        f"{recording.digest()}. Add a line `- Golden rows {recording.digest()}: ...` with what changed and why."
    )


def test_golden_rows_hold_every_kind_of_row() -> None:
    """A change can only be seen in what the set holds."""
    decisions = {
        (name, *key): record for name in recording.SETS for key, record in recording.stored(name).decisions.items()
    }
    held = decisions.values()
    rewritten = [record for record in held if record.get("rewritten")]
    ops = Counter(record["op"] for record in rewritten)
    assert ops.keys() == set(OPERATIONS)
    assert min(ops.values()) >= 20
    assert {record["renderer"] for record in rewritten} == {"text", "latex", "fallback"}
    reasons = {str(record["reason"]).partition(":")[0] for record in held if record.get("reason")}
    assert {"too-large", "control", "uncovered", "formula"} <= reasons
    refusals = {record["refused"].partition(":")[0] for record in held if "refused" in record}
    assert {"placeholder", "special-token", "empty", "role", "order"} <= refusals
    assert any("drawn_degrees" in record["params"] for record in rewritten), "a rotation that was limited"
    assert {record["turn"] for record in rewritten} >= {0, 1, 2, 3, 5}
    sizes = [
        [int(side) for side in page.partition(":")[0].split("x")]
        for name in recording.SETS
        for record in recording.stored(name).pages.values()
        for page in record["pages"]
    ]
    assert max(width * height for width, height in sizes) > 2_300_000, "a page near the limit"
    assert min(height for _, height in sizes) < 60, "a page of one line"


def test_golden_prompts_hold_the_scripts_and_the_forms_of_text() -> None:
    texts = [prompt.turns[-2].text for prompt in recording.prompts_of("prompts") if hasattr(prompt, "turns")]
    whole = "\n".join(texts)
    forms = ("```", "| :--- |", "|---|", "\\begin{tabular}", "\\begin{align}", "$$", "\\[", "\\ce{", "<p>", "> It")
    assert [form for form in forms if form not in whole] == []
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in whole}
    assert scripts >= {
        "LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "THAI", "CJK", "HIRAGANA", "KATAKANA",
        "HANGUL",
    }  # fmt: skip


# -- the comparison tells what changed -------------------------------------------------------------------------------

ROW = {
    "rewritten": True, "draw": 0.25, "reason": None, "turn": 0, "position": "middle", "spans": [[3, 9]],
    "renderer": "text", "op": "clean", "params": {}, "text": "0badcafe",
}  # fmt: skip
KEPT = {"rewritten": False, "draw": 0.25, "reason": "too-large", "text": "00000000"}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"spans": [[3, 10]]}, "span"),
        ({"draw": 0.5}, "draw"),
        ({"turn": 2}, "turn or position"),
        ({"renderer": "fallback"}, "renderer or reason"),
        ({"reason": "formula:x"}, "renderer or reason"),
        ({"op": "wave"}, "distortion"),
        ({"params": {"degrees": 1.0}}, "distortion"),
        ({"text": "ffffffff"}, "text of the row"),
    ],
)
def test_each_kind_of_change_is_told_with_row_recipes_and_both_values(change: dict[str, object], kind: str) -> None:
    before = {("a/1", "x"): ROW, ("a/1", "y"): ROW, ("a/2", "x"): ROW}
    after = {**before, ("a/1", "x"): {**ROW, **change}, ("a/1", "y"): {**ROW, **change}}
    (difference,) = comparing.decision_changes(before, after)
    assert (difference.kind, difference.row_id, difference.recipes) == (kind, "a/1", ("x", "y"))
    assert difference.before != difference.after
    assert comparing.summary([difference])[0] == f"{kind}: 1 rows"


def test_a_row_that_is_no_longer_rewritten_is_one_change_with_its_reason() -> None:
    changes = comparing.decision_changes({("a", "x"): ROW}, {("a", "x"): KEPT})
    assert [change.kind for change in changes] == ["refused or rewritten", "renderer or reason"]
    assert changes[1].after == "too-large"


def test_rows_that_come_and_go_are_told() -> None:
    changes = comparing.decision_changes({("a", "x"): ROW}, {("b", "x"): ROW})
    assert [(change.kind, change.row_id) for change in changes] == [("row is gone", "a"), ("row is new", "b")]


def test_pages_of_other_pixels_are_told_apart_from_pages_of_another_size() -> None:
    before = {("a", "x"): {"pages": ["9x9:aa"]}, ("b", "x"): {"pages": ["9x9:aa"]}, ("c", "x"): {"pages": ["9x9:aa"]}}
    after = {**before, ("a", "x"): {"pages": ["9x9:bb"]}, ("b", "x"): {"pages": ["9x8:bb"]}}
    changes = comparing.page_changes(before, after, {("a", "x"): 1.5})
    assert [(change.kind, change.row_id, change.grey) for change in changes] == [
        ("pixels", "a", 1.5), ("size of a page", "b", None),
    ]  # fmt: skip


def test_what_is_written_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "HERE", tmp_path)
    golden = recording.Golden({("a/1", "x"): ROW, ("a/1", "y"): KEPT}, {("a/1", "x"): {"pages": ["9x9:aa"]}})
    recording.write("some", golden)
    assert recording.stored("some") == golden
    recording.write_engines({"numpy": "2.0", "processor": "x86_64 with AVX2"})
    assert recording.recorded() == {"numpy": "2.0", "processor": "x86_64 with AVX2"}
    assert recording.differing_engines()


def test_constraints_are_such_that_pip_can_read_them() -> None:
    for line in (recording.HERE / recording.ENGINES_FILE).read_text(encoding="utf-8").splitlines():
        assert line.startswith("# ") or re.fullmatch(r"[a-z0-9-]+==[0-9a-z.]+", line)
