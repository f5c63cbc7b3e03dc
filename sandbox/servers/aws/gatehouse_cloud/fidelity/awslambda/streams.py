"""Invokes functions whose responses are streamed, as API Gateway does with the transfer mode STREAM.

ministack's Runtime API reads a response whole and leaves the bytes of its trailers on the connection. Here an invocation
that is marked as streaming passes on each chunk when the runtime has written it; whether it is, is the caller's choice
and not the function's, as on AWS: a runtime writes chunks for buffered responses too.

- The head is in the prelude, which must end within 16 KiB; a response without it is refused (502), and one that isn't
  streamed as well (500).
- A task that times out says so in its log, as on AWS.
- A function that ends with an error in its trailers ends its response cleanly. One that dies, or that its timeout ends,
  breaks it off.
- A caller that leaves doesn't stop the function: it runs to its end, and that is its duration.
- An open stream takes one execution environment, and counts as one execution of the function and the account.
"""

import asyncio
import base64
import binascii
import contextvars
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from datetime import datetime, timezone

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.awslambda.stream_parts import Head, Parts, Rates, StreamBroken, StreamRefused

__all__ = ["StreamBroken", "StreamRefused", "StreamedResponse", "invoke_streaming"]

logger = logging.getLogger("cloud.functions")

ERROR_TYPE, ERROR_BODY = "lambda-runtime-function-error-type", "lambda-runtime-function-error-body"
TIMED_OUT = "Sandbox.Timedout"

# The response that the invocation of this thread streams; None for a buffered one.
_parts: ContextVar[Parts | None] = ContextVar("parts", default=None)
_rates = Rates()


class StreamedResponse:
    """A response whose head is here and whose body comes: iterate over it, and close it to leave before its end.

    Iterating raises StreamBroken where the body ends in the middle; an HTTP response must then end without its last chunk.
    """

    def __init__(self, head: Head, parts: Parts):
        self.status: int = head.status
        self.headers: list[tuple[str, str]] = head.headers
        self.cookies: list[str] = head.cookies
        self._parts = parts

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while (part := await self._parts.next()) is not None:
                yield part
        finally:
            self.close()

    def close(self) -> None:
        """Leave: the function goes on, and what it still writes is dropped."""
        self._parts.leave()


async def invoke_streaming(
    function: str, event: dict, *, account_id: str | None = None, region: str | None = None
) -> StreamedResponse:
    """Invoke a function by its name or ARN; return its response once its head and the first byte of its body are here.

    It raises StreamRefused with the status that API Gateway returns: 429 if the function is throttled, 413 for an event
    that is too large, 502 for a function that failed, 500 for a response that isn't streamed. A caller that is cancelled
    while it waits leaves; the function goes on.
    """
    record, config, name = lambda_svc._get_func_record_for_ref_in_scope(function, account_id=account_id, region=region)
    if record is None or config is None:
        raise StreamRefused(500, f"there is no function {function or name}")
    parts = Parts(asyncio.get_running_loop(), _rates)
    context = contextvars.copy_context()
    context.run(_parts.set, parts)
    invoked = lambda_svc._execution_record_for_config(record, config)
    threading.Thread(
        target=context.run, args=(_run, invoked, event, parts), daemon=True, name=f"stream of {name}"
    ).start()
    try:
        return StreamedResponse(await parts.next(), parts)
    except BaseException:
        parts.leave()
        raise


def _run(record: dict, event: dict, parts: Parts) -> None:
    try:
        failure = _failure(lambda_svc._execute_function_with_config_scope(record, event))
    except Exception as problem:
        logger.exception("streamed invocation")
        failure = StreamRefused(502, str(problem))
    parts.finish(failure)


def _failure(result: dict) -> StreamRefused | None:
    body = result.get("body")
    body = body if isinstance(body, dict) else {"errorMessage": str(body)}
    if result.get("throttle"):
        return StreamRefused(429, body.get("message", "Rate Exceeded"))
    if not result.get("error"):
        return None
    # An event that is too large never reaches the function.
    status = body.get("statusCode", 502)
    return StreamRefused(status, f"{body.get('errorType', 'error')}: {body.get('errorMessage', body.get('body', ''))}")


def install(rates: Rates) -> None:
    """Let the rates limit the bodies of streamed responses."""
    global _rates
    _rates = rates
    patching.extend(lambda_runtime.ProvidedWorker, "_build_handler_class", _handler)
    patching.wrap(lambda_runtime.ProvidedWorker, "invoke", _invoke)


def _invoke(proceed, self, request_id):
    self._parts = parts = _parts.get()
    try:
        result = proceed()
    finally:
        self._parts = None
        if parts:
            parts.release()
    problem = result.get("error_payload")
    if isinstance(problem, dict) and problem.get("errorType") == TIMED_OUT:
        line = f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%S.%fZ} {request_id} {result['error']}"
        result["log"] = "\n".join(filter(None, [result["log"], line]))
    return result


def _handler(original, self, generation, pending):
    worker = self

    class Handler(original(self, generation, pending)):
        """Reads trailers, too, and passes on the chunks of a response that is streamed."""

        def do_POST(self):
            match = lambda_runtime._INVOCATION_RESULT_RE.search(self.path)
            parts = getattr(worker, "_parts", None)
            if not parts or not match or match.group(2) == "error" or match.group(1) != worker._current_request_id:
                return super().do_POST()
            parts.begin(self.headers.get("Content-Type", ""))
            for part in self._read_parts():
                parts.write(part)
            if kind := self.trailers.get(ERROR_TYPE):
                logger.warning(
                    "%s: %s after the head: %s", worker.func_name, kind, _text(self.trailers.get(ERROR_BODY))
                )
            accepted = worker._record_result(generation, match.group(1), "response", None)
            self._respond(202 if accepted else 400)

        def _read_body(self) -> bytes:
            return b"".join(self._read_parts())

        def _read_parts(self) -> Iterator[bytes]:
            self.trailers: dict[str, str] = {}
            if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
                length = int(self.headers.get("Content-Length", 0))
                yield self._exactly(length)
                return
            while size := int(self._line().partition(b";")[0], 16):
                yield self._exactly(size)
                self._line()
            while line := self._line().strip():
                name, _, value = line.decode("latin-1").partition(":")
                self.trailers[name.strip().lower()] = value.strip()

        def _line(self) -> bytes:
            line = self.rfile.readline()
            if not line.endswith(b"\n"):
                raise ConnectionResetError("the runtime closed its connection")
            return line

        def _exactly(self, size: int) -> bytes:
            data = self.rfile.read(size) if size else b""
            if len(data) < size:
                raise ConnectionResetError("the runtime closed its connection")
            return data

    return Handler


def _text(encoded: str | None) -> str:
    try:
        return base64.b64decode(encoded or "").decode("utf-8", "replace")
    except binascii.Error:
        return ""
