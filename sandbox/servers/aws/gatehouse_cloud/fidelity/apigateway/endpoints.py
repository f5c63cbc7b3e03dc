"""Gives APIs their names on AWS, and lets CloudFront's origins connect to them.

ministack names an API {id}.execute-api.localhost:{port} over http and refuses to connect to amazonaws.com for an origin,
so that the program would need to know that it runs locally. Here an API is
https://{id}.execute-api.{region}.amazonaws.com, and an origin with that name connects to it, over TLS.
"""

import json
import re

from ministack import app
from ministack.core.responses import get_region
from ministack.services import apigateway, apigateway_v1, cloudfront

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import origin_responses
from gatehouse_cloud.fidelity.cloudfront.origin_connections import Connections, Server

API_HOST = re.compile(r"^([a-z0-9]{8,10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?::443)?$")


class _RegionalDomain:
    """Formats as the domain under execute-api in the region of the request at hand."""

    def __str__(self) -> str:
        return f"{get_region()}.amazonaws.com"


# CloudFront's TLS versions for an origin without any.
TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2")


def install(connections: Connections) -> None:
    async def fetch(proceed, origin, method, uri, query_string, headers, body, viewer_is_https, client_ip, viewer_xff):
        name = cloudfront._normalize_origin_host(origin["domain_name"])
        match = API_HOST.match(name)
        if not match:
            return await proceed()
        _, port, https = cloudfront._origin_connect_target(origin, viewer_is_https)
        if not https or port != 443:
            raise cloudfront.OriginUnreachable(f"{name} serves https on port 443 only")
        if not exists(match.group(1)):
            raise cloudfront.OriginUnreachable(f"there is no API {match.group(1)}")
        target = origin_responses.target_of(origin, uri, query_string)
        sent = cloudfront._origin_request_headers(origin, headers, client_ip, viewer_xff)
        server = Server(name, versions=origin["ssl_protocols"])
        return await origin_responses.respond(connections, server, origin, method, target, sent, body)

    patching.assign(app, "_EXECUTE_API_RE", API_HOST)
    patching.assign(apigateway, "_HOST", _RegionalDomain())
    patching.extend(apigateway, "_create_api", _create_api)
    patching.extend(cloudfront, "_dataplane_origin", _origin)
    patching.wrap(cloudfront, "_fetch_from_origin", fetch)


def _create_api(original, data):
    status, headers, body = original(data)
    if status != 201:
        return status, headers, body
    api = apigateway._apis[json.loads(body)["apiId"]]
    scheme = "wss" if api["protocolType"] == "WEBSOCKET" else "https"
    api["apiEndpoint"] = f"{scheme}://{host_of(api['apiId'])}"
    return apigateway._apigw_response(api, status)


def exists(api_id: str) -> bool:
    """Report whether there is an HTTP API or a REST API with this id."""
    return any(kind.find_api_scope(api_id) is not None for kind in (apigateway, apigateway_v1))


def host_of(api_id: str) -> str:
    """Return the host name of an API of the current region."""
    return f"{api_id}.execute-api.{get_region()}.amazonaws.com"


def _origin(original, origin_el):
    custom = cloudfront._find(origin_el, "CustomOriginConfig")
    protocols = cloudfront._find(custom, "OriginSslProtocols") if custom is not None else None
    items = cloudfront._find(protocols, "Items") if protocols is not None else None
    return {
        **original(origin_el),
        "ssl_protocols": tuple(item.text for item in items) if items is not None else TLS_VERSIONS,
        "keepalive_timeout": int(cloudfront._text(custom, "OriginKeepaliveTimeout", "5") if custom is not None else 5),
    }
