"""Forms: what a verb without words opens. What people put into them is read by `modal_values.parse`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.modal_values import ACTION, KINDS, FieldErrors, Submission, parse
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Role, Severity
from playbooks.messages import Ask

__all__ = [
    "KINDS",
    "FieldErrors",
    "Submission",
    "answer",
    "deny",
    "disable",
    "extend",
    "handoff",
    "new_incident",
    "note",
    "parse",
    "plan",
    "rollback",
    "severity",
    "update",
]

TEXT: Final = 3000
TITLE: Final = 24
MOST: Final = 100

# ---------------------------------------------------------------- parts


def _input(block_id: str, label: str, element: Any, *, optional: bool = False, hint: str = "") -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        element=element,
        optional=optional,
        hint=PlainTextObject(text=hint) if hint else None,
    )


def text_field(
    block_id: str, label: str, *, value: str = "", long: bool = False, most: int = TEXT, **more: Any
) -> InputBlock:
    """A text input; `more`: `optional`, `hint`, `placeholder`."""
    element = PlainTextInputElement(
        action_id=ACTION,
        multiline=long,
        max_length=most,
        initial_value=escape.shorten(escape.clean(value, lines=long), most) or None,
        placeholder=more.pop("placeholder", None),
    )
    return _input(block_id, label, element, **more)


def select_field(
    block_id: str, label: str, options: Iterable[tuple[str, str]], *, chosen: str = "", optional: bool = False
) -> InputBlock | None:
    fitting = [
        Option(value=value, text=PlainTextObject(text=escape.shorten(escape.clean(shown), 75) or value, emoji=False))
        for value, shown in options
        if 0 < len(value) <= ids.OPTION_VALUE
    ][:MOST]
    if not fitting:
        return None
    initial = next((option for option in fitting if option.value == chosen), None)
    element = StaticSelectElement(action_id=ACTION, options=fitting, initial_option=initial, placeholder="Choose")
    return _input(block_id, label, element, optional=optional)


def menu_field(
    block_id: str, label: str, options: Sequence[tuple[str, str]], *, chosen: str = "", optional: bool = False
) -> Block:
    """A menu of (value, words)."""
    made = select_field(block_id, label, options, chosen=chosen, optional=optional)
    assert made is not None, "a menu has options"
    return made


def when_field(block_id: str, label: str, at: datetime | None, *, optional: bool = True, hint: str = "") -> InputBlock:
    # Slack takes ten digits only: 2001 to 2286.
    stamp = int(at.timestamp()) if at is not None else None
    fits = stamp is not None and 10**9 <= stamp < 10**10
    element = DateTimePickerElement(action_id=ACTION, initial_date_time=stamp if fits else None)
    return _input(block_id, label, element, optional=optional, hint=hint)


def component_field(
    components: Sequence[str], chosen: str, label: str = "Component", *, optional: bool = False
) -> Block:
    """A menu while the names fit into one, else a text field."""
    menu = None
    if len(components) <= MOST:
        menu = select_field("component", label, ((c, c) for c in components), chosen=chosen, optional=optional)
    return menu or text_field("component", label, value=chosen, most=100, optional=optional)


def severity_field(severities: Sequence[Severity], chosen: str, *, optional: bool) -> Block:
    options = [(severity.id, severity.label) for severity in severities]
    menu = select_field("severity", "Severity", options, chosen=chosen, optional=optional)
    return menu or text_field("severity", "Severity", value=chosen, most=40, optional=optional)


def form_view(callback_id: str, title: str, submit: str, meta: ids.Value, *blocks: Block) -> dict[str, Any]:
    """A modal as Slack takes it; without `submit` it can only be closed."""
    view = View(
        type="modal",
        callback_id=callback_id,
        title=PlainTextObject(text=escape.shorten(title, TITLE)),
        submit=PlainTextObject(text=submit) if submit else None,
        close=PlainTextObject(text="Cancel" if submit else "Close"),
        private_metadata=ids.encode(meta, limit=ids.PRIVATE_METADATA),
        blocks=list(blocks),
    )
    return view.to_dict()


# ---------------------------------------------------------------- forms


def new_incident(
    components: Sequence[str],
    severities: Sequence[Severity] = DEFAULT_SEVERITIES,
    *,
    channel: str = "",
    ts: str = "",
    component: str = "",
    severity: str = "",
    title: str = "",
) -> dict[str, Any]:
    """Declare an incident; severity may stay open. `channel`, `ts`: the message it is about, where there is one."""
    hint = "scores drift since the last release"
    return form_view(
        ids.MODAL_NEW,
        "Declare incident",
        "Declare",
        ids.Value(channel=channel, ts=ts),
        text_field("title", "What is wrong?", value=title, most=escape.TITLE, placeholder=hint),
        component_field(components, component, optional=True),
        severity_field(severities, severity, optional=True),
    )


def update(incident: int, *, text: str = "") -> dict[str, Any]:
    """An update to people."""
    hint = "People read this: what is known, what is being done, when you speak next."
    words = text_field("text", "Update", value=text, long=True, hint=hint)
    return form_view(ids.MODAL_UPDATE, "Update people", "Post", ids.Value(incident=incident), words)


def note(incident: int, at: datetime | None = None, *, text: str = "") -> dict[str, Any]:
    """A line of the timeline, with its own time."""
    return form_view(
        ids.MODAL_NOTE,
        "Add a note",
        "Add",
        ids.Value(incident=incident),
        text_field("text", "What happened?", value=text, long=True),
        when_field("when", "When?", at, hint="Empty means now."),
    )


def severity(incident: int, severities: Sequence[Severity] = DEFAULT_SEVERITIES, *, chosen: str = "") -> dict[str, Any]:
    """Set the severity."""
    return form_view(
        ids.MODAL_SEV,
        "Set severity",
        "Set",
        ids.Value(incident=incident),
        severity_field(severities, chosen, optional=False),
        text_field("because", "Why?", optional=True, most=300),
    )


def rollback(
    components: Sequence[str],
    *,
    incident: int | None = None,
    channel: str = "",
    component: str = "",
    because: str = "",
) -> dict[str, Any]:
    """Ask for a rollback; leads to its preview."""
    return form_view(
        ids.MODAL_ROLLBACK,
        "Roll back",
        "Preview",
        ids.Value(incident=incident, channel=channel),
        component_field(components, component),
        text_field("version", "To which version?", optional=True, most=100, hint="Empty: the last one marked good."),
        text_field("because", "Why?", value=because, optional=True, most=300),
    )


def disable(
    components: Sequence[str],
    *,
    incident: int | None = None,
    channel: str = "",
    component: str = "",
    span: str = "4h",
) -> dict[str, Any]:
    """Switch something off, with an end; leads to its preview."""
    return form_view(
        ids.MODAL_DISABLE,
        "Disable",
        "Preview",
        ids.Value(incident=incident, channel=channel),
        component_field(components, component),
        text_field("for", "For how long?", value=span, most=60, hint="Like 4h, 90m or 1d; or a time: until 06:30."),
        text_field("because", "Why?", optional=True, most=300),
    )


def extend(override: int, component: str, *, incident: int | None = None, span: str = "2h") -> dict[str, Any]:
    """Let something stay off longer."""
    return form_view(
        ids.MODAL_EXTEND,
        "Extend",
        "Extend",
        ids.Value(incident=incident, override=override, component=component[:100]),
        kit.section(f"{escape.bold(escape.value(component, 63))} stays off longer (debt D-{override})."),
        text_field("for", "By how much?", value=span, most=60, hint="Like 2h; or a time: until 09:00."),
        text_field("because", "Why must it stay off?", optional=True, most=300),
    )


def deny(action: int, plan_hash: str = "", *, incident: int | None = None) -> dict[str, Any]:
    """Deny a request, with the reason its requester will read."""
    meta = ids.Value(incident=incident, action=action, hash=plan_hash)
    return form_view(ids.MODAL_DENY, "Deny", "Deny", meta, text_field("reason", "Why not?", long=True, most=600))


def handoff(incident: int) -> dict[str, Any]:
    """Offer a role to a person; in force when it is accepted."""
    person = UserSelectElement(action_id=ACTION, placeholder="Choose a person")
    roles = select_field("role", "Which role?", ((role.value, role.value) for role in Role), chosen=Role.LEAD.value)
    return form_view(
        ids.MODAL_HANDOFF,
        "Hand off",
        "Offer",
        ids.Value(incident=incident),
        _input("person", "To whom?", person, hint="You stay responsible until it is accepted."),
        *([roles] if roles else []),
    )


def answer(incident: int, questions: Sequence[tuple[str, str]], *, chosen: str = "") -> dict[str, Any]:
    """Answer one of the draft's questions: (name of its block, question)."""
    meta = ids.Value(incident=incident)
    numbered = [(name, f"{n}. {question}") for n, (name, question) in enumerate(questions, start=1)]
    menu = select_field("question", "Question", numbered, chosen=chosen or next((name for name, _ in questions), ""))
    if menu is None:
        return form_view(ids.MODAL_PLAN, "Questions", "", meta, kit.section("No question is open."))
    asked = [kit.section(escape.prose(question)) for _, question in numbered[:20]]
    words = text_field("text", "Answer", long=True)
    return form_view(ids.MODAL_ANSWER, "Answer a question", "Save", meta, menu, words, kit.section("*In full*"), *asked)


def plan(ask: Ask) -> dict[str, Any]:
    """The whole plan an approval is bound to."""
    facts = [kit.fact(item) for item in ask.plan[:40]] or ["Nothing more is known than the request says."]
    sections = [kit.section(*facts[n : n + 8]) for n in range(0, len(facts), 8)]
    bound = (
        kit.context(f"Plan {escape.code(ask.hash[:12])}: an approval counts for this plan alone.") if ask.hash else []
    )
    return form_view(
        ids.MODAL_PLAN, f"Plan of action {ask.action}", "", ids.Value(action=ask.action), *sections, *bound
    )
