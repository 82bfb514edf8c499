"""What the tools around models document beside their recorded bodies: LangSmith, Soda, W&B, MLflow, LiteLLM, OpenAI."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest

from bot.providers.changes import mlflow
from bot.web.sources import source
from playbooks.domain.alerts import Known
from playbooks.errors import InputError
from tests.sources.bodies import FIRING, NOW, PAYLOADS, RESOLVED, body_of, only, read, since_1970, utc

# ------------------------------------------------------------------ LangSmith


def langsmith(**more: Any) -> dict[str, Any]:
    """The twelve fields that are added to a body of the user's own, of which no `{placeholder}` is filled in."""
    return {
        "text": "{alert_rule_name} triggered", "project_name": "support-bot", "workspace_name": "Acme",
        "alert_rule_id": "5f1c2a9e", "alert_rule_name": "errors", "alert_rule_description": "",
        "alert_rule_type": "threshold", "alert_rule_attribute": "error_count",
        "alert_rule_url": "https://smith.langchain.com/o/1/projects/p/2?tab=alerts",
        "runs_url": "https://smith.langchain.com/o/1/projects/p/2?runtab=0",
        "triggered_metric_value": "42", "triggered_threshold": 10, "timestamp": "2026-11-21T02:10:00Z",
    } | more  # fmt: skip


def test_langsmiths_alert():
    alert = only("langsmith", langsmith())
    assert (alert.fingerprint, alert.name) == ("5f1c2a9e", "errors")
    assert alert.summary == "error count is 42, threshold 10 in support-bot"
    assert alert.link == "https://smith.langchain.com/o/1/projects/p/2?tab=alerts"
    assert (alert.labels["workspace_name"], "text" in alert.labels) == ("Acme", False)
    assert only("langsmith", langsmith(alert_rule_description="Too many errors")).summary == "Too many errors"
    unnumbered = langsmith()
    del unnumbered["alert_rule_id"]
    assert only("langsmith", unnumbered).fingerprint == "support-bot:errors"


def engine(kind: str, **told: Any) -> dict[str, Any]:
    about = {
        "tenant_id": "t-1", "tenant_name": "Acme", "session_id": "s-1", "session_name": "prod-api",
        "url": "https://smith.langchain.com/o/t-1/projects/p/s-1",
    }  # fmt: skip
    return {
        "id": f"d-{kind}",
        "type": kind,
        "created": 1795226400,
        "request_id": "r-1",
        "data": {"object": about | told},
    }


@pytest.mark.parametrize(("priority", "word"), [(0, "critical"), (1, "error"), (2, "warning"), (3, "info"), (None, "")])
def test_langsmiths_engine_tells_issues(priority, word):
    issue = {"id": "i-1", "name": "tools are mixed up", "description": "search twice", "severity": priority}
    opens = only("langsmith", engine("issue.created", **issue))
    again = engine("issue.trace.added", **issue)
    again["data"]["trace"] = {"run_id": "run-1", "trace_id": "trace-1", "start_time": "2026-11-21T02:05:00Z"}
    repeats = only("langsmith", again)
    assert opens.fingerprint == repeats.fingerprint == "issue:i-1"
    assert (opens.name, opens.severity, opens.summary) == ("tools are mixed up", word, "search twice")
    assert (opens.labels["component"], opens.starts_at) == ("prod-api", since_1970(1795226400_000))
    assert repeats.labels["trace"] == "trace-1"
    assert opens.said is not None
    assert repeats.said is not None
    assert (opens.said.delivery, repeats.said.known) == ("d-issue.created", Known.WHILE_OPEN)


def test_langsmiths_engine_that_failed_and_events_it_may_send_one_day():
    told = {"status": "error", "error_message": "missing API key", "occurred_at": "2026-11-21T02:15:00Z"}
    alert = only("langsmith", engine("issue.agent_run.failed", **told))
    assert (alert.fingerprint, alert.severity, alert.summary) == ("engine:s-1", "warning", "missing API key")
    assert alert.starts_at == utc(2026, 11, 21, 2, 15)
    assert read("langsmith", engine("issue.archived")).rejected[0].aside


