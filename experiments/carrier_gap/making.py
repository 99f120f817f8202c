"""The stage `data`: corpus -> `lomo build` and `lomo render-eval` -> the experiment's folder.

With `dataset`, the arms are that dataset's rows as text (`standard`) and as they are, under the name of its config;
the tests stay, and some of its own rewritten rows are kept to ask for the agreement of carriers.
"""

import gzip
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from experiments.carrier_gap import product
from experiments.carrier_gap.corpus import FAMILIES, SEEN_ON_PAGES, Draft, Row, draw_drafts, draw_rows, prompt_of
from experiments.carrier_gap.formulas import FORMULA_FAMILIES
from experiments.carrier_gap.glyphs import draw_atlas
from experiments.carrier_gap.layout import Units, grid_of, loose_words
from experiments.carrier_gap.packing import (
    PageWriter,
    Part,
    page_in_unseen_font,
    prompt_and_answer,
    row_parts,
    save_bytes,
)
from experiments.carrier_gap.problems import PROSE_FAMILIES
from experiments.carrier_gap.settings import Settings
from experiments.carrier_gap.vocabulary import ANSWER, BEGIN, END, QUESTION, Vocabulary

__all__ = ["MOST_TOKENS", "copy_code", "make_folder"]

MOST_TOKENS = 768  # of a row of a dataset: longer ones are left out and counted
_OWN_TESTS, _LONGEST_WORD, _LOOSE = 300, 14, 30_000


def make_folder(
    settings: Settings, out: Path, work: Path, *, dataset: str | None = None, config: str = "ratio50", workers: int = 1
) -> None:
    """Build everything anew; equal settings and versions give equal rows and pages.

    Args:
        work: A folder for the datasets that are built on the way.
        dataset: A folder or a repository on the Hub whose rows are trained on instead.
    """
    counts, pages = settings.counts, PageWriter()
    test = draw_rows("test", counts.test, held_out_half=True)
    formulas = draw_rows("formulas", counts.formulas, FORMULA_FAMILIES)
    train = [] if dataset else draw_rows("train", counts.train)
    for name, rows in (("test", test), ("formulas", formulas), ("train", train)):
        _write_lines(work / f"{name}.jsonl", rows)
    texts = draw_drafts("texts", counts.texts)
    vocabulary = Vocabulary.of([_solved(draft) for draft in texts[:20_000]])
    left_out = 0
    if dataset:
        kept, arms, own, left_out = _own_rows(dataset, config, vocabulary, pages, work, counts.train)
    else:
        product.build(work / "train.jsonl", product.RECIPES, work / "built", workers)
        kept = [row.to_dict() for row in train]
        arms = {arm: _rewritten(work / "built", arm, pages, work) for arm in product.RECIPES}
        own = ([], {})
    tests = _tests(test, pages, work, workers)
    for name, shown in own[1].items():
        tests[name] = shown
    held = {
        "train": kept,
        "arms": arms,
        "test": [row.to_dict() for row in test] + own[0],
        "tests": tests,
        "formulas": _formulas(formulas, pages, work),
        "questions": _save_base(texts, counts.questions, vocabulary, out),
    }
    save_bytes(out / "pages.bin", pages.data)
    packed = BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        stream.write(json.dumps(held).encode())
    save_bytes(out / "rows.json.gz", packed.getvalue())
    info = {
        "arms": ["standard", *arms],
        "tests": list(tests),
        "dataset": f"{dataset} {config}" if dataset else "lomo build over the experiment's corpus",
        "left_out": left_out,
        "counts": asdict(counts) | {"pages": len(pages.index)},
        "versions": product.versions(),
        "vocabulary": vocabulary.pieces,
        "pages": pages.index,
    }
    copy_code(out)
    save_bytes(out / "folder.json", json.dumps(info).encode())


def _rewritten(folder: Path, config: str, pages: PageWriter, work: Path) -> dict[str, list[Part]]:
    """id -> parts, for the rows that hold a page."""
    rows = product.load(folder, config, "train", work / "cache")
    return {row["source_id"]: row_parts(row, pages) for row in rows if row["rewritten"]}


def _tests(test: Sequence[Row], pages: PageWriter, work: Path, workers: int) -> dict[str, dict[str, list[Part]]]:
    """What the model is shown of each question in each test; only questions that are in all of them with pages."""
    product.render(work / "test.jsonl", work / "twins")
    product.build(work / "test.jsonl", product.TEST_RECIPES, work / "built-test", workers)
    shown: dict[str, dict[str, list[Part]]] = {
        "text": {row.id: [row.prompt] for row in test},
        "rendered": {
            str(row["id"]): [pages.add(row["images"][-1])]
            for row in product.load(work / "twins", "rendered", "test", work / "cache")
        },
    }
    for name in ("distorted", "middle", "unseen_distortion"):
        shown[name] = _rewritten(work / "built-test", name, pages, work)
    # Pillow sets no formula, so this test is about prose.
    shown["unseen_font"] = {
        row.id: [pages.add(page_in_unseen_font(row.prompt))] for row in test if "$" not in row.prompt
    }
    return shown


def _formulas(rows: Sequence[Row], pages: PageWriter, work: Path) -> list[tuple[int, str]]:
    """Pages with formulas and what they say, for the base to read."""
    product.render(work / "formulas.jsonl", work / "formula-pages")
    prompts = {row.id: row.prompt for row in rows}
    rendered = product.load(work / "formula-pages", "rendered", "test", work / "cache")
    return [(pages.add(row["images"][-1]), prompts[str(row["id"])]) for row in rendered]


