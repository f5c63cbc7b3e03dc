"""Asks the Lambda authorizers of REST APIs, and caches what they decide.

The cache has the authorizer's policy, by its identity sources and the stage; each request is decided on its own method
and path. So a policy for one method denies another one from the cache. Failures are never cached. Several values of a
header that is an identity source count as one, joined; AWS doesn't document it.

FlushStageAuthorizersCache, which ministack doesn't have, empties the cache of a stage.
"""

import time
from urllib.parse import unquote

from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest import authorizer_settings, events, integrations, permissions
from gatehouse_cloud.fidelity.apigateway.rest.gateway_responses import Refusal
from gatehouse_cloud.fidelity.apigateway.rest.requests import Call


def install() -> None:
    patching.extend(v1, "handle_request", _request)


async def _request(original, method, path, headers, body, query_params):
    parts = [unquote(part) for part in path.split("/") if part]
    if (
        method == "DELETE"
        and len(parts) == 6
        and parts[::2] == ["restapis", "stages", "cache"]
        and parts[5] == "authorizers"
    ):
        return _flush(parts[1], parts[3])
    return await original(method, path, headers, body, query_params)


def _flush(api_id: str, stage: str) -> tuple:
    if api_id not in v1._rest_apis:
        return v1._v1_error("NotFoundException", "Invalid API identifier specified", 404)
    if stage not in v1._stages_v1.get(api_id, {}):
        return v1._v1_error("NotFoundException", "Invalid stage identifier specified", 404)
    forget(api_id, stage)
    return 202, {}, b""


def forget(api_id: str, stage: str) -> None:
    """Empty the cache of a stage."""
    # Keys are (account, region, api, authorizer, stage, identity values).
    for key in [key for key in v1._authorizer_cache if (key[2], key[4]) == (api_id, stage)]:
        v1._authorizer_cache.pop(key, None)


async def authorize(call: Call) -> dict | None:
    """Return the authorizer's context for a request, None for a method without an authorizer; raise a Refusal."""
    if call.method["authorizationType"] != "CUSTOM":
        return None
    authorizer = call.snapshot.authorizers.get(call.method.get("authorizerId"))
    if authorizer is None:
        raise Refusal("AUTHORIZER_CONFIGURATION_ERROR")
    values = _identity(call, authorizer)
    cacheable = authorizer["authorizerResultTtlInSeconds"]
    if any(not value for value in values) and (cacheable or authorizer["type"] == "TOKEN"):
        raise Refusal("UNAUTHORIZED")
    request = call.request
    key = (request.account, request.region, request.api_id, authorizer["id"], request.stage_name, values)
    expires, policy, context = v1._authorizer_cache.get(key, (0, None, None))
    latency = 0
    if not cacheable or expires <= time.time():
        began = time.time()
        policy, context = await _ask(call, authorizer, values)
        latency = round((time.time() - began) * 1000)
        if cacheable:
            v1._cache_authorizer_result(key, time.time() + cacheable, policy, context)
    decision = _decision(policy, call.arn)
    if decision != "Allow":
        raise Refusal("ACCESS_DENIED", message=v1._deny_error(decision == "Deny").message)
    return {**context, "integrationLatency": latency}


def _decision(policy: dict, arn: str) -> str:
    """Return Allow, Deny or NoMatch. ministack's looks at resources only; here the action must match, too."""
    statements = policy.get("Statement") or []
    for_action = [one for one in (statements if isinstance(statements, list) else [statements]) if _is_for_invoke(one)]
    return v1._evaluate_policy({"Statement": for_action}, arn)


def _is_for_invoke(statement) -> bool:
    actions = statement.get("Action") if isinstance(statement, dict) else None
    actions = [actions] if isinstance(actions, str) else actions or []
    return any(v1._arn_matches(action.lower(), "execute-api:invoke") for action in actions)


def _identity(call: Call, authorizer: dict) -> tuple[str, ...]:
    return tuple(_source(call, source) for source in authorizer_settings.identity_sources(authorizer))


def _source(call: Call, source: str) -> str:
    for prefix, values in (
        ("method.request.header.", call.request.values),
        ("method.request.querystring.", lambda name: call.request.queried().get(name, [])),
        ("stageVariables.", lambda name: [(call.stage.get("variables") or {}).get(name, "")]),
        ("context.", lambda name: [str(_context(call).get(name, ""))]),
    ):
        if source.startswith(prefix):
            return ",".join(values(source.removeprefix(prefix)))
    return ""


def _context(call: Call) -> dict:
    return {
        name: value for name, value in events.of_authorizer(call)["requestContext"].items() if isinstance(value, str)
    }


async def _ask(call: Call, authorizer: dict, values: tuple[str, ...]) -> tuple[dict, dict]:
    """Return the authorizer's policy and context."""
    request = call.request
    function = integrations.function_of(authorizer["authorizerUri"])
    source = f"arn:aws:execute-api:{request.region}:{request.account}:{request.api_id}/authorizers/{authorizer['id']}"
    if not authorizer.get("authorizerCredentials") and not permissions.may_invoke(function, source, request):
        raise Refusal("AUTHORIZER_CONFIGURATION_ERROR")
    token = {"type": "TOKEN", "authorizationToken": "".join(values), "methodArn": call.arn}
    event = token if authorizer["type"] == "TOKEN" else events.of_authorizer(call)
    result = await v1._invoke_authorizer_lambda(authorizer, event, request.account, request.region)
    if result is None:
        raise Refusal("AUTHORIZER_CONFIGURATION_ERROR")
    answer = integrations.parsed(result.get("body"))
    if result.get("error"):
        if isinstance(answer, dict) and answer.get("errorMessage") == "Unauthorized":
            raise Refusal("UNAUTHORIZED")
        raise Refusal("AUTHORIZER_FAILURE")
    policy = answer.get("policyDocument") if isinstance(answer, dict) else None
    if not isinstance(policy, dict) or not _is_flat(answer.get("context")):
        raise Refusal("AUTHORIZER_CONFIGURATION_ERROR")
    principal = {"principalId": str(answer["principalId"])} if answer.get("principalId") else {}
    return policy, {**v1._stringify_context(answer.get("context")), **principal}


def _is_flat(context) -> bool:
    """Report whether a context has strings, numbers and booleans only, as AWS requires."""
    if context is None:
        return True
    return isinstance(context, dict) and not any(isinstance(value, (dict, list)) for value in context.values())
