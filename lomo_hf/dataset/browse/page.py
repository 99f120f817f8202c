"""A page that shows samples of a dataset as people look at them in the Hub's viewer: one HTML file, and nothing else.

Prompts are hostile until shown otherwise. They travel as JSON in which no `<` is left, enter the page as text nodes,
and a content security policy allows no script, style or request but the page's own; so the file can be sent around and
opened from a disk.
"""

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files as resources
from pathlib import Path
from string import Template
from typing import Any, Final, TypeAlias

from lomo_hf.corpus.splits import TRAIN, choose_split
from lomo_hf.dataset.browse.fonts import font_face
from lomo_hf.dataset.checks.inspected import DataConfig, Inspected, matching
from lomo_hf.dataset.files import DatasetFiles, open_files
from lomo_hf.errors import IntegrityError, SourceError, UsageError
from lomo_hf.storage.documents import parse, record, text
from lomo_hf.storage.pictures import picture_format

__all__ = ["browse_page"]

StoredRow: TypeAlias = Mapping[str, Any]
"""A row, or what lies in one, as Parquet gives it."""

_NEEDED: Final = frozenset(("id", "messages", "images", "rewritten", "lomo"))
_REFUSAL: Final = record({"id": text, "reason": text, "detail": text})
# What browsers show, by the ending of its file's name. No SVG: that could hold more than a picture.
_SHOWN: Final = {"png": "image/png", "jpg": "image/jpeg", "gif": "image/gif", "bmp": "image/bmp", "webp": "image/webp"}


def browse_page(
    where: str | Path | DatasetFiles, *, config: str | None = None, rows: int = 200, split: str | None = None
) -> str:
    """The page for a dataset folder, or for `org/name` on the Hub.

    Args:
        where: As for `check_dataset`.
        config: Which config; None is the default one.
        rows: How many rows to show, from the beginning of every shard alike; as many refused rows at most are added.
        split: Which split; None is all of them.

    Returns:
        HTML that loads nothing: styles, script and pictures are in it.

    Raises:
        SourceError: There is no such dataset, or it has not the columns of `lomo build`.
        UsageError: It has no such config or split.

    Example:
        >>> import tempfile
        >>> from lomo_hf.dataset import build_dataset
        >>> with tempfile.TemporaryDirectory() as out:
        ...     _ = build_dataset(None, ["ratio50"], out, limit=3)
        ...     browse_page(out)[:15]
        '<!doctype html>'
    """
    files = open_files(where) if isinstance(where, str | Path) else where
    dataset = Inspected(files)
    chosen = _of_split(_chosen(dataset, config), split)
    taken, refused = list(_rows(dataset, chosen, rows)), list(_refused(dataset, chosen, rows))
    parts = resources("lomo_hf.dataset.browse")
    style, script = (_inline((parts / name).read_text(encoding="utf-8")) for name in ("page.css", "page.js"))
    style += font_face(json.dumps([*taken, *refused], ensure_ascii=False))
    return Template((parts / "page.html").read_text(encoding="utf-8")).substitute(
        policy=_policy(style, script),
        title=html.escape(files.name),
        subtitle=html.escape(f"{_name(chosen, split)}: {_count(dataset, chosen, len(taken), len(refused))}"),
        style=style,
        script=script,
        data=_harmless([*taken, *refused]),
    )


def _count(dataset: Inspected, config: DataConfig, taken: int, refused: int) -> str:
    """How many of the config's rows are on the page, so that nobody takes a sample for all of it."""
    rows = sum(shard.metadata.num_rows for split in config.splits for shard in dataset.shards(config, split))
    those = f"all {rows:,} rows" if taken == rows else f"{taken:,} of its {rows:,} rows"
    return f"{those}, and {refused:,} refused" if refused else those


def _chosen(dataset: Inspected, wanted: str | None) -> DataConfig:
    whole = [config for config in dataset.configs if config.columns is None]
    if wanted is None:
        whole.sort(key=lambda config: not config.declared.get("default"))
        if whole:
            return whole[0]
    for config in whole:
        if config.name == wanted:
            return config
    names = ", ".join(config.name for config in whole) or "none"
    if not whole:
        raise SourceError(f"{dataset.files.name!r} has no config to browse; found none. Name another dataset.")
    raise UsageError(f"{dataset.files.name!r} has no config {wanted!r} to browse; found {names}. Name one of these.")


def _of_split(config: DataConfig, split: str | None) -> DataConfig:
    if split is None:
        return config
    choose_split(config.splits, split, f"config {config.name}")
    return replace(config, splits={split: config.splits[split]})


def _name(config: DataConfig, split: str | None) -> str:
    return config.name if split is None else f"{config.name}, {split}"


def _rows(dataset: Inspected, config: DataConfig, limit: int) -> Iterator[dict[str, object]]:
    shards = [shard for split in config.splits for shard in dataset.shards(config, split)]
    for index, shard in enumerate(shards):
        missing = sorted(_NEEDED - set(shard.schema.names))
        if missing:
            raise SourceError(
                f"{shard.path} has no column {missing[0]!r}; browse shows what `lomo build` makes. Name such a "
                "dataset."
            )
        share = limit * (index + 1) // len(shards) - limit * index // len(shards)
        try:
            yield from map(_shown, dataset.head(shard, share))
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise SourceError(
                f"{shard.path} holds rows that `lomo build` did not make ({error!r}); browse shows no others."
            ) from error


