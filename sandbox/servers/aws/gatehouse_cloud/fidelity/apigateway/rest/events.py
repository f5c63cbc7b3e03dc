"""Makes the events with which REST APIs invoke functions: of the payload format 1.0, for integrations and authorizers.

ministack's has the member version, which only HTTP APIs send, takes the client's address from a header that the client
may have sent, and lacks several members. The headers keep the case in which they were sent. A name in headers has its last value;
one that is sent in two cases is one name here, which AWS doesn't document.
"""

import base64
from datetime import datetime, timezone

from gatehouse_cloud.fidelity.apigateway.rest import headers
from gatehouse_cloud.fidelity.apigateway.rest.requests import Call, Request

IDENTITY = (
    "accessKey", "accountId", "caller", "cognitoAuthenticationProvider", "cognitoAuthenticationType",
    "cognitoIdentityId", "cognitoIdentityPoolId", "principalOrgId", "user", "userArn",
)  # fmt: skip


def of_proxy(call: Call) -> dict:
    """Return the event of a Lambda proxy integration."""
    request = call.request
    context = _context(call)
    if call.authorizer is not None:
        context["authorizer"] = call.authorizer
    encoded = bool(request.body) and _is_binary(call)
    text = base64.b64encode(request.body).decode() if encoded else request.body.decode("utf-8", "replace")
    return {
        **_common(call, none=None),
        "requestContext": context,
        "body": text or None,
        "isBase64Encoded": encoded,
    }


def of_authorizer(call: Call) -> dict:
    """Return the event of an authorizer of the type REQUEST."""
    return {"type": "REQUEST", "methodArn": call.arn, **_common(call, none={}), "requestContext": _context(call)}


def _common(call: Call, none) -> dict:
    request = call.request
    sent = _grouped(headers.of_request(request.headers))
    query = request.queried()
    return {
        "resource": call.resource["path"],
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(sent),
        "multiValueHeaders": sent,
        "queryStringParameters": _last(query) or none,
        "multiValueQueryStringParameters": query or none,
        "pathParameters": call.path_parameters or none,
        "stageVariables": call.stage.get("variables") or none,
    }


def _context(call: Call) -> dict:
    request = call.request
    agent = request.values("user-agent")
    return {
        "resourceId": call.resource["id"],
        "resourcePath": call.resource["path"],
        **({"operationName": call.method["operationName"]} if call.method.get("operationName") else {}),
        "httpMethod": request.method,
        "extendedRequestId": request.extended_id,
        "requestTime": f"{datetime.fromtimestamp(request.at, timezone.utc):%d/%b/%Y:%H:%M:%S +0000}",
        "path": f"/{request.stage_name}{request.path}",
        "accountId": request.account,
        "protocol": "HTTP/1.1",
        "stage": request.stage_name,
        "domainPrefix": request.host.partition(".")[0],
        "requestTimeEpoch": int(request.at * 1000),
        "requestId": request.id,
        "identity": {
            **dict.fromkeys(IDENTITY),
            "sourceIp": request.client,
            "userAgent": agent[-1] if agent else None,
        },
        "domainName": request.host,
        "deploymentId": call.stage["deploymentId"],
        "apiId": request.api_id,
    }


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Return all values of each header, under its name as it was sent first."""
    found: dict[str, tuple[str, list[str]]] = {}
    for name, value in pairs:
        found.setdefault(name.lower(), (name, []))[1].append(value)
    return dict(found.values())


def _last(values: dict[str, list[str]]) -> dict[str, str]:
    return {name: several[-1] for name, several in values.items()}


def _is_binary(call: Call) -> bool:
    return is_binary(call.request, "content-type", call.snapshot.api.get("binaryMediaTypes") or [])


def is_binary(request: Request, header: str, types: list[str]) -> bool:
    """Report whether a header of a request has one of an API's binary media types."""
    sent = request.values(header)
    kind = sent[-1].partition(";")[0].strip().lower() if sent else ""
    return any(
        one.lower() in (kind, "*/*") or (one.endswith("/*") and kind.startswith(one[:-1].lower())) for one in types
    )
