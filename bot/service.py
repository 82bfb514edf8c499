"""The running service: what starts in which order, readiness, and a drain that loses nothing."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk.errors import SlackClientError
from slack_sdk.socket_mode.builtin import SocketModeClient
from starlette.types import ASGIApp

from bot.http_server import HttpServer
from bot.jobs.threads import ThreadEngine
from bot.metrics import Metrics
from bot.providers.registry import LeverShelf
from bot.registry_file import RegistryHolder
from bot.schedules import Schedules
from bot.slack.app import Identity
from bot.web.intake import GroupCommit
from playbooks import errors
from playbooks.plays.house import House

log = structlog.get_logger(__name__)

_DRAIN = 4.0  # seconds a stop waits for what is under way


@dataclass(slots=True)
class Service:
    """Everything that runs. Built by `bot.wiring.build`.

    Attributes:
        house: for those who drive the service from inside (demo, command line). app_token: Socket Mode when set.
        close: lets go of the database.
    """

    house: House
    web: ASGIApp
    host: str
    port: int
    intake: GroupCommit
    engine: ThreadEngine
    schedules: Schedules
    metrics: Metrics
    registry: RegistryHolder
    levers: LeverShelf
    slack: App
    identity: Identity
    app_token: str
    close: Callable[[], None]
    slack_error: str = ""
    _server: HttpServer | None = None
    _threads: list[threading.Thread] = field(default_factory=list)
    _socket: SocketModeHandler | None = None
    _started: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _stopped: bool = False

    # ------------------------------------------------------------ start

    def start(self) -> None:
        """HTTP first, so that intake answers at once; jobs, schedules and Slack follow. Returns when HTTP answers."""
        self.intake.start()
        config = uvicorn.Config(
            self.web,
            host=self.host,
            port=self.port,
            log_level="warning",
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            ws=cast(Any, _websockets),
            timeout_graceful_shutdown=3,
        )
        self._server = HttpServer(config)
        http = threading.Thread(target=self._server.run, name="http", daemon=True)
        http.start()
        self._threads.append(http)
        self._server.ready.wait()
        if not self._server.started:
            raise errors.ConfigError(
                f"Muster cannot listen on {self.host}:{self.port}.",
                "End what listens there already, or set MUSTER_HOST and MUSTER_PORT.",
            )
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        rest = threading.Thread(target=self._start_rest, name="start-rest", daemon=True)
        rest.start()
        self._threads.append(rest)

    def _start_rest(self) -> None:
        self.engine.start()
        if self._stopping.is_set():
            return
        self.schedules.start()
        self._started.set()
        if self.app_token:
            self._connect()

    def _connect(self) -> None:
        """Socket Mode, tried again until Slack answers; the SDK keeps the connection up afterwards."""
        pause = 1.0
        handler = self._socket = SocketModeHandler(self.slack, self.app_token)
        while not self._stopping.is_set():
            try:
                handler.connect()  # type: ignore[no-untyped-call]
            except (SlackClientError, OSError) as error:
                self.slack_error = f"Socket Mode cannot connect: {str(error)[:200]}"
                log.error("socket_mode_failed", error=str(error)[:200], again_in=pause)
                self._stopping.wait(pause)
                pause = min(60.0, pause * 2)
                continue
            self.slack_error = ""
            log.info("socket_mode_connected")
            break
        if self._stopping.is_set():
            self._hang_up()

    # ------------------------------------------------------------ stop

    def stop(self) -> None:
        """Take nothing new, finish what is accepted, let go; within about five seconds. Again: does nothing."""
        if self._stopped:
            return
        self._stopped = True
        self._stopping.set()
        deadline = time.monotonic() + _DRAIN
        if self._server is not None:
            self._server.leave()
        hanging_up = threading.Thread(target=self._hang_up, name="hang-up", daemon=True)
        hanging_up.start()
        for thread in (hanging_up, *self._threads):
            thread.join(max(0.1, deadline - time.monotonic()))
        self.schedules.stop()  # after the start has ended, which may have been under way
        # Last of the three: requests under way wait for the writer.
        self.intake.stop(patience=max(0.1, deadline - time.monotonic()))
        self.engine.stop(patience=max(0.5, deadline - time.monotonic()))
        self.levers.close()
        self.close()

    def _hang_up(self) -> None:
        """Answer what Slack sent, then close the line; the SDK's own close would wait until its next read times out."""
        handler, self._socket = self._socket, None
        if handler is None:
            return
        client = handler.client
        assert isinstance(client, SocketModeClient)
        client.closed = True
        client.auto_reconnect_enabled = False
        client.message_processor.event.set()
        client.message_queue.put(None)  # wakes who waits for the next message
        client.message_processor.thread.join(1)
        client.message_workers.shutdown(wait=True)
        client.current_session_state.terminated = True
        line = client.current_session.sock if client.current_session is not None else None
        if line is not None:
            with suppress(OSError):  # the other side was faster
                socket.socket.shutdown(line, socket.SHUT_RDWR)
        handler.close()  # type: ignore[no-untyped-call]

    def wait(self) -> None:
        """Block until `stop` is asked for."""
        self._stopping.wait()

    def ask_to_stop(self) -> None:
        """For signal handlers: `wait` returns."""
        self._stopping.set()

    # ------------------------------------------------------------ look

    @property
    def url(self) -> str:
        """Where HTTP answers."""
        return f"http://{self.host}:{self.port}"

    def ready(self) -> dict[str, str]:
        """What stands in the way of working, by name; an empty text means well."""
        checks = {"database": "", "jobs": "" if self._started.is_set() else "starting", "slack": self.slack_error}
        if self.app_token and not self.slack_error and (self._socket is None or not self._socket.client.is_connected()):
            checks["slack"] = "connecting"
        checks |= {f"schedule {name}": late for name, late in self.schedules.late().items()}
        with self.house.store.read() as uow:
            uow.incidents(open_only=True, limit=1)
        return checks


def _websockets(*given: Any, **named: Any) -> asyncio.Protocol:
    """What uvicorn answers an upgrade with by itself, loaded by the first one: no address of ours takes any."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

    return WebSocketsSansIOProtocol(*given, **named)
