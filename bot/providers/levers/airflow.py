"""Airflow: a DAG is paused and unpaused, with a word about the runs that a pause does not stop.

Read in the scheduler of Airflow 3.3: a paused DAG starts no queued run and begins no further task of a running one,
but tasks that have begun go on, and runs triggered by hand are still accepted and queued. All that waits starts when
the DAG is unpaused. So a plan says how many runs that are, and a binding may have the queued ones set to failed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from bot.providers.bound import BoundLever
from bot.providers.credentials import Credentials
from bot.providers.httpcall import Answer, HttpCaller
from playbooks.plugin import (
    Described,
    Kind,
    Mark,
    Maturity,
    Outcome,
    Plan,
    Probe,
    ProviderError,
    Strict,
    Tools,
    Verification,
    parse_settings,
    plan_flag,
    undo_flag,
)

API = "/api/v2"
QUEUED = "queued"
PAGE = 100
# Beyond this nobody has read what is failed with one click; Airflow's own pages can do it in bulk.
MOST_FAILED = 500
NOTE_LENGTH = 1000
# 401 for a token that has run out, 403 for one that a restarted Airflow with another key does not know.
STALE_TOKEN = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
STAY_FAILED = "Runs that were set to failed stay failed; clear them in Airflow where they are wanted."


class AirflowLever(BoundLever["AirflowLever.Binding"]):
    """A DAG of Airflow 3, paused and unpaused."""

    tested_with = "Airflow 3.3.2"
    maturity = Maturity.PROVEN

    class Settings(Credentials):
        """`username` and `password` to fetch tokens with, or a `token` (a JWT) that is kept fresh elsewhere."""

        needed = True

    class Binding(Strict):
        """`dag`: its id. `queued`: runs waiting when it is paused are held until it is on again, or failed for good."""

        dag: str = Field(min_length=1)
        queued: Literal["hold", "fail"] = "hold"
        verify_within: int = Field(default=120, ge=1)

        @property
        def path(self) -> str:
            """The DAG in the API."""
            return f"{API}/dags/{_q(self.dag)}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._api = _Api(name, parse_settings(self.Settings, name, settings), tools.probe)

    def close(self) -> None:
        """Close idle connections."""
        self._api.close()

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. With `queued: fail`, `detail` names the runs that would be failed."""
        bound = self._parse(binding)
        state = self._state(bound)
        if bound.queued == "hold":
            return Described(state=state)
        return Described(state=state, detail={QUEUED: json.dumps(self._queued(bound))})

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`. Reads the runs that wait, to warn of them."""
        bound = self._parse(binding)
        plan = plan_flag(
            self.name,
            bound.dag,
            described,
            after,
            proof="the DAG reads {} in Airflow",
            takes=3,
            verify_within=bound.verify_within,
        )
        return replace(plan, warning=self._warning(bound, plan))

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Airflow keeps notes at runs only, so those that are failed say why."""
        bound = self._parse(binding)
        if self._state(bound) != plan.after:
            self._api.write("PATCH", bound.path, "pause", body={"is_paused": plan.after == "off"})
        for run in _to_fail(plan):
            self._fail(bound, run, note)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        now = self._state(bound)
        if now != plan.after:
            return Verification(Outcome.CONTRADICTED, f"the DAG reads {now} in Airflow", {"state": now})
        queued, running = self._count(bound, QUEUED), self._count(bound, "running")
        facts = {"state": now, QUEUED: str(queued), "running": str(running)}
        for run in _to_fail(plan):
            state = str((self._run(bound, run) or {}).get("state", "failed"))
            if state in (QUEUED, "running"):
                return Verification(Outcome.NOT_YET, f"the DAG is paused, but its run {run} is still {state}", facts)
        if now == "on":
            return Verification(Outcome.CONFIRMED, "the DAG reads on in Airflow", facts)
        said = f"the DAG reads off in Airflow; {_runs(queued)} queued and {_runs(running)} running"
        return Verification(Outcome.CONFIRMED, said, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """A DAG's versions are not switched."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`. What was failed by request is not started again: that is for people to choose."""
        return replace(undo_flag(plan), warning=STAY_FAILED if _to_fail(plan) else "")

    def _state(self, bound: AirflowLever.Binding) -> str:
        answer = self._api.read(bound.path, "DAG", expect=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise ProviderError(
                f"{self.name} has no DAG {bound.dag}.",
                "Compare `dag` in the lever's binding with the DAG's id in Airflow.",
                kind=Kind.PERMANENT,
            )
        return "off" if answer.object()["is_paused"] else "on"

    def _warning(self, bound: AirflowLever.Binding, plan: Plan) -> str:
        if plan.after == "on":
            waiting = self._count(bound, QUEUED)
            return f"{_runs(waiting)} queued: what waits starts at once." if waiting else ""
        said = []
        if bound.queued == "fail":
            failed = len(_to_fail(plan))
            if failed:
                said.append(f"{failed} queued {'run is' if failed == 1 else 'runs are'} set to failed, for good.")
        elif waiting := self._count(bound, QUEUED):
            said.append(f"{_runs(waiting)} queued: what waits starts when it is turned on again.")
        if running := self._count(bound, "running"):
            said.append(f"{_runs(running)} running: tasks that have begun go on.")
        return " ".join(said)

    def _count(self, bound: AirflowLever.Binding, state: str) -> int:
        query = {"state": state, "limit": "1"}
        return int(self._api.read(f"{bound.path}/dagRuns", f"{state} runs", params=query).object()["total_entries"])

    def _queued(self, bound: AirflowLever.Binding) -> list[str]:
        """Ids of the queued runs, sorted. Raises ProviderError (permanent) when they are too many to fail."""
        found: set[str] = set()
        for offset in range(0, MOST_FAILED, PAGE):
            query = {"state": QUEUED, "limit": str(PAGE), "offset": str(offset), "order_by": "id"}
            page = self._api.read(f"{bound.path}/dagRuns", "queued runs", params=query).object()
            found |= {str(row["dag_run_id"]) for row in page["dag_runs"]}
            if int(page["total_entries"]) <= offset + PAGE:
                return sorted(found)
        raise ProviderError(
            f"{bound.dag} has more than {MOST_FAILED} queued runs, too many to fail with one approval.",
            "Bind the lever with `queued: hold`, or fail them in Airflow.",
            kind=Kind.PERMANENT,
        )

    def _run(self, bound: AirflowLever.Binding, run: str) -> dict[str, Any] | None:
        """A run as Airflow has it; None when it was deleted."""
        answer = self._api.read(f"{bound.path}/dagRuns/{_q(run)}", "run", expect=(HTTPStatus.NOT_FOUND,))
        return None if answer.status == HTTPStatus.NOT_FOUND else answer.object()

    def _fail(self, bound: AirflowLever.Binding, run: str, note: str) -> None:
        found = self._run(bound, run)
        if found is None or found.get("state") != QUEUED:
            return
        said = "\n".join(text for text in (found.get("note"), note) if text)
        body = {"state": "failed", "note": said[-NOTE_LENGTH:]}
        self._api.write("PATCH", f"{bound.path}/dagRuns/{_q(run)}", "fail run", body=body)


class _Api:
    """Calls with a token: the one given, or one fetched with the password and fetched anew when it has run out."""

    def __init__(self, name: str, settings: AirflowLever.Settings, probe: Probe | None) -> None:
        self._name = name
        self._settings = settings
        self._probe = probe
        self._lock = threading.Lock()
        self._callers: list[HttpCaller] = []  # newest last; an older one may still be in use by another thread

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for caller in self._callers:
                caller.close()
            self._callers.clear()

    def read(
        self, path: str, what: str, *, params: Mapping[str, str] | None = None, expect: Collection[int] = ()
    ) -> Answer:
        """See `HttpCaller.read`."""
        return self._sent(lambda http, more: http.read(path, what, params=params, expect=(*expect, *more)))

    def write(self, method: str, path: str, what: str, *, body: Any) -> Answer:
        """See `HttpCaller.write`."""
        return self._sent(lambda http, more: http.write(method, path, what, body=body, expect=more))

    def _sent(self, send: Callable[[HttpCaller, tuple[int, ...]], Answer]) -> Answer:
        if self._settings.token:
            return send(self._caller(), ())
        used = self._caller()
        answer = send(used, STALE_TOKEN)
        if answer.status not in STALE_TOKEN:
            return answer
        return send(self._caller(instead_of=used), ())  # refused for its token, so nothing has happened yet

    def _caller(self, instead_of: HttpCaller | None = None) -> HttpCaller:
        with self._lock:
            if not self._callers or self._callers[-1] is instead_of:
                self._callers.append(self._made(self._settings.token or self._fetched()))
                for old in self._callers[:-2]:
                    old.close()
                del self._callers[:-2]
            return self._callers[-1]

    def _made(self, token: str = "") -> HttpCaller:
        set_to = self._settings
        return HttpCaller(
            self._name,
            set_to.url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            secrets=(token, set_to.password),
            credential=f"providers.{self._name}.{'password' if set_to.username else 'token'}",
            timeout=set_to.timeout,
            probe=self._probe,
        )

    def _fetched(self) -> str:
        login = {"username": self._settings.username, "password": self._settings.password}
        with self._made() as http:
            return str(http.read("/auth/token", "token", method="POST", body=login).object().get("access_token", ""))


def _to_fail(plan: Plan) -> list[str]:
    """Runs that a plan sets to failed; none on the way back."""
    found: list[str] = json.loads(plan.detail.get(QUEUED, "[]")) if plan.after == "off" else []
    return found


def _runs(count: int) -> str:
    return f"{count} run is" if count == 1 else f"{count} runs are"


def _q(text: str) -> str:
    return quote(text, safe="")