def test_langsmiths_rule():
    runs = [
        {"id": "1", "name": "Search", "status": "success", "error": None, "app_path": "/o/1/projects/p/2/r/1"},
        {"id": "2", "name": "Search", "status": "error", "error": "ValueError: too long"},
    ]
    body = {"rule_id": "r-1", "start_time": "2026-11-21T02:09:00+00:00", "end_time": "2026-11-21T02:10:00+00:00"}
    alert = only("langsmith", body | {"runs": runs, "feedback_stats": {}})
    assert (alert.fingerprint, alert.name, alert.summary) == (
        "rule:r-1",
        "LangSmith rule matched Search",
        "ValueError: too long",
    )
    assert (alert.signal["value"], alert.signal["failed"], alert.starts_at) == ("2", "1", utc(2026, 11, 21, 2, 10))
    assert alert.link == "https://smith.langchain.com/o/1/projects/p/2/r/1"
    assert only("langsmith", body | {"runs": None}).summary == "0 runs matched the rule"


def test_langsmiths_engine_signs():
    body, secret = json.dumps(engine("issue.created", id="i-1")).encode(), "s3cr3t"
    given = "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()
    one = source("any", "langsmith", [secret])
    assert one.admits({"x-langsmith-signature": given}, body, now=NOW)
    assert not one.admits({"x-langsmith-signature": given}, body + b" ", now=NOW)
    assert not one.admits({"x-langsmith-signature": given.removeprefix("sha256=")}, body, now=NOW)


# ------------------------------------------------------------------ Soda


def soda(**more: Any) -> dict[str, Any]:
    dataset = {
        "name": "orders", "tags": ["finance"], "owner": {"email": "person@acme.example"},
        "datasource": {"name": "spark"},
        "attributes": [{"name": "data_domain", "label": "Data Domain", "value": "Product"}],
    }  # fmt: skip
    return {
        "id": "c-1", "sodaCloudUrl": "https://cloud.soda.io/checks/c-1",
        "definition": "checks for orders:\nrow_count same as raw_orders in postgres", "datasets": [dataset],
        "column": None, "outcome": "fail", "dataTimestamp": "2026-11-21T02:10:00.060897Z",
        "diagnostics": {"value": 3.0},
    } | more  # fmt: skip


def test_sodas_check():
    alert = only("soda", {"event": "checkEvaluation", "checkResults": [soda()]})
    assert (alert.fingerprint, alert.name) == ("check:c-1", "row_count same as raw_orders in postgres")
    assert alert.starts_at == utc(2026, 11, 21, 2, 10, 0, 60897)
    assert {
        "component": "orders", "finance": "true", "data_domain": "Product", "owner": "person@acme.example",
        "datasource": "spark",
    }.items() <= alert.labels.items()  # fmt: skip
    assert alert.signal["value"] == "3.0"


@pytest.mark.parametrize(
    ("outcome", "found", "severity"),
    [("pass", RESOLVED, ""), ("warn", FIRING, "warning"), ("fail", FIRING, "error"), ("error", FIRING, "error")],
)
def test_sodas_outcomes(outcome, found, severity):
    body = {"event": "checkEvaluation", "checkResults": [soda(outcome=outcome, name="orders are whole")]}
    alert = only("soda", body)
    assert (alert.status.value, alert.severity, alert.name) == (found, severity, "orders are whole")


