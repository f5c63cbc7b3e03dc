"""Connects CloudFront to its origins: over TLS to the APIs of this cloud, and in plain HTTP to servers on this machine.

Only an API's address differs from AWS: it is this machine. The TLS versions are those that the origin allows, the
handshake names the API (SNI), and the certificate must be for it and of the authority that is trusted here. Connections
are kept alive.

A response is its head first, then a body that is read as it comes. The origin's read timeout is that of each read, before
the head and between two packets of the body, as CloudFront counts it.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

import h11

from gatehouse_cloud.process import LOOPBACK

_LARGEST_READ = 65536
# A connection is refused at once on this machine, so that only a full backlog takes this long.
_CONNECT_SECONDS = 10


class Failed(Exception):
    """There is no connection, no trusted certificate, or no complete response."""


class TimedOut(Failed):
    """The origin sent nothing for its read timeout."""


@dataclass(frozen=True)
class Server:
    """Where to connect: an API by its name, or a port of this machine."""

    name: str
    versions: tuple[str, ...] = ()  # of TLS, as CloudFront names them
    port: int = 0  # of this machine, for plain HTTP


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: h11.Connection

    async def next_event(self, seconds: float):
        """Return the next event of the response, waiting at most so long for the next bytes."""
        while (event := self.protocol.next_event()) is h11.NEED_DATA:
            try:
                data = await asyncio.wait_for(self.reader.read(_LARGEST_READ), seconds)
            except asyncio.TimeoutError as problem:
                raise TimedOut(f"the origin sent nothing for {seconds} seconds") from problem
            self.protocol.receive_data(data)
        if isinstance(event, h11.ConnectionClosed):
            raise Failed("the origin closed the connection")
        return event


class Response:
    """A response whose head is here. Iterate over its body to the end, or close it."""

    def __init__(self, connection: _Connection, head: h11.Response, seconds: float, keep):
        self.status = head.status_code
        self.headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers]
        self._connection, self._seconds, self._keep = connection, seconds, keep
        # Bytes of the body that came with the head, so that they can be passed on together.
        self._next = connection.protocol.next_event()
        self._open = True

    @property
    def begun(self) -> bool:
        """Whether the next part of the body, or its end, is here."""
        return self._next is not h11.NEED_DATA

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raise Failed where it ends in the middle."""
        try:
            event = self._next if self.begun else await self._connection.next_event(self._seconds)
            while isinstance(event, h11.Data):
                yield bytes(event.data)
                event = await self._connection.next_event(self._seconds)
            if isinstance(event, h11.EndOfMessage):
                self._open = False
                self._keep(self._connection)
        except (OSError, h11.ProtocolError) as problem:
            raise Failed(str(problem)) from problem
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection, unless the whole body was read."""
        if self._open:
            self._open = False
            self._connection.writer.close()


class Connections:
    """Connections to servers of this machine, kept alive. Those to APIs go to one port."""

    def __init__(self, port: int, authority: str):
        self._port = port
        self._authority = authority
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._idle: dict[Server, deque[_Connection]] = {}
        self._handshakes: dict[str, dict] = {}

    def describe(self) -> list[dict]:
        """Describe the last handshake with each origin: TLS version, and the names of its certificate."""
        return [{"origin": name, **handshake} for name, handshake in self._handshakes.items()]

    async def send(
        self, server: Server, method: str, target: str, headers: dict[str, str], body: bytes, seconds: float
    ) -> Response:
        """Send a request; return the response once its head is here. It waits at most so many seconds for each read."""
        connection = self._kept(server) or await self._connect(server)
        try:
            await _write(connection, method, target, headers, body)
            head = await connection.next_event(seconds)
            while isinstance(head, h11.InformationalResponse):
                head = await connection.next_event(seconds)
            return Response(connection, head, seconds, lambda used: self._keep(server, used))
        except (OSError, h11.ProtocolError) as problem:
            connection.writer.close()
            raise Failed(f"{server.name}: {problem}") from problem
        except BaseException:  # a timeout, most of all: the response would be taken for the next request's
            connection.writer.close()
            raise

    def _kept(self, server: Server) -> _Connection | None:
        kept = self._idle.setdefault(server, deque())
        while kept:
            connection = kept.pop()
            if not connection.reader.at_eof():
                return connection
            connection.writer.close()
        return None

    def _keep(self, server: Server, connection: _Connection) -> None:
        if connection.protocol.our_state is connection.protocol.their_state is h11.DONE:
            connection.protocol.start_next_cycle()
            self._idle[server].append(connection)
        else:
            connection.writer.close()

    async def _connect(self, server: Server) -> _Connection:
        secure = {"ssl": self._context(server.versions), "server_hostname": server.name} if server.versions else {}
        try:
            reader, writer = await asyncio.wait_for(
                asyncio.open_connection(LOOPBACK, server.port or self._port, **secure), _CONNECT_SECONDS
            )
        except (OSError, asyncio.TimeoutError) as problem:
            raise Failed(f"{server.name}: {problem}") from problem
        if secure:
            shaken = writer.get_extra_info("ssl_object")
            self._handshakes[server.name] = {
                "tls": shaken.version(),
                "certificate": [value for _, value in shaken.getpeercert()["subjectAltName"]],
            }
        return _Connection(reader, writer, h11.Connection(h11.CLIENT))

    def _context(self, versions: tuple[str, ...]) -> ssl.SSLContext:
        if versions not in self._contexts:
            context = ssl.create_default_context(cafile=self._authority)
            known = sorted(ssl.TLSVersion[version.replace(".", "_")] for version in versions)
            context.minimum_version, context.maximum_version = known[0], known[-1]
            self._contexts[versions] = context
        return self._contexts[versions]


async def _write(connection: _Connection, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    protocol, writer = connection.protocol, connection.writer
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if body or method in ("POST", "PUT", "PATCH"):
        sent.append((b"Content-Length", str(len(body)).encode()))
    request = protocol.send(h11.Request(method=method.encode(), target=target.encode("latin-1"), headers=sent))
    writer.write(request + protocol.send(h11.Data(body)) + protocol.send(h11.EndOfMessage()))
    await writer.drain()
