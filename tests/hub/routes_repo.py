"""Routes about repositories: who asks, creation, listings, branches and tags."""

import hashlib
import re
from typing import Any
from urllib.parse import parse_qs, unquote

from hub.handler import Request, route
from hub.store import HubError, Repo, StoredFile, Tree

__all__ = ["REPO", "is_member", "readable", "writable"]

REPO = r"/api/(?P<kind>dataset|model|space)s/(?P<rid>[^/]+/[^/]+)"


def readable(request: Request, kind: str, rid: str) -> Repo:
    """The repository, as far as the caller may see it."""
    new = request.hub.store.renamed.get((kind, rid))
    if new:
        raise HubError(307, None, "moved", headers={"Location": request.base + request.path.replace(rid, new, 1)})
    repo = request.hub.store.repo(kind, rid)
    if repo.private and not is_member(request, repo):
        raise HubError(404 if request.token else 401, "RepoNotFound", "Repository not found")
    return repo


def is_member(request: Request, repo: Repo) -> bool:
    """Whether the caller may see what is not for everybody."""
    return request.token is not None and (repo.members is None or request.token in repo.members)


def writable(request: Request, kind: str, rid: str) -> Repo:
    """The repository, if the caller may change it."""
    if not request.headers.get("Authorization"):
        raise HubError(401, None, "Invalid username or password.")
    repo = readable(request, kind, rid)
    if repo.members is not None and request.token not in repo.members:
        raise HubError(403, None, "You do not have the required permissions to write to this repository.")
    return repo


@route("GET", r"/api/whoami-v2")
def whoami(request: Request) -> None:
    user = request.hub.user
    token = {"type": "access_token", "accessToken": {"displayName": "t", "role": "write"}}
    request.reply({"type": "user", "name": user, "fullname": user, "orgs": [], "auth": token})


@route("POST", r"/api/validate-yaml")
def validate_yaml(request: Request) -> None:
    errors = [{"message": message} for message in request.hub.validate_card(request.json()["content"])]
    request.reply({"errors": errors, "warnings": []}, 400 if errors else 200)


@route("POST", r"/api/repos/create")
def create(request: Request) -> None:
    if not request.headers.get("Authorization"):
        raise HubError(401, None, "Invalid username or password.")
    body, store = request.json(), request.hub.store
    kind, rid = body.get("type") or "model", f"{body.get('organization') or request.hub.user}/{body['name']}"
    answer = {"url": f"{request.base}/{'' if kind == 'model' else kind + 's/'}{rid}", "name": rid, "id": rid}
    if (kind, rid) in store.repos:
        raise HubError(409, None, "You already created this repo", body={**answer, "error": "exists"})
    private = body.get("visibility") == "private" or bool(body.get("private"))
    store.repos[kind, rid] = Repo(rid, kind, private=private)
    request.reply(answer)


@route("DELETE", r"/api/repos/delete")
def delete(request: Request) -> None:
    body = request.json()
    kind, rid = body.get("type") or "model", f"{body.get('organization') or request.hub.user}/{body['name']}"
    writable(request, kind, rid)
    del request.hub.store.repos[kind, rid]
    request.reply({})


@route("GET|HEAD", REPO + r"(/revision/(?P<rev>[^/]+))?")
def info(request: Request, kind: str, rid: str, rev: str | None = None) -> None:
    repo = readable(request, kind, rid)
    commit = repo.resolve(rev)
    request.reply(
        {
            "_id": "0",
            "id": rid,
            "author": rid.split("/")[0],
            "sha": commit.id,
            "private": repo.private,
            "gated": "auto" if repo.gated else False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": [],
            "createdAt": repo.created,
            "lastModified": commit.date,
            "siblings": [_sibling(path, file, "blobs" in request.query) for path, file in sorted(commit.tree.items())],
        }
    )


def _sibling(path: str, file: StoredFile, blobs: bool) -> dict[str, Any]:
    if not blobs:
        return {"rfilename": path}
    lfs = {"lfs": {"sha256": file.sha256, "size": file.size, "pointerSize": 134}} if file.lfs else {}
    return {"rfilename": path, "size": file.size, "blobId": file.oid, **lfs}


@route("GET", REPO + r"/refs")
def refs(request: Request, kind: str, rid: str) -> None:
    repo = readable(request, kind, rid)

    def listed(table: dict[str, str], prefix: str) -> list[dict[str, str]]:
        return [{"name": name, "ref": prefix + name, "targetCommit": oid} for name, oid in table.items()]

    answer: dict[str, Any] = {
        "branches": listed(repo.branches, "refs/heads/"),
        "tags": listed(repo.tags, "refs/tags/"),
    }
    request.reply({**answer, "converts": [], "pullRequests": listed(repo.pull_refs, "")})


