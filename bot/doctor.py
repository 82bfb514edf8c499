"""`muster doctor`: looks at everything the bot stands on, and says what to do about each thing that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.clock import SystemClock
from bot.config import Config
from bot.findings import Finding, Level, ok
from bot.preconditions import refuse_foreign_names, refuse_missing
from bot.providers.oncall.readers import Readers
from bot.providers.oncall.resolver import OnCallBook
from bot.providers.registry import LeverShelf
from bot.settings import Settings
from bot.slack.manifest import OPTIONAL, SCOPES
from bot.slack.messenger import build_client
from playbooks import errors
from playbooks.check import Level as Grade
from playbooks.check import check_registry
from playbooks.domain.actions import UNPROVEN_WORDS, Maturity
from playbooks.domain.backstops import ends_too_early
from playbooks.domain.ownership import Component, Registry
from playbooks.domain.ownership_file import for_provider

_CLOCK_WARNS = timedelta(seconds=30)
_CLOCK_BREAKS = timedelta(minutes=4)  # Slack's signature is good for five
_MOST_CHANNELS = 40  # asked one by one: `conversations.info` allows about 50 a minute


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which they are best mended."""
    found = [*_guarded("packages", _packages), *_guarded("settings", lambda: _settings(settings))]
    config: Config | None = None
    try:
        config = Config.load_file(settings.config)
        said = f"{settings.config} is read" if settings.config.is_file() else "no muster.yaml: the defaults count"
        found.append(ok("config", said))
    except errors.ConfigError as error:
        found.append(_error("config", error))
    registry: Registry | None = None
    if config is not None:
        found += _guarded("sources", lambda: _sources(config, settings))
        try:
            registry, complaint = load_registry(config, settings.config.parent)
            if complaint:
                found.append(Finding(Level.WARNING, "ownership", complaint, "Mend the import; the rest is in force."))
        except errors.ConfigError as error:
            found.append(_error("ownership", error))
    found += _guarded("database", lambda: _database(settings.database_url.get_secret_value()))
    if config is not None:
        found += _guarded("sources", lambda: _heard(config, settings))
        found += _guarded("publishing", lambda: _destinations(config, settings))
    if config is not None and registry is not None:
        found += _guarded("ownership", lambda: _ownership(config, registry))
        found += _guarded("levers", lambda: _levers(config, registry, settings))
        found += _guarded("on call", lambda: _on_call(config, registry, settings))
    if settings.slack_bot_token is not None:
        found += _guarded("slack", lambda: _slack(settings, config, registry))
    return found


def load_registry(config: Config, folder: Path) -> tuple[Registry, str]:
    """The registry of today's files with its imports, and what stands against these. Raises ConfigError."""
    from bot.registry_file import RegistryHolder

    holder = RegistryHolder(config.ownership_paths(folder), SystemClock())
    return holder.current(), holder.complaint


def _guarded(what: str, look: Callable[[], Iterator[Finding]]) -> list[Finding]:
    found: list[Finding] = []
    try:
        found.extend(look())
    except errors.MusterError as error:
        found.append(_error(what, error))
    return found


def _error(what: str, error: errors.MusterError) -> Finding:
    return Finding(Level.ERROR, what, error.sentence, error.next_step)


# ------------------------------------------------------------------ on this machine


def _packages() -> Iterator[Finding]:
    refuse_foreign_names()
    yield ok("packages", "no other distribution owns one of our package names")


def _settings(settings: Settings) -> Iterator[Finding]:
    refuse_missing(settings)
    for name, token, prefix in (
        ("SLACK_BOT_TOKEN", settings.slack_bot_token, "xoxb-"),
        ("SLACK_APP_TOKEN", settings.slack_app_token, "xapp-"),
    ):
        if token is not None and not token.get_secret_value().startswith(prefix):
            yield Finding(
                Level.WARNING, "settings", f"{name} does not begin with {prefix}.", "Check that it is the right token."
            )
    yield ok("settings", "Socket Mode" if settings.socket_mode else "HTTP with a signing secret")


def _sources(config: Config, settings: Settings) -> Iterator[Finding]:
    from bot.config_sources import sources_of

    sources = sources_of(config, settings)
    closed = sorted(name for name, source in sources.items() if not source.open)
    if closed:
        yield Finding(
            Level.WARNING,
            "sources",
            f"Closed, since without a secret: {'all of them' if len(closed) == len(sources) else ', '.join(closed)}.",
            "Set MUSTER_INTAKE_TOKEN, or `secret_env` of the source and the variable it names.",
        )
    if len(closed) < len(sources):
        named = "sources" in config.model_fields_set
        is_open = ", ".join(sorted(set(sources) - set(closed))) if named else "one of each kind, named like it"
        yield ok("sources", f"open: {is_open}")


def _heard(config: Config, settings: Settings) -> Iterator[Finding]:
    from bot.console.hearing import heard

    return heard(config, settings)


