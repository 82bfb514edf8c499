"""The tables. Enumerations are stored by value; what a row means is said where its domain value is."""

from storage.tables import actions, alerts, documents, incidents, registry, work
from storage.tables.alerts import KEPT_BACK_ALERT
from storage.tables.naming import Row
from storage.tables.work import PENDING_JOB, PENDING_SURFACE

__all__ = [
    "KEPT_BACK_ALERT",
    "PENDING_JOB",
    "PENDING_SURFACE",
    "Row",
    "actions",
    "alerts",
    "documents",
    "incidents",
    "registry",
    "work",
]
