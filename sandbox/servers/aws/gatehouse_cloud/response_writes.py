"""Writes the head of a response and the first part of its body at once.

hypercorn writes them one after the other. On a busy machine the client sees the head alone for a while. The AWS SDK for
Go then closes the request's body, and if its transport has not yet read the end of that, it closes the connection: the
response is lost, the SDK retries, and what the request creates exists already. AWS is too far away for that.
"""

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(H11Protocol, "_send_h11_event", _send)


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
