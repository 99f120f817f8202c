"""How a release is pushed, and what a push reports."""

from dataclasses import dataclass

from lomo_hf.dataset.publishing.plan import Plan
from lomo_hf.dataset.publishing.read_back import ReadBack
from lomo_hf.errors import UsageError

__all__ = ["PushOptions", "PushReport"]


@dataclass(frozen=True)
class PushOptions:
    """How to push.

    Attributes:
        private: Make a new repository private; one that exists must be.
        create_pr: Leave the release as a pull request for review: no merge, no tag.
        dry_run: Only plan.
        max_commit_files: A release that touches more files goes through a pull request; the Hub's documentation
            advises 50 to 100 a commit, since it gives up after 60 seconds.
        batch_files: After how many files a sending is noted.
        batch_bytes: After how many bytes a sending is noted.
        download_up_to: Bytes. A release of at most this size is read back whole; of a larger one, sizes, the hashes
            that the Hub keeps, small files and rows are compared.

    Raises:
        UsageError: A number is below its least.

    >>> PushOptions(dry_run=True).max_commit_files
    100
    >>> PushOptions(batch_files=0)
    Traceback (most recent call last):
    lomo_hf.errors.UsageError: batch_files must be at least 1; found 0.
    """

    private: bool = False
    create_pr: bool = False
    dry_run: bool = False
    max_commit_files: int = 100
    batch_files: int = 50
    batch_bytes: int = 1 << 30
    download_up_to: int = 256 << 20

    def __post_init__(self) -> None:
        for name, least in (("max_commit_files", 1), ("batch_files", 1), ("batch_bytes", 1), ("download_up_to", 0)):
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}; found {getattr(self, name)}.")


@dataclass(frozen=True)
class PushReport:
    """What a push did.

    Attributes:
        repo: `org/name` as it is now, which is another than was asked for where the repository was renamed.
        tag: The release.
        plan: What it set out to do; with a dry run, all there is.
        previous: The tag of the release before; None for a first one.
        commit: The commit of the release.
        tagged: Whether the tag names it.
        pull_request: The number of the pull request that waits for a review.
        read_back: What was read back.
    """

    repo: str
    tag: str
    plan: Plan
    previous: str | None = None
    commit: str | None = None
    tagged: bool = False
    pull_request: int | None = None
    read_back: ReadBack | None = None
