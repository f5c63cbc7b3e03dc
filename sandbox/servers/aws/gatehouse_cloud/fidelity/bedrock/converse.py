"""Serves Converse and ConverseStream: a strict check of the request, and a completion by a server's model.

ministack accepts nearly every request and returns a fixed text; it can forward it to a server, but with the name of Bedrock's
model, without images, reasoning and structured output, and a failure becomes the fixed text. Its guardrails are kept.
"""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Iterator

from ministack.core.responses import StreamingResponse
from ministack.services import bedrock_runtime

from gatehouse_cloud import disconnects, patching
from gatehouse_cloud.fidelity.bedrock import (
    completion_requests,
    completion_responses,
    conversations,
    guarded_streams,
    model_server,
    reasoning,
)
from gatehouse_cloud.fidelity.bedrock.completion_responses import Event
from gatehouse_cloud.fidelity.bedrock.caching import Cache
from gatehouse_cloud.fidelity.bedrock.conversations import Conversation
from gatehouse_cloud.fidelity.bedrock.guarding import Guard
from gatehouse_cloud.fidelity.bedrock.model_server import Server, Stream
from gatehouse_cloud.fidelity.bedrock.refusals import Refused

logger = logging.getLogger("cloud.models")

PATH = "/v1/chat/completions"
EVENT_STREAM = {"Content-Type": "application/vnd.amazon.eventstream"}
JSON = {"Content-Type": "application/json"}
# The exceptions that a stream may end with, by the code of the failure; any other is a failure of the stream.
EXCEPTIONS = {
    "InternalServerException": "internalServerException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ThrottlingException": "throttlingException",
    "ValidationException": "validationException",
}


class Completion:
    """The completion of one conversation, and what it cost."""

    def __init__(self, server: Server, cache: Cache, conversation: Conversation):
        self._server, self._cache, self._conversation = server, cache, conversation
        self._began = time.monotonic()
        body, family = conversation.body, conversation.family
        stop_sequences = (body.get("inferenceConfig") or {}).get("stopSequences") or []
        self._translator = completion_responses.Translator(family, bool(reasoning.effort(body, family)), stop_sequences)
        self._request = completion_requests.translate(conversation)
        self._stream: Stream | None = None

    def whole(self) -> tuple[list[dict], str]:
        """Return the blocks and the reason to stop."""
        completion = self._server.post(PATH, self._conversation.model, self._request)
        return completion_responses.assemble(self._translator.events([completion_responses.as_chunk(completion)]))

    def events(self) -> Iterator[Event]:
        """Return the events, as the server sends their chunks; raise if it sends none."""
        request = {**self._request, "stream_options": {"include_usage": True}}
        self._stream = self._server.stream(PATH, self._conversation.model, request)
        return self._translator.events(self._stream)

    def abandon(self) -> None:
        """End the stream, since its reader left."""
        if self._stream:
            self._stream.abandon()

    def cost(self) -> dict:
        """Return the members usage and metrics of a response."""
        found = self._translator
        family = self._conversation.family
        used = self._cache.use(self._conversation.model, self._conversation.body, family, found.prompt_tokens)
        usage = {
            "inputTokens": used.fresh,
            "outputTokens": found.completion_tokens,
            "totalTokens": found.prompt_tokens + found.completion_tokens,
        }
        if family.cached:
            usage |= {"cacheReadInputTokens": used.read, "cacheWriteInputTokens": used.written}
        return {"usage": usage, "metrics": {"latencyMs": max(1, round((time.monotonic() - self._began) * 1000))}}


def install(model_url: str) -> None:
    """Let the server at the URL, without /v1 at its end, complete the conversations."""
    server, cache = Server(model_url), Cache()

    def complete(model_id, body, streamed):
        conversation = conversations.parse(model_id, body, streamed)
        return Completion(server, cache, conversation), Guard.of(conversation.body)

    def converse(original, model_id, headers, body):
        try:
            found, guard = complete(model_id, body, False)
            blocks, stop_reason = guard.apply(found.whole)
            response = {
                "output": {"message": {"role": "assistant", "content": blocks}},
                "stopReason": stop_reason,
                **found.cost(),
                **guard.trace(),
            }
        except Refused as refusal:
            return refusal.response
        return 200, dict(JSON), json.dumps(response).encode()

    def converse_stream(original, model_id, headers, body):
        try:
            found, guard = complete(model_id, body, True)
            if guard and (blocked := guard.blocked_input()):
                events = completion_responses.pieces(*blocked)
            else:
                events = guarded_streams.guarded(guard, found.events()) if guard else found.events()
        except Refused as refusal:
            return refusal.response
        return 200, dict(EVENT_STREAM), StreamingResponse(_sender(_messages(events, found, guard), found))

    patching.extend(bedrock_runtime, "_converse", converse)
    patching.extend(bedrock_runtime, "_converse_stream", converse_stream)


def _messages(events: Iterator[Event], found: Completion, guard: Guard) -> Iterator[bytes]:
    """Yield the messages of a stream. A failure is its last, since the status is sent."""
    try:
        for name, event in events:
            yield bedrock_runtime._es_event(name, event)
        yield bedrock_runtime._es_event("metadata", {**found.cost(), **guard.trace()})
    except Refused as failure:
        name = EXCEPTIONS.get(failure.code, "modelStreamErrorException")
        headers = {":message-type": "exception", ":exception-type": name, ":content-type": "application/json"}
        yield bedrock_runtime._es_encode_message(headers, json.dumps({"message": str(failure)}).encode())


def _sender(messages: Iterator[bytes], completion: Completion):
    """Send each message when it is there. A thread of its own reads them, so that no stream waits for another."""

    async def run(send, receive):
        loop, queue = asyncio.get_running_loop(), asyncio.Queue()
        threading.Thread(target=_read, args=(messages, loop, queue), daemon=True).start()
        try:
            await disconnects.unless_disconnected(receive, _send(queue, send))
        finally:
            completion.abandon()

    return run


def _read(messages: Iterator[bytes], loop: asyncio.AbstractEventLoop, queue: asyncio.Queue) -> None:
    try:
        for message in messages:
            loop.call_soon_threadsafe(queue.put_nowait, message)
        loop.call_soon_threadsafe(queue.put_nowait, b"")
    except model_server.Cut as problem:
        logger.warning("%s", problem)
        loop.call_soon_threadsafe(queue.put_nowait, None)
    except Exception:
        logger.exception("stream of a model")
        loop.call_soon_threadsafe(queue.put_nowait, None)


async def _send(queue: asyncio.Queue, send) -> None:
    while message := await queue.get():
        await send({"type": "http.response.body", "body": message, "more_body": True})
    # A stream that is cut has no end.
    if message is not None:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
