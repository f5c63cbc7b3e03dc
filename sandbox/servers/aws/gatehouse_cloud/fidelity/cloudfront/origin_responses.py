"""Passes an origin's response on to the viewer as it comes: the head first, then each part of the body.

ministack reads a response whole. CloudFront passes on each packet; where the origin stops in the middle, the viewer's
response ends without its end, and where the viewer leaves, the connection to the origin is closed. Before the head, an
origin that can't be reached or doesn't respond is a 502 or 504.

Origins in plain HTTP that are this machine by their name (localhost) are reached here, too; ministack reads their
responses whole.
"""

import contextlib
import http.client
import re

from ministack.core.responses import StreamingResponse
from ministack.services import cloudfront

from gatehouse_cloud import disconnects, patching
from gatehouse_cloud.fidelity.cloudfront import edge
from gatehouse_cloud.fidelity.cloudfront.origin_connections import Connections, Failed, Response, Server, TimedOut

THIS_MACHINE = re.compile(r"^(localhost|127(\.\d+){3})$")


def install(connections: Connections) -> None:
    async def fetch(proceed, origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff):
        name = cloudfront._normalize_origin_host(origin["domain_name"])
        _, port, https = cloudfront._origin_connect_target(origin, viewer_is_https)
        if https or not THIS_MACHINE.match(name):
            return await proceed()
        target = target_of(origin, uri, query_string)
        sent = cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff)
        return await respond(connections, Server(name, port=port), origin, method, target, sent, body)

    async def request(proceed):
        current = edge.passage.get()
        status, headers, body = None, None, None
        try:
            status, headers, body = await proceed()
            return status, headers, body
        finally:
            # Those of error pages' requests, or of one whose function for the viewer's response failed.
            for stream, response in current.opened if current else ():
                if stream is not body:
                    response.close()

    patching.wrap(cloudfront, "_fetch_from_origin", fetch)
    patching.wrap(cloudfront, "handle_viewer_request", request)


def target_of(origin: dict, uri: str, query_string: str) -> str:
    """Return the target of a request to an origin."""
    return (origin.get("origin_path") or "") + uri + (f"?{query_string}" if query_string else "")


async def respond(
    connections: Connections,
    server: Server,
    origin: dict,
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes | None,
) -> tuple:
    """Send a request to an origin; return status, reason, headers, and a body that is passed on as it comes."""
    try:
        response = await connections.send(server, method, target, headers, body or b"", origin["read_timeout"])
    except TimedOut as problem:
        raise cloudfront.OriginTimeout(f"no response from {server.name}") from problem
    except Failed as problem:
        cloudfront.logger.warning("origin %s", problem)
        raise cloudfront.OriginUnreachable(str(problem)) from problem
    stream = StreamingResponse(_runner(server.name, response))
    edge.passage.get().opened.append((stream, response))
    reason = http.client.responses.get(response.status, "")
    return response.status, reason, cloudfront._multidict_from_pairs(response.headers), stream


def _runner(name: str, response: Response):
    async def run(send, receive) -> None:
        try:
            await disconnects.unless_disconnected(receive, _pass_on(name, response, send))
        finally:
            response.close()

    return run


async def _pass_on(name: str, response: Response, send) -> None:
    try:
        if not response.begun:
            # An empty part lets the head leave.
            await send({"type": "http.response.body", "body": b"", "more_body": True})
        async with contextlib.aclosing(response.parts()) as parts:
            async for part in parts:
                await send({"type": "http.response.body", "body": part, "more_body": True})
    except Failed as problem:
        # The last message is not sent, so that the viewer's response has no end either.
        cloudfront.logger.warning("origin %s broke off: %s", name, problem)
        return
    await send({"type": "http.response.body", "body": b"", "more_body": False})
