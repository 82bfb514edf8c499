"""The composition root: builds everything once from settings and configuration, and returns the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError

from bot import allocator
from bot.clock import RandomIds, SystemClock
from bot.config import Config
from bot.config_pipeline import alert_channels
from bot.config_rules import rules_of
from bot.config_sources import intake_secrets, sources_of
from bot.incident_metrics import IncidentMetrics
from bot.jobs.bodies import (
    Bodies,
    action_body,
    attachments_body,
    inspection_body,
    learned_body,
    similar_body,
    state_body,
)
from bot.jobs.channels import Channels
from bot.jobs.documents import Documents
from bot.jobs.notifications import Notifications
from bot.jobs.publish import Publishing
from bot.jobs.surfaces import Projector
from bot.jobs.threads import ThreadEngine
from bot.metrics import Metrics
from bot.providers.oncall.readers import Readers
from bot.providers.oncall.resolver import OnCallBook
from bot.providers.publishing import PublisherShelf
from bot.providers.registry import LeverShelf
from bot.registry_file import Versions
from bot.registry_kept import kept_version, registry_of
from bot.schedules import Schedules, Tick
from bot.service import Service
from bot.settings import Settings
from bot.slack.app import build_app
from bot.slack.blocks import render
from bot.slack.canvases import SlackCanvases
from bot.slack.directory import SlackDirectory
from bot.slack.files import SlackFiles
from bot.slack.messenger import build_client
from bot.slack.pauses import Pauses
from bot.web.app import Web, build_web
from bot.web.intake import GroupCommit
from bot.web.refusals import Refusals
from playbooks import errors
from playbooks.domain.links import Links
from playbooks.domain.ownership import Registry
from playbooks.domain.routing import Router
from playbooks.messages import Message
from playbooks.plays import (
    ai_state,
    attachments,
    figures,
    heartbeats,
    inspection,
    notes,
    notifications,
    outreach,
    similar,
    weekly_posts,
)
from playbooks.plays.house import House, want
from playbooks.plays.publishing import JOB
from playbooks.plays.timebox import sweep
from playbooks.ports import Clock, Directory, Files, Ids, Job, Messenger, Probe, Surface
from storage.engine import make_engine
from storage.jobs import SqlJobBoard
from storage.lanes import SqlLanes
from storage.schema import upgrade
from storage.store import SqlStore


@dataclass(frozen=True, slots=True)
class Parts:
    """What a caller may replace.

    Attributes:
        clock: moved on by the demo and tests. probe: hit around every commit and outgoing call.
        busy_timeout: seconds to wait for another's lock on the database. Two of them must fit into the three seconds
            in which Slack wants its answer: a person's command may wait for an alert batch that waits itself.
        pauses: what Slack asked to wait for, and by which clock it passes.
    """

    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)
    probe: Probe | None = None
    busy_timeout: float = 1.2
    pauses: Pauses = field(default_factory=Pauses)


def build(settings: Settings, *, parts: Parts | None = None, base: Path | None = None) -> Service:
    """The service, ready to start. Raises `errors.ConfigError` for what cannot be used, before anything runs."""
    parts = parts or Parts()
    config = Config.load_file(settings.config)
    folder = base or settings.config.parent
    url = settings.database_url.get_secret_value()
    store, close = open_store(url, parts)
    holder = registry_of(config, folder, store, parts.clock)
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    client = build_client(token, settings.slack_api_url)
    messenger = SlackCanvases(client, probe=parts.probe, pauses=parts.pauses)
    environ = settings.environment
    members = _group_members(client)
    readers = Readers(config.providers, environ=environ, folder=folder, group_members=members, probe=parts.probe)
    book = OnCallBook(holder.current, parts.clock, readers=readers, ttl=config.cadences.on_call)
    shelf = LeverShelf(config.providers, environ=environ, clock=parts.clock, probe=parts.probe)
    publishers = PublisherShelf(
        config.providers, environ=environ, clock=parts.clock, probe=parts.probe, canvases=messenger
    )
    links = Links(settings.public_url, settings.link_keys, int(config.pages.links_last.total_seconds()))
    house = House(store, parts.clock, parts.ids, holder.current, book, rules_of(config, folder), shelf.maturity, links)
    metrics = Metrics()
    jobs = store.of("jobs")
    board, behind = SqlJobBoard(jobs), replace(house, store=jobs)
    bodies = bodies_of(behind, messenger, shelf, SlackDirectory(client), publishers, SlackFiles(client))
    engine = _engine(settings, store, board, behind, bodies, metrics, parts.clock)
    store.on_commit.append(engine.nudge)
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else ""
    app, identity = build_app(
        house,
        client,
        token=token,
        signing_secret=secret,
        on_error=lambda code: metrics.errors.labels(code).inc(),
        sync=holder.sync,
        registry_state=lambda: holder.complaint,
        alert_channels=alert_channels(config.slack_alerts),
        registry_then=Versions(holder.current, lambda digest: kept_version(store, digest)).of,
    )
    refusals = Refusals(house)
    intake = GroupCommit(house, _Routers(holder.current).get, metrics)
    ticks = (
        Tick("sweep", config.cadences.sweep, lambda: sweep(behind)),
        Tick("ownership", config.cadences.ownership, holder.reload),
        Tick("on_call", config.cadences.on_call, book.refresh),
        Tick(inspection.KIND, config.cadences.inspect, lambda: inspection.begin(behind)),
        Tick("expected", timedelta(minutes=1), lambda: heartbeats.plan(behind)),
        Tick("weekly", timedelta(minutes=1), lambda: weekly_posts.plan(behind)),
        Tick("ledger", timedelta(minutes=1), lambda: notes.plan(behind)),
        Tick("figures", timedelta(seconds=30), lambda: figures.bring_up(behind)),
        Tick("refusals", timedelta(seconds=30), refusals.tell),
        Tick("memory", timedelta(hours=1), lambda: forget(store, parts.clock)),
        Tick("free_memory", timedelta(seconds=30), allocator.give_back),
    )
    schedules = Schedules(parts.clock, metrics, ticks)
    service_box: list[Service] = []
    web = Web(
        house,
        intake,
        metrics,
        sources_of(config, settings),
        intake_secrets(settings),
        lambda: app if secret else None,
        lambda: service_box[0].ready(),
        refusals.note,
        settings.api_token.get_secret_value() if settings.api_token else "",
    )
    metrics.watch("jobs_overdue", lambda: board.overdue(before=parts.clock.now() - timedelta(minutes=1)))
    metrics.watch("jobs_parked", lambda: len(board.parked()))
    metrics.measure(
        "muster_handoff_seconds", "From the offer of a hand-off to its acceptance", lambda: handoff_seconds(store)
    )
    metrics.collect_from(IncidentMetrics(house))
    service = Service(
        house=house,
        web=build_web(web),
        host=settings.host,
        port=settings.port,
        intake=intake,
        engine=engine,
        schedules=schedules,
        metrics=metrics,
        registry=holder,
        levers=shelf,
        slack=app,
        identity=identity,
        app_token=settings.slack_app_token.get_secret_value() if settings.slack_app_token else "",
        close=_closing(book, publishers, close),
    )
    service_box.append(service)
    return service


def _closing(book: OnCallBook, publishers: PublisherShelf, close: Callable[[], None]) -> Callable[[], None]:
    def both() -> None:
        book.close()
        publishers.close()
        close()

    return both


def open_store(url: str, parts: Parts | None = None) -> tuple[SqlStore, Callable[[], None]]:
    """The store on a database brought up to the newest schema, and what closes it."""
    parts = parts or Parts()
    engine = make_engine(url, busy_timeout=parts.busy_timeout)
    upgrade(engine)
    return SqlStore(engine, parts.ids, probe=parts.probe), engine.dispose


def _group_members(client: WebClient) -> Callable[[str], tuple[str, ...]]:
    def members(group: str) -> tuple[str, ...]:
        try:
            return tuple(client.usergroups_users_list(usergroup=group).get("users") or ())
        except (SlackClientError, OSError) as error:
            raise errors.SlackError(
                f"The user group {group} cannot be read.", "Check the scope usergroups:read."
            ) from error

    return members


def _engine(
    settings: Settings,
    store: SqlStore,
    board: SqlJobBoard,
    house: House,
    runner: Bodies,
    metrics: Metrics,
    clock: Clock,
) -> ThreadEngine:
    url = settings.database_url.get_secret_value()

    def on_parked(job: Job, error: errors.MusterError) -> None:
        parked(house, job, error)

    def on_outcome(job: Job, outcome: str) -> None:
        metrics.jobs.labels(job.kind, outcome).inc()

    lanes = None if url.startswith("sqlite") else SqlLanes(store.engine)
    return ThreadEngine(board, clock, runner, on_parked=on_parked, on_outcome=on_outcome, lanes=lanes)


def bodies_of(
    house: House,
    messenger: Messenger,
    levers: LeverShelf,
    directory: Directory,
    publishers: PublisherShelf,
    files: Files,
) -> Bodies:
    """All job bodies."""
    root = house.rules.root

    def shown(message: Message) -> Mapping[str, object]:
        return render(message, root=root)

    channels = Channels(house, messenger)
    return Bodies(
        {
            "deliver": Projector(house, messenger, shown).run,
            "channel": channels.create,
            "invite": channels.invite,
            "action": action_body(house, levers),
            ai_state.KIND: state_body(house, levers),
            "document": Documents(house, messenger).run,
            notifications.KIND: Notifications(house, messenger).run,
            JOB: Publishing(house, publishers).run,
            inspection.KIND: inspection_body(house, levers, directory),
            attachments.KIND: attachments_body(house, files),
            similar.KIND: similar_body(house),
            outreach.KIND: learned_body(house),
        }
    )


def parked(house: House, job: Job, error: errors.MusterError) -> None:
    """A job given up is told to the operator; the rest goes on."""
    with house.store.begin() as uow:
        now = house.now()
        uow.notice(f"parked:{job.id}", f"Gave up on {job.id}: {error.told}", now=now)
        triage = house.rules.triage_channel
        if triage and job.subject != triage:
            text = f"I gave up on `{job.id}`: {error.told}"
            surface = Surface(f"post:parked:{job.id}:{job.wanted}", "post", triage, payload={"text": text})
            if uow.surface(surface.id) is None:
                want(uow, surface, now=now)


def handoff_seconds(store: SqlStore) -> list[float]:
    """How long hand-offs waited for their acceptance."""
    with store.read() as uow:
        return uow.handoff_seconds()


def forget(store: SqlStore, clock: Clock) -> None:
    """Deliveries of Slack older than three days are forgotten: it repeats events for a day at most."""
    with store.begin(lane="alerts") as uow:
        uow.forget_deliveries(before=clock.now() - timedelta(days=3))


@dataclass(slots=True)
class _Routers:
    """The compiled router of the registry in force."""

    registry: Callable[[], Registry]
    _known: tuple[str, Router] | None = None

    def get(self) -> Router:
        registry = self.registry()
        known = self._known
        if known is None or known[0] != registry.sha256:
            known = self._known = (registry.sha256, Router(registry))
        return known[1]
