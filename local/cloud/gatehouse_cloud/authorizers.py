"""HTTP API authorizers: what Terraform's provider reads back, and the cache that revoking a key must clear.

- ministack answers a REQUEST authorizer with an empty jwtConfiguration, which the provider takes for a change.
- It takes ResetAuthorizersCache (DELETE …/stages/{stage}/cache/authorizers) for DeleteStage.
"""

import json
import re
from urllib.parse import unquote

from ministack.services import apigateway

from . import patching

CACHE_PATH = re.compile(r"^/v2/apis/([^/]+)/stages/([^/]+)/cache/authorizers/?$")


def install() -> None:
    patching.extend(apigateway, "_create_authorizer", _create)
    patching.extend(apigateway, "handle_request", _request)


def _create(original, api_id, data):
    status, headers, body = original(api_id, data)
    if status != 201:
        return status, headers, body
    authorizer = apigateway._authorizers[api_id][json.loads(body)["authorizerId"]]
    if authorizer["authorizerType"] == "REQUEST":
        authorizer.pop("jwtConfiguration")
    return apigateway._apigw_response(authorizer, status)


async def _request(original, method, path, headers, body, query_params):
    match = CACHE_PATH.match(path)
    if match and method == "DELETE":
        return _reset_cache(match.group(1), unquote(match.group(2)))
    return await original(method, path, headers, body, query_params)


def _reset_cache(api_id: str, stage: str) -> tuple:
    if stage not in apigateway.stages_for_api(api_id):
        return apigateway._apigw_error("NotFoundException", f"Unable to find stage {stage} of API {api_id}", 404)
    # Keys are (account, region, api, authorizer, stage, identity values).
    for key in [key for key in list(apigateway._authorizer_cache) if (key[2], key[4]) == (api_id, stage)]:
        apigateway._authorizer_cache.pop(key, None)
    return 204, {}, b""
