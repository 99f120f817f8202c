"""`lomo demo` as a visitor meets it: typed into and clicked in headless Chromium; and what the server gives away.

Needs the extra `demo` (Gradio) and, for most, a Chromium.
"""

import base64
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from dataset.chromium import Page, chromium, find_chromium

from lomo_hf import load_recipe, substitute_row
from lomo_hf.demo.choices import EXAMPLES, examples

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_spec("gradio") is None, reason="needs the extra `demo`"),
]
needs_chromium = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")

PICTURE = "document.querySelector('#stages .lomo-card:nth-of-type(3) img')?.src"
SHOWN = "[...document.querySelectorAll('#stages mark')].map((mark) => mark.textContent).join('|')"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where `lomo demo` says that it listens."""
    command = [sys.executable, "-W", "ignore", "-m", "lomo_hf", "demo", "--no-browser"]
    environment = {**os.environ, "GRADIO_ANALYTICS_ENABLED": "False", "COLUMNS": "200", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as server:
        try:
            assert server.stdout
            line = server.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert url, line
            yield url[0]
        finally:
            server.terminate()


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def opened(tab: Page, address: str) -> Page:
    tab.open(address, width=1400, height=1300)
    tab.wait_for(f"!!{PICTURE}")
    return tab


def choose(tab: Page, field: str, value: str) -> None:
    """A value of a dropdown, by mouse and keys."""
    tab.click(f"#{field} input")
    tab.wait_for(f"[...document.querySelectorAll('#{field} [role=option]')].length > 0")
    tab.ask(
        f"(() => {{ const option = [...document.querySelectorAll('#{field} [role=option]')].find((one) =>"
        f" one.getAttribute('aria-label') === {value!r} || one.textContent.trim().endsWith({value!r}));"
        " option.scrollIntoView({block: 'nearest'}); option.id = 'wanted'; })()"
    )
    tab.click("#wanted")


def typed(tab: Page, text: str) -> None:
    tab.click("#prompt textarea")
    tab.ask("document.querySelector('#prompt textarea').select()")
    tab.write(text)
    tab.click("#show")


@needs_chromium
class TestInABrowser:
    def test_it_opens_on_a_row_of_the_sample_with_the_page_that_a_build_stores(self, opened: Page) -> None:
        row = substitute_row(examples()[EXAMPLES[0]], load_recipe("ratio50"))
        assert row["rewritten"]
        picture = opened.ask(PICTURE)
        assert base64.b64decode(picture.partition(",")[2]) == row["images"][0]["bytes"]
        assert opened.ask(SHOWN) == row["lomo"]["spans"][0]["text"]
        assert re.search(r"\d+\.\d ms", opened.ask("document.querySelector('#stages').innerText"))

    def test_typing_and_clicking_changes_the_picture(self, opened: Page) -> None:
        before = opened.ask(PICTURE)
        typed(opened, "The first is red. The second is blue. The third is green. Which one is the sky?")
        opened.wait_for(f"{SHOWN} === 'The second is blue. The third is green.'")
        assert opened.ask(PICTURE) not in (before, None)

    def test_position_distortion_strength_and_sliders_change_the_picture(self, opened: Page) -> None:
        seen = [opened.ask(PICTURE)]

        def changed() -> None:
            opened.wait_for(f"{PICTURE} && !{seen!r}.includes({PICTURE})")
            seen.append(opened.ask(PICTURE))

        choose(opened, "position", "suffix")
        changed()
        choose(opened, "distortion", "gaussian_blur")
        changed()
        assert "gaussian_blur" in opened.ask("document.querySelector('#stages').innerText")
        opened.wait_for("!!document.querySelector('#gaussian_blur-sigma-to input[type=range]')")
        assert opened.ask("!document.querySelector('#fold-reach-to input')")
        opened.click("#strength label:nth-of-type(3)")
        changed()
        opened.click("#gaussian_blur-sigma-to input[type=range]")
        changed()

    def test_what_is_shared_is_a_recipe_that_makes_the_picture(self, opened: Page, tmp_path: Path) -> None:
        choose(opened, "distortion", "stain")
        opened.wait_for("document.querySelector('#stages').innerText.includes('stain')")
        opened.ask("[...document.querySelectorAll('[role=tab]')].find((one) => one.innerText === 'Share').click()")
        opened.wait_for("document.querySelector('#yaml .cm-content')?.innerText.includes('stain')")
        text = opened.ask("[...document.querySelectorAll('#yaml .cm-line')].map((line) => line.innerText).join('\\n')")
        file = tmp_path / "shared.yaml"
        file.write_text(text, encoding="utf-8")
        row = substitute_row(examples()[EXAMPLES[0]], load_recipe(file))
        assert row["rewritten"]
        assert base64.b64decode(opened.ask(PICTURE).partition(",")[2]) == row["images"][0]["bytes"]

    def test_hostile_prompts_do_nothing_and_mistakes_are_a_sentence(self, opened: Page) -> None:
        title = opened.ask("document.title")
        bad = (
            "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\"> Two. "
            "Three. ${document.title='owned'} {{document.title='owned'}} Four. Five is last."
        )
        typed(opened, bad)
        opened.wait_for("document.querySelector('#stages').innerText.includes('onerror')")
        time.sleep(0.3)
        assert opened.ask("document.title") == title
        typed(opened, " ")
        opened.wait_for(
            "document.querySelector('#stages [role=alert]')?.innerText.startsWith('prompt must not be empty')"
        )
        assert "Traceback" not in opened.ask("document.body.innerText")

    def test_nothing_is_loaded_from_elsewhere(self, opened: Page, address: str) -> None:
        assert [url for url in opened.requests() if not url.startswith((address, "data:", "blob:"))] == []

    @pytest.mark.parametrize("width", [390, 700, 1600])
    def test_nothing_sticks_out_on_a_narrow_screen(self, tab: Page, address: str, width: int) -> None:
        tab.open(address, width=width, height=900)
        tab.wait_for(f"!!{PICTURE}")
        assert tab.ask("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        f"/gradio_api/file={Path(__file__).parents[2] / 'pyproject.toml'}",
        "/gradio_api/file=pyproject.toml",
        "/gradio_api/file=../../../../etc/passwd",
        "/file=/etc/passwd",
        "/static/../../../../etc/passwd",
    ],
)
def test_no_file_of_the_server_is_served(address: str, path: str) -> None:
    try:
        with urllib.request.urlopen(address + path, timeout=30) as answer:
            body = answer.read()
            assert b"root:" not in body
            assert b"[project]" not in body
    except urllib.error.HTTPError as error:
        if error.code not in (403, 404):
            raise
