"""Private integrations of HTTP APIs: through a VPC link to a load balancer's listener.

ministack stores no connection id, takes the listener's ARN for a URL and returns 502. Here the request goes to the load
balancer inside this process: its rules, target groups and targets decide. A request that API Gateway itself cannot
deliver is a 503, as on AWS. Parameter mappings may have variables inside a longer value, $request.path, and the
authorizer's context as $context.authorizer.NAME. The path is sent decoded; headers are dropped whose names the load
balancer takes for invalid.
"""

import asyncio
import json
import re
from urllib.parse import urlencode

from ministack.services import acm, alb, apigateway

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway import paths, vpc_links

LISTENER = re.compile(r"^arn:aws:elasticloadbalancing:[^:]+:\d+:listener/(?:app|net)/[^/]+/[^/]+/[^/]+$")
VARIABLE = re.compile(
    r"\$\{((?:request|context|stageVariables)\.[^}]+)\}|\$((?:request|context|stageVariables)\.[\w.-]*\w)"
)
# The header names that a load balancer accepts as valid.
HEADER_NAME = re.compile(r"^[A-Za-z0-9-]+$")
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "content-length"}


def install() -> None:
    patching.extend(apigateway, "_create_integration", _create)
    patching.extend(apigateway, "_update_integration", _update)
    patching.wrap(apigateway, "_apply_request_parameter_mappings", _mapped)
    patching.extend(apigateway, "_resolve_mapping_value", _value)
    patching.extend(apigateway, "_invoke_http_proxy", _invoke)


def _create(original, api_id, data):
    if problem := _problem(data):
        return problem
    status, headers, body = original(api_id, data)
    if status != 201:
        return status, headers, body
    integration = apigateway._integrations[api_id][json.loads(body)["integrationId"]]
    return apigateway._apigw_response(_keep(integration, data), status)


def _update(original, api_id, int_id, data):
    integration = apigateway._integrations.get(api_id, {}).get(int_id)
    if integration and (problem := _problem({**integration, **data})):
        return problem
    before = dict((integration or {}).get("requestParameters") or {})
    status, headers, body = original(api_id, int_id, data)
    if status != 200:
        return status, headers, body
    if data.get("requestParameters"):
        # An update changes the parameters it names; an empty value removes one.
        merged = {**before, **data["requestParameters"]}
        integration["requestParameters"] = {name: value for name, value in merged.items() if value}
    return apigateway._apigw_response(_keep(integration, data))


def _keep(integration: dict, data: dict) -> dict:
    integration.update({name: data[name] for name in ("connectionId", "tlsConfig") if data.get(name)})
    if integration["connectionType"] == "INTERNET":
        integration.pop("connectionId", None)
    return integration


def _problem(data: dict) -> tuple | None:
    if data.get("connectionType") != "VPC_LINK":
        return None
    message = None
    if data.get("integrationType") != "HTTP_PROXY":
        message = "A private integration has the type HTTP_PROXY."
    elif not data.get("connectionId"):
        message = "A private integration needs a connectionId."
    elif not LISTENER.match(data.get("integrationUri", "")):
        message = "The integrationUri of a private integration is a load balancer listener's ARN."
    return message and apigateway._apigw_error("BadRequestException", message, 400)


def _mapped(proceed, request_path, context_vars):
    of_authorizer = {f"authorizer.{name}": value for name, value in context_vars["authorizer.lambda"].items()}
    return proceed(context_vars={**context_vars, **of_authorizer, "request.path": request_path})


def _value(original, value, *, request_headers, request_query, path_params, context_vars, stage_vars):
    sources = {
        "request_headers": request_headers,
        "request_query": request_query,
        "path_params": path_params,
        "context_vars": context_vars,
        "stage_vars": stage_vars,
    }
    if value is None or VARIABLE.fullmatch(str(value)):
        return original(value, **sources)

    def resolved(match) -> str:
        found = apigateway._resolve_mapping_atom(f"${match.group(1) or match.group(2)}", **sources)
        return "" if found is None else str(found)

    return VARIABLE.sub(resolved, str(value))


async def _invoke(original, integration, path, method, headers, body, query_params):
    if integration.get("connectionType") != "VPC_LINK":
        return await original(integration, path, method, headers, body, query_params)
    listener = alb._listeners.get(integration["integrationUri"])
    load_balancer = listener and alb._lbs.get(listener["LoadBalancerArn"])
    if not load_balancer or not vpc_links.is_available(integration["connectionId"]):
        return _unavailable()
    secure = listener["Protocol"] in ("HTTPS", "TLS")
    wanted = (integration.get("tlsConfig") or {}).get("serverNameToVerify")
    if wanted and not (secure and _certificate_names(listener, wanted)):
        return _unavailable()
    if secure and not integration.get("tlsConfig"):
        # Without a tlsConfig API Gateway speaks plain HTTP.
        return 400, {"Content-Type": "text/plain"}, b"The plain HTTP request was sent to HTTPS port"
    sent = {name: value for name, value in headers.items() if name not in HOP_BY_HOP}
    if _drops_invalid_headers(load_balancer):
        sent = {name: value for name, value in sent.items() if HEADER_NAME.match(name)}
    response = alb.dispatch_request(
        load_balancer,
        integration["integrationMethod"] if integration["integrationMethod"] != "ANY" else method,
        path,
        sent,
        body,
        query_params,
        port=listener["Port"],
        raw_query_string=urlencode(query_params, doseq=True),
        raw_path=paths.on_the_wire(path),
    )
    try:
        return await asyncio.wait_for(response, integration["timeoutInMillis"] / 1000)
    except asyncio.TimeoutError:
        return _unavailable()


def _drops_invalid_headers(load_balancer: dict) -> bool:
    attributes = alb._lb_attrs.get(load_balancer["LoadBalancerArn"], [])
    wanted = {"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}
    return any(wanted.items() <= attribute.items() for attribute in attributes)


def _certificate_names(listener: dict, wanted: str) -> bool:
    """Report whether a certificate of a listener is for a name."""
    for arn in listener.get("Certificates", []):
        certificate = acm._certificates.get(arn) or {}
        names = [certificate.get("DomainName", ""), *(certificate.get("SubjectAlternativeNames") or [])]
        if any(name == wanted or (name[:2] == "*." and wanted.partition(".")[2] == name[2:]) for name in names):
            return True
    return False


def _unavailable() -> tuple:
    return 503, {"Content-Type": "application/json"}, b'{"message":"Service Unavailable"}'
