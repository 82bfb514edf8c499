"""kill -9 of a real process at every commit and outgoing call: nothing accepted is lost, nothing happens twice."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.stage import example
from bot.slack import ids
from playbooks.domain.actions import ActionState
from playbooks.domain.incidents import State
from storage.jobs import SqlJobBoard
from tests.end_to_end.scene import DANA, HOME, OMAR
from tests.end_to_end.stand import Forge, Stand, drift, stand
from tests.real.postgres import Postgres

DECIDED_BY_OMAR = "disable: {decide: [omar], approvals: 1, longest: P1D}"
REGISTRY = example("ownership.yaml").replace(
    'disable: {decide: ["on_call:fraud-ml"], deputy: [lin], approvals: 1, longest: P1D}', DECIDED_BY_OMAR
)
SAMPLED = 6  # points of each journey in the normal run; all of them in the long one
Journey = Callable[[Stand], None]


# ---------------------------------------------------------------- the two journeys


def alert_to_card(at: Stand) -> None:
    """An alert becomes an incident with an owner told, a channel and a card."""
    body = drift(at.clock.now())
    at.post(body)
    at.see(lambda: at.newest(HOME, "fraud-scorer is drifting", button=ids.TAKE), "the owner is told")
    channel = at.see(lambda: next(iter(at.incident_channels()), ""), "the channel")
    at.see(lambda: at.newest(channel, "Next:"), "the card")
    at.settle()
    again = at.post(body)
    assert again["duplicates"] == 1
    at.settle()
    _same_everywhere(at)
    assert len(at.incident_channels()) == 1
    number = _only_incident(at)
    shown = at.deliveries()
    assert shown[f"owner_note:{number}"] == 1
    assert shown[f"card:{number}"] == 1
    members = at.workspace.channel(channel).members
    assert DANA in members
    assert [pin.ts for pin in at.workspace.channel(channel).pins] == [_card(at, channel)]
    with at.store.read() as uow:
        assert len(uow.alerts_of(number)) == 1


def disable_to_restore(at: Stand) -> None:
    """A switch-off that is asked for, approved, carried out, proved, warned about and ended by its time box."""
    line = "/disable auto-decline for 4h because declines from v43"
    at.act(lambda: at.workspace.slash(DANA, HOME, line))
    preview = at.see(lambda: at.whispered(DANA, "Disable auto-decline", button=ids.PREVIEW_ASK), "the preview")
    at.act(lambda: at.workspace.click(DANA, preview, ids.PREVIEW_ASK))
    dm = at.workspace.open_dm(OMAR).id
    asked = at.see(lambda: at.newest(dm, "asks", button=ids.APPROVE), "Omar is asked")
    assert at.flag_turns() == ["on"]
    at.act(lambda: at.workspace.click(OMAR, asked, ids.APPROVE))
    at.see(lambda: at.flag_turns() == ["on", "off"], "the flag is off")
    channel = at.see(lambda: next(iter(at.incident_channels()), ""), "the channel")
    at.see(lambda: at.newest(channel, "OFF"), "the channel reads it")
    at.see(lambda: DANA in at.workspace.channel(channel).members, "Dana is in it")
    at.act(lambda: at.workspace.slash(DANA, channel, "/inc mitigated"))
    at.see(lambda: at.newest(channel, "is mitigated"), "mitigated")
    at.settle()
    at.advance(hours=3, minutes=46)
    at.see(lambda: at.newest(channel, "comes back"), "the warning")
    assert at.flag_turns() == ["on", "off"]
    at.advance(minutes=15)
    at.see(lambda: at.flag_turns() == ["on", "off", "on"], "the flag is on again")
    at.see(lambda: at.newest(channel, "is ON"), "the channel reads it")
    at.settle()
    _same_everywhere(at)
    assert at.flag_turns() == ["on", "off", "on"]
    assert len(at.incident_channels()) == 1
    number = _only_incident(at)
    with at.store.read() as uow:
        assert [i.state for i in uow.incidents(open_only=False)] == [State.MITIGATED]
        assert [(a.kind.value, a.state) for a in uow.actions_of(number) if a.state is not ActionState.WITHDRAWN] == [
            ("disable", ActionState.CONFIRMED),
            ("enable", ActionState.CONFIRMED),
        ]
        assert [o.state for o in uow.overrides(open_only=False)] == ["closed"]
        ever = uow.due_timers(now=datetime(2100, 1, 1, tzinfo=UTC))
        assert [timer for timer in ever if timer.kind != "weekly"] == []  # the next weekly post is always set


def _only_incident(at: Stand) -> int:
    """Its number; a sequence may leave one out where a transaction died."""
    with at.store.read() as uow:
        (only,) = uow.incidents(open_only=False)
    return only.id


def _same_everywhere(at: Stand) -> None:
    """What holds after every journey: each message once, no job given up, every chain verifies."""
    twice = {name: n for name, n in at.deliveries().items() if n > 1}
    assert not twice, f"shown twice: {twice}; after {at.points()[-2:]}"
    assert SqlJobBoard(at.store).parked() == []
    with at.store.read() as uow:
        for incident in uow.incidents(open_only=False):
            report = uow.verify(incident.id)
            assert report.ok, report.why
            said = Counter((e.kind, e.text) for e in uow.events(incident.id))
            assert max(said.values()) == 1, said


def _card(at: Stand, channel: str) -> str:
    found = at.newest(channel, "Next:")
    assert found is not None
    return found.ts


JOURNEYS: dict[str, tuple[Journey, int]] = {"alert": (alert_to_card, 40), "disable": (disable_to_restore, 120)}


# ---------------------------------------------------------------- points

# Every n-th point in the real lane; MUSTER_KILL_STRIDE=1 dies at every one (about half an hour a database).
_STRIDE = int(os.environ.get("MUSTER_KILL_STRIDE", "0"))
STRIDES = {"alert": _STRIDE or 2, "disable": _STRIDE or 11}


@pytest.fixture(scope="module")
def labels(forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """The points a journey passes when nobody kills it; counted once."""
    known: dict[str, list[str]] = {}

    def of(name: str) -> list[str]:
        if name not in known:
            with stand(forge, tmp_path_factory.mktemp(name), REGISTRY) as at:
                at.start()
                JOURNEYS[name][0](at)
                known[name] = at.points()
        return known[name]

    return of


def killed_at(forge: Forge, folder: Path, name: str, number: int, url: str = "") -> None:
    """One journey with one death."""
    with stand(forge, folder, REGISTRY, url) as at:
        at.start(kill_at=number)
        JOURNEYS[name][0](at)


@pytest.mark.parametrize("name", JOURNEYS)
def test_the_points_are_those_there_should_be(labels: Callable[[str], list[str]], name: str) -> None:
    found = labels(name)
    print(f"{name}: {len(found)} points: {dict(Counter(found))}")
    assert len(found) >= JOURNEYS[name][1]
    assert {"before commit", "after commit", "slack chat.postMessage", "slack conversations.create"} <= set(found)
    if name == "disable":
        assert {"before PUT local flag", "after PUT local flag"} <= set(found)


@pytest.mark.parametrize("part", range(SAMPLED))
@pytest.mark.parametrize("name", JOURNEYS)
def test_killed_at_a_sample_of_points(
    forge: Forge, labels: Callable[[str], list[str]], tmp_path: Path, name: str, part: int
) -> None:
    total = len(labels(name))
    killed_at(forge, tmp_path, name, 1 + part * (total - 1) // (SAMPLED - 1))


def test_an_owner_channel_the_bot_is_not_in_is_told_once(
    forge: Forge, labels: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """The owner's message was taken, its answer never came: no second one follows, in a direct message neither."""
    after_post = [n for n, label in enumerate(labels("alert"), start=1) if label == "slack chat.postMessage"]
    with stand(forge, tmp_path, REGISTRY, member=False) as at:
        at.start(kill_at=after_post[1])
        alert_to_card(at)


@pytest.mark.real
@pytest.mark.parametrize("name", JOURNEYS)
def test_killed_all_along(forge: Forge, labels: Callable[[str], list[str]], tmp_path: Path, name: str) -> None:
    for number in range(1, len(labels(name)) + 1, STRIDES[name]):
        folder = tmp_path / str(number)
        folder.mkdir()
        killed_at(forge, folder, name, number)


@pytest.mark.real
@pytest.mark.parametrize("name", JOURNEYS)
def test_killed_all_along_on_postgres(
    forge: Forge, labels: Callable[[str], list[str]], tmp_path: Path, name: str, postgres_server: Postgres
) -> None:
    for number in range(2, len(labels(name)) + 1, STRIDES[name] + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        with postgres_server.database() as url:
            killed_at(forge, folder, name, number, url)
