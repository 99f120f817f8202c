"""Measure what each distortion costs an OCR engine, at both strengths: writes notebooks/ocr.csv for distortions.ipynb.

pip install 'lomo-hf[audit]'
python notebooks/measure_ocr.py
"""

import csv
from pathlib import Path
from statistics import mean

from lomo_hf import open_corpus
from lomo_hf.auditing import open_reader
from lomo_hf.auditing.characters import error_rate
from lomo_hf.corpus import Conversation
from lomo_hf.distortion import distort, draw_distortion, operations
from lomo_hf.randomness import stream
from lomo_hf.recipes import Caps, DistortionSettings, RenderStyle
from lomo_hf.rendering import render_span
from lomo_hf.spans import select_spans

PAGES = 12
OUT = Path(__file__).parent / "ocr.csv"


def pages() -> list[tuple[str, str, object]]:
    """(id, text, page) of prose of a page's length, from the embedded sample."""
    prose_pages = []
    source = open_corpus()
    for row in source.conversations(0, len(source)):
        if not isinstance(row, Conversation):
            continue
        prompt = row.turns[row.user_turns[0]].text
        spans = select_spans(prompt, "full").spans
        if 150 <= len(prompt) <= 350 and prompt.isascii() and not spans[0].atoms:
            prose_pages.append((row.id, prompt, render_span(prompt, spans[0], RenderStyle(), Caps()).pixels))
    return prose_pages[:: max(1, len(prose_pages) // PAGES)][:PAGES]


def main() -> None:
    reader = open_reader()
    rows = []
    chosen = pages()
    for operation in operations():
        for strength in ("mild", "hard"):
            settings = DistortionSettings(mix={operation.name: 1}, strength=strength)
            errors = []
            for row_id, text, page in chosen:
                picture, _ = distort(page, draw_distortion(settings, stream(0, row_id, "distortion")))
                errors.append(error_rate(reader.read(picture), text))
            rows.append((operation.name, strength, len(errors), f"{mean(errors):.4f}"))
            print(*rows[-1], flush=True)
    with OUT.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("operation", "strength", "pages", "character_error_rate"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
