"""A release on its way to the Hub: what is published, where to and how. Fixed before the first call that writes."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lomo_hf.dataset.publishing.options import PushOptions
from lomo_hf.dataset.publishing.plan import Plan, make_plan
from lomo_hf.dataset.publishing.snapshots import Previous, Snapshot, take_snapshot
from lomo_hf.dataset.publishing.versions import Version, next_free
from lomo_hf.dataset.verifying import VerifiedFolder
from lomo_hf.errors import PublishError
from lomo_hf.hub.client import HubClient

__all__ = ["TITLE", "Release"]

TITLE = "Release "
"""How the title of every commit and pull request of a release begins."""


@dataclass(frozen=True)
class Release:
    """A verified folder, the repository that it goes to, and the tag that it gets.

    Attributes:
        local: The folder.
        hub: The repository.
        version: What the tag will say.
        previous: The release before; None for a first one.
        options: How it is pushed.
        notify: Called with a sentence whenever a step is done.
    """

    local: VerifiedFolder
    hub: HubClient
    version: Version
    previous: Previous | None
    options: PushOptions
    notify: Callable[[str], None]
    _snapshots: dict[str, Snapshot] = field(default_factory=dict, repr=False)
    _plans: dict[str, Plan] = field(default_factory=dict, repr=False)

    @property
    def tag(self) -> str:
        """The name of the tag."""
        return str(self.version)

    @property
    def title(self) -> str:
        """Of its commits and pull requests."""
        return f"{TITLE}{self.version}"

    def commit_at(self, revision: str) -> str:
        """The commit that a revision names now.

        Raises:
            PublishError: There is no such revision, or the repository was renamed since the push began.
        """
        there = self.hub.look(revision)
        if there is None:
            raise PublishError(f"{self.hub.repo} has no revision {revision!r} any more. Push again.")
        if there.name != self.hub.repo:
            raise PublishError(f"{self.hub.repo} was renamed to {there.name} during the push. Push again.")
        return there.commit

    def at(self, revision: str) -> Snapshot:
        """What a revision names now; the content of a commit never changes, so each is read once.

        Raises:
            PublishError: There is no such revision, the repository was renamed since the push began, or it holds
                documents that lomo_hf did not write.
        """
        commit = self.commit_at(revision)
        if commit not in self._snapshots:
            self._snapshots[commit] = take_snapshot(self.hub, commit)
        return self._snapshots[commit]

    def plan_on(self, there: Snapshot) -> Plan:
        """What has to be done on top of a commit."""
        if there.commit not in self._plans:
            self._plans[there.commit] = make_plan(self.local, there, self.previous, self.hub.repo)
        return self._plans[there.commit]

    def is_at(self, there: Snapshot) -> bool:
        """Whether a commit is this very release, be it under a name that the repository had before."""
        if self.plan_on(there).is_done:
            return True
        entries = [entry for entry in (there.entries or {}).values() if isinstance(entry, dict)]
        names = {str(entry["hf_hub_url"]) for entry in entries if "hf_hub_url" in entry} - {self.hub.repo}
        return any(make_plan(self.local, there, self.previous, name).is_done for name in sorted(names))

    def check_tag(self) -> None:
        """Refuse to go on if the tag is another release, be it since another push that was faster.

        Raises:
            PublishError: It is.
        """
        tags = self.hub.refs().tags
        if self.tag in tags and not self.is_at(self.at(self.tag)):
            raise PublishError(self.taken(next_free(tags)))

    def taken(self, following: Version, main: str = "") -> str:
        """What to say where the tag is another release.

        Args:
            following: The next version that no tag has.
            main: A sentence on what main holds.
        """
        return (
            f"tag {self.tag} of {self.hub.repo} is another release, and a tag is never moved. "
            f"{f'{main} ' if main else ''}Push this one as {following}."
        )
