#!/usr/bin/env bash
# One virtual environment for each trainer below FOLDER, since they pin each other's libraries apart.
#     tests/trainers/environments.sh FOLDER [trl|llamafactory|energon|energon5|swift|axolotl ...]
# About 7 GB each with PyTorch's default build, or less where a CPU build of torch and torchvision is installed first.
set -euo pipefail
folder="$1"
shift
mkdir -p "$folder"
declare -A needs=(
  [trl]="trl==1.16.* torchvision pillow"
  [llamafactory]="llamafactory==0.9.5 torch==2.11.0 torchvision==0.26.0 torchaudio==2.11.0" # the last torchaudio
  [energon]="megatron-energon==7.4.1 webdataset torch"
  [energon5]="megatron-energon==5.0.0 setuptools torch" # what LLaVA-OneVision-1.5 pins
  [swift]="ms-swift==4.6.0 torchvision qwen-vl-utils"
  [axolotl]="--no-deps axolotl==0.19.0" # its configuration classes are read, not run
)
[ $# -gt 0 ] || set -- trl llamafactory energon energon5 swift axolotl
for name; do
  python3 -m venv "$folder/$name"
  # shellcheck disable=SC2086 # a list of requirements
  "$folder/$name/bin/python" -m pip install --quiet --disable-pip-version-check ${needs[$name]}
done
