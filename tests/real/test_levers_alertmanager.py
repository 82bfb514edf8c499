"""The lever contract over Alertmanager: an alert is silenced, and heard again."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from bot.providers.registry import LeverShelf
from playbooks.plugin import ConfigError, Lever, Outcome, datetime_of
from tests.contracts.lever_suite import LeverBench, LeverContract
from tests.contracts.spoiler import Spoiler
from tests.real.servers import Alertmanager

pytestmark = pytest.mark.real

NAMES = (f"Drift{number}" for number in count(1))
NOTE = "INC-42 action 18"


@pytest.fixture(scope="module")
def spoiler(silencer: Alertmanager) -> Iterator[Spoiler]:
    spoiler = Spoiler(silencer.url, lambda method, path: method != "GET")
    yield spoiler
    spoiler.close()


@pytest.fixture
def lever(spoiler: Spoiler) -> Iterator[Lever]:
    shelf = LeverShelf({"alertmanager": {"url": spoiler.url, "timeout": 1.5, "token": "a-token-for-the-proxy"}})
    yield shelf.get("alertmanager")
    shelf.close()


@pytest.fixture
def alert(silencer: Alertmanager) -> str:
    """The name of an alert that fires for two components."""
    name = next(NAMES)
    silencer.post(*({"labels": {"alertname": name, "component": component}} for component in ("scorer", "ranker")))
    return name


def _matcher(label: str, value: str) -> dict[str, Any]:
    return {"name": label, "value": value, "isRegex": False, "isEqual": True}


def _silence(server: Alertmanager, by: str, hours: float, *matchers: dict[str, Any]) -> None:
    """Somebody silences an alert past Muster."""
    now = datetime.now(UTC)
    times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=hours)).isoformat()}
    body = {"matchers": matchers, "createdBy": by, "comment": "noisy", **times}
    httpx.post(f"{server.url}/api/v2/silences", json=body).raise_for_status()


def _active(server: Alertmanager, alert: str) -> list[tuple[str, str, str]]:
    """Who has silenced an alert, why and until when."""
    rows = httpx.get(f"{server.url}/api/v2/silences").json()
    active = [row for row in rows if row["status"]["state"] == "active" and _about(row, alert)]
    return sorted((row["createdBy"], row["comment"], row["endsAt"]) for row in active)


def _about(row: dict[str, Any], alert: str) -> bool:
    return any(matcher["name"] == "alertname" and matcher["value"] == alert for matcher in row["matchers"])


def _bench(lever: Lever, server: Alertmanager, spoiler: Spoiler, alert: str, before: str, after: str) -> LeverBench:
    return LeverBench(
        lever=lever,
        binding={"matchers": {"alertname": alert, "component": "scorer"}, "debt": "muted_alert"},
        before=before,
        after=after,
        target=f'{{alertname="{alert}", component="scorer"}}',
        world=lambda: _active(server, alert),
        trouble=spoiler.trouble,
        secrets=("a-token-for-the-proxy",),
        refuses=True,
        limits=True,
    )


class TestSilence(LeverContract):
    @pytest.fixture
    def bench(self, lever: Lever, silencer: Alertmanager, spoiler: Spoiler, alert: str) -> LeverBench:
        return _bench(lever, silencer, spoiler, alert, "on", "off")

    def test_the_approver_sees_what_is_muted_and_when_it_ends_by_itself(self, bench: LeverBench) -> None:
        plan = bench.planned()

        assert plan.warning == "1 alert fires now and is muted."
        assert plan.note == "the silence ends by itself after 7 d, also without Muster"


class TestSilenceOfSomebodyElse(LeverContract):
    """Turning on ends a silence that a person made; undo puts it back with the rest of its time."""

    @pytest.fixture
    def bench(self, lever: Lever, silencer: Alertmanager, spoiler: Spoiler, alert: str) -> LeverBench:
        _silence(silencer, "dana", 2, _matcher("component", "scorer"), _matcher("alertname", alert))
        return _bench(lever, silencer, spoiler, alert, "off", "on")

    def test_the_approver_sees_whose_it_is(self, bench: LeverBench) -> None:
        assert bench.planned().warning.startswith("It is silenced by dana until 20")


def test_the_silence_names_the_action_and_has_its_own_end(
    lever: Lever, silencer: Alertmanager, alert: str, spoiler: Spoiler
) -> None:
    binding = {"matchers": {"alertname": alert}, "longest": "P1D"}
    plan = lever.plan(binding, lever.describe(binding), "off")
    lever.apply(binding, plan, note=NOTE)

    [(by, comment, ends)] = _active(silencer, alert)
    left = (datetime_of(ends) or datetime.now(UTC)) - datetime.now(UTC)
    assert (by, comment) == ("muster", NOTE)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(days=1)
    assert lever.verify(binding, plan).evidence.endswith("at the latest; muted alerts: 2 of 2")


def test_a_silence_made_meanwhile_stays_and_is_told(lever: Lever, silencer: Alertmanager, alert: str) -> None:
    binding = {"matchers": {"alertname": alert}}
    plan = lever.plan(binding, lever.describe(binding), "off")
    lever.apply(binding, plan, note=NOTE)
    _silence(silencer, "dana", 2, _matcher("alertname", alert))
    undo = lever.undo(plan)
    lever.apply(binding, undo, note=NOTE)

    seen = lever.verify(binding, undo)
    assert seen.outcome is Outcome.CONTRADICTED
    assert seen.evidence.startswith("it is silenced by dana until 20")
    assert [by for by, *_ in _active(silencer, alert)] == ["dana"]


def test_a_wider_silence_is_not_ours_and_is_told(lever: Lever, silencer: Alertmanager, alert: str) -> None:
    binding = {"matchers": {"alertname": alert, "component": ["scorer", "ranker"]}}
    _silence(silencer, "dana", 2, _matcher("alertname", alert))
    plan = lever.plan(binding, lever.describe(binding), "off")
    lever.apply(binding, plan, note=NOTE)
    undo = lever.undo(plan)
    lever.apply(binding, undo, note=NOTE)

    assert (plan.before, plan.target) == ("on", f'{{alertname="{alert}", component=~"ranker|scorer"}}')
    seen = lever.verify(binding, undo)
    assert (seen.outcome, seen.evidence) == (
        Outcome.CONFIRMED,
        "no silence with these matchers is active; still muted by another one: 2 of 2",
    )


@pytest.mark.parametrize(
    ("matchers", "muted"),
    [
        ({"component": {"regex": "sco.*"}}, "1 of 1"),
        ({"component": ["scorer", "a.b\\c", 'qu"ote', "with space"]}, "1 of 1"),
        ({"component": 'nobody\\"'}, "0 of 0"),
    ],
)
def test_matchers_of_all_kinds(lever: Lever, alert: str, matchers: dict[str, Any], muted: str) -> None:
    binding = {"matchers": {"alertname": alert, **matchers}}
    plan = lever.plan(binding, lever.describe(binding), "off")
    lever.apply(binding, plan, note=NOTE)

    assert lever.verify(binding, plan).evidence.endswith(f"muted alerts: {muted}")
    lever.apply(binding, lever.undo(plan), note=NOTE)
    assert lever.describe(binding).state == "on"


@pytest.mark.parametrize(
    ("binding", "key"),
    [
        ({"matchers": {}}, "matchers"),
        ({"matchers": {"alertname": ""}}, "matchers"),
        ({"matchers": {"alert name": "x"}}, "matchers"),
        ({"matchers": {"alertname": []}}, "matches nothing"),
        ({"matchers": {"alertname": "x"}, "longest": "never"}, "PT10M"),
        ({"matchers": {"alertname": "x"}, "debt": "freeze"}, "debt"),
    ],
)
def test_bindings_that_cannot_be_used_are_told(lever: Lever, binding: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        lever.check(binding)  # type: ignore[attr-defined]
