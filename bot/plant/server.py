"""Runs the plant on a loopback port, in a thread of its own."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.http_server import HttpServer
from bot.plant.faults import Fault, FaultGate, Faults
from bot.plant.model_api import Fleet, ModelApi, Serving
from bot.plant.registry_api import Listener, RegistryApi
from bot.plant.state import PlantState
from playbooks.ports import Clock

HOST = "127.0.0.1"


class Plant:
    """Registry, flag store and model servers over one SQLite file.

    Args:
        path: the file; made when missing. Beside it `{path}.url` says where a running plant listens.
        clock: the time of moves, and what reloads wait for. port: 0 picks a free one, kept over stop and start.
        reload: seconds until the first model server follows the alias; server n takes n times as long.
        servers: how many model servers there are. listener: told of every change after its answer was sent.
    """

    def __init__(
        self,
        path: Path | str,
        clock: Clock,
        port: int = 0,
        *,
        reload: float = 1.0,
        servers: int = 3,
        listener: Listener | None = None,
    ) -> None:
        self.path = Path(path)
        self.state = PlantState(self.path)
        fleet = Fleet(servers, timedelta(seconds=reload))
        self._faults = Faults()
        self._serving = Serving(self.state, clock, self._faults, fleet)
        self._port = port
        self._server: HttpServer | None = None
        self._thread: threading.Thread | None = None
        self._app = Starlette(
            routes=[
                Route("/health", _health),
                *RegistryApi(self.state, clock, listener).routes(),
                *ModelApi(self.state, self._serving, fleet).routes(),
            ],
            middleware=[Middleware(FaultGate, faults=self._faults)],
            exception_handlers={HTTPException: _refusal},
        )

    @property
    def url(self) -> str:
        """Where it listens, or listened last."""
        return f"http://{HOST}:{self._port}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Listen; connections are taken from the moment this returns."""
        if self._server is not None:
            return self
        # asyncio turns Nagle's delay off only where the protocol is named; without it every answer takes 40 ms.
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, self._port))
        listening.listen(64)
        self._port = int(listening.getsockname()[1])
        # No log_level: uvicorn would set it for every server of this process.
        config = uvicorn.Config(
            self._app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        server = HttpServer(config)
        self._server = server
        self._thread = threading.Thread(
            target=lambda: asyncio.run(server.serve(sockets=[listening])), name="plant", daemon=True
        )
        self._thread.start()
        self._tell_address()
        return self

    def stop(self) -> None:
        """Stop listening; the state stays, and `start` listens on the same port again."""
        if self._server is None or self._thread is None:
            return
        self._faults.clear()
        self._server.leave()
        self._thread.join(10)
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        self.state.close()
        self._address_file().unlink(missing_ok=True)

    def set_fault(self, fault: Fault) -> None:
        """Put a fault in force until `clear_faults`."""
        if fault is Fault.REFUSE:
            self.stop()
            return
        if fault is Fault.STUCK:
            self._serving.freeze()
        self._faults.set(fault)

    def clear_faults(self) -> None:
        """Everything works again."""
        self._faults.clear()
        self.start()

    def wait(self) -> None:
        """Block until it stops."""
        if self._thread is not None:
            self._thread.join()

    def _address_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.url")

    def _tell_address(self) -> None:
        written = self.path.with_name(f"{self.path.name}.url.new")
        written.write_text(f"{self.url}\n", encoding="utf-8")
        os.replace(written, self._address_file())


async def _health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def _refusal(request: Request, refused: Exception) -> JSONResponse:
    status = refused.status_code if isinstance(refused, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    detail = refused.detail if isinstance(refused, HTTPException) else "failed"
    return JSONResponse({"message": detail}, status)
