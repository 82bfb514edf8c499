"""Command text to typed values: pure, forgiving about form, exact about meaning. Times and spans stay as typed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from bot.slack.grammar_figures import read_stats
from bot.slack.grammar_levers import (
    read_accept_risk,
    read_disable,
    read_enable,
    read_extend,
    read_freeze,
    read_glass,
    read_review,
    read_rollback,
    read_verdict,
)
from bot.slack.grammar_muting import read_maintenance, read_report, read_silence, read_unsilence
from bot.slack.grammar_people import person, read_handoff, read_lead, read_role
from bot.slack.grammar_postmortem import read_item, read_postmortem
from bot.slack.grammar_reporting import read_clock, read_hold, read_reportable, read_unhold
from bot.slack.grammar_timeline import (
    read_backfill,
    read_decide,
    read_milestone,
    read_observed,
    read_redact,
    read_think,
    read_told,
)
from bot.slack.grammar_values import (
    AnswerArgs,
    Args,
    CorrectArgs,
    DebtArgs,
    DecideArgs,
    DisableArgs,
    EnableArgs,
    ExtendArgs,
    GlassArgs,
    HandoffArgs,
    HelpArgs,
    LeadArgs,
    NewArgs,
    NoArgs,
    NoteArgs,
    Parsed,
    Person,
    PostmortemArgs,
    ResolveArgs,
    RoleArgs,
    RollbackArgs,
    SevArgs,
    StandArgs,
    TaskArgs,
    TextArgs,
    WhoArgs,
)
from bot.slack.grammar_words import (
    NAMED_INCIDENT,
    WHEN,
    component_first,
    first_word,
    leading_incident,
    plain_name,
    quoted,
    readable,
    severity_name,
    split_because,
)
from playbooks import errors

__all__ = [
    "AnswerArgs",
    "Args",
    "CorrectArgs",
    "DebtArgs",
    "DecideArgs",
    "DisableArgs",
    "EnableArgs",
    "ExtendArgs",
    "GlassArgs",
    "HandoffArgs",
    "HelpArgs",
    "LeadArgs",
    "NewArgs",
    "NoArgs",
    "NoteArgs",
    "Parsed",
    "Person",
    "PostmortemArgs",
    "ResolveArgs",
    "RoleArgs",
    "RollbackArgs",
    "SevArgs",
    "StandArgs",
    "TaskArgs",
    "TextArgs",
    "WhoArgs",
    "parse",
    "parse_mention",
    "readable",
]


@dataclass(frozen=True, slots=True)
class Context:
    """What a verb's reader may use: the command as typed, known names, and the users mentioned."""

    command: str
    components: Collection[str]
    severities: Collection[str]
    people: Mapping[str, str]

    def usage(self, verb: str, sentence: str) -> errors.InputError:
        """A usage error in one sentence, with the form of the command."""
        return errors.InputError(sentence, f"Write it like this: `{self.command}{VERBS[verb].form}`.", code="bad_usage")


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: how its words are read, what else it is called, and its form for help texts."""

    read: Callable[[str, Context], Args]
    usage: str = ""
    synonyms: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """What may follow the verb, with a space before it."""
        return "".join(self.usage.partition(" ")[1:])


def _nothing(text: str, context: Context) -> Args:
    if text:
        raise errors.InputError(
            f"I don't know what to do with `{quoted(text)}` there.",
            f"Write just `{context.command}`.",
            code="bad_usage",
        )
    return NoArgs()


def _new(text: str, context: Context) -> Args:
    component = severity = ""
    for _ in range(2):
        word, rest = first_word(text)
        second, after = first_word(rest)
        if not component and plain_name(word) in context.components:
            component, text = plain_name(word), rest
        elif (
            not severity
            and word.lower() == "sev"
            and second.isdecimal()
            and severity_name(second) in context.severities
        ):
            severity, text = severity_name(second), after
        elif not severity and not word.isdecimal() and severity_name(word) in context.severities:
            severity, text = severity_name(word), rest
    return NewArgs(component, severity, text)


def _note(text: str, context: Context) -> Args:
    found = WHEN.match(text[:80])
    if found is None:
        return NoteArgs("", text)
    rest = text[found.end() :].strip()
    if not rest:
        raise context.usage("note", "There is a time but no text in that note.")
    return NoteArgs(" ".join(found.group().split()), rest)


def _sev(text: str, context: Context) -> Args:
    head, because = split_because(text)
    if len(head.split()) > 1 and not re.fullmatch(r"sev\s+\d", head, re.IGNORECASE):
        raise context.usage("sev", f"I read `{quoted(head)}` as a severity; that is none.")
    return SevArgs(severity_name(head), because)


def _debt(text: str, context: Context) -> Args:
    words = text.split()
    page = int(words.pop()) if words and re.fullmatch(r"[1-9]\d{0,3}", words[-1]) else 1
    if words and words[-1].lower() == "page":
        words.pop()
    if len(words) > 1:
        raise context.usage("debt", f"I need one team, component or person; I read `{quoted(' '.join(words))}`.")
    word = words[0] if words else ""
    if word.startswith("@") or word.lower() in ("me", "mine"):
        mine = word.lower() in ("me", "mine", "@me")
        return DebtArgs("", Person() if mine else person(word, context), page)
    return DebtArgs(plain_name(word), None, page)


def _correct(text: str, context: Context) -> Args:
    word, rest = first_word(text)
    number = re.fullmatch(r"[E#]?(\d{1,9})", word, re.IGNORECASE)
    if number is None:
        raise context.usage("correct", "Which event? Its number stands in the timeline.")
    head, because = split_because(rest)
    return CorrectArgs(int(number.group(1)), head, because)


def _who(text: str, context: Context) -> Args:
    word, rest = component_first(text, context.components)
    if rest:
        raise context.usage("who", f"I need one component; I read `{quoted(text)}`.")
    return WhoArgs(plain_name(word).rstrip("?"))


VERBS: Final[dict[str, Verb]] = {
    "new": Verb(_new, "new [component] [sev2] [what is wrong]", ("declare", "open", "create")),
    "list": Verb(_nothing, "list", ("ls", "incidents")),
    "status": Verb(_nothing, "status", ("show",)),
    "ack": Verb(lambda text, _: TextArgs(text), "ack", ("acknowledge", "take", "mine")),
    "lead": Verb(read_lead, "lead [@person]", ("ic", "captain", "commander")),
    "role": Verb(read_role, "role comms @person", ("assign",)),
    "handoff": Verb(read_handoff, "handoff @person [comms], on_call:<team> or a team", ("hand-off", "handover")),
    "accept": Verb(_nothing, "accept", ("accepted",)),
    "sev": Verb(_sev, "sev 2 [because …]", ("severity",)),
    "update": Verb(lambda text, _: TextArgs(text), "update <text for people>", ("say",)),
    "milestone": Verb(read_milestone, "milestone impact [component] 02:31 [because …]", ("milestones",)),
    "backfill": Verb(read_backfill, "backfill [lines]", ("back-fill",)),
    "decide": Verb(read_decide, "decide <what> [options: a; b] [right: model owner]", ("decided",)),
    "think": Verb(read_think, "think <hypothesis>, think E12 refuted [why]", ("hypothesis", "suspect")),
    "observed": Verb(read_observed, "observed [10:42] <what you see>", ("observe", "saw")),
    "told": Verb(read_told, "told customers <what>", ("informed",)),
    "redact": Verb(read_redact, "redact E12 because …", ("blank",)),
    "note": Verb(_note, "note [10:42] <text for the timeline>", ("log",)),
    "mitigated": Verb(lambda text, _: TextArgs(text), "mitigated [text]", ("mitigate", "contained")),
    "resolve": Verb(lambda text, _: ResolveArgs(text), "resolve [text]", ("resolved", "fixed")),
    "close": Verb(lambda text, _: TextArgs(text), "close", ("closed",)),
    "cancel": Verb(lambda text, _: TextArgs(text), "cancel [why]", ("cancelled", "canceled")),
    "reopen": Verb(lambda text, _: TextArgs(text), "reopen [why]", ("reopened",)),
    "summary": Verb(_nothing, "summary", ("catchup", "catch-up")),
    "timeline": Verb(_nothing, "timeline", ("history",)),
    "postmortem": Verb(
        read_postmortem, "postmortem [INC-7] [review, reviewed, close, item, publish …]", ("pm", "draft", "post-mortem")
    ),
    "who": Verb(_who, "who [INC-7] <component>", ("owner", "owners", "whois")),
    "rollback": Verb(read_rollback, "rollback <component> [to <version>] [because …]", ("roll-back", "revert")),
    "disable": Verb(read_disable, "disable <component> for 4h [because …]", ("off", "kill")),
    "enable": Verb(read_enable, "enable <component> [because …]", ("on", "restore")),
    "extend": Verb(read_extend, "extend <component> by 2h [because …]", ("prolong",)),
    "approve": Verb(read_verdict, "approve [number]", ("approved", "yes")),
    "deny": Verb(read_verdict, "deny [number] [why]", ("denied", "reject", "no")),
    "done": Verb(read_verdict, "done [number] <what shows it>", ("did",)),
    "cannot": Verb(read_verdict, "cannot [number] <why>", ("could-not", "failed")),
    "correct": Verb(_correct, "correct E12 <text> [because …]", ("amend",)),
    "retract": Verb(_correct, "retract E12 [because …]", ("remove",)),
    "debt": Verb(_debt, "debt [team, component, @person or me] [page]", ("ledger",)),
    "accept-risk": Verb(read_accept_risk, "accept-risk <component> until 2026-12-01 because …", ("acceptrisk",)),
    "freeze": Verb(read_freeze, "freeze <component> [for 2d] [because …]", ()),
    "unfreeze": Verb(read_enable, "unfreeze <component> [because …]", ("thaw",)),
    "silence": Verb(read_silence, "silence <component> [alert] for 2h because …", ("mute", "snooze")),
    "maintenance": Verb(read_maintenance, "maintenance <component> from 22:00 until 23:30 because …", ()),
    "unsilence": Verb(read_unsilence, "unsilence S-3 [because …]", ("unmute",)),
    "silences": Verb(_nothing, "silences", ("muted",)),
    "report": Verb(read_report, "report <component> <what went wrong>", ("complain",)),
    "why": Verb(lambda text, _: TextArgs(text), "why <alert>", ()),
    "gaps": Verb(_who, "gaps [component or team]", ()),
    "confirm": Verb(_who, "confirm <component>", ("recertify",)),
    "task": Verb(
        read_item, "task <what is left to do> [@person] [until 2026-12-01]", ("todo", "followup", "follow-up")
    ),
    "tasks": Verb(_nothing, "tasks", ("todos", "followups", "follow-ups")),
    "stats": Verb(
        read_stats,
        "stats [component, team, …] [name] [90d or since 2026-09-01]",
        ("figures", "metrics"),
    ),
    "sync": Verb(_nothing, "sync", ("reload",)),
    "break-glass": Verb(read_glass, "break-glass [number] because …", ("breakglass",)),
    "review": Verb(read_review, "review D-4 <what came of it>", ()),
    "reportable": Verb(read_reportable, "reportable yes|no|undecided [clock …] because …", ("notifiable",)),
    "clock": Verb(read_clock, "clock [sent <clock> <stage> [reference] or draft <clock>]", ("clocks",)),
    "hold": Verb(read_hold, "hold [component] [for 3d] because …", ("preserve",)),
    "unhold": Verb(read_unhold, "unhold [component] [because …]", ()),
    "audit": Verb(_nothing, "audit", ("verify",)),
    "help": Verb(lambda text, _: HelpArgs(first_word(text)[0].lower()), "help", ("?", "h")),
}


_NAMES: Final[dict[str, str]] = {name: verb for verb, spec in VERBS.items() for name in (verb, *spec.synonyms)}


# Their text may be left out: `ack INC-7` names the incident, as `INC-7 ack` does.
_OFTEN_ALONE: Final = frozenset({"ack", "lead", "update", "mitigated", "resolve", "close", "cancel", "reopen"})


SHORT: Final[dict[str, str]] = {
    "/rollback": "rollback",
    "/disable": "disable",
    "/enable": "enable",
    "/owner": "who",
    "/postmortem": "postmortem",
}


SEVERITIES: Final = ("sev1", "sev2", "sev3", "sev4")


def parse(
    text: str,
    *,
    command: str = "/inc",
    root: str = "/inc",
    components: Collection[str] = (),
    severities: Collection[str] = SEVERITIES,
) -> Parsed:
    """Read what was typed after `command`: the root, or one of `SHORT`. Raises InputError or UnknownName, nothing else.

    Args:
        text: as Slack sends it. components, severities: known ids, needed only to tell them from the words of `new`.
    """
    words, people = readable(text)
    incident, words = leading_incident(words)
    verb = SHORT.get(command) if command != root else None
    shown = command if verb else root
    if verb is None:
        typed, words = first_word(words)
        if not typed:
            return Parsed("menu" if incident is None else "status", NoArgs(), incident, bare=True)
        verb = _NAMES.get(typed.lower().rstrip(",.!"))
        if verb is None:
            raise _unknown(typed, root)
        shown = f"{root} {verb}"
    alone = verb in _OFTEN_ALONE and NAMED_INCIDENT.fullmatch(words)
    if (alone or VERBS[verb].read in (_nothing, read_postmortem)) and incident is None:
        incident, words = leading_incident(words)
    args = VERBS[verb].read(words, Context(shown, components, severities, people))
    return Parsed(verb, args, incident, bare=not words)


def parse_mention(text: str, *, root: str = "/inc", components: Collection[str] = ()) -> Parsed:
    """Read `@muster note …`: the same verbs where slash commands do not work, in threads."""
    return parse(re.sub(r"^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>[,:]?", "", text), root=root, components=components)


def _unknown(typed: str, root: str) -> errors.UnknownName:
    near = difflib.get_close_matches(typed.lower()[:40], list(_NAMES), n=3, cutoff=0.6)
    near.sort(key=lambda name: sorted(name) != sorted(typed.lower()))  # letters that changed places come first
    verbs = tuple(dict.fromkeys(_NAMES[name] for name in near))
    hint = f"Did you mean `{root} {verbs[0]}`?" if verbs else f"See `{root} help`."
    return errors.UnknownName(f"I don't know `{quoted(typed)}`.", hint, nearest=verbs)
