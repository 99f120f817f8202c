"""Ids are one safe line, stable under sharding, and no two rows of a source share one."""

import sys
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lomo_hf.corpus.identity import MAX_ID_CHARS, Uniqueness, id_hash, row_id, safe_line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("s1", "s1"),
        (12345, "12345"),
        (-1, "-1"),
        (0, "0"),
        (1.5, "1.5"),
        (None, "00000042"),
        ("", "00000042"),
        (" \t\n", "00000042"),
        (True, "00000042"),
        (float("nan"), "00000042"),
        ([1], "00000042"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("esc\x1b[31m", "esc\\x1b[31m"),
        ("\ud800", "\\ud800"),
        ("\u2028\u202e", "\\u2028\\u202e"),
        ("题目/1", "题目/1"),
    ],
)
def test_ids_are_safe_text(value: object, expected: str) -> None:
    assert row_id({"id": value}, 42) == expected


def test_huge_ids_do_not_break() -> None:
    assert len(row_id({"id": 10**5000}, 0)) <= MAX_ID_CHARS
    assert row_id({"id": "x" * 500 + "1"}, 0) != row_id({"id": "x" * 500 + "2"}, 0)


@given(st.text(st.characters()), st.integers(20, 200))
def test_safe_lines_are_short_printable_and_encodable(text: str, limit: int) -> None:
    line = safe_line(text, limit)
    assert len(line) <= limit
    assert not any(_is_unprintable(char) for char in line)
    assert len(line.splitlines()) <= 1
    line.encode("utf-8")


def test_every_control_and_format_character_of_unicode_is_escaped() -> None:
    unprintable = [chr(code) for code in range(sys.maxunicode + 1) if _is_unprintable(chr(code))]
    assert len(unprintable) > 2_000
    assert [char for char in unprintable if not safe_line(char, 20).isascii()] == []


def _is_unprintable(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")


lookalikes = st.sampled_from(["a", "b", "a~0", "a~1", "a~2", "a~1~1", "a~3~2", "", "00000001", "~", "~1"])


@given(st.lists(lookalikes, max_size=12))
def test_resolved_ids_are_unique_even_among_lookalikes(values: list[str]) -> None:
    own = [row_id({"id": value}, index) for index, value in enumerate(values)]
    unique = Uniqueness(np.array([id_hash(value) for value in own], dtype=np.uint64))
    resolved = [unique.resolve(value, index) for index, value in enumerate(own)]
    assert len(set(resolved)) == len(resolved)
    for value, result in zip(own, resolved, strict=True):
        if own.count(value) == 1 and "~" not in value:
            assert result == value
