"""A mapping file: how the bodies of a tool without a reader become alerts, by closed paths and predicates.

Paths name keys (`event.host`, `tags.0.value`), from each alert's own part of the body, or from the whole body with `$.`
in front. A step of a path may be a key with dots in it (`kibana.alert.rule.name`), the member of a list that has a
value (`tags.tag=component.value`), or `*` for any member (`inputs.*.dimensions.host`, the first counts); a text that is
JSON is entered. Predicates are those of the registry's matchers. Nothing in it is code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from playbooks.domain.file_values import Strict
from playbooks.domain.ownership_file import MatchValue

PATH_PATTERN = r"^(\$\.)?[^.\s$][^.]{0,99}(\.[^.]{1,100}){0,11}$"

Path = Annotated[str, Field(pattern=PATH_PATTERN, max_length=300)]
Conditions = Annotated[dict[Path, MatchValue], Field(min_length=1, max_length=16)]


def _form(value: object) -> str:
    return "~one of" if isinstance(value, list | tuple) else "~all"


Cases = Annotated[
    Annotated[Conditions, Tag("~all")]
    | Annotated[tuple[Conditions, ...], Field(min_length=1, max_length=8), Tag("~one of")],
    Discriminator(_form),
]
"""Conditions that must all hold, or a list of several such sets, of which one is enough."""


class Fixed(Strict):
    """A text of the mapping's own."""

    text: Annotated[str, Field(min_length=1, max_length=300)]


def _some(paths: tuple[str, ...]) -> tuple[str, ...]:
    if not paths:
        raise ValueError("must name a path")
    return paths


Place = Path | Annotated[tuple[Path, ...], Field(max_length=8), AfterValidator(_some)] | Fixed
"""A path, several of which the first that says something counts, or a text of the mapping's own. A list of plain
values is read as one text with commas."""


class Status(Strict):
    """When an alert fires and when it has ended; the first that fits counts. What fits neither is kept aside."""

    firing: Cases | None = None
    resolved: Cases | None = None

    @model_validator(mode="after")
    def _something(self) -> Status:
        if self.firing is None and self.resolved is None:
            raise ValueError("must say when an alert fires, or when it has ended")
        return self


class Expected(Strict):
    """What an alert of the sample must be, as far as it is said."""

    fingerprint: str | None = None
    name: str | None = None
    status: Literal["firing", "resolved"] | None = None
    severity: str | None = None
    summary: str | None = None
    starts_at: str | None = None
    """ISO 8601 with a zone."""
    ends_at: str | None = None
    link: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    signal: dict[str, str] = Field(default_factory=dict)


class MappingFile(Strict):
    """The whole file."""

    api: Literal["mapping/v1"]
    alerts: Path | None = None
    """Where the body holds a list of alerts; without it the body is one alert, or a list of them."""
    when: Cases | None = None
    """What the whole body must meet; another one is kept as a raw triage item."""
    aside: Cases | None = None
    """What is no alert (a test call, an acknowledgement): kept as it came, and opens and ends nothing."""
    fingerprint: Annotated[tuple[Path, ...], Field(min_length=1, max_length=8)]
    """What names the series over there: the same when it fires and when it ends."""
    name: Place
    status: Status | None = None
    """Without it every alert fires."""
    episodes: Literal["stated", "by_id", "by_turn", "while_open"] = "while_open"
    """`stated`: every body has the start. `by_id`: the fingerprint is one episode's number. `by_turn`: each body is a
    turn at its own time. `while_open`: firing again repeats what is open."""
    starts_at: Place | None = None
    ends_at: Place | None = None
    severity: Place | None = None
    severity_words: dict[str, str] = Field(default_factory=dict)
    """Severities of the tool, in any case, and the words of `severities` in muster.yaml that they mean."""
    summary: Place | None = None
    link: Place | None = None
    component: Place | None = None
    delivery: Place | None = None
    """The tool's id of the delivery, the same when it is sent again; from the whole body."""
    tags: Path | Annotated[tuple[Path, ...], Field(max_length=8), AfterValidator(_some)] | None = None
    """Tags in any form (a mapping, a list of `key:value`, a text with commas or of JSON) that become labels; of several
    paths all count, the first most."""
    labels: Annotated[dict[str, Place], Field(max_length=32)] = Field(default_factory=dict)
    signal: Annotated[dict[str, Place], Field(max_length=16)] = Field(default_factory=dict)
    """Figures for people: `metric`, `value`, `limit`, …"""
    sample: Any = None
    """A body as the tool sends it."""
    expected: Annotated[tuple[Expected, ...], Field(max_length=50)] = ()
    """Its alerts, in their order; `muster check` compares them."""

    @model_validator(mode="after")
    def _proved(self) -> MappingFile:
        if self.sample is None or not self.expected:
            raise ValueError("a mapping has a `sample` of the tool's body and the `expected` alerts of it")
        return self
