"""Clicks: each button is the same command that could have been typed, or the form for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.slack import ids, modals
from bot.slack.calls import Call, Desk, OpenModal, Reply, refusal_of
from bot.slack.commands import documents, execute, governance, muting, reporting, telling, timeline
from bot.slack.grammar import DecideArgs, NoArgs, Parsed, SevArgs, TextArgs, WhoArgs, parse
from bot.slack.grammar_values import MilestoneArgs
from playbooks import errors
from playbooks.messages import Say
from playbooks.plays import closing, handoff, incident, recertify, refusals, roles, standing, timebox
from playbooks.plays import levers as lever_plays
from playbooks.plays.house import actor_for, must_find, spoken, want, who
from playbooks.plays.postmortem import questions
from playbooks.plays.views.asked import ask_view
from playbooks.ports import Surface

Click = Callable[[Desk, Call, ids.Value], Reply]

# clicks on a message that only the requester sees: the answer takes its place
REPLACES = frozenset({ids.PREVIEW_ASK, ids.PREVIEW_CONFIRM, ids.PREVIEW_CANCEL, ids.PREVIEW_OTHER})


def click(desk: Desk, call: Call, action_id: str, value: str) -> Reply | None:
    """What a click does; None for a button that only opens a link. Stale or foreign ones are told so."""
    handler = _CLICKS.get(ids.base(action_id))
    if handler is None:
        return None
    known = ids.Value()
    try:
        known = ids.decode(value)
        return handler(desk, call, known)
    except errors.MusterError as error:
        if error.code == "already_done":
            return Say(error.sentence)
        if isinstance(error, errors.Denied):
            command = ids.base(action_id).removesuffix("_open")
            about = refusals.About(command, known.incident, known.action, known.override, known.component)
            desk.refused(call, error, about)
        return refusal_of(desk.house, error)


def _incident(value: ids.Value) -> int:
    if value.incident is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return value.incident


def _action(value: ids.Value) -> int:
    if value.action is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return value.action


def _override(value: ids.Value) -> int:
    if value.override is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return value.override


def _parsed(verb: str, value: ids.Value, *, bare: bool = True) -> Parsed:
    return Parsed(verb, NoArgs(), value.incident, bare=bare)


def _take(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return incident.acknowledge(desk.house, desk.order(call), _incident(value), lead=True)


def _not_me(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return roles.not_me(desk.house, desk.order(call), _incident(value))


def _open_incident(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The channel of the incident, with an invitation for who clicks."""
    number = _incident(value)
    with desk.house.store.read() as uow:
        found = must_find(uow, number, lock=False)
    if not found.channel:
        return Say(f"{found.name} has no channel yet; it follows in a moment.")
    return Say(
        f"{found.name} is in #{found.channel_name}.",
        f"Or read it here: `{desk.house.rules.root} summary {found.name}`.",
    )


def _form(verb: str) -> Click:
    def opened(desk: Desk, call: Call, value: ids.Value) -> Reply:
        return execute(desk, call, _parsed(verb, value))

    return opened


def _rollback_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    names = sorted(c.id for c in desk.house.registry().components.values() if "rollback" in c.levers)
    view = modals.rollback(names, incident=value.incident, component=value.component)
    return OpenModal(view, f"Type it: `/rollback {value.component or '<component>'}`.")


def _disable_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    names = sorted(c.id for c in desk.house.registry().components.values() if "disable" in c.levers)
    view = modals.disable(names, incident=value.incident, component=value.component)
    return OpenModal(view, f"Type it: `/disable {value.component or '<component>'} for 4h`.")


