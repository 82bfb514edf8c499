"""What is kept quiet: a silence's message, the list of all of it, and the decision path of an alert."""

from __future__ import annotations

from slack_sdk.models.blocks import Block

from bot.slack import ids
from bot.slack.blocks import escape, kit, reading
from playbooks.messages import AlertPath, KeptRow, SilenceList, SilenceNote

_WHEN = "{date_short_pretty} at {time}"
_HOW = {"muted": "muted", "held": "held", "monitored": "recorded only (monitor mode)"}
_DID = {"passed": "✓", "new": "✓"}


def note(view: SilenceNote, *, root: str = "/inc") -> kit.Rendered:
    """The message of one silence, edited until it is over."""
    first, second = _lines(view)
    button = kit.button(_button(view), ids.UNSILENCE, ids.Value(silence=view.number))
    return kit.message(
        kit.section(first, second), kit.context(_count(view)), kit.actions(button) if view.phase != "over" else []
    )


def _button(view: SilenceNote) -> str:
    return "Call it off" if view.phase == "planned" else "End it now"


def _lines(view: SilenceNote) -> tuple[str, str]:
    scope = escape.bold(escape.value(view.scope, 130))
    ends, reason = escape.moment(view.ends_at, _WHEN), escape.value(view.reason, 300)
    by = f"Asked for by {escape.mention(view.by)}, S-{view.number}."
    if view.phase == "over":
        who = f", ended by {escape.mention(view.ended_by)}" if view.ended_by is not None else ""
        return f"The {_kind(view)} of {scope} is over{who} — {reason}", by
    sign = "🔧" if view.kind == "maintenance" else "🔕"
    if view.phase == "planned":
        first = (
            f"{sign} {_kind(view).capitalize()} of {scope} planned, {escape.moment(view.starts_at, _WHEN)} to *{ends}*"
        )
    else:
        first = f"{sign} {_kind(view).capitalize()} of {scope} until *{ends}*"
    then = "What still fires at the end opens incidents" if view.opens else "At the end it is only listed what fires"
    return f"{first} — {reason}", f"Alerts are kept and listed; they open and page nothing. {then}. {by}"


def _kind(view: SilenceNote) -> str:
    return "maintenance" if view.kind == "maintenance" else "silence"


def _count(view: SilenceNote) -> str:
    if view.phase == "planned":
        return ""
    return f"{view.muted} alert{'' if view.muted == 1 else 's'} muted{' so far' if view.phase == 'on' else ''}"


def listing(view: SilenceList, *, root: str = "/inc") -> kit.Rendered:
    """`/inc silences`: what is muted now, what ended lately, and what was kept back in the last day."""
    if not (view.now or view.ended or view.kept):
        said = "*Nothing is muted.* No silence, no maintenance, and no alert was held back in the last day."
        return kit.message(
            kit.section(said), kit.context(f"{escape.code(f'{root} silence')} mutes a component's alerts")
        )
    blocks = [_silence(each) for each in view.now[:10]]
    head = "*Muted now*" if view.now else "*Nothing is muted now.*"
    ended = [f"• {_ended(each)}" for each in view.ended[:8]]
    kept = [f"• {_kept(row)}" for row in view.kept]
    return kit.message(
        kit.section(head),
        blocks,
        [kit.section("*Ended in the last day*", *ended)] if ended else [],
        [kit.section("*Kept back in the last day*", *kept)] if kept else [],
        kit.context(f"and {view.more} more" if view.more else ""),
        kit.context(f"{escape.code(f'{root} why <component>')} tells why the newest one was kept back") if kept else [],
    )


def _silence(view: SilenceNote) -> Block:
    first, _ = _lines(view)
    second = kit.dots(
        f"S-{view.number}", escape.mention(view.by), _count(view), "" if view.opens else "then listed only"
    )
    return kit.section(first, second, accessory=kit.button("End it now", ids.UNSILENCE, ids.Value(silence=view.number)))


def _ended(view: SilenceNote) -> str:
    at = escape.moment(view.ended_at, _WHEN) if view.ended_at is not None else ""
    who = f"by {escape.mention(view.ended_by)}" if view.ended_by is not None else ""
    scope = f"S-{view.number} {escape.value(view.scope, 130)}"
    return kit.dots(f"{scope}, {at} {who}".strip(), _count(view))


def _kept(row: KeptRow) -> str:
    still = f"{row.firing} still fir{'es' if row.firing == 1 else 'e'}" if row.firing else "none fires now"
    how = _HOW.get(row.how, "kept back")
    what = f"{escape.bold(escape.value(row.component, 63) or 'no component')} {escape.value(row.failure, 60)}"
    return kit.dots(f"{what}: {row.count} {how}", still, f"last {escape.moment(row.last_at, _WHEN)}")


def path(view: AlertPath, *, root: str = "/inc") -> kit.Rendered:
    """`/inc why <alert>`: what was decided, then each stage on a line."""
    where = escape.value(view.component, 63) or "nobody's"
    name, decision = escape.bold(escape.value(view.name, 80)), escape.bold(escape.value(view.decision, 20))
    head = f"{name} of {escape.value(view.source, 63)} ({where}): {decision}"
    joined = f" {escape.value(view.incident, 20)} {escape.channel(view.channel)}".rstrip() if view.incident else ""
    times = "once" if view.seen == 1 else f"{view.seen} times"
    small = kit.dots(
        escape.value(view.status, 20),
        f"first {escape.moment(view.received_at, _WHEN)}",
        f"last {escape.moment(view.updated_at, _WHEN)}" if view.seen > 1 else "",
        f"came {times}",
        escape.link(view.link, "source") if view.link else "",
        f"id {escape.code(view.alert, 40)}",
    )
    steps = [_step(step) for step in view.steps]
    others = [
        f"• {escape.code(number, 40)} {escape.value(did, 20)}, {escape.moment(at, _WHEN)}"
        for number, did, at in view.others
    ]
    return kit.message(
        kit.section(
            f"{head}{joined}",
            f"because {escape.value(view.reason, 200)}",
            reading.line(view.signal, view.since, view.silent, 300),
        ),
        [kit.section(*steps[n : n + 8]) for n in range(0, len(steps), 8)],
        kit.context(small),
        [kit.section("*Others that fit*", *others)] if others else [],
    )


def _step(step: tuple[str, str, str]) -> str:
    stage, did, why = step
    mark = _DID.get(did, "→")
    said = "" if did in _DID else f" {escape.bold(escape.value(did, 63))}"
    return f"{mark} `{escape.value(stage, 20)}`{said} {escape.value(why, 260)}"
