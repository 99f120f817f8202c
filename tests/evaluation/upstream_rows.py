"""Rows in exactly the shape in which the paper's thirteen benchmarks are published; their words are invented here.

Shapes: lmms-eval, EvalScope and VLMEvalKit (task code of August 2026) for names and types of columns, the repositories
of We-Math and MMLongBench-Doc for their files.
"""

import base64
import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from evaluation.pair_helpers import picture
from PIL import Image, ImageDraw, ImageFont

TEXT, WHOLE, REAL = datasets.Value("string"), datasets.Value("int64"), datasets.Value("float64")
IMAGE = datasets.Image()


def image(number: int) -> dict[str, Any]:
    return {"bytes": picture((30 * number, 120, 200 - 20 * number)), "path": f"{number}.png"}


def bare(number: int) -> str:
    """Base64 without a header, as m-a-p/SimpleVQA and wulipc/CC-OCR store images."""
    return base64.b64encode(picture((20 * number, 60, 90), "JPEG")).decode()


def dataset(rows: list[dict[str, Any]], **features: Any) -> datasets.Dataset:
    return datasets.Dataset.from_list(rows, features=datasets.Features(features))


def _seven(*numbers: int) -> dict[str, Any]:
    return {f"image_{at}": image(numbers[at - 1]) if at <= len(numbers) else None for at in range(1, 8)}


def mmmu() -> datasets.Dataset:
    common = {"explanation": "", "img_type": "['Diagrams']", "topic_difficulty": "Medium", "subfield": "Managerial"}
    rows = [
        {
            "id": "validation_Math_1",
            "question": "<image 1> shows the graph of $f(x)=\\frac{1}{2}x^2$. Which line is its axis of symmetry?",
            "options": "['$x=0$', '$y=0$', '$x=1$', \"it's none of these\"]",
            "answer": "A",
            "question_type": "multiple-choice",
            **_seven(1),
            **common,
        },
        {
            "id": "validation_Music_2",
            "question": "Select the correct tuning of a violin.",
            "options": "['<image 1>', '<image 2>', '<image 3>', '<image 4>']",
            "answer": "C",
            "question_type": "multiple-choice",
            **_seven(1, 2, 3, 4),
            **common,
        },
        {
            "id": "validation_Accounting_3",
            "question": "The choices of seven students are in <image 1>. How many days are needed at least?",
            "options": "[]",
            "answer": "4",
            "question_type": "open",
            **_seven(5),
            **common,
        },
    ]
    columns = ("id", "question", "options", "explanation", "img_type", "answer", "topic_difficulty", "question_type")
    images = {f"image_{at}": IMAGE for at in range(1, 8)}
    return dataset(rows, **dict.fromkeys(columns, TEXT), subfield=TEXT, **images)


def mmmu_pro(options: int) -> datasets.Dataset:
    texts = [f"${number}$ dollars" if number % 2 else f"about {number} %" for number in range(1, options + 1)]
    row = {
        "id": "test_Finance_1",
        "question": "<image 1> The firm pays 5% a year. What is the yield that <image 2> implies?",
        "options": str(texts),
        "explanation": "?",
        "img_type": "['Tables']",
        "answer": "D",
        "topic_difficulty": "Hard",
        "subject": "Finance",
        **_seven(1, 2),
    }
    columns = ("id", "question", "options", "explanation", "img_type", "answer", "topic_difficulty", "subject")
    return dataset([row], **dict.fromkeys(columns, TEXT), **{f"image_{at}": IMAGE for at in range(1, 8)})


def mmmu_pro_vision() -> datasets.Dataset:
    row = {"id": "test_Art_9", "image": image(3), "options": "['a', 'b']", "answer": "B", "subject": "Art"}
    return dataset([row], id=TEXT, image=IMAGE, options=TEXT, answer=TEXT, subject=TEXT)


def mathvista() -> datasets.Dataset:
    metadata = {"category": "math-targeted-vqa", "context": "scientific figure", "split": "testmini"}
    shared = {"unit": None, "precision": None, "image": "images/1.jpg", "query": "Hint: ...", "metadata": metadata}
    rows = [
        {
            "pid": "1",
            "question": "When a spring of constant $k=750$ N/m is compressed, by what distance $d$? ($m=0.40$ kg)",
            "choices": None,
            "answer": "1.2",
            "question_type": "free_form",
            "answer_type": "float",
            "decoded_image": image(1),
            **shared,
        },
        {
            "pid": "2",
            "question": "As shown in the figure, $AB\\parallel CD$ and $\\angle 1=50^{\\circ}$. Find $\\angle 2$.",
            "choices": ["40°", "50°", "130°", "No correct answer"],
            "answer": "130°",
            "question_type": "multi_choice",
            "answer_type": "text",
            "decoded_image": image(2),
            **shared,
        },
    ]
    columns = ("pid", "question", "image", "unit", "answer", "question_type", "answer_type", "query")
    struct = dict.fromkeys(metadata, TEXT)
    features = {**dict.fromkeys(columns, TEXT), "choices": datasets.List(TEXT), "precision": REAL, "metadata": struct}
    return dataset(rows, **features, decoded_image=IMAGE)


