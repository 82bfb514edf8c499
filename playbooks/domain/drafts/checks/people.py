"""Checks H1 to H6: what is people's stays people's, and nobody is named, blamed or left out."""

from __future__ import annotations

import re

from playbooks.domain.drafts import words
from playbooks.domain.drafts.checks.kinds import Rule
from playbooks.domain.drafts.checks.provenance import BLAME, banned
from playbooks.domain.drafts.reading import CITATION, Draft, cells_of
from playbooks.domain.drafts.status import state_told
from playbooks.domain.people import ActorKind

HUMAN_PARTS = ("status", "action-items", "message", "review")
_RULER = re.compile(r"\|(?: *:?-{3,}:? *\|)+")
_NOTHING = re.compile(r"(?:tbd|todo|n/?a|none|unknown|\?+|-+|–|—|_+|…|\.+)?", re.IGNORECASE)
_HALF = re.compile(r"- D-\d+ is not complete: ")  # of the ledger, which says there what it lacks
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+\S")
_TO_DO = re.compile(r"\b(?:action items?|to-?do|next steps?|we (?:will|must|should)|must be)\b", re.IGNORECASE)


def _questions(draft: Draft) -> list[str]:
    return [b.content for b in draft.blocks if not b.machine and b.name not in HUMAN_PARTS]


def _h1(draft: Draft) -> str:
    count, asked = len(_questions(draft)), len(draft.facts.prompts)
    if count < 5:
        return f"only {count} questions for people"
    if not draft.events:
        return ""
    stated = re.search(r"\b(\d+) questions\b", draft.text("title"))
    if stated is None or int(stated[1]) != asked:
        return "the status line does not count the questions"
    told = re.search(r"(?:all|of) (\d+) questions\b", draft.text("status"))
    if told is None or int(told[1]) != asked:
        return "the status does not count the questions that are open"
    return f"{asked - count} of the questions are missing" if count < asked else ""


def _h2(draft: Draft) -> str:
    questions = _questions(draft)
    naming = [text for text in questions if CITATION.search(text)]
    return "" if 2 * len(naming) >= len(questions) or not draft.events else "most questions name no event"


def _h3(draft: Draft) -> str:
    lines = draft.text("action-items").split("\n")
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else ""
        if _ITEM.match(line) and not _HALF.match(line):
            return f"an action item stands outside the table: {line.strip()[:40]}"
        if not line.startswith("|") or _RULER.fullmatch(line) or _RULER.fullmatch(following):
            continue
        filled = [not _NOTHING.fullmatch(cell.strip("* _")) for cell in cells_of(line)]
        if any(filled) and (len(filled) < 6 or not all(filled[:6])):
            return "an action item lacks its text, type, owner, due, ticket or done-when"
    hits = (f"{name} says “{hit[0]}”" for name, _, own in draft.own if (hit := _TO_DO.search(own)))
    return next(hits, "")


def _h4(draft: Draft) -> str:
    actors = [e.new.actor for e in draft.events if e.new.actor.kind is ActorKind.HUMAN]
    names = {name for actor in actors for name in (actor.id, actor.slack) if len(name) > 2}
    known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    person = re.compile(rf"<@\w+|(?<![\w.])@\w+|(?<![\w-])(?:{known or '(?!)'})(?![\w-])")
    hits = (f"{name} names {hit[0]}" for name, _, own in draft.own if (hit := person.search(own)))
    return next(hits, "") or banned(BLAME)(draft)


def _h5(draft: Draft) -> str:
    lines = draft.text("summary").split("\n")
    count = sum(len(line.split()) for line in lines if not line.startswith("#"))
    if count > 120:
        return f"the summary has {count} words"
    state = state_told(draft.text("status"))
    if state is None:
        return "the status is missing"
    if f"State: **{state.label}**" not in draft.text("review"):
        return "status and review tell different states"
    return "" if re.search(r"^\W*Owner: ", draft.text("review"), re.MULTILINE) else "there is no place for the owner"


def _h6(draft: Draft) -> str:
    lines = draft.lines("invitees")
    for invitee in draft.facts.invitees:
        team = f" of {words.code(invitee.team)}" if invitee.team else ""
        if f"- {words.role(invitee.role)}{team} [E{invitee.seq}]" not in lines:
            return f"the role that acted at E{invitee.seq} is not invited"
    return ""


RULES = (
    Rule("H1", False, "at least five questions, counted", _h1),
    Rule("H2", False, "half of them name an event", _h2),
    Rule("H3", True, "no action item invented; filled ones complete", _h3),
    Rule("H4", True, "no blame, counterfactual or person in machine text", _h4),
    Rule("H5", False, "summary at most 120 words, status, owner", _h5),
    Rule("H6", False, "everyone who acted is invited", _h6),
)
