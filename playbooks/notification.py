"""The draft of a notification to an authority: a template filled from facts, each cited; Muster never sends it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from playbooks import errors
from playbooks.domain.drafts import words
from playbooks.domain.drafts.facts import facts_of
from playbooks.domain.drafts.phrases import FILTERS
from playbooks.domain.reporting import Record, Standing
from playbooks.domain.timeline import Event
from playbooks.templating import ANY, Case, environment, folders

FOLDER = "notification"


def render_notification(
    events: Sequence[Event],
    record: Record,
    one: Standing,
    *,
    incident_id: int,
    head: str,
    templates: Path | None = None,
    case: Case = ANY,
) -> str:
    """The draft of one stage of a clock. Raises ConfigError for a template of the user's that cannot be rendered."""
    facts = facts_of(sorted(events, key=lambda event: event.seq), incident_id)
    env = environment(folders(templates, FOLDER, case), html=False)
    env.finalize = _finalize
    env.filters.update(FILTERS)
    context = {
        "facts": facts,
        "clock": one.clock,
        "name": one.id,
        "stage": one.stage,
        "due": one.due_at,
        "waits": one.waits,
        "decided": record.decided,
        "aware": record.aware,
        "instants": [(label, point) for label, point in facts.instants.rows() if label != "Aware"],
        "head": head,
    }
    try:
        text = env.get_template("notification.md.j2").render(context)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise errors.ConfigError(
            f"The template {FOLDER}/notification.md.j2 cannot be rendered: {error}.",
            "Mend it, or take it out of your templates folder to use Muster's own.",
        ) from error
    lines = [line.rstrip() for line in text.strip().split("\n")]
    return "\n".join(line for i, line in enumerate(lines) if line or lines[i - 1]) + "\n"


def _finalize(value: object) -> object:
    if isinstance(value, words.Safe | jinja2.Undefined) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return words.escape(str(value))
