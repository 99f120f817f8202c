"""In a trainer's environment: start the trainer as a program on a very small Qwen3-VL, and look at what it trained.

    python program_trains.py '{"work": ..., "folder": ..., "command": ["llamafactory-cli", ...], "qwen": false}'

In the command, {model} and {out} stand for the folder of the small model and the one for what is trained. It is run
where `org/lomo-ov15` is the dataset folder, so that a file that names the dataset on the Hub finds it there.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from tiny import CHATML, save_model, save_processor


def main() -> None:
    given = json.loads(sys.argv[1])
    work = Path(given["work"])
    model, out = work / "tiny-qwen3-vl", work / "out"
    save_model(model, save_processor(model, CHATML, as_qwen=given["qwen"]))
    (work / "org").mkdir(exist_ok=True)
    (work / "org" / "lomo-ov15").symlink_to(given["folder"])
    command = [word.format(model=model, out=out) for word in given["command"]]
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"AXOLOTL_DO_NOT_TRACK": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(
        command, cwd=work, env={**os.environ, **quiet, "PATH": programs}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit((done.stdout[-2000:] + done.stderr[-4000:]) or f"exit {done.returncode}")
    states = sorted(out.rglob("trainer_state.json"), key=lambda path: path.stat().st_mtime)
    state = json.loads(states[-1].read_text(encoding="utf-8"))
    weights = max(out.rglob("*.safetensors"), key=lambda path: path.stat().st_mtime)
    result = {
        "steps": state["global_step"],
        "losses": [entry["loss"] for entry in state["log_history"] if "loss" in entry],
        "rates": [entry["learning_rate"] for entry in state["log_history"] if "learning_rate" in entry],
        "trained": trained(model / "model.safetensors", weights),
    }
    print("\nRESULT " + json.dumps(result))


def trained(before: Path, after: Path) -> dict[str, bool]:
    """Of each part of the model, whether any weight of it is another than before."""
    from safetensors.torch import load_file

    old, new = load_file(before), load_file(after)
    parts = {"tower": False, "projector": False, "language": False}
    for name, weight in old.items():
        part = "projector" if "merger" in name else "tower" if "visual." in name else "language"
        if name in new:  # the head may be tied, and then is stored once
            parts[part] |= bool((weight != new[name].to(weight.dtype)).any())
    return parts


if __name__ == "__main__":
    main()
