"""What the viewer makes of a dataset on a Hub, by its own code: `viewer_reads.py '{"checkout": ..., "repo": ...}'`.

The jobs run in the viewer's order, each storing what the next one reads. Stand-ins: libviewer (see there) and MongoDB,
which mongomock takes the place of.
"""

import asyncio
import builtins
import json
import logging
import os
import sys
import warnings
from http import HTTPStatus
from pathlib import Path

GIVEN = json.loads(sys.argv[1])
CHECKOUT, WORK, REPO, HUB = Path(GIVEN["checkout"]), Path(GIVEN["work"]), GIVEN["repo"], os.environ["HF_ENDPOINT"]
for part in ("libs/libcommon", "libs/libapi", "services/worker", "services/rows"):
    sys.path.insert(0, str(CHECKOUT / part / "src"))
sys.path.insert(0, str(Path(__file__).parent))
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)

import libviewer_stand_in  # noqa: E402
import mongoengine  # noqa: E402
import mongomock.codec_options  # noqa: E402
from PIL import Image  # noqa: E402

sys.modules["libviewer"] = libviewer_stand_in
if sys.version_info < (3, 14):  # the viewer is written for 3.14, which does not evaluate annotations
    builtins.Image, builtins.PDF = Image, object
mongomock.codec_options.is_supported = lambda options: None  # the viewer's codecs are for dates; we have none

from huggingface_hub import HfApi  # noqa: E402
from libcommon.constants import (  # noqa: E402
    CACHE_MONGOENGINE_ALIAS,
    MAX_NUM_ROWS_PER_PAGE,
    QUEUE_MONGOENGINE_ALIAS,
)
from libcommon.simple_cache import upsert_response  # noqa: E402
from libcommon.storage_client import StorageClient  # noqa: E402
from rows.routes.rows import create_rows_endpoint  # noqa: E402
from starlette.requests import Request  # noqa: E402
from worker.job_runners.config.parquet import compute_parquet_response  # noqa: E402
from worker.job_runners.config.parquet_and_info import compute_config_parquet_and_info_response  # noqa: E402
from worker.job_runners.config.parquet_metadata import compute_parquet_metadata_response  # noqa: E402
from worker.job_runners.config.split_names import compute_split_names_from_streaming_response  # noqa: E402
from worker.job_runners.dataset.config_names import compute_config_names_response  # noqa: E402
from worker.job_runners.dataset.modalities import detect_features_modalities  # noqa: E402
from worker.job_runners.split.descriptive_statistics import compute_descriptive_statistics_response  # noqa: E402
from worker.job_runners.split.first_rows import compute_first_rows_from_parquet_response  # noqa: E402

# The production values of chart/env/prod.yaml.
FIRST_ROWS = {"min_cell_bytes": 100, "rows_max_bytes": 200_000, "rows_min_number": 10, "columns_max_number": 1_000}
SCAN, STATISTICS = 300_000_000, 5_000_000_000
PARQUET = "refs/convert/parquet"

for alias in (CACHE_MONGOENGINE_ALIAS, QUEUE_MONGOENGINE_ALIAS):
    mongoengine.connect("viewer", alias=alias, host="mongodb://localhost", mongo_client_class=mongomock.MongoClient)
REVISION = HfApi().dataset_info(REPO).sha
ASSETS = StorageClient("file", str(WORK / "assets"), "http://localhost/assets", overwrite=True)
METADATA = WORK / "metadata"


def store(kind, content, config=None, split=None):
    """Keep what a job answered where the next one looks for it."""
    upsert_response(
        kind=kind, dataset=REPO, config=config, split=split, dataset_git_revision=REVISION,
        content=json.loads(json.dumps(content, default=str)), http_status=HTTPStatus.OK,
    )  # fmt: skip
    return content


