"""The parts of a streamed response on their way from a function to its caller.

A function's runtime writes them from the thread of its Runtime API, the caller reads them in the event loop. The first
part is the prelude: a JSON object with status, headers and cookies, and eight NUL bytes after it.
"""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field

CONTENT_TYPE = "application/vnd.awslambda.http-integration-response"
SEPARATOR = b"\0" * 8
LARGEST_PRELUDE = 16 * 1024
# Where a caller reads slower than the function writes, the function waits.
MOST_WAITING = 1 << 20


class StreamRefused(Exception):
    """There is no streamed response: the function failed before its head, or its response isn't streamed."""

    def __init__(self, status: int, reason: str):
        super().__init__(reason)
        self.status = status
        self.reason = reason


class StreamBroken(Exception):
    """The body ended before the function had written it all."""


@dataclass
class Rates:
    """Limits of a streamed response's body, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""

    limited: bool = False  # whether the speed is; tests that measure it turn it on
    unlimited_bytes: int = 6 * 1024 * 1024
    bytes_per_second: int = 2 * 1024 * 1024
    largest: int = 200 * 1024 * 1024

    def pause(self, written: int, more: int) -> float:
        """Return how long the next bytes must wait for those that are written."""
        beyond = min(more, written + more - self.unlimited_bytes)
        return max(0, beyond) / self.bytes_per_second if self.limited else 0


@dataclass
class Head:
    """The status, headers and cookies of a response."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, prelude: bytes) -> "Head":
        """Return the head in a prelude; a name in multiValueHeaders takes precedence over the same in headers."""
        found = json.loads(prelude)
        if not isinstance(found, dict):
            raise ValueError("the prelude is no object")
        several = found.get("multiValueHeaders") or {}
        repeated = {name.lower() for name in several}
        headers = [
            (name, str(value)) for name, value in (found.get("headers") or {}).items() if name.lower() not in repeated
        ]
        headers += [(name, str(value)) for name, values in several.items() for value in values]
        status = int(found.get("statusCode", 200))
        if not 200 <= status <= 599:
            raise ValueError(f"the status is {status}")
        return cls(status, headers, [str(cookie) for cookie in found.get("cookies") or []])


class Parts:
    """A queue of one response: the head, then pieces of the body, then how it ended."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rates: Rates):
        self._loop, self._rates = loop, rates
        self._queue: asyncio.Queue = asyncio.Queue()
        self._change = threading.Condition()
        self._waiting = 0  # bytes that the caller has not read
        self._written = 0  # bytes of the body
        self._prelude = b""
        self._head: Head | None = None
        self._closed = False  # the caller left, or the response is refused: nothing more is passed on
        self._refusal: StreamRefused | None = None
        self._broken = ""
        self.streamed = False  # whether the response has the content type of a streamed one

    # Called by the function's threads.

    def begin(self, content_type: str) -> None:
        """Begin the response that the runtime sends."""
        self.streamed = content_type.partition(";")[0].strip().lower() == CONTENT_TYPE
        if not self.streamed:
            self._refuse(StreamRefused(500, f"the response of the function isn't streamed, but {content_type!r}"))

    def write(self, data: bytes) -> None:
        """Pass data on, at the speed that is allowed; drop it when the caller left."""
        if self._closed or self._broken or not data:
            return
        if self._head is None:
            data = self._after_prelude(data)
        if self._closed or not data:
            return
        if pause := self._rates.pause(self._written, len(data)):
            time.sleep(pause)
        if self._written + len(data) > self._rates.largest:
            self.cut("Function.ResponseSizeTooLarge")
            return
        if not self._written:
            self._put(self._head)
        self._written += len(data)
        self._wait_for_room(len(data))
        self._put(data)

    def cut(self, reason: str) -> None:
        """Let the body end in the middle once the invocation is over."""
        self._broken = self._broken or reason

    def finish(self, failure: StreamRefused | None) -> None:
        """End the response; with a failure, in the middle or before its head."""
        if self._written and (failure or self._broken):
            return self._put(StreamBroken(self._broken or failure.reason))
        if self._written:
            return self._put(None)
        # Without a byte of the body the head never leaves. A runtime that ministack runs by other means never begins.
        missing = StreamRefused(502, "no body") if self.streamed else StreamRefused(500, "no stream")
        self._put(failure or self._refusal or missing)

    def release(self) -> None:
        """Let a function that waits for its caller go on; used when it ends."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _after_prelude(self, data: bytes) -> bytes:
        prelude, found, rest = (self._prelude + data).partition(SEPARATOR)
        if len(prelude) > LARGEST_PRELUDE:
            self._refuse(StreamRefused(502, f"the prelude has more than {LARGEST_PRELUDE} bytes"))
            return b""
        if not found:
            self._prelude = prelude
            return b""
        try:
            self._head = Head.parse(prelude)
        except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
            self._refuse(StreamRefused(502, f"the prelude is malformed: {problem}"))
            return b""
        return rest

    def _refuse(self, refusal: StreamRefused) -> None:
        self._refusal = self._refusal or refusal
        self._closed = True

    def _wait_for_room(self, more: int) -> None:
        with self._change:
            self._change.wait_for(lambda: self._closed or not self._waiting or self._waiting + more <= MOST_WAITING)
            self._waiting += more

    def _put(self, part) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, part)
        except RuntimeError:
            pass  # the loop is closed: the cloud ends

    # Called in the event loop.

    async def next(self) -> Head | bytes | None:
        """Return the next part, None at the end; raise StreamRefused or StreamBroken."""
        part = await self._queue.get()
        if isinstance(part, Exception):
            raise part
        if isinstance(part, bytes):
            with self._change:
                self._waiting -= len(part)
                self._change.notify_all()
        return part

    def leave(self) -> None:
        """Drop what the function still writes."""
        self.release()
