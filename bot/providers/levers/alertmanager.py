"""Alertmanager: an alert is silenced and heard again. Off is an active silence with exactly the binding's matchers.

A silence has an end of its own: when Muster is gone, the alert comes back by itself. That end is the backstop, not the
time box, which may be extended; so it lies as far ahead as a time box may last (`longest`). Alertmanager writes
silences to disk every few minutes only, so one that is killed may forget a new silence: the alert is heard again then.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, model_validator

from bot.providers.bound import BoundLever, OverHttp
from bot.providers.credentials import Credentials
from playbooks.plugin import (
    Described,
    Mark,
    Maturity,
    Outcome,
    Plan,
    Span,
    Strict,
    Tools,
    Verification,
    datetime_of,
    parse_settings,
    plan_flag,
    say_span,
    undo_flag,
)

API = "/api/v2"
BY = "muster"
SILENCES = "silences"
# What makes a silence the same one; its id is given anew, and its start moves, when it is put back.
CONTENT = ("createdBy", "comment", "endsAt")

Label = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]
Text = Annotated[str, Field(min_length=1)]


class Regex(Strict):
    """A regular expression for the whole value, in Alertmanager's dialect (RE2)."""

    regex: Text


class AlertmanagerLever(OverHttp, BoundLever["AlertmanagerLever.Binding"]):
    """An alert of Alertmanager, silenced with an end."""

    tested_with = "Alertmanager 0.25.0"
    maturity = Maturity.PROVEN

    Settings = Credentials

    class Binding(Strict):
        """`matchers`: label to its value, several values or `{regex: …}`; all must hold.

        `longest`: after this the silence ends by itself; as long as the right to disable allows, or longer.
        `debt`: the kind of the ledger's entry.
        """

        matchers: dict[Label, Text | list[Text] | Regex] = Field(min_length=1)
        longest: Span = timedelta(days=7)
        debt: Literal["muted_alert", "disable"] = "muted_alert"
        verify_within: int = Field(default=60, ge=1)

        @model_validator(mode="after")
        def _lasts(self) -> AlertmanagerLever.Binding:
            if self.longest <= timedelta(0):
                raise ValueError("longest must be a length of time")
            if [] in self.matchers.values():
                raise ValueError("a label without values matches nothing")
            return self

        @property
        def wanted(self) -> list[dict[str, Any]]:
            """The matchers as Alertmanager has them, by label."""
            return [_matcher(label, self.matchers[label]) for label in sorted(self.matchers)]

        @property
        def target(self) -> str:
            """The matchers as people write them: `{alertname="FeatureDrift", component="fraud-scorer"}`."""
            return f"{{{', '.join(_written(matcher) for matcher in self.wanted)}}}"

    def __init__(self, name: str, settings: Mapping[str, Any], tools: Tools) -> None:
        self.name = name
        self._clock = tools.clock
        self._http = parse_settings(self.Settings, name, settings).caller(name, tools.probe)

    def backstop(self, binding: Mapping[str, Any]) -> timedelta:
        """After this a silence ends by itself. Raises ConfigError."""
        return self._parse(binding).longest

    def describe(self, binding: Mapping[str, Any]) -> Described:
        """See `ports.Lever`. `detail` has the active silences with these matchers, whoever made them."""
        active = self._active(self._parse(binding))
        contents = sorted((_content(silence) for silence in active), key=lambda content: sorted(content.items()))
        return Described(state=_state(active), detail={SILENCES: json.dumps(contents, sort_keys=True)})

    def plan(self, binding: Mapping[str, Any], described: Described, after: str) -> Plan:
        """See `ports.Lever`. Reads which alerts match now, so that the approver knows what is muted."""
        bound = self._parse(binding)
        plan = plan_flag(
            self.name,
            bound.target,
            described,
            after,
            proof="the alert reads {} in Alertmanager, and no alert contradicts it",
            takes=2,
            verify_within=bound.verify_within,
        )
        firing = len(self._alerts(bound))
        if after == "on":
            theirs = [silence for silence in _listed(plan) if silence["createdBy"] != BY]
            return replace(plan, warning=f"It is {_owners(theirs)}; that silence is ended." if theirs else "")
        warning = f"{_count(firing)} now and {'is' if firing == 1 else 'are'} muted." if firing else ""
        note = f"the silence ends by itself after {say_span(bound.longest)}, also without Muster"
        return replace(plan, note=note, warning=warning, detail={**plan.detail, "debt": bound.debt})

    def apply(self, binding: Mapping[str, Any], plan: Plan, *, note: str) -> None:
        """See `ports.Lever`. A silence that somebody else made since the plan stays."""
        bound = self._parse(binding)
        active = self._active(bound)
        if plan.after == "off":
            self._silence(bound, plan, active, note)
            return
        planned = _listed(plan)
        for silence in active:
            if silence["createdBy"] == BY or _content(silence) in planned:
                self._http.write("DELETE", f"{API}/silence/{quote(str(silence['id']), safe='')}", "end silence")

    def verify(self, binding: Mapping[str, Any], plan: Plan) -> Verification:
        """See `ports.Lever`."""
        bound = self._parse(binding)
        active = self._active(bound)
        alerts = self._alerts(bound)
        muted = sum(1 for alert in alerts if alert["status"]["silencedBy"])
        facts = {"state": _state(active), "alerts": str(len(alerts)), "muted": str(muted)}
        if _state(active) != plan.after:
            said = f"it is {_owners(active)}" if active else "no silence with these matchers is active"
            return Verification(Outcome.CONTRADICTED, said, facts)
        if plan.after == "on":
            still = f"; still muted by another one: {muted} of {len(alerts)}" if muted else ""
            return Verification(Outcome.CONFIRMED, f"no silence with these matchers is active{still}", facts)
        until = max(str(silence["endsAt"]) for silence in active)
        said = f"a silence is active until {until[:16]}Z at the latest; muted alerts: {muted} of {len(alerts)}"
        return Verification(Outcome.CONFIRMED if muted == len(alerts) else Outcome.NOT_YET, said, facts)

    def mark(self, binding: Mapping[str, Any], version: str, mark: Mark, *, note: str) -> None:
        """An alert has no versions."""

    def undo(self, plan: Plan) -> Plan:
        """See `ports.Lever`. Silences that a plan ended come back with the rest of their time."""
        return undo_flag(plan)

    def _active(self, bound: AlertmanagerLever.Binding) -> list[dict[str, Any]]:
        """Active silences with exactly these matchers; a wider one that also covers the alert is none of them."""
        rows = self._http.read(f"{API}/silences", "silences").objects()
        return [row for row in rows if row["status"]["state"] == "active" and _same(row["matchers"], bound.wanted)]

    def _alerts(self, bound: AlertmanagerLever.Binding) -> list[dict[str, Any]]:
        return self._http.read(f"{API}/alerts?{_filters(bound)}", "alerts").objects()

    def _silence(
        self, bound: AlertmanagerLever.Binding, plan: Plan, active: Sequence[Mapping[str, Any]], note: str
    ) -> None:
        """One silence of ours where there is none; on the way back those that stood before and are not over yet."""
        now = self._clock.now()
        backstop = (now + bound.longest).isoformat()
        ours = {"createdBy": BY, "comment": note or "Muster", "endsAt": backstop}
        there = [_content(silence) for silence in active]
        wanted = _listed(plan) or ([] if there else [ours])
        for silence in wanted:
            ends = datetime_of(silence["endsAt"])
            if silence not in there and ends is not None and ends > now:
                body = {**silence, "matchers": bound.wanted, "startsAt": now.isoformat()}
                self._http.write("POST", f"{API}/silences", "silence", body=body)