def zerobench() -> datasets.Dataset:
    row = {
        "question_id": "7",
        "question_text": "Start at the tile that is green in both images.\nMove 3 tiles east. Which number is there?",
        "question_images": ["images/7_0.png", "images/7_1.png"],
        "question_answer": "42",
        "question_images_decoded": [image(1), image(2)],
        "image_attribution": "Own",
    }
    lists = {"question_images": datasets.List(TEXT), "question_images_decoded": datasets.List(IMAGE)}
    texts = dict.fromkeys(("question_id", "question_text", "question_answer", "image_attribution"), TEXT)
    return dataset([row], **texts, **lists)


def we_math() -> datasets.Dataset:
    keys = ("2steps_1", "2steps_2", "2steps_multi")
    rows = [
        {
            "ID": "2steps_1",
            "split": "testmini",
            "knowledge concept": "Circumference of Circles",
            "question": "As shown in the diagram, the circumference of a circle is 6.28 cm. Its radius is (  ) cm.",
            "option": "A. 1 cm;B. 1.5 cm; C. 2π cm;    D. Cannot be determined; E. No correct answer",
            "answer": "A",
            "image_path": image(number),
            "key": key,
            "question number": number,
            "knowledge concept description": "Circumference:\n1. C = πd or C = 2πr.",
        }
        for number, key in enumerate(keys, 1)
    ]
    texts = (
        "ID",
        "split",
        "knowledge concept",
        "question",
        "option",
        "answer",
        "key",
        "knowledge concept description",
    )
    return dataset(rows, **dict.fromkeys(texts, TEXT), image_path=IMAGE, **{"question number": WHOLE})


def simplevqa() -> datasets.Dataset:
    rows = [
        {
            "data_id": number,
            "image": bare(number),
            "image_description": "",
            "language": language,
            "question": question,
            "answer": answer,
            "original_category": "文物",
            "source": "web",
            "atomic_question": "?",
            "atomic_fact": "!",
        }
        for number, (language, question, answer) in enumerate(
            [("CN", "图中的建筑位于哪个城市？", "西安"), ("EN", "Which river is in the picture?", "the Wei")]
        )
    ]
    texts = (
        *("image", "image_description", "language", "question", "answer"),
        *("original_category", "source", "atomic_question", "atomic_fact"),
    )
    return dataset(rows, data_id=WHOLE, **dict.fromkeys(texts, TEXT))


def hallusionbench() -> datasets.Dataset:
    row = {
        "category": "VD",
        "subcategory": "illusion",
        "visual_input": "1",
        "set_id": "0",
        "figure_id": "1",
        "sample_note": "circle",
        "question_id": "0",
        "question": "Is the right orange circle the same size as the left one?",
        "gt_answer_details": "They are the same size.",
        "gt_answer": "1",
        "filename": "./VD/illusion/0_0.png",
    }
    return dataset([{**row, "image": image(4)}], **dict.fromkeys(row, TEXT), image=IMAGE)


def mmlongbench_doc() -> list[dict[str, Any]]:
    """As `data/samples.json` of its repository: every value is a text."""
    shared = {"doc_id": "report.pdf", "doc_type": "Research report / Introduction"}
    return [
        {
            **shared,
            "question": "Which page shows the number of respondents?\nAnswer with its number.",
            "answer": "2",
            "evidence_pages": "[2]",
            "evidence_sources": "['Chart']",
            "answer_format": "Int",
        },
        {
            **shared,
            "question": "What is the colour of the last chart?",
            "answer": "Not answerable",
            "evidence_pages": "[]",
            "evidence_sources": "[]",
            "answer_format": "None",
        },
    ]


def write_pdf(path: Path, pages: int) -> None:
    """Pages of 306 x 396 points with a large number on each. Needs the extra `[pdf]`."""
    pypdfium2 = pytest.importorskip("pypdfium2")
    sheets = []
    for number in range(1, pages + 1):
        sheet = Image.new("RGB", (306, 396), "white")
        ImageDraw.Draw(sheet).text((120, 150), str(number), "black", font=ImageFont.load_default(64))
        sheets.append(sheet)
    document = pypdfium2.PdfDocument.new()
    for sheet in sheets:
        bitmap = pypdfium2.PdfBitmap.from_pil(sheet)
        drawn = pypdfium2.PdfImage.new(document)
        drawn.set_bitmap(bitmap)
        drawn.set_matrix(pypdfium2.PdfMatrix().scale(306, 396))
        page = document.new_page(306, 396)
        page.insert_obj(drawn)
        page.gen_content()
    document.save(path)


