"""Resets the cache of authorizer results, as revoking a key requires.

ministack takes ResetAuthorizersCache (DELETE …/stages/{stage}/cache/authorizers) for DeleteStage and removes the stage.
"""

import re
from urllib.parse import unquote

from ministack.services import apigateway

from gatehouse_cloud import patching

CACHE_PATH = re.compile(r"^/v2/apis/([^/]+)/stages/([^/]+)/cache/authorizers/?$")


def install() -> None:
    patching.extend(apigateway, "handle_request", _request)


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
