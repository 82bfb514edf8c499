"""The real servers Muster talks to, each as a context manager: started on a free port, ready, and gone afterwards."""

import json
import os
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.real.environments import node_environment, node_program, python_environment, system_program
from tests.real.processes import Server, free_port, run_to_end, running


def _answers(url: str) -> bool:
    """Whether a GET succeeds; connection errors mean not yet."""
    try:
        return httpx.get(url, timeout=5.0).is_success
    except httpx.TransportError:
        return False


def _listens(port: int) -> bool:
    """Whether a connection is taken."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _folder(name: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=f"muster-{name}-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


# MLflow: the model registry


@dataclass(frozen=True)
class MLflow:
    """A running MLflow tracking server with its registry."""

    url: str
    server: Server

    def call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One call below /api/2.0/mlflow; keyword arguments are the body, or the query of a GET."""
        content: dict[str, Any] = {"params" if method == "GET" else "json": arguments}
        return httpx.request(method, f"{self.url}/api/2.0/mlflow/{path}", timeout=30.0, **content)

    def register(self, model: str, versions: int = 1, tags: Mapping[str, str] | None = None) -> None:
        """Create a registered model with versions 1…n."""
        described = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        self.call("POST", "registered-models/create", name=model, tags=described).raise_for_status()
        for number in range(1, versions + 1):
            # A local path would need a run; MLflow does not look at the address.
            source = f"s3://models/{model}/{number}"
            self.call("POST", "model-versions/create", name=model, source=source).raise_for_status()

    def point(self, model: str, alias: str, version: str) -> None:
        """Set an alias."""
        self.call("POST", "registered-models/alias", name=model, alias=alias, version=version).raise_for_status()

    def pointed(self, model: str, alias: str) -> str:
        """The version an alias points at."""
        answer = self.call("GET", "registered-models/alias", name=model, alias=alias).raise_for_status()
        return str(answer.json()["model_version"]["version"])