@route("GET", REPO + r"/commits/(?P<rev>[^/]+)")
def commits(request: Request, kind: str, rid: str, rev: str) -> None:
    repo = readable(request, kind, rid)
    request.reply(
        [
            {
                "id": commit.id,
                "title": commit.title,
                "message": commit.message,
                "date": commit.date,
                "authors": [{"user": "x"}],
            }
            for commit in repo.history(repo.resolve(rev))
        ]
    )


@route("GET", REPO + r"/tree/(?P<rev>[^/]+)(/(?P<path>.*))?")
def tree(request: Request, kind: str, rid: str, rev: str, path: str | None = None) -> None:
    files = readable(request, kind, rid).resolve(rev).tree
    items = _listing(files, unquote(path or ""), request.flag("recursive"), request.flag("expand"))
    start = int(request.query.get("cursor", ["0"])[0])
    end, head = start + request.hub.page_size, {}
    if end < len(items):
        here = re.sub(r"[?&]cursor=\d+", "", request.path)
        head["Link"] = f'<{request.base}{here}{"&" if "?" in here else "?"}cursor={end}>; rel="next"'
    request.reply(items[start:end], headers=head)


@route("POST", REPO + r"/paths-info/(?P<rev>[^/]+)")
def paths_info(request: Request, kind: str, rid: str, rev: str) -> None:
    if "json" in request.headers.get("Content-Type", ""):
        body = request.json()
        paths, expand = body["paths"], bool(body.get("expand"))
    else:
        form = parse_qs(request.body.decode())
        paths, expand = form.get("paths", []), form.get("expand", ["false"])[0].lower() == "true"
    files = readable(request, kind, rid).resolve(rev).tree
    answer = []
    for path in paths:
        if path in files:
            answer.append(_entry(path, files[path], expand))
        elif any(known.startswith(path.rstrip("/") + "/") for known in files):
            answer.append(_folder(path))
    request.reply(answer)


def _listing(files: Tree, prefix: str, recursive: bool, expand: bool) -> list[dict[str, Any]]:
    prefix = prefix.strip("/")
    if prefix in files:
        return [_entry(prefix, files[prefix], expand)]
    base = prefix + "/" if prefix else ""
    entries: dict[str, dict[str, Any]] = {}
    for path in sorted(name for name in files if name.startswith(base)):
        parts = path[len(base) :].split("/")
        for depth in range(1, len(parts) if recursive else min(len(parts), 2)):
            folder = base + "/".join(parts[:depth])
            entries[folder] = _folder(folder)
        if recursive or len(parts) == 1:
            entries[path] = _entry(path, files[path], expand)
    if prefix and not entries:
        raise HubError(404, "EntryNotFound", f"{prefix} does not exist")
    return [entries[path] for path in sorted(entries)]


def _entry(path: str, file: StoredFile, expand: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "oid": file.oid, "size": file.size}
    if file.lfs:
        entry["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": 134}
    if expand:
        entry["lastCommit"] = {"id": "0" * 40, "title": "commit", "date": file.date}
    return entry


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": hashlib.sha1(path.encode()).hexdigest(), "size": 0, "path": path}


@route("POST|DELETE", REPO + r"/branch/(?P<name>[^/]+)")
def branch(request: Request, kind: str, rid: str, name: str) -> None:
    repo, name = writable(request, kind, rid), unquote(name)
    if request.method == "DELETE":
        repo.branches.pop(name, None)
    elif name in repo.branches:
        raise HubError(409, None, "Reference already exists")
    else:
        repo.branches[name] = repo.resolve(request.json().get("startingPoint") or "main").id
    request.reply()


@route("POST|DELETE", REPO + r"/tag/(?P<rev>[^/]+)")
def tag(request: Request, kind: str, rid: str, rev: str) -> None:
    repo = writable(request, kind, rid)
    if request.method == "DELETE":
        if repo.tags.pop(unquote(rev), None) is None:
            raise HubError(404, "RevisionNotFound", "no such tag")
    else:
        name = request.json()["tag"]
        if name in repo.tags:
            raise HubError(409, None, f"Tag {name} already exists")
        repo.tags[name] = repo.resolve(rev).id
    request.reply()


@route("POST", REPO + r"/super-squash/(?P<rev>[^/]+)")
def squash(request: Request, kind: str, rid: str, rev: str) -> None:
    repo = writable(request, kind, rid)
    repo.add_commit(unquote(rev), repo.resolve(rev).tree, request.json().get("message") or "Super-squash", "", ())
    request.reply()