def _database(url: str) -> Iterator[Finding]:
    from storage import schema
    from storage.engine import make_engine

    name = url.partition("///")[2].partition("?")[0] if url.startswith("sqlite") else ""
    if name and not Path(name).is_file():
        folder = Path(name).resolve().parent
        if not folder.is_dir():
            raise errors.ConfigError(f"There is no folder {folder} for the database.", "Make it.")
        yield ok("database", f"{name} is not there yet; the first start makes it")
        return
    engine = make_engine(url, busy_timeout=3)
    try:
        kind, now, wanted = engine.dialect.name, schema.current(engine), schema.head()
    finally:
        engine.dispose()
    if now == wanted:
        yield ok("database", f"{kind}, schema {now}")
    elif now is None or now < wanted:
        yield Finding(
            Level.WARNING,
            "database",
            f"{kind}, schema {now or 'none'}, this version wants {wanted}.",
            "The next start migrates it; to do it now: `muster db upgrade` (after `muster db backup FILE`).",
        )
    else:
        yield Finding(
            Level.ERROR,
            "database",
            f"{kind}, schema {now}, written by a newer Muster.",
            "Install that version or a newer one.",
        )


def _destinations(config: Config, settings: Settings) -> Iterator[Finding]:
    from bot.console.destinations import look

    return look(config, settings)


def _ownership(config: Config, registry: Registry) -> Iterator[Finding]:
    found = check_registry(
        registry, now=datetime.now(UTC), providers=set(config.providers), severities=config.severities
    )
    wrong = [finding for finding in found if finding.level is Grade.ERROR]
    if wrong:
        yield Finding(
            Level.ERROR, "ownership", f"{wrong[0].where}: {wrong[0].sentence}", "See `muster check` for all findings."
        )
    gaps = len(found) - len(wrong)
    said = f"components: {len(registry.components)}, teams: {len(registry.teams)}"
    if gaps:
        yield Finding(Level.WARNING, "ownership", f"{said}, gaps: {gaps}", "See `muster check`.")
    elif not wrong:
        yield ok("ownership", said)


def _levers(config: Config, registry: Registry, settings: Settings) -> Iterator[Finding]:
    shelf = LeverShelf(config.providers, environ=settings.environment)
    used = set()
    try:
        for component in registry.components.values():
            for kind, bound in component.levers.items():
                used.add(str(bound["provider"]))
                yield _lever(shelf, component, kind, bound, config.time_box_longest)
    finally:
        shelf.close()
    for provider in sorted(p for p in used if shelf.maturity(p) is Maturity.UNPROVEN):
        step = "Try it on something harmless before you rely on it."
        yield Finding(Level.WARNING, "levers", f"{provider}: {UNPROVEN_WORDS}", step)


def _lever(shelf: LeverShelf, component: Component, kind: str, bound: Mapping[str, Any], longest: timedelta) -> Finding:
    provider = str(bound["provider"])
    what = f"{kind} of {component.id} ({provider})"
    try:
        binding = for_provider(bound)
        described = shelf.get(provider).describe(binding)
        backstop = shelf.backstop(provider, binding) if kind == "disable" else None
        early = ends_too_early(component, backstop, longest) if backstop is not None else ""
        if early:
            return Finding(Level.ERROR, "levers", f"{what}: {early}", "`muster check` tells the same in a pipeline.")
    except errors.MusterError as error:
        hint = error.next_step or "Until then nobody can use it from Slack."
        return Finding(Level.ERROR, "levers", f"{what}: {error.sentence}", hint)
    return ok("levers", f"{what}: now {described.state or 'nothing'}")


def _on_call(config: Config, registry: Registry, settings: Settings) -> Iterator[Finding]:
    token = settings.slack_bot_token
    client = build_client(token.get_secret_value() if token else "", settings.slack_api_url, timeout=5)

    def members(group: str) -> tuple[str, ...]:
        return tuple(_asked(partial(client.usergroups_users_list, usergroup=group), group).get("users") or ())

    readers = Readers(
        config.providers, environ=settings.environment, folder=settings.config.parent, group_members=members
    )
    book = OnCallBook(lambda: registry, SystemClock(), readers=readers, patience=5)
    try:
        book.refresh()
        said = {team.id: book.explain(team.id) for team in registry.teams.values() if team.on_call}
    finally:
        book.close()
    wrong = {team: why for team, why in said.items() if why}
    for team, why in wrong.items():
        yield Finding(Level.WARNING, "on call", f"{team}: {why}", "Mend the source; what stands behind it counts.")
    if said and not wrong:
        yield ok("on call", "the source each team names first answers")


# ------------------------------------------------------------------ Slack


