"""What people put into the forms of the timeline, as the values of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.slack import grammar_values as values
from bot.slack import ids
from bot.slack.blocks import escape
from bot.slack.grammar_values import Args
from playbooks.domain.milestones import BY_NAME
from playbooks.domain.timeline import EventKind

if TYPE_CHECKING:
    from bot.slack.modal_values import Form


def read_resolve(form: Form, meta: ids.Value) -> tuple[str, Args]:
    """The moments of the end; none is taken that was not ticked or filled in."""
    impact, relief = form.when("impact"), form.when("relief")
    if impact and relief and relief < impact:
        form.faults["relief"] = "Relief can't come before the impact."
    return "resolve", values.ResolveArgs(
        form.text("text"),
        impact,
        form.when("detected"),
        form.when("aware"),
        form.when("ack"),
        relief,
        form.ticked("confirmed"),
        bool(form.ticked("sure")),
    )


def read_milestone(form: Form, meta: ids.Value) -> tuple[str, Args]:
    """One milestone; its words are the reason where it corrects."""
    name = form.text("kind", needed="Choose what it is.")
    if name and name not in BY_NAME:
        form.faults["kind"] = "Choose one of the list."
    when, words = form.when("when", needed="Say when it was."), form.text("text")
    sure = bool(form.ticked("sure"))
    return "milestone", values.MilestoneArgs(name, form.text("component").lower(), when, words, words, sure)


def read_backfill(form: Form, meta: ids.Value) -> tuple[str, Args]:
    """The pasted lines of all fields, with what was shown of them."""
    parts = [form.raw(block) for block in ("lines", "lines2", "lines3")]
    text = "\n".join(part for part in parts if part)
    if not text:
        form.faults["lines"] = "Paste at least one line."
    zone = form.text("zone", needed="Say in which zone the times are, like Europe/Berlin.")
    title = " ".join(form.text("title").split())
    return "backfill", values.BackfillArgs(
        text, zone, meta.hash, title, form.text("component").lower(), form.text("severity").lower()
    )


_PRECISIONS = {"exact", "minute", "approx", "hour", "day", "unknown"}


def read_line(form: Form, meta: ids.Value) -> tuple[str, Args]:
    """A line of its own, or of a message; what stands beside it is the right of a decision or a message's audience."""
    when = form.when("when", needed="Say when it happened.")
    kind = form.text("kind") or EventKind.NOTE.value
    if kind not in form.kinds:
        form.faults["kind"] = "Choose one of the list."
    exact, more = form.text("precision"), " ".join(form.text("more").split())
    if exact and exact not in _PRECISIONS:
        form.faults["precision"] = "Choose one of the list."
    return "decide", values.TellArgs(
        kind,
        when,
        form.text("text", needed="Write what happened."),
        form.text("component").lower(),
        exact,
        right=more if kind == EventKind.DECISION.value else "",
        audience=more if kind == EventKind.COMMS.value else "",
    )


def plain_lines(text: str) -> str:
    """Pasted text without control signs; tables come with tabs between their cells."""
    return escape.clean(text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "), lines=True)
