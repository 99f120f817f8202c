"""Routes about pull requests: opening, listing, reading, status, merging."""

from typing import Any

from hub.handler import Request, route
from hub.routes_repo import REPO, readable, writable
from hub.store import HubError, PullRequest, Repo, now

__all__: list[str] = []


@route("POST", REPO + r"/discussions")
def open_pull(request: Request, kind: str, rid: str) -> None:
    pull = writable(request, kind, rid).open_pull(request.json()["title"], request.hub.user)
    request.reply({"num": pull.number})


@route("GET", REPO + r"/discussions")
def list_pulls(request: Request, kind: str, rid: str) -> None:
    repo = readable(request, kind, rid)
    author = request.query.get("author", [None])[0]
    pulls = [_described(repo, pull) for pull in repo.pulls.values() if author in (None, pull.author)]
    request.reply({"discussions": pulls, "count": len(pulls), "start": 0})


@route("GET", REPO + r"/discussions/(?P<number>\d+)")
def read_pull(request: Request, kind: str, rid: str, number: str) -> None:
    repo = readable(request, kind, rid)
    pull = _pull(repo, number)
    changes = {"base": "refs/heads/main", "mergeCommitId": pull.merged_as}
    request.reply({**_described(repo, pull), "events": [], "filesWithConflicts": [], "changes": changes})


@route("POST", REPO + r"/discussions/(?P<number>\d+)/(?P<what>merge|status|title|comment)")
def change_pull(request: Request, kind: str, rid: str, number: str, what: str) -> None:
    repo = writable(request, kind, rid)
    pull = _pull(repo, number)
    if what == "merge":
        repo.merge(pull)
    elif what == "status":
        if pull.status == "merged":
            raise HubError(400, None, "This pull request is merged")
        pull.status = request.json()["status"]
    event = {"id": "0", "type": "status-change", "createdAt": now(), "author": {"name": request.hub.user}}
    request.reply({"newStatus": {**event, "data": {"status": pull.status}}})


def _pull(repo: Repo, number: str) -> PullRequest:
    try:
        return repo.pulls[int(number)]
    except KeyError:
        raise HubError(404, None, "no such discussion") from None


def _described(repo: Repo, pull: PullRequest) -> dict[str, Any]:
    return {
        "num": pull.number,
        "title": pull.title,
        "status": pull.status,
        "createdAt": pull.created,
        "isPullRequest": True,
        "author": {"name": pull.author},
        "repo": {"name": repo.id, "type": repo.kind},
    }