@pytest.mark.parametrize(("severity", "word"), [("low", "info"), ("medium", "warning"), ("high", "error")])
def test_sodas_incidents_of_version_4(severity, word):
    told = {
        "id": "i-1", "number": 196, "title": "Invalid ids", "severity": severity, "status": "reported",
        "created": "2026-11-21T02:10:00Z", "lastUpdated": "2026-11-21T02:20:00Z", "checkResults": [soda()],
        "incidentLinkCallbackUrl": "https://cloud.soda.io/integrations/webhook/1/incident-link/2/secret",
    }  # fmt: skip
    opens = only("soda", {"event": "incidentCreated", "incident": told})
    assert (opens.severity, opens.starts_at) == (word, utc(2026, 11, 21, 2, 10))
    assert (opens.labels["component"], opens.labels["data_domain"]) == ("orders", "Product")
    assert "incident-link" not in repr(opens)
    ends = only("soda", {"event": "incidentUpdated", "incident": told | {"status": "resolved"}})
    assert (ends.fingerprint, ends.ends_at) == ("incident:i-1", utc(2026, 11, 21, 2, 20))


@pytest.mark.parametrize("event", ["validate", "agreementCreated", "contractPublished"])
def test_sodas_other_events_are_kept_aside(event):
    assert read("soda", {"event": event, "sentAt": "2026-11-21T02:10:00Z", "agreement": {}}).rejected[0].aside


# ------------------------------------------------------------------ Weights & Biases: what W&B fills in, and no more


def wandb(kind: str, **more: Any) -> dict[str, Any]:
    return {"event_type": kind, "entity_name": "acme", "project_name": "fraud", "event_author": "ada"} | more


def test_wandbs_template_of_the_documents():
    metric = only("wandb", wandb("RUN_METRIC", automation="loss too high", metric_name="loss", threshold="1.0"))
    assert (metric.fingerprint, metric.labels["component"]) == ("wandb:acme:fraud:loss too high:loss", "fraud")
    failed = only("wandb", wandb("RUN_STATE", automation="training", run_state="failed", severity="error"))
    assert (failed.status.value, failed.name, failed.severity) == (FIRING, "training", "error")
    ends = only("wandb", wandb("RUN_STATE", automation="training", run_state="finished"))
    assert (ends.status.value, ends.fingerprint) == (RESOLVED, failed.fingerprint)


def test_wandbs_run_without_a_state():
    assert only("wandb", wandb("RUN_STATE", alert_title="Training failed")).status.value == FIRING
    assert "does not say whether the run failed" in read("wandb", wandb("RUN_STATE")).rejected[0].reason
    assert "does not say" in read("wandb", wandb("RUN_STATE", run_state="${run_state}")).rejected[0].reason


def test_wandbs_form_of_a_dispatch():
    inner = wandb("RUN_METRIC_ZSCORE", metric_name="loss", ACCESS_TOKEN="t0ken")
    alert = only("wandb", {"event_type": "ALERT", "client_payload": inner})
    assert (alert.labels["project"], alert.signal["metric"]) == ("fraud", "loss")
    assert "t0ken" not in repr(alert)
    artifact = {"artifact_version_string": "acme/model-registry/fraud:v3", "artifact_collection_name": "fraud"}
    assert read("wandb", {"event_type": "BUILD_AND_DEPLOY", "client_payload": artifact}).rejected[0].aside


@pytest.mark.parametrize("kind", ["LINK_MODEL", "ADD_ARTIFACT_ALIAS", "CREATE_ARTIFACT", "ADD_ARTIFACT_TAG"])
def test_wandbs_artifacts_open_nothing(kind):
    assert read("wandb", wandb(kind, alias="production", artifact_collection_name="fraud")).rejected[0].aside


# ------------------------------------------------------------------ MLflow, LiteLLM, OpenAI, Great Expectations


@pytest.mark.parametrize("file", sorted((PAYLOADS / "mlflow").glob("prompt*.json")), ids=lambda path: path.stem)
def test_mlflows_prompts_are_changes(file):
    body = file.read_bytes()
    (change,) = mlflow.read({"X-MLflow-Delivery-Id": "d-1"}, body, source="mlflow", received_at=NOW)
    assert change.subject.startswith(json.loads(body)["data"]["name"])
    assert change.kind.startswith("prompt")
    assert change.key == "d-1"


