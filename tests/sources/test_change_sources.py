"""GitHub, Argo CD and LaunchDarkly as change sources: what changed, where, when, by whom, and who may say so."""

from __future__ import annotations

import copy
import hmac
import json
import re
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from bot.providers.changes import argocd, github, launchdarkly
from bot.providers.sources import change_source
from bot.web.sources import source
from playbooks.plugin import Change, InputError, change_target, flag_target
from tests.sources.bodies import PAYLOADS, body_of

NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)
TEMPLATE = Path(__file__).parents[2] / "bot" / "examples" / "argocd-notifications.yaml"


def read(kind: str, body: dict[str, Any], **headers: str) -> list[Change]:
    found = change_source(kind)
    assert found is not None
    return found.read(headers, json.dumps(body).encode(), source=kind, received_at=NOW)


# ------------------------------------------------------------------ GitHub


def test_a_deployment_that_went_well() -> None:
    body = body_of("github/deployment_status_payload.json")
    (change,) = read("github", body, **{"x-github-delivery": "72d3162e"})
    assert (change.kind, change.subject, change.environment) == ("deploy", "Hello-World", "production")
    assert change.after == "master (f95f852)"  # deployment.ref, deployment.sha
    assert change.occurred_at == datetime(2019, 5, 15, 15, 20, 55, tzinfo=UTC)  # deployment_status.updated_at
    assert (change.key, change.by) == ("72d3162e", "Codertocat")
    assert change.link == body["repository"]["html_url"]


def test_a_deployment_says_how_it_went_and_nothing_while_it_runs() -> None:
    body = body_of("github/deployment_status_payload.json")
    said = {}
    for state in ("success", "failure", "error", "pending", "in_progress", "queued", "inactive"):
        body["deployment_status"]["state"] = state
        said[state] = [change.after for change in read("github", body)]
    assert said["failure"] == ["master (f95f852) failure"]
    assert said["error"] == ["master (f95f852) error"]
    assert not any(said[state] for state in ("pending", "in_progress", "queued", "inactive"))


def test_a_deployment_names_its_component_in_its_own_payload() -> None:
    body = body_of("github/deployment_payload.json")
    (asked,) = read("github", body)
    assert (asked.subject, asked.after) == ("Hello-World", "master (f95f852) asked for")
    body["deployment"]["payload"] = {"component": "fraud-scorer"}
    assert read("github", body)[0].subject == "fraud-scorer"


def test_a_workflow_run_that_completed() -> None:
    body = body_of("github/workflow_run_completed.json")
    (change,) = read("github", body)
    assert (change.kind, change.subject, change.environment) == ("workflow_run", "octo-repo", "master")
    assert change.after == "test #163 3484a3f success"  # workflow.name, run_number, head_sha, conclusion
    assert change.link == body["workflow_run"]["html_url"]
    body["workflow_run"] |= {"status": "in_progress", "conclusion": None}
    assert read("github", body) == []


def test_what_changes_nothing_is_no_change_and_another_body_is_refused() -> None:
    assert read("github", {"zen": "Speak like a human.", "hook_id": 1}) == []
    assert read("github", body_of("github/check_run_completed.json")) == []
    with pytest.raises(InputError, match="no webhook of GitHub"):
        read("github", {"repository": 7})


def test_a_form_is_read_and_the_same_delivery_has_the_same_key() -> None:
    text = json.dumps(body_of("github/deployment_payload.json"))
    one, two = (
        github.read({}, body, source="gh", received_at=NOW)[0]
        for body in (text.encode(), b"payload=" + quote(text).encode())
    )
    assert one == two


# ------------------------------------------------------------------ Argo CD


def notification(application: dict[str, Any]) -> bytes:
    """The shipped template filled as Argo CD does: `toJson` of a path, null for what is not there."""
    objects = list(yaml.safe_load_all(TEMPLATE.read_text("utf-8")))
    data = objects[1]["data"]
    template = yaml.safe_load(data["template.muster-change"])["webhook"]["muster"]["body"]
    around = {"app": application, "context": yaml.safe_load(data["context"])}

    def filled(place: re.Match[str]) -> str:
        value: Any = around
        for name in place[1].split("."):
            value = value.get(name)
        return json.dumps(value)

    body = re.sub(r"\{\{ toJson \.([\w.]+) \}\}", filled, template)
    assert "{{" not in body
    return body.encode()


def argo(application: dict[str, Any]) -> list[Change]:
    return argocd.read({}, notification(application), source="argo", received_at=NOW)


@pytest.mark.parametrize("under", ["", "app"])
def test_an_application_that_was_sent_whole(under: str) -> None:
    application = body_of("argocd/application.json")
    (ours,) = argo(application)
    (whole,) = read("argocd", {under: application} if under else application)
    assert (whole.key, whole.subject, whole.before, whole.after) == (ours.key, ours.subject, ours.before, ours.after)
    assert (whole.occurred_at, whole.by, whole.environment) == (ours.occurred_at, ours.by, ours.environment)
    assert read("argocd", application | {"status": {"sync": {"revision": "main"}}}) == []


def test_an_application_was_deployed() -> None:
    (change,) = argo(body_of("argocd/application.json"))
    assert (change.kind, change.subject, change.environment) == ("deploy", "fraud-scorer", "fraud")
    assert (change.before, change.after) == ("6bed858", "53e28ff")  # status.history, status.sync.revision
    assert change.occurred_at == datetime(2026, 11, 21, 2, 10, 3, tzinfo=UTC)  # operationState.finishedAt
    assert change.by == "ci-deployer"
    assert change.link == "https://argocd.example.com/applications/argocd/fraud-scorer-production"


