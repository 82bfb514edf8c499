"""MLflow's registry: an alias of a model, a prompt or an index is moved, and model servers are asked if they followed.

A prompt is a registered model with a tag of MLflow's own, so it is moved alike. A vector index is registered by its
team as a model whose versions are its builds; `embedding_model` as a tag of a version names what it was built with.
Where a team keeps the version in use in a tag of the registered model, that tag is moved instead of an alias.

What is read and written beside the alias, as tags of a model version: `muster.mark` (good or bad), `muster.mark.note`,
`muster.mark.at` (ISO 8601), and `muster.note` (which action moved the alias here). A version without `muster.mark` is
judged by MLflow's customary tag `validation_status` (approved, passed; rejected, failed).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from pydantic import Field, field_validator, model_validator

from bot.providers.bound import BoundLever, OverHttp
from bot.providers.credentials import Credentials
from bot.providers.httpcall import Answer
from bot.providers.serving import ServingCheck, serving_proof
from playbooks.plugin import (
    NOTE_TAG,
    Conflict,
    Described,
    Kind,
    Mark,
    Maturity,
    Outcome,
    Plan,
    ProviderError,
    Strict,
    Tools,
    Verification,
    Version,
    alias_target,
    datetime_of,
    parse_settings,
    plan_version,
    undo_version,
    version_name,
)

log = logging.getLogger(__name__)

BASE = "/api/2.0/mlflow"
MARK_TAG = "muster.mark"
STATUS_TAG = "validation_status"
STATUS_MARKS = {"approved": Mark.GOOD, "passed": Mark.GOOD, "rejected": Mark.BAD, "failed": Mark.BAD}
PAGE = 200
# More versions than anybody rolls back over; it ends a registry that hands out page tokens for ever.
MAX_PAGES = 25
# A preview waits for the registry; what is served now is worth a glance only.
LOOK_SECONDS = 2.0
IS_PROMPT = "mlflow.prompt.is_prompt"
EMBEDDING_TAG = "embedding_model"
EMBEDDINGS = "embeddings"
# What loads a prompt by its alias: MLFLOW_ALIAS_PROMPT_CACHE_TTL_SECONDS, 60 where nothing is set.
CACHED = "MLflow's clients keep an alias for up to 60 s"
# MLflow answers 400 with this code for an alias that is not set, and 404 for a model that is not there.
NO_ALIAS = "INVALID_PARAMETER_VALUE"


class MlflowLever(OverHttp, BoundLever["MlflowLever.Binding"]):
    """An alias or tag of a model, prompt or index in MLflow's registry, with a look at what model servers answer."""

    tested_with = "MLflow 3.17.2, MLServer 1.7.1"
    maturity = Maturity.PROVEN

    class Settings(Credentials):
        """`serving_token`: a bearer token for the model servers."""

        serving_token: str = ""

    class Binding(Strict):
        """One of `model`, `prompt` and `index`, and its `alias`, or a `tag` that holds the version in use.

        `serving`: base URL of a V2 model server, or several; `serving_model`: its name there, default `model`.
        """

        model: str = ""
        prompt: str = ""
        index: str = ""
        alias: str = Field(default="champion", min_length=1)
        tag: str = ""
        serving: str | list[str] = ""
        serving_model: str = ""
        sample: dict[str, Any] | None = None
        answers: int = Field(default=20, ge=1, le=1000)
        verify_within: int = Field(default=120, ge=1)

        @field_validator("serving")
        @classmethod
        def _addresses(cls, value: str | list[str]) -> str | list[str]:
            for url in [value] if isinstance(value, str) else value:
                if url and not url.startswith(("http://", "https://")):
                    raise ValueError("an address begins with http:// or https://")
            return value

        @model_validator(mode="after")
        def _one_of_each(self) -> MlflowLever.Binding:
            if sum(1 for name in (self.model, self.prompt, self.index) if name) != 1:
                raise ValueError("write one of model, prompt and index")
            if self.tag and "alias" in self.model_fields_set:
                raise ValueError("write either alias or tag")
            if self.serving and not self.model:
                raise ValueError("serving proves a model only")
            return self

        @property
        def kind(self) -> str:
            """What it is, in words."""
            return "model" if self.model else "prompt" if self.prompt else "index"

        @property
        def name(self) -> str:
            """The registered model, as MLflow has all three."""
            return self.model or self.prompt or self.index

        @property
        def pointer(self) -> str:
            """How the version in use is kept, in words."""
            return "tag" if self.tag else "alias"

        @property
        def target(self) -> str:
            """The plan's target."""
            return alias_target(self.name, self.tag or self.alias)

        @property
        def servers(self) -> Sequence[str]:
            """The serving addresses, none when no serving check is bound."""
            return [self.serving] if isinstance(self.serving, str) and self.serving else list(self.serving)

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._settings = parse_settings(self.Settings, name, settings)
        self._clock = tools.clock
        self._probe = tools.probe
        self._http = self._settings.caller(name, tools.probe)

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        state = self._pointed(bound)
        rows = self._versions(bound)
        detail = {bound.pointer: bound.tag or bound.alias}
        if bound.index:
            built = {str(row["version"]): model for row in rows if (model := _tags(row).get(EMBEDDING_TAG))}
            detail[EMBEDDINGS] = json.dumps(built, sort_keys=True)
        served = ""
        if bound.servers:
            with self._serving(bound, timeout=LOOK_SECONDS) as serving:
                served = serving.served()
        return Described(state, tuple(_version(row) for row in rows), detail, served)

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        proof = f"the registry's {bound.pointer} reads {{}} ({CACHED if bound.prompt else 'no serving check is bound'})"
        if bound.servers:
            proof = serving_proof(bound.answers, len(bound.servers))
        plan = plan_version(
            self.name,
            bound.target,
            described,
            after,
            proof=proof,
            takes=40 if bound.servers else 2,
            verify_within=bound.verify_within,
        )
        return replace(plan, warning=" ".join(text for text in (plan.warning, _other_embedding(plan)) if text))

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. Raises Conflict when the alias is neither where it was nor where it should go."""
        bound = self._parse(binding)
        now = self._pointed(bound)
        if now not in (plan.before, plan.after):
            raise Conflict(
                f"{plan.target} points to {version_name(now)} by now, not {version_name(plan.before)}; "
                "nothing was changed."
            )
        if now != plan.after:
            self._point(bound, plan.after)
        if plan.after:
            self._leave_note(bound, plan.after, note)

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        now = self._pointed(bound)
        facts = {"state": now}
        if now != plan.after:
            evidence = f"the {bound.pointer} points to {version_name(now)}, not {version_name(plan.after)}"
            return Verification(Outcome.CONTRADICTED, evidence, facts)
        if not bound.servers or not plan.after:
            return Verification(Outcome.CONFIRMED, f"the {bound.pointer} points to {version_name(now)}", facts)
        with self._serving(bound) as serving:
            seen = serving.verify(plan.after)
        return Verification(seen.outcome, seen.evidence, {**facts, **seen.facts})

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """See `ports.Lever`. The same mark and note again change nothing, so the first time of marking stays."""
        bound = self._parse(binding)
        query = {"name": bound.name, "version": version}
        answer = self._http.read(f"{BASE}/model-versions/get", "version", params=query).object()
        tags = _tags(answer["model_version"])
        if tags.get(MARK_TAG) == mark.value and tags.get(f"{MARK_TAG}.note", "") == note:
            return
        # The mark itself last: it never stands without its reason.
        self._tag(bound, version, f"{MARK_TAG}.note", note)
        self._tag(bound, version, f"{MARK_TAG}.at", self._clock.now().astimezone(UTC).isoformat())
        self._tag(bound, version, MARK_TAG, mark.value)

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`."""
        return undo_version(plan)

    def _serving(self, bound: MlflowLever.Binding, *, timeout: float = 5.0) -> ServingCheck:
        return ServingCheck(
            bound.servers,
            bound.serving_model or bound.model,
            answers=bound.answers,
            sample=bound.sample,
            token=self._settings.serving_token,
            timeout=timeout,
            probe=self._probe,
        )

    def _pointed(self, bound: MlflowLever.Binding) -> str:
        """The version in use, empty when none is set. Raises ProviderError (permanent) for an unknown model."""
        if bound.tag:
            return _tags(self._model(bound)).get(bound.tag, "")
        query = {"name": bound.name, "alias": bound.alias}
        path = f"{BASE}/registered-models/alias"
        answer = self._http.read(path, "alias", params=query, expect=(HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND))
        if answer.status == HTTPStatus.OK:
            return str(answer.object()["model_version"]["version"])
        # An alias that is not set and a model that is not there can look the same.
        if answer.status == HTTPStatus.BAD_REQUEST and _code(answer) == NO_ALIAS and self._model(bound):
            return ""
        raise self._unknown(bound)

    def _model(self, bound: MlflowLever.Binding) -> Mapping[str, Any]:
        """The registered model. Raises ProviderError (permanent) when there is none."""
        path = f"{BASE}/registered-models/get"
        answer = self._http.read(path, bound.kind, params={"name": bound.name}, expect=(HTTPStatus.NOT_FOUND,))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise self._unknown(bound)
        found: Mapping[str, Any] = answer.object()["registered_model"]
        return found

    def _unknown(self, bound: MlflowLever.Binding) -> ProviderError:
        return ProviderError(
            f"{self.name} has no {bound.kind} {bound.name}.",
            f"Compare `{bound.kind}` in the lever's binding with the registry's name.",
            kind=Kind.PERMANENT,
        )

    def _versions(self, bound: MlflowLever.Binding) -> list[Mapping[str, Any]]:
        """All versions, newest first."""
        quoted = bound.name.replace("'", "''")
        # Without this word MLflow leaves prompts out.
        prompts = f" AND tags.`{IS_PROMPT}` = 'true'" if bound.prompt else ""
        query = {
            "filter": f"name='{quoted}'{prompts}",
            "order_by": "version_number DESC",
            "max_results": str(PAGE),
        }
        found: list[Mapping[str, Any]] = []
        for _ in range(MAX_PAGES):
            answer = self._http.read(f"{BASE}/model-versions/search", "versions", params=query).object()
            found += answer.get("model_versions", [])
            token = answer.get("next_page_token")
            if not token:
                break
            query = {**query, "page_token": str(token)}
        return found

    def _point(self, bound: MlflowLever.Binding, version: str) -> None:
        """Set the alias or tag, or take it away where there was none before."""
        path = f"{BASE}/registered-models"
        if bound.tag:
            key = {"name": bound.name, "key": bound.tag}
            if version:
                self._http.write("POST", f"{path}/set-tag", "tag", body={**key, "value": version})
            else:
                self._http.write("DELETE", f"{path}/delete-tag", "tag", body=key)
            return
        body = {"name": bound.name, "alias": bound.alias}
        if version:
            self._http.write("POST", f"{path}/alias", "alias", body={**body, "version": version})
        else:
            self._http.write("DELETE", f"{path}/alias", "alias", body=body)

    def _tag(self, bound: MlflowLever.Binding, version: str, key: str, value: str) -> None:
        body = {"name": bound.name, "version": version, "key": key, "value": value}
        self._http.write("POST", f"{BASE}/model-versions/set-tag", f"tag {key}", body=body)

    def _leave_note(self, bound: MlflowLever.Binding, version: str, note: str) -> None:
        """A courtesy: the alias has moved, so a note that cannot be left must not make the action a failed one."""
        try:
            self._tag(bound, version, NOTE_TAG, note)
        except ProviderError as failed:
            log.warning("note not left in %s: %s", self.name, failed.sentence)


