"""Alertmanager v4 bodies of about 2.3 KB over 50 components, a pure function of their number; and their registry."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

KINDS = ("ranker", "retriever", "embedder", "guardrail", "gateway")
COMPONENTS = tuple(f"{kind}-{number}" for number in range(10) for kind in KINDS)
TEAMS = 7
_NAMES = (
    "FeatureStale",
    "PredictionDrift",
    "RetrievalRecallDrop",
    "LatencyP99High",
    "ErrorBudgetBurn",
    "EmbeddingIndexStale",
    "GuardrailBlockRateHigh",
    "TokenCostSpike",
)
_START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def alert(number: int, run: str, *, components: int = len(COMPONENTS)) -> dict[str, Any]:
    """The alert of this number in a run; the same number and run make the same fingerprint."""
    component = COMPONENTS[number % components]
    drawn = random.Random(f"{run}/{number}")
    name = _NAMES[(number // len(COMPONENTS)) % len(_NAMES)]
    labels = {
        "alertname": name,
        "severity": ("critical", "warning", "info")[number % 3],
        "component": component,
        "service": component,
        "team": f"team-{number % TEAMS}",
        "cluster": f"prod-eu-{number % 4}",
        "env": "production",
        "model": f"{component}-v{number % 23}",
        "namespace": "ml-serving",
        "pod": f"{component}-{drawn.getrandbits(40):010x}",
        "instance": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:9102",
        "job": "model-metrics",
        "run": run,
        "seq": str(number),
        "prometheus": "monitoring/k8s",
        "region": "eu-west-1",
    }
    advice = (
        "The rolling 30 minute window of the production metric left the band recorded at the last accepted "
        f"release. value={drawn.uniform(0, 1):.6f} threshold=0.2 baseline={drawn.uniform(0, 0.2):.6f}. Compare with "
        "the shadow model before changing traffic; the owner of the component decides on rollback. "
    )
    board = f"https://grafana.example.org/d/{component}?orgId=1&from=now-1h&to=now&var-cluster={labels['cluster']}"
    annotations = {
        "summary": f"{name} on {component}: value {drawn.uniform(0, 1):.4f} outside its band",
        "description": advice * 2,
        "runbook_url": f"https://runbooks.example.org/{component}/{name}",
        "dashboard": board,
    }
    return {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": (_START + timedelta(seconds=number % 3600)).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": f"https://prometheus.example.org/graph?g0.expr=drift%7Bcomponent%3D%22{component}%22%7D",
        "fingerprint": hashlib.blake2b(repr(sorted(labels.items())).encode(), digest_size=8).hexdigest(),
    }


def body(number: int, run: str, *, components: int = len(COMPONENTS)) -> bytes:
    """A webhook body with one alert, grouped as Alertmanager groups by component."""
    return many([number], run, components=components)


def many(numbers: Sequence[int], run: str, *, components: int = len(COMPONENTS)) -> bytes:
    """A webhook body with several alerts."""
    alerts = [alert(number, run, components=components) for number in numbers]
    component = alerts[0]["labels"]["component"]
    return json.dumps(
        {
            "version": "4",
            "groupKey": f'{{}}/{{env="production"}}:{{component="{component}"}}',
            "truncatedAlerts": 0,
            "status": "firing",
            "receiver": "bot",
            "groupLabels": {"component": component},
            "commonLabels": alerts[0]["labels"],
            "commonAnnotations": {},
            "externalURL": "https://alertmanager.example.org",
            "alerts": alerts,
        }
    ).encode()


@dataclass(frozen=True)
class Load:
    """What is sent.

    Attributes:
        posts: bodies. batch: alerts in each. distinct: so many fingerprints in all, 0 for no end of them.
        repeated: of ten alerts so many repeat an earlier one. components: that they are about.
    """

    posts: int
    batch: int = 1
    distinct: int = 0
    repeated: int = 0
    components: int = len(COMPONENTS)

    @property
    def alerts(self) -> int:
        """All of them."""
        return self.posts * self.batch

    @property
    def least(self) -> int:
        """Fingerprints there are at least."""
        return self.distinct or self.alerts * (10 - self.repeated) // 10

    def number(self, place: int) -> int:
        """The number of the alert at this place."""
        if self.distinct:
            return place % self.distinct
        if not self.repeated:
            return place
        new, rest = divmod(place, 10)
        fresh = 10 - self.repeated
        return new * fresh + rest if rest < fresh else (place * 7919) % (new * fresh + 1)

    def numbers(self, post: int) -> list[int]:
        """Those of a body."""
        return [self.number(post * self.batch + place) for place in range(self.batch)]


def bodies(load: Load, run: str) -> list[bytes]:
    """All bodies of a load."""
    if load.distinct and load.batch == 1:
        few = [body(number, run, components=load.components) for number in range(load.distinct)]
        return [few[number % load.distinct] for number in range(load.posts)]
    return [many(load.numbers(post), run, components=load.components) for post in range(load.posts)]


def channel(team: int) -> str:
    """Slack id of a team's channel."""
    return f"C{team:02d}BENCH"


def registry(teams: int = TEAMS) -> str:
    """The ownership of the 50 components by so many teams, one failure key each. JSON is YAML."""
    return json.dumps(
        {
            "api": "ownership/v1",
            "people": {"dana": {"slack": "U01DANA", "email": "dana@example.com"}},
            "teams": {
                f"team-{number}": {"channel": channel(number), "members": ["dana"], "on_call": {"static": ["dana"]}}
                for number in range(teams)
            },
            "components": {
                name: {
                    "kind": "model",
                    "tier": 1 + number % 3,
                    "accountable": f"team-{number % teams}",
                    "alerts": [{"match": {"labels.component": name}, "failure": "quality"}],
                }
                for number, name in enumerate(COMPONENTS)
            },
        }
    )
