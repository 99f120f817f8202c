"""The page of `lomo browse`: true to the rows, usable by hand and key, and deaf to what a prompt would have it do."""

import base64
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from dataset.chromium import Page, chromium, find_chromium
from PIL import Image

from lomo_hf.cli import main
from lomo_hf.dataset import BuildReport, browse_page, build_dataset
from lomo_hf.errors import SourceError, UsageError

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "<!--<script>\u2028\u2029 ${1} $data &lt;b&gt; <b>bold</b>",
    "]]>\\u003cscript> javascript:alert(1) \u202eevil\u202c",
    "<style>body{display:none}</style><link rel=stylesheet href=//evil.example/x.css>",
    "<svg onload=\"document.title='owned'\"><iframe src='https://evil.example'></iframe>",
)

needs_chromium = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]


def data_of(page: str) -> list[dict[str, Any]]:
    """The rows that a page holds."""
    text = page.partition('<script type="application/json" id="data">')[2].partition("</script>")[0]
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of rows that try to break out, half of them with a page, some refused."""
    place = tmp_path_factory.mktemp("hostile")
    rows = [
        {
            "id": f"{index} {bad}"[:60],
            "source": bad,
            "messages": [
                {"role": "system", "content": bad},
                {"role": "user", "content": f"Look at this number {index}. {bad} Then tell me. Why is it so? Say."},
                {"role": "assistant", "content": bad * 40},
            ],
        }
        for index, bad in enumerate(HOSTILE * 8)
    ]
    rows += [
        {
            "id": f"r{bad}",
            "messages": [{"role": "user", "content": "<image>" + bad}, {"role": "assistant", "content": "a"}],
        }
        for bad in HOSTILE
    ]
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return build_dataset(place / "rows.jsonl", ["ratio50"], place / "hostile").folder


def test_the_page_holds_the_rows_as_they_are_stored(built: BuildReport) -> None:
    shown = {row["id"]: row for row in data_of(browse_page(built.folder, config="multispan50"))}
    stored = pq.read_table(built.folder / "multispan50/train-00000-of-00001.parquet").to_pylist()
    assert list(shown) == [row["id"] for row in stored]
    for row in stored:
        parts = [part for turn in shown[row["id"]]["turns"] for part in turn["parts"]]
        pages = [
            base64.b64decode(part["page"].removeprefix("data:image/png;base64,")) for part in parts if "page" in part
        ]
        assert pages == [image["bytes"] for image in row["images"] or ()]
        texts = [part["text"] for part in parts if "page" in part]
        assert texts == [span["text"] for span in row["lomo"]["spans"] or ()]
        whole = [part["text"] for message in row["messages"] for part in message["content"] if part["type"] == "text"]
        assert [part["text"] for part in parts if "page" not in part] == whole
        assert shown[row["id"]]["kind"] == ("rewritten" if row["rewritten"] else "kept")


def test_nothing_of_a_row_is_markup_in_the_file(hostile: Path) -> None:
    page = browse_page(hostile)
    data = page.partition('id="data">')[2].partition("</script>")[0]
    assert data.isascii()
    assert not set("<>&") & set(data)
    assert page.count("<script") == 2
    rows = data_of(page)
    assert {row["kind"] for row in rows} == {"rewritten", "kept", "refused"}
    assert sum(row["kind"] == "refused" for row in rows) == len(HOSTILE)
    texts = [part["text"] for row in rows for turn in row["turns"] for part in turn["parts"]]
    assert all(any(bad in text for text in texts) for bad in HOSTILE)


def test_the_page_names_no_address(built: BuildReport) -> None:
    page = browse_page(built.folder)
    shell = page.replace(page.partition('id="data">')[2].partition("</script>")[0], "")
    assert "//" not in shell.replace("default-src", "").partition("<style>")[0]
    for word in ("http:", "https:", "src=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "eval("):
        assert word not in shell


def test_rows_come_from_every_shard_alike_and_refusals_beside_them(hostile: Path) -> None:
    rows = data_of(browse_page(hostile, rows=4))
    assert [row["kind"] == "refused" for row in rows] == [False] * 4 + [True] * 4


def test_what_cannot_be_browsed_is_said(built: BuildReport, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no config 'ratio51' to browse; found ratio50, multispan50, ratio25"):
        browse_page(built.folder, config="ratio51")
    with pytest.raises(SourceError, match="found none"):
        browse_page(tmp_path)


def test_the_command_writes_one_file(
    built: BuildReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "b.html"
    monkeypatch.setattr("sys.argv", ["lomo", "browse", str(built.folder), "--out", str(out), "--rows", "5"])
    with pytest.raises(SystemExit):
        main()
    assert "one file; it loads nothing else" in capsys.readouterr().out
    assert len(data_of(out.read_text(encoding="utf-8"))) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["b.html"]


# -- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def opened(tab: Page, built: BuildReport, tmp_path: Path) -> Page:
    path = tmp_path / "browse.html"
    path.write_text(browse_page(built.folder), encoding="utf-8")
    tab.open(path)
    return tab


def picture_of(tab: Page) -> np.ndarray:
    with Image.open(BytesIO(tab.screenshot())) as shot:
        return np.asarray(shot.convert("L")).astype(int)


class TestInABrowser:
    pytestmark = needs_chromium

    def test_hostile_rows_are_read_and_do_nothing(self, tab: Page, hostile: Path, tmp_path: Path) -> None:
        path = tmp_path / "hostile.html"
        path.write_text(browse_page(hostile), encoding="utf-8")
        tab.open(path)
        tab.ask("new Promise((done) => setTimeout(done, 300))")
        assert tab.ask("document.title") == "hostile"
        assert tab.complaints() == []
        assert [url for url in tab.requests() if not url.startswith(("file:", "data:image/png"))] == []
        assert tab.ask("document.querySelectorAll('script, iframe, svg, link, style').length") == 3
        assert tab.ask("[...document.images].every((image) => image.src.startsWith('data:image/png;base64,'))")
        assert "<img src=x onerror=" in tab.ask("document.body.innerText")

    def test_the_policy_stops_a_script_that_got_in_all_the_same(
        self, tab: Page, hostile: Path, tmp_path: Path
    ) -> None:
        page = browse_page(hostile).replace("<main", "<script>document.title='owned'</script><main")
        path = tmp_path / "owned.html"
        path.write_text(page, encoding="utf-8")
        tab.open(path)
        assert tab.ask("document.title") == "hostile"
        assert any("Content Security Policy" in complaint for complaint in tab.complaints())

    def test_pages_stand_in_their_prompts_at_their_own_size(self, opened: Page, built: BuildReport) -> None:
        first = pq.read_table(built.folder / "ratio50/train-00000-of-00001.parquet").to_pylist()[0]
        shown = opened.ask(
            "(() => { const image = document.querySelector('article figure img'); return image.decode().then(() =>"
            " [image.naturalWidth, image.naturalHeight, image.getBoundingClientRect().width]); })()"
        )
        span = first["lomo"]["spans"][0]
        assert shown == [span["width"], span["height"], span["width"]]
        talk = opened.ask("document.querySelector('article .turn.user .body').innerText")
        kept = [part["text"] for part in first["messages"][-2]["content"] if part["type"] == "text"]
        assert all(text.strip() in talk for text in kept)
        assert span["text"] not in talk

    def test_filters_and_search_leave_the_rows_that_are_meant(self, opened: Page, built: BuildReport) -> None:
        rows = pq.read_table(built.folder / "ratio50/train-00000-of-00001.parquet").to_pylist()

        def choose(name: str, value: str) -> int:
            opened.ask(
                f"(() => {{ const box = document.getElementById({name!r}); box.value = {json.dumps(value)};"
                " box.dispatchEvent(new Event('change')); box.dispatchEvent(new Event('input')); })()"
            )
            return int(opened.ask("document.getElementById('count').textContent").split()[0])

        assert choose("kind", "rewritten") == sum(row["rewritten"] for row in rows)
        fold = [row for row in rows if row["rewritten"] and row["lomo"]["distortion"]["op"] == "fold"]
        assert choose("op", "fold") == len(fold) > 0
        assert opened.ask("document.querySelectorAll('article').length") == len(fold)
        word = fold[0]["lomo"]["spans"][0]["text"].split()[0].upper()
        wanted = [row for row in fold if word.lower() in json.dumps(row["messages"], ensure_ascii=False).lower()
                  or any(word.lower() in span["text"].lower() for span in row["lomo"]["spans"])
                  or word.lower() in row["id"].lower()]  # fmt: skip
        assert choose("search", word) == len(wanted) > 0
        assert choose("search", "no row says this") == 0
        assert "No row is like that" in opened.ask("document.body.innerText")
        opened.press("Escape")
        assert (
            opened.ask("document.getElementById('count').textContent")
            == f"{len(rows)} of the {len(rows)} on this page"
        )

    def test_keys_walk_through_the_rows_and_show_the_text(self, opened: Page) -> None:
        at = "[...document.querySelectorAll('article')].indexOf(document.activeElement)"
        for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
            opened.press(key)
            assert opened.ask(at) == place
        caption = "getComputedStyle(document.querySelector('figcaption')).display"
        assert opened.ask(caption) == "none"
        opened.press("t")
        assert opened.ask(caption) == "block"
        opened.press("/")
        assert opened.ask("document.activeElement.id") == "search"
        for key in "jt":
            opened.press(key)
        assert opened.ask("document.getElementById('search').value") == "jt"

    def test_more_rows_come_as_one_scrolls(self, opened: Page) -> None:
        count = "document.querySelectorAll('article').length"
        before = opened.ask(count)
        assert before < 80
        for _ in range(40):
            opened.ask("new Promise((done) => { scrollTo(0, document.body.scrollHeight); setTimeout(done, 50); })")
        assert opened.ask(count) == 75

    @pytest.mark.parametrize(("dark", "light_enough"), [(False, range(200, 256)), (True, range(60))])
    def test_light_and_dark_are_both_legible(
        self, tab: Page, opened: Page, tmp_path: Path, dark: bool, light_enough: range
    ) -> None:
        tab.open(tmp_path / "browse.html", dark=dark)
        shot = picture_of(tab)
        assert int(np.median(shot)) in light_enough
        assert np.ptp(shot) > 180

    @pytest.mark.parametrize("width", [360, 700, 1600])
    def test_nothing_sticks_out_on_a_narrow_screen(self, tab: Page, opened: Page, tmp_path: Path, width: int) -> None:
        tab.open(tmp_path / "browse.html", width=width, height=800)
        assert tab.ask("document.documentElement.scrollWidth") <= width
