#!/usr/bin/env bash
# The viewer's code at one commit, and an environment with what it imports: tests/viewer/environment.sh FOLDER [PYTHON]
#     FOLDER/dataset-viewer   a clone of github.com/huggingface/dataset-viewer; yours, if it is there already
#     FOLDER/venv             about 1 GB; the viewer asks for Python 3.14, and 3.13 serves (annotations apart)
# Not installed: libviewer (Rust, on no package index; tests/viewer/consumers/libviewer_stand_in.py), torch, torchcodec.
set -euo pipefail
folder="$1"
python="${2:-python3}"
commit=f62009e0555b1274e7f6ddc7058dc796993f28b6
mkdir -p "$folder"
if [ ! -d "$folder/dataset-viewer" ]; then
  git clone --quiet https://github.com/huggingface/dataset-viewer "$folder/dataset-viewer"
  git -C "$folder/dataset-viewer" checkout --quiet "$commit"
fi
"$python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  "polars==1.39.3" "pyarrow==23.*" "huggingface-hub>=1.18,<2" "datasets>=4.8,<6" "pillow>=12,<13" "numpy>=2.3" \
  "pandas<3" aiohttp aiolimiter anyio appdirs async-lru cryptography duckdb environs filelock h5py marshmallow mirakuru \
  mongo-types mongoengine mongomock networkx openpyxl orjson pdfplumber prometheus_client psutil py7zr pydantic pyjwt \
  pymongoarrow pymupdf python-dateutil pytz requests s3fs soundfile starlette starlette-prometheus tqdm uvicorn xxhash \
  zstandard
