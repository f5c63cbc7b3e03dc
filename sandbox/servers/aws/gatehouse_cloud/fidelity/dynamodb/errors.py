"""Errors in DynamoDB's own form.

DynamoDB's errors have the namespace of their shape in __type, no x-amzn-ErrorType header, and the status 400 if the
request is at fault, also where it isn't authorized. A client that reads only ministack's bare names would know no error
of AWS. A refusal by IAM names the resource.
"""

import json
import zlib

from ministack.core import iam_actions
from ministack.services import dynamodb

from gatehouse_cloud import patching

OWN = "com.amazonaws.dynamodb.v20120810#"
SERVICE = "com.amazon.coral.service#"
# The errors that are not of DynamoDB's own namespace.
NAMESPACES = {
    "ValidationException": "com.amazon.coral.validate#",
    **dict.fromkeys(
        (
            "AccessDeniedException",
            "ExpiredTokenException",
            "IncompleteSignatureException",
            "InvalidSignatureException",
            "MissingAuthenticationTokenException",
            "SerializationException",
            "ThrottlingException",
            "UnknownOperationException",
            "UnrecognizedClientException",
        ),
        SERVICE,
    ),
}
# The errors whose shape has a Message, unlike the others'.
CAPITALIZED = ("TransactionCanceledException", "IdempotentParameterMismatchException", "AccessDeniedException")
NAMES = {"AccessDenied": "AccessDeniedException", "InternalError": "InternalServerError"}


def install() -> None:
    patching.extend(dynamodb, "handle_request", _request)
    patching.wrap(iam_actions, "access_denied_response", _denied)


async def _request(original, method, path, headers, body, query_params):
    return _formed(await original(method, path, headers, body, query_params))


def _denied(proceed, service, action, principal_arn, error_code, message, resource_arn, explicit_deny):
    if service != "dynamodb":
        return proceed()
    if not message and not error_code:
        message = iam_actions.identity_denial_message(action, principal_arn, resource_arn, explicit_deny)
    status, headers, body = _formed(proceed(message=message))
    return (400 if status == 403 else status), headers, body


def _formed(response: tuple) -> tuple:
    """Return a response with an error in DynamoDB's form; any other one as it is."""
    status, headers, body = response
    if status < 400:
        return response
    try:
        error = json.loads(body)
    except ValueError:
        return response
    if not isinstance(error, dict):
        return response
    name = str(error.get("__type", "")).rpartition("#")[2]
    name = NAMES.get(name, name)
    message = error.pop("message", None) or error.pop("Message", None) or ""
    error["__type"] = NAMESPACES.get(name, OWN) + name
    error["Message" if name in CAPITALIZED else "message"] = message
    content = json.dumps(error, ensure_ascii=False).encode()
    kept = {key: value for key, value in headers.items() if key.lower() not in ("x-amzn-errortype", "content-type")}
    return (
        status,
        {**kept, "Content-Type": "application/x-amz-json-1.0", "x-amz-crc32": str(zlib.crc32(content))},
        content,
    )
