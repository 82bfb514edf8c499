"""An HTTP server on a loopback port that ends as soon as it is told to."""

import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOST = "127.0.0.1"


class LoopbackServer(ThreadingHTTPServer):
    """Listens from its making on; answers between `start` and `close`, or in a `with`.

    `ThreadingHTTPServer.serve_forever` looks only now and then whether it shall end; this one is woken.

    Args:
        port: 0 picks a free one.
    """

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler], port: int = 0) -> None:
        super().__init__((HOST, port), handler)
        self.port = int(self.server_address[1])
        self.url = f"http://{HOST}:{self.port}"
        self._over = False
        self._thread = threading.Thread(target=self._serve, name="loopback", daemon=True)

    def start(self) -> Self:
        """Answer from now on."""
        self._thread.start()
        return self

    def close(self) -> None:
        """Take nothing more; what is under way ends by itself."""
        self._over = True
        with suppress(OSError):
            socket.create_connection((HOST, self.port), 15).close()
        self._thread.join(15)
        self.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Not the connection that only wakes."""
        return not self._over

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of an error, but not of somebody who did not wait for the answer.

        To print a traceback Python parses source, and in 3.11 that may break whoever parses at the same moment in
        another thread (https://github.com/python/cpython/issues/106905).
        """
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _serve(self) -> None:
        while not self._over:
            self.handle_request()
