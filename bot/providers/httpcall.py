"""The one HTTP client of all providers: timeouts, typed errors, one retry of reads and none of writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from ssl import SSLCertVerificationError, SSLContext, SSLError
from typing import Any, Self

import httpx

from bot.trust import trusted
from playbooks.plugin import ConfigError, Kind, OutcomeUnknown, Probe, ProviderError

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
# A server that drips bytes keeps every single read in time; the whole answer has an end too.
WHOLE_ANSWER_READS = 3
MAX_BODY = 16 * 1024 * 1024
MAX_QUOTE = 160
LOOPBACK = ("localhost", "127.0.0.1", "::1")
# Raised before the request line left: nothing can have happened.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def odd(provider: str, what: str) -> ProviderError:
    """That an answer is none of this API's."""
    step = f"Check that `providers.{provider}.url` is the address of its API."
    return ProviderError(f"{provider} answered with {what}.", step, kind=Kind.PERMANENT)


class JsonObject(dict[str, Any]):
    """A JSON object of an answer; asking for a name that it must have and has not is an error of the provider."""

    def __init__(self, provider: str, found: Mapping[str, Any]) -> None:
        super().__init__(found)
        self._provider = provider

    def __missing__(self, key: str) -> Any:
        """Raises ProviderError (permanent)."""
        raise odd(self._provider, f"JSON that has no `{key}`")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer: status, body as bytes, headers."""

    provider: str
    status: int
    body: bytes
    headers: httpx.Headers

    def json(self) -> Any:
        """The body as JSON. Raises ProviderError (permanent) when it is none: then the address is not this API."""
        try:
            return json.loads(self.body, object_hook=lambda found: JsonObject(self.provider, found))
        except (ValueError, RecursionError):
            raise odd(self.provider, "something that is not JSON") from None

    def object(self) -> dict[str, Any]:
        """The body as a JSON object; raises like `json`."""
        data = self.json()
        if not isinstance(data, dict):
            raise odd(self.provider, "JSON of another shape than expected")
        return data

    def objects(self) -> list[dict[str, Any]]:
        """The body as a list of JSON objects; raises like `json`."""
        data = self.json()
        if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
            raise odd(self.provider, "JSON of another shape than expected")
        return data

    def quote(self) -> str:
        """The beginning of what the server said, in one line, for an error sentence."""
        text = self.body.decode("utf-8", "replace")
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        if isinstance(data, dict):
            said = [data[key] for key in ("message", "detail", "error") if isinstance(data.get(key), str)]
            text = said[0] if said else text
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= MAX_QUOTE else f"{line[: MAX_QUOTE - 1]}…"


class HttpCaller:
    """Calls one configured provider; safe to use from several threads.

    Args:
        provider: the configured name; stands in every sentence and probe label.
        url: base address, http or https.
        headers: sent with every call. secrets: texts that must never be quoted back; read at every quote.
        credential: the setting a person must look at after a 401 or 403 (`providers.mlflow.token`).
        auth: user and password for basic authentication, or what puts a credential on each request.
        timeout: seconds to wait for the next bytes of an answer. tls: whom to trust, where that is somebody of its own.
        limits_by_403: whether a 403 with a waiting time means too many calls, as GitHub says it.
        written: what a person wrote of the place, to compare after a refusal.
    """

    def __init__(
        self,
        provider: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | httpx.Auth | None = None,
        secrets: Collection[str] = (),
        credential: str = "",
        timeout: float = READ_SECONDS,
        tls: SSLContext | None = None,
        limits_by_403: bool = False,
        written: str = "the lever's binding",
        probe: Probe | None = None,
    ) -> None:
        self.provider = provider
        self.url = _checked(provider, url)
        self._credential = credential or f"providers.{provider}.token"
        self._secrets = secrets
        self._password = auth[1] if isinstance(auth, tuple) else ""
        self._timeout = timeout
        self._limits_by_403 = limits_by_403
        self._written = written
        self._probe = probe
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Accept": "application/json", "User-Agent": "muster", **(headers or {})},
            auth=auth,
            verify=tls or trusted(),
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            # A server on this machine is never behind the proxy that the environment names.
            trust_env=httpx.URL(self.url).host not in LOOPBACK,
            # An idle connection the server has just closed would turn a write into "unknown" for nothing.
            limits=httpx.Limits(max_connections=20, keepalive_expiry=1.0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def read(
        self,
        path: str,
        what: str,
        *,
        method: str = "GET",
        params: Mapping[str, str] | None = None,
        body: Any = None,
        expect: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask without changing anything (a POST that only asks is one too); tried twice.

        `expect`: statuses beyond 2xx that the caller understands. `headers`: of this call only. Raises ProviderError.
        """

        def ask() -> Answer:
            return self._once(method, path, what, params=params, body=body, expect=expect, write=False, headers=headers)

        try:
            return ask()
        except ProviderError as failed:
            if failed.kind is not Kind.TRANSIENT:
                raise
        return ask()

    def write(
        self,
        method: str,
        path: str,
        what: str,
        *,
        body: Any = None,
        expect: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Change something; sent once. `expect` and `headers` as in `read`.

        Raises OutcomeUnknown when it may have taken effect, else ProviderError.
        """
        return self._once(method, path, what, params=None, body=body, expect=expect, write=True, headers=headers)

    def _once(
        self,
        method: str,
        path: str,
        what: str,
        *,
        params: Mapping[str, str] | None,
        body: Any,
        expect: Collection[int],
        write: bool,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        label = f"{method} {self.provider} {what}"
        self._hit(f"before {label}")
        more = dict(headers or {})
        answer = self._sent(
            lambda: self._client.stream(method, path, params=params, json=body, headers=more), what, write=write
        )
        self._hit(f"after {label}")
        if answer.status in expect or HTTPStatus(200) <= answer.status < HTTPStatus(300):
            return answer
        raise self.refusal(answer, what, write=write)

    def _sent(self, send: Callable[[], Any], what: str, *, write: bool) -> Answer:
        try:
            with send() as response:
                return Answer(self.provider, response.status_code, self._body(response, what, write), response.headers)
        except NOT_SENT as broken:
            if (untrusted := _tls_trouble(broken)) is not None:
                raise self._untrusted(untrusted) from None
            why = "did not answer in time" if isinstance(broken, httpx.TimeoutException) else "cannot be reached"
            raise ProviderError(
                f"{self.provider} {why} at {self._place()}; nothing was changed.",
                f"Check that it runs and that `providers.{self.provider}.url` is right.",
                code="provider_unreachable",
            ) from None
        except httpx.TransportError as broken:
            raise self._broken(broken, what, write=write) from None
        except (httpx.DecodingError, httpx.TooManyRedirects, httpx.InvalidURL):
            raise self._lost(f"{self.provider} sent an answer that cannot be read ({what}).", write=write) from None

    def _untrusted(self, broken: SSLError) -> ProviderError:
        """Nothing was sent, since who answers there could not be made sure of."""
        if isinstance(broken, SSLCertVerificationError):
            why = f"shows a certificate that is not trusted ({broken.verify_message or 'not verified'})"
            step = "Renew it, or give this machine the authority that signed it (SSL_CERT_FILE)."
        else:
            why = "does not speak TLS as this machine does"
            step = f"Check whether `providers.{self.provider}.url` has to begin with http:// or https://."
        sentence = f"{self.provider} {why} at {self._place()}; nothing was changed."
        return ProviderError(sentence, step, code="provider_untrusted", kind=Kind.PERMANENT)

    def _broken(self, broken: httpx.TransportError, what: str, *, write: bool) -> ProviderError:
        if isinstance(broken, httpx.UnsupportedProtocol):
            return ProviderError(f"`providers.{self.provider}.url` is no http address.", kind=Kind.PERMANENT)
        if isinstance(broken, httpx.TimeoutException):
            return self._lost(f"{self.provider} did not answer within {self._timeout:g} s ({what}).", write=write)
        return self._lost(f"{self.provider} broke the connection off ({what}).", write=write)

    def _body(self, response: httpx.Response, what: str, write: bool) -> bytes:
        parts: list[bytes] = []
        size = 0
        until = time.monotonic() + self._timeout * WHOLE_ANSWER_READS
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > MAX_BODY:
                raise self._lost(f"{self.provider} sent more than {MAX_BODY >> 20} MiB ({what}).", write=write)
            if time.monotonic() > until:
                raise self._lost(f"{self.provider} did not finish its answer in time ({what}).", write=write)
        return b"".join(parts)

    def _lost(self, sentence: str, *, write: bool) -> ProviderError:
        """No usable answer: for a write that means it may have happened."""
        if write:
            return OutcomeUnknown(
                sentence, "It may have taken effect, so its state is read back before anything is repeated."
            )
        return ProviderError(sentence, "It is tried again.")

    def refusal(self, answer: Answer, what: str, *, write: bool) -> ProviderError:
        """The error for an answer outside 2xx, by its status; also of one that was expected."""
        status = answer.status
        name = self.provider
        if status == HTTPStatus.TOO_MANY_REQUESTS or (status == HTTPStatus.FORBIDDEN and self._limits(answer.headers)):
            wait = wait_of(answer.headers, now=datetime.now(UTC))
            return ProviderError(
                f"{name} takes no more calls for {wait:g} s.",
                "It is tried again then.",
                code="rate_limited",
                kind=Kind.RATE_LIMITED,
                retry_after=wait,
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            why = (
                "does not know our credential"
                if status == HTTPStatus.UNAUTHORIZED
                else "does not let our credential do this"
            )
            return ProviderError(
                f"{name} {why} ({what}, {status}).",
                f"Check `{self._credential}` and what it may do in {name}.",
                code="provider_denied",
                kind=Kind.PERMANENT,
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return self._lost(f"{name} failed with {status} ({what}).", write=write)
        if status < HTTPStatus.BAD_REQUEST:
            step = f"Put its final address into `providers.{name}.url`."
            return ProviderError(f"{name} answers with a redirect ({what}, {status}).", step, kind=Kind.PERMANENT)
        said = self._clean(answer.quote())
        return ProviderError(
            f"{name} refused ({what}, {status})" + (f": {_ended(said)}" if said else "."),
            f"Compare {self._written} with what the provider has.",
            code="provider_refused",
            kind=Kind.PERMANENT,
        )

    def _limits(self, headers: Mapping[str, str]) -> bool:
        """Whether a 403 is about too many calls."""
        return self._limits_by_403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")

    def _clean(self, text: str) -> str:
        for secret in (*self._secrets, self._password):
            text = text.replace(secret, "…") if secret else text
        return text

    def _place(self) -> str:
        url = httpx.URL(self.url)
        return f"{url.host}:{url.port}" if url.port else url.host

    def _hit(self, label: str) -> None:
        if self._probe is not None:
            self._probe.hit(label)


def _ended(said: str) -> str:
    return said if said.endswith((".", "!", "?", "…")) else f"{said}."


def _tls_trouble(broken: BaseException) -> SSLError | None:
    """What TLS had against a connection, behind what the client library makes of it."""
    seen: BaseException | None = broken
    while seen is not None:
        if isinstance(seen, SSLError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _checked(provider: str, url: str) -> str:
    """A usable base address; one with a user and password inside is refused, since addresses are shown to people."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigError(
            f"The address of {provider} is no http(s) address.", "Write it like http://mlflow.internal:5000."
        )
    if parsed.userinfo:
        raise ConfigError(
            f"The address of {provider} contains a user or password.", "Move them to the settings made for them."
        )
    return str(parsed).rstrip("/")


def wait_of(headers: Mapping[str, str], *, now: datetime) -> float:
    """Seconds to wait: `Retry-After`, else `X-RateLimit-Reset` as epoch seconds or milliseconds; 1 to 600."""
    reset = headers.get("x-ratelimit-reset", "").strip()
    if "retry-after" in headers or not reset.isdigit():
        return retry_after(headers.get("retry-after"), now=now)
    at = float(reset) / (1000 if len(reset) > 11 else 1)
    return min(max(at - now.timestamp(), 1.0), 600.0)


def retry_after(value: str | None, *, now: datetime) -> float:
    """Seconds of a `Retry-After` header: a number or an HTTP date (RFC 9110, 10.2.3); 1 to 600, default 5."""
    if value is None:
        return 5.0
    if value.strip().isdigit():
        seconds = float(value)
    else:
        try:
            seconds = (parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError):
            return 5.0
    return min(max(seconds, 1.0), 600.0)
