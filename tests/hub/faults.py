"""What can go wrong with a call, on purpose: a status, a dropped connection, a reply that is lost, silence, a page."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Fault", "Harm", "Meanwhile"]

Harm = int | Literal["disconnect", "lost", "timeout", "page"]
"""A status to answer with; or the connection is dropped before the call is served ("disconnect"), after it was served
("lost": the harm that a client cannot tell from the first), or nothing is ever answered ("timeout"); or somebody else
answers in the Hub's place, with a page in HTML and status 200 ("page"), as networks do that want a login."""


@dataclass
class Fault:
    """Harm for calls that match: the first `skip` of them pass, the next `times` are harmed. Where the connection is
    dropped, `then` is done just before: the client cannot know yet."""

    method: str
    pattern: str
    harm: Harm
    times: int = 1
    skip: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "injected"
    then: Callable[[], object] = lambda: None

    def strikes(self, method: str, path: str) -> bool:
        """Whether this call is harmed; counts it if it matches."""
        if not re.fullmatch(self.method, method) or not re.search(self.pattern, path) or self.times <= 0:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Meanwhile:
    """Something that someone else does just before a call that matches is served, after `skip` that pass; once."""

    method: str
    pattern: str
    act: Callable[[], object]
    skip: int = 0
    done: bool = False

    def comes(self, method: str, path: str) -> bool:
        """Whether the moment is now."""
        if self.done or not re.fullmatch(self.method, method) or not re.search(self.pattern, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.done = True
        return True
