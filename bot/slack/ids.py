"""Names of buttons, modals and inputs, and what a button carries. Stable: messages live longer than releases."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from typing import Final

from playbooks import errors

# ---------------------------------------------------------------- buttons (action_id)

TAKE: Final = "take"
NOT_ME: Final = "not_me"
OPEN_INCIDENT: Final = "open_incident"
DECLARE_OPEN: Final = "declare_open"
ROLLBACK_OPEN: Final = "rollback_open"
DISABLE_OPEN: Final = "disable_open"
UPDATE_OPEN: Final = "update_open"
NOTE_OPEN: Final = "note_open"
SEV_OPEN: Final = "sev_open"
MITIGATED: Final = "mitigated"
RESOLVE: Final = "resolve"
RESOLVE_OPEN: Final = "resolve_open"
POSTMORTEM: Final = "postmortem"
ANSWER_OPEN: Final = "answer_open"
OPEN_DRAFT: Final = "open_draft"
OPEN_PAGE: Final = "open_page"
MORE: Final = "more"
PREVIEW_ASK: Final = "preview_ask"
PREVIEW_CONFIRM: Final = "preview_confirm"
PREVIEW_OTHER: Final = "preview_other"
PREVIEW_CANCEL: Final = "preview_cancel"
APPROVE: Final = "approve"
DENY_OPEN: Final = "deny_open"
SEE_PLAN: Final = "see_plan"
EXTEND_OPEN: Final = "extend_open"
ERRAND_DONE_OPEN: Final = "errand_done_open"
ERRAND_CANNOT_OPEN: Final = "errand_cannot_open"
RESTORE: Final = "restore"
WHO_MAY: Final = "who_may"
ASK_PERSON: Final = "ask_person"
RUN_SUGGESTION: Final = "run_suggestion"
DISMISS: Final = "dismiss"
LIST: Final = "list"
CONFIRM_ENTRY: Final = "confirm_entry"
HANDOFF_OPEN: Final = "handoff_open"
HANDOFF_ACCEPT: Final = "handoff_accept"
HANDOFF_DECLINE: Final = "handoff_decline"
RENEW_OPEN: Final = "renew_open"
LET_END_OPEN: Final = "let_end_open"
UNFREEZE: Final = "unfreeze"
UNSILENCE: Final = "unsilence"
REVIEW_OPEN: Final = "review_open"
REPORTABLE_OPEN: Final = "reportable_open"
CLOCK_DRAFT: Final = "clock_draft"
ITEM_OPEN: Final = "item_open"
NO_ACTION_OPEN: Final = "no_action_open"
SEND_TO_REVIEW: Final = "send_to_review"
REVIEWED_OPEN: Final = "reviewed_open"
BACK_OPEN: Final = "back_open"
CLOSE_DOCUMENT: Final = "close_document"
DOCUMENT_OWNER_OPEN: Final = "document_owner_open"
VOTE: Final = "vote"
MILESTONE_OPEN: Final = "milestone_open"
HYPOTHESIS_CONFIRM: Final = "hypothesis_confirm"
HYPOTHESIS_REFUTE: Final = "hypothesis_refute"

ACTIONS: Final = (
    TAKE,
    NOT_ME,
    OPEN_INCIDENT,
    DECLARE_OPEN,
    ROLLBACK_OPEN,
    DISABLE_OPEN,
    UPDATE_OPEN,
    NOTE_OPEN,
    SEV_OPEN,
    MITIGATED,
    RESOLVE,
    RESOLVE_OPEN,
    POSTMORTEM,
    ANSWER_OPEN,
    OPEN_DRAFT,
    OPEN_PAGE,
    MORE,
    PREVIEW_ASK,
    PREVIEW_CONFIRM,
    PREVIEW_OTHER,
    PREVIEW_CANCEL,
    APPROVE,
    DENY_OPEN,
    SEE_PLAN,
    EXTEND_OPEN,
    ERRAND_DONE_OPEN,
    ERRAND_CANNOT_OPEN,
    RESTORE,
    WHO_MAY,
    ASK_PERSON,
    RUN_SUGGESTION,
    DISMISS,
    LIST,
    CONFIRM_ENTRY,
    HANDOFF_OPEN,
    HANDOFF_ACCEPT,
    HANDOFF_DECLINE,
    RENEW_OPEN,
    LET_END_OPEN,
    UNFREEZE,
    UNSILENCE,
    REVIEW_OPEN,
    REPORTABLE_OPEN,
    CLOCK_DRAFT,
    ITEM_OPEN,
    NO_ACTION_OPEN,
    SEND_TO_REVIEW,
    REVIEWED_OPEN,
    BACK_OPEN,
    CLOSE_DOCUMENT,
    DOCUMENT_OWNER_OPEN,
    VOTE,
    MILESTONE_OPEN,
    HYPOTHESIS_CONFIRM,
    HYPOTHESIS_REFUTE,
)

# ---------------------------------------------------------------- modals (callback_id) and shortcuts

MODAL_NEW: Final = "modal_new"
MODAL_UPDATE: Final = "modal_update"
MODAL_NOTE: Final = "modal_note"
MODAL_SEV: Final = "modal_sev"
MODAL_ROLLBACK: Final = "modal_rollback"
MODAL_DISABLE: Final = "modal_disable"
MODAL_EXTEND: Final = "modal_extend"
MODAL_DENY: Final = "modal_deny"
MODAL_ERRAND_DONE: Final = "modal_errand_done"
MODAL_ERRAND_CANNOT: Final = "modal_errand_cannot"
MODAL_RESOLVE: Final = "modal_resolve"
MODAL_TIMELINE: Final = "modal_timeline"
MODAL_ANSWER: Final = "modal_answer"
MODAL_PLAN: Final = "modal_plan"
MODAL_HANDOFF: Final = "modal_handoff"
MODAL_RISK: Final = "modal_risk"
MODAL_FREEZE: Final = "modal_freeze"
MODAL_LET_END: Final = "modal_let_end"
MODAL_SILENCE: Final = "modal_silence"
MODAL_MAINTENANCE: Final = "modal_maintenance"
MODAL_REPORT: Final = "modal_report"
MODAL_REPORTABLE: Final = "modal_reportable"
MODAL_HOLD: Final = "modal_hold"
MODAL_ITEM: Final = "modal_item"
MODAL_CHECKS: Final = "modal_checks"
MODAL_BACK: Final = "modal_back"
MODAL_NO_ACTION: Final = "modal_no_action"
MODAL_OWNER: Final = "modal_owner"
MODAL_MILESTONE: Final = "modal_milestone"
MODAL_BACKFILL: Final = "modal_backfill"
MODAL_DECIDE: Final = "modal_decide"
MODAL_THINK: Final = "modal_think"
MODAL_OBSERVED: Final = "modal_observed"
MODAL_TOLD: Final = "modal_told"

SHORTCUT_TIMELINE: Final = "add_to_timeline"
SHORTCUT_OPEN_INCIDENT: Final = "open_incident"
SHORTCUT_REPORT: Final = "report_ai_problem"
SHORTCUT_DECLARE: Final = "declare_incident"

# ---------------------------------------------------------------- what a button carries

VERSION: Final = 1
OPTION_VALUE: Final = 150
BUTTON_VALUE: Final = 2000
PRIVATE_METADATA: Final = 3000


@dataclass(frozen=True, slots=True)
class Value:
    """What a button, a menu option or a modal remembers. Empty fields are left out of the wire form.

    Attributes:
        incident: incident id. action: action id. hash: the plan hash an approval is bound to.
        override: number of a debt entry. handoff: of a hand-off. silence: of a silence.
        component: registry id. version: a version to go to.
        person: Slack id where known, else a name. text: a command line, a sentence or a question.
        channel, ts: the message or channel it came from.
    """

    incident: int | None = None
    action: int | None = None
    hash: str = ""
    override: int | None = None
    handoff: int | None = None
    silence: int | None = None
    component: str = ""
    version: str = ""
    person: str = ""
    text: str = ""
    channel: str = ""
    ts: str = ""


_KEYS: Final = {
    "incident": "i",
    "action": "a",
    "hash": "h",
    "override": "o",
    "handoff": "f",
    "silence": "q",
    "component": "c",
    "version": "x",
    "person": "p",
    "text": "t",
    "channel": "k",
    "ts": "s",
}
_NUMBERS: Final = frozenset({"incident", "action", "override", "handoff", "silence"})


def encode(value: Value, *, limit: int = BUTTON_VALUE) -> str:
    """Compact JSON, `{"v":1,"i":42,"a":17,"h":"7f3a…"}`; `text` is shortened to fit.

    Raises InputError where the other fields alone are too long.
    """
    wire = _wire(value)
    while len(wire) > limit and value.text:
        shorter = value.text[: max(0, len(value.text) - max(1, (len(wire) - limit) // 6))]
        value = Value(**{f.name: getattr(value, f.name) for f in fields(value)} | {"text": shorter})
        wire = _wire(value)
    if len(wire) > limit:
        raise errors.InputError(
            "That name is too long for a button.", "Type the command instead.", code="value_too_long"
        )
    return wire


def _wire(value: Value) -> str:
    data: dict[str, int | str] = {"v": VERSION}
    for name, key in _KEYS.items():
        content = getattr(value, name)
        if content is not None and content != "":
            data[key] = content
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def decode(text: str) -> Value:
    """The inverse of `encode`; raises InputError for anything this version did not write."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as why:
        raise _older() from why
    if not isinstance(data, dict) or data.pop("v", None) != VERSION:
        raise _older()
    found: dict[str, int | str] = {}
    names = {key: name for name, key in _KEYS.items()}
    for key, content in data.items():
        name = names.get(key)
        wanted = int if name in _NUMBERS else str
        if name is None or type(content) is not wanted or (isinstance(content, int) and not 0 < content < 2**63):
            raise _older()
        found[name] = content
    return Value(**found)  # type: ignore[arg-type]  # checked field by field above


def _older() -> errors.InputError:
    return errors.InputError(
        "That button is from an older message.", "Use the newest message, or type the command.", code="old_button"
    )


def numbered(action_id: str, position: int) -> str:
    """Action id for one of several equal buttons in a row: Slack wants each only once."""
    return action_id if position == 0 else f"{action_id}:{position}"


def base(action_id: str) -> str:
    """`disable_open` for `disable_open:2`."""
    return action_id.partition(":")[0]


def pattern(action_id: str) -> re.Pattern[str]:
    """What a listener for this button listens to, numbered ones included."""
    return re.compile(rf"^{re.escape(action_id)}(?::\d+)?$")
