"""One tree of errors: a code for machines, a sentence with the next step for people, a kind that drives retry."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """What may be done about an error; the only thing retry logic looks at."""

    INPUT = "input"  # the caller's words are off; never retried
    DENIED = "denied"  # the caller may not; never retried
    CONFLICT = "conflict"  # the world moved; the caller decides again
    TRANSIENT = "transient"  # try again later with back-off
    RATE_LIMITED = "rate_limited"  # try again after `retry_after` seconds
    UNKNOWN_OUTCOME = "unknown_outcome"  # it may have happened: read back before trying again
    PERMANENT = "permanent"  # will fail the same way until a person mends something


class MusterError(Exception):
    """Base of every error Muster raises on purpose.

    Attributes:
        code: stable lower_snake identifier, counted in metrics and logged.
        sentence: one sentence for the person who caused or meets it.
        next_step: what that person can do now; may be empty.
        kind: see `Kind`.
        retry_after: seconds to wait, for `Kind.RATE_LIMITED` only.
    """

    code = "error"
    kind = Kind.PERMANENT

    def __init__(
        self,
        sentence: str,
        next_step: str = "",
        *,
        code: str | None = None,
        kind: Kind | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.next_step = next_step
        if code is not None:
            self.code = code
        if kind is not None:
            self.kind = kind
        self.retry_after = retry_after

    @property
    def told(self) -> str:
        """The sentence and the next step as one text."""
        return f"{self.sentence} {self.next_step}".strip()


class InputError(MusterError):
    """Something the caller wrote cannot be used."""

    code = "bad_input"
    kind = Kind.INPUT


class UnknownName(InputError):
    """A component, incident, verb or version that does not exist; carries the nearest names."""

    code = "unknown_name"

    def __init__(self, sentence: str, next_step: str = "", *, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(sentence, next_step)
        self.nearest = nearest


class Denied(MusterError):
    """The caller has not the right; the sentence names who has it."""

    code = "denied"
    kind = Kind.DENIED

    def __init__(
        self,
        sentence: str,
        next_step: str = "",
        *,
        code: str = "denied",
        ask: tuple[str, ...] = (),
        facts: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(sentence, next_step, code=code)
        self.ask = ask  # registry ids of persons who could be asked instead
        # decision, component, reason, rule, may: what the timeline keeps of a refused right
        self.facts = dict(facts or {})
        self.incident: int | None = None  # in whose timeline it belongs, where the play knew it

    def about(self, incident: int | None) -> Denied:
        """The same refusal, as part of an incident."""
        self.incident = incident
        return self


class Conflict(MusterError):
    """What the caller decided on is no longer so (stale button, changed before-state, already decided)."""

    code = "conflict"
    kind = Kind.CONFLICT


class ConfigError(MusterError):
    """Settings, configuration or registry that cannot be used as it stands."""

    code = "bad_config"


class ProviderError(MusterError):
    """A provider (lever, on-call source, alert source) answered with an error or not at all."""

    code = "provider_failed"
    kind = Kind.TRANSIENT


class OutcomeUnknown(ProviderError):
    """The request was sent and no answer came: it may have taken effect. Read back before a retry."""

    code = "outcome_unknown"
    kind = Kind.UNKNOWN_OUTCOME


class SlackError(MusterError):
    """Slack refused a call; `code` is Slack's own error string where there is one."""

    code = "slack_failed"
    kind = Kind.PERMANENT


class StoreBusy(MusterError):
    """The database did not take the transaction in time; whether it did is unknown."""

    code = "database_busy"
    kind = Kind.TRANSIENT


class ChainBroken(MusterError):
    """An incident's event chain does not verify."""

    code = "chain_broken"
