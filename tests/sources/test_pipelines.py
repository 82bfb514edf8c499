"""Where models and their data are made: GitHub, dbt, Soda, W&B, Great Expectations, Evidently, CloudEvents, the Hub."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.providers.changes import huggingface
from bot.web.sources import source
from playbooks.domain.alerts import Known
from playbooks.errors import InputError
from tests.sources.bodies import FIRING, NOW, RESOLVED, body_of, only, read, utc

# ------------------------------------------------------------------ GitHub


def run(conclusion: str | None) -> dict[str, Any]:
    body: dict[str, Any] = body_of("github/workflow_run_completed.json")
    body["workflow_run"]["conclusion"] = conclusion
    return body


@pytest.mark.parametrize(
    ("conclusion", "status"),
    [("failure", FIRING), ("timed_out", FIRING), ("startup_failure", FIRING), ("success", RESOLVED)],
)
def test_github_runs(conclusion, status):
    alert = only("github", run(conclusion), {"x-github-delivery": "72d3162e", "x-github-event": "workflow_run"})
    assert alert.status.value == status
    assert alert.fingerprint == only("github", run("success")).fingerprint
    assert alert.said is not None
    assert (alert.said.delivery, alert.said.known) == ("72d3162e", Known.BY_TURN)


@pytest.mark.parametrize("conclusion", [None, "cancelled", "skipped", "neutral", "stale"])
def test_github_runs_that_say_nothing(conclusion):
    assert read("github", run(conclusion)).rejected[0].aside


def test_github_deployments_and_form_bodies():
    body = body_of("github/deployment_status_payload.json")
    body["deployment_status"]["state"] = "failure"
    alert = only("github", urlencode({"payload": json.dumps(body)}).encode())
    assert (alert.status.value, alert.name) == (FIRING, "deployment to production")


@pytest.mark.parametrize(("action", "status"), [("created", FIRING), ("fixed", RESOLVED), ("dismissed", RESOLVED)])
def test_github_security_alerts(action, status):
    told = {
        "number": 7,
        "created_at": "2026-11-21T02:10:00Z",
        "security_advisory": {"summary": "x", "severity": "high"},
    }
    body = {"action": action, "alert": told, "repository": {"full_name": "a/b", "name": "b"}}
    alert = only("github", body, {"x-github-event": "dependabot_alert"})
    assert (alert.status.value, alert.severity, alert.starts_at) == (status, "high", utc(2026, 11, 21, 2, 10))


@pytest.mark.parametrize(
    "body", [{"zen": "Keep it logically awesome.", "hook_id": 1}, {"action": "opened", "sender": {}}]
)
def test_github_other_events(body):
    assert read("github", body).rejected[0].aside


@pytest.mark.parametrize(
    ("kind", "header", "prefix"),
    [
        ("github", "x-hub-signature-256", "sha256="),
        ("dbt", "authorization", ""),
        ("wandb", "x-wandb-signature", ""),
        ("sentry", "sentry-hook-signature", ""),
    ],
)
def test_signatures_made_here(kind, header, prefix):
    body = b'{"repository": {}}'
    signature = prefix + hmac.new(b"s3cr3t", body, sha256).hexdigest()
    one = source(kind, kind, ["s3cr3t"])
    assert one.admits({header: signature}, body, now=NOW)
    for place in range(len(signature)):
        other = signature[:place] + chr(ord(signature[place]) ^ 1) + signature[place + 1 :]
        assert not one.admits({header: other}, body, now=NOW)
    for place in range(len(body)):
        assert not one.admits({header: signature}, body[:place] + b"~" + body[place + 1 :], now=NOW)


def test_langfuses_signature():
    body, stamp = b'{"id": "d"}', int(NOW.timestamp())
    made = hmac.new(b"s3cr3t", f"{stamp}.".encode() + body, sha256).hexdigest()
    one, given = source("langfuse", "langfuse", ["s3cr3t"]), f"t={stamp},v1={made}"
    assert one.admits({"x-langfuse-signature": given}, body, now=NOW)
    for place in range(len(given)):
        other = given[:place] + chr(ord(given[place]) ^ 1) + given[place + 1 :]
        assert not one.admits({"x-langfuse-signature": other}, body, now=NOW), place
    old = f"t={stamp - 301},v1=" + hmac.new(b"s3cr3t", f"{stamp - 301}.".encode() + body, sha256).hexdigest()
    assert not one.admits({"x-langfuse-signature": old}, body, now=NOW)


# ------------------------------------------------------------------ dbt, Soda, W&B


@pytest.mark.parametrize(
    ("kind", "status", "found"),
    [
        ("job.run.completed", "Success", RESOLVED),
        ("job.run.completed", "Errored", FIRING),
        ("job.run.completed", "Error", FIRING),
        ("job.run.errored", "Errored", FIRING),
        ("job.run.completed", "Cancelled", "aside"),
        ("job.run.started", "Running", "aside"),
        ("job.run.completed", "Perhaps", "kept"),
    ],
)
def test_dbt_runs(kind, status, found):
    body = body_of("dbt/job_run_completed.json") | {"eventType": kind}
    body["data"] = {key: value for key, value in body["data"].items() if key != "runStatusCode"} | {"runStatus": status}
    result = read("dbt", body)
    told = result.alerts[0].status.value if result.alerts else "aside" if result.rejected[0].aside else "kept"
    assert told == found


def soda(outcome: str) -> dict[str, Any]:
    check = {
        "id": "c-1", "name": "missing_count(amount) = 0", "outcome": outcome, "dataset": {"name": "transactions"},
        "column": "amount", "cloudUrl": "https://cloud.soda.io/checks/c-1", "diagnostics": {"value": 12},
        "dataTimestamp": "2026-11-21T02:10:00Z",
        "attributes": [{"name": "component", "value": "transactions-features"}],
    }  # fmt: skip
    return {"event": "checkEvaluation", "checkResults": [check]}


@pytest.mark.parametrize(
    ("outcome", "status", "severity"), [("fail", FIRING, "error"), ("warn", FIRING, "warning"), ("pass", RESOLVED, "")]
)
def test_sodas_checks(outcome, status, severity):
    alert = only("soda", soda(outcome))
    assert (alert.fingerprint, alert.status.value, alert.severity) == ("check:c-1", status, severity)
    assert (alert.labels["component"], alert.labels["column"]) == ("transactions-features", "amount")
    assert alert.link == "https://cloud.soda.io/checks/c-1"


@pytest.mark.parametrize(("status", "found"), [("reported", FIRING), ("opened", FIRING), ("resolved", RESOLVED)])
def test_sodas_incidents(status, found):
    told = {
        "id": "i-1", "number": 196, "title": "Invalid customer ids", "severity": "major", "status": status,
        "createdTimestamp": "2022-05-18T06:07:34Z", "resolutionTimestamp": "2022-05-18T06:08:22.620196441Z",
        "sodaCloudUrl": "https://cloud.soda.io/incidents/i-1",
    }  # fmt: skip
    alert = only("soda", {"event": "incidentUpdated", "incident": told})
    assert (alert.status.value, alert.severity, alert.starts_at) == (found, "error", utc(2022, 5, 18, 6, 7, 34))
    assert read("soda", {"event": "contractPublished", "contract": {}}).rejected[0].aside


def wandb(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "event_type": kind, "automation": "loss too high", "project_name": "fraud", "entity_name": "acme",
        "run_name": "sweet-sun-7", "metric_name": "loss", "metric_value": 3.2, "threshold": 1.0,
        "component": "fraud-scorer", "severity": "WARN",
    } | more  # fmt: skip


def test_wandbs_metrics_and_runs():
    metric = only("wandb", wandb("RUN_METRIC_THRESHOLD"))
    assert (metric.status.value, metric.name, metric.severity) == (FIRING, "loss too high", "warn")
    assert (metric.labels["component"], metric.signal["value"]) == ("fraud-scorer", "3.2")
    failed = only("wandb", wandb("RUN_STATE", run_state="crashed"))
    fine = only("wandb", wandb("RUN_STATE", run_state="finished"))
    assert (failed.status.value, fine.status.value) == (FIRING, RESOLVED)
    assert failed.fingerprint == fine.fingerprint
    assert read("wandb", {"event_type": "LINK_MODEL", "project_name": "x"}).rejected[0].aside
    assert read("wandb", wandb("RUN_STATE", run_state="running")).rejected[0].aside


# ------------------------------------------------------------------ Great Expectations, Evidently


def test_expectations_that_hold_again_end_it():
    body = body_of("great_expectations/checkpoint_result_failed.json")
    fires = only("great_expectations", body | {"component": "fraud-scorer"})
    for expectation in body["validation_results"][0]["expectations"]:
        expectation["success"] = True
    body["validation_results"][0]["success"] = True
    ends = only("great_expectations", body)
    assert (fires.fingerprint, fires.labels["component"]) == (ends.fingerprint, "fraud-scorer")
    assert ends.status.value == RESOLVED


def test_a_validation_of_great_expectations_018():
    config = {"expectation_type": "expect_column_to_exist", "kwargs": {"column": "x"}, "meta": {"severity": "critical"}}
    result = {
        "success": False, "statistics": {"success_percent": 0.0},
        "results": [{"success": False, "expectation_config": config}],
        "meta": {
            "expectation_suite_name": "fraud", "active_batch_definition": {"data_asset_name": "transactions"},
            "run_id": {"run_time": "2026-11-21T02:10:00+00:00"},
        },
    }  # fmt: skip
    for body in (result, {"success": False, "run_results": {"x": {"validation_result": result}}}):
        alert = only("great_expectations", body)
        assert alert.fingerprint == "expectations:fraud:transactions"
        assert (alert.severity, alert.starts_at) == ("critical", utc(2026, 11, 21, 2, 10))
        assert "expect_column_to_exist (x)" in alert.summary


@pytest.mark.parametrize(
    ("status", "found"),
    [("FAIL", FIRING), ("ERROR", FIRING), ("WARNING", FIRING), ("SUCCESS", RESOLVED), ("SKIPPED", "")],
)
def test_evidentlys_tests(status, found):
    body = {"tests": [{"name": "Drift", "status": status, "group": "data_drift", "parameters": {"column_name": "x"}}]}
    result = read("evidently", body | {"component": "fraud-scorer"})
    assert [alert.status.value for alert in result.alerts] == [found] * bool(found)
    assert all(alert.labels["component"] == "fraud-scorer" for alert in result.alerts)
    assert all(alert.severity == "warning" for alert in result.alerts if status == "WARNING")


@pytest.mark.parametrize(("drifts", "status"), [(True, FIRING), (False, RESOLVED)])
def test_evidentlys_report_without_tests(drifts, status):
    old = {"metrics": [{"metric": "DatasetDriftMetric", "result": {"dataset_drift": drifts, "drift_share": 0.5}}]}
    share = {"value": {"share": 0.6 if drifts else 0.4}, "config": {"drift_share": 0.5}, "metric_name": "Drifted"}
    for body in (old, {"metrics": [share]}):
        assert only("evidently", body).status.value == status
    with pytest.raises(InputError):
        read("evidently", {"metrics": [{"metric": "ColumnSummary"}]})


# ------------------------------------------------------------------ CloudEvents


def cloudevent(**more: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "type": "com.acme.model.drift", "source": "/monitor/fraud", "id": "e-1",
        "time": "2026-11-21T02:10:00Z", "subject": "fraud-scorer", "data": {"value": 0.34, "severity": "warning"},
    } | more  # fmt: skip


def test_structured_batch_and_binary_are_one():
    event = cloudevent()
    headers = {f"CE-{key}": str(value) for key, value in event.items() if key != "data"}
    found = [
        only("cloudevents", event, {"content-type": "application/cloudevents+json"}),
        only("cloudevents", [event], {"content-type": "application/cloudevents-batch+json"}),
        only("cloudevents", event["data"], headers),
        only("cloudevents", cloudevent(data=None, data_base64=b64encode(json.dumps(event["data"]).encode()).decode())),
    ]
    assert len({alert.fingerprint for alert in found}) == 1
    assert {alert.starts_at for alert in found} == {utc(2026, 11, 21, 2, 10)}
    assert {(alert.severity, alert.labels["component"]) for alert in found} == {("warning", "fraud-scorer")}
    assert {alert.said.delivery for alert in found if alert.said} == {"/monitor/fraud/e-1"}


def test_the_end_of_a_type_tells_the_end():
    fires = only("cloudevents", cloudevent())
    ends = only("cloudevents", cloudevent(type="com.acme.model.resolved", id="e-2"))
    assert (fires.status.value, ends.status.value) == (FIRING, RESOLVED)
    assert fires.fingerprint == ends.fingerprint
    assert only("cloudevents", cloudevent(data={"status": "resolved"})).status.value == RESOLVED


@pytest.mark.parametrize(("flag", "status"), [(1, FIRING), (0, RESOLVED), ([0, 1], FIRING), ([0], RESOLVED)])
def test_detectors_say_it_by_a_flag(flag, status):
    data = {
        "data": {"is_drift": flag, "distance": 0.4, "threshold": 0.05, "p_val": 0.001},
        "meta": {"name": "MMDDrift"},
    }
    event = cloudevent(type="org.kubeflow.serving.inference.drift", data=data, inferenceservicename="ranker")
    alert = only("cloudevents", event)
    assert (alert.status.value, alert.labels["component"]) == (status, "ranker")
    assert alert.signal == {"metric": "MMDDrift", "value": "0.4", "limit": "0.05", "p_value": "0.001"}


def test_long_batches_have_a_key_of_their_own():
    one = read("cloudevents", [cloudevent(id=f"e-{number}" + "x" * 40) for number in range(20)])
    two = read(
        "cloudevents", [cloudevent(id=f"e-{number}" + "x" * 40) for number in range(19)] + [cloudevent(id="other")]
    )
    assert one.alerts[0].said != two.alerts[0].said


# ------------------------------------------------------------------ the Hub, MLflow


def hub(body: dict[str, Any]) -> list[Any]:
    return huggingface.read({}, json.dumps(body).encode(), source="hub", received_at=NOW)


def test_the_hubs_content_changes():
    repo = body_of("huggingface/discussion_comment.json")["repo"]
    refs = [{"ref": "refs/heads/main", "oldSha": "ce9a4674", "newSha": "575db8b7"}]
    (change,) = hub({"event": {"action": "update", "scope": "repo.content"}, "repo": repo, "updatedRefs": refs})
    assert (change.subject, change.before, change.after) == ("openai-community/gpt2", "ce9a4674", "575db8b7")
    assert (change.kind, change.link) == ("model_repository", "https://huggingface.co/openai-community/gpt2")
    discussion = {"num": 19, "status": "merged"}
    (merged,) = hub({"event": {"scope": "discussion", "action": "update"}, "repo": repo, "discussion": discussion})
    assert merged.after == "merged #19"


def test_the_hubs_comments_change_nothing():
    assert hub(body_of("huggingface/discussion_comment.json")) == []
    with pytest.raises(InputError):
        hub({"event": {}})


def test_the_hubs_secret():
    one = source("hub", "huggingface", ["s3cr3t"])
    assert one.admits({"x-webhook-secret": "s3cr3t"}, b"{}", now=NOW)
    for given in ("", "s3cr3", "s3cr3T"):
        assert not one.admits({"x-webhook-secret": given}, b"{}", now=NOW)


def test_mlflows_budget():
    data = {"budget_policy_id": "b-1", "budget_amount": 100, "current_spend": 101.5, "window_start": "2026-11-01"}
    body = {"entity": "budget_policy", "action": "exceeded", "timestamp": "2026-11-21T02:10:00Z", "data": data}
    alert = only("mlflow", body, {"X-MLflow-Delivery-Id": "d-1"})
    assert (alert.fingerprint, alert.severity) == ("budget:b-1:2026-11-01", "critical")
    assert (alert.signal["value"], alert.signal["limit"]) == ("101.5", "100")
