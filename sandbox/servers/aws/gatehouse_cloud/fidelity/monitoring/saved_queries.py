"""Adds saved queries of CloudWatch Logs Insights, which ministack does not have: they are stored, not run."""

import json
import time
import uuid

from ministack.core.responses import (
    AccountRegionScopedDict,
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import cloudwatch_logs

from gatehouse_cloud import patching

_saved = AccountRegionScopedDict()  # by id
KEPT = ("name", "queryString", "logGroupNames", "queryLanguage")


def install() -> None:
    patching.extend(cloudwatch_logs, "handle_request", _request)
    patching.extend(cloudwatch_logs, "reset", _reset)


def all_saved() -> list[tuple[str, dict]]:
    """Return the saved queries of the current account and region, by id."""
    return list(_saved.items())


def arn(query_id: str) -> str:
    """Return the ARN of a saved query."""
    return f"arn:aws:logs:{get_region()}:{get_account_id()}:query-definition:{query_id}"


def _reset(original):
    _saved.clear()
    original()


async def _request(original, method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    if action not in ACTIONS:
        return await original(method, path, headers, body, query_params)
    return ACTIONS[action](json.loads(body or b"{}"))


def _put(request: dict):
    query_id = request.get("queryDefinitionId") or str(uuid.uuid4())
    if "queryDefinitionId" in request and query_id not in _saved:
        return _missing()
    kept = {name: request[name] for name in KEPT if name in request}
    _saved[query_id] = {"queryDefinitionId": query_id, "lastModified": int(time.time() * 1000), **kept}
    return json_response({"queryDefinitionId": query_id})


def _describe(request: dict):
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = [query for query in _saved.values() if query["name"].startswith(prefix)]
    return json_response({"queryDefinitions": sorted(found, key=lambda query: query["name"])})


def _delete(request: dict):
    if _saved.pop(request.get("queryDefinitionId"), None) is None:
        return _missing()
    return json_response({"success": True})


def _missing():
    return error_response_json("ResourceNotFoundException", "The specified query definition does not exist.", 400)


ACTIONS = {"PutQueryDefinition": _put, "DescribeQueryDefinitions": _describe, "DeleteQueryDefinition": _delete}
