"""A CONNECT proxy through which functions reach the API and the distribution by their names on AWS.

Those names resolve to AWS, or not at all on a closed network. Functions get this proxy in HTTPS_PROXY; it opens tunnels
to the HTTP APIs and distributions of this cloud, and to no other host. TLS goes through it from end to end: the cloud
presents a certificate for the name in the request, of an authority that functions trust.
"""

import asyncio
import re
import socket

from gatehouse_cloud.fidelity.apigateway.endpoints import API_HOST
from gatehouse_cloud.process import LOOPBACK

DISTRIBUTION_HOST = re.compile(r"^[a-z0-9]+\.cloudfront\.net(?::443)?$")
_LARGEST_REQUEST = 8192


class Tunnels:
    """A CONNECT proxy."""

    def __init__(self, api_port: int, distribution_port: int):
        self._targets = ((API_HOST, api_port), (DISTRIBUTION_HOST, distribution_port))

    async def serve(self, listening: socket.socket) -> None:
        """Serve until cancelled."""
        server = await asyncio.start_server(self._handle, sock=listening, limit=_LARGEST_REQUEST)
        async with server:
            await server.serve_forever()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._tunnel(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # one of the two ends is closed, or doesn't speak HTTP
        finally:
            writer.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        port = self.target(head)
        if port is None:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return await writer.drain()
        upstream_reader, upstream_writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_copy(reader, upstream_writer), _copy(upstream_reader, writer))
        finally:
            upstream_writer.close()

    def target(self, head: str) -> int | None:
        """Return the local port of the host in a CONNECT request's head; None for a host outside this cloud."""
        words = head.split("\r\n", 1)[0].split(" ")
        if len(words) != 3 or words[0] != "CONNECT" or not words[1].endswith(":443"):
            return None
        return next((port for host, port in self._targets if host.match(words[1])), None)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
