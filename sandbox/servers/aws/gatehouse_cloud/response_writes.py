"""Writes the head of a response and the first part of its body at once.

hypercorn writes them one after the other. On a busy machine the client sees the head alone for a while. The AWS SDK for
Go then closes the request's body, and if its transport has not yet read the end of that, it closes the connection: the
response is lost, the SDK retries, and what the request creates exists already. AWS is too far away for that.

A response that is streamed may have no first part for long. An empty part with more to come lets its head leave at once. One
that ends without its last part is broken off over HTTP/2, too, where hypercorn would leave the viewer waiting; and so is
one that fails, which ministack would end as if it were whole.
"""

import contextlib

import h11
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hypercorn.events import RawData
from hypercorn.protocol.events import Body, StreamClosed
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.protocol.http_stream import ASGIHTTPState, HTTPStream
from ministack import app
from ministack.core.responses import StreamingResponse
from priority import MissingStreamError

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(H11Protocol, "_send_h11_event", _send)
    patching.extend(HTTPStream, "app_send", _flush)
    patching.extend(H2Protocol, "stream_send", _break_off)
    patching.extend(app, "_send_streaming_response", _without_end)


async def _send(original, self, event):
    head, send = getattr(self, "_head", b""), self.send
    self._head = b""

    async def hold(raw: RawData) -> None:
        self._head = raw.data

    async def send_together(raw: RawData) -> None:
        await send(RawData(data=head + raw.data))

    self.send = hold if isinstance(event, h11.Response) else send_together if head else send
    try:
        await original(self, event)
    finally:
        self.send = send


async def _flush(original, self, message):
    await original(self, message)
    empty = message and message["type"] == "http.response.body" and not message.get("body")
    if empty and message.get("more_body") and self.state is ASGIHTTPState.RESPONSE and not self.closed:
        await self.send(Body(stream_id=self.stream_id, data=b""))


async def _break_off(original, self, event):
    if isinstance(event, StreamClosed) and (buffer := self.stream_buffers.get(event.stream_id)):
        if not buffer._complete:
            if buffer.buffer:
                await buffer.drain()
            with contextlib.suppress(ProtocolError, MissingStreamError):  # the viewer has closed it
                self.connection.reset_stream(event.stream_id, ErrorCodes.INTERNAL_ERROR)
                await self._flush()
                # Lets the sending task find the stream closed, and remove it.
                await buffer.close()
                self.priority.unblock(event.stream_id)
    await original(self, event)


async def _without_end(original, send, receive, status, headers, streaming):
    async def run(send, receive) -> None:
        try:
            await streaming.runner(send, receive)
        except Exception:
            app.logger.exception("streamed response")

    await original(send, receive, status, headers, StreamingResponse(run))
