"""How a cluster is reached and whom it knows us as: a token, a pod's own service account, or a kubeconfig's user."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from playbooks.plugin import ConfigError

# Where Kubernetes puts a pod's own token and the cluster's certificate, and how pods reach the API.
SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
IN_CLUSTER = "https://kubernetes.default.svc"


@dataclass(frozen=True, slots=True)
class Access:
    """A cluster's address, the certificate it is known by (PEM, empty for a public one), and where the token is."""

    url: str
    ca: str
    token: Token


class Token(httpx.Auth):
    """Puts the token on each request.

    Args:
        text: the token itself; empty where it stands in a file. path: a file that is read anew for each request, since
            Kubernetes replaces a pod's token every hour.
    """

    def __init__(self, text: str = "", path: Path | None = None) -> None:
        self._path = path
        # The newest one and the one before it: what must never be quoted back.
        self.secrets = [text]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`. Raises ConfigError for a file that cannot be read."""
        request.headers["Authorization"] = f"Bearer {self._now()}"
        yield request

    def _now(self) -> str:
        if self._path is not None:
            text = _read(self._path)
            if text != self.secrets[-1]:
                self.secrets[:] = [self.secrets[-1], text]
        return self.secrets[-1]


def by_token(url: str, token: str, ca: str) -> Access:
    """A given token; without an address it is the cluster that Muster runs in."""
    return Access(url or IN_CLUSTER, ca, Token(token))


def by_service_account(url: str, folder: str, ca: str) -> Access:
    """The pod's own. Raises ConfigError where there is none."""
    home = Path(folder)
    token = Token(path=home / "token")
    return Access(url or IN_CLUSTER, ca or _read(home / "ca.crt"), token)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            f"The kubernetes lever finds no {path.name} in {path.parent}, where a pod has its service account.",
            "Write `url` with `token_env` or `token_file`, or `kubeconfig_file`.",
        ) from None


def by_kubeconfig(text: str, context: str) -> Access:
    """A context of a kubeconfig, whose user has a token. Raises ConfigError that says what is missing."""
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        config = None
    if not isinstance(config, Mapping):
        raise ConfigError("The kubeconfig of the kubernetes lever is no YAML mapping.", "Check `kubeconfig_file`.")
    chosen = _named(config, "context", context or str(config.get("current-context") or ""))
    cluster = _named(config, "cluster", str(chosen.get("cluster", "")))
    user = _named(config, "user", str(chosen.get("user", "")))
    if not user.get("token"):
        ways = ", ".join(sorted(str(key) for key in user)) or "nothing"
        raise ConfigError(
            f"The kubeconfig's user signs in by {ways}; the kubernetes lever takes a token only.",
            "Make a service account for Muster, and write its token: `kubectl create token …`.",
        )
    url = str(cluster.get("server", ""))
    return Access(url, _decoded(str(cluster.get("certificate-authority-data", ""))), Token(str(user["token"])))


def _named(config: Mapping[str, Any], kind: str, name: str) -> Mapping[str, Any]:
    rows = config.get(f"{kind}s")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and row.get("name") == name and isinstance(row.get(kind), Mapping):
            found: Mapping[str, Any] = row[kind]
            return found
    raise ConfigError(f"The kubeconfig has no {kind} {name!r}.", "Check `kubeconfig_file` and `context`.")


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ConfigError("The kubeconfig's certificate-authority-data is no base64 text.") from None


def trust(ca: str) -> ssl.SSLContext | None:
    """TLS that trusts the cluster's own certificate; None for the usual authorities. Raises ConfigError."""
    if not ca:
        return None
    try:
        return ssl.create_default_context(cadata=ca)
    except (ssl.SSLError, ValueError):
        raise ConfigError(
            "The certificate of the kubernetes lever is none.", "`ca_file` names a file that begins with -----BEGIN."
        ) from None
