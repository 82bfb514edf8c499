"""What an AI alert measured, typed: which kind of signal, against which reference, how many points and samples.

Read from the same names as the figures for people (`playbooks.domain.signals`): `metric`, `value`, `limit` or
`threshold`, `samples`, `windows` (`4 of the last 4`), `first_breach`, and `reference` or `baseline` for what it is
compared with. `signal_kind` (label or annotation) says the kind where the words of the failure do not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from playbooks.domain.alerts import Alert
from playbooks.domain.signals import LONGEST_FIGURE, read_signal
from playbooks.domain.timeline import utc_text
from playbooks.domain.wording import one_line


class SignalKind(StrEnum):
    """The kinds of signals of systems that learn, retrieve, answer or act."""

    DRIFT = "drift"
    STALENESS = "staleness"
    EVALUATION = "evaluation"
    RETRIEVAL = "retrieval"
    GUARDRAIL = "guardrail"
    COST = "cost"
    ACTION_RATE = "action_rate"
    USER_REPORTS = "user_reports"
    OTHER = "other"

    @property
    def words(self) -> str:
        """As people read it."""
        return _WORDS[self]


_WORDS = {
    SignalKind.DRIFT: "drift",
    SignalKind.STALENESS: "staleness",
    SignalKind.EVALUATION: "evaluation regression",
    SignalKind.RETRIEVAL: "retrieval quality",
    SignalKind.GUARDRAIL: "refusal or guardrail rate",
    SignalKind.COST: "cost and tokens",
    SignalKind.ACTION_RATE: "action rate of an agent",
    SignalKind.USER_REPORTS: "reports of users",
    SignalKind.OTHER: "other",
}
# The first that has a word in the failure, the name or the metric wins; from the most to the least telling.
_HINTS: tuple[tuple[SignalKind, tuple[str, ...]], ...] = (
    (SignalKind.USER_REPORTS, ("userreport", "user_report", "complaint", "thumbs")),
    (SignalKind.GUARDRAIL, ("refusal", "guardrail", "toxic", "jailbreak", "moderation", "policy_violation")),
    (SignalKind.RETRIEVAL, ("retriev", "recall@", "hit_rate", "context_precision", "context_recall", "mrr", "ndcg")),
    (SignalKind.STALENESS, ("stale", "freshness", "age_seconds", "lag", "outdated")),
    (SignalKind.DRIFT, ("drift", "psi", "kolmogorov", "wasserstein", "js_distance", "jensen", "skew")),
    (SignalKind.COST, ("cost", "budget", "token", "spend")),
    (SignalKind.ACTION_RATE, ("action_rate", "actionrate", "tool_call", "decline_rate", "approval_rate")),
    (
        SignalKind.EVALUATION,
        ("eval", "accuracy", "precision", "recall", "f1", "auc", "groundedness", "hallucinat", "faithful", "quality"),
    ),
)
_KINDS = frozenset(kind.value for kind in SignalKind)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NUMBER = re.compile(r"\d[\d,\u00a0 ]*")
_POINTS = re.compile(r"(\d{1,6})\s*(?:of|/)\s*(?:the\s+last\s+)?(\d{1,6})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Signal:
    """One measured breach; what the source did not say is empty or None.

    Attributes:
        reference: what the value is compared with (`training set`, `last 7 days`).
        samples: behind the value. breached, of: points over the limit, of how many. since: first breached window.
    """

    kind: SignalKind
    metric: str = ""
    reference: str = ""
    value: str = ""
    limit: str = ""
    samples: int | None = None
    breached: int | None = None
    of: int | None = None
    since: datetime | None = None


def signal_of(alert: Alert, failure: str = "") -> Signal:
    """The typed signal of an alert. Never raises: what cannot be read is as if it were not said."""
    told = read_signal(alert)
    points = _POINTS.search(told.get("windows", ""))
    return Signal(
        signal_kind(alert, failure),
        told.get("metric", ""),
        _said(alert, "reference") or _said(alert, "baseline"),
        told.get("value", ""),
        told.get("limit", ""),
        _whole(told.get("samples", "")),
        int(points[1]) if points else _whole(told.get("windows", "")),
        int(points[2]) if points else None,
        _since(told),
    )


def told_of(alert: Alert, failure: str = "") -> dict[str, str]:
    """The figures for people (`read_signal`) with the kind of signal and what the value is compared with."""
    told, kind = read_signal(alert), signal_kind(alert, failure)
    reference = one_line(_said(alert, "reference") or _said(alert, "baseline"), LONGEST_FIGURE)
    named = {"kind": "" if kind is SignalKind.OTHER else kind.value, "reference": reference}
    return {**told, **{name: said for name, said in named.items() if said}}


def signal_words(told: Mapping[str, str]) -> str:
    """`Drift · PSI 0.34, limit 0.20, 18,240 samples, against training set` of what `told_of` gave.

    The source's summary where it gave no value.
    """
    if not told.get("value"):
        return told.get("summary", "")
    figures = [" ".join(word for word in (told.get("metric", ""), told["value"]) if word)]
    figures += [f"limit {told['limit']}"] if told.get("limit") else []
    figures += [told["windows"]] if told.get("windows") else []
    figures += [f"{told['samples']} samples"] if told.get("samples") else []
    figures += [f"against {told['reference']}"] if told.get("reference") else []
    said = ", ".join(figures)
    kind = told.get("kind", "")
    words = SignalKind(kind).words if kind in _KINDS else ""
    return f"{words[:1].upper()}{words[1:]} · {said}" if words else said


def signal_facts(signal: Signal) -> dict[str, str | int]:
    """What a timeline event keeps of it: what was said, times as ISO 8601 UTC; empty where nothing was measured."""
    facts: dict[str, str | int | None] = {
        "metric": signal.metric,
        "value": signal.value,
        "limit": signal.limit,
        "reference": signal.reference,
        "samples": signal.samples,
        "breached": signal.breached,
        "of": signal.of,
        "since": utc_text(signal.since),
    }
    said = {name: value for name, value in facts.items() if value is not None and value != ""}
    if signal.kind is SignalKind.OTHER and not said:
        return {}
    return {"kind": signal.kind.value, **said}


def signal_kind(alert: Alert, failure: str = "") -> SignalKind:
    """Which kind an alert is: as it says itself, else by the words of its failure, name and metric."""
    said = _said(alert, "signal_kind").lower().replace("-", "_")
    if said in _KINDS:
        return SignalKind(said)
    names = (failure, alert.name, _said(alert, "metric"))
    words = " ".join(_CAMEL.sub("_", name[:200]).lower().replace(" ", "_").replace("-", "_") for name in names)
    return next((kind for kind, hints in _HINTS if any(hint in words for hint in hints)), SignalKind.OTHER)


def _said(alert: Alert, name: str) -> str:
    for source in (alert.signal, alert.annotations, alert.labels):
        value = source.get(name, "").strip()
        if value and "{{" not in value:
            return value[:80]
    return ""


def _whole(text: str) -> int | None:
    found = _NUMBER.match(text.strip())
    digits = re.sub(r"\D", "", found.group()) if found else ""
    return int(digits[:15]) if digits else None


def _since(told: dict[str, str]) -> datetime | None:
    text = told.get("silent_since", "")
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
