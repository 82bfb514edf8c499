"""Forms: what a verb without words opens, and what people put into them, as the same values commands have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from slack_sdk.models.blocks import (
    Block,
    DateTimePickerElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.slack import grammar_values as values
from bot.slack import ids
from bot.slack.blocks import escape, kit
from bot.slack.grammar_values import Args, Parsed
from playbooks import errors
from playbooks.domain.incidents import DEFAULT_SEVERITIES, Severity
from playbooks.domain.timeline import EventKind
from playbooks.messages import Ask

ACTION: Final = "value"  # the action_id of every input; blocks tell them apart
TEXT: Final = 3000
TITLE: Final = 24
MOST: Final = 100

KINDS: Final[tuple[tuple[EventKind, str], ...]] = (
    (EventKind.NOTE, "Note"),
    (EventKind.OBSERVATION, "Observation"),
    (EventKind.HYPOTHESIS, "Hypothesis"),
    (EventKind.DECISION, "Decision"),
    (EventKind.REPORT, "Report from users"),
    (EventKind.IMPACT_START, "Impact began"),
    (EventKind.IMPACT_CHANGE, "Impact changed"),
)


class FieldErrors(errors.InputError):
    """Fields that cannot be used: block id -> sentence."""

    code = "bad_form"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(next(iter(fields.values()), "That form can't be used."))
        self.fields = dict(fields)

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


# ---------------------------------------------------------------- parts


def _input(block_id: str, label: str, element: Any, *, optional: bool = False, hint: str = "") -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=PlainTextObject(text=label),
        element=element,
        optional=optional,
        hint=PlainTextObject(text=hint) if hint else None,
    )


def _text(
    block_id: str, label: str, *, value: str = "", long: bool = False, most: int = TEXT, **more: Any
) -> InputBlock:
    element = PlainTextInputElement(
        action_id=ACTION,
        multiline=long,
        max_length=most,
        initial_value=escape.shorten(escape.clean(value, lines=long), most) or None,
        placeholder=more.pop("placeholder", None),
    )
    return _input(block_id, label, element, **more)


def _select(
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


def _when(block_id: str, label: str, at: datetime | None, *, optional: bool = True, hint: str = "") -> InputBlock:
    # Slack takes ten digits only: 2001 to 2286.
    stamp = int(at.timestamp()) if at is not None else None
    fits = stamp is not None and 10**9 <= stamp < 10**10
    element = DateTimePickerElement(action_id=ACTION, initial_date_time=stamp if fits else None)
    return _input(block_id, label, element, optional=optional, hint=hint)


def _component(components: Sequence[str], chosen: str, label: str = "Component", *, optional: bool = False) -> Block:
    """A menu while the names fit into one, else a text field."""
    menu = None
    if len(components) <= MOST:
        menu = _select("component", label, ((c, c) for c in components), chosen=chosen, optional=optional)
    return menu or _text("component", label, value=chosen, most=100, optional=optional)


def _severities(severities: Sequence[Severity], chosen: str, *, optional: bool) -> Block:
    options = [(severity.id, severity.label) for severity in severities]
    menu = _select("severity", "Severity", options, chosen=chosen, optional=optional)
    return menu or _text("severity", "Severity", value=chosen, most=40, optional=optional)


def _view(callback_id: str, title: str, submit: str, meta: ids.Value, *blocks: Block) -> dict[str, Any]:
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


def new(
    components: Sequence[str],
    meta: ids.Value,
    *,
    severities: Sequence[Severity] = DEFAULT_SEVERITIES,
    component: str = "",
    severity: str = "",
    title: str = "",
) -> dict[str, Any]:
    """Declare an incident; severity may stay open."""
    return _view(
        ids.MODAL_NEW,
        "Declare incident",
        "Declare",
        meta,
        _text(
            "title", "What is wrong?", value=title, most=escape.TITLE, placeholder="scores drift since the last release"
        ),
        _component(components, component, optional=True),
        _severities(severities, severity, optional=True),
    )


def update(meta: ids.Value, *, text: str = "") -> dict[str, Any]:
    """An update to people."""
    hint = "People read this: what is known, what is being done, when you speak next."
    return _view(
        ids.MODAL_UPDATE, "Update people", "Post", meta, _text("text", "Update", value=text, long=True, hint=hint)
    )


def note(meta: ids.Value, *, at: datetime | None = None, text: str = "") -> dict[str, Any]:
    """A line of the timeline, with its own time."""
    return _view(
        ids.MODAL_NOTE,
        "Add a note",
        "Add",
        meta,
        _text("text", "What happened?", value=text, long=True),
        _when("when", "When?", at, hint="Empty means now."),
    )


def sev(meta: ids.Value, *, severities: Sequence[Severity] = DEFAULT_SEVERITIES, severity: str = "") -> dict[str, Any]:
    """Set the severity."""
    return _view(
        ids.MODAL_SEV,
        "Set severity",
        "Set",
        meta,
        _severities(severities, severity, optional=False),
        _text("because", "Why?", optional=True, most=300),
    )


def rollback(components: Sequence[str], meta: ids.Value, *, component: str = "", because: str = "") -> dict[str, Any]:
    """Ask for a rollback; leads to its preview."""
    return _view(
        ids.MODAL_ROLLBACK,
        "Roll back",
        "Preview",
        meta,
        _component(components, component or meta.component),
        _text("version", "To which version?", optional=True, most=100, hint="Empty: the last one marked good."),
        _text("because", "Why?", value=because, optional=True, most=300),
    )


def disable(components: Sequence[str], meta: ids.Value, *, component: str = "", span: str = "4h") -> dict[str, Any]:
    """Switch something off, with an end; leads to its preview."""
    return _view(
        ids.MODAL_DISABLE,
        "Disable",
        "Preview",
        meta,
        _component(components, component or meta.component),
        _text("for", "For how long?", value=span, most=60, hint="Like 4h, 90m or 1d; or a time: until 06:30."),
        _text("because", "Why?", optional=True, most=300),
    )


def extend(meta: ids.Value, *, span: str = "2h") -> dict[str, Any]:
    """Let something stay off longer; `meta` names the override."""
    return _view(
        ids.MODAL_EXTEND,
        "Extend",
        "Extend",
        meta,
        _text("for", "By how much?", value=span, most=60, hint="Like 2h; or a time: until 09:00."),
        _text("because", "Why must it stay off?", optional=True, most=300),
    )


def deny(meta: ids.Value) -> dict[str, Any]:
    """Deny a request, with the reason its requester will read; `meta` names the action and its plan."""
    return _view(ids.MODAL_DENY, "Deny", "Deny", meta, _text("reason", "Why not?", long=True, most=600))


def resolve(
    meta: ids.Value, *, impact: datetime | None = None, relief: datetime | None = None, text: str = ""
) -> dict[str, Any]:
    """Resolve, after the two moments that must not be guessed."""
    return _view(
        ids.MODAL_RESOLVE,
        "Resolve",
        "Resolve",
        meta,
        _when("impact", "Impact began", impact, hint="As far as you know now; it can be corrected."),
        _when("relief", "People were relieved", relief),
        _text("text", "What ended it?", value=text, long=True, optional=True),
    )


def timeline(meta: ids.Value, *, at: datetime | None, text: str = "") -> dict[str, Any]:
    """Put a message into the timeline, with the message's own time; `meta` names channel and message."""
    kinds = _select("kind", "What is it?", ((kind.value, label) for kind, label in KINDS), chosen=EventKind.NOTE.value)
    blocks = [block for block in (kinds,) if block is not None]
    return _view(
        ids.MODAL_TIMELINE,
        "Add to timeline",
        "Add",
        meta,
        *blocks,
        _text("text", "What happened?", value=text, long=True),
        _when("when", "When?", at, optional=False),
    )