def prepare(config):
    """config-parquet-and-info, config-parquet and config-parquet-metadata: Parquet files as the viewer keeps them."""
    answer = compute_config_parquet_and_info_response(
        job_id="job", dataset=REPO, config=config, hf_endpoint=HUB, hf_token=None, committer_hf_token="hf_token",
        source_revision="main", target_revision=PARQUET, commit_message="Update parquet files",
        url_template="/datasets/%s/resolve/%s/%s", max_dataset_size_bytes=STATISTICS,
    )  # fmt: skip
    store("config-parquet-and-info", answer, config)
    store("config-parquet", compute_parquet_response(REPO, config), config)
    METADATA.mkdir(exist_ok=True)
    metadata = compute_parquet_metadata_response(REPO, config, HUB, None, None, METADATA)
    return store("config-parquet-metadata", metadata, config)


def first_rows(config, split):
    """split-first-rows, from Parquet: what the page shows before anybody clicks."""
    answer = compute_first_rows_from_parquet_response(
        dataset=REPO, revision=REVISION, config=config, split=split, storage_client=ASSETS, hf_token=None,
        rows_max_number=MAX_NUM_ROWS_PER_PAGE, hf_endpoint=HUB, max_arrow_data_in_memory=SCAN,
        parquet_metadata_directory=METADATA, **FIRST_ROWS,
    )  # fmt: skip
    return {
        "ids": [item["row"]["id"] for item in answer["rows"]],
        "images": [_shown(item["row"]["images"]) for item in answer["rows"]],
        "truncated_cells": sorted({cell for item in answer["rows"] for cell in item["truncated_cells"]}),
        "truncated": answer["truncated"],
    }


def rows(config, split):
    """/rows, page by page, as the service answers: ids and pictures of all rows."""
    endpoint = create_rows_endpoint(ASSETS, METADATA, SCAN, HUB, [])
    ids, images, total, before = [], [], None, len(libviewer_stand_in.FETCHED)
    while total is None or len(ids) < total:
        query = f"dataset={REPO}&config={config}&split={split}&offset={len(ids)}&length={MAX_NUM_ROWS_PER_PAGE}"
        scope = {"type": "http", "method": "GET", "path": "/rows", "headers": [], "query_string": query.encode()}
        response = asyncio.run(endpoint(Request(scope)))
        answer = json.loads(response.body)
        if response.status_code != HTTPStatus.OK or not answer["rows"]:
            return {"error": answer, "ids": ids}
        total = answer["num_rows_total"]
        ids += [item["row"]["id"] for item in answer["rows"]]
        images += [_shown(item["row"]["images"]) for item in answer["rows"]]
    return {"ids": ids, "images": images, "total": total, "fetched": libviewer_stand_in.FETCHED[before:]}


def _shown(images):
    """(width, height) of each picture of a row; None where the row has none."""
    return None if images is None else [[image["width"], image["height"]] for image in images]


def statistics(config, split):
    """split-descriptive-statistics: of every column that has some, what kind they are of."""
    answer = compute_descriptive_statistics_response(
        dataset=REPO, config=config, split=split, local_parquet_directory=WORK / "statistics" / config / split,
        hf_token=None, parquet_revision=PARQUET, max_split_size_bytes=STATISTICS, parquet_metadata_directory=METADATA,
    )  # fmt: skip
    return {
        "rows": answer["num_examples"],
        "partial": answer["partial"],
        "columns": {item["column_name"]: item["column_type"].value for item in answer["statistics"]},
    }


def attempt(job, *arguments):
    """What a job answers, or what it fails with."""
    try:
        return job(*arguments)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    """All jobs over all configs and splits."""
    names = store("dataset-config-names", compute_config_names_response(REPO, 4_000))
    answers = {}
    for config in (item["config"] for item in names["config_names"]):
        splits = store("config-split-names", compute_split_names_from_streaming_response(REPO, config, 30), config)
        metadata = prepare(config)
        from datasets import Features

        answer = {"modalities": sorted(detect_features_modalities(Features.from_dict(metadata["features"])))}
        answer["splits"] = {
            split: {job.__name__: attempt(job, config, split) for job in (first_rows, rows, statistics)}
            for split in (item["split"] for item in splits["splits"])
        }
        answers[config] = answer
    print("\nRESULT " + json.dumps(answers))


main()