def _refused(dataset: Inspected, config: DataConfig, limit: int) -> Iterator[dict[str, object]]:
    """Rows of the source that are not in the dataset, from the lists beside the shards."""
    left = limit
    for path in _refused_lists(dataset, config):
        with dataset.files.open(path) as stream:
            for line in stream:
                if not left:
                    return
                left -= 1
                try:
                    refusal = parse(line, _REFUSAL)
                except IntegrityError as error:
                    raise SourceError(f"{path} is no list of refused rows ({error}). Build it again.") from error
                facts = [("id", refusal["id"]), ("reason", refusal["reason"])]
                yield {"kind": "refused", "turns": [], "facts": facts, **refusal}


def _refused_lists(dataset: Inspected, config: DataConfig) -> list[str]:
    """The lists of a config's splits: those of train have no split in their names."""
    names = [f"refused-{'' if split == TRAIN else f'{split}-'}?????-of-*.jsonl" for split in config.splits]
    return [path for name in names for path in matching(f"{config.name}/{name}", dataset.files.sizes)]


def _shown(row: StoredRow) -> dict[str, Any]:
    """What the page needs of a row: its turns, what the filters ask for, and what is said beside it."""
    facts = [*(_facts(row) if row["lomo"] else ()), *_origin(row)]
    shown = {
        "id": row["id"],
        "source": row.get("source_data_source") or row.get("source_config"),
        "turns": _turns(row),
        "facts": [("id", row["id"]), *((name, str(value)) for name, value in facts if value not in (None, ""))],
    }
    if row["lomo"] is None:  # of a mixture's other half
        return {**shown, "kind": "own"}
    lomo = row["lomo"]
    op = (lomo["distortion"] or {}).get("op")
    kind = "rewritten" if row["rewritten"] else "kept"
    return {**shown, "kind": kind, "renderer": lomo["renderer"], "op": op, "reason": lomo["reason"]}


def _turns(row: StoredRow) -> list[dict[str, Any]]:
    images = iter(row["images"] or ())
    spans = iter((row["lomo"] or {}).get("spans") or ())
    turns = []
    for message in row["messages"]:
        parts: list[dict[str, object]] = []
        for part in message["content"]:
            if part["type"] != "image":
                parts.append({"text": part["text"] or ""})
            elif row["lomo"]:
                parts.append(_page(next(images, None), next(spans, None)))
            else:
                parts.append(_picture(next(images, None)))
        turns.append({"role": _role(message["role"]), "parts": parts})
    return turns


def _page(image: StoredRow | None, span: StoredRow | None) -> dict[str, object]:
    data = (image or {}).get("bytes") or b""
    if span is None or picture_format(data) != "png":
        return {"text": "[a page that is missing or no PNG]"}
    return {"text": span["text"], "width": span["width"], "height": span["height"], "page": _data_url(data, "png")}


def _picture(image: StoredRow | None) -> dict[str, object]:
    """A picture that the row came with; the browser finds out its size."""
    data = (image or {}).get("bytes") or b""
    form = picture_format(data)
    if form not in _SHOWN:
        return {"text": f"[a picture that browsers do not show: {form or 'missing, or of a format unknown here'}]"}
    return {"text": "", "page": _data_url(data, form)}


def _data_url(data: bytes, form: str) -> str:
    return f"data:{_SHOWN[form]};base64,{base64.b64encode(data).decode('ascii')}"


def _role(role: str) -> str:
    return role if role in ("system", "user", "assistant") else "other"


def _facts(row: StoredRow) -> Sequence[tuple[str, object]]:
    lomo = row["lomo"]
    distortion = lomo["distortion"] or {}
    params = json.loads(distortion.get("params") or "{}")
    size = f"{lomo['width']} x {lomo['height']} px" if lomo["width"] else None
    return (
        ("typeset as", lomo["renderer"]),
        ("reason", lomo["reason"]),
        ("distortion", distortion.get("op")),
        *((f"  {name}", f"{value:.4g}" if isinstance(value, float) else value) for name, value in params.items()),
        ("position", lomo["position"]),
        ("page", size),
        ("draw", f"{lomo['draw']:.4f}"),
    )


def _origin(row: StoredRow) -> Sequence[tuple[str, object]]:
    """Where a row comes from: the corpus, its config, what it calls its own source, and the licence declared there."""
    revision = (row.get("source_revision") or "")[:12]
    repo = row.get("source_repo")
    return (
        ("from", f"{repo}@{revision}" if repo and revision else repo),
        ("config", row.get("source_config")),
        ("source", row.get("source_data_source")),
        ("licence", row.get("source_license")),
    )


def _harmless(shown: object) -> str:
    """JSON that can stand in a script element of any HTML parser: ASCII, and none of the three that begin markup."""
    text = json.dumps(shown, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _inline(text: str) -> str:
    """A file of ours inside its element; a dollar sign would mean something to the template, but only in page.html."""
    assert "</" not in text
    return f"\n{text}"


def _policy(style: str, script: str) -> str:
    """Nothing from anywhere: only this style, this script, and pictures that are part of the page."""

    def digest(text: str) -> str:
        return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode('ascii')}'"

    allowed = f"img-src data:; font-src data:; style-src {digest(style)}; script-src {digest(script)}"
    return f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