def docvqa() -> datasets.Dataset:
    row = {
        "questionId": "49153",
        "question": "What is the ‘actual’ value per 1000, during the year 1975?",
        "question_types": ["figure/diagram"],
        "image": image(2),
        "docId": "14465",
        "ucsf_document_id": "pybv0228",
        "ucsf_document_page_no": "81",
        "answers": ["0.28", ".28"],
    }
    texts = ("questionId", "question", "docId", "ucsf_document_id", "ucsf_document_page_no")
    lists = dict.fromkeys(("question_types", "answers"), datasets.List(TEXT))
    return dataset([row], **dict.fromkeys(texts, TEXT), image=IMAGE, **lists)


KIE = (
    "Suppose you are an information extraction expert. Fill the value part of the schema with the information in the "
    'image. Only legal json is required as the output.The input json schema content is as follows: {"company": "", '
    '"menu": [{"nm": "", "price": ""}]}'
)


def cc_ocr() -> datasets.Dataset:
    rows = [
        {
            "index": number,
            "category": "kie",
            "l2-category": "constrained_category",
            "split": split,
            "image_name": "X001.jpg",
            "image": bare(number),
            "question": KIE,
            "answer": json.dumps({"company": "書局 & Co", "menu": []}, ensure_ascii=False),
        }
        for number, split in enumerate(("sroie2019_word", "CORD"), 1)
    ]
    texts = ("category", "l2-category", "split", "image_name", "image", "question", "answer")
    return dataset(rows, index=WHOLE, **dict.fromkeys(texts, TEXT))


def vstar() -> datasets.Dataset:
    ask = "\nAnswer with the option's letter from the given choices directly."
    rows = [
        {
            "image": image(number),
            "text": f"What is the material of the {thing}?\n(A) rubber\n(B) cotton\n(C) kevlar\n(D) leather{ask}",
            "category": category,
            "label": "B",
            "question_id": "0",
        }
        for number, (thing, category) in enumerate([("glove", "direct_attributes"), ("dog", "relative_position")])
    ]
    return dataset(rows, image=IMAGE, text=TEXT, category=TEXT, label=TEXT, question_id=TEXT)


def countbench() -> datasets.Dataset:
    row = {"image": image(5), "text": "Nine pears", "question": "How many pears are there in the image?", "number": 9}
    return dataset([row], image=IMAGE, text=TEXT, question=TEXT, number=WHOLE)


def write_mm_ifeval(path: Path) -> None:
    """As VLMEvalKit publishes it: a table whose auxiliary rows share the image of a main row by its index."""
    constraint = {"key": "length", "value": "At most 40 words.", "judge": {"method": "direct_gpt"}}
    main = {
        "index": "0",
        "id": "12",
        "image": bare(1),
        "question": 'Describe the scene.\n1. Use at most 40 words.\n2. Mention "two" colours, and no price in $.',
        "answer": "",
        "constraints": json.dumps([constraint]),
        "tag": "C-Level",
        "infer_type": "main",
        "del_cons": "",
    }
    rows = [
        main,
        {**main, "index": "1", "image": "0", "question": "Describe the scene.", "infer_type": "aux_cmp_gpt",
         "del_cons": "length"},
        {**main, "index": "2", "id": "13", "image": bare(2), "question": "What is written on the sign?",
         "answer": '["EXIT 9"]', "constraints": "", "tag": "P-Level"},
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(main), delimiter="\t", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


TABLES: dict[str, Callable[[], datasets.Dataset]] = {
    "mmmu": mmmu,
    "mmmu-pro-10": lambda: mmmu_pro(10),
    "mmmu-pro-4": lambda: mmmu_pro(4),
    "mmmu-pro-vision": mmmu_pro_vision,
    "mathvista": mathvista,
    "zerobench": zerobench,
    "we-math": we_math,
    "simplevqa": simplevqa,
    "hallusionbench": hallusionbench,
    "docvqa": docvqa,
    "cc-ocr-scene": cc_ocr,
    "cc-ocr-languages": cc_ocr,
    "cc-ocr-kie": cc_ocr,
    "cc-ocr-documents": cc_ocr,
    "vstar": vstar,
    "countbench": countbench,
}
