"""Writes the access logs of HTTP API stages, and refuses formats with variables that HTTP APIs don't have.

ministack stores the settings and logs nothing. The variables are those of AWS's list (http_api_variables.json). AWS
accepts a format with any other and logs a hyphen for it in every line, so that nothing shows the mistake; here such a
format is refused. The properties of the authorizer's context are known only from the authorizer's response, so that any
name counts as one, except the names of variables that only REST APIs have.
"""

import json
import logging
import re
import time
from contextvars import ContextVar
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from ministack.core.responses import get_request_client_ip
from ministack.services import apigateway

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway import endpoints
from gatehouse_cloud.fidelity.monitoring import log_streams

logger = logging.getLogger("cloud.access_logs")
VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_.]+)")
MESSAGES = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    500: "Internal Server Error",
}
# The values of the request that is being served, by variable.
_seen: ContextVar[dict] = ContextVar("seen")


def install() -> None:
    patching.wrap(apigateway, "_create_stage", lambda proceed, data: _refusal(data) or proceed())
    patching.wrap(apigateway, "_update_stage", lambda proceed, data: _refusal(data) or proceed())
    patching.wrap(apigateway, "_handle_execute_in_scope", _logged)
    patching.wrap(apigateway, "_authorize_request_v2", _authorized)
    patching.wrap(apigateway, "_invoke_request_authorizer_lambda", _authorizer)
    patching.wrap(apigateway, "_invoke_lambda_proxy", _function)
    patching.wrap(apigateway, "_invoke_http_proxy", _listener)


def unknown_variables(log_format: str) -> list[str]:
    """Return the variables of a format for which an HTTP API has no value, in order."""
    known = _known()
    context, claims = known["contextOfAuthorizer"], known["claimsOfAuthorizer"]

    def is_known(name: str) -> bool:
        if name in known["onlyOfRestAPIs"]:
            return False
        of_context = name.startswith(context) and "." not in name.removeprefix(context)
        return name in known["variables"] or name.startswith(claims) or of_context

    return [name for name in VARIABLE.findall(log_format) if not is_known(name.rstrip("."))]


@cache
def _known() -> dict:
    return json.loads((Path(__file__).parent / "http_api_variables.json").read_text())


def _refusal(data: dict) -> tuple | None:
    unknown = unknown_variables((data.get("accessLogSettings") or {}).get("format") or "")
    if not unknown:
        return None
    names = ", ".join(f"$context.{name}" for name in unknown)
    return apigateway._apigw_error(
        "BadRequestException", f"The access log format has variables that HTTP APIs do not have: {names}", 400
    )


async def _logged(proceed, api_id, stage, path, method, headers, owner_account_id):
    started, seen = time.time(), {}
    _seen.set(seen)
    response = await proceed()
    settings = (apigateway._stages.get(api_id, {}).get(stage) or {}).get("accessLogSettings")
    if settings:
        request = {
            "accountId": owner_account_id,
            "apiId": api_id,
            "stage": stage,
            "routeKey": (apigateway._match_route(api_id, method, "/" + path.lstrip("/")) or {}).get("routeKey", "-"),
            "path": path,
            "httpMethod": method,
            "identity.userAgent": headers.get("user-agent", "-"),
        }
        try:
            _write(settings, {**request, **seen}, response, started)
        except Exception:
            # A log that cannot be written never fails a request.
            logger.exception("access log of API %s", api_id)
    return response


async def _authorizer(proceed):
    response = await proceed()
    if response is None:
        _note("authorizer.error", "The authorizer failed.")
    return response


async def _authorized(proceed):
    error, context = await proceed()
    for name, value in (context or {}).items():
        _note(f"authorizer.{name}", value)
    return error, context


async def _function(proceed):
    began = time.time()
    response = await proceed()
    # The response of Lambda, not of the function: an invocation that failed is still a 200 of Lambda.
    _integrated(began, 200, response[0])
    return response


async def _listener(proceed):
    began = time.time()
    response = await proceed()
    _integrated(began, response[0], response[0])
    return response


def _integrated(began: float, status: int, of_integration: int) -> None:
    milliseconds = round((time.time() - began) * 1000)
    for name in ("integrationLatency", "integration.latency"):
        _note(name, milliseconds)
    for name in ("integrationStatus", "integration.integrationStatus"):
        _note(name, status)
    _note("integration.status", of_integration)


def _note(name: str, value) -> None:
    _seen.get({})[name] = value


def _write(settings: dict, request: dict, response: tuple, started: float) -> None:
    group = settings["destinationArn"].split(":log-group:")[1].removesuffix(":*")
    if not log_streams.has_group(group):
        return
    status, answer_headers, body = response
    at = datetime.fromtimestamp(started, timezone.utc)
    api_id, stage = request["apiId"], request["stage"]
    values = {
        "domainName": endpoints.host_of(api_id),
        "domainPrefix": api_id,
        "protocol": "HTTP/1.1",
        "requestId": answer_headers["apigw-requestid"],
        "extendedRequestId": answer_headers["apigw-requestid"],
        "requestTime": f"{at:%d/%b/%Y:%H:%M:%S +0000}",
        "requestTimeEpoch": int(started),
        "status": status,
        "responseLength": len(body),
        "responseLatency": round((time.time() - started) * 1000),
        "identity.sourceIp": get_request_client_ip(),
        # An error of the integration is no error of API Gateway.
        "error.message": MESSAGES.get(status, "-") if "integrationStatus" not in request else "-",
        **request,
    }
    # As on AWS, a variable without a value is a hyphen; quotes in a value must not break a JSON format.
    line = VARIABLE.sub(lambda match: json.dumps(str(values.get(match.group(1), "-")))[1:-1], settings["format"])
    log_streams.append(group, f"{api_id}-{stage.replace('$', '')}", [line])
