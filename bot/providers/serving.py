"""Which version model servers really answer with, over the Open Inference Protocol V2 (MLServer, Triton, KServe).

A registry alias is only a pointer: nothing proves that a server has reloaded. The proof is `model_version` in the
answers of `POST /v2/models/{model}/infer` (Open Inference Protocol, "Inference Response JSON Object").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import prod
from typing import Any, Self
from urllib.parse import quote

from bot.providers.httpcall import HttpCaller
from playbooks.plugin import Outcome, Probe, ProviderError, Verification, version_name

# Values that every server of the protocol takes for a tensor element of the datatype.
ZEROS: Mapping[str, Any] = {"BOOL": False, "BYTES": "", "FP16": 0.0, "FP32": 0.0, "FP64": 0.0}


@dataclass(frozen=True, slots=True)
class _Tally:
    """Answers of one server: versions in the order seen, and the sentence of what stopped us."""

    url: str
    versions: tuple[str, ...]
    stopped: str = ""


def serving_proof(answers: int, servers: int = 1) -> str:
    """How the effect is proved, for a plan; `{}` is where the version goes."""
    if servers > 1:
        return f"{servers} of {servers} servers answer {answers} times in a row with {{}}"
    return f"{answers} answers in a row carry {{}}"


class ServingCheck:
    """Asks one or more model servers which version answers.

    Args:
        urls: base addresses. model: the name the servers know it by. answers: how many in a row per server are proof.
        sample: a whole V2 request body; None builds one of zeros from the model's metadata.
        token: bearer token for the servers, may be empty. timeout: seconds per answer.
    """

    def __init__(
        self,
        urls: Sequence[str],
        model: str,
        *,
        answers: int = 20,
        sample: Mapping[str, Any] | None = None,
        token: str = "",
        timeout: float = 5.0,
        probe: Probe | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._servers = [
            HttpCaller("serving", url, headers=headers, secrets=(token,), timeout=timeout, probe=probe) for url in urls
        ]
        self._path = f"/v2/models/{quote(model, safe='')}"
        self._answers = answers
        self._sample = sample

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        for server in self._servers:
            server.close()

    def served(self) -> str:
        """The version the first reachable server answers with; empty when none tells."""
        for server in self._servers:
            try:
                return self._ask(server, self._body(server))
            except ProviderError:
                continue
        return ""

    def silent(self) -> str:
        """Why a server does not answer, of the first one that does not; empty when each answers."""
        for server in self._servers:
            try:
                self._ask(server, self._body(server))
            except ProviderError as failed:
                return failed.sentence.rstrip(".")
        return ""

    def ready(self, version: str) -> bool:
        """Whether every server reports this version loaded (`GET …/versions/{v}/ready`). Raises ProviderError."""
        path = f"{self._path}/versions/{quote(version, safe='')}/ready"
        return all(
            server.read(path, "version ready", expect=range(400, 500)).status == HTTPStatus.OK
            for server in self._servers
        )

    def verify(self, target: str) -> Verification:
        """Whether all answers carry `target`; unreachable or still old is "not yet", never an error."""
        tallies = [self._count(server, target) for server in self._servers]
        good = [tally for tally in tallies if not tally.stopped and set(tally.versions) == {target}]
        facts = {"servers": str(len(tallies)), "servers_on_target": str(len(good)), "answers": str(self._answers)}
        if len(good) == len(tallies):
            return Verification(Outcome.CONFIRMED, self._all_good(target, len(tallies)), facts)
        return Verification(Outcome.NOT_YET, self._not_all(target, tallies, len(good)), facts)

    def _all_good(self, target: str, many: int) -> str:
        if many == 1:
            return f"{self._answers} of {self._answers} answers carry {version_name(target)}"
        return f"servers answering {version_name(target)}: {many} of {many} ({self._answers} answers in a row each)"

    def _not_all(self, target: str, tallies: Sequence[_Tally], good: int) -> str:
        first = next(tally for tally in tallies if tally.stopped or set(tally.versions) != {target})
        if first.stopped:
            found = first.stopped
        else:
            hits = first.versions.count(target)
            others = sorted(set(first.versions) - {target})
            names = ", ".join(version_name(version) if version else "no version" for version in others)
            found = f"{hits} of {len(first.versions)} answers carry {version_name(target)}, the others {names}"
        if len(tallies) == 1:
            return found
        return f"servers answering {version_name(target)}: {good} of {len(tallies)}; {found}"

    def _count(self, server: HttpCaller, target: str) -> _Tally:
        versions: list[str] = []
        try:
            body = self._body(server)
            for _ in range(self._answers):
                versions.append(self._ask(server, body))
                if versions[-1] != target and len(versions) >= min(5, self._answers):
                    break  # enough to say which version is still there
        except ProviderError as failed:
            return _Tally(server.url, tuple(versions), failed.sentence.rstrip("."))
        return _Tally(server.url, tuple(versions))

    def _ask(self, server: HttpCaller, body: Mapping[str, Any]) -> str:
        answer = server.read(f"{self._path}/infer", "infer", method="POST", body=body).object()
        return str(answer.get("model_version") or "")

    def _body(self, server: HttpCaller) -> Mapping[str, Any]:
        if self._sample is not None:
            return self._sample
        inputs = server.read(self._path, "metadata").object().get("inputs")
        if not isinstance(inputs, list) or not inputs:
            # Servers of hand-written models often declare nothing; what takes no single zero needs a `sample`.
            inputs = [{"name": "input-0", "shape": [1], "datatype": "FP32"}]
        return {"inputs": [_zeros(declared) for declared in inputs]}


def _zeros(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A zero tensor of a declared shape; a free dimension (-1) becomes 1."""
    shape = [max(int(size), 1) for size in declared.get("shape", [1])]
    datatype = str(declared.get("datatype", "FP32"))
    data = [ZEROS.get(datatype, 0)] * prod(shape)
    return {"name": str(declared.get("name", "input-0")), "shape": shape, "datatype": datatype, "data": data}
