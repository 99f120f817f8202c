"""The tree of errors. Every error that this project raises on purpose is a `LomoError`.

    LomoError
    ├── UsageError         an argument is not what it can be                           (exit 2)
    │   └── RecipeError    a recipe, or a part of one, says something that cannot be   (exit 2)
    ├── SourceError        a corpus cannot be read, or is not in a dialect we know     (exit 1)
    ├── RenderError        a span cannot be put on a page
    │   ├── FormulaError   a formula is not one that we can typeset faithfully
    │   ├── UncoveredError a character has no glyph in any font
    │   └── TooLargeError  a page would exceed its limit of pixels or sides
    ├── BuildError         a shard cannot be built or written                          (exit 1)
    │   └── LinkError      a link lies where a file or folder of our own has to be     (exit 1)
    ├── PublishError       a release cannot be published as asked                      (exit 1)
    └── IntegrityError     what lies on disk is not what was recorded                  (exit 3)

A message is one sentence that names the field, the value found and the remedy. The exit code is what the command
line returns: 2 where what was typed is wrong by itself, names nothing that is known, or does not go with another
option; 1 where data, disk, network or the Hub are not as it takes. A `RenderError` never reaches the command line,
because a span that cannot be rendered stays text, with the reason.
"""


class LomoError(Exception):
    """Anything that lomo_hf raises on purpose.

    >>> issubclass(RecipeError, LomoError), LomoError.exit_code
    (True, 1)
    """

    exit_code = 1


class UsageError(LomoError, ValueError):
    """An argument is not of the form that it must have, names nothing that is known, or does not go with another."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe, or a part of one, says something that cannot be."""


class SourceError(LomoError):
    """A corpus cannot be read, or its rows are in no dialect that we know."""


class RenderError(LomoError):
    """A span cannot be put on a page. `reason` is the short, countable name that is stored in the row."""

    def __init__(self, reason: str, message: str | None = None) -> None:
        super().__init__(message or reason)
        self.reason = reason


class FormulaError(RenderError):
    """A formula is not one that we can typeset faithfully; the span falls back to plain text."""


class UncoveredError(RenderError):
    """A character has no glyph in any font; the row stays text."""


class TooLargeError(RenderError):
    """A page would exceed its limit of pixels; the span is cut to about `max_chars`, or the row stays text."""

    def __init__(self, reason: str, message: str, max_chars: int) -> None:
        super().__init__(reason, message)
        self.max_chars = max_chars


class BuildError(LomoError):
    """A shard cannot be built or written."""


class LinkError(BuildError):
    """A link lies where a file or folder of our own has to be; it is not followed, nor is touched where it leads."""


class PublishError(LomoError):
    """A release cannot be published as asked; what the Hub serves is as it was, or the whole release."""


class IntegrityError(LomoError):
    """What lies on disk is not what was recorded."""

    exit_code = 3
