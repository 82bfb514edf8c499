"""More bodies of GitHub and the Hugging Face Hub, and events of detectors and jobs: what they tell, and what not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.providers.sources import change_source
from playbooks.domain.alerts import Known
from playbooks.domain.spells import Spells
from playbooks.plugin import Change
from tests.sources.bodies import FIRING, NOW, RESOLVED, body_of, check, only, read, utc

DEPENDABOT = "dependabot_alert"


def changes(kind: str, body: object, event: str = "") -> list[Change]:
    source = change_source(kind)
    assert source is not None
    return source.read({"X-GitHub-Event": event}, json.dumps(body).encode(), source=kind, received_at=NOW)


def github(body: object, event: str) -> Any:
    return only("github", body, {"X-GitHub-Event": event, "X-GitHub-Delivery": "d-1"})


# ------------------------------------------------------------------ GitHub


def test_a_job_is_known_by_its_workflow_and_itself() -> None:
    body = body_of("github/workflow_job_completed_failure_with_organization.json")
    alert = github(body, "workflow_job")
    expected = {
        "fingerprint": "workflow_job:Codertocat/Hello-World:CodeQL: linters:main",  # workflow_name, name, head_branch
        "status": FIRING,  # conclusion: failure
        "starts_at": utc(2021, 8, 5, 10, 38, 16),  # completed_at
        "labels.component": "Hello-World",  # repository.name
    }
    check(alert, body, expected)
    body["workflow_job"] |= {"name": "build", "conclusion": "success"}
    assert github(body, "workflow_job").fingerprint != alert.fingerprint
    body["deployment"] = {"environment": "production"}  # of a job that deploys
    assert github(body, "workflow_job").status.value == RESOLVED


def test_a_run_of_a_fork_is_not_the_repositorys() -> None:
    body = body_of("github/workflow_run_completed.json")
    home = github(body, "workflow_run")
    body["workflow_run"]["head_repository"] = {"full_name": "stranger/octo-repo"}
    fork = github(body, "workflow_run")
    assert fork.labels["branch"] == "stranger:master"  # head_repository.full_name, head_branch
    assert fork.fingerprint != home.fingerprint


@pytest.mark.parametrize(
    ("event", "file"),
    [
        ("check_suite", "check_suite_rerequested"),  # its conclusion is the last one's
        ("workflow_run", "workflow_run_requested_with_conclusion"),  # it waits for an approval
        ("deployment_status", "deployment_status_gh_pages"),  # in progress
        ("deployment", "deployment_gh_pages"),
    ],
)
def test_what_has_not_ended(event: str, file: str) -> None:
    result = read("github", body_of(f"github/{file}.json"), {"X-GitHub-Event": event})
    assert (result.alerts, result.rejected[0].aside) == ([], True)


@pytest.mark.parametrize(("state", "status"), [("failure", FIRING), ("success", RESOLVED)])
def test_a_deployment_by_actions_has_its_run_beside_it(state: str, status: str) -> None:
    body = body_of("github/deployment_status_gh_pages.json")
    assert "workflow_run" in body
    body["deployment_status"]["state"] = state
    body["deployment"]["payload"] = {"component": "fraud-scorer"}
    alert = github(body, "deployment_status")
    assert (alert.status.value, alert.labels["component"]) == (status, "fraud-scorer")
    assert alert.fingerprint == "deployment:Codertocat/Hello-World:github-pages:deploy"
    (change,) = changes("github", body)
    assert (change.kind, change.environment) == ("deploy", "github-pages")


def test_a_deployment_that_is_asked_for_by_actions_is_a_change() -> None:
    (change,) = changes("github", body_of("github/deployment_gh_pages.json"), "deployment")
    assert (change.kind, change.after) == ("deploy", "gh-pages (f95f852) asked for")  # deployment.ref, deployment.sha
    assert changes("github", body_of("github/workflow_run_requested_with_conclusion.json"), "workflow_run") == []


def test_a_dependabot_alert() -> None:
    body = body_of("github/dependabot_alert_created.json")
    expected = {
        "fingerprint": "dependabot_alert:wolfy1339/pika-pack:20",  # repository.full_name, alert.number
        "status": FIRING,
        "severity": "medium",  # alert.security_advisory.severity
        "starts_at": utc(2023, 6, 24, 13, 57, 12),  # alert.created_at
        "labels.package": "semver",  # alert.dependency.package.name
        "link": "https://github.com/wolfy1339/pika-pack/security/dependabot/20",  # alert.html_url
    }
    check(github(body, "dependabot_alert"), body, expected)
    fixed = github(body_of("github/dependabot_alert_fixed.json"), "dependabot_alert")
    assert (fixed.status.value, fixed.ends_at) == (RESOLVED, utc(2022, 6, 15, 13, 55, 40))  # alert.fixed_at


def test_what_is_found_again_after_its_end_is_a_turn_of_its_own() -> None:
    body = body_of("github/code_scanning_alert_reopened.json")
    alert = github(body, "code_scanning_alert")
    assert (alert.status.value, alert.starts_at) == (FIRING, NOW)  # it does not say when
    assert alert.said is not None
    assert alert.said.known is Known.BY_TURN
    body["alert"] |= {"updated_at": "2026-11-20T10:00:00Z"}
    assert github(body, "code_scanning_alert").starts_at == utc(2026, 11, 20, 10)


def test_a_finding_from_created_to_reopened() -> None:
    body = body_of("github/dependabot_alert_created.json")
    spells, starts = Spells({}), []
    for action, more in (
        ("created", {}),
        ("fixed", {"fixed_at": "2023-07-01T00:00:00Z"}),
        ("reopened", {"updated_at": "2023-08-01T00:00:00Z"}),
        ("created", {"updated_at": "2023-08-01T00:00:00Z"}),  # the first word once more, late
    ):
        alert = github({"action": action, "alert": body["alert"] | more, "repository": body["repository"]}, DEPENDABOT)
        starts.append([placed.starts_at for placed in spells.place(alert, again=False)])
    first, again = utc(2023, 6, 24, 13, 57, 12), utc(2023, 8, 1)
    assert starts == [[first], [first], [again], [first]]


def test_the_vulnerability_alerts_before_dependabots() -> None:
    body = body_of("github/repository_vulnerability_alert_create.json")
    alert = github(body, "repository_vulnerability_alert")
    expected = {
        "fingerprint": "repository_vulnerability_alert:Codertocat/Hello-World:2",  # alert.number
        "name": "rack CVE-2018-16470",  # alert.affected_package_name, alert.external_identifier
        "status": FIRING,  # action: create
        "severity": "moderate",  # alert.severity
    }
    check(alert, body, expected)
    ended = github(body | {"action": "dismiss"}, "repository_vulnerability_alert")
    assert (ended.status.value, ended.fingerprint) == (RESOLVED, alert.fingerprint)


def test_an_event_without_a_repository_is_kept() -> None:
    body = {"action": "published", "security_advisory": {"ghsa_id": "GHSA-rf4j-j272-fj86"}}
    assert read("github", body, {"X-GitHub-Event": "security_advisory"}).rejected[0].aside
    assert changes("github", body, "security_advisory") == []


# ------------------------------------------------------------------ dbt


def test_a_started_run_of_dbt_says_nothing() -> None:
    assert read("dbt", body_of("dbt/job_run_started.json")).rejected[0].aside


# ------------------------------------------------------------------ Hugging Face Hub


def hub(scope: str, action: str = "update", **more: Any) -> list[Change]:
    repo = {
        "type": "model",
        "name": "some-user/some-repo",
        "url": {"web": "https://huggingface.co/some-user/some-repo"},
    }
    return changes("huggingface", {"event": {"action": action, "scope": scope}, "repo": repo} | more)


def test_branches_and_tags_that_moved() -> None:
    refs = [
        {"ref": "refs/heads/main", "oldSha": "ce9a4674", "newSha": "575db8b7"},
        {"ref": "refs/tags/test", "oldSha": None, "newSha": "575db8b7"},
        {"ref": "refs/heads/old", "oldSha": "575db8b7", "newSha": None},
    ]
    found = [(change.environment, change.before, change.after) for change in hub("repo.content", updatedRefs=refs)]
    assert found == [
        ("refs/heads/main", "ce9a4674", "575db8b7"),
        ("refs/tags/test", "", "575db8b7"),
        ("refs/heads/old", "575db8b7", "deleted"),
    ]


def test_what_is_pushed_to_a_pull_request_changes_nothing() -> None:
    body = body_of("huggingface/updated_refs.json")
    assert changes("huggingface", body) == []  # updatedRefs.0.ref: refs/pr/5
    body["updatedRefs"][0]["ref"] = "refs/heads/main"
    (change,) = changes("huggingface", body)
    assert (change.kind, change.subject) == ("space_repository", "Wauplin/gradio-user-history")  # repo.type, repo.name
    assert change.after == "227c78346870a85e5de4fff8a585db68df975406"  # updatedRefs.0.newSha
    assert change.link == "https://huggingface.co/spaces/Wauplin/gradio-user-history"  # repo.url.web


@pytest.mark.parametrize(
    ("scope", "action", "more", "after"),
    [
        ("repo.config", "update", {"updatedConfig": {"private": False}}, "private=false"),
        ("repo.config", "update", {"updatedConfig": {}}, "repo.config update"),
        ("repo", "move", {"movedTo": {"name": "org/other"}}, "moved to org/other"),
        ("repo", "delete", {}, "repo delete"),
    ],
)
def test_settings_and_moves(scope: str, action: str, more: dict[str, Any], after: str) -> None:
    (change,) = hub(scope, action, **more)
    assert (change.subject, change.after) == ("some-user/some-repo", after)


# ------------------------------------------------------------------ CloudEvents


def seldon(kind: str, data: dict[str, Any], **more: str) -> Any:
    headers = {"Ce-Type": f"io.seldon.serving.inference.{kind}", "Ce-Namespace": "seldon", "Ce-Endpoint": "default"}
    return read("cloudevents", data, headers | {"Ce-Inferenceservicename": "cifar10", "Ce-Id": "2z6"} | more)


@pytest.mark.parametrize(
    ("flags", "status"), [([1], FIRING), ([0, 1], FIRING), ([[0], [0]], RESOLVED), ([0], RESOLVED)]
)
def test_seldons_outliers(flags: list[Any], status: str) -> None:
    meta = {"name": "OutlierVAE", "detector_type": "offline", "data_type": "image"}
    (alert,) = seldon("outlier", {"data": {"instance_score": None, "is_outlier": flags}, "meta": meta}).alerts
    assert (alert.status.value, alert.labels["component"]) == (status, "cifar10")


def test_detectors_of_one_request_have_deliveries_of_their_own() -> None:
    """Seldon gives a request and whatever detectors say of it one id, without a source."""
    drift = seldon("drift", {"data": {"is_drift": 1}}).alerts[0]
    outlier = seldon("outlier", {"data": {"is_outlier": [1]}}).alerts[0]
    assert drift.said.delivery != outlier.said.delivery
    assert seldon("response", {"predictions": [[0.1, 0.9]]}).rejected[0].aside


@pytest.mark.parametrize(("flag", "status"), [(1, FIRING), (0, RESOLVED)])
def test_a_detector_that_answers_by_the_inference_protocol(flag: int, status: str) -> None:
    outputs = [
        {"name": "is_drift", "datatype": "INT64", "shape": [1, 1], "data": [flag]},
        {"name": "distance", "datatype": "FP64", "shape": [1, 1], "data": [0.41]},
    ]
    (alert,) = seldon("response", {"model_name": "income-drift", "outputs": outputs}).alerts
    assert (alert.status.value, alert.signal["value"]) == (status, "0.41")


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("com.acme.job.failed", FIRING), ("com.acme.JobFailed", FIRING), ("com.acme.job.failed.v1", FIRING),
        ("com.acme.job-failed", FIRING), ("JOB_FAILED", FIRING), ("com.acme.job.succeeded.v2", RESOLVED),
        ("com.acme.JobRecovered", RESOLVED), ("com.acme.job.created.v1", "aside"), ("com.acme.v1", "aside"),
    ],
)  # fmt: skip
def test_the_last_word_of_a_type(kind: str, status: str) -> None:
    result = read("cloudevents", {"specversion": "1.0", "type": kind, "source": "/jobs", "id": "1", "subject": "a"})
    assert (result.alerts[0].status.value if result.alerts else "aside") == status


def test_jobs_and_stores_of_one_source_are_not_one_series() -> None:
    told = [
        only("cloudevents", {"specversion": "1.0", "type": kind, "source": "/s", "id": "1"}).fingerprint
        for kind in ("com.acme.job-failed", "com.acme.job-succeeded", "com.acme.store-failed")
    ]
    assert told[0] == told[1] != told[2]