def answer(questions: Sequence[tuple[str, str]], meta: ids.Value) -> dict[str, Any]:
    """Answer one of the draft's questions: (name of its block, question)."""
    menu = _select("question", "Question", questions, chosen=meta.text)
    if menu is None:
        return _view(ids.MODAL_PLAN, "Questions", "", meta, kit.section("No question is open."))
    asked = [kit.section(f"{n}. {escape.prose(q)}") for n, (_, q) in enumerate(questions[:20], start=1)]
    return _view(ids.MODAL_ANSWER, "Answer a question", "Save", meta, *asked, menu, _text("text", "Answer", long=True))


def plan(ask: Ask) -> dict[str, Any]:
    """The whole plan an approval is bound to."""
    facts = [kit.fact(item) for item in ask.plan[:40]] or ["Nothing more is known than the request says."]
    sections = [kit.section(*facts[n : n + 8]) for n in range(0, len(facts), 8)]
    bound = kit.context(f"Plan {escape.code(ask.hash)}") if ask.hash else []
    return _view(ids.MODAL_PLAN, f"Plan of action {ask.action}", "", ids.Value(action=ask.action), *sections, *bound)


# ---------------------------------------------------------------- what was put in


def parse(view: Mapping[str, Any]) -> Submission:
    """A submitted form. Raises FieldErrors for fields, InputError for a form of another release."""
    callback_id = str(view.get("callback_id", ""))
    reader = _READERS.get(callback_id)
    if reader is None:
        raise errors.InputError("That form is from another release.", "Close it and open it again.", code="old_form")
    meta = ids.decode(str(view.get("private_metadata", "")))
    form = _Form(view)
    verb, args = reader(form, meta)
    if form.faults:
        raise FieldErrors(form.faults)
    return Submission(callback_id, meta, Parsed(verb, args, meta.incident))


