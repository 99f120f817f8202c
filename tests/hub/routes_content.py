"""Routes about content: what to upload how, LFS, commits, and files as they are read."""

import base64
import fnmatch
import hashlib
import json
import re
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, unquote

from hub.handler import Request, route
from hub.routes_repo import REPO, is_member, readable, writable
from hub.store import Commit, HubError, Repo, StoredFile

__all__: list[str] = []

_LFS_PATTERNS = ("*.parquet", "*.arrow", "*.bin", "*.zip", "*.tar", "*.png", "*.jpg", "*.jpeg", "*.webp")
_REGULAR_MAX = 10 * 1024 * 1024


@route("POST", REPO + r"/preupload/(?P<rev>[^/]+)")
def preupload(request: Request, kind: str, rid: str, rev: str) -> None:
    repo = writable(request, kind, rid)
    commit = repo.resolve(rev)
    answer = []
    for file in request.json()["files"]:
        mode = "lfs" if _goes_to_lfs(file) else "regular"
        old = commit.tree.get(file["path"])
        known = {"oid": old.sha256 if old.lfs else old.oid} if old else {}
        ignored = any(fnmatch.fnmatch(file["path"], line) for line in _gitignore(request, commit))
        answer.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": ignored, **known})
    request.reply({"files": answer, "commitOid": commit.id})


def _gitignore(request: Request, commit: Commit) -> list[str]:
    file = commit.tree.get(".gitignore")
    return request.hub.store.blobs[file.sha256].decode().split() if file else []


def _goes_to_lfs(file: dict[str, Any]) -> bool:
    named = any(fnmatch.fnmatch(file["path"], pattern) for pattern in _LFS_PATTERNS)
    return named or file["size"] > _REGULAR_MAX or b"\0" in base64.b64decode(file["sample"])


@route("POST", r"/((?P<kinds>datasets|spaces)/)?(?P<rid>[^/]+/[^/]+)\.git/info/lfs/objects/batch")
def lfs_batch(request: Request, rid: str, kinds: str | None = None) -> None:
    writable(request, (kinds or "models")[:-1], rid)
    answer = []
    for wanted in request.json()["objects"]:
        upload = {"actions": {"upload": {"href": f"{request.base}/lfs/{wanted['oid']}"}}}
        answer.append({**wanted, **({} if wanted["oid"] in request.hub.store.blobs else upload)})
    request.reply({"transfer": "basic", "objects": answer}, headers={"Content-Type": "application/vnd.git-lfs+json"})


@route("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})")
def lfs_put(request: Request, oid: str) -> None:
    if request.hub.compares and hashlib.sha256(request.body).hexdigest() != oid:
        raise HubError(400, None, "sha256 mismatch")
    request.hub.store.blobs[oid] = request.body
    request.hub.uploaded_bytes += len(request.body)
    request.reply(headers={"ETag": f'"{oid}"'})


@route("POST", REPO + r"/commit/(?P<rev>[^/]+)")
def commit(request: Request, kind: str, rid: str, rev: str) -> None:
    repo, ref = writable(request, kind, rid), unquote(rev)
    if ref not in repo.branches and ref not in repo.pull_refs:
        raise HubError(404, "RevisionNotFound", f"Invalid rev id: {ref}")
    request.hub.take_in(request.body)
    lines = [json.loads(line) for line in request.body.splitlines() if line.strip()]
    header = next(line["value"] for line in lines if line["key"] == "header")
    head, parent, create_pr = repo.resolve(ref), header.get("parentCommit"), request.flag("create_pr")
    if parent and not create_pr and not head.id.startswith(parent):
        raise HubError(412, None, "A commit has happened since. Please refresh and try again.")
    base = repo.resolve(parent) if parent else head
    tree = dict(base.tree)
    for line in lines:
        path = line["value"].get("path")
        if path not in request.hub.alters:
            _apply(request, tree, line["key"], line["value"])
        elif data := request.hub.alters.pop(path):
            tree[path] = request.hub.store.put(data, lfs=line["key"] == "lfsFile")
    _check_card(request, tree)
    answer: dict[str, Any] = {}
    if create_pr:
        pull = repo.open_pull(header["summary"], request.hub.user, status="open")
        ref = pull.ref
        answer["pullRequestUrl"] = f"{request.base}/{kind}s/{rid}/discussions/{pull.number}"
    added = repo.add_commit(ref, tree, header["summary"], header.get("description", ""), (base.id,))
    url = f"{request.base}/{kind}s/{rid}/commit/{added.id}"
    request.reply({"success": True, "commitOid": added.id, "commitUrl": url, "hookOutput": "", **answer})


def _apply(request: Request, tree: dict[str, StoredFile], key: str, value: dict[str, Any]) -> None:
    store = request.hub.store
    if key == "file":
        tree[value["path"]] = store.put(base64.b64decode(value["content"]), lfs=False)
    elif key == "lfsFile":
        if value["oid"] not in store.blobs:
            raise HubError(400, None, f"LFS pointer pointed to a file that does not exist: {value['path']}")
        tree[value["path"]] = store.describe(value["oid"], lfs=True)
    elif key == "deletedFile":
        if tree.pop(value["path"], None) is None:
            raise HubError(404, "EntryNotFound", f"A file with this name doesn't exist: {value['path']}")
    elif key == "deletedFolder":
        for path in [path for path in tree if path.startswith(value["path"].rstrip("/") + "/")]:
            del tree[path]


def _check_card(request: Request, tree: dict[str, StoredFile]) -> None:
    if "README.md" in tree:
        errors = request.hub.validate_card(request.hub.store.blobs[tree["README.md"].sha256].decode())
        if errors:
            body = {"errors": [{"message": message} for message in errors]}
            raise HubError(400, None, "Invalid metadata in README.md.", body=body)


@route("GET|HEAD", r"(/(?P<kinds>datasets|spaces))?/(?P<rid>[^/]+/[^/]+)/(resolve|raw)/(?P<rev>[^/]+)/(?P<path>.+)")
def resolve(request: Request, rid: str, rev: str, path: str, kinds: str | None = None) -> None:
    repo: Repo = readable(request, (kinds or "models")[:-1], rid)
    if repo.gated and not is_member(request, repo):
        raise HubError(403 if request.token else 401, "GatedRepo", f"Access to dataset {rid} is restricted.")
    commit = repo.resolve(rev)
    file = commit.tree.get(unquote(path))
    if file is None:
        raise HubError(404, "EntryNotFound", "Entry not found", headers={"X-Repo-Commit": commit.id})
    data = request.hub.store.blobs[file.sha256]
    head = {
        "X-Repo-Commit": commit.id,
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Last-Modified": formatdate(usegmt=True),
        "ETag": f'"{file.sha256 if file.lfs else file.oid}"',
        "X-Linked-Size": str(file.size),
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(path.split('/')[-1])}",
    }
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if not match:
        request.reply(raw=data, headers=head)
        return
    first, last = int(match[1]), min(int(match[2] or len(data) - 1), len(data) - 1)
    if first >= len(data):
        raise HubError(416, None, "Range Not Satisfiable", headers={"Content-Range": f"bytes */{len(data)}"})
    head["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
    request.reply(raw=data[first : last + 1], status=206, headers=head)
