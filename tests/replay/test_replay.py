"""The recorded incidents through the real bot: webhooks, commands, buttons and forms, at the times they tell."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from bot.console.hands import StandingClock
from bot.console.retelling import Teller
from bot.trust import trusted
from bot.workspace import Workspace
from playbooks.domain.drafts.facts import Facts
from playbooks.domain.timeline import Event, EventKind, EventSource, verify_chain
from playbooks.domain.timeline_file import TimelineFile, read_timeline
from playbooks.plays.postmortem import draft_of
from playbooks.score import Rubric
from storage.engine import make_engine
from storage.schema import upgrade
from tests.drafts.chains import timeline_files
from tests.drafts.test_golden import INSTANTS, stated
from tests.replay.slack_hands import SlackHands, a_workspace, serving

OF_KIND = {name: kinds for name, _, kinds in INSTANTS}


@pytest.fixture(scope="module")
def slack() -> Iterator[Workspace]:
    """One Slack for all."""
    with a_workspace() as running:
        yield running


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the newest schema with nothing in it."""
    path = tmp_path_factory.mktemp("replay") / "empty.db"
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def replayed(
    slack: Workspace, folder: Path, path: Path, url: str
) -> tuple[TimelineFile, list[Event], Facts, list[str]]:
    """What stands in the database after a replay; the draft has passed every check."""
    file = read_timeline(json.loads(path.read_text()), path.name)
    clock = StandingClock(file.told[0].at)
    with (
        serving(slack, folder, file, clock, url) as service,
        httpx.Client(timeout=20, trust_env=False, verify=trusted()) as client,
    ):
        hands = SlackHands(service, slack, clock, client)
        number = Teller(file, hands).tell()
        with service.house.store.read() as uow:
            incident = uow.incident(number)
            assert incident is not None
            events, draft = list(uow.events(number)), draft_of(service.house, uow, incident)
        labels = {s.id: s.label for s in service.house.rules.severities}
    assert verify_chain(number, events, head=incident.chain_head).ok
    rubric = Rubric(events, incident_id=number, head=incident.chain_head, severities=labels)
    assert [(check.id, check.why) for check in rubric.checks(draft.text) if not check.ok] == []
    return file, events, draft.facts, hands.used


def check(path: Path, file: TimelineFile, events: list[Event], facts: Facts, used: list[str]) -> None:
    """Nothing of the file is lost, its instants are derived as people stated them, and people used what they use."""
    texts = " ".join(event.text for event in events)
    wordless = EventKind.MITIGATED  # by a button, which carries no words
    assert [one.text for one in file.told if one.text[:60] not in texts and one.kind is not wordless] == []
    golden = stated(json.loads(path.read_text()))
    points = {name: point.at for name, point in facts.instants.rows() if point is not None}
    assert {name: points.get(name) for name in golden} == golden
    ways = {event.new.source for event in events}
    assert EventSource.BACKFILL in ways
    kinds = {one.kind for one in file.told if one.exact}
    assert ("alerts" in used) == (EventKind.ALERT in kinds)
    assert ("button take" in used) == (EventKind.ACK in kinds)
    assert ("button mitigated" in used) == (EventKind.MITIGATED in kinds)
    assert "/inc resolve" in used


@pytest.mark.parametrize("path", timeline_files(), ids=lambda p: p.stem[:24])
def test_a_recorded_incident_is_told_again(path: Path, slack: Workspace, empty: Path, tmp_path: Path):
    shutil.copy(empty, tmp_path / "muster.db")
    check(path, *replayed(slack, tmp_path, path, f"sqlite:///{tmp_path / 'muster.db'}"))


def test_one_of_them_on_postgresql(slack: Workspace, tmp_path: Path, postgres_url: str):
    path = next(path for path in timeline_files() if "cloudflare" in path.stem)
    check(path, *replayed(slack, tmp_path, path, postgres_url))