def _mitigated(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return incident.mitigate(desk.house, desk.order(call), _incident(value))


def _resolve_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return OpenModal(timeline.resolve_form(desk, _incident(value)), "Type it: `/inc resolve <text>`.")


def _milestone_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    args = MilestoneArgs(value.text, value.component)
    return execute(desk, call, Parsed("milestone", args, _incident(value)))


def _resolve(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return closing.resolve(desk.house, desk.order(call), _incident(value), closing.Resolution())


def _answer_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    number = _incident(value)
    return OpenModal(modals.answer(number, questions(desk.house, number)), "Type `/postmortem` for the draft.")


def _more(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The card's menu: notes, severity, reads, reopening."""
    verb = value.text
    if verb == "sev":
        return execute(desk, call, Parsed("sev", SevArgs(), value.incident, bare=True))
    return execute(desk, call, Parsed(verb, TextArgs(), value.incident, bare=verb in ("note", "update", "resolve")))


def _confirm(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return lever_plays.confirm(desk.house, desk.order(call), _action(value), value.hash)


def _cancel(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return lever_plays.cancel_preview(desk.house, desk.order(call), _action(value))


def _other(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """Another version instead: a new request, the old preview goes."""
    with desk.house.store.read() as uow:
        action = uow.action(_action(value))
    if action is None or action.requester != actor_for(desk.house.registry(), call.user).id:
        raise errors.Denied("Only the person who asked can change this preview.")
    wanted = lever_plays.Wanted(
        action.kind, action.component, value.version, action.because, action.ends_after, action.incident_id
    )
    return lever_plays.request(desk.house, desk.order(call), wanted)[1]


def _approve(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return standing.approve(desk.house, desk.order(call), _action(value), value.hash)


def _deny_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    number = _action(value)
    view = modals.deny(number, value.hash, incident=value.incident)
    return OpenModal(view, f"Type it: `{desk.house.rules.root} deny {number} <why>`.")


def _errand_done_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return execute(desk, call, Parsed("done", DecideArgs(_action(value)), value.incident))


def _errand_cannot_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return execute(desk, call, Parsed("cannot", DecideArgs(_action(value)), value.incident))


def _plan(desk: Desk, call: Call, value: ids.Value) -> Reply:
    with desk.house.store.read() as uow:
        action = uow.action(_action(value))
        if action is None or action.plan is None:
            raise errors.UnknownName(f"There is no plan for action {value.action}.", "See the incident's channel.")
        view = ask_view(desk.house, uow, action)
    return OpenModal(
        modals.plan(view), f"{view.verb} {view.component} {view.before} → {view.after}, plan {view.hash[:8]}."
    )


def _extend_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    number = _override(value)
    view = modals.extend(number, value.component, incident=value.incident)
    return OpenModal(view, f"Type it: `{desk.house.rules.root} extend D-{number} by 2h because …`.")


def _restore(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return timebox.restore(desk.house, desk.order(call), _override(value))


def _who_may(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return execute(desk, call, Parsed("who", WhoArgs(value.component), value.incident))


def _ask_person(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """Pass the refused wish on to somebody who may: a direct message, once."""
    registry = desk.house.registry()
    asker = actor_for(registry, call.user)
    slack = value.person
    known = registry.person_by_slack(slack)
    if known is None:
        raise errors.UnknownName("That person is not in the registry.", "Mention them in the channel.")
    with desk.house.store.begin() as uow:
        now = desk.now()
        if not uow.first_time(call.once, now=now):
            return Say("Already asked.")
        about = f" about {value.component}" if value.component else ""
        text = f"{{0}} needs you{about}: {value.text}" if value.text else f"{{0}} needs you{about}."
        payload = spoken(text, [asker.id])
        want(uow, Surface(f"say:asked:{desk.house.ids.new()}", "say", f"dm:{slack}", payload=payload), now=now)
    found = who(registry, known)
    return Say("{0} is asked.", mentions=(found,) if found else ())


def _run(desk: Desk, call: Call, value: ids.Value) -> Reply:
    """The command line a refusal suggested, as if typed."""
    command, _, text = value.text.partition(" ")
    root = desk.house.rules.root
    parsed = parse(text, command=command, root=root, components=set(desk.house.registry().components))
    return execute(desk, call, parsed)


def _handoff_open(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return OpenModal(modals.handoff(_incident(value)), "Type it: `/inc handoff @person`.")


def _handoff(value: ids.Value) -> int:
    if value.handoff is None:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return value.handoff


def _accept_handoff(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return handoff.accept(desk.house, desk.order(call), _handoff(value))


def _decline_handoff(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return handoff.decline(desk.house, desk.order(call), _handoff(value))


def _confirm_entry(desk: Desk, call: Call, value: ids.Value) -> Reply:
    if not value.component or not value.hash:
        raise errors.InputError("That button is from an older message.", "Use the newest message.", code="old_button")
    return recertify.confirm(desk.house, desk.order(call), value.component, value.hash)


def _dismiss(desk: Desk, call: Call, value: ids.Value) -> Reply:
    return Say("All right. It stays open.")


_CLICKS: Mapping[str, Click] = {
    ids.TAKE: _take,
    ids.NOT_ME: _not_me,
    ids.OPEN_INCIDENT: _open_incident,
    ids.DECLARE_OPEN: _form("new"),
    ids.ROLLBACK_OPEN: _rollback_open,
    ids.DISABLE_OPEN: _disable_open,
    ids.UPDATE_OPEN: _form("update"),
    ids.NOTE_OPEN: _form("note"),
    ids.SEV_OPEN: _form("sev"),
    ids.MITIGATED: _mitigated,
    ids.RESOLVE: _resolve,
    ids.RESOLVE_OPEN: _resolve_open,
    ids.POSTMORTEM: documents.step_click(""),
    ids.ANSWER_OPEN: _answer_open,
    ids.MORE: _more,
    ids.PREVIEW_ASK: _confirm,
    ids.PREVIEW_CONFIRM: _confirm,
    ids.PREVIEW_CANCEL: _cancel,
    ids.PREVIEW_OTHER: _other,
    ids.APPROVE: _approve,
    ids.DENY_OPEN: _deny_open,
    ids.ERRAND_DONE_OPEN: _errand_done_open,
    ids.ERRAND_CANNOT_OPEN: _errand_cannot_open,
    ids.SEE_PLAN: _plan,
    ids.EXTEND_OPEN: _extend_open,
    ids.RESTORE: _restore,
    ids.WHO_MAY: _who_may,
    ids.ASK_PERSON: _ask_person,
    ids.RUN_SUGGESTION: _run,
    ids.CONFIRM_ENTRY: _confirm_entry,
    ids.DISMISS: _dismiss,
    ids.LIST: _form("list"),
    ids.HANDOFF_OPEN: _handoff_open,
    ids.HANDOFF_ACCEPT: _accept_handoff,
    ids.HANDOFF_DECLINE: _decline_handoff,
    ids.RENEW_OPEN: governance.renew_open,
    ids.LET_END_OPEN: governance.let_end_open,
    ids.UNFREEZE: governance.unfreeze_click,
    ids.UNSILENCE: muting.unsilence_click,
    ids.REVIEW_OPEN: governance.review_open,
    ids.REPORTABLE_OPEN: reporting.reportable_open,
    ids.CLOCK_DRAFT: reporting.draft_click,
    ids.ITEM_OPEN: documents.step_click("item"),
    ids.NO_ACTION_OPEN: documents.step_click("no-action"),
    ids.SEND_TO_REVIEW: documents.step_click("review"),
    ids.REVIEWED_OPEN: documents.reviewed_open,
    ids.BACK_OPEN: documents.step_click("back"),
    ids.CLOSE_DOCUMENT: documents.step_click("close"),
    ids.DOCUMENT_OWNER_OPEN: documents.owner_open,
    ids.VOTE: documents.vote,
    ids.MILESTONE_OPEN: _milestone_open,
    ids.HYPOTHESIS_CONFIRM: telling.confirm_click,
    ids.HYPOTHESIS_REFUTE: telling.refute_click,
}
