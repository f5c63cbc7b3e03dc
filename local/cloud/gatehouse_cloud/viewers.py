"""The data plane without host name games: one port for the newest distribution, one for the newest HTTP API.

ministack tells a distribution or an API by the Host header, and names under .localhost do not resolve everywhere.
It also takes paths such as /health or /v2/ for itself, whatever the host; these two ports leave every path to the
distribution or API. They speak plain HTTP and stand for a viewer's HTTPS connection.
"""

from urllib.parse import parse_qs

from ministack import app
from ministack.core import responses
from ministack.core.sigv4 import decode_header_value
from ministack.services import apigateway, cloudfront

from . import deployments, endpoints


async def serve_distribution(scope, receive, send) -> None:
    """Answer as the newest CloudFront distribution."""
    distribution = next(reversed(cloudfront._distributions.values()), None)
    if distribution is None:
        return await _refuse(send, "There is no CloudFront distribution yet.")

    async def answer(request):
        request.headers["host"] = distribution["DomainName"]
        request.headers["x-forwarded-proto"] = "https"
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

    await _serve(scope, receive, send, answer)


async def serve_api(scope, receive, send) -> None:
    """Answer as the newest HTTP API."""
    api = next((api for api in reversed(list(apigateway._apis._data.values())) if api["protocolType"] == "HTTP"), None)
    if api is None:
        return await _refuse(send, "There is no HTTP API yet.")

    async def answer(request):
        request.headers["host"] = endpoints.host_of(api["apiId"])
        return await app._handle_execute_api_request(
            request.headers["host"],
            request.path,
            request.method,
            request.headers,
            request.body,
            request.query,
            raw_path=request.raw_path,
            raw_query_string=request.raw_query,
        )

    await _serve(scope, receive, send, answer)


class _Request:
    def __init__(self, scope, headers: dict[str, str], body: bytes):
        self.method = scope["method"]
        self.path = scope["path"]
        self.raw_path = scope["raw_path"].decode("ascii")
        self.raw_query = scope["query_string"].decode("utf-8")
        self.query = parse_qs(self.raw_query, keep_blank_values=True)
        self.headers = headers
        self.body = body
        self.client = deployments.viewer.get()[0]


async def _serve(scope, receive, send, answer) -> None:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), decode_header_value(value)
        separator = "; " if key == "cookie" else ", "
        headers[key] = f"{headers[key]}{separator}{text}" if key in headers else text
    responses.set_request_client_ip(deployments.viewer.get()[0])
    try:
        body = await app._read_request_body(receive, scope["method"], headers)
    except (app._RequestBodyDisconnected, app._IncompleteRequestBody):
        return  # the viewer is gone
    try:
        await app._send_if_handled(app._with_date_header(send), await answer(_Request(scope, headers, body)), receive)
    except Exception:
        app.logger.exception("data plane")
        await _refuse(send, "The local cloud failed; see its log.", 500)


async def _refuse(send, text: str, status: int = 503) -> None:
    await app._send_response(app._with_date_header(send), status, {"Content-Type": "text/plain"}, text + "\n")
