"""HTTP APIs under the names AWS gives them, reachable by CloudFront.

ministack names an API {id}.execute-api.localhost:{port} over http and refuses to dial amazonaws.com for an origin, so
the program would have to know that it runs locally. Here an API is https://{id}.execute-api.{region}.amazonaws.com,
and an origin with that name reaches the API inside this process. TLS towards the origin is not modelled: https-only
on port 443 is demanded, but no handshake and no certificate check take place.
"""

import asyncio
import http.client
import json
import re
from urllib.parse import parse_qs, unquote

from ministack import app
from ministack.core.responses import get_region
from ministack.services import apigateway, cloudfront

from . import patching

API_HOST = re.compile(r"^([a-z0-9]{8,10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::443)?$")


class _RegionalDomain:
    """Formats as the domain under execute-api in the region of the request at hand."""

    def __str__(self) -> str:
        return f"{get_region()}.amazonaws.com"


def install() -> None:
    patching.assign(app, "_EXECUTE_API_RE", API_HOST)
    patching.assign(apigateway, "_HOST", _RegionalDomain())
    patching.extend(apigateway, "_create_api", _create_api)
    patching.extend(cloudfront, "_fetch_from_origin", _fetch_from_origin)


def _create_api(original, data):
    status, headers, body = original(data)
    if status != 201:
        return status, headers, body
    api = apigateway._apis[json.loads(body)["apiId"]]
    scheme = "wss" if api["protocolType"] == "WEBSOCKET" else "https"
    api["apiEndpoint"] = f"{scheme}://{host_of(api['apiId'])}"
    return apigateway._apigw_response(api, status)


def host_of(api_id: str) -> str:
    """The host name of an API of the current region."""
    return f"{api_id}.execute-api.{get_region()}.amazonaws.com"


async def _fetch_from_origin(
    original, origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff, dist_arn
):
    name = cloudfront._normalize_origin_host(origin["domain_name"])
    match = API_HOST.match(name)
    if not match:
        return await original(
            origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff, dist_arn
        )
    _, port, https = cloudfront._origin_connect_target(origin, viewer_is_https)
    if not https or port != 443:
        raise cloudfront.OriginUnreachable(f"{name} answers https on port 443 only")
    if apigateway.find_api_scope(match.group(1)) is None:
        raise cloudfront.OriginUnreachable(f"there is no API {match.group(1)}")
    sent = {
        key.lower(): value
        for key, value in cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff).items()
    }
    if sent.get("host", "").lower() != name:
        # API Gateway knows the API by its host name, so a viewer's forwarded one is refused, as on AWS.
        pairs, data = [("content-type", "application/json")], b'{"message":"Forbidden"}'
        return 403, "Forbidden", cloudfront._multidict_from_pairs(pairs), data
    target = (origin.get("origin_path") or "") + uri
    answer = app._handle_execute_api_request(
        name,
        unquote(target),
        method,
        sent,
        body or b"",
        parse_qs(query_string, keep_blank_values=True),
        raw_path=target,
        raw_query_string=query_string,
    )
    try:
        status, response_headers, data = await asyncio.wait_for(answer, origin.get("read_timeout", 30))
    except asyncio.TimeoutError as error:
        raise cloudfront.OriginTimeout(f"no answer from {name}") from error
    pairs = [
        (key, value)
        for key, values in response_headers.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return status, http.client.responses.get(status, ""), cloudfront._multidict_from_pairs(pairs), data
