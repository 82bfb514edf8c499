"""Parts of bodies that are no usable alerts: kept with their reason where an operator finds them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.providers.alerts.reading import Rejected
from playbooks.domain.alerts import Decision, Reason, Verdict
from playbooks.plays.house import House

STRANGERS = 50  # bodies of unknown senders that are kept in an hour: anybody can send one
_LONGEST, _HOUR = 2000, timedelta(hours=1)


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


def keep_of_stranger(house: House, source: str, body: bytes, why: str) -> None:
    """Keep the beginning of a body whose sender cannot be known, as long as few came lately. Raises StoreBusy."""
    with house.store.read() as uow:
        lately = uow.quarantined(source=source, limit=STRANGERS)
    now = house.now()
    if len(lately) == STRANGERS and now - lately[-1].received_at < _HOUR:
        return
    with house.store.begin(lane="alerts") as uow:
        uow.quarantine(source=source, body=body[:_LONGEST].decode(errors="replace"), reason=why, now=now)
        uow.notice(f"rejected:{source}", f"Bodies sent to `{source}` that cannot be used: {why}", now=now)
