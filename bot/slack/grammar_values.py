"""What a command carries once it is read: one frozen value a verb. Commands, buttons and modals all end here."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NoArgs:
    """Nothing but the verb: menu, list, status, summary, timeline, postmortem, audit."""


@dataclass(frozen=True, slots=True)
class TextArgs:
    """Free text, may be empty: ack, update, mitigated, close, cancel, reopen."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class NewArgs:
    """`new [component] [sev] [text]`; the component only when it is a known one."""

    component: str = ""
    severity: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class NoteArgs:
    """`note [time] <text>`; `when` as typed, empty for now. `kind` is an event kind, set by the modal only."""

    when: str = ""
    text: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A Slack user, or a name as typed; both empty means the one who types."""

    slack: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class LeadArgs:
    """`lead [@user]`."""

    person: Person = field(default_factory=Person)


@dataclass(frozen=True, slots=True)
class RoleArgs:
    """`role <role> [@user]`."""

    role: str = ""
    person: Person = field(default_factory=Person)


@dataclass(frozen=True, slots=True)
class HandoffArgs:
    """`handoff @user [role]`; the role is `lead` when none is named."""

    person: Person = field(default_factory=Person)
    role: str = "lead"


@dataclass(frozen=True, slots=True)
class SevArgs:
    """`sev <2|sev2|name> [because <text>]`; a number reads `sev2`."""

    severity: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class ResolveArgs:
    """`resolve [text]`; the moments come from the modal (`2026-11-21 02:36:00 UTC`), empty where not said.

    `confirmed`: milestones whose proposal was ticked. `sure`: said again after it was asked back.
    """

    text: str = ""
    impact: str = ""
    detected: str = ""
    aware: str = ""
    ack: str = ""
    relief: str = ""
    confirmed: tuple[str, ...] = ()
    sure: bool = False


@dataclass(frozen=True, slots=True)
class WhoArgs:
    """`who <component>`."""

    component: str = ""


@dataclass(frozen=True, slots=True)
class RollbackArgs:
    """`rollback <component> [to <version>] [because <text>]`."""

    component: str = ""
    to: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class DisableArgs:
    """`disable <component> for <span> | until <time> [because <text>]`; exactly one of `span` and `until`."""

    component: str = ""
    span: str = ""
    until: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class EnableArgs:
    """`enable <component> [because <text>]`."""

    component: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class ExtendArgs:
    """`extend [<component>|D-118] by <span> | until <time> [because <text>]`; nothing named: the only one open."""

    component: str = ""
    override: int | None = None
    span: str = ""
    until: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class StandArgs:
    """`accept-risk <component>|D-4 until <date> because …`, `freeze <component> [for <span>|until <time>] [because …]`.

    `override`: the accepted risk that is renewed.
    """

    component: str = ""
    override: int | None = None
    span: str = ""
    until: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class SilenceArgs:
    """`silence <component> [alert] [from <time>] for <span>|until <time> [because …] [then open|list]`.

    `failure`: the failure key or alert name it is limited to. `at_end`: `open` or `list`, empty for the default.
    """

    component: str = ""
    failure: str = ""
    start: str = ""
    span: str = ""
    until: str = ""
    because: str = ""
    at_end: str = ""


@dataclass(frozen=True, slots=True)
class ReportArgs:
    """`report <component> <what went wrong>`; `ts`: of the message it is about, from the form alone."""

    component: str = ""
    text: str = ""
    ts: str = ""


@dataclass(frozen=True, slots=True)
class UnsilenceArgs:
    """`unsilence S-3 [because …]`."""

    number: int | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class DebtArgs:
    """`debt [team|component|@person|me] [page]`; `whose` says that a person was named, who types where it is empty."""

    about: str = ""
    whose: Person | None = None
    page: int = 1


@dataclass(frozen=True, slots=True)
class TaskArgs:
    """`task <text> [@person] [until <day>] [ticket …] [done when …]`; `number`: of one that exists already.

    Nobody named is who types, `until` is as typed and empty for the usual.
    """

    text: str = ""
    person: Person = field(default_factory=Person)
    until: str = ""
    type: str = ""
    ticket: str = ""
    done_when: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class PostmortemArgs:
    """`postmortem [step …]`; no step asks where it stands. `checks`: from the reviewer's form only."""

    step: str = ""
    person: Person = field(default_factory=Person)
    until: str = ""
    because: str = ""
    item: TaskArgs | None = None
    checks: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class GlassArgs:
    """`break-glass rollback|disable|enable <as usual> because …`: the command that goes through a freeze."""

    verb: str
    args: RollbackArgs | DisableArgs | EnableArgs


@dataclass(frozen=True, slots=True)
class DecideArgs:
    """`approve [number]`, `deny [number] [reason]`; no number: the only one that waits."""

    action: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AnswerArgs:
    """An answer to a question of the draft; from the modal only."""

    question: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class HelpArgs:
    """`help [verb]`."""

    verb: str = ""


@dataclass(frozen=True, slots=True)
class StatsArgs:
    """`stats [component|team|severity|failure] [name] [30d|since 2026-09-01]`; `since` is a day or a span."""

    by: str = ""
    name: str = ""
    span: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class CorrectArgs:
    """`correct E12 <text> [because <why>]`, `retract E12 [because <why>]`: the number of the event in the timeline."""

    event: int = 0
    text: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class ReportableArgs:
    """`reportable yes|no|undecided [clock …] because <why>`."""

    verdict: str = ""
    clocks: tuple[str, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True)
class ClockArgs:
    """`clock`, `clock sent <clock> <stage> [reference]`, `clock draft <clock>`; `what` is empty, sent or draft."""

    what: str = ""
    clock: str = ""
    stage: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class MilestoneArgs:
    """`milestone <name> [component] [time] [text] [because …]`; `when` as typed, `sure` where it was asked back."""

    name: str = ""
    phase: str = ""
    when: str = ""
    text: str = ""
    because: str = ""
    sure: bool = False


@dataclass(frozen=True, slots=True)
class BackfillArgs:
    """`backfill [lines]`; from the form also the zone, what was shown, and what a past incident is opened with."""

    text: str = ""
    zone: str = ""
    hash: str = ""
    title: str = ""
    component: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class TellArgs:
    """`decide`, `think`, `observed`, `told`, and the form of *Add to timeline*: one line of a kind of its own.

    `event`, `state`: the hypothesis that was confirmed or refuted. `when` and `precision` as typed or chosen.
    """

    kind: str = "note"
    when: str = ""
    text: str = ""
    component: str = ""
    precision: str = ""
    options: str = ""
    right: str = ""
    audience: str = ""
    event: int | None = None
    state: str = ""


Args = (
    TellArgs
    | MilestoneArgs
    | BackfillArgs
    | NoArgs
    | ReportableArgs
    | ClockArgs
    | TextArgs
    | NewArgs
    | NoteArgs
    | LeadArgs
    | RoleArgs
    | SevArgs
    | ResolveArgs
    | WhoArgs
    | RollbackArgs
    | DisableArgs
    | EnableArgs
    | ExtendArgs
    | DecideArgs
    | DebtArgs
    | TaskArgs
    | PostmortemArgs
    | StandArgs
    | SilenceArgs
    | UnsilenceArgs
    | ReportArgs
    | GlassArgs
    | AnswerArgs
    | HelpArgs
    | CorrectArgs
    | HandoffArgs
    | StatsArgs
)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command. `verb` is the first name of `VERBS` (`menu` for no words); `bare` when nothing came after it."""

    verb: str
    args: Args
    incident: int | None = None
    bare: bool = False
