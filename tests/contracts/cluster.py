"""A small cluster: the part of Kubernetes' API that the levers use, with its versions, conflicts and subresources.

It is written from the API's documentation: patches by content type (RFC 6902 and RFC 7386), 409 for a patch that
carries an old `resourceVersion`, 422 for a JSON patch whose test fails, `generation` that counts changes of the spec,
the status behind `/status`. Its controllers run only when a test says so (`settle`), so a test can look in between.
"""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import LoopbackServer

Object = dict[str, Any]
TOKEN = "muster-cluster-token"
APPS = "/apis/apps/v1/namespaces/ml"
BATCH = "/apis/batch/v1/namespaces/ml"
KSERVE = "/apis/serving.kserve.io/v1beta1/namespaces/ml"
ARGO = "/apis/argoproj.io/v1alpha1/namespaces/ml"
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"


class Refused(Exception):
    """An answer other than 200, with Kubernetes' `Status` for a body."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}


class Cluster:
    """Objects by path.

    Attributes:
        token: whom it lets in. writes: paths and fields of every patch that took effect. page: longest list.
        before_write: called once before the next patch is looked at, to be faster than it.
        status_of_its_own: whether rollouts have a status subresource.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.forget()

    def forget(self) -> None:
        """Become as new."""
        self.objects: dict[str, Object] = {}
        self.token = TOKEN
        self.writes: list[str] = []
        self.page = 500
        self.before_write: list[Any] = []
        self.status_of_its_own = True
        self._numbers = count(100)

    # what tests do

    def put(self, path: str, spec: Object, status: Object | None = None, **metadata: Any) -> Object:
        """Create an object."""
        with self._lock:
            made = {"uid": f"uid-{next(self._numbers)}", "generation": 1, "name": path.rpartition("/")[2]}
            made["creationTimestamp"] = "2026-11-02T08:00:00Z"
            self.objects[path] = {"metadata": {**made, **metadata}, "spec": deepcopy(spec), "status": status or {}}
            self._touch(path)
            return self.objects[path]

    def edit(self, path: str, **spec: Any) -> None:
        """Somebody else changes some of an object's spec."""
        with self._lock:
            self._store(path, {**self.objects[path], "spec": {**self.objects[path]["spec"], **deepcopy(spec)}})

    def report(self, path: str, **status: Any) -> None:
        """A controller writes some of an object's status, which makes a new version of it."""
        with self._lock:
            self.objects[path]["status"].update(deepcopy(status))
            self._touch(path)

    def _touch(self, path: str) -> None:
        self.objects[path]["metadata"]["resourceVersion"] = str(next(self._numbers))

    def _store(self, path: str, new: Object) -> None:
        old = self.objects[path]
        metadata = {**new["metadata"], "generation": old["metadata"]["generation"] + (new["spec"] != old["spec"])}
        self.objects[path] = {**new, "metadata": metadata}
        if new != old:
            self._touch(path)

    # what the API server does

    def get(self, path: str, query: Mapping[str, list[str]]) -> Object:
        """One object, or a list by labels."""
        with self._lock:
            if path in self.objects:
                return deepcopy(self.objects[path])
            if path.rpartition("/")[2] not in ("replicasets", "deployments"):
                raise Refused(404, "NotFound", f"{path} not found")
            wanted = [pair.partition("=") for pair in query.get("labelSelector", [""])[0].split(",")]
            found = [
                deepcopy(each)
                for at, each in sorted(self.objects.items())
                if at.rpartition("/")[0] == path
                and all(each["metadata"].get("labels", {}).get(key) == value for key, _, value in wanted)
            ]
            start = int(query.get("continue", ["0"])[0])
            end = start + min(self.page, int(query.get("limit", ["500"])[0]))
            more = {"continue": str(end)} if end < len(found) else {}
            return {"kind": "List", "metadata": more, "items": found[start:end]}

    def patch(self, path: str, content_type: str, body: Any) -> Object:
        """Change one object, or only its status."""
        for first in self.before_write[:1]:
            self.before_write.remove(first)
            first()
        with self._lock:
            place, status = (path.removesuffix("/status"), True) if path.endswith("/status") else (path, False)
            if place not in self.objects or (status and not self._has_status(place)):
                raise Refused(404, "NotFound", f"{path} not found")
            old = self.objects[place]
            new = patched(old, content_type, body)
            if new["metadata"].get("resourceVersion") != old["metadata"]["resourceVersion"]:
                raise Refused(409, "Conflict", "the object has been modified; apply your changes to the latest version")
            if status:
                new = {**old, "status": new["status"]}
            elif self._has_status(place):
                new = {**new, "status": old["status"]}
            self._store(place, new)
            self.writes.append(path)
            return deepcopy(self.objects[place])

    def _has_status(self, path: str) -> bool:
        return self.status_of_its_own or "/rollouts/" not in path

    # what the controllers do

    def settle(self) -> None:
        """Let every controller do all it has to."""
        with self._lock:
            for path in list(self.objects):
                for part, control in (
                    ("/deployments/", self.roll),
                    ("/rollouts/", self._argo),
                    ("/inferenceservices/", self._kserve),
                ):
                    if part in path:
                        control(path)

    def roll(self, path: str, available: int | None = None) -> None:
        """The Deployment controller: a ReplicaSet for the template, the next revision, all replicas on it."""
        seen = self.objects[path]
        name = template_hash(seen["spec"]["template"])
        at = f"{APPS}/replicasets/{path.rpartition('/')[2]}-{name}"
        if at not in self.objects:
            template = deepcopy(seen["spec"]["template"])
            labels = {**seen["spec"]["selector"]["matchLabels"], HASH: name}
            template["metadata"]["labels"][HASH] = name
            owner = {"kind": "Deployment", "uid": seen["metadata"]["uid"], "controller": True}
            self.put(at, {"replicas": 0, "template": template}, labels=labels, annotations={}, ownerReferences=[owner])
        revisions = {
            set_at: int(each["metadata"]["annotations"].get(REVISION, "0"))
            for set_at, each in self.objects.items()
            if set_at.startswith(f"{APPS}/replicasets/{path.rpartition('/')[2]}-")
        }
        if revisions[at] < max(revisions.values()) or not revisions[at]:
            self.objects[at]["metadata"]["annotations"][REVISION] = str(max(revisions.values()) + 1)
        wanted = seen["spec"]["replicas"]
        there = wanted if available is None else available
        generation = seen["metadata"]["generation"]
        self.report(
            path, observedGeneration=generation, replicas=wanted, updatedReplicas=wanted, availableReplicas=there
        )

    def _argo(self, path: str) -> None:
        """Argo's controller after an abort or a retry, without traffic routing."""
        status = self.objects[path]["status"]
        if status.get("abort"):
            self.report(
                path, phase="Degraded", updatedReplicas=0, availableReplicas=self.objects[path]["spec"]["replicas"]
            )
        elif status["stableRS"] != status["currentPodHash"]:
            self.report(path, phase="Progressing", updatedReplicas=1)

    def _kserve(self, path: str) -> None:
        """KServe's controller, as it splits traffic on Knative and follows which revision had all of it."""
        seen = deepcopy(self.objects[path])
        predictor = seen["status"]["components"]["predictor"]
        newest, rolled_out = predictor["latestCreatedRevision"], predictor.get("latestRolledoutRevision", "")
        percent = seen["spec"]["predictor"].get("canaryTrafficPercent")
        percent = 100 if percent is None else percent
        if percent < 100 and rolled_out == newest:
            rolled_out = predictor["previousRolledoutRevision"]
        if percent == 100 and rolled_out != newest:
            predictor["previousRolledoutRevision"], rolled_out = rolled_out, newest
        routes = [{"revisionName": newest, "latestRevision": True, "percent": percent}]
        if percent < 100:
            routes.append({"revisionName": rolled_out, "percent": 100 - percent, "tag": "prev"})
        predictor.update(latestReadyRevision=newest, latestRolledoutRevision=rolled_out, traffic=routes)
        self.report(path, components=seen["status"]["components"])


