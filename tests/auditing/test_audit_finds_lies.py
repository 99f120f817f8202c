"""Every check can fail: one lie at a time, sealed with a true hash, is found by its own check under its row's id."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from auditing.audit_helpers import Rows, first, page_of, put_page, read, rewrite, say, seal, shard_of
from PIL import Image

from lomo_hf.auditing import CHECKS, AuditReport, audit_dataset
from lomo_hf.auditing.content_checks import CONTENT_CHECKS
from lomo_hf.dataset.manifest import sealed
from lomo_hf.errors import IntegrityError

Lie = Callable[[Rows], str]


def failures(report: AuditReport) -> dict[str, list[str]]:
    return {outcome.name: [finding.id for finding in outcome.examples] for outcome in report.failures}


def with_prefix(rows: Rows) -> dict[str, Any]:
    """A rewritten row that keeps text before its page."""
    return next(
        row for row in rows
        if row["rewritten"] and row["lomo"]["spans"][0]["start"] > 5 and len(row["messages"]) == 2
    )  # fmt: skip


def change_kept_text(rows: Rows) -> str:
    row = with_prefix(rows)
    text = row["messages"][0]["content"][0]["text"]
    say(row, 0, text, ("X" if text[0] != "X" else "Y") + text[1:])
    return str(row["id"])


def change_span_text(rows: Rows) -> str:
    row = first(rows, renderer="text", op="clean")
    text = row["lomo"]["spans"][0]["text"]
    row["lomo"]["spans"][0]["text"] = text[:-1] + ("!" if text[-1] != "!" else "?")
    return str(row["id"])


def change_answer(rows: Rows) -> str:
    row = rows[4]
    last = len(row["messages"]) - 1
    say(row, last, row["messages"][last]["content"][0]["text"], "Something else.")
    return str(row["id"])


def change_system(rows: Rows) -> str:
    row = next(row for row in rows if row["messages"][0]["content"][0]["text"] == "Be brief.")
    say(row, 0, "Be brief.", "Be long.")
    return str(row["id"])


def change_licence(rows: Rows) -> str:
    rows[3]["source_license"] = "none"
    return str(rows[3]["id"])


def change_one_view(rows: Rows) -> str:
    rows[5]["conversations"][-1]["value"] += " "
    return str(rows[5]["id"])


def say_image(rows: Rows) -> str:
    row = with_prefix(rows)
    text = row["messages"][0]["content"][0]["text"]
    say(row, 0, text, text + "<Image>")
    return str(row["id"])


def drop_a_placeholder(rows: Rows) -> str:
    row = with_prefix(rows)
    row["images"].append(row["images"][0])
    return str(row["id"])


def shift_a_span(rows: Rows) -> str:
    row = with_prefix(rows)
    row["lomo"]["spans"][0]["start"] -= 1
    return str(row["id"])


def move_an_image(rows: Rows) -> str:
    """The image before the kept text instead of after it; what is restored is another prompt."""
    row = with_prefix(rows)
    content = row["messages"][0]["content"]
    content[0], content[1] = content[1], content[0]
    row["conversations"][0]["value"] = "".join(
        "<image>" if part["type"] == "image" else part["text"] for part in content
    )
    return str(row["id"])


def miscount_the_prompt(rows: Rows) -> str:
    row = first(rows)
    row["lomo"]["prompt_chars"] += 1
    return str(row["id"])


def forge_the_draw(rows: Rows) -> str:
    rows[6]["lomo"]["draw"] = 0.123
    return str(rows[6]["id"])


def forge_the_angle(rows: Rows) -> str:
    row = first(rows, op="gaussian_blur")
    row["lomo"]["distortion"]["params"] = '{"sigma":0.7777}'
    return str(row["id"])


def forge_the_route(rows: Rows) -> str:
    row = first(rows, renderer="text")
    row["lomo"]["renderer"] = "latex"
    return str(row["id"])


def forget_the_record(rows: Rows) -> str:
    row = next(row for row in rows if not row["rewritten"])
    row["lomo"]["renderer"] = "text"
    return str(row["id"])


def record_another_width(rows: Rows) -> str:
    row = first(rows)
    row["lomo"]["spans"][0]["width"] += 1
    return str(row["id"])


def shrink_a_page(rows: Rows) -> str:
    row = first(rows, op="clean")
    put_page(row, page_of(row)[:20])
    row["lomo"]["spans"][0]["height"] = row["lomo"]["height"] = 20
    return str(row["id"])


def blank_a_page(rows: Rows) -> str:
    row = first(rows, op="gaussian_blur")
    put_page(row, np.full_like(page_of(row), 255))
    return str(row["id"])


def ink_the_border(rows: Rows) -> str:
    row = first(rows, op="clean")
    page = page_of(row)
    page[0, 5:30] = 0
    put_page(row, page)
    return str(row["id"])


def change_a_pixel(rows: Rows) -> str:
    row = first(rows, op="clean")
    page = page_of(row)
    page[15, 15] ^= 40
    put_page(row, page)
    return str(row["id"])


def colour_a_page(rows: Rows) -> str:
    row = first(rows, op="clean")
    put_page(row, np.asarray(Image.fromarray(page_of(row)).convert("RGB")))
    return str(row["id"])


def cut_a_png(rows: Rows) -> str:
    row = first(rows, op="clean")
    row["images"][0]["bytes"] = row["images"][0]["bytes"][:-200]
    return str(row["id"])


def send_a_jpeg(rows: Rows) -> str:
    row = first(rows, op="clean")
    put_page(row, page_of(row), format="JPEG")
    return str(row["id"])


def repeat_a_turn(rows: Rows) -> str:
    row = rows[7]
    row["messages"].append(row["messages"][-1])
    row["conversations"].append(row["conversations"][-1])
    return str(row["id"])


# lie -> the checks that must find it, and no other
LIES: dict[Lie, set[str]] = {
    change_kept_text: {"restored-prompt"},
    change_span_text: {"restored-prompt", "spans-true"},
    change_answer: {"answers-untouched"},
    change_system: {"system-untouched"},
    change_licence: {"origin-true"},
    change_one_view: {"views-agree"},
    say_image: {"restored-prompt", "no-stray-placeholder", "parts-in-place"},
    drop_a_placeholder: {"placeholders-match-images", "counts-as-recorded", "distortion-replays"},
    shift_a_span: {"spans-true", "span-as-chosen", "parts-in-place", "counts-as-recorded", "distortion-replays"},
    move_an_image: {"restored-prompt", "parts-in-place"},
    miscount_the_prompt: {"spans-true", "counts-as-recorded"},
    forge_the_draw: {"drawn-by-ratio"},
    forge_the_angle: {"distortion-drawn", "distortion-replays"},
    forge_the_route: {"route-true", "counts-as-recorded", "distortion-replays"},
    forget_the_record: {"record-whole"},
    record_another_width: {"geometry", "counts-as-recorded"},
    shrink_a_page: {"geometry", "ink", "counts-as-recorded", "distortion-replays"},
    blank_a_page: {"ink", "counts-as-recorded", "distortion-replays"},
    ink_the_border: {"ink", "counts-as-recorded", "distortion-replays"},
    change_a_pixel: {"counts-as-recorded", "distortion-replays"},
    colour_a_page: {"images-decode", "counts-as-recorded"},
    cut_a_png: {"images-decode", "counts-as-recorded"},
    send_a_jpeg: {"images-decode", "geometry", "counts-as-recorded"},
    repeat_a_turn: {"turns-in-order", "answers-untouched"},
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_is_found_by_its_own_check_under_its_id(folder: Path, corpus: Path, lie: Lie) -> None:
    ids: list[str] = []
    # In "half", the smaller ratio, so that nesting notices as well.
    rewrite(folder, "half", lambda rows: ids.append(lie(rows)))
    failed = failures(audit_dataset(folder, corpus=corpus))
    row = next(row for row in read(folder, "half") if row["id"] == ids[0])
    expected = LIES[lie] | ({"nested-ratios"} if row["rewritten"] else set())
    # A PNG of other bytes may happen to be as long as the one before.
    optional = {"counts-as-recorded"}
    assert expected - optional <= set(failed) <= expected | optional
    for name in set(failed) - optional:
        assert failed[name] == ids, name


def test_swapped_images_are_found(folder: Path, corpus: Path) -> None:
    ids: list[str] = []

    def swap(rows: Rows) -> None:
        blurred = [row for row in rows if row["rewritten"] and row["lomo"]["distortion"]["op"] == "gaussian_blur"]
        blurred_row, other = blurred[:2]
        blurred_row["images"], other["images"] = other["images"], blurred_row["images"]
        ids.extend([blurred_row["id"], other["id"]])

    rewrite(folder, "all", swap)
    failed = failures(audit_dataset(folder, corpus=corpus))
    assert set(failed) == {"geometry", "distortion-replays"} | ({"nested-ratios"} & set(failed))
    assert failed["distortion-replays"] == failed["geometry"] == ids


def test_a_dropped_row_is_missed_and_no_other(folder: Path, corpus: Path) -> None:
    gone: list[str] = []
    rewrite(folder, "all", lambda rows: gone.append(rows.pop(5)["id"]))
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    assert failed["rows-accounted"] == gone
    assert set(failed) <= {"rows-accounted", "counts-as-recorded", "nested-ratios"}


def test_a_row_that_stands_twice_or_comes_from_nowhere_is_found(folder: Path, corpus: Path) -> None:
    def add(rows: Rows) -> None:
        rows.insert(9, dict(rows[3]))
        rows.insert(12, {**rows[4], "id": "small/nowhere"})

    rewrite(folder, "all", add)
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    again = read(folder, "all")[3]["id"]
    assert failed["rows-accounted"] == [again, "small/nowhere"]
    assert failed["unique-ids"] == [again]
    assert "drawn-by-ratio" in failed  # the id decides the draw


def test_rows_out_of_order_are_found(folder: Path, corpus: Path) -> None:
    def swap(rows: Rows) -> None:
        rows[8], rows[9] = rows[9], rows[8]

    rewrite(folder, "all", swap)
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    assert set(failed) == {"rows-accounted"}
    assert set(failed["rows-accounted"]) <= {row["id"] for row in read(folder, "all")[8:10]}


def test_a_wrong_reason_of_refusal_is_found(folder: Path, corpus: Path) -> None:
    (path,) = (folder / "half").glob("refused-*.jsonl")
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[0]["reason"] = "too-long"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    seal(folder, path)
    assert failures(audit_dataset(folder, corpus=corpus, sample=2)) == {"refusals-true": [lines[0]["id"]]}


def test_a_flipped_byte_anywhere_is_found_by_its_file(folder: Path, corpus: Path) -> None:
    for name in ("README.md", "dataset_info.json"):
        data = bytearray((folder / name).read_bytes())
        data[40] ^= 1
        (folder / name).write_bytes(data)
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    assert failed == {"files-as-recorded": ["README.md", "dataset_info.json"]}


def test_a_flipped_byte_in_a_shard_does_not_stop_the_audit(folder: Path, corpus: Path) -> None:
    path = shard_of(folder, "half")
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    name = path.relative_to(folder).as_posix()
    assert failed["files-as-recorded"] == [name]
    assert failed["shards-readable"] == [name]


def test_a_stray_shard_is_found(folder: Path, corpus: Path) -> None:
    stray = folder / "half" / "train-00007-of-00009.parquet"
    stray.write_bytes(shard_of(folder, "half").read_bytes())
    assert failures(audit_dataset(folder, corpus=corpus, sample=2)) == {
        "no-stray-files": ["half/train-00007-of-00009.parquet"]
    }


def test_a_manifest_that_points_out_of_the_folder_is_not_followed(folder: Path, corpus: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"].append({"path": "../secret", "bytes": 1, "sha256": "00"})
    (folder / "manifest.json").write_text(sealed(manifest), encoding="utf-8")
    with pytest.raises(IntegrityError, match=r"'\.\./secret' is not a path inside of the folder"):
        audit_dataset(folder, corpus=corpus, sample=2)


def test_a_larger_ratio_that_does_not_hold_the_smaller_is_found(folder: Path, corpus: Path) -> None:
    ids: list[str] = []

    def unlike(rows: Rows) -> None:
        row = next(row for row in rows if row["id"] in halves)
        row["lomo"]["repairs"] = ["merged-turns"]
        ids.append(row["id"])

    halves = {row["id"] for row in read(folder, "half") if row["rewritten"]}
    rewrite(folder, "all", unlike)
    failed = failures(audit_dataset(folder, corpus=corpus, sample=2))
    assert failed["nested-ratios"] == failed["origin-true"] == ids


def test_another_corpus_is_refused(honest: Path) -> None:
    with pytest.raises(IntegrityError, match="must have the digest"):
        audit_dataset(honest)


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"holds no manifest\.json"):
        audit_dataset(tmp_path)


def test_every_check_is_shown_to_fail_here() -> None:
    shown = {name for names in LIES.values() for name in names} | {
        *("files-as-recorded", "no-stray-files", "shards-readable", "unique-ids", "rows-accounted", "refusals-true"),
        *("counts-as-recorded", "nested-ratios"),
        "extra-true",  # in test_audit_of_preferences
        *CONTENT_CHECKS,  # in test_audit_of_content
    }
    assert shown == set(CHECKS)