@contextmanager
def mlflow_server() -> Iterator[MLflow]:
    """MLflow on SQLite, one worker; its job workers stay off, they cost 1.4 GiB and 12 s."""
    program = python_environment("mlflow") / "bin" / "mlflow"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with _folder("mlflow") as folder:
        command: list[str | Path] = [program, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
        command += ["--default-artifact-root", folder / "artifacts"]
        env = {
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            # MLflow starts its web server by name.
            "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            # Its webhooks may reach a listener of this test run.
            "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http,https",
            "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
        }
        with running("mlflow", command, lambda: _answers(f"{url}/health"), folder, env=env, within=120) as server:
            yield MLflow(url, server)


# MLServer: what really serves a model

_RUNTIME = '''\
"""A model that answers 1.0, and whatever version its settings give it."""

from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Constant(MLModel):
    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        output = ResponseOutput(name="score", shape=[1], datatype="FP32", data=[1.0])
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])
'''


def _place(home: Path, versions: Sequence[str]) -> None:
    """Make a model's folder hold exactly these versions."""
    home.mkdir(exist_ok=True)
    for old in home.glob("*/model-settings.json"):
        old.unlink()
    for version in versions:
        settings = {"name": home.name, "implementation": "constant.Constant", "parameters": {"version": version}}
        (home / version).mkdir(exist_ok=True)
        (home / version / "model-settings.json").write_text(json.dumps(settings))


@dataclass(frozen=True)
class MLServer:
    """A running MLServer; the newest deployed version of a model answers."""

    url: str
    server: Server
    models: Path

    def deploy(self, model: str, *versions: str) -> None:
        """Make these versions, and no others, the ones that are loaded: what a rollout does."""
        _place(self.models / model, versions)
        self.load(model).raise_for_status()

    def load(self, model: str) -> httpx.Response:
        """Load what the repository folder holds of a model."""
        return httpx.post(f"{self.url}/v2/repository/models/{model}/load", timeout=30.0)

    def unload(self, model: str) -> httpx.Response:
        """Unload a model; its files stay."""
        return httpx.post(f"{self.url}/v2/repository/models/{model}/unload", timeout=30.0)

    def infer(self, model: str) -> httpx.Response:
        """Ask for one inference; `model_version` in the answer says who served it."""
        inputs = [{"name": "x", "shape": [1], "datatype": "FP32", "data": [0.5]}]
        return httpx.post(f"{self.url}/v2/models/{model}/infer", json={"inputs": inputs}, timeout=30.0)


@contextmanager
def mlserver(models: Mapping[str, Sequence[str]]) -> Iterator[MLServer]:
    """MLServer with these versions of each model loaded."""
    program = python_environment("mlserver") / "bin" / "mlserver"
    http_port, grpc_port, metrics_port = free_port(), free_port(), free_port()
    url = f"http://127.0.0.1:{http_port}"
    with _folder("mlserver") as folder:
        (folder / "constant.py").write_text(_RUNTIME)
        settings = {"host": "127.0.0.1", "http_port": http_port, "grpc_port": grpc_port, "metrics_port": metrics_port}
        (folder / "settings.json").write_text(json.dumps({**settings, "parallel_workers": 0}))
        ready = f"{url}/v2/health/ready"
        (folder / "models").mkdir()
        command: list[str | Path] = [program, "start", "."]
        for model, versions in models.items():
            _place(folder / "models" / model, versions)
        with running("mlserver", command, lambda: _answers(ready), folder, within=60) as server:
            yield MLServer(url, server, folder / "models")


# Unleash: feature flags


@dataclass(frozen=True)
class Unleash:
    """A running Unleash with one token per side."""

    url: str
    admin_token: str
    client_token: str
    server: Server

    def admin(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One call below /api/admin."""
        headers = {"Authorization": self.admin_token}
        return httpx.request(method, f"{self.url}/api/admin/{path}", json=body, headers=headers, timeout=30.0)

    def client(self, path: str) -> httpx.Response:
        """What a service that uses a flag would read, below /api/client."""
        return httpx.get(f"{self.url}/api/client/{path}", headers={"Authorization": self.client_token}, timeout=30.0)

    def create(self, flag: str, environment: str = "production", *, on: bool = True) -> None:
        """Create a kill switch, and set it."""
        features = "projects/default/features"
        self.admin("POST", features, {"name": flag, "type": "kill-switch"}).raise_for_status()
        state = "on" if on else "off"
        self.admin("POST", f"{features}/{flag}/environments/{environment}/{state}").raise_for_status()


@contextmanager
def unleash(database_url: str) -> Iterator[Unleash]:
    """Unleash on an empty PostgreSQL database."""
    program = node_environment("unleash") / "node_modules" / "unleash-server" / "dist" / "server.js"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    admin, client = "*:*.muster-test-admin", "default:production.muster-test-client"
    env = {
        "DATABASE_URL": database_url.replace("postgresql+psycopg:", "postgres:"),
        "DATABASE_SSL": "false",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": str(port),
        "INIT_ADMIN_API_TOKENS": admin,
        "INIT_BACKEND_API_TOKENS": client,
        "CHECK_VERSION": "false",
        "SEND_TELEMETRY": "false",
        # Its webhooks may reach a listener of this test run.
        "UNLEASH_ALLOW_PRIVATE_URL_IN_INTEGRATION": "true",
    }
    with _folder("unleash") as folder:
        command = [node_program(), program]
        with running("unleash", command, lambda: _answers(f"{url}/health"), folder, env=env, within=90) as server:
            yield Unleash(url, admin, client, server)


# Airflow: pipelines that can be paused


@dataclass(frozen=True)
class Airflow:
    """A running Airflow API server; nothing schedules, so a run stays queued."""

    url: str
    user: str
    password: str
    server: Server

    def token(self) -> str:
        """A bearer token, good for a day."""
        login = {"username": self.user, "password": self.password}
        answer = httpx.post(f"{self.url}/auth/token", json=login, timeout=30.0).raise_for_status()
        return str(answer.json()["access_token"])

    def call(self, method: str, path: str, body: object = None) -> httpx.Response:
        """One call below /api/v2."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        return httpx.request(method, f"{self.url}/api/v2/{path}", json=body, headers=headers, timeout=30.0)


_DAG = """\
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG({name!r}, schedule=None, is_paused_upon_creation=False):
    EmptyOperator(task_id="train")
"""


@contextmanager
def airflow(*dags: str) -> Iterator[Airflow]:
    """Airflow on SQLite with one-task pipelines of these names, not paused."""
    program = python_environment("airflow") / "bin" / "airflow"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    user, password = "muster", "airflow-test-password"
    with _folder("airflow") as folder:
        (folder / "dags").mkdir()
        for name in dags:
            (folder / "dags" / f"{name}.py").write_text(_DAG.format(name=name))
        (folder / "passwords.json").write_text(json.dumps({user: password}))
        env = {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{user}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
            "AIRFLOW__API_AUTH__JWT_SECRET": "a-secret-of-sixty-four-characters-that-only-this-test-run-knows-",
            "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }
        for preparation in (["db", "migrate"], ["dag-processor", "-n", "1"]):
            run_to_end("airflow", [program, *preparation], folder, env=env)
        command: list[str | Path] = [program, "api-server", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--workers", "1"]
        health = f"{url}/api/v2/monitor/health"
        with running("airflow", command, lambda: _answers(health), folder, env=env, within=90) as server:
            yield Airflow(url, user, password, server)


# moto: AWS's APIs, by somebody else than us


@dataclass(frozen=True)
class Moto:
    """A running stand-in for AWS."""

    url: str
    server: Server


@contextmanager
def moto() -> Iterator[Moto]:
    """moto's server; any key and region will do."""
    program = python_environment("moto") / "bin" / "moto_server"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with _folder("moto") as folder:
        command: list[str | Path] = [program, "-H", "127.0.0.1", "-p", str(port)]
        with running("moto", command, lambda: _answers(f"{url}/moto-api/"), folder) as server:
            yield Moto(url, server)


# Alertmanager and Prometheus: where alerts come from


@dataclass(frozen=True)
class Alertmanager:
    """A running Alertmanager with one webhook receiver."""

    url: str
    server: Server

    @property
    def address(self) -> str:
        """Host and port, as Prometheus wants it."""
        return self.url.removeprefix("http://")

    def post(self, *alerts: Mapping[str, object]) -> None:
        """Post alerts to its API, as Prometheus does."""
        httpx.post(f"{self.url}/api/v2/alerts", json=list(alerts), timeout=10.0).raise_for_status()


@contextmanager
def alertmanager(webhook_url: str, bearer: str) -> Iterator[Alertmanager]:
    """Alertmanager that notifies `webhook_url` within a second or two, also of what is resolved."""
    program = system_program("prometheus-alertmanager", "alertmanager")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    authorization = {"type": "Bearer", "credentials": bearer}
    webhook = {"url": webhook_url, "send_resolved": True, "http_config": {"authorization": authorization}}
    route = {"receiver": "muster", "group_by": ["alertname", "component"]}
    pace = {"group_wait": "1s", "group_interval": "2s", "repeat_interval": "20s"}
    config = {"route": {**route, **pace}, "receivers": [{"name": "muster", "webhook_configs": [webhook]}]}
    with _folder("alertmanager") as folder:
        (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
        command: list[str | Path] = [program, "--config.file=alertmanager.yml", f"--storage.path={folder / 'data'}"]
        # Without a cluster address it does not wait for peers, and opens no second port.
        command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
        with running("alertmanager", command, lambda: _answers(f"{url}/-/ready"), folder) as server:
            yield Alertmanager(url, server)


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    url: str
    server: Server


@contextmanager
def prometheus(rules: Sequence[Mapping[str, object]], target: str, alerts_to: str = "") -> Iterator[Prometheus]:
    """Prometheus that scrapes `target` (host:port) every second and sends alerts of `rules` to an Alertmanager."""
    program = system_program("prometheus")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "model", "static_configs": [{"targets": [target]}]}],
    }
    if alerts_to:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alerts_to]}]}]}
    with _folder("prometheus") as folder:
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        groups = [{"name": "models", "rules": [dict(rule) for rule in rules]}]
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
        command: list[str | Path] = [program, "--config.file=prometheus.yml", f"--storage.tsdb.path={folder / 'data'}"]
        command += [f"--web.listen-address=127.0.0.1:{port}"]
        with running("prometheus", command, lambda: _answers(f"{url}/-/ready"), folder) as server:
            yield Prometheus(url, server)


