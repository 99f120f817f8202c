"""`lomo verify`: is a dataset folder, or a release on the Hub, to the bit what was built?"""

from pathlib import Path
from typing import Annotated

import typer

from lomo_hf.cli.terminal import console, named

__all__ = ["verify"]

_EVERYTHING = 1 << 62


def verify(
    folder: Annotated[Path, typer.Argument(help="The dataset folder that `lomo build` left.")],
    remote: Annotated[
        str | None, typer.Option(help="Compare with org/name on the Hub, or with a release of it: org/name@v1.0.0.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="With --remote: fetch and hash every byte, however many.")
    ] = False,
) -> None:
    """Find any flipped bit, missing, extra or swapped file. Exit code 3 where there is one."""
    from lomo_hf.dataset import HubClient, PushOptions, Retrier, read_back, take_snapshot, verify_dataset
    from lomo_hf.errors import PublishError, UsageError
    from lomo_hf.hub.names import check_repo_id

    screen = console()
    repo, at, revision = (remote or "").partition("@")
    if remote is not None:
        check_repo_id(repo)
    if at and not revision:
        raise UsageError(
            f"--remote must be org/name or org/name@v1.0.0; found {remote!r}. Name the release after the @."
        )
    if download and remote is None:
        raise UsageError("--download fetches what --remote names; found no --remote. Write --remote org/name.")

    def say(said: str) -> None:
        screen.print(said, highlight=False, markup=False)

    local = verify_dataset(folder)
    rows = {name: local.contents.rows(name) for name in local.contents.configs}
    say(f"{named(folder)}: {len(local.contents.files)} files, {local.size:,} bytes, as they were built")
    for name, count in rows.items():
        say(f"  {name}: {count:,} rows")
    if remote is None:
        return
    hub = HubClient(repo, Retrier(notify=say))
    limit = _EVERYTHING if download else PushOptions().download_up_to
    there = hub.look(revision or "main")
    if there is None:
        raise PublishError(f"{repo} has no {revision or 'main'}, or you may not see it. Log in with `hf auth login`.")
    found = read_back(hub, take_snapshot(hub, there.commit), local, download_up_to=limit)
    say(f"{named(remote)}: {found.files} files as they were built; {found.bytes_read:,} bytes fetched and hashed")
    for name, count in found.configs.items():
        say(f"  {name}: {count:,} rows load")
