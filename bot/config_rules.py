"""The configuration as the plays need it: severities, channels, spans and the rules of their parts."""

from __future__ import annotations

from datetime import time
from pathlib import Path

from bot.config import Config
from bot.config_publishing import destinations
from playbooks.library.shipped import shipped_clocks
from playbooks.plays.house import Rules

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rules_of(config: Config, folder: Path = Path()) -> Rules:
    """The configured part of the plays; `folder` is the configuration's own."""
    return Rules(
        severities=config.severities,
        triage_channel=config.channels.triage,
        updates_channel=config.channels.updates,
        debt_channel=config.channels.debt,
        triage_team=config.triage_team or "",
        channel_prefix=config.channels.prefix,
        root=config.commands.root,
        approval_ttl=int(config.approval_ttl.total_seconds()),
        warn_before=int(config.time_box_warning.total_seconds()),
        escalation=config.escalation_policies,
        escalate_every=int(config.escalate_every.total_seconds()),
        storm_after=config.storm_after,
        longest_disable=int(config.time_box_longest.total_seconds()),
        longest_risk=int(config.risk_longest.total_seconds()),
        ask_again_every=int(config.ask_again_every.total_seconds()),
        risk_warning=int(config.risk_warning.total_seconds()),
        freeze_for=int(config.freeze_for.total_seconds()),
        longest_freeze=int(config.freeze_longest.total_seconds()),
        changes_window=int(config.changes_window.total_seconds()),
        reactions=config.reactions,
        weekly_day=_DAYS.index(config.weekly.day),
        weekly_at=time.fromisoformat(config.weekly.at),
        zone=config.time_zone,
        pipeline=config.pipeline.rules(),
        clocks={**shipped_clocks(), **config.clocks.own},
        clocks_used=config.clocks.use,
        holidays=frozenset(config.clocks.holidays),
        reviews=config.postmortem.rules(config.severities),
        quiet_after={
            name: int(entry.quiet_after.total_seconds())
            for name, entry in config.sources.items()
            if entry.quiet_after is not None
        },
        untold_teams=config.learning.untold_teams,
        matcher_silent_after=int(config.matcher_silent_after.total_seconds()),
        templates=folder / config.postmortem.templates if config.postmortem.templates else None,
        publish=destinations(config.publish, config.providers),
    )
