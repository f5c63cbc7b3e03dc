"""Notices clients that leave before their response is whole."""

import asyncio
from collections.abc import Coroutine


def remembered(receive):
    """Return a receive that repeats that the client left; a server says so once."""
    left = None

    async def repeat():
        nonlocal left
        message = left or await receive()
        left = message if message["type"] == "http.disconnect" else None
        return message

    return repeat


async def until_disconnected(receive) -> None:
    """Return once the client has closed the connection; its request must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless_disconnected(receive, work: Coroutine):
    """Return the result of some work; cancel it and return None if the client leaves before."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(until_disconnected(receive))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, leaving):
            task.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)
