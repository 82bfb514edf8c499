"""What people put into a form, as the same values commands have; faults by field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.slack import grammar_values as values
from bot.slack import ids, postmortem_values, timeline_values
from bot.slack.blocks import escape
from bot.slack.grammar_values import Args, Parsed
from playbooks import errors
from playbooks.domain.clocks import parse_span
from playbooks.domain.timeline import EventKind

ACTION: Final = "value"  # the action_id of every input; blocks tell them apart
KINDS: Final[tuple[tuple[EventKind, str], ...]] = (
    (EventKind.NOTE, "Note"),
    (EventKind.OBSERVATION, "Observation"),
    (EventKind.HYPOTHESIS, "Hypothesis"),
    (EventKind.DECISION, "Decision"),
    (EventKind.ACTION, "Action"),
    (EventKind.VERIFICATION, "Check of an effect"),
    (EventKind.COMMS, "Message to people outside"),
    (EventKind.REPORT, "Report from users"),
    (EventKind.IMPACT_START, "Impact began"),
    (EventKind.IMPACT_CHANGE, "Impact changed"),
)


_QUOTED = re.compile(r"`([^`]*)`")


class FieldErrors(errors.InputError):
    """Fields that cannot be used: block id -> sentence."""

    code = "bad_form"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(next(iter(fields.values()), "That form can't be used."))
        # Slack shows these as plain text: what stands between backticks is quoted instead.
        self.fields = {block: _QUOTED.sub(r"“\1”", sentence) for block, sentence in fields.items()}

    @property
    def response(self) -> dict[str, Any]:
        """What Slack is answered, so that the form stays open with its faults."""
        return {"response_action": "errors", "errors": self.fields}


@dataclass(frozen=True, slots=True)
class Submission:
    """A form as sent: which one, what it remembered, and the command it stands for."""

    callback_id: str
    meta: ids.Value
    parsed: Parsed


def parse(view: Mapping[str, Any]) -> Submission:
    """A submitted form. Raises FieldErrors for fields, InputError for a form of another release."""
    callback_id = str(view.get("callback_id", ""))
    reader = _READERS.get(callback_id)
    if reader is None:
        raise errors.InputError("That form is from another release.", "Close it and open it again.", code="old_form")
    meta = ids.decode(str(view.get("private_metadata", "")))
    form = Form(view)
    verb, args = reader(form, meta)
    if form.faults:
        raise FieldErrors(form.faults)
    return Submission(callback_id, meta, Parsed(verb, args, meta.incident))


class Form:
    """The fields of a view, and what is wrong with them."""

    kinds: Final = frozenset(kind.value for kind, _ in KINDS)

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._values = _dict(_dict(view.get("state")).get("values"))
        self.faults: dict[str, str] = {}

    def _field(self, block_id: str) -> Mapping[str, Any]:
        return _dict(_dict(self._values.get(block_id)).get(ACTION))

    def text(self, block_id: str, *, needed: str = "") -> str:
        """Text or the chosen option; `needed` is the complaint when it is empty."""
        found = self._field(block_id)
        content = found.get("value") or _dict(found.get("selected_option")).get("value") or ""
        text = escape.clean(str(content), lines=True)
        if needed and not text:
            self.faults[block_id] = needed
        return text

    def raw(self, block_id: str) -> str:
        """Pasted lines."""
        return timeline_values.plain_lines(str(self._field(block_id).get("value") or ""))

    def ticked(self, block_id: str) -> tuple[str, ...]:
        """Values of the boxes that are ticked."""
        options = self._field(block_id).get("selected_options")
        return tuple(str(_dict(option).get("value") or "") for option in options) if isinstance(options, list) else ()

    def user(self, block_id: str, *, needed: str) -> str:
        """Slack id of the chosen person; `needed` is the complaint when nobody is chosen."""
        user = str(self._field(block_id).get("selected_user") or "")
        if not user:
            self.faults[block_id] = needed
        return user

    def when(self, block_id: str, *, needed: str = "") -> str:
        """A moment as `2026-11-21 02:36:00 UTC`, empty when none was chosen."""
        stamp = self._field(block_id).get("selected_date_time")
        if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 < stamp < 10**10:
            return datetime.fromtimestamp(stamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        if needed or stamp is not None:
            self.faults[block_id] = needed or "That is no time."
        return ""

    def end(self, block_id: str) -> tuple[str, str]:
        """(span, until) from one field: `4h`, `for 4h`, `until 06:30`, `06:30`."""
        words = " ".join(self.text(block_id, needed="Say for how long, like 4h.").split())
        lead, _, rest = words.partition(" ")
        if rest and lead.lower() in ("until", "till"):
            return "", rest
        words = rest if rest and lead.lower() in ("for", "by") else words
        if words and ":" not in words and words.count("-") != 2:
            self._readable(block_id, words)
        return ("", words) if ":" in words or words.count("-") == 2 else (words, "")

    def _readable(self, block_id: str, span: str) -> None:
        """A length nobody can read is told under its own field."""
        try:
            parse_span(span)
        except errors.InputError as error:
            self.faults[block_id] = error.told


def _dict(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _name(form: Form, *, needed: str = "") -> str:
    return form.text("component", needed=needed).lower()


def _read_new(form: Form, meta: ids.Value) -> tuple[str, Args]:
    title = " ".join(form.text("title", needed="Say in a few words what is wrong.").split())
    return "new", values.NewArgs(_name(form), form.text("severity").lower(), title)


def _read_rollback(form: Form, meta: ids.Value) -> tuple[str, Args]:
    name = _name(form, needed="Choose a component.")
    version = form.text("version")
    if len(version.split()) > 1:
        form.faults["version"] = "A version is one word, like v42."
    return "rollback", values.RollbackArgs(name, version, form.text("because"))


def _read_disable(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "disable", values.DisableArgs(
        _name(form, needed="Choose a component."), *form.end("for"), form.text("because")
    )


def _read_extend(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "extend", values.ExtendArgs(meta.component, meta.override, *form.end("for"), form.text("because"))


def _read_risk(form: Form, meta: ids.Value) -> tuple[str, Args]:
    component = meta.component if meta.override is not None else _name(form, needed="Choose a component.")
    span, until = form.end("until")
    because = form.text("because", needed="Say why: it is judged by its reason.")
    return "accept-risk", values.StandArgs(component, meta.override, span, until, because)


def _read_freeze(form: Form, meta: ids.Value) -> tuple[str, Args]:
    name = _name(form, needed="Choose a component.")
    because = form.text("because", needed="Say why: whoever is stopped by it reads it.")
    return "freeze", values.StandArgs(name, None, *form.end("for"), because)


def _read_silence(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "silence", _muting(form)


def _read_maintenance(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "maintenance", _muting(form)


def _muting(form: Form) -> values.SilenceArgs:
    name = _name(form, needed="Choose a component.")
    because = form.text("because", needed="Say why: whoever looks for an alert reads it.")
    return values.SilenceArgs(name, form.text("failure"), form.text("from"), *form.end("for"), because)


def _read_report(form: Form, meta: ids.Value) -> tuple[str, Args]:
    name = _name(form, needed="Choose the system it is about.")
    text = " ".join(form.text("text", needed="Say what went wrong.").split())
    return "report", values.ReportArgs(name, text, meta.ts)


def _read_let_end(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "review", values.DecideArgs(meta.override, form.text("text", needed="Say what became of it."))


def _read_note(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "note", values.NoteArgs(form.when("when"), form.text("text", needed="Write what happened."))


def _read_sev(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "sev", values.SevArgs(form.text("severity", needed="Choose a severity.").lower(), form.text("because"))


def _read_update(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "update", values.TextArgs(form.text("text", needed="Write the update."))


def _read_deny(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "deny", values.DecideArgs(meta.action, form.text("reason", needed="Say why: the requester reads it."))


def _read_errand_done(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "done", values.DecideArgs(meta.action, form.text("evidence", needed="Say what shows that it is done."))


def _read_errand_cannot(form: Form, meta: ids.Value) -> tuple[str, Args]:
    return "cannot", values.DecideArgs(meta.action, form.text("reason", needed="Say why it could not be done."))


def _read_answer(form: Form, meta: ids.Value) -> tuple[str, Args]:
    question = form.text("question", needed="Choose a question.")
    return "answer", values.AnswerArgs(question, form.text("text", needed="Write the answer."))


def _read_handoff(form: Form, meta: ids.Value) -> tuple[str, Args]:
    user = form.user("person", needed="Choose a person.")
    return "handoff", values.HandoffArgs(values.Person(user, user), form.text("role") or "lead")


def _read_reportable(form: Form, meta: ids.Value) -> tuple[str, Args]:
    clocks = tuple(re.split(r"[\s,]+", form.text("clocks").strip()))
    because = form.text("because", needed="Say why: a reasoned no is kept, too.")
    verdict = form.text("verdict", needed="Choose one.")
    return "reportable", values.ReportableArgs(verdict, tuple(name for name in clocks if name), because)


def _read_hold(form: Form, meta: ids.Value) -> tuple[str, Args]:
    name = _name(form, needed="Choose a component.")
    because = form.text("because", needed="Say why: whoever would alter it reads it.")
    return "hold", values.StandArgs(name, None, *form.end("for"), because)


_READERS: Final = {
    ids.MODAL_NEW: _read_new,
    ids.MODAL_UPDATE: _read_update,
    ids.MODAL_NOTE: _read_note,
    ids.MODAL_SEV: _read_sev,
    ids.MODAL_ROLLBACK: _read_rollback,
    ids.MODAL_DISABLE: _read_disable,
    ids.MODAL_EXTEND: _read_extend,
    ids.MODAL_DENY: _read_deny,
    ids.MODAL_ERRAND_DONE: _read_errand_done,
    ids.MODAL_ERRAND_CANNOT: _read_errand_cannot,
    ids.MODAL_RESOLVE: timeline_values.read_resolve,
    ids.MODAL_MILESTONE: timeline_values.read_milestone,
    ids.MODAL_BACKFILL: timeline_values.read_backfill,
    ids.MODAL_TIMELINE: timeline_values.read_line,
    ids.MODAL_ANSWER: _read_answer,
    ids.MODAL_HANDOFF: _read_handoff,
    ids.MODAL_RISK: _read_risk,
    ids.MODAL_FREEZE: _read_freeze,
    ids.MODAL_LET_END: _read_let_end,
    ids.MODAL_SILENCE: _read_silence,
    ids.MODAL_MAINTENANCE: _read_maintenance,
    ids.MODAL_REPORT: _read_report,
    ids.MODAL_REPORTABLE: _read_reportable,
    ids.MODAL_HOLD: _read_hold,
    **postmortem_values.READERS,
}
