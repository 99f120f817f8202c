"""`LomoStep` in datatrove's own executor gives the rows of `lomo build`. Needs the extra `cluster`."""

import json
from pathlib import Path
from typing import Any

import pytest
from ecosystem.corpus import RECIPE, config_of, rows_of

# datatrove warns of its own future.
pytestmark = [pytest.mark.ecosystem, pytest.mark.filterwarnings("default")]
pytest.importorskip("datatrove")
pytest.importorskip("orjson")  # its reader of JSON lines


@pytest.mark.parametrize("tasks", [1, 2])
def test_the_rows_are_those_of_a_build(
    corpus: Path, built: dict[str, dict[str, Any]], tmp_path: Path, tasks: int
) -> None:
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import ParquetWriter

    from lomo_hf.ecosystem.datatrove import LomoStep, read_row, stored_row
    from lomo_hf.row_columns import stored_schema

    lines = corpus.read_text(encoding="utf-8").splitlines(keepends=True)
    parts = tmp_path / "parts"
    parts.mkdir()
    for number in range(2):
        (parts / f"{number}.jsonl").write_text("".join(lines[number::2]), encoding="utf-8")
    pipeline = [
        JsonlReader(str(parts), adapter=read_row),
        LomoStep(RECIPE, config=config_of(corpus)),
        ParquetWriter(str(tmp_path / "out"), adapter=stored_row, schema=stored_schema()),
    ]
    stats = LocalPipelineExecutor(pipeline, tasks=tasks, workers=tasks, logging_dir=str(tmp_path / "logs")).run()
    assert rows_of(tmp_path / "out") == built
    statistics = json.loads(stats.to_json()) if hasattr(stats, "to_json") else {}
    assert "refused_placeholder:<image>" in json.dumps(statistics)


def test_a_document_shows_the_prompt_with_its_pages(corpus: Path, built: dict[str, dict[str, Any]]) -> None:
    from datatrove.data import Document, MediaType

    from lomo_hf.ecosystem.datatrove import LomoStep

    row = json.loads(corpus.read_text(encoding="utf-8").splitlines()[0])
    (document,) = LomoStep("ratio100", config=config_of(corpus))([Document(text="row", id=row["id"], metadata=row)])
    assert document.id in built
    assert document.id.endswith(f"/{row['id']}")
    assert document.text.count("<image>") == len(document.media) == 1
    assert document.media[0].type == MediaType.IMAGE
    assert document.media[0].media_bytes.startswith(b"\x89PNG")
