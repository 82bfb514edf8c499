"""Twenty clicks at once, on one replica or on three: one execution, and one clear sentence for every other click."""

from __future__ import annotations

import hmac
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

import httpx
import pytest

from bot.slack import ids
from bot.workspace.state import Message
from playbooks.domain.timeline import EventKind
from tests.end_to_end.acting import asked, opened
from tests.end_to_end.scene import DANA, HOME, LIN, OMAR, WITHIN, Scene, environment, scene
from tests.end_to_end.stand import NEVER, Forge, alive
from tests.real.processes import wait_until

CROWD = 20


@contextmanager
def replica(forge: Forge, stage: Scene) -> Iterator[str]:
    """One more process on the same database; its address."""
    environ = environment(stage.workspace, stage.folder, stage.database_url, socket_mode=False)
    url = f"http://127.0.0.1:{environ['MUSTER_PORT']}"
    paths = {name: str(stage.folder / f"{name}-{environ['MUSTER_PORT']}") for name in ("points", "clock", "log")}
    pid = forge.order({"environ": environ, "kill_at": NEVER, **paths})
    try:
        wait_until(lambda: _answers(url), "the replica's start", WITHIN)
        yield url
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not alive(pid), "the replica's end", WITHIN)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def clicks(stage: Scene, request: Message) -> list[bytes]:
    """What Slack sends for each of the crowd's clicks, all made while the button was there."""
    workspace = stage.workspace
    made = []
    for which in range(CROWD):
        who = workspace.hub.user(OMAR if which % 2 else LIN)
        with workspace.hub.state.lock:
            _, payload = workspace.forms._click_message(who, request, ids.APPROVE, None)
        made.append(urlencode({"payload": json.dumps(payload)}).encode())
    return made


def send(url: str, secret: str, body: bytes) -> int:
    """One signed request to one replica; its status."""
    stamp = str(int(time.time()))
    digest = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, sha256).hexdigest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }
    with httpx.Client(trust_env=False, timeout=WITHIN) as client:
        return client.post(f"{url}/slack/events", content=body, headers=headers).status_code


def crowd(stage: Scene, more: list[str]) -> None:
    """Everybody clicks at once; what must hold then."""
    channel = opened(stage)
    if LIN not in stage.workspace.channel(channel).members:
        stage.workspace.join(LIN, channel)
    asked(stage, channel)
    request = stage.message(channel, "asks", button=ids.APPROVE)
    before = len(stage.alias_moves())
    bodies, urls = clicks(stage, request), [stage.service.url, *more]
    start = Barrier(CROWD)

    def click(which: int) -> int:
        start.wait()
        return send(urls[which % len(urls)], stage.workspace.signing_secret, bodies[which])

    with ThreadPoolExecutor(CROWD) as pool:
        assert list(pool.map(click, range(CROWD))) == [200] * CROWD

    def answers() -> Counter[str]:
        return Counter(m.text for user in (OMAR, LIN) for m in stage.workspace.ephemerals(user))

    stage.until(lambda: sum(answers().values()) >= CROWD, "everybody is answered")
    stage.until(lambda: len(stage.alias_moves()) > before, "the alias moved")
    stage.settle()
    assert len(stage.alias_moves()) == before + 1
    with stage.service.house.store.read() as uow:
        (action,) = uow.actions_of(1)
        events = uow.events(1)
        assert (action.state.value, action.attempts) == ("confirmed", 1)
        assert [e.payload["verdict"] for e in events if e.kind is EventKind.DECISION] == ["approved"]
        assert len([e for e in events if e.kind is EventKind.ACTION_RESULT]) == 1
        assert len([a for a in uow.approvals(action.id) if a.consumed_at]) == 1
    said = answers()
    assert sum(said.values()) == CROWD, said
    assert [n for text, n in said.items() if text.startswith("On it")] == [1], said
    rest = [text for text in said if not text.startswith("On it")]
    assert all("already" in text and "Nothing was done twice" in text for text in rest), said


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_twenty_clicks_at_once_are_one_execution(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = str(request.getfixturevalue(f"{database}_migrated_url"))
    with scene(tmp_path, database_url=url) as stage:
        stage.workspace.invite(DANA, HOME, stage.workspace.seed.bot_user_id)
        crowd(stage, [])


@pytest.mark.real
def test_twenty_clicks_on_three_replicas_are_one_execution(forge: Forge, tmp_path: Path, postgres_url: str) -> None:
    with scene(tmp_path, database_url=postgres_url) as stage:
        stage.workspace.invite(DANA, HOME, stage.workspace.seed.bot_user_id)
        with replica(forge, stage) as second, replica(forge, stage) as third:
            crowd(stage, [second, third])
