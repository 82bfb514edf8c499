"""Facts of a draft: instants, durations, authority, order, all from the chain."""

from datetime import datetime, timedelta

import pytest

from playbooks.domain.drafts.entries import Point, Span
from playbooks.domain.drafts.facts import Facts, as_json, draft_figures, facts_of
from playbooks.domain.drafts.words import code, escape, lasted, length
from playbooks.domain.people import Actor, ActorKind, source_actor
from playbooks.domain.timeline import Precision, canonical, utc_text
from tests.drafts.chains import DANA, MEI, OMAR, Chain, K, at, recorded, story, timeline_files


def facts(chain: Chain) -> Facts:
    return facts_of(chain.events, chain.incident_id)


def test_story_figures():
    figures = draft_figures(story().events)
    assert figures.silent == timedelta(minutes=51, seconds=4)
    assert figures.detected_to_ack == timedelta(minutes=1, seconds=6)
    assert figures.asked_to_given == timedelta(minutes=1, seconds=48)
    assert figures.decided_to_verified == timedelta(seconds=41)
    assert figures.handoff_gap == timedelta(minutes=2)
    assert figures.events == len(story().events)
    assert 5 <= figures.questions <= 10
    assert figures.facts_checked > 32


def test_privileged_action_has_authority_proof_and_undo():
    rollback, disable = facts(story()).privileged
    assert (rollback.number, rollback.before, rollback.after) == (17, "v43", "v42")
    assert [d.text for d in rollback.deciders] == ["model owner"]
    assert rollback.right is not None
    assert rollback.right.text == "model owner (up to SEV2)"
    assert rollback.approvals == (1, 1)
    assert rollback.outcome is not None
    assert rollback.outcome.text == "confirmed"
    assert disable.override == 118
    assert disable.undo_due is not None
    assert disable.undo_due.at == at("06:37:09")
    assert disable.undone is not None
    assert disable.undone.at == at("06:37:12")


def test_state_before_during_after():
    rows = {row.subject: row for row in facts(story()).state}
    model = rows["fraud-scorer@champion"]
    assert [said.text for said in (model.before, model.during, model.after) if said] == ["v42", "v43", "v42"]
    switch = rows["auto-decline in production"]
    assert switch.after is not None
    assert switch.after.text == "on"


def test_restore_by_an_enable_action_closes_the_disable():
    chain = Chain()
    for number, kind, before, after in ((1, "disable", "on", "off"), (2, "enable", "off", "on")):
        facts_ = {"action": number, "kind": kind, "component": "auto", "target": "auto", "before": before}
        facts_["after"] = after
        chain.add(K.ACTION, at(f"0{number}:00"), "x", DANA, payload={**facts_, "phase": "requested"})
        chain.add(K.VERIFICATION, at(f"0{number}:01"), "x", payload={**facts_, "outcome": "confirmed"})
    (row,) = facts(chain).state
    assert row.during is not None
    assert row.after is not None
    assert (row.during.text, row.after.text) == ("off", "on")


def test_three_days_do_not_lose_a_day():
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00", 18), "began", DANA)
    chain.add(K.RESOLVED, at("02:00", 21), "over", DANA)
    spans = dict(facts(chain).spans)
    span = spans["Impact start to resolved"]
    assert span is not None
    assert lasted(span) == "3 d 1 h [E1]→[E2]"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (108, "1 min 48 s"), (3600, "1 h"), (183900, "2 d 3 h 5 min"), (262800, "3 d 1 h")],
)
def test_lengths(seconds, words):
    assert length(seconds) == words


def test_coarse_ends_mark_a_length():
    span = Span("x", Point(at("01:00"), 1, Precision.DAY), Point(at("02:00"), 2))
    assert lasted(span) == "≈ 1 h [E1]→[E2]"


def test_detected_milestone_wins_over_an_alert_for_another_fault():
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.ALERT, at("01:05"), "another fault", source_actor("am"), payload={"status": "firing"})
    chain.add(K.DETECTED, at("01:20"), "seen", DANA)
    found = facts(chain).instants.detected
    assert found is not None
    assert found.seq == 3


def test_resolved_alert_is_no_signal():
    chain = Chain()
    chain.add(K.ALERT, at("01:00"), "over", source_actor("am"), payload={"status": "resolved"})
    assert facts(chain).instants.first_signal is None


