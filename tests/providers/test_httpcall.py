"""What can go wrong on the way to a provider, as typed errors; over real sockets."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bot.providers.httpcall import HttpCaller, retry_after
from playbooks.plugin import ConfigError, Kind, OutcomeUnknown, ProviderError
from tests.providers.scripted import DROP, HANG, answer, scripted

SECRET = "s3cr3t-token"
NOW = datetime(2026, 11, 21, 2, 31, tzinfo=UTC)


class Labels:
    """Writes down what a probe is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def hit(self, label: str) -> None:
        """See `ports.Probe`."""
        self.seen.append(label)


def _caller(url: str, probe: Labels | None = None) -> HttpCaller:
    headers = {"Authorization": f"Bearer {SECRET}"}
    return HttpCaller("mlflow", url, headers=headers, secrets=(SECRET,), timeout=0.3, probe=probe)


def _read(http: HttpCaller) -> object:
    return http.read("/x", "alias")


def _write(http: HttpCaller) -> object:
    return http.write("POST", "/x", "alias", body={"version": "42"})


Call = Callable[[HttpCaller], object]


@pytest.mark.parametrize("call", [_read, _write])
def test_nobody_listens(call: Call) -> None:
    """Refused before anything was sent: a write certainly did not happen."""
    with scripted(answer(200)) as gone:
        url = gone.url
    with _caller(url) as http, pytest.raises(ProviderError) as failed:
        call(http)

    assert failed.value.kind is Kind.TRANSIENT
    assert not isinstance(failed.value, OutcomeUnknown)
    assert "mlflow cannot be reached at 127.0.0.1:" in failed.value.sentence
    assert "providers.mlflow.url" in failed.value.next_step


def test_a_name_that_does_not_resolve() -> None:
    with _caller("http://nowhere.invalid:5000") as http, pytest.raises(ProviderError) as failed:
        _write(http)

    assert failed.value.kind is Kind.TRANSIENT
    assert failed.value.code == "provider_unreachable"


@pytest.mark.parametrize("broken", [HANG, DROP, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", b"nonsense\r\n\r\n"])
def test_a_lost_answer_to_a_write_is_an_unknown_outcome(broken: bytes) -> None:
    with scripted(broken) as server, _caller(server.url) as http:
        with pytest.raises(OutcomeUnknown) as lost:
            _write(http)
        assert lost.value.kind is Kind.UNKNOWN_OUTCOME
        assert len(server.requests) == 1


@pytest.mark.parametrize("broken", [DROP, answer(502), b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"])
def test_a_read_is_tried_once_more(broken: bytes) -> None:
    with scripted(broken, answer(200, {"version": "42"})) as server, _caller(server.url) as http:
        assert http.read("/x", "alias").object() == {"version": "42"}
        assert len(server.requests) == 2


def test_a_read_that_fails_twice_is_transient() -> None:
    with scripted(DROP) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError) as failed:
            _read(http)
        assert failed.value.kind is Kind.TRANSIENT
        assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("call", "kind", "tries"), [(_read, Kind.TRANSIENT, 2), (_write, Kind.UNKNOWN_OUTCOME, 1)], ids=["read", "write"]
)
def test_a_server_that_fails(call: Call, kind: Kind, tries: int) -> None:
    with scripted(answer(500)) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError) as failed:
            call(http)
        assert failed.value.kind is kind
        assert len(server.requests) == tries


@pytest.mark.parametrize("call", [_read, _write])
def test_too_many_calls(call: Call) -> None:
    with scripted(answer(429, headers={"Retry-After": "17"})) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError) as failed:
            call(http)
        assert (failed.value.kind, failed.value.retry_after) == (Kind.RATE_LIMITED, 17.0)
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_credential_names_the_setting(status: int) -> None:
    with scripted(answer(status, {"message": f"bad {SECRET}"})) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError) as failed:
            _write(http)
        assert failed.value.kind is Kind.PERMANENT
        assert "`providers.mlflow.token`" in failed.value.next_step
        assert SECRET not in failed.value.told


def test_what_the_server_says_is_quoted_without_the_secret() -> None:
    said = {"message": f"alias 'v2' is reserved for {SECRET}\nand more"}
    with scripted(answer(400, said)) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError) as failed:
            _write(http)
        assert failed.value.kind is Kind.PERMANENT
        assert failed.value.sentence == "mlflow refused (alias, 400): alias 'v2' is reserved for … and more."


def test_expected_statuses_are_answers() -> None:
    with scripted(answer(404, {"error": "none"})) as server, _caller(server.url) as http:
        assert http.read("/x", "alias", expect=(404,)).status == 404


def test_a_redirect_is_not_followed() -> None:
    """A credential must not travel to where a redirect points."""
    with scripted(answer(302, headers={"Location": "http://127.0.0.1:9/"})) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError, match="redirect") as failed:
            _read(http)
        assert failed.value.kind is Kind.PERMANENT


def test_an_answer_that_is_not_json() -> None:
    with scripted(answer(200, b"<html>")) as server, _caller(server.url) as http:
        with pytest.raises(ProviderError, match="not JSON") as failed:
            http.read("/x", "alias").json()
        assert failed.value.kind is Kind.PERMANENT


def test_the_probe_stands_before_and_after_each_call() -> None:
    labels = Labels()
    with scripted(DROP, answer(200)) as server, _caller(server.url, labels) as http:
        _read(http)
        _write(http)

    assert labels.seen == [
        "before GET mlflow alias",
        "before GET mlflow alias",
        "after GET mlflow alias",
        "before POST mlflow alias",
        "after POST mlflow alias",
    ]


@pytest.mark.parametrize("url", ["", "mlflow:5000", "ftp://mlflow", "http://", "http://me:secret@mlflow:5000"])
def test_an_address_that_cannot_be_used(url: str) -> None:
    with pytest.raises(ConfigError) as failed:
        HttpCaller("mlflow", url)
    assert "secret" not in failed.value.told


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 5.0),
        ("30", 30.0),
        ("0", 1.0),
        ("99999", 600.0),
        ("Sat, 21 Nov 2026 02:31:20 GMT", 20.0),
        ("soon", 5.0),
    ],
)
def test_retry_after(header: str | None, seconds: float) -> None:
    assert retry_after(header, now=NOW) == seconds
