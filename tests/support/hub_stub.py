"""A hub on loopback: repositories with branches, large files by LFS, commits; and it fails when asked to.

It speaks what huggingface_hub asks of a hub to make a repository and to commit into it, and keeps what it was given.
"""

import base64
import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import yaml
from web import Replying, Server

TOKEN = "hf_of_the_test"
LARGE = (".safetensors", ".onnx")

Fault = Callable[["Handler"], None]


class Repository:
    """Files by branch; `commits` are the paths that each commit brought or took."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.branches: dict[str, dict[str, bytes]] = {"main": {}}
        self.commits: list[list[str]] = []


class Hub(Server):
    """The server.

    Attributes:
        repositories: by OWNER/NAME.
        blobs: large files by their SHA-256, whether committed or not.
        asked: method and path of every request.
        heard: every byte that came in the bodies.
        agents: what clients say of themselves.
        faults: used up one a request whose method and path begin so.
        owners: who may write.
    """

    def __init__(self) -> None:
        super().__init__(Handler)
        self.repositories: dict[str, Repository] = {}
        self.blobs: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.heard = b""
        self.agents: set[str] = set()
        self.faults: list[tuple[str, Fault]] = []
        self.owners = {"me"}
        self.lock = threading.Lock()

    def checkout(self, name: str, folder: Path, branch: str = "main") -> Path:
        """The files of a branch, as somebody would fetch them."""
        for path, content in self.repositories[name].branches[branch].items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        return folder

    def sent(self, method: str) -> list[str]:
        """The paths of the requests with this method."""
        return [line.partition(" ")[2] for line in self.asked if line.startswith(f"{method} ")]


class Handler(Replying, BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def body(self) -> bytes:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.server.lock:
            self.server.heard += data
        return data

    def _answer(self, method: str) -> None:
        path = self.path.partition("?")[0]
        with self.server.lock:
            self.server.asked.append(f"{method} {path}")
            self.server.agents.add(self.headers.get("User-Agent", ""))
            fault = next((one for one in self.server.faults if f"{method} {path}".startswith(one[0])), None)
            if fault:
                self.server.faults.remove(fault)
        if fault:
            fault[1](self)
            return
        if method != "PUT" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.body()
            self.reply(401, {"error": "who is it"}, X_Error_Message="Invalid credentials in Authorization header")
            return
        for pattern, does in ROUTES:
            if found := re.fullmatch(pattern, f"{method} {path}"):
                does(self, *found.groups())
                return
        self.body()
        self.reply(404, {"error": f"no such page: {method} {path}"})

    def repository(self, name: str) -> Repository | None:
        found = self.server.repositories.get(name)
        if found is None:
            self.reply(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        return found


def create(handler: Handler) -> None:
    asked = json.loads(handler.body())
    name, url = (
        f"{asked['organization']}/{asked['name']}",
        f"{handler.server.url}/{asked['organization']}/{asked['name']}",
    )
    if asked["organization"] not in handler.server.owners:
        handler.reply(403, {"error": "no rights here"}, X_Error_Message="You don't have the rights to create a model")
    elif name in handler.server.repositories:
        handler.reply(409, {"error": "You already created this model repo", "url": url})
    else:
        handler.server.repositories[name] = Repository(asked.get("visibility") == "private")
        handler.reply(200, {"url": url, "name": name})


def info(handler: Handler, name: str, branch: str = "main") -> None:
    found = handler.repository(name)
    if found is None:
        return
    if branch not in found.branches:
        handler.reply(404, {"error": "Invalid rev id"}, X_Error_Code="RevisionNotFound")
        return
    files = [{"rfilename": path} for path in found.branches[branch]]
    content = {"id": name, "private": found.private, "siblings": files, "tags": [], "downloads": 0, "likes": 0}
    handler.reply(200, {**content, "sha": f"{len(found.commits):040}", "_id": "1"})


def branch(handler: Handler, name: str, new: str) -> None:
    handler.body()
    if found := handler.repository(name):
        found.branches[new] = dict(found.branches["main"])
        handler.reply(200, {})


def validate(handler: Handler) -> None:
    """The front matter is YAML with fields of the right kinds."""
    text = json.loads(handler.body())["content"]
    said = yaml.safe_load(text.split("---\n")[1]) if text.startswith("---\n") else {}
    wrong = [name for name in ("license", "language", "pipeline_tag") if not isinstance(said.get(name, ""), str)]
    errors = [{"message": f'"{name}" must be a string'} for name in wrong]
    warnings = [] if said else [{"message": "empty or missing yaml metadata in repo card"}]
    handler.reply(400 if errors else 200, {"errors": errors, "warnings": warnings})


def preupload(handler: Handler, name: str, to: str) -> None:
    asked = json.loads(handler.body())["files"]
    if not (found := handler.repository(name)):
        return
    there = found.branches[to]
    files = []
    for one in asked:
        large = one["path"].endswith(LARGE)
        row = {"path": one["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if one["path"] in there:
            content = there[one["path"]]
            git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            row["oid"] = hashlib.sha256(content).hexdigest() if large else git
        files.append(row)
    handler.reply(200, {"files": files})


def batch(handler: Handler, _: str) -> None:
    objects = []
    for one in json.loads(handler.body())["objects"]:
        row = {"oid": one["oid"], "size": one["size"]}
        if one["oid"] not in handler.server.blobs:
            url = f"{handler.server.url}/lfs/{one['oid']}"
            row["actions"] = {"upload": {"href": url}, "verify": {"href": f"{url}/verify"}}
        objects.append(row)
    handler.reply(200, {"transfer": "basic", "objects": objects})


def blob(handler: Handler, digest: str) -> None:
    data = handler.body()
    if hashlib.sha256(data).hexdigest() != digest:
        handler.reply(400, {"error": "other bytes than announced"})
        return
    handler.server.blobs[digest] = data
    handler.reply(200)


def verify(handler: Handler, digest: str) -> None:
    asked = json.loads(handler.body())
    same = asked == {"oid": digest, "size": len(handler.server.blobs.get(digest, b""))}
    handler.reply(200 if same else 404, {})


def commit(handler: Handler, name: str, to: str) -> None:
    lines = [json.loads(line) for line in handler.body().splitlines()]
    if not (found := handler.repository(name)):
        return
    files, touched = dict(found.branches[to]), []
    for line in lines[1:]:
        value = line["value"]
        touched.append(value["path"])
        match line["key"]:
            case "file":
                files[value["path"]] = base64.b64decode(value["content"])
            case "lfsFile":
                files[value["path"]] = handler.server.blobs[value["oid"]]
            case "deletedFile":
                del files[value["path"]]
    found.branches[to] = files
    found.commits.append(touched)
    oid = f"{len(found.commits):040}"
    handler.reply(200, {"commitUrl": f"{handler.server.url}/{name}/commit/{oid}", "commitOid": oid})


NAME = r"([\w.-]+/[\w.-]+)"
ROUTES: list[tuple[str, Callable[..., None]]] = [
    ("POST /api/repos/create", create),
    (f"GET /api/models/{NAME}", info),
    (f"GET /api/models/{NAME}/revision/([\\w.-]+)", info),
    (f"POST /api/models/{NAME}/branch/([\\w.-]+)", branch),
    ("POST /api/validate-yaml", validate),
    (f"POST /api/models/{NAME}/preupload/([\\w.-]+)", preupload),
    (f"POST /{NAME}.git/info/lfs/objects/batch", batch),
    ("PUT /lfs/([0-9a-f]{64})", blob),
    ("POST /lfs/([0-9a-f]{64})/verify", verify),
    (f"POST /api/models/{NAME}/commit/([\\w.-]+)", commit),
]


def status(code: int, said: str = "said by the test") -> Fault:
    """An answer with this status."""

    def fault(handler: Handler) -> None:
        handler.body()
        handler.reply(code, {"error": said})

    return fault


def not_json(handler: Handler) -> None:
    """A page, as a server that is no hub sends."""
    handler.body()
    raw = b"<html>sorry</html>"
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(raw)))
    handler.end_headers()
    handler.wfile.write(raw)


def torn(handler: Handler) -> None:
    """Reads a little of what comes, then hangs up without a word."""
    handler.rfile.read(min(1000, int(handler.headers["Content-Length"])))
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
