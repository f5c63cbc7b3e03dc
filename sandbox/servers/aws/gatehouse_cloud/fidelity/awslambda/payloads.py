"""Limits the events and responses of functions to 6 MiB.

ministack has no limit. An event of API Gateway has the body as a JSON string, in which quotes, backslashes, line breaks
and letters beyond ASCII take more bytes than in the request; when Lambda refuses it, API Gateway responds itself.
"""

import json

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc

from gatehouse_cloud import patching

LARGEST_EVENT = 6_291_456
LARGEST_RESPONSE = 6_291_556
TOO_LARGE_FOR_GATEWAY = {
    "statusCode": 413,
    "headers": {"Content-Type": "application/json"},
    "body": '{"message":"Request Entity Too Large"}',
}


def install() -> None:
    patching.extend(lambda_svc, "_invoke", _invoke)
    patching.extend(lambda_svc, "_execute_function_with_config_scope", _from_gateway)
    patching.extend(lambda_svc, "_execute_function", _execute)


async def _invoke(original, name, event, headers, path_qualifier=None, query_params=None):
    if len(json.dumps(event)) > LARGEST_EVENT:
        return error_response_json(
            "RequestTooLargeException",
            f"Request must be smaller than {LARGEST_EVENT} bytes for the InvokeFunction operation",
            413,
        )
    return await original(name, event, headers, path_qualifier, query_params)


def _from_gateway(original, func, event):
    if len(json.dumps(event)) > LARGEST_EVENT:
        return {"error": True, "body": TOO_LARGE_FOR_GATEWAY, "log": ""}
    return original(func, event)


def _execute(original, func, event):
    result = original(func, event)
    body = result.get("body")
    if result.get("error") or body is None or _size(body) <= LARGEST_RESPONSE:
        return result
    problem = f"Response payload size exceeded maximum allowed payload size ({LARGEST_RESPONSE} bytes)."
    return {
        **result,
        "error": True,
        "body": {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": problem},
    }


def _size(response) -> int:
    """Return the bytes of a response, which may be encoded as JSON already."""
    return len(response) if isinstance(response, (str, bytes)) else len(json.dumps(response))