def test_first_signal_before_impact_and_resolution_before_declaration_are_flagged():
    chain = Chain()
    chain.add(K.ALERT, at("01:00"), "early", source_actor("am"), payload={"status": "firing"})
    chain.add(K.IMPACT_START, at("01:10"), "began", DANA)
    chain.add(K.RESOLVED, at("02:00"), "over", DANA)
    chain.add(K.DECLARED, at("03:00"), "after the fact", DANA)
    pairs = {(odd.earlier, odd.later) for odd in facts(chain).oddities}
    assert ("first signal", "impact start") in pairs
    assert ("resolved", "declared") in pairs


def test_correction_keeps_the_facts_it_does_not_mention():
    chain = Chain()
    first = chain.add(K.DECLARED, at("01:00"), "opened", DANA, payload={"severity": "sev2", "title": "x"})
    chain.add(K.CORRECTION, at("00:50"), "earlier", OMAR, recorded=at("02:00"), supersedes=first.id, reason="log")
    found = facts(chain)
    assert found.declared.severity == "sev2"
    assert found.instants.declared == Point(at("00:50"), 2)
    assert [(a.does, a.seq, a.other) for a in found.amendments] == [("corrects", 2, 1)]
    assert found.entries[0].actor == DANA


def test_retracted_event_leaves_the_facts_but_its_author_is_invited():
    chain = Chain()
    wrong = chain.add(K.MITIGATED, at("01:00"), "wrong", MEI)
    chain.add(K.RETRACTION, at("01:05"), "taken back", OMAR, retracts=wrong.id)
    found = facts(chain)
    assert found.instants.mitigated is None
    assert [i.role for i in found.invitees] == [MEI.role, OMAR.role]


def test_time_per_severity():
    chain = Chain()
    chain.add(K.DECLARED, at("01:00"), "x", payload={"severity": "sev3"})
    chain.add(K.SEVERITY, at("01:30"), "x", DANA, payload={"from": "sev3", "to": "sev1"})
    chain.add(K.RESOLVED, at("03:00"), "x", DANA)
    rows = [(name, span.seconds if span else None) for name, _, span in facts(chain).severities]
    assert rows == [("sev3", 1800), ("sev1", 5400)]


def test_changes_only_of_the_window():
    chain = Chain()
    chain.add(K.CHANGE, at("00:00", 10), "old", payload={"subject": "a", "kind": "deploy"})
    chain.add(K.CHANGE, at("00:00", 20), "near", payload={"subject": "b", "kind": "deploy"})
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.CHANGE, at("02:00"), "later", payload={"subject": "c", "kind": "deploy"})
    found = facts(chain).changes
    assert [row.subject for row in found.rows] == ["b"]
    assert found.older == 1


def test_quiet_stretch_and_late_entries():
    chain = Chain()
    chain.add(K.DECLARED, at("01:00"), "x", DANA)
    chain.add(K.NOTE, at("01:10"), "told later", DANA, recorded=at("01:26"))
    chain.add(K.NOTE, at("02:00"), "x", DANA)
    found = facts(chain)
    assert found.quiet is not None
    assert (found.quiet.start.seq, found.quiet.end.seq) == (2, 3)
    assert found.late == (2,)


def test_promise_of_the_next_update_is_held_against_it():
    chain = Chain()
    chain.add(K.DECLARED, at("01:00"), "x", DANA)
    chain.add(K.COMMS, at("01:10"), "x", DANA, payload={"next_due_at": utc_text(at("02:00"))})
    chain.add(K.COMMS, at("02:30"), "x", DANA)
    chain.add(K.RESOLVED, at("04:00"), "x", DANA)
    ((due, answer, kept),) = facts(chain).comms.promised
    assert due.at == at("02:00")
    assert answer is not None
    assert answer.seq == 3
    assert not kept


def test_payloads_of_other_types_are_not_recorded():
    chain = Chain()
    odd = {"action": 1, "kind": 7, "approvals": "many", "needed": True, "due_at": "soon", "stages": [], "before": None}
    chain.add(K.ACTION, at("01:00"), "x", DANA, payload={**odd, "phase": "requested"})
    chain.add(K.DECISION, at("01:01"), "x", OMAR, payload=odd)
    chain.add(K.DECLARED, at("01:02"), "x", DANA, payload=odd)
    (action,) = facts(chain).privileged
    assert action.approvals is None
    assert action.undo_due is None


def test_json_is_plain_and_holds_no_timeline_text():
    chain = Chain()
    chain.add(K.NOTE, at("01:00"), "a secret remark", DANA)
    text = canonical(as_json(facts(chain))).decode()
    assert "secret" not in text


def test_people_are_roles():
    nameless = Actor(ActorKind.HUMAN, "slack:U99", "U99")
    chain = Chain()
    chain.add(K.NOTE, at("01:00"), "x", nameless)
    assert [i.role for i in facts(chain).invitees] == ["responder"]


