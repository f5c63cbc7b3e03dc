"""Connects CloudFront to the HTTP APIs of this cloud: over TLS, with the certificate verified.

Only the address differs from AWS: it is this machine. The TLS versions are those that the origin allows, the handshake
names the API (SNI), and the certificate must be for it and of the authority that is trusted here. Connections are kept
alive.
"""

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass

import h11

from gatehouse_cloud.process import LOOPBACK

_LARGEST_READ = 65536


class Failed(Exception):
    """There is no connection, no trusted certificate, or no complete response."""


@dataclass
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    protocol: h11.Connection


class Connections:
    """Connections to one port of this machine, kept alive by the name that they were made for."""

    def __init__(self, port: int, authority: str):
        self._port = port
        self._authority = authority
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._idle: dict[tuple[str, tuple[str, ...]], deque[_Connection]] = {}
        self._handshakes: dict[str, dict] = {}

    def describe(self) -> list[dict]:
        """Describe the last handshake with each origin: TLS version, and the names of its certificate."""
        return [{"origin": name, **handshake} for name, handshake in self._handshakes.items()]

    async def send(
        self, name: str, versions: tuple[str, ...], method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a request; return status, headers and body of the response. versions are of TLS, as CloudFront names them."""
        kept = self._idle.setdefault((name, versions), deque())
        while kept:
            connection = kept.pop()
            if not connection.reader.at_eof():
                break
            connection.writer.close()
        else:
            connection = await self._connect(name, versions)
        try:
            response = await _exchange(connection, method, target, headers, body)
        except (OSError, h11.ProtocolError, asyncio.IncompleteReadError) as problem:
            connection.writer.close()
            raise Failed(f"{name}: {problem}") from problem
        except BaseException:  # a timeout, most of all: the response would be taken for the next request's
            connection.writer.close()
            raise
        if connection.protocol.our_state is connection.protocol.their_state is h11.DONE:
            connection.protocol.start_next_cycle()
            kept.append(connection)
        else:
            connection.writer.close()
        return response

    async def _connect(self, name: str, versions: tuple[str, ...]) -> _Connection:
        try:
            reader, writer = await asyncio.open_connection(
                LOOPBACK, self._port, ssl=self._context(versions), server_hostname=name
            )
        except (OSError, ssl.SSLError) as problem:
            raise Failed(f"{name}: {problem}") from problem
        shaken = writer.get_extra_info("ssl_object")
        self._handshakes[name] = {
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


async def _exchange(connection: _Connection, method: str, target: str, headers: dict[str, str], body: bytes):
    protocol, writer = connection.protocol, connection.writer
    sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    if body or method in ("POST", "PUT", "PATCH"):
        sent.append((b"Content-Length", str(len(body)).encode()))
    request = protocol.send(h11.Request(method=method.encode(), target=target.encode("latin-1"), headers=sent))
    writer.write(request + protocol.send(h11.Data(body)) + protocol.send(h11.EndOfMessage()))
    await writer.drain()
    status, received, content = 0, [], bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            protocol.receive_data(await connection.reader.read(_LARGEST_READ))
        elif isinstance(event, h11.Response):
            status = event.status_code
            received = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers]
        elif isinstance(event, h11.Data):
            content += event.data
        elif isinstance(event, h11.EndOfMessage):
            return status, received, bytes(content)
        elif isinstance(event, h11.ConnectionClosed):
            raise Failed("the origin closed the connection")
