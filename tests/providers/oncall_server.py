"""A loopback server that speaks the shapes of the on-call tools' APIs and can be told to misbehave."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, unquote, urlsplit

from tests.loopback import LoopbackServer

PAGERDUTY_TOKEN = "pd-secret-u+wZ"
GENIE_KEY = "genie-secret-1"
JSM_BASIC = "Basic Ym90QGV4YW1wbGUuY29tOmpzbS1zZWNyZXQ="  # bot@example.com:jsm-secret
TEAM_A = "a4b1c2d3-0000-4000-8000-000000000001"

Query = dict[str, list[str]]


@dataclass
class Tools:
    """What the tools know, and how they misbehave.

    Attributes:
        oncalls: by schedule or escalation policy. recipients: by schedule name or id. users: JSM account -> user.
        status: answered instead of anything else, when set. gate: closed, no answer comes before it opens.
    """

    url: str = ""
    oncalls: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    recipients: dict[str, list[str]] = field(default_factory=dict)
    users: dict[str, dict[str, str]] = field(default_factory=dict)
    calendar: bytes = b""
    status: int = 0
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body."""
        split = urlsplit(path)
        self.asked.append(path)
        self.gate.wait(20)
        if self.status:
            said = {"message": f"no, not with {headers.get('authorization', '')} at {path}"}
            return self.status, self.body if self.body is not None else json.dumps(said).encode()
        if self.body is not None:
            return 200, self.body
        if split.path.endswith(".ics"):
            return (200, self.calendar) if split.query == "key=hush-hush" else (404, b"no calendar " + path.encode())
        query = parse_qs(split.query)
        status, data = self._routed(unquote(split.path), query, headers.get("authorization", ""))
        return status, json.dumps(data).encode()

    def _routed(self, path: str, query: Query, auth: str) -> tuple[int, object]:
        routes: list[tuple[str, str, Callable[[str, Query], tuple[int, object]]]] = [
            ("/oncalls", f"Token token={PAGERDUTY_TOKEN}", self._oncalls),
            ("/v2/schedules/", f"GenieKey {GENIE_KEY}", self._opsgenie),
            ("/jsm/ops/api/cloud-1/v1/schedules", JSM_BASIC, self._jsm),
            ("/rest/api/3/user", JSM_BASIC, self._user),
            ("/ex/jira/cloud-1/rest/api/3/user", JSM_BASIC, self._user),
        ]
        for begin, wanted, route in routes:
            if path.startswith(begin):
                return route(path.removeprefix(begin), query) if auth == wanted else (401, {"message": "Unauthorized"})
        return 404, {"message": "no such path"}

    def _oncalls(self, rest: str, query: Query) -> tuple[int, object]:
        if query.get("earliest") != ["true"] or query.get("include[]") != ["users"]:
            return 400, {"error": {"message": "wanted earliest and users"}}
        key = (query.get("schedule_ids[]") or query.get("escalation_policy_ids[]") or [""])[0]
        found = self.oncalls.get(key, [])
        start, size = int(query["offset"][0]), int(query["limit"][0])
        page = found[start : start + size]
        return 200, {"oncalls": page, "limit": size, "offset": start, "more": start + size < len(found)}

    def _opsgenie(self, rest: str, query: Query) -> tuple[int, object]:
        name = rest.removesuffix("/on-calls")
        kind = query.get("scheduleIdentifierType", ["id"])[0]
        if query.get("flat") != ["true"] or (kind == "id") != (name == TEAM_A) or name not in self.recipients:
            return 404, {"message": f"Schedule with {kind} [{name}] does not exist", "took": 0.1}
        parent = {"id": TEAM_A, "name": name, "enabled": True}
        return 200, {"data": {"_parent": parent, "onCallRecipients": self.recipients[name]}, "took": 0.1}

    def _jsm(self, rest: str, query: Query) -> tuple[int, object]:
        if not rest:
            listed = [{"id": TEAM_A, "name": "Team A_schedule"}, {"id": "other", "name": "Team A_schedule 2"}]
            return 200, {"values": listed, "links": {}}
        name = rest.strip("/").removesuffix("/on-calls")
        if name not in self.recipients:
            return 404, {"message": "not found"}
        return 200, {"onCallUsers": self.recipients[name]}

    def _user(self, rest: str, query: Query) -> tuple[int, object]:
        found = self.users.get(query["accountId"][0])
        return (200, found) if found is not None else (404, {"errorMessages": ["no user"]})


def entry(email: str, level: int = 1, name: str = "Some Body") -> dict[str, object]:
    """An on-call entry as PagerDuty lists it with `include[]=users`."""
    user = {"id": "PUSER01", "type": "user", "summary": name, "name": name, "email": email, "time_zone": "UTC"}
    return {
        "escalation_policy": {"id": "PPOLICY", "type": "escalation_policy_reference", "summary": "Fraud"},
        "escalation_level": level,
        "schedule": {"id": "PSCHED1", "type": "schedule_reference", "summary": "Fraud primary"},
        "user": user if email else {"id": "PUSER02", "type": "user_reference", "summary": name},
        "start": "2026-11-16T08:00:00Z",
        "end": "2026-11-23T08:00:00Z",
    }


@contextmanager
def tools() -> Iterator[Tools]:
    """The tools behind one address, with the gate open."""
    here = Tools()
    here.gate.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, body = here.answer(self.path, headers)
            self.send_response(status)
            for key, value in here.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with LoopbackServer(Handler) as server:
        here.url = server.url
        try:
            yield here
        finally:
            here.gate.set()
