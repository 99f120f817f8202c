"""What the commands over labelled prompts share: tables are printed or stored in docs/formulas.md, mistakes listed."""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from benchmarks.formula_labels import HALVES

__all__ = ["PAGE", "LabelledCommand"]

PAGE = Path(__file__).parent.parent / "docs" / "formulas.md"


class InHalf(Protocol):
    """A labelled prompt of the tuned or of the held-out half."""

    @property
    def half(self) -> str:
        """ "tuned" or "held-out"."""


Prompt = TypeVar("Prompt", bound=InHalf)


@dataclass(frozen=True)
class LabelledCommand(Generic[Prompt]):
    """A command over labelled prompts.

    Attributes:
        module: Its name after `benchmarks.`.
        about: What its help says.
        begin: The line of the page before its tables.
        end: The line after them.
        read: The labelled prompts.
        tables: What is printed and stored.
        wrong: A line for each place of some prompts that the package gets wrong.
    """

    module: str
    about: str
    begin: str
    end: str
    read: Callable[[], Sequence[Prompt]]
    tables: Callable[[Sequence[Prompt]], str]
    wrong: Callable[[Sequence[Prompt]], Iterable[str]]

    def run(self) -> int:
        """Do what the arguments ask for."""
        parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{self.module}", description=self.about)
        parser.add_argument("--write", action="store_true", help="store the tables in docs/formulas.md")
        parser.add_argument("--wrong", choices=HALVES, help="list what the package gets wrong in one half")
        given = parser.parse_args()
        prompts = self.read()
        if given.wrong:
            for line in self.wrong([prompt for prompt in prompts if prompt.half == given.wrong]):
                print(line)
        elif given.write:
            page = PAGE.read_text(encoding="utf-8")
            before, after = page.split(self.begin)[0], page.split(self.end)[1]
            written = f"{before}{self.begin}\n\n{self.tables(prompts)}\n\n{self.end}{after}"
            PAGE.write_text(written, encoding="utf-8")
        else:
            print(self.tables(prompts))
        return 0
