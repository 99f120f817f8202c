"""What a dataset repository holds at one commit: the commit, its files with sizes and digests, and its card.

Asked once, by the process that plans; everything after that names the commit, so a push in between changes nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from lomo_hf.corpus.hub.file import HubFile, reading_retrier
from lomo_hf.errors import SourceError
from lomo_hf.hub.retry import Retrier, api_answers
from lomo_hf.storage.file_names import CARD

__all__ = ["Listing", "list_repo"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Listing:
    """A repository at a commit. `files` go by their paths, in order."""

    repo: str
    commit: str
    files: Mapping[str, HubFile]

    @cached_property
    def card(self) -> str:
        """The text of README.md; "" where there is none."""
        file = self.files.get(CARD)
        return file.read_all().decode("utf-8", "replace") if file else ""


def list_repo(
    repo: str, revision: str | None = None, *, endpoint: str | None = None, retrier: Retrier | None = None
) -> Listing:
    """Pin a revision (a branch, tag or commit; the head where it is None) and list what it holds.

    Raises:
        SourceError: There is no such repository or revision, no permission, or no connection.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoFile

    retrier = retrier or reading_retrier()
    api = HfApi(endpoint=endpoint)
    named = f"{repo}@{revision}" if revision else repo
    info = _asked(lambda: api.dataset_info(repo, revision=revision), named, retrier)
    commit = str(info.sha)
    entries = _asked(
        lambda: list(api.list_repo_tree(repo, recursive=True, revision=commit, repo_type="dataset")), named, retrier
    )
    files = {
        entry.path: HubFile(repo, commit, entry.path, entry.size, _oid(entry), api.endpoint, retrier)
        for entry in sorted(entries, key=lambda entry: entry.path)
        if isinstance(entry, RepoFile)
    }
    return Listing(repo, commit, files)


def _oid(entry: Any) -> str:
    return str(entry.lfs.sha256 if entry.lfs else entry.blob_id)


def _asked(action: Callable[[], _T], named: str, retrier: Retrier) -> _T:
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def ask() -> _T:
        with api_answers():
            return action()

    try:
        return retrier.fresh().call(f"reading the list of files of {named}", ask, explain=False)
    except GatedRepoError as error:
        raise SourceError(f"{named} is gated; accept its terms on the Hub and log in with `hf auth login`.") from error
    except RevisionNotFoundError as error:
        raise SourceError(f"{named} has no such revision. Give a branch, a tag or a commit after the @.") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise SourceError(
            f"{named} is neither a file or folder here nor a dataset on the Hub that you may read. "
            "Check the name; for a private one log in with `hf auth login`."
        ) from error
    except OfflineModeIsEnabled as error:
        raise SourceError(f"{named} is on the Hub, and HF_HUB_OFFLINE forbids to go there. Unset it.") from error
    except HfHubHTTPError as error:
        raise SourceError(f"{named} cannot be listed ({str(error).splitlines()[0][:200]}).") from error