# emulate: Slack's Web API, by somebody else than us


@dataclass(frozen=True)
class Emulate:
    """A running Slack stand-in; `api` is what SLACK_API_URL takes."""

    url: str
    bot_token: str
    signing_secret: str
    server: Server

    @property
    def api(self) -> str:
        """The base of the Web API, with its slash at the end."""
        return f"{self.url}/api/"


EMULATE_SECRET = "emulate-signing-secret"
EMULATE_BOT_TOKEN = "xoxb-emulate-muster"
BOT_SCOPES = (
    "app_mentions:read bookmarks:read bookmarks:write channels:history channels:join channels:manage channels:read "
    "chat:write chat:write.public commands files:read files:write groups:history groups:read groups:write im:history "
    "im:read im:write pins:read pins:write reactions:read reactions:write team:read users:read users:read.email"
).split()


def emulate_seed() -> dict[str, Any]:
    """A workspace with three people, two channels and our bot installed."""
    people = [("dana", "Dana Whitfield", True), ("omar", "Omar Haddad", False), ("lin", "Lin Zhao", False)]
    users = [
        {"name": name, "real_name": real, "email": f"{name}@example.com", "is_admin": admin}
        for name, real, admin in people
    ]
    app = {"client_id": "1.2", "client_secret": "emulate", "app_id": "A0MUSTER", "name": "Muster", "scopes": BOT_SCOPES}
    bot = {"bot_name": "muster", "bot_user_id": "U0MUSTER", "bot_id": "B0MUSTER", "redirect_uris": []}
    token = {"token": EMULATE_BOT_TOKEN, "type": "bot", "user_id": "U0MUSTER", "scopes": BOT_SCOPES}
    ours = {"bot_id": "B0MUSTER", "bot_user_id": "U0MUSTER", "app_id": "A0MUSTER"}
    return {
        "slack": {
            "signing_secret": EMULATE_SECRET,
            "strict_scopes": True,
            "team": {"name": "Example", "domain": "example"},
            "users": users,
            "channels": [{"name": "general"}, {"name": "fraud-ml"}],
            "oauth_apps": [{**app, **bot}],
            "tokens": [{**token, **ours}],
        }
    }


