"""Content is sent ahead of the commit, batch by batch; what the Hub has is not sent again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lomo_hf.dataset.publishing.plan import Addition
from lomo_hf.dataset.publishing.release import Release
from lomo_hf.storage import Folder

if TYPE_CHECKING:
    from lomo_hf.dataset.publishing.additions import CheckedAddition

__all__ = ["Sender"]


class Sender:
    """Sends the files of one commit. Sending them again, for another attempt at it, sends what is missing.

    Args:
        release: Whose files.
        ref: The branch or pull request that the commit is for.
    """

    def __init__(self, release: Release, ref: str) -> None:
        self._release, self._ref = release, ref
        self._folder = Folder(release.local.folder)
        # One object for each content, since it remembers that it was sent.
        self._operations: dict[tuple[str, str], CheckedAddition] = {}

    def send(self, additions: Sequence[Addition]) -> "list[CheckedAddition]":
        """Send content; returns what a commit has to do with it.

        Raises:
            IntegrityError: A file is not what was verified.
            PublishError: The Hub refuses, or its trouble does not pass.
        """
        options = self._release.options
        operations: list[CheckedAddition] = []
        done, total = 0, sum(addition.size for addition in additions)
        for batch in _batches(additions, options.batch_files, options.batch_bytes):
            operations += self._send_batch(batch)
            done += sum(addition.size for addition in batch)
            self._release.notify(
                f"the Hub has {len(operations)} of {len(additions)} files, {done:,} of {total:,} bytes"
            )
        return operations

    def _send_batch(self, additions: Sequence[Addition]) -> "list[CheckedAddition]":
        operations = [self._operation(addition) for addition in additions]
        self._release.hub.upload(operations, revision=self._ref, create_pr=self._release.options.create_pr)
        for operation in operations:
            operation.check_sent()
        return operations

    def _operation(self, addition: Addition) -> "CheckedAddition":
        from lomo_hf.dataset.publishing.additions import CheckedAddition

        key = (addition.path, addition.record.sha256)
        if key not in self._operations:
            source = self._folder / addition.path if addition.content is None else addition.content
            self._operations[key] = CheckedAddition(addition.record, source)
        return self._operations[key]


def _batches(additions: Sequence[Addition], files: int, size: int) -> Iterator[Sequence[Addition]]:
    """Consecutive additions: at most so many files, and so many bytes unless a single file has more.

    >>> from lomo_hf.storage.records import FileRecord
    >>> files = [Addition(FileRecord(name, 6, "")) for name in "abcd"]
    >>> [[addition.path for addition in batch] for batch in _batches(files, 3, 13)]
    [['a', 'b'], ['c', 'd']]
    """
    start = weight = 0
    for index, addition in enumerate(additions):
        if index > start and (index - start >= files or weight + addition.size > size):
            yield additions[start:index]
            start, weight = index, 0
        weight += addition.size
    if start < len(additions):
        yield additions[start:]
