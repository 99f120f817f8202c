"""`lomo` as child processes that can be killed, forked from one that has imported what a push needs.

So each of them is a process of its own with unmodified clients, which know the Hub by their environment alone, and yet
starts at once. Run as a program, this file is the process that forks: it reads commands as JSON, one a line, and
answers each with one number.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ForkedLomo"]


class ForkedLomo:
    """Start commands, kill them by their id, and wait for how they ended.

    Args:
        environment: What the clients go by: HF_ENDPOINT, HF_TOKEN and so on.
        output: A file that takes what all of them print.
    """

    def __init__(self, environment: Mapping[str, str], output: Path) -> None:
        self.output = output
        paths = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(output)],
            env={**os.environ, **environment, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def start(self, *arguments: str, max_commit_files: int = 100) -> int:
        """The id of a process that runs a command."""
        return self._ask({"arguments": arguments, "max_commit_files": max_commit_files})

    def wait(self, pid: int) -> int:
        """Its exit code, or the negative number of the signal that killed it."""
        return self._ask({"wait": pid})

    def run(self, *arguments: str, max_commit_files: int = 100) -> int:
        """The exit code of a command."""
        return self.wait(self.start(*arguments, max_commit_files=max_commit_files))

    def _ask(self, command: Mapping[str, Any]) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _serve(output: str) -> None:
    import datasets  # noqa: F401 (what a push imports on its way, imported here once for all)
    import pyarrow.parquet  # noqa: F401

    import lomo_hf.cli
    import lomo_hf.dataset  # noqa: F401

    for line in sys.stdin:
        command = json.loads(line)
        if "wait" in command:
            answer = os.waitstatus_to_exitcode(os.waitpid(command["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                _run(command, output)
        print(answer, flush=True)


def _run(command: Mapping[str, Any], output: str) -> None:
    """Be the command, and never return."""
    from lomo_hf import dataset
    from lomo_hf.cli import main

    code = 70
    try:
        with open(output, "a") as terminal:
            for stream in (1, 2):
                os.dup2(terminal.fileno(), stream)
            # So that a release of a few files goes the way of one with hundreds; the command has no option for it.
            vars(dataset)["PushOptions"] = partial(dataset.PushOptions, max_commit_files=command["max_commit_files"])
            sys.argv = ["lomo", *command["arguments"]]
            main()
            code = 0
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1])