class _Form:
    """The fields of a view, and what is wrong with them."""

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

    def when(self, block_id: str, *, needed: str = "") -> str:
        """A moment as ISO 8601 UTC, empty when none was chosen."""
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
        return ("", words) if ":" in words or words.count("-") == 2 else (words, "")


def _dict(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, Mapping) else {}


def _name(form: _Form, *, needed: str = "") -> str:
    return form.text("component", needed=needed).lower()


def _read_new(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    title = " ".join(form.text("title", needed="Say in a few words what is wrong.").split())
    return "new", values.NewArgs(_name(form), form.text("severity").lower(), title)


def _read_rollback(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    name = _name(form, needed="Choose a component.")
    version = form.text("version")
    if len(version.split()) > 1:
        form.faults["version"] = "A version is one word, like v42."
    return "rollback", values.RollbackArgs(name, version, form.text("because"))


def _read_disable(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "disable", values.DisableArgs(
        _name(form, needed="Choose a component."), *form.end("for"), form.text("because")
    )


def _read_extend(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "extend", values.ExtendArgs(meta.component, meta.override, *form.end("for"), form.text("because"))


def _read_note(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "note", values.NoteArgs(form.when("when"), form.text("text", needed="Write what happened."))


def _read_timeline(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    when = form.when("when", needed="Say when it happened.")
    kind = form.text("kind") or EventKind.NOTE.value
    if kind not in {known.value for known, _ in KINDS}:
        form.faults["kind"] = "Choose one of the list."
    return "note", values.NoteArgs(when, form.text("text", needed="Write what happened."), kind)


def _read_resolve(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    impact, relief = form.when("impact"), form.when("relief")
    if impact and relief and relief < impact:
        form.faults["relief"] = "Relief can't come before the impact."
    return "resolve", values.ResolveArgs(form.text("text"), impact, relief)


def _read_sev(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "sev", values.SevArgs(form.text("severity", needed="Choose a severity.").lower(), form.text("because"))


def _read_update(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "update", values.TextArgs(form.text("text", needed="Write the update."))


def _read_deny(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    return "deny", values.DecideArgs(meta.action, form.text("reason", needed="Say why: the requester reads it."))


def _read_answer(form: _Form, meta: ids.Value) -> tuple[str, Args]:
    question = form.text("question", needed="Choose a question.")
    return "answer", values.AnswerArgs(question, form.text("text", needed="Write the answer."))


_READERS: Final = {
    ids.MODAL_NEW: _read_new,
    ids.MODAL_UPDATE: _read_update,
    ids.MODAL_NOTE: _read_note,
    ids.MODAL_SEV: _read_sev,
    ids.MODAL_ROLLBACK: _read_rollback,
    ids.MODAL_DISABLE: _read_disable,
    ids.MODAL_EXTEND: _read_extend,
    ids.MODAL_DENY: _read_deny,
    ids.MODAL_RESOLVE: _read_resolve,
    ids.MODAL_TIMELINE: _read_timeline,
    ids.MODAL_ANSWER: _read_answer,
}
