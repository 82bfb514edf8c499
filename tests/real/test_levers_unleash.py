"""The lever contract over Unleash."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import count

import pytest

from bot.providers.changes import unleash as changes
from bot.providers.registry import LeverShelf
from playbooks.plugin import Conflict, Kind, Lever, MusterError, Outcome, change_target
from tests.contracts.lever_suite import LeverBench, LeverContract
from tests.contracts.spoiler import Spoiler
from tests.real import servers
from tests.real.listener import Inbox
from tests.real.postgres import Postgres
from tests.real.servers import Unleash

pytestmark = pytest.mark.real

NAMES = (f"auto-decline-{number}" for number in count(1))
NOTE = "INC-42 action 18"
RAMP = {
    "name": "flexibleRollout",
    "title": "ramp",
    "constraints": [
        {"contextName": "country", "operator": "IN", "values": ["DE"], "caseInsensitive": False, "inverted": False}
    ],
    "parameters": {"rollout": "25", "stickiness": "default", "groupId": "ramp"},
    "variants": [{"name": "a", "weight": 1000, "weightType": "variable", "stickiness": "default"}],
}


@pytest.fixture(scope="module")
def spoiler(unleash: Unleash) -> Iterator[Spoiler]:
    spoiler = Spoiler(unleash.url, lambda method, path: method != "GET")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler, unleash: Unleash) -> Iterator[Lever]:
    settings = {"url": spoiler.url, "token": unleash.admin_token, "client_token": unleash.client_token, "timeout": 3.0}
    shelf = LeverShelf({"unleash": settings})
    yield shelf.get("unleash")
    shelf.close()


def _environment(flag: str) -> str:
    return f"projects/default/features/{flag}/environments/production"


def _strategies(unleash: Unleash, flag: str) -> list[dict]:
    """All of a flag's strategies in production but their ids, read past the lever."""
    row = unleash.admin("GET", f"projects/default/features/{flag}").json()
    [found] = [env["strategies"] for env in row["environments"] if env["name"] == "production"]
    return [{key: value for key, value in strategy.items() if key != "id"} for strategy in found]


def _enabled(unleash: Unleash, flag: str) -> bool:
    return bool(unleash.admin("GET", _environment(flag)).json()["enabled"])


@pytest.fixture
def ramped(unleash: Unleash) -> str:
    """A flag that is on, with two strategies, one of them with a segment."""
    name = next(NAMES)
    unleash.admin("POST", "projects/default/features", {"name": name, "type": "kill-switch"}).raise_for_status()
    segment = unleash.admin("POST", "segments", {"name": name, "constraints": []}).json()["id"]
    for strategy in (RAMP, {**RAMP, "title": "vip", "segments": [segment]}):
        unleash.admin("POST", f"{_environment(name)}/strategies", strategy).raise_for_status()
    unleash.admin("POST", f"{_environment(name)}/on").raise_for_status()
    return name


@pytest.fixture
def bare(unleash: Unleash) -> str:
    """A flag that is off and has no strategy."""
    name = next(NAMES)
    unleash.admin("POST", "projects/default/features", {"name": name, "type": "kill-switch"}).raise_for_status()
    return name


def _bench(lever: Lever, unleash: Unleash, spoiler: Spoiler, flag: str, before: str, after: str) -> LeverBench:
    return LeverBench(
        lever=lever,
        binding={"project": "default", "flag": flag, "environment": "production"},
        before=before,
        after=after,
        target=f"default/{flag}@production",
        world=lambda: (_enabled(unleash, flag), _strategies(unleash, flag)),
        trouble=spoiler.trouble,
        secrets=(unleash.admin_token, unleash.client_token),
        refuses=True,
        limits=True,
    )


class TestOff(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, unleash: Unleash, spoiler: Spoiler, ramped: str) -> LeverBench:
        return _bench(lever, unleash, spoiler, ramped, "on", "off")


class TestOnWithoutStrategies(LeverContract):
    """The case in which Unleash adds a strategy by itself, which undo has to take away again."""

    @pytest.fixture
    def bench(self, lever: Lever, unleash: Unleash, spoiler: Spoiler, bare: str) -> LeverBench:
        return _bench(lever, unleash, spoiler, bare, "off", "on")

    def test_the_approver_is_warned(self, bench: LeverBench) -> None:
        assert "adds one for everyone" in bench.planned().warning


def test_a_repeated_off_writes_no_event(lever: Lever, unleash: Unleash, ramped: str) -> None:
    plan = lever.plan({"flag": ramped}, lever.describe({"flag": ramped}), "off")
    for _ in range(3):
        lever.apply({"flag": ramped}, plan, note=NOTE)

    events = unleash.admin("GET", f"events/{ramped}").json()["events"]
    assert [event["type"] for event in events].count("feature-environment-disabled") == 1