def _matcher(label: str, value: str | list[str] | Regex) -> dict[str, Any]:
    regex = not isinstance(value, str)
    if isinstance(value, Regex):
        value = value.regex
    elif isinstance(value, list):
        value = "|".join(re.escape(one) for one in sorted(value))
    return {"name": label, "value": value, "isRegex": regex, "isEqual": True}


def _written(matcher: Mapping[str, Any]) -> str:
    """A matcher in Alertmanager's own notation."""
    value = str(matcher["value"]).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{matcher["name"]}{"=~" if matcher["isRegex"] else "="}"{value}"'


def _filters(bound: AlertmanagerLever.Binding) -> str:
    return urlencode([("filter", _written(matcher)) for matcher in bound.wanted])


def _same(some: Sequence[Mapping[str, Any]], others: Sequence[Mapping[str, Any]]) -> bool:
    def key(matcher: Mapping[str, Any]) -> tuple[str, str, bool, bool]:
        # Alertmanager before 0.22 knows no isEqual.
        return str(matcher["name"]), str(matcher["value"]), bool(matcher["isRegex"]), bool(matcher.get("isEqual", True))

    return sorted(map(key, some)) == sorted(map(key, others))


def _content(silence: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(silence[key]) for key in CONTENT}


def _listed(plan: Plan) -> list[dict[str, str]]:
    """Silences that stood when the plan was made: those an `on` ends, and those its undo puts back."""
    found: list[dict[str, str]] = json.loads(plan.detail.get(SILENCES, "[]"))
    return found


def _state(active: Sequence[Mapping[str, Any]]) -> str:
    return "off" if active else "on"


def _owners(silences: Sequence[Mapping[str, Any]]) -> str:
    """Who silenced it, why and until when: the first of them."""
    first = silences[0]
    return f"silenced by {first['createdBy']} until {str(first['endsAt'])[:16]}Z ({str(first['comment'])[:80]})"


def _count(alerts: int) -> str:
    return "1 alert fires" if alerts == 1 else f"{alerts} alerts fire"