def test_a_sync_that_failed_and_one_under_way() -> None:
    application = body_of("argocd/application.json")
    del application["metadata"]["labels"]
    application["status"]["operationState"] |= {"phase": "Failed", "operation": {"initiatedBy": {"automated": True}}}
    (failed,) = argo(application)
    assert (failed.subject, failed.after) == ("fraud-scorer-production", "53e28ff sync failed")
    assert failed.by == "automated sync"
    application["status"]["operationState"]["phase"] = "Running"
    assert argo(application) == []


def test_an_application_of_several_sources() -> None:
    application = body_of("argocd/application.json")
    shas = ["a" * 40, "1.2.3"]
    application["status"] |= {"sync": {"revisions": shas}, "history": [{"revisions": ["b" * 40, "1.2.2"]}]}
    (change,) = argo(application)
    assert (change.before, change.after) == ("bbbbbbb, 1.2.2", "aaaaaaa, 1.2.3")


def test_each_sync_is_a_change_of_its_own_and_the_same_one_again_is_not() -> None:
    application = body_of("argocd/application.json")
    later = copy.deepcopy(application)
    later["status"]["operationState"]["finishedAt"] = "2026-11-21T03:00:00Z"
    keys = [argo(each)[0].key for each in (application, application, later)]
    assert keys[0] == keys[1] != keys[2]


def test_another_body_names_the_template() -> None:
    with pytest.raises(InputError, match="template") as refused:
        argocd.read({}, b'{"application": "x"}', source="argo", received_at=NOW)
    assert "argocd-notifications.yaml" in refused.value.told


# ------------------------------------------------------------------ LaunchDarkly


def test_a_flag_is_switched_and_is_known_as_the_echo_of_a_lever() -> None:
    (change,) = read("launchdarkly", body_of("launchdarkly/flag_turned_off.json"))
    assert (change.kind, change.before, change.after) == ("flag", "on", "off")  # environments.production.on
    assert change_target(change) == flag_target("risk", "auto-decline", "production")
    assert change.occurred_at == datetime(2026, 11, 21, 2, 28, 11, 123000, tzinfo=UTC)  # date, in milliseconds
    assert (change.key, change.by) == ("6555d3c8e29969090743aa01", "ariel@acme.com")
    assert change.link == "https://app.launchdarkly.com/risk/production/features/auto-decline"


@pytest.mark.parametrize("left_out", ["previousVersion", "currentVersion", "both"])
def test_a_version_that_is_left_out_follows_from_the_rest(left_out: str) -> None:
    body = body_of("launchdarkly/flag_turned_off.json")
    for name in ("previousVersion", "currentVersion"):
        if left_out in (name, "both"):
            del body[name]
    (change,) = read("launchdarkly", body)
    assert (change.kind, change.before, change.after) == ("flag", "on", "off")


def test_rules_of_a_flag_are_a_setting_and_not_a_switch() -> None:
    body = body_of("launchdarkly/flag_turned_off.json")
    resource = "proj/risk:env/production:flag/auto-decline"
    body |= {"accesses": [{"action": "updateRules", "resource": resource}], "titleVerb": "changed a rule of the flag"}
    (change,) = read("launchdarkly", body)
    assert (change.kind, change.before, change.after) == ("flag_setting", "", "changed a rule of the flag")


def test_several_resources_are_several_changes_and_several_accesses_of_one_are_one() -> None:
    body = body_of("launchdarkly/flag_turned_off.json")
    body["accesses"] = [
        {"action": "updateOn", "resource": "proj/risk:env/production:flag/auto-decline"},
        {"action": "updateFallthrough", "resource": "proj/risk:env/production:flag/auto-decline"},
        {"action": "updateRules", "resource": "proj/risk:env/test:flag/auto-decline"},
    ]
    changes = read("launchdarkly", body)
    assert [(c.kind, c.environment) for c in changes] == [("flag", "production"), ("flag_setting", "test")]
    assert len({change.key for change in changes}) == 2


def test_the_sample_of_the_documentation() -> None:
    (change,) = read("launchdarkly", body_of("launchdarkly/environment_renamed.json"))
    assert (change.kind, change.subject, change.environment) == ("environment_setting", "alexis/Testing", "test")
    assert change.after == "changed the name of"  # titleVerb
    assert change.by == "refapp@launchdarkly.com"


def test_members_and_tokens_change_nothing_that_runs() -> None:
    assert (
        read("launchdarkly", {"kind": "member", "accesses": [{"action": "updateRole", "resource": "member/1"}]}) == []
    )
    with pytest.raises(InputError, match="accesses"):
        read("launchdarkly", {"kind": "flag"})


def test_its_signature_is_the_bare_hex_of_the_raw_body() -> None:
    body = (PAYLOADS / "launchdarkly" / "flag_turned_off.json").read_bytes()
    given = hmac.new(b"s3cr3t", body, sha256).hexdigest()
    one = source("ld", "launchdarkly", ["old", "s3cr3t"])
    assert one.admits({"x-ld-signature": given}, body, now=NOW)
    assert not one.admits({"x-ld-signature": given}, body + b" ", now=NOW)
    assert not one.admits({"x-ld-signature": f"sha256={given}"}, body, now=NOW)
    assert not one.admits({}, body, now=NOW)
    assert launchdarkly.signed({"X-LD-Signature": given}, body, ["s3cr3t"], now=NOW)


def test_argo_cd_sends_a_bearer_token() -> None:
    one = source("argo", "argocd", ["s3cr3t"])
    assert one.admits({"authorization": "Bearer s3cr3t"}, b"{}", now=NOW)
    for given in ("", "Bearer s3cr3", "s3cr3t-no"):
        assert not one.admits({"authorization": given}, b"{}", now=NOW)
