"""What to do next on the demo's page: the night in seven steps, each ticked off by what is on disk."""

from __future__ import annotations

from collections.abc import Iterator

from bot.workspace.control import Step
from playbooks.domain.actions import Action, ActionKind, ActionState
from playbooks.domain.incidents import Incident
from playbooks.plays.house import House

SEND, FOUR_HOURS = "Send the drift alert", "Advance the clock by 4 h"
_ASKED = frozenset(ActionState) - {ActionState.PLANNING, ActionState.PREVIEWED, ActionState.WITHDRAWN}


def steps(house: House, *, home: str, dana: str, omar: str, omar_dm: str) -> list[Step]:
    """The night's steps for the newest incident; `home` is the owner team's channel, the others are Slack ids."""
    with house.store.read() as uow:
        found = uow.incidents(open_only=False)
        incident = max(found, key=lambda i: i.id, default=None)
        actions = uow.actions_of(incident.id) if incident else []
    return list(_steps(incident, actions, home=home, dana=dana, omar=omar, omar_dm=omar_dm))


def _steps(
    incident: Incident | None, actions: list[Action], *, home: str, dana: str, omar: str, omar_dm: str
) -> Iterator[Step]:
    channel = incident.channel if incident else ""
    over = incident is not None and not incident.open
    rolled = [a for a in actions if a.kind is ActionKind.ROLLBACK and a.state in _ASKED]
    back = any(a.state is ActionState.CONFIRMED for a in rolled)
    off = _confirmed(actions, ActionKind.DISABLE)
    yield Step(
        "A model that declines payments has been drifting for 51 minutes, and nobody knows. Let the alert come in.",
        done=incident is not None,
        control=SEND,
    )
    yield Step(
        "Dana is on call. Read the message in her team's channel and press “I take it”.",
        done=incident is not None and (bool(incident.lead) or over),
        user=dana,
        channel=home,
    )
    yield Step(
        "Ask for the rollback in the incident's channel, read the preview, and press “Ask for approval”.",
        done=bool(rolled),
        user=dana,
        channel=channel,
        line="/rollback fraud-scorer because drift since v43",
    )
    yield Step(
        "Be Omar, who owns the model, and approve. Watch the panel: the servers go over to v42.",
        done=back,
        user=omar,
        channel=omar_dm,
    )
    yield Step(
        "Switch the automation off for four hours while the queue is looked at.",
        done=off,
        user=dana,
        channel=channel,
        line="/disable auto-decline for 4h because declines from v43 are in the queue",
    )
    yield Step(
        "Say that the harm has stopped, then let four hours pass: the automation comes back by itself.",
        done=_confirmed(actions, ActionKind.ENABLE),
        user=dana,
        channel=channel,
        line="/inc mitigated v42 answers, the queue is held",
        control=FOUR_HOURS,
    )
    yield Step(
        "Resolve it, and open the draft of the postmortem: every fact in it was recorded, none was guessed.",
        done=over,
        user=dana,
        channel=channel,
        line="/inc resolve",
    )


def _confirmed(actions: list[Action], kind: ActionKind) -> bool:
    return any(a.kind is kind and a.state is ActionState.CONFIRMED for a in actions)
