"""Parts of bodies that are no usable alerts: kept with their reason where an operator finds them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.providers.alerts.reading import Rejected
from playbooks.domain.alerts import Decision, Reason, Verdict
from playbooks.plays.house import House


def quarantine(house: House, source: str, parts: Sequence[Rejected]) -> list[Verdict]:
    """Keep them, all in one transaction. What only tells of no alert is kept without a notice. Raises StoreBusy."""
    found = []
    with house.store.begin(lane="alerts") as uow:
        now = house.now()
        for part in parts:
            why = f"alert {part.index}: {part.reason}"
            kept = uow.quarantine(source=source, body=part.raw, reason=why, now=now)
            if part.aside:
                found.append(Verdict(kept, "", "", Decision.RAW, Reason.NO_ALERT))
                continue
            uow.notice(f"rejected:{source}", f"Alerts of `{source}` that cannot be used: {why}", now=now)
            found.append(Verdict(kept, "", "", Decision.REJECTED, Reason.BAD_ALERT))
    return found
