"""A small replica of LLaVA-OneVision-1.5-Instruct-Data: its names, layout, schemas, dialects and oddities.

Twenty text-only configs (`image` of the type null), sized in proportion, in shards `<config>/train-00000-of-0000N`;
configs with pictures in four dialects, parts that repeat their base, ids as integers, a card whose counts are stale.
"""

import io
import json
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image

from lomo_hf.corpus import SAMPLE

REPO = "mvp-lab/LLaVA-OneVision-1.5-Instruct-Data"

UPSTREAM_ROWS = {
    "openmathinstruct": 2_000_000, "orca_agentinstruct": 1_045_962, "magpie_pro": 1_035_157, "open_orca": 994_896,
    "magpie_ultra": 621_690, "ifeval_like": 549_844, "orca_994k": 300_672, "Evol-Instruct-GPT4-Turbo": 142_990,
    "cn_k12": 83_547, "mathinstruct_262k": 79_064, "synthetic_math": 50_627, "olympiads": 45_559, "wizardlm": 43_068,
    "mathqa": 29_837, "code_feedback_66k": 20_100, "synthetic_amc": 18_880, "aops_forum": 9_228, "gsm8k": 2_287,
    "math": 2_244, "amc_aime": 1_253,
}  # fmt: skip
SCALE = 10_000
ROWS = {name: max(4, rows // SCALE) for name, rows in UPSTREAM_ROWS.items()}
UNDECLARED = ("olympiads", "gsm8k")  # no features in the card: the footers must tell
IMAGE_ROWS = {
    "visual7w": 24, "plotqa": 30, "pathvqa": 12, "svit": 20, "svit-part-00-of-10": 10, "svit-part-09-of-10": 10,
    "sharegpt4v-part-00-of-10": 8, "sharegpt4v-part00-of-10": 8, "wit": 16,
}  # fmt: skip
GROUP_ROWS = 25

_TEXT, _WHOLE = pa.string(), pa.int64()
FROM_VALUE = pa.struct([("from", _TEXT), ("value", _TEXT)])
ROLE_CONTENT = pa.struct([("content", _TEXT), ("role", _TEXT)])
UNION = pa.struct([("content", _TEXT), ("from", _TEXT), ("role", _TEXT), ("value", _TEXT)])
WITH_SOURCE = pa.struct([("data_source", _TEXT), ("from", _TEXT), ("value", _TEXT)])
MARKDOWN = pa.struct(
    [
        ("from", _TEXT),
        ("markdown", pa.struct([("answer", _TEXT), ("index", _WHOLE), ("type", _TEXT)])),
        ("text", _TEXT),
        ("value", _TEXT),
    ]
)
PICTURE = pa.struct([("bytes", pa.binary()), ("path", _TEXT)])


@cache
def replica() -> dict[str, bytes]:
    """path -> bytes of the whole repository."""
    files: dict[str, bytes] = {}
    for name, count in ROWS.items():
        shards = 3 if name == "openmathinstruct" else 1
        rows = text_rows(name, count)
        kind = _WHOLE if name == "code_feedback_66k" else _TEXT
        schema = schema_of(kind, pa.null(), FROM_VALUE)
        for index in range(shards):
            part = rows[count * index // shards : count * (index + 1) // shards]
            files[f"{name}/train-{index:05d}-of-{shards:05d}.parquet"] = parquet(part, schema)
    for name, (turn, make) in image_configs().items():
        schema = schema_of(_TEXT, PICTURE, turn)
        files[f"{name}/train-00000-of-00001.parquet"] = parquet(make(name, IMAGE_ROWS[name]), schema)
    files["README.md"] = card().encode()
    files[".gitattributes"] = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
    return files


@cache
def prompts() -> list[tuple[str, str]]:
    """Real prompts and answers: of the embedded sample."""
    pairs = []
    for line in SAMPLE.read_text(encoding="utf-8").splitlines():
        turns = json.loads(line)["messages"]
        user = next(turn["content"] for turn in turns if turn["role"] == "user")
        pairs.append((user, next(turn["content"] for turn in turns if turn["role"] == "assistant")))
    return pairs


def text_rows(name: str, count: int) -> list[dict[str, Any]]:
    """Rows of a text-only config; the first of some configs are odd, and some repeat what other rows say."""
    rng = random.Random(name)
    rows = []
    for index in range(count):
        prompt, answer = rng.choice(prompts())
        turns = [
            {"from": "human", "value": f"{prompt}\n\n(Item {index} of {name}.)"},
            {"from": "gpt", "value": answer},
        ]
        if name.startswith(("orca", "magpie")) and index % 3 == 0:
            turns.insert(0, {"from": "system", "value": "" if index % 2 else "You are a careful assistant."})
        if name == "magpie_ultra" and index % 4 == 0:
            turns += [
                {"from": "human", "value": f"Say it again, in {index} words."},
                {"from": "gpt", "value": "Well."},
            ]
        source_id = index * 7 if name == "code_feedback_66k" else f"{name}_{index}"
        rows.append({"id": source_id, "image": None, "conversations": turns, "data_source": name})
    odd: dict[str, Callable[[], None]] = {
        "open_orca": lambda: rows[0].update(conversations=None),
        "magpie_pro": lambda: rows[1].update(id=rows[0]["id"]),
        "ifeval_like": lambda: rows[2]["conversations"].insert(0, {"from": "tool", "value": "42"}),
        "wizardlm": lambda: rows[1].update(conversations=rows[0]["conversations"]),
        "cn_k12": lambda: rows[3]["conversations"][0].update(value="What does <image> show?"),
        "mathqa": lambda: rows[0].update(id=None),
    }
    odd.get(name, lambda: None)()
    return rows


def image_configs() -> dict[str, tuple[pa.DataType, Callable[[str, int], list[dict[str, Any]]]]]:
    """Configs with pictures: the type of a turn, and what makes rows."""
    parts = {name: (FROM_VALUE, _from_value) for name in IMAGE_ROWS if "part" in name}
    return {
        "visual7w": (ROLE_CONTENT, _role_content),
        "plotqa": (UNION, _union),
        "pathvqa": (WITH_SOURCE, _with_source),
        "svit": (MARKDOWN, _markdown),
        "wit": (FROM_VALUE, _from_value),
        **parts,
    }


def schema_of(id_type: pa.DataType, image: pa.DataType, turn: pa.DataType) -> pa.Schema:
    """The four columns, with the metadata that `datasets` writes."""
    fields = [("id", id_type), ("image", image), ("conversations", pa.list_(turn)), ("data_source", _TEXT)]
    kind = {"_type": "Image"} if image == PICTURE else {"dtype": "null", "_type": "Value"}
    features = {"info": {"features": {"id": {"dtype": str(id_type), "_type": "Value"}, "image": kind}}}
    return pa.schema(fields).with_metadata({"huggingface": json.dumps(features)})


def parquet(rows: list[dict[str, Any]], schema: pa.Schema, group_rows: int = GROUP_ROWS) -> bytes:
    """A Parquet file with small row groups."""
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, schema, compression="snappy") as writer:
        writer.write_table(pa.Table.from_pylist(rows, schema=schema), row_group_size=group_rows)
    return sink.getvalue()


@cache
def png(seed: int) -> bytes:
    """A small picture with noise, so that it weighs more than text does."""
    sink = io.BytesIO()
    Image.frombytes("RGB", (48, 40), random.Random(seed).randbytes(48 * 40 * 3)).save(sink, "PNG")
    return sink.getvalue()


def card() -> str:
    """The card, with features as YAML and counts that were true once."""
    infos, configs = [], []
    for name in (*ROWS, *IMAGE_ROWS):
        path = f"{name}/train-*"
        configs.append({"config_name": name, "data_files": [{"split": "train", "path": path}]})
        if name in UNDECLARED:
            continue
        picture = {"name": "image", "dtype": "image" if name in IMAGE_ROWS else "null"}
        turn = [{"name": "from", "dtype": "string"}, {"name": "value", "dtype": "string"}]
        features = [
            {"name": "id", "dtype": "int64" if name == "code_feedback_66k" else "string"},
            picture,
            {"name": "conversations", "list": turn},
            {"name": "data_source", "dtype": "string"},
        ]
        split = {"name": "train", "num_bytes": 1, "num_examples": UPSTREAM_ROWS.get(name, 1) + 1}
        infos.append({"config_name": name, "features": features, "splits": [split], "download_size": 1})
    front = {"license": "apache-2.0", "language": ["en"], "dataset_info": infos, "configs": configs}
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n# LLaVA-OneVision-1.5 instruction data\n"


def _pictured(name: str, count: int, turns: Callable[[int], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    rows = []
    for index in range(count):
        picture = None if name == "wit" and index % 8 == 3 else {"bytes": png(index), "path": f"{index}.png"}
        rows.append({"id": f"{index}", "image": picture, "conversations": turns(index), "data_source": name})
    return rows


def _from_value(name: str, count: int) -> list[dict[str, Any]]:
    def turns(index: int) -> list[dict[str, Any]]:
        mark = "" if name == "wit" and index % 8 == 3 else "<image>\n"
        asked = {"from": "human", "value": f"{mark}Describe picture {index} of {name.partition('-')[0]}."}
        return [asked, {"from": "gpt", "value": f"Noise, number {index}."}]

    return _pictured(name, count, turns)


def _role_content(name: str, count: int) -> list[dict[str, Any]]:
    def turns(index: int) -> list[dict[str, Any]]:
        asked = {"role": "user", "content": f"What is in picture {index}?"}  # no placeholder at all
        return [asked, {"role": "assistant", "content": "Coloured noise."}]

    return _pictured(name, count, turns)


def _union(name: str, count: int) -> list[dict[str, Any]]:
    def turns(index: int) -> list[dict[str, Any]]:
        pairs = [("user", f"<image>Which bar is the highest in plot {index}?"), ("assistant", "The third.")]
        if index == 5:  # one placeholder too many
            pairs[0] = ("user", "<image> or <image>?")
        if index == 6:
            pairs[1] = ("assistant", "As <image> shows.")
        return [{"role": role, "content": text, "from": None, "value": None} for role, text in pairs]

    return _pictured(name, count, turns)


def _with_source(name: str, count: int) -> list[dict[str, Any]]:
    def turns(index: int) -> list[dict[str, Any]]:
        pairs = [("human", f"<image>\nIs there a nucleus in slide {index}?"), ("gpt", "Yes.")]
        return [{"from": role, "value": text, "data_source": name} for role, text in pairs]

    return _pictured(name, count, turns)


def _markdown(name: str, count: int) -> list[dict[str, Any]]:
    def turns(index: int) -> list[dict[str, Any]]:
        pairs = [("human", f"<image>\nDescribe picture {index} of {name.partition('-')[0]}."), ("gpt", "Noise.")]
        conversation: list[dict[str, Any]] = [
            {"from": who, "value": text, "markdown": None, "text": None} for who, text in pairs
        ]
        if index == 7:
            conversation[1] = {
                "from": "gpt",
                "value": None,
                "text": "x",
                "markdown": {"answer": "a", "index": 1, "type": "t"},
            }
        return conversation

    return _pictured(name, count, turns)