@pytest.mark.parametrize("text", ["<!-- /machine -->", "a | b", "`x`", "[E9]", "<script>", "a\nb", "\u202eabc", "“x”"])
def test_text_from_outside_is_literal(text):
    for shown in (escape(text), code(text)):
        assert "<" not in shown
        assert "\n" not in shown
        assert "\u202e" not in shown
        assert "[E9]" not in shown.replace("\\[", "(")


AGREE = {
    "started": "impact_start",
    "detected": "detected",
    "declared": "declared",
    "acknowledged": "acknowledged",
    "first_action": "first_action",
    "first_public_comms": "first_notice",
    "mitigated": "mitigated",
    "resolved": "resolved",
}
# An early alert nobody acted on is taken for the detection; relief nobody marked is not guessed.
KNOWN_MISSES = {("knight", "detected")}


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem)
def test_recorded_timelines_agree_with_what_people_stated(path):
    data, chain = recorded(path)
    instants = facts(chain).instants
    for stated, name in AGREE.items():
        said = data["facts"].get(f"{stated}_at")
        found = getattr(instants, name)
        if said is None or (path.stem.split("-")[0], stated) in KNOWN_MISSES:
            continue
        if name == "mitigated" and not any(e.kind is K.MITIGATED for e in chain.events):
            assert found is None
            continue
        assert found is not None
        assert utc_text(found.at) == utc_text(datetime.fromisoformat(said))


def prompts(chain: Chain) -> dict[str, str]:
    return {prompt.name: prompt.question for prompt in facts(chain).prompts}


def test_questions_follow_what_happened():
    assert {"impact", "detection", "route", "refuted", "quality", "handoff", "override", "learning"} <= set(
        prompts(story())
    )
    chain = Chain()
    chain.add(K.REPORT, at("01:00"), "users complain", DANA)
    chain.add(K.ACTION, at("01:10"), "restarted", DANA, payload={"result": "made_worse"})
    asked = prompts(chain)
    assert "[E2]" in asked["expected"]
    assert "[E2]" in asked["authority"]
    assert "No alert" in asked["detection"]
    assert "No verification" in asked["quality"]
    assert "[E2]" in asked["audience"]


def test_a_restore_nobody_has_to_approve_raises_no_question_of_authority():
    chain = Chain()
    what = {"action": 3, "kind": "enable", "component": "auto"}
    chain.add(K.ACTION, at("01:00"), "x", DANA, payload={**what, "phase": "started"})
    chain.add(K.DECISION, at("01:00"), "x", payload={**what, "verdict": "not needed"})
    assert "authority" not in prompts(chain)


def test_breaking_the_glass_is_asked_about():
    chain = Chain()
    what = {"action": 3, "kind": "rollback", "component": "m", "verdict": "approved", "right": "break glass"}
    chain.add(K.DECISION, at("01:00"), "x", DANA, payload=what)
    assert "[E1]" in prompts(chain)["glass"]


def test_a_decider_under_the_own_right_is_named():
    chain = Chain()
    what = {"action": 3, "kind": "disable", "component": "auto", "verdict": "not needed", "right": "disable"}
    chain.add(K.DECISION, at("01:00"), "x", OMAR, payload=what)
    assert [d.text for d in facts(chain).privileged[0].deciders] == ["model owner"]


def test_the_newest_statement_of_the_beginning_holds():
    chain = Chain()
    chain.add(K.IMPACT_START, at("01:00"), "began", DANA)
    chain.add(K.IMPACT_START, at("01:30"), "rather then", DANA)
    assert facts(chain).instants.impact_start == Point(at("01:30"), 2)


def test_an_extended_and_overdue_override_shows_each_step():
    chain = Chain()
    base = {"override": 5, "action": 3, "component": "auto", "since": utc_text(at("01:00"))}
    chain.add(K.OVERRIDE, at("01:00"), "x", payload={**base, "phase": "on", "due_at": utc_text(at("02:00"))})
    chain.add(
        K.OVERRIDE, at("01:50"), "x", DANA, payload={**base, "phase": "extended", "due_at": utc_text(at("03:00"))}
    )
    chain.add(K.UNDO_DUE, at("03:00"), "x", payload={**base, "phase": "overdue", "due_at": utc_text(at("03:00"))})
    found = facts(chain)
    assert [step.phase for step in found.overrides] == ["on", "extended", "overdue"]
    assert found.privileged[0].undo_due == Point(at("03:00"), 2)
