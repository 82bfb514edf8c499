"""The stand-ins of unproven levers, seen by the vendors' own clients; and our requests, by the vendors' own models."""

from __future__ import annotations

import pytest

from bot.providers.registry import LeverShelf
from tests.contracts import databricks_serving, launchdarkly_flags
from tests.contracts.stand_in import StandIn, standing_in
from tests.real.vendors import ask

pytestmark = pytest.mark.real
NOTE = "INC-42 action 17"


def _moved(server: StandIn, kind: str, token: str, binding: dict[str, object], after: str) -> None:
    """The lever makes its change."""
    shelf = LeverShelf({kind: {"url": server.url, "token": token}})
    lever = shelf.get(kind)
    lever.apply(binding, lever.plan(binding, lever.describe(binding), after), note=NOTE)
    shelf.close()


@pytest.mark.parametrize("after", ["42", "41"])
def test_databricks_sdk_reads_the_stand_in_and_loses_nothing_of_our_request(after: str) -> None:
    serving = databricks_serving.Serving()
    serving.serve(databricks_serving.entity("43"), databricks_serving.entity("42"), v43=100)
    with standing_in(serving) as server:
        _moved(server, "databricks", databricks_serving.TOKEN, {"endpoint": "fraud", "versions": ["41"]}, after)
        [ours] = server.writes
        serving.finish()
        serving.serve(databricks_serving.entity("43"), databricks_serving.entity("42"), v43=100)
        seen = ask("databricks", url=server.url, token=databricks_serving.TOKEN, body=ours.body)
        theirs = server.writes[-1]
    assert (seen["update"], seen["ready"], seen["pending"]) == ("NOT_UPDATING", "READY", "IN_PROGRESS")
    assert (seen["versions"], seen["shares"]) == (["43", "42"], [100, 0])
    assert seen["body"] == ours.body
    assert (theirs.method, theirs.path, theirs.body) == (ours.method, ours.path, ours.body)


def test_launchdarklys_client_reads_the_stand_in() -> None:
    flags = launchdarkly_flags.Flags()
    with standing_in(flags) as server:
        _moved(server, "launchdarkly", launchdarkly_flags.TOKEN, {"flag": "auto-decline"}, "off")
        seen = ask("launchdarkly", url=server.url, token=launchdarkly_flags.TOKEN)
    assert seen == {"on": False, "off serves": "send to review", "environments": ["production"]}
