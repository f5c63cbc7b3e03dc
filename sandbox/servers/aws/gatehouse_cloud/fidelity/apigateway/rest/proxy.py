"""Invokes functions for Lambda proxy integrations of REST APIs, buffered or streamed.

ministack buffers all responses, waits for them without an end, and shows a function's error to the client. Here the
integration's timeout is a 504, and a failed function a 502 that doesn't say why. A streamed response leaves as it comes,
its head first; one that breaks off, is silent for too long or takes longer than the timeout ends without its last chunk.
A client that leaves doesn't stop the function.
"""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import AsyncIterator

from ministack.core.responses import StreamingResponse
from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import disconnects
from gatehouse_cloud.fidelity.apigateway.rest import events, headers, integrations, permissions
from gatehouse_cloud.fidelity.apigateway.rest.gateway_responses import Refusal
from gatehouse_cloud.fidelity.apigateway.rest.limits import Limits
from gatehouse_cloud.fidelity.apigateway.rest.requests import Call
from gatehouse_cloud.fidelity.awslambda import streams


def _refused(status: int) -> Refusal:
    """Return the gateway response for an invocation that failed.

    Without a customized type, one that Lambda throttles is a 500 (https://repost.aws/questions/QUL-z6rJbmR4meafB7MzYXxw).
    A failed function is a 502 of the type for errors in general.
    """
    if status == 413:
        return Refusal("REQUEST_TOO_LARGE")
    if status == 429:
        return Refusal("INTEGRATION_FAILURE", 500)
    return Refusal("DEFAULT_5XX", 500 if status == 500 else 502)


async def invoke(call: Call, limits: Limits) -> tuple:
    """Return status, headers and body; raise a Refusal."""
    integration = call.method["methodIntegration"]
    function = integrations.function_of(integration["uri"])
    if not integration.get("credentials") and not permissions.may_invoke(function, call.source_arn, call.request):
        raise Refusal("API_CONFIGURATION_ERROR")
    if integration.get("responseTransferMode") == integrations.STREAM:
        return await _streamed(call, function, limits)
    return await _buffered(call, function, limits.timeout(integration))


async def _buffered(call: Call, function: str, timeout: float) -> tuple:
    request = call.request
    invocation = v1._call_lambda_raw(function, events.of_proxy(call), account_id=request.account, region=request.region)
    try:
        result, _ = await asyncio.wait_for(invocation, timeout)
    except asyncio.TimeoutError as problem:
        raise Refusal("INTEGRATION_TIMEOUT") from problem
    body = result.get("body")
    if result.get("throttle"):
        raise _refused(429)
    if result.get("error"):
        # An event that is too large never reaches the function.
        raise _refused(413 if isinstance(body, dict) and body.get("statusCode") == 413 else 502)
    return _response(call, integrations.parsed(body))


def _response(call: Call, answer) -> tuple:
    """Return the response that a function describes; one that is malformed is a failure of the function."""
    if not isinstance(answer, dict) or set(answer) - {
        "statusCode",
        "headers",
        "multiValueHeaders",
        "body",
        "isBase64Encoded",
    }:
        raise _refused(502)
    try:
        status = int(answer["statusCode"])
        several = answer.get("multiValueHeaders") or {}
        repeated = {name.lower() for name in several}
        sent = [
            (name, _text(value))
            for name, value in (answer.get("headers") or {}).items()
            if name.lower() not in repeated
        ]
        sent += [(name, _text(value)) for name, values in several.items() for value in values]
        body = _body(call, answer)
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as problem:
        raise _refused(502) from problem
    shown = headers.of_response([(name, value) for name, value in sent if name.lower() != "content-length"])
    if "content-type" not in {name.lower() for name in shown}:
        shown["Content-Type"] = "application/json"
    return status, headers.with_ids(shown, call.request), body


def _text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _body(call: Call, answer: dict) -> bytes:
    body = answer.get("body") or ""
    if not isinstance(body, str):
        raise ValueError("the body is no string")
    binary = call.snapshot.api.get("binaryMediaTypes") or []
    if answer.get("isBase64Encoded") and events.is_binary(call.request, "accept", binary):
        return base64.b64decode(body)
    return body.encode()


async def _streamed(call: Call, function: str, limits: Limits) -> tuple:
    integration, request = call.method["methodIntegration"], call.request
    ends, idle = time.monotonic() + limits.timeout(integration), limits.idle(call.snapshot.api)
    invocation = streams.invoke_streaming(
        function, events.of_proxy(call), account_id=request.account, region=request.region
    )
    try:
        response = await asyncio.wait_for(invocation, min(idle, ends - time.monotonic()))
    except streams.StreamRefused as refusal:
        raise _refused(refusal.status) from refusal
    except asyncio.TimeoutError as problem:
        raise Refusal("INTEGRATION_TIMEOUT") from problem
    sent = [*response.headers, *(("Set-Cookie", cookie) for cookie in response.cookies)]
    shown = headers.of_response([(name, value) for name, value in sent if name.lower() != "content-length"])
    if "content-type" not in {name.lower() for name in shown}:
        shown["Content-Type"] = "application/json"
    runner = _runner(_timed(response, ends, idle), response.close)
    return response.status, headers.with_ids(shown, request), StreamingResponse(runner)


async def _timed(response: streams.StreamedResponse, ends: float, idle: float) -> AsyncIterator[bytes]:
    """Yield the parts of a response; raise a TimeoutError when the next one takes too long."""
    parts = aiter(response)
    while True:
        try:
            yield await asyncio.wait_for(anext(parts), min(idle, max(0, ends - time.monotonic())))
        except StopAsyncIteration:
            return


def _runner(parts: AsyncIterator[bytes], leave):
    async def run(send, receive) -> None:
        # An empty part, so that the head doesn't wait for the first one with content.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        try:
            if await disconnects.unless_disconnected(receive, _copy(parts, send)):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leave()

    return run


async def _copy(parts: AsyncIterator[bytes], send) -> bool:
    """Send the parts; report whether they are all there."""
    try:
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
    except (streams.StreamBroken, asyncio.TimeoutError) as problem:
        v1.logger.warning("streamed response: %s", problem or "timed out")
        return False
    return True