@pytest.mark.parametrize(("scope", "target"), [("GLOBAL", None), ("WORKSPACE", None), ("USER", "ada")])
def test_mlflows_budgets_of_other_scopes(scope, target):
    body = body_of("mlflow_budgets/budget_policy_exceeded_example.json")
    body["data"] |= {"target_scope": scope, "target_value": target}
    alert = only("mlflow", body)
    assert (alert.labels["component"], alert.labels["scope"]) == ("default", scope)  # data.workspace
    assert alert.labels.get("target") == target


def budget(**more: Any) -> dict[str, Any]:
    told: dict[str, Any] = body_of("litellm/team_budget_crossed.json")
    return told | more


@pytest.mark.parametrize(
    ("group", "named"),
    [("key", {"token": "b" * 64}), ("user", {"user_id": "u"}), ("team", {"team_id": "t-2"}),
     ("team_member", {"team_id": "t-1", "user_id": "u"}), ("organization", {"organization_id": "o"}),
     ("end_user", {"customer_id": "c"}), ("proxy", {"user_id": "u"}), ("tag", {"user_id": "u"})],
)  # fmt: skip
def test_litellms_groups_say_whose_budget_it_is(group, named):
    one = only("litellm", budget(event_group=group))
    other = only("litellm", budget(event_group=group, **named))
    assert one.fingerprint != other.fingerprint


def test_litellms_team_has_one_budget_whoever_calls():
    assert (
        len({only("litellm", budget(token=token, user_id="u")).fingerprint for token in ("a" * 64, "b" * 64, "sk-1")})
        == 1
    )
    assert "sk-1" not in repr(only("litellm", budget(event_group="key", token="sk-1")))


def test_litellms_soft_budget_has_its_own_limit():
    soft = only("litellm", budget(event="soft_budget_crossed", soft_budget=10.0))
    assert (soft.severity, soft.signal["limit"]) == ("warning", "10.0")
    assert read("litellm", budget(event="key_rotated")).rejected[0].aside


@pytest.mark.parametrize(
    ("kind", "severity"),
    [("safety.warning_issued", "warning"), ("safety.deactivation_issued", "critical"), ("batch.cancelled", ""),
     ("batch.failed", ""), ("eval.run.failed", ""), ("eval.run.canceled", ""), ("fine_tuning.job.cancelled", "")],
)  # fmt: skip
def test_openais_events_that_open(kind, severity):
    event = {"id": "evt_1", "object": "event", "created_at": 1795226400, "type": kind, "data": {"id": "x_1"}}
    alert = only("openai", event)
    assert (alert.fingerprint, alert.severity, alert.name) == (f"{kind}:x_1", severity, kind)
    assert alert.starts_at == since_1970(1795226400_000)
    assert alert.said is not None
    assert alert.said.delivery == "evt_1"


@pytest.mark.parametrize(
    "kind", ["agent.environment.expired", "agent.environment.suspended", "live.call.incoming", "batch.completed"]
)
def test_openais_events_that_open_nothing(kind):
    assert read("openai", {"id": "evt_1", "type": kind, "data": {"session_id": "rtc_1"}}).rejected[0].aside


def test_an_action_of_great_expectations_that_passed_or_tells_nothing():
    (told,) = body_of("great_expectations/api_notification_failed.json")
    for expectation in told["validation_results"]:
        expectation["success"] = True
    ends = only("great_expectations", told)
    fires = only("great_expectations", body_of("great_expectations/api_notification_failed.json"))
    assert (ends.status.value, ends.fingerprint) == (RESOLVED, fires.fingerprint)
    kept = read("great_expectations", told | {"validation_results": [None]})
    assert "does not say whether it succeeded" in kept.rejected[0].reason
    with pytest.raises(InputError):
        read("great_expectations", [])
