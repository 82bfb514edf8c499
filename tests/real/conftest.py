"""The real servers as fixtures; each starts when the first test asks for it and lives as long as the run."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from tests.real import browser, listener, servers
from tests.real import openfeature as openfeature_server
from tests.real.environments import NotInstalledError
from tests.real.postgres import Postgres


@contextmanager
def _or_skip() -> Iterator[None]:
    """A missing system package skips a person's test run, and fails one that promised to install it."""
    try:
        yield
    except NotInstalledError as missing:
        if os.environ.get("MUSTER_REAL_REQUIRED"):
            raise
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def mlflow_server() -> Iterator[servers.MLflow]:
    """MLflow; use model names of the test's own."""
    with servers.mlflow_server() as server:
        yield server


@pytest.fixture(scope="session")
def mlserver() -> Iterator[servers.MLServer]:
    """MLServer, serving `fraud-scorer` version 3; `deploy` more, under names of the test's own."""
    with ExitStack() as stack:
        with _or_skip():
            started = stack.enter_context(servers.mlserver({"fraud-scorer": ["3"]}))
        yield started


@pytest.fixture(scope="session")
def unleash(postgres_server: Postgres) -> Iterator[servers.Unleash]:
    """Unleash; use flag names of the test's own."""
    with postgres_server.database() as url, servers.unleash(url) as server:
        yield server


@pytest.fixture(scope="session")
def airflow() -> Iterator[servers.Airflow]:
    """Airflow with two pipelines: `retrain-fraud-scorer`, and `smoke-pipeline` for its own smoke test."""
    with servers.airflow("retrain-fraud-scorer", "smoke-pipeline") as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[servers.Moto]:
    """The stand-in for AWS."""
    with servers.moto() as server:
        yield server


@pytest.fixture(scope="session")
def emulate() -> Iterator[servers.Emulate]:
    """The Slack stand-in; it allows 5,000 calls an hour."""
    with servers.emulate() as server:
        yield server


@pytest.fixture(scope="session")
def chromium() -> Iterator[browser.Chromium]:
    """A headless browser."""
    with ExitStack() as stack:
        with _or_skip():
            started = stack.enter_context(browser.chromium())
        yield started


@pytest.fixture(scope="session")
def openfeature() -> Iterator[openfeature_server.OpenFeature]:
    """A service that evaluates flags of flagd files; use files of the test's own."""
    with openfeature_server.openfeature() as server:
        yield server


@pytest.fixture(scope="session")
def silencer() -> Iterator[servers.Alertmanager]:
    """An Alertmanager whose webhook nobody takes; use alert names of the test's own."""
    with ExitStack() as stack:
        with _or_skip():
            started = stack.enter_context(servers.alertmanager("http://127.0.0.1:9/", "nobody"))
        yield started


@pytest.fixture
def inbox() -> Iterator[listener.Inbox]:
    """A listener that collects webhooks."""
    with listener.inbox() as box:
        yield box


@pytest.fixture
def gauges() -> Iterator[listener.Gauges]:
    """A scrape target whose lines the test changes."""
    with listener.gauges() as shown:
        yield shown


@pytest.fixture
def start_alertmanager() -> Iterator[Callable[[str, str], servers.Alertmanager]]:
    """Start an Alertmanager that notifies (url, bearer token); 0.3 s, so one per test."""
    with ExitStack() as stack:

        def start(webhook_url: str, bearer: str) -> servers.Alertmanager:
            with _or_skip():
                return stack.enter_context(servers.alertmanager(webhook_url, bearer))

        yield start


StartPrometheus = Callable[[Sequence[Mapping[str, object]], str, str], servers.Prometheus]


@pytest.fixture
def start_prometheus() -> Iterator[StartPrometheus]:
    """Start a Prometheus with (rules, scrape target, Alertmanager's address)."""
    with ExitStack() as stack:

        def start(rules: Sequence[Mapping[str, object]], target: str, alerts_to: str) -> servers.Prometheus:
            with _or_skip():
                return stack.enter_context(servers.prometheus(rules, target, alerts_to))

        yield start
