"""The Bolt app: listeners that parse, play and commit before Slack is answered; one last handler for our own faults."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from slack_bolt import Ack, App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from structlog import get_logger

from bot.slack import buttons, events, forms, ids, modals, muting_modals, timeline_modals
from bot.slack.alert_messages import AlertChannel
from bot.slack.blocks import render, who
from bot.slack.calls import Call, Desk, OpenModal, Reply, refusal_of
from bot.slack.commands import execute
from bot.slack.grammar import SHORT, parse, parse_mention
from bot.slack.stamps import at_of
from playbooks import errors
from playbooks.domain.ownership import Registry
from playbooks.domain.timeline import EventSource
from playbooks.domain.who import WhoView
from playbooks.messages import Message, Say, Who
from playbooks.plays.house import House
from playbooks.plays.house import who as person

log = get_logger(__name__)
Body = Mapping[str, Any]
OnError = Callable[[str], None]


@dataclass(slots=True)
class Identity:
    """Who the bot is in its workspace; asked once, kept."""

    client: WebClient
    token: str
    found: AuthorizeResult | None = None
    lock: Lock = field(default_factory=Lock)

    def authorize(self) -> AuthorizeResult:
        """What Bolt needs to know; one `auth.test` in the life of the process. Raises SlackApiError."""
        with self.lock:
            if self.found is None:
                self.found = AuthorizeResult.from_auth_test_response(
                    auth_test_response=self.client.auth_test(), bot_token=self.token
                )
            return self.found

    def user(self) -> str:
        """Slack user id of the bot; empty while Slack cannot be asked."""
        try:
            return self.authorize().bot_user_id or ""
        except (SlackClientError, OSError):
            return ""


@dataclass(slots=True)
class Zones:
    """Time zones of Slack users, asked once each; UTC while unknown."""

    client: WebClient
    known: dict[str, tzinfo] = field(default_factory=dict)

    def of(self, user: str) -> tzinfo:
        """The zone a person set in Slack."""
        if user not in self.known:
            try:
                name = str((self.client.users_info(user=user).get("user") or {}).get("tz") or "UTC")
                self.known[user] = ZoneInfo(name)
            except (SlackClientError, OSError, KeyError, ValueError):
                return UTC
        return self.known[user]


def build_app(
    house: House,
    client: WebClient,
    *,
    token: str,
    signing_secret: str,
    on_error: OnError = lambda code: None,
    sync: Callable[[], str] = lambda: "",
    registry_state: Callable[[], str] = lambda: "",
    registry_then: Callable[[str], Registry] | None = None,
    alert_channels: Mapping[str, AlertChannel] | None = None,
) -> tuple[App, Identity]:
    """The app with all listeners. Makes no call: importing and building work without Slack."""
    identity = Identity(client, token)
    zones = Zones(client)
    desk = Desk(house, {}, zones.of, identity.user, sync, registry_state, registry_then, alert_channels or {})
    quiet = logging.getLogger("muster.bolt")
    quiet.setLevel(logging.ERROR)  # its warnings are about set-ups that are not ours
    app = App(
        name="muster",  # unnamed, Bolt reads the call stack for a name, and with it the path of every loaded module
        logger=quiet,
        client=client,
        signing_secret=signing_secret or None,
        authorize=lambda: identity.authorize(),
        process_before_response=True,  # what is acknowledged is on disk
        request_verification_enabled=bool(signing_secret),
        raise_error_for_unhandled_request=False,
    )
    edge = Edge(house, desk, client, on_error)
    app.command(re.compile(".*"))(edge.command)
    app.action(re.compile(".*"))(edge.action)
    app.view_submission(re.compile(".*"))(edge.view)
    app.shortcut(re.compile(".*"))(edge.shortcut)
    app.event(re.compile(".*"))(edge.event)
    app.error(edge.failed)
    return app, identity


@dataclass(frozen=True, slots=True)
class Edge:
    """The listeners."""

    house: House
    desk: Desk
    client: WebClient
    on_error: OnError

    # ------------------------------------------------------------ listeners

    def command(self, ack: Ack, body: dict[str, Any]) -> None:
        """A slash command: executed, then answered in the acknowledgement itself."""
        root = self.house.rules.root
        call = Call(
            str(body.get("user_id", "")),
            str(body.get("channel_id", "")),
            f"command:{body.get('trigger_id', '')}",
            EventSource.SLASH,
            self.desk.zone_of(str(body.get("user_id", ""))) if _mentions_time(str(body.get("text", ""))) else UTC,
        )
        command = str(body.get("command", root))
        try:
            parsed = parse(
                str(body.get("text") or ""),
                command=command,
                root=root if command in SHORT else command,
                components=set(self.house.registry().components),
                severities={s.id for s in self.house.rules.severities},
            )
        except errors.MusterError as error:
            reply: Reply = refusal_of(self.house, error)
        else:
            reply = execute(self.desk, call, parsed)
        if isinstance(reply, OpenModal):
            reply = self._open(str(body.get("trigger_id", "")), reply, call.channel) or reply
            if isinstance(reply, OpenModal):
                ack()
                return
        ack(response_type="ephemeral", **self._rendered(reply))

    def action(self, ack: Ack, body: dict[str, Any], respond: Callable[..., Any]) -> None:
        """A click: executed, acknowledged, then told to the person who clicked."""
        clicked = body["actions"][0]
        user = str(body.get("user", {}).get("id", ""))
        channel = str(body.get("channel", {}).get("id", "") or body.get("container", {}).get("channel_id", ""))
        action_id = str(clicked.get("action_id", ""))
        once = f"click:{clicked.get('action_ts', '')}:{user}:{action_id}"
        value = str(clicked.get("value") or (clicked.get("selected_option") or {}).get("value") or "")
        reply = buttons.click(self.desk, Call(user, channel, once, EventSource.BUTTON), action_id, value)
        if isinstance(reply, OpenModal):
            reply = self._open(str(body.get("trigger_id", "")), reply, channel)
        ack()
        if str(body.get("view", {}).get("type", "")) == "home":
            self._answer_at_home(user, reply)
            return
        if reply is None:
            return
        replaces = ids.base(action_id) in buttons.REPLACES
        self._tell(respond, user, channel, reply, replace=replaces)

    def view(self, ack: Ack, body: dict[str, Any], view: dict[str, Any]) -> None:
        """A form: its faults under its fields, or executed and closed."""
        user = str(body.get("user", {}).get("id", ""))
        channel = _channel_of(view)
        call = Call(user, channel, f"view:{view.get('id', '')}:{view.get('hash', '')}", EventSource.BUTTON)
        try:
            reply = forms.submitted(self.desk, call, view)
        except modals.FieldErrors as faults:
            ack(**faults.response)
            return
        except errors.MusterError as error:
            ack(response_action="errors", errors={forms.first_field(view): error.told[:300]})
            return
        if isinstance(reply, OpenModal):
            ack(response_action="update", view=dict(reply.view))
            return
        ack()
        if channel:
            self._whisper(user, channel, reply)

    def shortcut(self, ack: Ack, body: dict[str, Any]) -> None:
        """Message and global shortcuts open their forms."""
        ack()
        user = str(body.get("user", {}).get("id", ""))
        channel = str(body.get("channel", {}).get("id", ""))
        callback = str(body.get("callback_id", ""))
        call = Call(user, channel, f"shortcut:{body.get('trigger_id', '')}", EventSource.MESSAGE)
        trigger = str(body.get("trigger_id", ""))
        if callback == ids.SHORTCUT_TIMELINE:
            reply: Reply | None = self._timeline_form(call, body)
        elif callback == ids.SHORTCUT_REPORT:
            message = body.get("message", {})
            names = sorted(self.house.registry().components)
            words, ts = str(message.get("text", ""))[:900], str(message.get("ts", ""))
            form = muting_modals.report(names, channel=channel, ts=ts, text=words)
            reply = OpenModal(form, f"Type it: `{self.house.rules.root} report <component> …`.")
        else:
            text = str(body.get("message", {}).get("text", ""))[:150]
            components = sorted(self.house.registry().components)
            view = modals.new_incident(components, self.house.rules.severities, channel=channel, title=text)
            reply = OpenModal(view, f"Type it: `{self.house.rules.root} new …`.")
        if isinstance(reply, OpenModal):
            reply = self._open(trigger, reply, channel)
        if reply is not None and channel:
            self._whisper(user, channel, reply)

    def event(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """Any event; an exception makes Bolt answer 500, so that Slack sends it again."""
        event_id = str(body.get("event_id", ""))
        if event.get("type") == "app_mention":
            self._mention(event, event_id)
            return
        events.handle(self.desk, self.client, self._message, event, event_id)

    def failed(self, error: Exception, body: dict[str, Any], request: BoltRequest) -> BoltResponse | None:
        """The last handler at this edge: logged, counted, told; a command is never answered with a 500."""
        kind = str(body.get("type") or body.get("command") or "event")
        known = error if isinstance(error, errors.MusterError) else None
        log.error("slack_edge_failed", kind=kind, code=known.code if known else type(error).__name__, exc_info=error)
        self.on_error(known.code if known else "unexpected")
        if body.get("type") == "event_callback":
            return BoltResponse(status=500, body="")
        busy = known is not None and known.kind is errors.Kind.TRANSIENT
        text = (
            "The database did not answer in time; what you asked may not have been recorded. Look, then try again."
            if busy
            else "That failed on my side and is logged. Nothing was confirmed; try again, or tell your operator."
        )
        if body.get("command"):
            return BoltResponse(status=200, body={"response_type": "ephemeral", "text": text})
        return BoltResponse(status=200, body="")

    # ------------------------------------------------------------ parts

    def _mention(self, event: Mapping[str, Any], event_id: str) -> None:
        """`@muster note …`: the same verbs where slash commands do not work, in threads."""
        user, channel = str(event.get("user", "")), str(event.get("channel", ""))
        call = Call(user, channel, f"event:{event_id}", EventSource.MESSAGE, self.desk.zone_of(user))
        try:
            parsed = parse_mention(
                str(event.get("text", "")), root=self.house.rules.root, components=set(self.house.registry().components)
            )
            reply: Reply = execute(self.desk, call, parsed)
        except errors.MusterError as error:
            reply = refusal_of(self.house, error)
        if isinstance(reply, OpenModal):
            reply = Say(reply.instead)
        self._whisper(user, channel, reply, thread=str(event.get("thread_ts", "") or ""))

    def _timeline_form(self, call: Call, body: Body) -> Reply:
        message = body.get("message", {})
        with self.house.store.read() as uow:
            found = uow.incident_by_channel(call.channel)
        if found is None:
            return refusal_of(
                self.house,
                errors.InputError(
                    "This channel belongs to no incident.", "Use *Open incident* on the message instead."
                ),
            )
        ts = str(message.get("ts", ""))
        view = timeline_modals.line(
            found.id,
            sorted(self.house.registry().components),
            at=at_of(ts),
            text=str(message.get("text", "")),
            channel=call.channel,
            ts=ts,
        )
        marked = remembering(view, person=str(message.get("user", "")), text="files" if message.get("files") else "")
        return OpenModal(marked, "Type it: `/inc note <text>`.")

    def _open(self, trigger: str, modal: OpenModal, channel: str) -> Reply | None:
        """Open a form; None when it is open, else what to say instead."""
        try:
            self.client.views_open(trigger_id=trigger, view=remembering(modal.view, channel=channel))
        except (SlackApiError, SlackClientError, OSError) as error:
            log.warning("form_not_opened", error=str(error)[:200])
            return Say("I couldn't open the form.", modal.instead)
        return None

    def _message(self, reply: Message) -> Mapping[str, Any]:
        return render(reply, root=self.house.rules.root)

    def _rendered(self, reply: Reply) -> dict[str, Any]:
        root = self.house.rules.root
        if isinstance(reply, WhoView):
            registry = self.house.registry()
            people: dict[str, Who] = {p: w for p in registry.people if (w := person(registry, p)) is not None}
            return dict(who.render(reply, people, root=root))
        if isinstance(reply, OpenModal):
            return dict(render(Say(reply.instead), root=root))
        return dict(render(reply, root=root))

    def _tell(self, respond: Callable[..., Any], user: str, channel: str, reply: Reply, *, replace: bool) -> None:
        """Answer a click where it was made; a lost answer loses no state, what was done is on disk."""
        try:
            respond(response_type="ephemeral", replace_original=replace, **self._rendered(reply))
        except (SlackApiError, SlackClientError, OSError, ValueError):
            self._whisper(user, channel, reply)

    def _answer_at_home(self, user: str, reply: Reply | None) -> None:
        """The Home tab has no place for an answer: it comes as a direct message, and the page shows what is so now."""
        try:
            if reply is not None:
                self.client.chat_postMessage(channel=user, **self._rendered(reply))
            events.publish_home(self.desk, self.client, self._message, user)
        except (SlackApiError, SlackClientError, OSError) as error:
            log.warning("home_answer_lost", error=str(error)[:200])

    def _whisper(self, user: str, channel: str, reply: Reply, *, thread: str = "") -> None:
        """Say something to one person in a channel, best effort."""
        body = self._rendered(reply)
        try:
            self.client.chat_postEphemeral(channel=channel, user=user, thread_ts=thread or None, **body)
        except (SlackApiError, SlackClientError, OSError) as error:
            log.warning("whisper_lost", error=str(error)[:200])


_TIME = re.compile(r"\d:\d\d|until|backfill|\d-\d\d-\d\d", re.IGNORECASE)


def _mentions_time(text: str) -> bool:
    """Whether a person's zone matters; asking for it costs a call, so only then."""
    return _TIME.search(text) is not None


def remembering(view: Mapping[str, Any], *, channel: str = "", person: str = "", text: str = "") -> dict[str, Any]:
    """A form that also remembers where it was opened from, for the answer after it is sent."""
    known = ids.decode(str(view.get("private_metadata", "")))
    filled = replace(known, channel=known.channel or channel, person=known.person or person, text=known.text or text)
    return {**view, "private_metadata": ids.encode(filled, limit=ids.PRIVATE_METADATA)}


def _channel_of(view: Mapping[str, Any]) -> str:
    try:
        return ids.decode(str(view.get("private_metadata", ""))).channel
    except errors.InputError:
        return ""
