"""Signed calls to one AWS service: credentials and signatures are botocore's, the calls and their errors our own."""

from __future__ import annotations

import threading
from collections.abc import Collection, Generator, Mapping
from http import HTTPStatus
from typing import Any

import httpx

from bot.providers.httpcall import Answer, HttpCaller
from playbooks.plugin import ConfigError, Kind, Probe, ProviderError

INSTALL = "Install it: pip install 'muster-incident-bot[aws]'."
CLIENT_ERRORS = range(400, 500)
# AWS answers most of these with 400, so the status alone says too little.
THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "ThrottledException", "TooManyRequestsException", "RequestLimitExceeded"}
)
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# Another change is under way: nothing happened, and later it can.
BUSY = frozenset({"ConcurrentModificationException", "ConflictException", "ResourceConflictException"})
WAIT_SECONDS = 5.0
# Where a service's address begins otherwise than its name in signatures.
HOSTS = {"sagemaker": "api.sagemaker"}


class Account:
    """Whom AWS knows us as, and where: keys from the settings, else whatever this machine is given (role, profile).

    Args:
        name: of the provider. region: `eu-west-1`. keys: access key id, secret, session token; empty for the machine's.
        profile: of the shared configuration files; may be empty.
    """

    def __init__(self, name: str, region: str, keys: tuple[str, str, str], profile: str) -> None:
        try:
            from botocore.session import Session
        except ImportError:
            raise ConfigError("The aws lever needs botocore, which is not installed.", INSTALL) from None
        self.name = name
        self.region = region
        self._lock = threading.Lock()
        self._session = Session(profile=profile or None)
        if keys[0]:
            self._session.set_credentials(keys[0], keys[1], keys[2] or None)

    def address(self, service: str) -> str:
        """Base URL of a service in the region."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://{HOSTS.get(service, service)}.{self.region}.{domain}"

    def sign(self, service: str, request: httpx.Request) -> None:
        """Put a signature (version 4) on a request. Raises ProviderError where there are no credentials."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest

        covered = {name: request.headers[name] for name in ("content-type", "x-amz-target") if name in request.headers}
        signed = AWSRequest(request.method, str(request.url), data=request.content, headers=covered)
        SigV4Auth(self._credentials(), service, self.region).add_auth(signed)
        for header in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
            if header in signed.headers:
                request.headers[header] = signed.headers[header]

    def _credentials(self) -> Any:
        """Credentials that are good now; those of a role are fetched, and fetched again before they end."""
        from botocore.exceptions import BotoCoreError, ProfileNotFound

        try:
            with self._lock:
                found = self._session.get_credentials()
            if found is not None:
                return found.get_frozen_credentials()
        except ProfileNotFound:
            raise ConfigError(
                f"`providers.{self.name}.profile` names a profile that this machine does not have.",
                "Compare it with the shared configuration of the user that Muster runs as.",
            ) from None
        except BotoCoreError:
            # What it says may name addresses and keys; a person looks at the machine's role in any case.
            raise ProviderError(
                f"{self.name} got no credentials from this machine's role or profile; nothing was changed.",
                "It is tried again.",
                code="provider_unreachable",
            ) from None
        raise ProviderError(
            f"{self.name} has no credentials for AWS.",
            f"Write `providers.{self.name}.access_key_id_env` and `secret_access_key_env`, or give the machine a role.",
            code="provider_denied",
            kind=Kind.PERMANENT,
        )


class _Signing(httpx.Auth):
    """Signs each request as the last thing before it goes out."""

    requires_request_body = True

    def __init__(self, account: Account, service: str) -> None:
        self._account = account
        self._service = service

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        self._account.sign(self._service, request)
        yield request


