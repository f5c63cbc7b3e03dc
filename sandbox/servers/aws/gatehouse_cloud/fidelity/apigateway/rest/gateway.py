"""Serves requests to stages of REST APIs.

ministack routes on the present resources, knows a header's last value only, and reports a stage that it doesn't find as
AWS doesn't. Here a request passes the steps of AWS, on what was deployed: size, route, authorizer, throttling,
validation, integration. Each response has the ids that API Gateway adds.
"""

from urllib.parse import parse_qsl

from ministack.core.responses import request_scope
from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest import (
    authorizers,
    deployments,
    gateway_responses,
    headers,
    metrics,
    proxy,
    routing,
)
from gatehouse_cloud.fidelity.apigateway.rest.gateway_responses import Refusal
from gatehouse_cloud.fidelity.apigateway.rest.limits import LARGEST_REQUEST, Limits
from gatehouse_cloud.fidelity.apigateway.rest.requests import Call, Request
from gatehouse_cloud.fidelity.apigateway.throttling import Bucket

_limits = Limits()
_buckets: dict[tuple, Bucket] = {}


def install(limits: Limits) -> None:
    global _limits
    _limits = limits
    patching.extend(v1, "handle_execute", _handle_execute)


async def _handle_execute(original, api_id, stage_name, method, path, headers, body, query_params):
    """Serve a request that came to ministack's own port, where each header has one value."""
    query = [(name, value) for name, values in (query_params or {}).items() for value in values]
    host = headers.get("host", "").partition(":")[0]
    client = headers.get("x-forwarded-for", "127.0.0.1").rpartition(",")[2].strip()
    return await serve(
        Request(api_id, stage_name, host, method, path, query, list(headers.items()), body or b"", client)
    )


def request_of(host: str, api_id: str, sent) -> Request:
    """Return the request to a REST API that a client's request is."""
    stage, _, rest = sent.raw_path.removeprefix("/").partition("/")
    chain = sent.headers.get("x-forwarded-for")
    query = parse_qsl(sent.raw_query, keep_blank_values=True)
    forwarded = ("x-forwarded-for", "x-forwarded-port", "x-forwarded-proto", "host")
    own = [
        ("Host", host),
        ("X-Forwarded-For", f"{chain}, {sent.client}" if chain else sent.client),
        ("X-Forwarded-Port", "443"),
        ("X-Forwarded-Proto", "https"),
    ]
    kept = [(name, value) for name, value in sent.original if name.lower() not in forwarded]
    return Request(api_id, stage, host, sent.method, f"/{rest}", query, kept + own, sent.body, sent.client)


async def serve(request: Request) -> tuple:
    """Return status, headers and body of the response."""
    scope = v1.find_api_scope(request.api_id)
    if scope is None:
        return _forbidden(request)
    request.account, request.region = scope
    if not request.values("x-amzn-trace-id"):
        request.headers.append(("X-Amzn-Trace-Id", request.trace))
    with request_scope(*scope):
        stage = v1._stages_v1.get(request.api_id, {}).get(request.stage_name)
        if stage is None or v1._rest_apis[request.api_id].get("disableExecuteApiEndpoint"):
            return _forbidden(request)
        return metrics.measured(request, await _serve_stage(request, stage))


def _forbidden(request: Request) -> tuple:
    shown = {"Content-Type": "application/json", "x-amzn-ErrorType": "ForbiddenException"}
    return 403, headers.with_ids(shown, request), b'{"message":"Forbidden"}'


async def _serve_stage(request: Request, stage: dict) -> tuple:
    if len(request.body) > LARGEST_REQUEST:
        # What AWS sends here is no gateway response, and can't be customized.
        text = f"HTTP content length exceeded {LARGEST_REQUEST} bytes."
        return 413, headers.with_ids({"Content-Type": "text/plain"}, request), text.encode()
    snapshot = deployments.deployed(request.api_id, stage)
    found = routing.match(snapshot.resources, request.method, request.path)
    path, parameters = (found[0]["path"], found[2]) if found else ("", {})
    try:
        if not found:
            raise Refusal("MISSING_AUTHENTICATION_TOKEN")
        resource, name, parameters = found
        call = Call(request, stage, snapshot, resource, name, resource["resourceMethods"][name], parameters)
        return await _serve_call(call)
    except Refusal as refusal:
        return gateway_responses.render(refusal, request, stage, path, parameters)


async def _serve_call(call: Call) -> tuple:
    request, kind = call.request, call.method["authorizationType"]
    if kind not in ("NONE", "CUSTOM"):
        raise Refusal("AUTHORIZER_CONFIGURATION_ERROR")
    if kind == "NONE":
        _raise(
            v1._anonymous_policy_error(
                request.api_id, request.stage_name, request.method, request.path, request.account, request.region
            )
        )
    call.authorizer = await authorizers.authorize(call)
    key_error, key = v1._check_api_key(call.method, request.api_id, request.stage_name, request.joined())
    _raise(key_error)
    _throttle(call)
    _raise(v1._check_quota(key, request.api_id, request.stage_name))
    _raise(
        v1._check_request_validation(
            call.method,
            request.api_id,
            {"path_params": call.path_parameters},
            request.joined(),
            request.body,
            request.queried(),
        )
    )
    return await _integrate(call)


def _raise(error) -> None:
    """Raise ministack's gateway error, if there is one."""
    if error is not None:
        raise Refusal(error.response_type, message=error.message)


def _throttle(call: Call) -> None:
    """Take a token of the method; each method of a stage has its own, with its own limits or the stage's."""
    path, request = call.resource["path"], call.request
    settings = call.stage.get("methodSettings") or {}
    names = (f"{path}/{call.method_name}", f"{path.lstrip('/')}/{call.method_name}", f"{path}/*", "*/*")
    limits = next((settings[name] for name in names if name in settings), {})
    rate, burst = limits.get("throttlingRateLimit", -1), limits.get("throttlingBurstLimit", -1)
    if rate < 0 or burst < 0:
        return  # the account's limits apply, which are far
    slot = (request.api_id, request.stage_name, path, call.method_name)
    if slot not in _buckets or _buckets[slot].limits != (rate, burst):
        _buckets[slot] = Bucket(rate, burst)
    if not _buckets[slot].take():
        raise Refusal("THROTTLED")


async def _integrate(call: Call) -> tuple:
    integration, request = call.method["methodIntegration"], call.request
    if integration["type"] == "AWS_PROXY":
        return await proxy.invoke(call, _limits)
    if integration["type"] == "MOCK":
        response = v1._invoke_mock_v1(integration)
    elif integration["type"] in ("HTTP", "HTTP_PROXY"):
        response = await v1._invoke_http_proxy_v1(
            integration,
            request.path,
            request.method,
            request.joined(),
            request.body,
            request.queried(),
            call.path_parameters,
        )
    else:
        raise Refusal("API_CONFIGURATION_ERROR")
    if isinstance(response, v1._GatewayError):
        _raise(response)
    status, sent, body = response
    return status, headers.with_ids(sent, request), body
