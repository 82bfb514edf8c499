"""The part of `muster.yaml` about what alerts go through before they open something."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from bot.slack.alert_messages import ENDINGS, AlertChannel
from playbooks.domain.file_values import Span, Strict
from playbooks.domain.pipeline.case import PipelineRules


class Flap(Strict):
    """When a series that fires and ends over and over is held."""

    after: Annotated[int, Field(ge=2, le=1000)] = 5
    """Earlier episodes of the series within the time below."""
    within: Span = timedelta(hours=1)
    hold: Span = timedelta(minutes=10)
    """How long an episode must fire before it counts."""


class Reports(Strict):
    """When people's reports of an AI problem open an incident."""

    people: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many different people on one component; 1 opens at once."""
    within: Span = timedelta(hours=1)


class SlackAlerts(Strict):
    """A channel in which other apps post alerts; each message is taken as one. Its fields become labels."""

    channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,20}$")]
    """Slack id; Muster must be in it."""
    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")] = "slack"
    """Name under which these alerts come in, for matchers."""
    apps: Annotated[tuple[str, ...], Field(max_length=50)] = ()
    """Names or ids of the apps that count; empty: all but Muster."""
    name: str = ""
    """Field that holds the alert's name; without it the title is the name."""
    component: str = ""
    """Field that holds the component's id."""
    severity: str = ""
    """Field that holds the severity."""
    endings: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)] = ENDINGS
    """Words in the title that mean the end; a green bar (`good`) does, too."""


class Pipeline(Strict):
    """Stages between an alert and an incident; `null` turns one off. Silences need no setting."""

    flap: Flap | None = Flap()
    """Alerts that fire and end over and over are held until one of them stands still."""
    inhibit_within: Span | None = timedelta(hours=4)
    """How long after an incident opened the alerts of what reads its component join it; nobody is paged twice."""
    group_window: Span | None = None
    """How long after an incident opened another failure of its component joins it."""
    reopen_within: Span | None = timedelta(minutes=15)
    """How long after it was resolved an alert opens the incident again, without a page."""
    link_within: Span | None = timedelta(days=30)
    """How far back a new incident names the last one for the same failure."""
    longest_silence: Span = timedelta(days=7)
    """Longest silence or maintenance."""
    reports: Reports = Reports()
    """*Report an AI problem* in Slack."""

    def rules(self) -> PipelineRules:
        """As the plays know it."""
        flap = self.flap
        return PipelineRules(
            flap_after=flap.after if flap else 0,
            flap_within=_seconds(flap.within if flap else None),
            flap_hold=_seconds(flap.hold if flap else None),
            inhibit_within=_seconds(self.inhibit_within),
            group_window=_seconds(self.group_window),
            reopen_within=_seconds(self.reopen_within),
            link_within=_seconds(self.link_within),
            longest_silence=_seconds(self.longest_silence),
            report_people=self.reports.people,
            report_within=_seconds(self.reports.within),
        )


def alert_channels(entries: tuple[SlackAlerts, ...]) -> dict[str, AlertChannel]:
    """As the listeners know them, by channel."""
    return {
        entry.channel: AlertChannel(
            entry.source,
            entry.apps,
            entry.name.lower(),
            entry.component.lower(),
            entry.severity.lower(),
            tuple(word.lower() for word in entry.endings),
        )
        for entry in entries
    }


def _seconds(span: timedelta | None) -> int:
    return int(span.total_seconds()) if span is not None else 0