def _slack(settings: Settings, config: Config | None, registry: Registry | None) -> Iterator[Finding]:
    token = settings.slack_bot_token
    client = build_client(token.get_secret_value() if token else "", settings.slack_api_url, timeout=5)
    before = datetime.now(UTC)
    answer = _asked(client.auth_test, "SLACK_BOT_TOKEN")
    headers = {str(key).lower(): value for key, value in answer.headers.items()}
    yield ok("slack", f"bot {answer.get('user')} in {answer.get('team')}")
    yield from _scopes(_header(headers, "x-oauth-scopes"))
    yield from _clocks(_header(headers, "date"), before)
    if settings.slack_app_token is not None:
        app_token = settings.slack_app_token.get_secret_value()
        app = build_client(app_token, settings.slack_api_url, timeout=5)
        _asked(partial(app.apps_connections_open, app_token=app_token), "SLACK_APP_TOKEN")
        yield ok("slack", "Socket Mode opens with the app token")
    if config is not None:
        yield from _channels(client, config, registry)


def _asked(call: Callable[[], Any], name: str) -> Any:
    try:
        return call()
    except SlackApiError as error:
        code = error.response.get("error", "unknown") if error.response else "unknown"
        hint = _REFUSED.get(code, "See the app's settings.")
        raise errors.SlackError(f"Slack refuses {name}: {code}.", hint) from None
    except (SlackClientError, OSError) as error:
        raise errors.SlackError(f"Slack does not answer: {error}.", "Check the network and SLACK_API_URL.") from None


_REFUSED = {
    "invalid_auth": "Copy the token again from the app's page; after a reinstall it may be another.",
    "not_authed": "The token is empty.",
    "token_revoked": "Reinstall the app and copy its new token.",
    "account_inactive": "Reinstall the app; its bot user was removed.",
    "missing_scope": "Give it the scope it lacks: for bots see `muster manifest`, for app tokens `connections:write`.",
    "not_allowed_token_type": "That is another kind of token: bot tokens begin with xoxb-, app tokens with xapp-.",
}


def _header(headers: Mapping[str, Any], name: str) -> str:
    value = headers.get(name, "")
    return str(value[0] if isinstance(value, list) and value else value or "")


def _scopes(granted: str) -> Iterator[Finding]:
    if not granted:
        yield Finding(
            Level.WARNING, "manifest", "Slack did not say which scopes are granted.", "Compare with `muster manifest`."
        )
        return
    have = {scope.strip() for scope in granted.split(",")}
    wanted = dict(SCOPES)
    for scope in sorted(set(wanted) - have):
        yield Finding(
            Level.WARNING if scope in OPTIONAL else Level.ERROR,
            "manifest",
            f"The scope {scope} is not granted (for: {wanted[scope]}).",
            "Paste the output of `muster manifest` into the app's manifest and reinstall it.",
        )
    more = sorted(have - set(wanted))
    if more:
        yield Finding(
            Level.WARNING, "manifest", f"Granted, but not needed: {', '.join(more)}.", "Take them out and reinstall."
        )
    if not set(wanted) - have:
        yield ok("manifest", f"all {len(wanted)} scopes granted (commands and events cannot be seen from here)")


def _clocks(date: str, before: datetime) -> Iterator[Finding]:
    try:
        theirs = parsedate_to_datetime(date)
    except ValueError:
        yield Finding(Level.WARNING, "clock", "Slack's answer has no readable date.")
        return
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    after = datetime.now(UTC)
    # Slack's date has whole seconds and was written between our two looks.
    off = max(before - theirs - timedelta(seconds=1), theirs - after, timedelta(0))
    if off <= _CLOCK_WARNS:
        yield ok("clock", "agrees with Slack's")
        return
    level = Level.ERROR if off >= _CLOCK_BREAKS else Level.WARNING
    yield Finding(
        level,
        "clock",
        f"This machine's clock is {off.total_seconds():.0f} s off Slack's.",
        "Switch time synchronisation on; beyond 5 minutes Slack's signatures are refused.",
    )


def _channels(client: Any, config: Config, registry: Registry | None) -> Iterator[Finding]:
    named = {"channels.triage": config.channels.triage, "channels.updates": config.channels.updates}
    if not config.channels.triage:
        yield Finding(
            Level.WARNING,
            "channels",
            "No triage channel is set: alerts nobody owns would be told nowhere.",
            "Write `channels: {triage: C…}` in muster.yaml.",
        )
    named |= {f"teams.{team.id}.channel": team.channel for team in (registry.teams.values() if registry else ())}
    wrong = 0
    for where, channel in [(where, channel) for where, channel in named.items() if channel][:_MOST_CHANNELS]:
        try:
            info = _asked(partial(client.conversations_info, channel=channel), channel)["channel"]
        except errors.SlackError as error:
            wrong += 1
            hint = "Put the channel's id there; invite the bot if private."
            yield Finding(Level.ERROR, "channels", f"{where}: {error.sentence}", hint)
            continue
        if info.get("is_archived"):
            wrong += 1
            said = f"{where}: #{info.get('name')} is archived."
            yield Finding(Level.ERROR, "channels", said, "Name another channel.")
    if not wrong and any(named.values()):
        yield ok("channels", "every configured channel is there")
