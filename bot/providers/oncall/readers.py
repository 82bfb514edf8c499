"""The tools outside that know who is on call, made from `providers:` of muster.yaml when first asked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.providers.httpcall import HttpCaller
from bot.providers.oncall import ical, opsgenie, pagerduty
from bot.providers.oncall.matching import Found
from bot.providers.oncall.usergroup import GroupMembers, read_usergroup
from bot.providers.shelf import resolved
from playbooks.domain.on_call_file import Ical, Opsgenie, PagerDuty, Source
from playbooks.domain.ownership import Registry
from playbooks.plugin import ConfigError, Probe, parse_settings

WORDS = {"usergroup": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie", "ical": "the calendar"}
"""How the tools are called in a sentence."""


class Readers:
    """Asks the tools; safe to use from several threads.

    Args:
        settings: `providers:` of muster.yaml; None: nobody outside but Slack is asked.
        environ: where `*_env` is looked up. folder: where calendars in files are, where their path is relative.
        group_members: reads a Slack user group, None where there is no Slack.
    """

    def __init__(
        self,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
        group_members: GroupMembers | None = None,
        probe: Probe | None = None,
    ) -> None:
        self._settings = settings
        self._environ = {} if environ is None else environ  # one that only looks names up has no length
        self._folder = folder or Path()
        self._group_members = group_members
        self._probe = probe
        self._lock = threading.Lock()
        self._pagerduty: HttpCaller | None = None
        self._opsgenie: opsgenie.OpsgenieReader | None = None

    def read(self, registry: Registry, source: Source, at: datetime) -> Found:
        """Who is on call by one source. Raises MusterError."""
        if isinstance(source, str):
            return self._usergroup(registry, source)
        if isinstance(source, PagerDuty):
            return pagerduty.read_pagerduty(self._pagerduty_caller(), registry, source)
        if isinstance(source, Opsgenie):
            return self._opsgenie_reader().read(registry, source)
        if isinstance(source, Ical):
            return ical.read_calendar(registry, self._calendar(source), at)
        raise TypeError(f"{type(source).__name__} is no source outside")

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for each in (self._pagerduty, self._opsgenie):
                if each is not None:
                    each.close()
            self._pagerduty = self._opsgenie = None

    def _usergroup(self, registry: Registry, group: str) -> Found:
        if self._group_members is None:
            raise ConfigError("Slack user groups cannot be read here.", code="no_usergroups")
        return read_usergroup(registry, group, self._group_members)

    def _pagerduty_caller(self) -> HttpCaller:
        with self._lock:
            if self._pagerduty is None:
                settings = parse_settings(pagerduty.Settings, "pagerduty", self._resolved("pagerduty"))
                self._pagerduty = pagerduty.caller(settings, self._probe)
            return self._pagerduty

    def _opsgenie_reader(self) -> opsgenie.OpsgenieReader:
        with self._lock:
            if self._opsgenie is None:
                settings = parse_settings(opsgenie.Settings, "opsgenie", self._resolved("opsgenie"))
                self._opsgenie = opsgenie.OpsgenieReader(settings, self._probe)
            return self._opsgenie

    def _calendar(self, source: Ical) -> bytes:
        if source.path is not None:
            return ical.read_file(self._folder / source.path)
        if self._settings is None:
            raise _not_asked("ical")
        url = source.url or self._environ.get(source.url_env or "", "")
        if not url:
            raise ConfigError(f"The address of the calendar is not set ({source.url_env}).", "Set the variable.")
        settings = parse_settings(ical.Settings, "ical", self._resolved("ical"))
        return ical.read_url(url, settings, self._probe)

    def _resolved(self, name: str) -> dict[str, Any]:
        if self._settings is None:
            raise _not_asked(name)
        if name not in self._settings and name != "ical":
            raise ConfigError(
                f"{WORDS[name]} is not configured.", f"Write `providers: {{{name}: {{token_env: …}}}}` in muster.yaml."
            )
        return resolved(name, self._settings.get(name, {}), self._environ)


def _not_asked(name: str) -> ConfigError:
    return ConfigError(f"{WORDS[name]} is not asked here.", code="on_call_not_asked")


def place(name: str, source: Source) -> str:
    """What breaks down together: a tool, or the host of a calendar."""
    if isinstance(source, Ical):
        return f"ical:{urlsplit(source.url or '').hostname or source.url_env or source.path}"
    return name
