"""The read API: JSON behind one bearer token, pages by cursor, described in `/openapi.json` by its own models.

An endpoint is one entry of `ENDPOINTS`: its path, the models of its query and of its answer, and what reads it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic.json_schema import models_json_schema

from bot.web.api_components import COMPONENTS
from bot.web.api_incidents import INCIDENTS
from bot.web.api_metrics import METRICS
from bot.web.problems import Refused
from bot.web.reading import Closed, Endpoint, Query, page
from playbooks.domain.debt import Age, Debt, DebtKind
from playbooks.domain.timeline import utc_text
from playbooks.plays.house import House
from playbooks.plays.hygiene import debts


class DebtQuery(Query):
    """What `/api/debt` takes."""

    team: Annotated[str, Field(max_length=63)] = ""
    """Only what this team holds."""
    component: Annotated[str, Field(max_length=63)] = ""
    """Only entries of this component."""
    owner: Annotated[str, Field(max_length=80)] = ""
    """Only what this person holds (registry id, or `slack:U…`)."""
    kind: DebtKind | None = None
    """Only entries of this kind."""
    state: Literal["open", "all"] = "open"
    """`all` has closed entries, too."""


class DebtEntry(Closed):
    """One entry of the ledger."""

    id: str
    """`D-118` of what is stored, else kind and name; the same as long as it stands."""
    kind: DebtKind
    component: str
    team: str
    """Accountable team; empty where none is known."""
    owner: str
    """Registry id (or `slack:U…`) of the holder; empty where it is the whole team's."""
    reason: str
    since: datetime
    due: datetime
    """Its end, or by when it is to be reviewed or settled."""
    age: Age
    overdue: bool
    state: Literal["pending", "on", "overdue", "closed", "void"]
    incident: str | None
    """`INC-42`, or null."""
    changes: int
    """How many changes were made in spite of a freeze."""


class DebtPage(Closed):
    """A page of the ledger, the oldest entries first."""

    items: tuple[DebtEntry, ...]
    next: str | None
    """The cursor of the next page; null on the last one."""


class Problem(Closed):
    """What every error looks like (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


# ------------------------------------------------------------------ what is read


def _read_debt(house: House, query: DebtQuery) -> DebtPage:
    found = [
        debt
        for debt in debts(house, closed=query.state == "all")
        if query.team in ("", debt.team)
        and query.component in ("", debt.component)
        and query.owner in ("", debt.owner)
        and query.kind in (None, debt.kind)
    ]
    shown, following = page(found, query, lambda debt: (utc_text(debt.since) or "", debt.id))
    return DebtPage(items=tuple(_entry(debt) for debt in shown), next=following)


def _entry(debt: Debt) -> DebtEntry:
    return DebtEntry.model_validate(
        {
            "id": debt.id,
            "kind": debt.kind,
            "component": debt.component,
            "team": debt.team,
            "owner": debt.owner,
            "reason": debt.reason,
            "since": debt.since,
            "due": debt.due_at,
            "age": debt.age,
            "overdue": debt.overdue,
            "state": debt.state,
            "incident": f"INC-{debt.incident_id}" if debt.incident_id is not None else None,
            "changes": debt.changes,
        }
    )


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("/api/debt", "The debt ledger: what stands against the normal state.", DebtQuery, DebtPage, _read_debt),
    METRICS,
    *INCIDENTS,
    *COMPONENTS,
)


def admit(token: str, authorization: str) -> None:
    """Let a request through. Raises Refused: 404 while the API is off, 401 for a wrong or missing token."""
    if not token:
        raise Refused(404, "api_off", "The read API is off. Set MUSTER_API_TOKEN to turn it on.")
    scheme, _, given = authorization.partition(" ")
    fits = hmac.compare_digest(given.strip().encode(), token.encode())
    if scheme.lower() != "bearer" or not fits:
        detail = "The token is wrong or missing. Send it as `Authorization: Bearer …`."
        raise Refused(401, "wrong_token", detail)


def answer(
    house: House, endpoint: Endpoint, given: Sequence[tuple[str, str]], place: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The JSON of an endpoint; `place` is what its path names.

    Raises Refused for a query that cannot be used and for what there is not, `errors.StoreBusy`.
    """
    names = [name for name, _ in given]
    for name in names:
        if name in place:
            raise Refused(400, "bad_query", f"{name} stands in the path, not in the query.")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Refused(400, "bad_query", f"{twice[:60]} is given twice.")
    try:
        query = endpoint.query.model_validate(dict(given) | dict(place))
    except ValidationError as bad:
        first = bad.errors(include_url=False, include_input=False, include_context=False)[0]
        if first["loc"] == ("cursor",):
            raise Refused(400, "bad_cursor", "That cursor is none of this list. Begin again without one.") from None
        name = ".".join(str(part) for part in first["loc"])[:60]
        if name in place:
            raise Refused(404, "not_found", f"There is no such {name}: {place[name][:60]}.") from None
        known = ", ".join(field for field in endpoint.query.model_fields if field not in place) or "none"
        why = f"is not known; there are {known}" if first["type"] == "extra_forbidden" else first["msg"].lower()
        raise Refused(400, "bad_query", f"{name}: {why}.") from None
    return endpoint.read(house, query).model_dump_json()


