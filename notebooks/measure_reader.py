"""Measure a real reader of pages on both carriers: writes the four reader-*.csv of rendered_evaluation.ipynb.

pip install 'lomo-hf[audit]'
python notebooks/measure_reader.py

No vision-language model can be installed with pip alone. What can is an OCR model (RapidOCR), so the model here is two
in a line: the OCR model turns every picture into words, and a solver of a few lines answers from words. It solves all
questions where the words are right, so what it loses on pages is lost in reading.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from lomo_hf import load_recipe, open_corpus, substitute_row
from lomo_hf.auditing import Reader, error_rate, open_reader
from lomo_hf.corpus import Conversation
from lomo_hf.evaluation import Benchmark, open_folder, render_benchmark

HERE = Path(__file__).parent
EACH = 20
PAGES = 206
GOODS = ("tea", "rice", "salt", "milk", "soap", "corn", "wool", "silk")


# -- questions -------------------------------------------------------------------------------------------------------


def pens(draw: np.random.Generator) -> dict[str, str]:
    """A story with options."""
    a, b = (int(number) for number in draw.integers(3, 13, size=2))
    text = f"A shelf holds {a} boxes with {b} pens in each. One more box comes. How many pens are there now?"
    options = [str(a * b), str(a * b + 1), str((a + 2) * b), str((a + 1) * b)]
    order = draw.permutation(4)
    answer = "ABCD"[int(np.flatnonzero(order == 3)[0])]
    return {"question": text, "options": str([options[at] for at in order]), "answer": answer}


def formula(draw: np.random.Generator) -> dict[str, str]:
    """A product; a power or a sum of fractions, of which one must see what stands above and what below."""
    a, b, c, d = (int(number) for number in draw.integers(2, 10, size=4))
    kind = draw.integers(3)
    if kind == 0:
        return {"question": rf"What is ${a} \times {b} + {c}$?", "answer": str(a * b + c)}
    if kind == 1:
        return {"question": rf"What is ${a}^{{2}} \times {b} + {c}$?", "answer": str(a * a * b + c)}
    text = rf"What is $\frac{{{a}}}{{{b}}} + \frac{{{c}}}{{{d}}}$, in lowest terms?"
    return {"question": text, "answer": str(Fraction(a, b) + Fraction(c, d))}


def prices(draw: np.random.Generator) -> dict[str, str]:
    """A question about a picture of its own, which is a picture in both runs."""
    chosen = draw.permutation(len(GOODS))[:4]
    costs = [int(cost) for cost in draw.integers(11, 99, size=4)]
    at = int(draw.integers(4))
    file = "prices-" + "-".join(f"{GOODS[good]}{cost}" for good, cost in zip(chosen, costs, strict=True)) + ".png"
    return {
        "question": f"The picture lists prices in cents. What does {GOODS[chosen[at]]} cost?",
        "answer": str(costs[at]),
        "image": file,
    }


def questions() -> list[dict[str, str]]:
    """Twenty of each kind."""
    draw = np.random.default_rng(7)
    kinds = {"pens": pens, "formula": formula, "prices": prices}
    return [
        {"id": f"{name}-{number:02}", "category": name, "options": "", "image": "", **make(draw)}
        for name, make in kinds.items()
        for number in range(EACH)
    ]


def price_list(file: str) -> Image.Image:
    """The picture that a file name tells: `prices-tea12-salt40.png`."""
    image = Image.new("RGB", (200, 150), "white")
    for line, (good, cost) in enumerate(re.findall(r"([a-z]+)(\d+)", file.removeprefix("prices-"))):
        ImageDraw.Draw(image).text((20, 10 + 33 * line), f"{good}   {cost}", (0, 0, 0), ImageFont.load_default(22))
    return image


# -- the model -------------------------------------------------------------------------------------------------------


def solve(words: str) -> str:
    """Answers any of the questions from words; empty where they make no sense to it."""
    if "pens" in words:
        numbers = [int(number) for number in re.findall(r"\d+", words)]
        options = re.findall(r"\(?([A-D])[).]\s*(\d+)", words)
        return next((letter for letter, text in options if int(text) == (numbers[0] + 1) * numbers[1]), "")
    if "cost" in words:
        asked = re.search(r"does ([a-z]+)\s*cost", words)
        price = re.search(rf"\b{asked[1]}\s+(\d+)", words) if asked else None
        return price[1] if price else ""
    sums = re.search(r"(?:\\frac\{(\d+)\}\{(\d+)\}|(\d+)/(\d+)) *\+ *(?:\\frac\{(\d+)\}\{(\d+)\}|(\d+)/(\d+))", words)
    if sums:
        a, b, c, d = (int(number) for number in sums.groups() if number)
        return str(Fraction(a, b) + Fraction(c, d)) if b and d else ""
    product = re.search(r"(\d+)(\^\{2\}|\u00b2)?\s*(?:\\times|[x\u00d7*])\s*(\d+)\s*[+\u5341]\s*(\d+)", words)
    return str(int(product[1]) ** (2 if product[2] else 1) * int(product[3]) + int(product[4])) if product else ""


def shown(row: dict[str, Any], reader: Reader) -> str:
    """All words that reach the solver: pictures as the OCR model reads them, in the order of the prompt."""
    pictures = iter(row["images"] or ())
    parts = []
    for part in row["messages"][0]["content"]:
        if part["type"] == "text":
            parts.append(part["text"])
        else:
            pixels = np.asarray(Image.open(BytesIO(next(pictures)["bytes"])).convert("L"))
            parts.append(reader.read(pixels))
    return "\n".join(parts)


# -- measuring -------------------------------------------------------------------------------------------------------


def runs(benchmark: Path, out: Path, reader: Reader) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Carrier -> a line for each question: what was read, answered, and whether it is right."""
    definition = Benchmark(
        str(benchmark), id="id", options="options", options_as="literal", category="category", images=("image",)
    )
    render_benchmark(definition, out)
    folder = open_folder(out)
    for carrier in ("standard", "rendered"):
        lines = []
        for row in folder.rows_of(carrier):
            words = shown(row, reader)
            answer = solve(words)
            lines.append({"id": row["id"], "category": row["category"], "read": words, "prediction": answer,
                          "correct": int(answer == row["answer"])})  # fmt: skip
        yield carrier, lines


