"""PagerDuty, Opsgenie and Jira Service Management over HTTP: who is on call, and every way in which they do not say."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from bot.providers.oncall.matching import Said, match, named_in
from bot.providers.oncall.readers import Readers
from playbooks.domain.on_call_file import Opsgenie, PagerDuty
from playbooks.domain.ownership import Registry
from playbooks.errors import ConfigError, Kind, MusterError, ProviderError
from tests.providers.oncall_server import GENIE_KEY, PAGERDUTY_TOKEN, TEAM_A, Tools, entry, tools

AT = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
REGISTRY = Registry.load("""
api: ownership/v1
people:
  dana: {slack: U01DANA, email: Dana@Example.com, name: Dana Reyes}
  omar: {slack: U02OMAR, email: omar@example.com}
  lin: {slack: U03LIN, email: lin@example.com}
  ann: {slack: U04ANN}
  ann-lee: {slack: U05LEE, name: Ann Lee}
""")
SCHEDULE = PagerDuty(schedule="PSCHED1")
POLICY = PagerDuty(escalation_policy="PPOLICY")
ENVIRON = {"PD": PAGERDUTY_TOKEN, "GENIE": GENIE_KEY, "JSM": "jsm-secret"}


@pytest.fixture
def server() -> Iterator[Tools]:
    with tools() as here:
        yield here


@pytest.fixture
def readers(server) -> Iterator[Readers]:
    settings = {
        "pagerduty": {"url": server.url, "token_env": "PD", "timeout": 0.3},
        "opsgenie": {"url": server.url, "token_env": "GENIE", "timeout": 0.3},
    }
    made = Readers(settings, environ=ENVIRON)
    yield made
    made.close()


@pytest.fixture
def jsm(server) -> Iterator[Readers]:
    settings = {"url": server.url, "cloud_id": "cloud-1", "user": "bot@example.com", "token_env": "JSM"}
    made = Readers({"opsgenie": settings}, environ=ENVIRON)
    yield made
    made.close()


def test_a_schedule_of_pagerduty_by_e_mail_whatever_the_case(server, readers):
    server.oncalls["PSCHED1"] = [entry("DANA@example.COM")]
    found = readers.read(REGISTRY, SCHEDULE, AT)
    assert (found.people, found.remarks) == (("dana",), ())
    assert "schedule_ids%5B%5D=PSCHED1" in server.asked[0]


def test_the_levels_of_an_escalation_policy_are_an_order_and_nobody_comes_twice(server, readers):
    server.oncalls["PPOLICY"] = [
        entry("lin@example.com", 3),
        entry("omar@example.com", 2),
        entry("dana@example.com", 1),
        entry("dana@example.com", 3),
    ]
    assert readers.read(REGISTRY, POLICY, AT).people == ("dana", "omar", "lin")


def test_a_schedule_in_very_many_policies_is_read_page_by_page(server, readers):
    server.oncalls["PSCHED1"] = [entry("dana@example.com", 2)] * 150 + [entry("omar@example.com", 1)]
    assert readers.read(REGISTRY, SCHEDULE, AT).people == ("omar", "dana")
    assert len(server.asked) == 2


def test_somebody_who_is_not_in_the_registry_is_told(server, readers):
    server.oncalls["PSCHED1"] = [
        entry("x@example.com"),
        entry("", name="Pat <!here> Doe"),
        entry("omar@example.com", 2),
    ]
    found = readers.read(REGISTRY, SCHEDULE, AT)
    assert found.people == ("omar",)
    assert found.remarks == (
        "PagerDuty says x@example.com, who is not in the registry",
        "PagerDuty says Pat &lt;!here&gt; Doe, who is not in the registry",
    )


def test_a_user_without_an_e_mail_is_known_by_a_name_that_only_one_has(server, readers):
    server.oncalls["PSCHED1"] = [entry("", name="dana  reyes")]
    assert readers.read(REGISTRY, SCHEDULE, AT).people == ("dana",)


def test_nobody_on_call_is_an_answer(server, readers):
    found = readers.read(REGISTRY, SCHEDULE, AT)
    assert (found.people, found.remarks) == ((), ("PagerDuty says that nobody is on call for PSCHED1",))
    server.recipients["night shift"] = []
    assert readers.read(REGISTRY, Opsgenie(schedule="night shift"), AT).people == ()


@pytest.mark.parametrize(("schedule", "kind"), [("Team A/schedule ü", "name"), (TEAM_A, "id")])
def test_a_schedule_of_opsgenie_by_its_name_or_its_id(server, readers, schedule, kind):
    server.recipients[schedule] = ["lin@example.com", "Omar@example.com", "gone@example.com"]
    found = readers.read(REGISTRY, Opsgenie(schedule=schedule), AT)
    assert found.people == ("lin", "omar")
    assert found.remarks == ("Opsgenie says gone@example.com, who is not in the registry",)
    assert f"scheduleIdentifierType={kind}" in server.asked[0]


@pytest.mark.parametrize("schedule", ["team a_schedule", TEAM_A])
def test_jira_service_management_names_accounts_which_jira_knows(server, jsm, schedule):
    server.recipients[TEAM_A] = ["acc-1", "acc-2", "acc-3"]
    server.users = {
        "acc-1": {"emailAddress": "omar@example.com", "displayName": "Omar"},
        "acc-2": {"displayName": "Dana Reyes"},  # hides the e-mail
    }
    found = jsm.read(REGISTRY, Opsgenie(schedule=schedule), AT)
    assert found.people == ("omar", "dana")
    assert found.remarks == ("Jira Service Management says acc-3, who is not in the registry",)


def test_people_of_jira_can_be_looked_up_at_the_site(server):
    settings = {
        "url": server.url, "cloud_id": "cloud-1", "user": "bot@example.com", "token_env": "JSM", "site": server.url,
    }  # fmt: skip
    server.recipients[TEAM_A] = ["acc-1"]
    server.users = {"acc-1": {"emailAddress": "omar@example.com"}}
    with closing(Readers({"opsgenie": settings}, environ=ENVIRON)) as site:
        assert site.read(REGISTRY, Opsgenie(schedule=TEAM_A), AT).people == ("omar",)
    assert server.asked[-1].startswith("/rest/api/3/user?")


def test_a_schedule_that_is_not_there(server, readers, jsm):
    for made in (readers, jsm):
        with pytest.raises(ProviderError, match="opsgenie has no schedule nope"):
            made.read(REGISTRY, Opsgenie(schedule="nope"), AT)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Kind.PERMANENT),
        (403, Kind.PERMANENT),
        (404, Kind.PERMANENT),
        (429, Kind.RATE_LIMITED),
        (500, Kind.TRANSIENT),
        (503, Kind.TRANSIENT),
        (302, Kind.PERMANENT),
    ],
)
@pytest.mark.parametrize("source", [SCHEDULE, Opsgenie(schedule="a")], ids=["pagerduty", "opsgenie"])
def test_what_goes_wrong_has_a_kind_and_no_secret(server, readers, source, status, kind):
    server.status = status
    server.headers = {"Retry-After": "42"}
    with pytest.raises(ProviderError) as caught:
        readers.read(REGISTRY, source, AT)
    assert caught.value.kind is kind
    assert caught.value.retry_after == (42 if status == 429 else None)
    for secret in ENVIRON.values():
        assert secret not in caught.value.told


@pytest.mark.parametrize(
    "body",
    [b"<html>login</html>", b"[]", b"{}", b'{"oncalls": [1], "data": {"onCallRecipients": [1]}}', b'{"data": 5}'],
)
@pytest.mark.parametrize("source", [SCHEDULE, Opsgenie(schedule="a")], ids=["pagerduty", "opsgenie"])
def test_garbage_is_no_answer(server, readers, source, body):
    server.body = body
    with pytest.raises(ProviderError) as caught:
        readers.read(REGISTRY, source, AT)
    assert caught.value.kind is Kind.PERMANENT


def test_odd_entries_do_not_hide_the_others(server, readers):
    odd: list[dict[str, object]] = [{}, {"user": None, "escalation_level": "x"}, {"user": {"email": 5, "name": 7}}]
    server.oncalls["PSCHED1"] = [*odd, entry("dana@example.com")]
    assert readers.read(REGISTRY, SCHEDULE, AT).people == ("dana",)


@pytest.mark.parametrize("source", [SCHEDULE, Opsgenie(schedule="a")], ids=["pagerduty", "opsgenie"])
def test_a_tool_that_does_not_answer_in_time(server, readers, source):
    server.gate.clear()
    with pytest.raises(ProviderError, match=r"did not answer within 0\.3 s") as caught:
        readers.read(REGISTRY, source, AT)
    assert caught.value.kind is Kind.TRANSIENT


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "PagerDuty is not configured."),
        ({"pagerduty": {"token_env": "NOPE"}}, "`providers.pagerduty.token_env` names NOPE, which is not set."),
        ({"pagerduty": {}}, "`providers.pagerduty.token` is missing."),
        ({"pagerduty": {"token_env": "PD", "rul": "x"}}, "`providers.pagerduty.rul` is not known."),
        (None, "PagerDuty is not asked here."),
    ],
)
def test_settings_that_cannot_be_used(settings, said):
    with pytest.raises(ConfigError) as caught:
        Readers(settings, environ=ENVIRON).read(REGISTRY, SCHEDULE, AT)
    assert caught.value.sentence == said


def test_jira_service_management_needs_the_user_of_the_token():
    with pytest.raises(MusterError, match="needs the `user`"):
        Readers({"opsgenie": {"token_env": "JSM", "cloud_id": "c"}}, environ=ENVIRON).read(
            REGISTRY, Opsgenie(schedule="a"), AT
        )


def test_an_unknown_e_mail_is_not_somebody_of_the_same_name():
    found = match(REGISTRY, "X", [Said("dana@other.example", "Dana Reyes")])
    assert found.people == ()


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("On call: Dana Reyes (primary)", "dana"),
        ("ann lee", "ann-lee"),
        ("ANN", "ann"),
        ("annual review", None),
        ("omar and lin", None),
        ("", None),
    ],
)
def test_names_in_a_text(text, who):
    said = named_in(REGISTRY, text)
    assert (said and match(REGISTRY, "X", [said]).people) == ((who,) if who else None)