def _code(answer: Answer) -> str:
    data = answer.json()
    return str(data.get("error_code", "")) if isinstance(data, dict) else ""


def _tags(row: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["key"]): str(tag["value"]) for tag in row.get("tags", [])}


def _other_embedding(plan: Plan) -> str:
    """A warning where an index was built with another embedding model than the one in use, empty when not known."""
    built: dict[str, str] = json.loads(plan.detail.get(EMBEDDINGS, "{}"))
    old, new = built.get(plan.after, ""), built.get(plan.before, "")
    if not old or not new or old == new:
        return ""
    return (
        f"{version_name(plan.after)} was built with {old}, {version_name(plan.before)} with {new}: "
        "queries must be embedded with the same."
    )


def _version(row: Mapping[str, Any]) -> Version:
    tags = _tags(row)
    note = tags.get(f"{MARK_TAG}.note", "")
    mark = {"good": Mark.GOOD, "bad": Mark.BAD}.get(tags.get(MARK_TAG, ""))
    if mark is None:
        status = tags.get(STATUS_TAG, "")
        mark = STATUS_MARKS.get(status.lower())
        note = f"{STATUS_TAG} {status}" if mark else ""
    created = row.get("creation_timestamp")  # milliseconds since 1970, UTC
    return Version(
        id=str(row["version"]),
        mark=mark,
        mark_note=note,
        marked_at=datetime_of(tags.get(f"{MARK_TAG}.at")),
        created_at=datetime.fromtimestamp(int(created) / 1000, UTC) if created else None,
    )