def _own_rows(
    dataset: str, config: str, vocabulary: Vocabulary, pages: PageWriter, work: Path, most: int
) -> tuple[list[dict[str, Any]], dict[str, Any], tuple[list[dict[str, Any]], dict[str, Any]], int]:
    """Rows of a dataset: those to train on, its arm, its own test rows under both carriers, how many are too long."""
    train: list[dict[str, Any]] = []
    test: list[dict[str, Any]] = []
    arm: dict[str, list[Part]] = {}
    shown: dict[str, dict[str, list[Part]]] = {"own_text": {}, "own_pages": {}}
    left_out = 0
    for number, row in enumerate(product.load(dataset, config, "train", work / "cache")):
        if len(train) == most:
            break
        prompt, answer = prompt_and_answer(row)
        if _tokens(row, prompt, answer, vocabulary) > MOST_TOKENS:
            left_out += 1
            continue
        held = {"id": row["id"], "prompt": prompt, "answer": answer, "category": "own", "held_out": True}
        if row["rewritten"] and number % 5 == 0 and len(test) < _OWN_TESTS:
            test.append(held)
            shown["own_text"][row["id"]], shown["own_pages"][row["id"]] = [prompt], row_parts(row, pages)
        else:
            train.append(held)
            if row["rewritten"]:
                arm[row["id"]] = row_parts(row, pages)
    return train, {config: arm}, (test, shown), left_out


def _tokens(row: dict[str, Any], prompt: str, answer: str, vocabulary: Vocabulary) -> int:
    sizes = np.array([(image.height, image.width) for image in row["images"] or ()]).reshape(-1, 2)
    return len(vocabulary.encode(prompt)) + len(vocabulary.encode(answer)) + int(grid_of(sizes).prod(axis=1).sum())


def _solved(draft: Draft) -> str:
    """A draft's words with all questions and answers."""
    return " ".join([*draft.sentences, *(part for asked in draft.questions for part in asked)])


def _save_base(texts: Sequence[Draft], questions: int, vocabulary: Vocabulary, out: Path) -> list[Any]:
    """Write base.npz; returns the questions about pages, whose words it holds too."""
    rng, numbers = Random("solved problems"), np.random.default_rng(0)
    rows = [_solved_tokens(rng, draft, vocabulary) for draft in texts]
    prose = {family.__name__ for family in PROSE_FAMILIES}
    asked = draw_drafts("questions", questions, [family for family in FAMILIES if family.__name__ in SEEN_ON_PAGES])
    streams = {
        "sentences": [word for draft in texts if draft.family in prose for word in _on_page(draft)],
        "asked": [word for draft in asked for word in _on_page(draft)],
    }
    known = sorted({word.strip(".,?") for word in streams["sentences"]})
    streams["loose"] = loose_words(numbers, min(_LOOSE, 20 * len(texts)), known)
    words = sorted({word for stream in streams.values() for word in stream if len(word) <= _LONGEST_WORD})
    place = {word: at for at, word in enumerate(words)}
    units, atlas = Units.of(words, vocabulary), draw_atlas()
    held = {
        "tokens": np.array([token for row in rows for token in row], np.int16),
        "starts": np.cumsum([0, *map(len, rows)]),
        "sentences": np.array([place[word] for word in streams["sentences"] if word in place], np.int32),
        "loose": np.array([place[word] for word in streams["loose"] if word in place], np.int32),
        "characters": units.characters,
        "unit_tokens": units.tokens,
        **asdict(atlas),
    }
    stream = BytesIO()
    np.savez_compressed(stream, **held)
    save_bytes(out / "base.npz", stream.getvalue())
    return [
        ([place[word] for sentence in draft.sentences for word in sentence.split()], *draft.questions[0])
        for draft in asked
    ]


def _on_page(draft: Draft) -> list[str]:
    return " ".join([*draft.sentences, *(question for question, _ in draft.questions)]).split()


def _solved_tokens(rng: Random, draft: Draft, vocabulary: Vocabulary) -> list[int]:
    """A solved problem with up to three turns."""
    prompt, answer = prompt_of(rng, draft)
    ids = [BEGIN, QUESTION, *vocabulary.encode(prompt), ANSWER, *vocabulary.encode(answer), END]
    for question, more in draft.questions[1 : rng.choice((1, 2, 3, 3))]:
        ids += [*vocabulary.encode(question), ANSWER, *vocabulary.encode(more), END]
    return ids


def _write_lines(path: Path, rows: Iterable[Row]) -> None:
    save_bytes(path, "".join(json.dumps(row.to_dict()) + "\n" for row in rows).encode())


def copy_code(out: Path) -> None:
    """The experiment's own code, and the modules of `lomo_hf` that compute figures from hidden states."""
    for stale in ("experiments", "lomo_hf"):
        shutil.rmtree(out / stale, ignore_errors=True)
    own = Path(__file__).parent
    for path in [*own.rglob("*.py"), own.parent / "__init__.py"]:
        target = out / path.relative_to(own.parent.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    for name in product.numeric_modules():
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        target = out / (name.replace(".", "/") + ".py")
        for folder in target.relative_to(out).parents:
            if folder != Path("."):
                save_bytes(
                    out / folder / "__init__.py", b'"""A part of lomo_hf: what computes figures from arrays."""\n'
                )
        shutil.copyfile(spec.origin, target)