def etag_of(body: str) -> str:
    """The strong validator of an answer (RFC 9110): the same bytes have the same one."""
    return f'"{sha256(body.encode()).hexdigest()[:32]}"'


def unchanged(etag: str, if_none_match: str) -> bool:
    """Whether the client has this answer already, by its `If-None-Match`."""
    given = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return etag in given or given == ["*"]


# ------------------------------------------------------------------ its description


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of all routes, made from the models they answer with."""
    from bot.web import described  # its models are for this document alone, which a start of the bot need not wait for

    models: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [(Problem, "serialization")]
    models += [(endpoint.answer, "serialization") for endpoint in ENDPOINTS]
    models += [(answer, "serialization") for answer in described.ANSWERS]
    _, schemas = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Muster", "version": "1", "description": "What Muster takes in, and what it knows."},
        "paths": described.paths() | {endpoint.path: {"get": _operation(endpoint)} for endpoint in ENDPOINTS},
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "MUSTER_API_TOKEN"},
                **described.SECURITY,
            },
        },
        "security": [{"token": []}],
    }


_IF_NONE_MATCH: Mapping[str, Any] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
}


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    etag = {"ETag": {"description": "Send it back as `If-None-Match`.", "schema": {"type": "string"}}}
    refused = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told = {
        "400": "The query cannot be used.",
        "401": "The token is wrong or missing.",
        "404": "The read API is off, or there is no such thing.",
        "503": "The database does not answer; come again after `Retry-After` seconds.",
    }
    found = {"$ref": f"#/components/schemas/{endpoint.answer.__name__}"}
    answers: dict[str, Any] = {
        "200": {"description": "A page.", "headers": etag, "content": {"application/json": {"schema": found}}},
        "304": {"description": "As it was when the ETag of `If-None-Match` was given.", "headers": etag},
    }
    answers |= {status: {"description": why, "content": refused} for status, why in told.items()}
    return {
        "summary": endpoint.summary,
        "operationId": re.sub(r"\W+", "_", endpoint.path).strip("_"),
        "parameters": [*_parameters(endpoint.query, endpoint.path), _IF_NONE_MATCH],
        "responses": answers,
    }


def _parameters(query: type[BaseModel], path: str) -> list[Mapping[str, Any]]:
    schema = query.model_json_schema(mode="validation")
    inner = schema.get("$defs", {})
    found: list[Mapping[str, Any]] = []
    for name, item in schema["properties"].items():
        shown = {key: value for key, value in _inlined(item, inner).items() if key not in ("title", "description")}
        where = "path" if f"{{{name}}}" in path else "query"
        found.append({"name": name, "in": where, "required": name in schema.get("required", []), "schema": shown})
    return found


def _inlined(item: Any, defs: Mapping[str, Any]) -> Any:
    """A parameter's schema without references: the parameters stand in no place of their own."""
    if isinstance(item, dict):
        if "$ref" in item:
            return _inlined(defs[item["$ref"].rsplit("/", 1)[1]], defs)
        return {key: _inlined(value, defs) for key, value in item.items()}
    return [_inlined(one, defs) for one in item] if isinstance(item, list) else item
