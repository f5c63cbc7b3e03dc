"""Routes requests of viewers and clients to a distribution or an API, by Host and by port.

ministack routes by the Host header alone, knows no aliases, and serves paths such as /health or /v2/ itself for every
host. Here every path belongs to the distribution or API that Host names. One port each serves the newest distribution
and the newest HTTP API where Host is this machine, or the newest REST API if the path begins with the name of a stage of
it; these speak plain HTTP and stand for HTTPS. On the AWS API's port, a request with a distribution's name counts as
plain HTTP.
"""

import json
import re
from urllib.parse import parse_qs

from ministack import app
from ministack.core import responses
from ministack.core.sigv4 import decode_header_value
from ministack.services import apigateway, apigateway_v1, cloudfront

from gatehouse_cloud import disconnects
from gatehouse_cloud.fidelity.apigateway import endpoints
from gatehouse_cloud.fidelity.apigateway.rest import gateway
from gatehouse_cloud.fidelity.cloudfront import deployments, edge

# The member of a scope with the headers before their names were put in lower case.
ORIGINAL_HEADERS = "gatehouse.original_headers"
THIS_MACHINE = re.compile(r"^(127(\.\d+){3}|localhost|\[::1\])?$")


async def serve_distribution(scope, receive, send) -> None:
    """Respond as CloudFront does over HTTPS."""
    await _serve_distribution(scope, receive, send, secure=True)


async def serve_distribution_over_http(scope, receive, send) -> None:
    """Respond as CloudFront does over plain HTTP."""
    await _serve_distribution(scope, receive, send, secure=False)


def with_lower_case(scope):
    """Return a scope of HTTP with headers in lower case, as ASGI has them, and those that were sent beside them."""
    lower = [(name.lower(), value) for name, value in scope["headers"]]
    return {**scope, "headers": lower, ORIGINAL_HEADERS: scope["headers"]}


def names_distribution(scope) -> bool:
    """Report whether a request's Host is a distribution's domain name or alias."""
    return _distribution(_host(scope)) is not None


async def _serve_distribution(scope, receive, send, secure: bool) -> None:
    host = _host(scope)
    distribution = _distribution(host)
    if THIS_MACHINE.match(host):
        distribution = next(reversed(cloudfront._distributions.values()), None)
        if distribution is None:
            return await _refuse(send, "There is no CloudFront distribution yet.")

    async def response(request):
        if distribution is None:
            return cloudfront._cf_error_response(403, "Bad request.", cloudfront._ERROR_X_CACHE)
        if THIS_MACHINE.match(host):
            request.headers["host"] = distribution["DomainName"]
        edge.passage.set(edge.Passage(secure, request.sent, deployments.viewer.get()[1]))
        return await cloudfront.handle_viewer_request(
            distribution,
            request.method,
            request.path,
            request.raw_path,
            request.raw_query,
            request.headers,
            request.body,
            request.query,
            request.client,
        )

    # A viewer that leaves just when the head comes must be noticed by what sends the body, too.
    receive = disconnects.remembered(receive)

    async def unless_left(request):
        # A viewer that leaves before the head ends the request to the origin.
        return await disconnects.unless_disconnected(receive, response(request))

    await _serve(scope, receive, send, unless_left)


def _distribution(host: str) -> dict | None:
    """Return the distribution with this domain name or alias, or with a wildcard alias that covers it."""
    for name in (host, f"*.{host.partition('.')[2]}"):
        for distribution in cloudfront._distributions.values():
            aliases = cloudfront.parse_distribution_dataplane_config(distribution)["aliases"]
            if name == distribution["DomainName"] or name in aliases:
                return distribution
    return None


def _newest_http_api() -> str | None:
    apis = reversed(list(apigateway._apis._data.values()))
    return next((api["apiId"] for api in apis if api["protocolType"] == "HTTP"), None)


def _newest_rest_api(path: str) -> str | None:
    """Return the newest REST API that has a stage of the name with which a path begins."""
    stage = path.removeprefix("/").partition("/")[0]
    having = (api for (_, _, api), stages in apigateway_v1._stages_v1.all_items() if stage in stages)
    return next(reversed(list(having)), None)


async def serve_api(scope, receive, send) -> None:
    """Respond as API Gateway does."""
    host = _host(scope)
    if THIS_MACHINE.match(host):
        newest = _newest_rest_api(scope["path"]) or _newest_http_api()
        if newest is None:
            return await _refuse(send, "There is no HTTP API yet.")
        host = endpoints.host_of(newest)

    async def response(request):
        name = endpoints.API_HOST.match(host)
        if name and apigateway_v1.find_api_scope(name.group(1)) is not None:
            return await gateway.serve(gateway.request_of(host, name.group(1), request))
        if not name or apigateway.find_api_scope(name.group(1)) is None:
            return 403, {"Content-Type": "application/json"}, json.dumps({"message": "Forbidden"}).encode()
        chain = request.headers.get("x-forwarded-for")
        request.headers["host"] = host
        request.headers["x-forwarded-for"] = f"{chain}, {request.client}" if chain else request.client
        request.headers["x-forwarded-port"], request.headers["x-forwarded-proto"] = "443", "https"
        return await app._handle_execute_api_request(
            host,
            request.path,
            request.method,
            request.headers,
            request.body,
            request.query,
            raw_path=request.raw_path,
            raw_query_string=request.raw_query,
        )

    await _serve(scope, receive, send, response)


def _host(scope) -> str:
    """The Host of a request, without its port."""
    host = next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "")
    return re.sub(r":\d+$", "", host)


class _Request:
    def __init__(self, scope, headers: dict[str, str], body: bytes):
        self.method = scope["method"]
        # Names in the case in which they were sent, which a REST API keeps.
        self.original = [
            (name.decode("latin-1"), decode_header_value(value))
            for name, value in scope.get(ORIGINAL_HEADERS, scope["headers"])
        ]
        self.sent = [(name.decode("latin-1").lower(), decode_header_value(value)) for name, value in scope["headers"]]
        self.path = scope["path"]
        self.raw_path = scope["raw_path"].decode("ascii")
        self.raw_query = scope["query_string"].decode("utf-8")
        self.query = parse_qs(self.raw_query, keep_blank_values=True)
        self.headers = headers
        self.body = body
        self.client = deployments.viewer.get()[0]


async def _serve(scope, receive, send, response) -> None:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode_header_value(value)
        separator = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{separator}{text}" if key in headers else text
    responses.set_request_client_ip(deployments.viewer.get()[0])
    try:
        body = await app._read_request_body(receive, scope["method"], headers)
    except (app._RequestBodyDisconnected, app._IncompleteRequestBody):
        return  # the viewer closed the connection
    try:
        await app._send_if_handled(app._with_date_header(send), await response(_Request(scope, headers, body)), receive)
    except Exception:
        app.logger.exception("data plane")
        await _refuse(send, "The emulated AWS failed; see its log.", 500)


async def _refuse(send, text: str, status: int = 503) -> None:
    await app._send_response(app._with_date_header(send), status, {"Content-Type": "text/plain"}, text + "\n")