def test_what_services_read_is_part_of_the_evidence(lever: Lever, ramped: str) -> None:
    plan = lever.plan({"flag": ramped}, lever.describe({"flag": ramped}), "off")
    lever.apply({"flag": ramped}, plan, note=NOTE)

    seen = lever.verify({"flag": ramped}, plan)
    assert seen.evidence == "the flag reads off in production, and services read off"
    assert seen.facts == {"state": "off", "client": "off"}


def test_strategies_changed_meanwhile_stop_a_restore(lever: Lever, unleash: Unleash, ramped: str) -> None:
    plan = lever.plan({"flag": ramped}, lever.describe({"flag": ramped}), "off")
    lever.apply({"flag": ramped}, plan, note=NOTE)
    unleash.admin("POST", f"{_environment(ramped)}/strategies", {"name": "default"}).raise_for_status()

    with pytest.raises(Conflict, match="have changed since the plan"):
        lever.apply({"flag": ramped}, lever.undo(plan), note=NOTE)
    assert not _enabled(unleash, ramped)


def test_disabled_strategies_come_back_disabled(lever: Lever, unleash: Unleash, bare: str) -> None:
    """Unleash adds one for everyone beside them; after the undo only they are left."""
    unleash.admin("POST", f"{_environment(bare)}/strategies", {**RAMP, "disabled": True}).raise_for_status()
    was = _strategies(unleash, bare)
    plan = lever.plan({"flag": bare}, lever.describe({"flag": bare}), "on")
    lever.apply({"flag": bare}, plan, note=NOTE)
    assert lever.verify({"flag": bare}, plan).outcome is Outcome.CONFIRMED
    undo = lever.undo(plan)
    lever.apply({"flag": bare}, undo, note=NOTE)

    assert _strategies(unleash, bare) == was
    assert lever.verify({"flag": bare}, undo).outcome is Outcome.CONFIRMED


def test_a_wrong_token_names_the_setting_and_not_the_token(unleash: Unleash, ramped: str) -> None:
    lever = LeverShelf({"unleash": {"url": unleash.url, "token": unleash.client_token}}).get("unleash")

    with pytest.raises(MusterError) as failed:
        lever.describe({"flag": ramped})
    assert failed.value.kind is Kind.PERMANENT
    assert "`providers.unleash.token`" in failed.value.told
    assert unleash.client_token not in failed.value.told


def test_an_unknown_flag_or_environment_is_named(lever: Lever, ramped: str) -> None:
    for binding in ({"flag": "nowhere"}, {"flag": ramped, "environment": "nowhere"}):
        with pytest.raises(MusterError, match="nowhere") as failed:
            lever.describe(binding)
        assert failed.value.kind is Kind.PERMANENT


@pytest.fixture
def hooked(postgres_server: Postgres, inbox: Inbox) -> Iterator[Unleash]:
    """An Unleash that found its webhook when it started: it remembers for a minute that there was none."""
    parameters = {"url": f"{inbox.url}changes/unleash", "authorization": "Bearer hook-secret"}
    events = ["feature-environment-enabled", "feature-environment-disabled", "feature-strategy-add"]
    hook = {"provider": "webhook", "enabled": True, "parameters": parameters, "events": events}
    with ExitStack() as stack:
        url = stack.enter_context(postgres_server.database())
        with servers.unleash(url) as first:
            first.admin("POST", "addons", {**hook, "description": "Muster"}).raise_for_status()
        yield stack.enter_context(servers.unleash(url))


def test_our_own_switch_comes_back_as_an_echo(hooked: Unleash, inbox: Inbox) -> None:
    """The webhook of a real switch has the plan's target and after-state."""
    hooked.create("auto-decline")
    lever = LeverShelf({"unleash": {"url": hooked.url, "token": hooked.admin_token}}).get("unleash")
    plan = lever.plan({"flag": "auto-decline"}, lever.describe({"flag": "auto-decline"}), "off")
    lever.apply({"flag": "auto-decline"}, plan, note=NOTE)
    deliveries = inbox.wait_for(3)

    now = datetime.now(UTC)
    read = []
    for delivery in deliveries:
        assert changes.signed(delivery.headers, delivery.body, ["hook-secret"], now=now)
        assert not changes.signed(delivery.headers, delivery.body, ["another"], now=now)
        read += changes.read(delivery.headers, delivery.body, source="unleash", received_at=now)
    told = {(change.kind, change.after): change for change in read}
    echo = told["flag", "off"]
    assert (change_target(echo), echo.before, echo.by) == (plan.target, "on", "admin")
    assert told["flag_strategy", "flexibleRollout 100 %"].subject == "default/auto-decline"
