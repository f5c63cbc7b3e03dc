"""An origin for tests, which sends each part of a response when the test says so."""

import queue
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from .harness import free_port


@dataclass
class Request:
    """A request that the origin got."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int  # a number of its own
    wire: socket.socket = field(repr=False)
    await_next: Callable[[], None] = field(repr=False)  # reads the connection's next request, too

    def head(self, *lines: str, status: str = "200 OK") -> None:
        """Send the head of a response."""
        self.raw("\r\n".join((f"HTTP/1.1 {status}", *lines, "", "")).encode())

    def chunk(self, data: bytes) -> None:
        """Send a chunk; an empty one is the last."""
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    def raw(self, data: bytes) -> None:
        """Send bytes."""
        self.wire.sendall(data)

    def close(self) -> None:
        """Close the connection."""
        self.wire.shutdown(socket.SHUT_RDWR)

    def closed(self, seconds: float = 5) -> bool:
        """Report whether the other side closes the connection in time."""
        self.wire.settimeout(seconds)
        try:
            return self.wire.recv(1) == b""
        except TimeoutError:
            return False
        except ConnectionError:
            return True


class OriginServer:
    """A server on a port of loopback. take() returns its requests, which it doesn't answer itself."""

    def __init__(self):
        self.port = free_port()
        self._requests: queue.Queue[Request] = queue.Queue()
        self._accepted: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self, seconds: float = 10) -> Request:
        """Return the next request."""
        return self._requests.get(timeout=seconds)

    def stop(self) -> None:
        """Close the connections, and refuse others."""
        for connection in (self._listening, *self._accepted):
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return  # stopped
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._accepted.append(accepted)
            self._read(accepted, len(self._accepted))

    def _read(self, accepted: socket.socket, number: int) -> None:
        threading.Thread(target=self._take_head, args=(accepted, number), daemon=True).start()

    def _take_head(self, accepted: socket.socket, number: int) -> None:
        # Byte by byte, so that none beyond the head is taken; the tests' requests have no bodies.
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            try:
                byte = accepted.recv(1)
            except OSError:
                return
            if not byte:
                return
            head += byte
        first, *lines = head.decode("latin-1").strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        self._requests.put(Request(method, target, headers, number, accepted, lambda: self._read(accepted, number)))
