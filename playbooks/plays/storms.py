"""An incident's alerts in its timeline: a line each, and in a storm one line for many, so that it stays readable.

Beyond `storm_after` alerts of one incident those that come together make one line at once; those that come one by one
are counted in a timer, and the count becomes a line when it falls due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.facts import alert_facts, storm_facts
from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.house import House
from playbooks.ports import Timer, UnitOfWork

KIND = "storm"
_COUNTED_FOR = timedelta(seconds=10)
_TOGETHER = 10  # alerts of one incident in one transaction that make a line of their own
_NAMES = 20


def split(house: House, alerts: Sequence[Alert], seen_before: int) -> tuple[list[Alert], list[Alert]]:
    """Those that get a line each, and those that are told together."""
    room = max(0, house.rules.storm_after - seen_before)
    return list(alerts[:room]), list(alerts[room:])


def lines(house: House, alerts: Sequence[Alert]) -> list[NewEvent]:
    """The lines of a batch's alerts that are told together; none where they are few: `count` takes those."""
    if len(alerts) < _TOGETHER:
        return []
    return [_line(house, key, group) for key, group in _groups(alerts).items()]


def count(uow: UnitOfWork, few: Mapping[int, Sequence[Alert]], *, now: datetime) -> None:
    """Add alerts to what is counted of their incidents. Call it while the incidents' rows are held."""
    counted = {number: alerts for number, alerts in few.items() if 0 < len(alerts) < _TOGETHER}
    if not counted:
        return
    before = uow.timers([_id(number) for number in counted])
    after = []
    for number, alerts in counted.items():
        timer = before.get(_id(number)) or Timer(_id(number), KIND, str(number), now + _COUNTED_FOR)
        groups = {(g["source"], g["status"]): g for g in timer.payload.get("groups", ())}
        for key, group in _groups(alerts).items():
            groups[key] = _joined(groups[key], group) if key in groups else group
        payload = {"groups": list(groups.values())}
        after.append(Timer(timer.id, KIND, timer.subject, timer.due_at, payload))
    uow.set_timers(after)


def tell(house: House, timer: Timer) -> bool:
    """Write what was counted as lines; the count goes in the same transaction. False when another did it already."""
    with house.store.begin(lane="alerts") as uow:
        uow.incident(int(timer.subject), lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        now = house.now()
        if held is None or held.due_at > now:
            return False
        uow.cancel_timer(held.id)
        told = [_line(house, (g["source"], g["status"]), g) for g in held.payload["groups"]]
        uow.append_many(int(held.subject), told, now=now)
    return True


def alert_event(alert: Alert) -> NewEvent:
    """The line of one alert."""
    at = alert.starts_at if alert.status is AlertStatus.FIRING else (alert.ends_at or alert.starts_at)
    return NewEvent(
        kind=EventKind.ALERT,
        text=f"{alert.name} {alert.status.value}" + (f": {alert.summary}" if alert.summary else ""),
        actor=source_actor(alert.source),
        occurred_at=at,
        source=EventSource.WEBHOOK,
        dedup_key=f"alert:{alert.source}:{alert.fingerprint}:{alert.starts_at.isoformat()}:{alert.status.value}",
        source_ref=alert.link,
        payload=alert_facts(alert),
    )


def _id(number: int) -> str:
    return f"{KIND}:{number}"


def _groups(alerts: Sequence[Alert]) -> dict[tuple[str, str], dict[str, Any]]:
    """By source and status: how many, which names, and the first moment."""
    sorted_out: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        sorted_out[alert.source, alert.status.value].append(alert)
    return {
        (source, status): {
            "source": source,
            "status": status,
            "count": len(many),
            "names": sorted({alert.name for alert in many})[:_NAMES],
            "first": min(_moment(alert) for alert in many).isoformat(),
        }
        for (source, status), many in sorted_out.items()
    }


def _moment(alert: Alert) -> datetime:
    return alert.starts_at if alert.status is AlertStatus.FIRING else (alert.ends_at or alert.starts_at)


def _joined(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    names = one["names"] if set(other["names"]) <= set(one["names"]) else sorted({*one["names"], *other["names"]})
    first = min(one["first"], other["first"], key=datetime.fromisoformat)
    return {**one, "count": one["count"] + other["count"], "names": names[:_NAMES], "first": first}


def _line(house: House, key: tuple[str, str], group: Mapping[str, Any]) -> NewEvent:
    source, status = key
    names, number = group["names"], group["count"]
    more = f"{number} more alerts" if number != 1 else "1 more alert"
    return NewEvent(
        kind=EventKind.ALERT,
        text=f"{more} {status}: {', '.join(names[:3])}" + (" …" if len(names) > 3 else ""),
        actor=source_actor(source),
        occurred_at=datetime.fromisoformat(group["first"]),
        source=EventSource.WEBHOOK,
        dedup_key=f"storm:{house.ids.new()}",
        payload=storm_facts(source, names, number, status),
    )