def template_hash(template: Object) -> str:
    """A name for a template, as long as Kubernetes' own."""
    return hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:9]


def patched(old: Object, content_type: str, body: Any) -> Object:
    """The object after a patch. Raises Refused."""
    if content_type == "application/merge-patch+json":
        merged: Object = _merged(deepcopy(old), body)
        return merged
    if content_type == "application/json-patch+json":
        new = deepcopy(old)
        for operation in body:
            _operate(new, operation)
        return new
    raise Refused(415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}")


def _merged(old: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            new.pop(key, None)
        else:
            new[key] = _merged(new.get(key), value)
    return new


def _operate(new: Object, operation: Mapping[str, Any]) -> None:
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    place: Any = new
    for part in way:
        place = place[part]
    match operation["op"]:
        case "test":
            if place.get(last) != operation["value"]:
                raise Refused(422, "Invalid", f"testing path {operation['path']}: test failed")
        case "replace" | "add":
            if operation["op"] == "replace" and last not in place:
                raise Refused(422, "Invalid", f"replace operation does not apply: {operation['path']} is missing")
            place[last] = deepcopy(operation["value"])
        case other:
            raise Refused(400, "BadRequest", f"no operation {other}")


@contextmanager
def serving(cluster: Cluster) -> Iterator[str]:
    """The cluster's API over HTTP; the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_PATCH(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                code, told = 200, self._asked(body)
            except Refused as refused:
                code, told = refused.code, refused.status
            content = json.dumps(told).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _asked(self, body: bytes) -> Object:
            if self.headers.get("Authorization") != f"Bearer {cluster.token}":
                raise Refused(401, "Unauthorized", "Unauthorized")
            url = urlsplit(self.path)
            if self.command == "GET":
                return cluster.get(unquote(url.path), parse_qs(url.query))
            return cluster.patch(unquote(url.path), self.headers.get("Content-Type", ""), json.loads(body))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with LoopbackServer(Handler) as server:
        yield server.url
