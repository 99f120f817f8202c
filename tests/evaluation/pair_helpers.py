"""Small benchmarks for the tests of rendered configs: real questions, real image bytes."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

QUESTIONS = (
    "What is the value of $\\frac{3}{4} + \\sqrt{2}$, to two decimals?",
    "<image>\nHow many apples does Ken buy if they cost \\$1.50 each and he has \\$12?",
    "已知集合 $M=\\{x \\mid x^2<4\\}$, 则 $M$ 中有多少个整数?",
    "Which of these is a mammal?\nA. shark\nB. dolphin\nC. trout",
    "The polynomial $f(x)$ is divided by $d(x)$. What is the degree of the remainder?",
)


def picture(colour: tuple[int, int, int], kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (48, 36), colour).save(buffer, kind)
    return buffer.getvalue()


def benchmark_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for index, question in enumerate(QUESTIONS):
        images = [{"bytes": picture((index * 40, 90, 200), "JPEG"), "path": "a.jpg"}] if index % 2 else []
        if index == 3:
            images.append({"bytes": picture((1, 2, 3)), "path": "b.png"})
        choices = ["one", "two"] if index == 0 else None
        rows.append(
            {
                "key": f"q{index}",
                "question": question,
                "pictures": images,
                "choices": choices,
                "answers": [str(index), "x"],
                "kind": "odd" if index % 2 else "even",
            }
        )
    return rows


def refused_rows() -> list[dict[str, Any]]:
    texts = {"private": "a \ue123 sign", "blank": "<image> ", "inside": "is <image> larger?", "none": None}
    return [
        {"key": key, "question": text, "pictures": [], "choices": None, "answers": ["-"], "kind": "odd"}
        for key, text in texts.items()
    ]


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
