"""Each real server starts here and behaves the way our providers rely on."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from slack_sdk import WebClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.real.browser import Chromium, colours
from tests.real.conftest import StartPrometheus
from tests.real.listener import Gauges, Inbox
from tests.real.postgres import Postgres
from tests.real.servers import Airflow, Alertmanager, Emulate, MLflow, MLServer, Moto, Unleash

pytestmark = pytest.mark.real


def test_postgres_drops_what_a_test_leaves_connected(postgres_server: Postgres) -> None:
    with postgres_server.database() as url:
        engine = create_engine(url)
        connection = engine.connect()
        assert connection.execute(text("SELECT 1")).scalar() == 1
    with pytest.raises(OperationalError):
        connection.execute(text("SELECT 1"))
    connection.invalidate()
    engine.dispose()


def test_mlflow_moves_an_alias_and_forgets_where_it_was(mlflow_server: MLflow) -> None:
    mlflow_server.register("smoke-scorer", versions=3, tags={"component": "smoke-scorer"})
    for version in ("3", "2", "2"):
        mlflow_server.point("smoke-scorer", "champion", version)
        assert mlflow_server.pointed("smoke-scorer", "champion") == version
    model = mlflow_server.call("GET", "registered-models/get", name="smoke-scorer").json()["registered_model"]
    assert model["aliases"] == [{"alias": "champion", "version": "2"}]
    assert model["tags"] == [{"key": "component", "value": "smoke-scorer"}]


def test_mlflow_answers_400_for_a_missing_alias_and_404_for_a_missing_version(mlflow_server: MLflow) -> None:
    mlflow_server.register("smoke-errors")
    missing = mlflow_server.call("GET", "registered-models/alias", name="smoke-errors", alias="nobody")
    assert (missing.status_code, missing.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    again = mlflow_server.call("POST", "registered-models/create", name="smoke-errors")
    assert (again.status_code, again.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    absent = mlflow_server.call("POST", "registered-models/alias", name="smoke-errors", alias="a", version="9")
    assert (absent.status_code, absent.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_mlflow_tags_a_version(mlflow_server: MLflow) -> None:
    mlflow_server.register("smoke-tags")
    key = {"name": "smoke-tags", "version": "1"}
    mlflow_server.call("POST", "model-versions/set-tag", **key, key="quarantined", value="INC-42").raise_for_status()
    version = mlflow_server.call("GET", "model-versions/get", **key).json()["model_version"]
    assert version["tags"] == [{"key": "quarantined", "value": "INC-42"}]


def test_mlserver_says_which_version_answered(mlserver: MLServer) -> None:
    assert mlserver.infer("fraud-scorer").json()["model_version"] == "3"
    mlserver.deploy("smoke-model", "3")
    mlserver.deploy("smoke-model", "2")
    assert mlserver.infer("smoke-model").json()["model_version"] == "2"
    mlserver.deploy("smoke-model", "2", "4")
    assert mlserver.infer("smoke-model").json()["model_version"] == "4"
    assert httpx.get(f"{mlserver.url}/v2/models/smoke-model/versions/2/ready").status_code == 200
    listed = httpx.post(f"{mlserver.url}/v2/repository/index", json={}).json()
    assert {(m["version"], m["state"]) for m in listed if m["name"] == "smoke-model"} == {
        ("2", "READY"),
        ("4", "READY"),
    }


def test_mlserver_unloads_once(mlserver: MLServer) -> None:
    mlserver.deploy("smoke-unload", "1")
    assert mlserver.unload("smoke-unload").status_code == 200
    assert mlserver.unload("smoke-unload").status_code == 404
    assert mlserver.infer("smoke-unload").status_code == 404
    assert mlserver.load("smoke-unload").status_code == 200
    assert mlserver.infer("smoke-unload").json()["model_version"] == "1"


def test_unleash_turns_a_flag_off_for_its_clients_at_once(unleash: Unleash) -> None:
    unleash.create("smoke-decline")
    feature = "projects/default/features/smoke-decline/environments/production"
    assert unleash.client("features/smoke-decline").json()["enabled"] is True
    assert unleash.admin("POST", f"{feature}/off").status_code == 200
    assert unleash.admin("GET", feature).json()["enabled"] is False
    assert unleash.client("features/smoke-decline").json()["enabled"] is False
    assert unleash.admin("POST", f"{feature}/on").status_code == 200
    assert unleash.client("features/smoke-decline").json()["enabled"] is True


def test_unleash_refuses_a_clients_token_and_an_unknown_flag(unleash: Unleash) -> None:
    path = f"{unleash.url}/api/admin/projects/default/features"
    assert httpx.get(path, headers={"Authorization": unleash.client_token}).status_code == 403
    assert httpx.get(path, headers={"Authorization": "nobody"}).status_code == 401
    assert unleash.admin("POST", "projects/default/features/absent/environments/production/off").status_code == 404


def test_airflow_pauses_a_pipeline_and_still_takes_a_run_by_hand(airflow: Airflow) -> None:
    pipeline = "dags/smoke-pipeline"
    assert airflow.call("GET", pipeline).json()["is_paused"] is False
    for _ in range(2):
        assert airflow.call("PATCH", pipeline, {"is_paused": True}).json()["is_paused"] is True
    run = airflow.call("POST", f"{pipeline}/dagRuns", {"logical_date": None})
    assert (run.status_code, run.json()["state"]) == (200, "queued")
    assert airflow.call("PATCH", pipeline, {"is_paused": False}).json()["is_paused"] is False
    assert airflow.call("GET", "dags/absent").status_code == 404
    assert httpx.get(f"{airflow.url}/api/v2/{pipeline}").status_code == 401


def test_moto_keeps_a_parameters_history(moto: Moto) -> None:
    def call(action: str, **body: object) -> httpx.Response:
        target = {"x-amz-target": f"AmazonSSM.{action}", "content-type": "application/x-amz-json-1.1"}
        scope = "Credential=test/20260101/us-east-1/ssm/aws4_request, SignedHeaders=host, Signature=0"
        headers = {**target, "authorization": f"AWS4-HMAC-SHA256 {scope}"}
        return httpx.post(f"{moto.url}/", json=body, headers=headers)

    for version in ("v3", "v4"):
        call("PutParameter", Name="/models/champion", Value=version, Type="String", Overwrite=True).raise_for_status()
    history = call("GetParameterHistory", Name="/models/champion").json()["Parameters"]
    assert [(entry["Version"], entry["Value"]) for entry in history] == [(1, "v3"), (2, "v4")]


def test_alertmanager_delivers_what_fires_and_what_is_resolved(
    start_alertmanager: Callable[[str, str], Alertmanager], inbox: Inbox
) -> None:
    server = start_alertmanager(f"{inbox.url}alerts/alertmanager", "a-token")
    labels = {"alertname": "FeatureDrift", "component": "fraud-scorer", "severity": "page"}
    server.post({"labels": labels, "annotations": {"summary": "PSI 0.31"}})
    (first, *_) = inbox.wait_for(1)
    assert (first.path, first.headers["authorization"]) == ("/alerts/alertmanager", "Bearer a-token")
    (alert,) = first.json["alerts"]
    assert (first.json["version"], alert["status"], alert["labels"]) == ("4", "firing", labels)
    server.post({"labels": labels, "endsAt": "2020-01-01T00:00:00Z"})
    resolved = inbox.wait_for(2)[1].json["alerts"][0]
    assert (resolved["status"], resolved["fingerprint"]) == ("resolved", alert["fingerprint"])


def test_prometheus_turns_a_metric_into_a_webhook(
    start_alertmanager: Callable[[str, str], Alertmanager],
    start_prometheus: StartPrometheus,
    inbox: Inbox,
    gauges: Gauges,
) -> None:
    gauges.lines = ['feature_psi{component="fraud-scorer",feature="amount"} 0.05']
    rule = {"alert": "FeatureDrift", "expr": "feature_psi > 0.2", "labels": {"severity": "page"}}
    server = start_alertmanager(inbox.url, "a-token")
    start_prometheus([rule], gauges.target, server.address)
    gauges.lines = ['feature_psi{component="fraud-scorer",feature="amount"} 0.31']
    fired = inbox.wait_for(1)[0].json
    assert (fired["status"], fired["commonLabels"]["component"]) == ("firing", "fraud-scorer")
    gauges.lines = ['feature_psi{component="fraud-scorer",feature="amount"} 0.05']
    assert inbox.wait_for(2)[1].json["status"] == "resolved"


def test_emulate_answers_slacks_own_client(emulate: Emulate) -> None:
    client = WebClient(emulate.bot_token, base_url=emulate.api)
    assert client.auth_test()["user_id"] == "U0MUSTER"
    channel = client.conversations_create(name="inc-1-smoke")["channel"]["id"]
    posted = client.chat_postMessage(channel=channel, text="FeatureDrift on fraud-scorer")
    client.chat_update(channel=channel, ts=posted["ts"], text="resolved")
    (message,) = [m for m in client.conversations_history(channel=channel)["messages"] if m["ts"] == posted["ts"]]
    assert message["text"] == "resolved"
    assert {"dana", "omar", "lin"} <= {user["name"] for user in client.users_list()["members"]}


@pytest.mark.parametrize("dark", [False, True])
def test_chromium_photographs_a_page_and_clicks_in_it(chromium: Chromium, tmp_path: Path, dark: bool) -> None:
    page_file = tmp_path / "page.html"
    page_file.write_text(
        "<!doctype html><style>:root{color-scheme:light dark}</style><h1>Who owns it?</h1>"
        "<button onclick=\"this.textContent='Claimed'\">I take it</button><input>"
    )
    picture = chromium.screenshot(page_file.as_uri(), tmp_path / "page.png", 800, 600, dark=dark)
    assert colours(picture) > 10
    with chromium.page(page_file.as_uri(), dark=dark) as page:
        assert page.run("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        page.click("button")
        page.wait_text("Claimed")
        page.click("input")
        page.type("fraud-scorer")
        assert page.run("document.querySelector('input').value") == "fraud-scorer"
        assert page.console == []