def reading(reader: Reader) -> Iterator[dict[str, Any]]:
    """How badly each row of the sample is read, once its middle third is a page: the character error rate."""
    recipe, source = load_recipe("ratio100"), open_corpus()
    for row in source.conversations(0, PAGES):
        substituted = substitute_row(row, recipe) if isinstance(row, Conversation) else None
        if substituted is None or not substituted["rewritten"]:
            continue
        (span,), (page,) = substituted["lomo"]["spans"], substituted["images"]
        text = row.turns[substituted["lomo"]["turn"]].text[span["start"] : span["end"]]
        rate = error_rate(reader.read(np.asarray(Image.open(BytesIO(page["bytes"])).convert("L"))), text)
        yield {"id": row.id, "misread": f"{rate:.4f}"}


def write(name: str, rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
    """One of the files that the notebook reads."""
    with (HERE / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Write the four files."""
    reader = open_reader()
    asked = questions()
    write("reader-questions.csv", asked, ("id", "category", "question", "options", "answer", "image"))
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "reader-questions.csv").write_bytes((HERE / "reader-questions.csv").read_bytes())
        for row in asked:
            if row["image"]:
                price_list(row["image"]).save(folder / row["image"])
        for carrier, lines in runs(folder / "reader-questions.csv", folder / "out", reader):
            write(f"reader-{carrier}.csv", lines, tuple(lines[0]))
            print(carrier, sum(line["correct"] for line in lines), "of", len(lines), flush=True)
    write("reader-misread.csv", reading(reader), ("id", "misread"))


if __name__ == "__main__":
    main()
