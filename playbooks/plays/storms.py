"""An incident's alerts in its timeline: a line each, and in a storm one line for many, so that it stays readable.

Beyond `storm_after` alerts of one incident those that come together make one line at once; those that come one by one
are counted. When a timer falls due the counts become a line, and the messages that say how many are renewed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from playbooks.domain.alerts import Alert, AlertStatus
from playbooks.domain.facts import alert_facts, storm_facts
from playbooks.domain.people import source_actor
from playbooks.domain.timeline import EventKind, EventSource, NewEvent
from playbooks.plays.house import House, refresh
from playbooks.ports import Counted, Timer, UnitOfWork

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


def lines(house: House, incident_id: int, alerts: Sequence[Alert]) -> list[NewEvent]:
    """The lines of a batch's alerts that are told together; none where they are few: `count` takes those."""
    if len(alerts) < _TOGETHER:
        return []
    return [_line(house, group) for group in _groups(incident_id, alerts)]


def count(uow: UnitOfWork, more: Mapping[int, Sequence[Alert]], *, now: datetime) -> None:
    """Add to what is counted of incidents, and see to it that it is told. Call it while the incidents' rows are held.

    Args:
        more: by incident, what `split` found to be told together; incidents without such alerts are told anew too.
    """
    few = {number: alerts for number, alerts in more.items() if len(alerts) < _TOGETHER}
    uow.count_alerts([each for number, alerts in few.items() for each in _groups(number, alerts)])
    uow.add_timers(
        [
            Timer(_id(number), KIND, str(number), now + (_spread(number) if alerts else _SOON))
            for number, alerts in more.items()
        ]
    )


def _spread(number: int) -> timedelta:
    """A quarter of a minute to three quarters: incidents that began together are not all told at once."""
    return _IN_A_STORM * (0.5 + (number * _GOLDEN) % 1)


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
            counted = [*_counted_before(incident.id, held), *uow.take_counted(incident.id)]
            uow.append_many(incident.id, [_line(house, group) for group in _joined(counted)], now=now)
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


def _groups(incident_id: int, alerts: Sequence[Alert]) -> list[Counted]:
    """By source and status: how many, which names, and the first moment."""
    sorted_out: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in alerts:
        sorted_out[alert.source, alert.status.value].append(alert)
    return [
        Counted(incident_id, source, status, len(many), _named(alert.name for alert in many), min(map(_moment, many)))
        for (source, status), many in sorted_out.items()
    ]


def _moment(alert: Alert) -> datetime:
    return alert.starts_at if alert.status is AlertStatus.FIRING else (alert.ends_at or alert.starts_at)


def _named(names: Iterable[str]) -> list[str]:
    return sorted(set(names))[:_NAMES]


def _joined(counted: Sequence[Counted]) -> list[Counted]:
    """One for each source and status."""
    sorted_out: defaultdict[tuple[str, str], list[Counted]] = defaultdict(list)
    for each in counted:
        sorted_out[each.source, each.status].append(each)
    return [
        replace(
            same[0],
            count=sum(each.count for each in same),
            names=_named(name for each in same for name in each.names),
            first=min(each.first for each in same),
        )
        for same in sorted_out.values()
    ]


def _counted_before(incident_id: int, timer: Timer) -> list[Counted]:
    """What an earlier version of Muster counted in the timer itself."""
    return [
        Counted(incident_id, g["source"], g["status"], g["count"], g["names"], datetime.fromisoformat(g["first"]))
        for g in timer.payload.get("groups", ())
    ]


def _line(house: House, group: Counted) -> NewEvent:
    names, number = group.names, group.count
    more = f"{number} more alerts" if number != 1 else "1 more alert"
    return NewEvent(
        kind=EventKind.ALERT,
        text=f"{more} {group.status}: {', '.join(names[:3])}" + (" …" if len(names) > 3 else ""),
        actor=source_actor(group.source),
        occurred_at=group.first,
        source=EventSource.WEBHOOK,
        dedup_key=f"storm:{house.ids.new()}",
        payload=storm_facts(group.source, names, number, group.status),
    )
