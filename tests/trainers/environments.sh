#!/usr/bin/env bash
# One virtual environment for each trainer below FOLDER, since they pin each other's libraries apart.
#     tests/trainers/environments.sh FOLDER [trl|llamafactory|swift|axolotl|unsloth|nemo|verl|energon|energon5 ...]
# About 7 GB each with PyTorch's default build, or less where a CPU build of torch and torchvision is installed first.
set -euo pipefail
folder="$1"
shift
mkdir -p "$folder"
common="torch torchvision transformers==5.18.0 datasets<5 accelerate peft==0.21.* sentencepiece protobuf pillow requests"
declare -A needs=(
  [trl]="trl==1.16.* torchvision pillow"
  [llamafactory]="llamafactory==0.9.5 torch==2.11.0 torchvision==0.26.0 torchaudio==2.11.0" # the last torchaudio
  [energon]="megatron-energon==7.4.1 webdataset torch"
  [energon5]="megatron-energon==5.0.0 setuptools torch" # what LLaVA-OneVision-1.5 pins
  [swift]="ms-swift==4.6.0 torchvision qwen-vl-utils"
  [axolotl]="$common addict fire pydantic colorama einops python-dotenv psutil trl==1.9.0 termcolor posthog distro numba
    bitsandbytes fastcore evaluate wandb kernels"
  [unsloth]="$common cut_cross_entropy einops torchao msgspec tyro psutil hf_transfer trl==1.15.0"
  [nemo]="$common torchdata qwen-vl-utils"
  [verl]="$common torchdata qwen-vl-utils ray tensordict omegaconf hydra-core codetiming orjson"
)
# Without their requirements, which are for GPUs and pin libraries apart: their loaders and collators need the above only.
declare -A alone=(
  [axolotl]="axolotl==0.19.0 axolotl-contribs-lgpl axolotl-contribs-mit"
  [unsloth]="unsloth==2026.10.9 unsloth_zoo==2026.10.9"
  [nemo]="nemo-automodel==0.7.0"
  [verl]="verl==0.9.1"
)
[ $# -gt 0 ] || set -- trl llamafactory swift axolotl unsloth nemo verl energon energon5
for name; do
  python3 -m venv "$folder/$name"
  # shellcheck disable=SC2086 # a list of requirements
  "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check ${needs[$name]}
  [ -z "${alone[$name]:-}" ] ||
    "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps ${alone[$name]}
done
