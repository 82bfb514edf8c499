"""What a batch of arriving alerts is decided by, asked of the database at once."""

from __future__ import annotations

from collections.abc import Sequence

from playbooks.ports import Arrival, Episode, OpenIncident
from storage.bulk import fetch_each, question
from storage.store.alerts import Alerts, known_alert
from storage.store.incidents import Incidents
from storage.store.silences import OPEN_SILENCES, Silences, open_silence


class Arrivals(Incidents, Alerts, Silences):
    """Incidents, alerts and silences, and the one look at all three with which a batch begins."""

    def arrival(self, episodes: Sequence[Episode], keys: Sequence[str]) -> Arrival:
        """Which of these episodes are stored, the open incidents of these keys, and the silences that are not over."""
        by_key = self._keys(episodes)
        asked = [*self._asking_episodes(list(by_key)), self._asking_open(keys), question(self._db, OPEN_SILENCES)]
        *stored, standing, silences = fetch_each(self._db, asked)
        rows = (row for found in stored for row in found if row[:3] in by_key)
        return Arrival(
            {by_key[row[:3]]: known_alert(*row[3:]) for row in rows},
            {key: OpenIncident(*rest) for key, *rest in standing},
            [open_silence(*row) for row in silences],
        )