@contextmanager
def emulate(seed: Mapping[str, Any] | None = None) -> Iterator[Emulate]:
    """The Slack stand-in `emulate`, with a workspace of ours unless another is given."""
    program = node_environment("emulate") / "node_modules" / "emulate" / "dist" / "index.js"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    seed = seed or emulate_seed()
    with _folder("emulate") as folder:
        (folder / "seed.yaml").write_text(yaml.safe_dump(dict(seed)))
        command: list[str | Path] = [node_program(), program, "start", "-s", "slack", "-p", str(port)]
        command += ["--seed", "seed.yaml"]
        with running("emulate", command, lambda: _answers(url), folder) as server:
            yield Emulate(url, EMULATE_BOT_TOKEN, str(seed["slack"]["signing_secret"]), server)


@contextmanager
def emulate_github(token: str) -> Iterator[str]:
    """GitHub as `emulate` understands it, with one account whose token this is; gives its address."""
    program = node_environment("emulate") / "node_modules" / "emulate" / "dist" / "index.js"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    seed = {
        "tokens": {token: {"login": "muster", "scopes": ["repo", "user"]}},
        "github": {"users": [{"login": "muster", "name": "Muster", "email": "muster@example.com"}]},
    }
    with _folder("emulate-github") as folder:
        (folder / "seed.yaml").write_text(yaml.safe_dump(seed))
        command: list[str | Path] = [node_program(), program, "start", "-s", "github", "-p", str(port)]
        command += ["--seed", "seed.yaml"]
        with running("emulate", command, lambda: _answers(f"{url}/users/muster"), folder):
            yield url


@contextmanager
def git_daemon(folder: Path) -> Iterator[str]:
    """git's own server over the repositories in a folder, which takes pushes; gives its address."""
    port = free_port()
    command: list[str | Path] = ["git", "daemon", "--reuseaddr", "--export-all", "--enable=receive-pack"]
    command += ["--listen=127.0.0.1", f"--port={port}", f"--base-path={folder}", folder]
    with running("git-daemon", command, lambda: _listens(port), folder):
        yield f"git://127.0.0.1:{port}"
