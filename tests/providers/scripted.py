"""A loopback server that answers what a test has written down, also with broken answers."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

HANG = b"hang"  # read the request, never answer
DROP = b"drop"  # read the request, close


def answer(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer; a body that is no bytes becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}", "Connection: close"]
    lines += [f"{key}: {value}" for key, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@dataclass
class Scripted:
    """Answers in order; the last one is repeated. `requests` are the request lines and bodies that came."""

    url: str
    answers: list[bytes] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def take(self, request: str) -> bytes:
        """The next answer."""
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def _request(connection: socket.socket) -> str:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return ""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return (head + b"\r\n\r\n" + body).decode()


@contextmanager
def scripted(*answers: bytes) -> Iterator[Scripted]:
    """Serve these answers, one per connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        script = Scripted(f"http://127.0.0.1:{listening.getsockname()[1]}", list(answers))
        held: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                request = _request(connection)
                if not request:
                    connection.close()
                    continue
                reply = script.take(request)
                if reply == HANG:
                    held.append(connection)
                    continue
                if reply != DROP:
                    connection.sendall(reply)
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield script
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)
            for connection in held:
                connection.close()
