"""An incident's alerts in its timeline: a line each, and in a storm one line for many, so that it stays readable.

Beyond `storm_after` alerts of one incident those that come together make one line at once; those that come one by one
are counted in a timer. When it falls due the count becomes a line, and the messages that say how many are renewed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.facts import alert_facts, storm_facts
from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.house import House, refresh
from playbooks.ports import Timer, UnitOfWork

KIND = "storm"
FEW = 4  # alerts of an incident that are told at once
# Slack takes fifty edits a minute: a count that grows by thousands is told about every half minute.
_SOON, _IN_A_STORM = timedelta(seconds=5), timedelta(seconds=30)
_GOLDEN = (5**0.5 - 1) / 2  # multiples of it, taken modulo 1, are spread as evenly as can be
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


def count(uow: UnitOfWork, more: Mapping[int, Sequence[Alert]], *, now: datetime) -> None:
    """Add to what is counted of incidents, and see to it that it is told. Call it while the incidents' rows are held.

    Args:
        more: by incident, what `split` found to be told together; incidents without such alerts are told anew too.
    """
    before = uow.timers([_id(number) for number in more])
    after = []
    for number, alerts in more.items():
        timer = before.get(_id(number))
        few = alerts if len(alerts) < _TOGETHER else ()
        if timer is None:
            wait = _spread(number) if alerts else _SOON
            timer = Timer(_id(number), KIND, str(number), now + wait, {"groups": []})
        elif not few:
            continue
        after.append(replace(timer, payload={"groups": _added(timer.payload.get("groups", ()), few)}))
    uow.set_timers(after)


def _spread(number: int) -> timedelta:
    """A quarter of a minute to three quarters: incidents that began together are not all told at once."""
    return _IN_A_STORM * (0.5 + (number * _GOLDEN) % 1)


def _added(groups: Sequence[Mapping[str, Any]], alerts: Sequence[Alert]) -> list[Mapping[str, Any]]:
    known = {(group["source"], group["status"]): group for group in groups}
    for key, group in _groups(alerts).items():
        known[key] = _joined(known[key], group) if key in known else group
    return list(known.values())


def tell(house: House, timer: Timer) -> bool:
    """Write what was counted as lines, and bring the owner's message and the card up to date, in one transaction.

    False when another did it already.
    """
    with house.store.begin(lane="alerts") as uow:
        incident = uow.incident(int(timer.subject), lock=True)
        held = uow.timers([timer.id]).get(timer.id)
        now = house.now()
        if held is None or held.due_at > now:
            return False
        uow.cancel_timer(held.id)
        if incident is not None:
            told = [_line(house, (g["source"], g["status"]), g) for g in held.payload["groups"]]
            uow.append_many(incident.id, told, now=now)
            refresh(uow, incident, now=now)
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
