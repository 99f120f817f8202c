"""`lomo verify`: is a dataset folder, or a release on the Hub, byte for byte what was built?"""

from typing import Annotated

import typer

from lomo_hf.cli.terminal import DatasetFolder, console, named
from lomo_hf.errors import UsageError

__all__ = ["verify"]


def verify(
    folder: DatasetFolder,
    remote: Annotated[
        str | None, typer.Option(help="Compare with org/name on the Hub, or with a release of it: org/name@v1.0.0.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="With --remote: fetch and hash every byte, however many.")
    ] = False,
) -> None:
    """Find any flipped bit, and any missing, additional or exchanged file. Exit code 3 if there is one."""
    from lomo_hf.dataset import verify_dataset, verify_release
    from lomo_hf.hub.names import parse_repo

    screen = console()
    release = parse_repo(remote or "")
    if remote is not None and release is None:
        raise UsageError(
            f"--remote must be org/name or org/name@v1.0.0; found {remote!r}. Name a release after the @."
        )
    if download and remote is None:
        raise UsageError("--download fetches what --remote names; found no --remote. Write --remote org/name.")

    def say(sentence: str) -> None:
        screen.print(sentence, highlight=False, markup=False)

    local = verify_dataset(folder)
    say(f"{named(folder)}: {len(local.contents.files)} files, {local.size:,} bytes, as they were built")
    for name in local.contents.configs:
        say(f"  {name}: {local.contents.rows(name):,} rows")
    if remote is None or release is None:
        return
    published = verify_release(release.repo, release.revision, local, download=download, notify=say)
    fetched = f"{published.bytes_read:,} bytes fetched and hashed"
    say(f"{named(remote)}: {published.files} files as they were built; {fetched}")
    for name, count in published.configs.items():
        say(f"  {name}: {count:,} rows load")
