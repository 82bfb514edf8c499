"""What the storage tests are made of: counted ids, a fixed time, small values."""

import itertools
import threading
from datetime import UTC, datetime, timedelta

from playbooks.domain.actions import Action, ActionKind, ActionState, Plan
from playbooks.domain.alerts import Alert, AlertStatus, Decision, Reason
from playbooks.domain.people import MUSTER
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.ports import NewIncident, StoredAlert

NOW = datetime(2025, 11, 14, 9, 30, 0, 123456, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class CountedIds:
    """Ids that are the same in every run."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def new(self) -> str:
        with self._lock:
            return f"{next(self._numbers):032x}"

    def salt(self) -> str:
        return self.new()[-16:]


def incident(key: str = "fraud-scorer|drift", **more: object) -> NewIncident:
    values: dict[str, object] = {
        "title": "Drift of fraud-scorer",
        "component": "fraud-scorer",
        "failure": "drift",
        "open_key": key,
        "severity": "sev2",
        "opened_at": NOW,
        "detected_at": NOW,
        "opened_by": "source:am",
        "team": "fraud-ml",
        "home": "C01",
        "signal": {"value": "0.31", "limit": "0.2"},
    }
    return NewIncident(**(values | more))  # type: ignore[arg-type]


def note(key: str, text: str = "PSI is falling") -> NewEvent:
    return NewEvent(EventKind.NOTE, text, MUSTER, NOW, EventSource.API, key, payload={"n": 1, "of": ["a", None, True]})


def stored(number: int, incident_id: int | None = None) -> StoredAlert:
    alert = Alert(
        "am", f"fp{number}", "DriftHigh", AlertStatus.FIRING, NOW, labels={"z": "1", "a": "2"}, signal={"value": "0.3"}
    )
    decided = (Decision.ATTACHED, Reason.OPEN_INCIDENT)
    return StoredAlert(f"alert-{number}", alert, "fraud-scorer", "drift", *decided, incident_id, NOW, NOW)


def action(incident_id: int | None = None) -> Action:
    return Action(
        0,
        ActionKind.ROLLBACK,
        ActionState.PREVIEWED,
        "fraud-scorer",
        incident_id,
        "omar",
        "U02OMAR",
        "model owner",
        "drift",
        NOW,
        plan=Plan("mlflow", "fraud-scorer@champion", "43", "42", {"alias": "champion"}),
    )
