"""The state in which the demo's story begins: v43 has been champion for four hours, and drifts."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.plant.state import PlantState

MODEL = "fraud-scorer"
ALIAS = "champion"
PROJECT = "default"
FLAG = "auto-decline"
ENVIRONMENT = "production"
# Version, days old, shift of its scores (log-odds).
VERSIONS = (("40", 80, 0.15), ("41", 48, 0.05), ("42", 20, 0.0), ("43", 1, 1.4))
DRIFTING_FOR = timedelta(hours=4, minutes=21)  # 22:10 to 02:31


def seed_story(state: PlantState, now: datetime) -> None:
    """Write the story's beginning into an empty plant; one that has the model stays as it is."""
    if state.versions(MODEL):
        return
    for version, days, shift in VERSIONS:
        state.add_version(MODEL, version, at=now - timedelta(days=days), shift=shift)
    good_since = now - timedelta(days=19)
    state.mark(MODEL, "41", mark="good", note="evaluation 0.928", at=now - timedelta(days=47))
    state.mark(MODEL, "42", mark="good", note="evaluation 0.941", at=good_since)
    pipeline = {"by": "training pipeline", "note": "promotion"}
    state.move_alias(MODEL, ALIAS, "41", at=now - timedelta(days=47), **pipeline)
    state.move_alias(MODEL, ALIAS, "42", at=good_since, **pipeline)
    state.move_alias(MODEL, ALIAS, "43", at=now - DRIFTING_FOR, **pipeline)
    state.turn_flag(
        PROJECT, FLAG, ENVIRONMENT, enabled=True, at=now - timedelta(days=60), by="risk-product", note="launch"
    )