class AwsCaller:
    """Calls one service of an account.

    Args:
        service: as the signature names it (`sagemaker`). url: of a stand-in, empty for AWS itself.
        protocol: prefix of `X-Amz-Target` for a service of the JSON protocol, empty for a REST one.
        secrets: what must never be quoted back.
    """

    def __init__(
        self,
        account: Account,
        service: str,
        *,
        url: str = "",
        protocol: str = "",
        secrets: Collection[str] = (),
        timeout: float,
        probe: Probe | None = None,
    ) -> None:
        self.name = account.name
        self._protocol = protocol
        self._http = HttpCaller(
            account.name,
            url or account.address(service),
            auth=_Signing(account, service),
            secrets=secrets,
            credential=f"providers.{account.name}.secret_access_key",
            timeout=timeout,
            probe=probe,
        )

    def close(self) -> None:
        """Close idle connections."""
        self._http.close()

    def ask(self, operation: str, body: Mapping[str, Any], *, missing: Collection[str] = ()) -> dict[str, Any] | None:
        """A read of the JSON protocol; None where it fails with one of the codes in `missing`."""
        answer = self._http.read(
            "/", operation, method="POST", body=body, headers=self._headers(operation), expect=CLIENT_ERRORS
        )
        return self._taken(answer, operation, missing, write=False)

    def tell(self, operation: str, body: Mapping[str, Any]) -> None:
        """A write of the JSON protocol."""
        answer = self._http.write(
            "POST", "/", operation, body=body, headers=self._headers(operation), expect=CLIENT_ERRORS
        )
        self._taken(answer, operation, (), write=True)

    def get(
        self, path: str, what: str, *, params: Mapping[str, str] | None = None, missing: Collection[str] = ()
    ) -> dict[str, Any] | None:
        """A read of a REST service; None where it fails with one of the codes in `missing`."""
        answer = self._http.read(path, what, params=params, expect=CLIENT_ERRORS)
        return self._taken(answer, what, missing, write=False)

    def put(self, path: str, what: str, body: Mapping[str, Any], *, missing: Collection[str] = ()) -> bool:
        """A write of a REST service; False where it fails with one of the codes in `missing`."""
        answer = self._http.write("PUT", path, what, body=body, expect=CLIENT_ERRORS)
        return self._taken(answer, what, missing, write=True) is not None

    def _headers(self, operation: str) -> dict[str, str]:
        return {"X-Amz-Target": f"{self._protocol}.{operation}", "Content-Type": "application/x-amz-json-1.1"}

    def _taken(self, answer: Answer, what: str, missing: Collection[str], *, write: bool) -> dict[str, Any] | None:
        if answer.status < HTTPStatus.BAD_REQUEST:
            return answer.object() if answer.body or not write else {}
        code = _code(answer)
        if code in missing:
            return None
        raise self._error(answer, code, what, write=write)

    def _error(self, answer: Answer, code: str, what: str, *, write: bool) -> ProviderError:
        if code in THROTTLED:
            return ProviderError(
                f"{self.name} takes no more calls for {WAIT_SECONDS:g} s.",
                "It is tried again then.",
                code="rate_limited",
                kind=Kind.RATE_LIMITED,
                retry_after=WAIT_SECONDS,
            )
        if code in DENIED:
            # Never quoted: what AWS says of a wrong signature repeats the session token.
            return ProviderError(
                f"{self.name} does not let our credentials do this ({what}, {code}).",
                f"Check the keys or the role behind `providers.{self.name}`, and that its policy allows {what}.",
                code="provider_denied",
                kind=Kind.PERMANENT,
            )
        if code in BUSY:
            return ProviderError(
                f"{self.name} carries out another change just now ({what}); nothing was changed.", "It is tried again."
            )
        return self._http.refusal(answer, what, write=write)


def _code(answer: Answer) -> str:
    """The error's code, from the header of REST services or the body of the JSON protocol."""
    said = str(answer.headers.get("x-amzn-errortype", ""))
    if not said:
        try:
            said = str(answer.object().get("__type", ""))
        except ProviderError:
            return ""
    return said.partition(":")[0].rpartition("#")[2]


def absent(provider: str, what: str) -> ProviderError:
    """The error for a thing AWS does not know."""
    return ProviderError(
        f"{provider} has no {what} in this account and region.",
        "Compare the lever's binding with what AWS has.",
        kind=Kind.PERMANENT,
    )
