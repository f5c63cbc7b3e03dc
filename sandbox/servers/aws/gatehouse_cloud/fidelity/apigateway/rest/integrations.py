"""Checks integrations of REST APIs as API Gateway does when one is stored.

ministack stores any. Streaming depends on what AWS refuses here: the transfer mode must fit the type of the
integration, the operation of Lambda that its URI names, and its timeout. A method other than POST for Lambda is refused,
too: AWS accepts it, and responds with 500 forever.
"""

import json
import re

BUFFERED, STREAM = "BUFFERED", "STREAM"
TYPES = ("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK")
PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
# In milliseconds; that of BUFFERED is the quota of an account that has asked for no other.
LEAST_TIMEOUT = 50
LARGEST_TIMEOUT = {BUFFERED: 29_000, STREAM: 900_000}

SERVICE_URI = re.compile(r"^arn:aws:apigateway:[a-z0-9-]+:(?P<service>[\w.-]+):(?P<kind>path|action)/(?P<rest>.+)$")
FUNCTION = r"(?P<function>arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(?::[A-Za-z0-9_$-]+)?)"
# The paths of Lambda's operations Invoke and InvokeWithResponseStream.
INVOKE = re.compile(rf"^2015-03-31/functions/{FUNCTION}/invocations$")
INVOKE_WITH_STREAM = re.compile(rf"^2021-11-15/functions/{FUNCTION}/response-streaming-invocations$")


def function_of(uri: str) -> str:
    """Return the ARN of the function that an integration's or authorizer's URI names, or an empty string."""
    service = SERVICE_URI.match(uri or "")
    if not service or service["service"] != "lambda":
        return ""
    found = INVOKE.match(service["rest"]) or INVOKE_WITH_STREAM.match(service["rest"])
    return found["function"] if found else ""


def problem(integration: dict) -> str | None:
    """Return AWS's reason to refuse an integration, in the shape of PutIntegration, or None."""
    kind, mode = integration.get("type"), integration.get("responseTransferMode") or BUFFERED
    if kind not in TYPES:
        return "Invalid integration type"
    if mode not in LARGEST_TIMEOUT:
        return "Invalid ResponseTransferMode. Must be one of BUFFERED or STREAM."
    if mode == STREAM and kind not in ("AWS_PROXY", "HTTP_PROXY"):
        return "Invalid ResponseTransferMode. ResponseTransferMode STREAM is supported for HTTP_PROXY and AWS_PROXY integrations only."
    if (integration.get("passthroughBehavior") or PASSTHROUGH[0]) not in PASSTHROUGH:
        return "Invalid passthroughBehavior specified"
    return _uri_problem(kind, mode, integration) or _timeout_problem(mode, integration.get("timeoutInMillis"))


def _uri_problem(kind: str, mode: str, integration: dict) -> str | None:
    uri, method = integration.get("uri") or "", integration.get("httpMethod") or ""
    if kind == "MOCK":
        return None
    if not method:
        return "Enumeration value for HttpMethod must be non-empty"
    if kind in ("HTTP", "HTTP_PROXY"):
        return None if re.match(r"^https?://[^/]+", uri) else "Invalid HTTP endpoint specified for URI"
    if not uri.startswith("arn:"):
        return "Invalid ARN specified in the request"
    service = SERVICE_URI.match(uri)
    if not service:
        return "AWS ARN for integration must contain path or action"
    if service["service"] != "lambda":
        only = (
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations."
        )
        return only if kind == "AWS_PROXY" else None
    if not function_of(uri):
        return "Invalid function ARN or invalid uri"
    if method != "POST":
        return "Lambda functions are invoked with the method POST"
    return _operation_problem(mode, streams=bool(INVOKE_WITH_STREAM.match(service["rest"])))


def _operation_problem(mode: str, streams: bool) -> str | None:
    if streams == (mode == STREAM):
        return None
    operation = "InvokeWithResponseStream" if streams else "Invoke"
    return (
        f"Invalid ResponseTransferMode. Cannot use ResponseTransferMode {mode} for Lambda functions invoked by "
        f"{operation} for AWS_PROXY integrations."
    )


def _timeout_problem(mode: str, timeout) -> str | None:
    if timeout is None:
        return None
    largest = LARGEST_TIMEOUT[mode]
    if isinstance(timeout, bool) or not isinstance(timeout, int) or not LEAST_TIMEOUT <= timeout <= largest:
        return f"Timeout should be between {LEAST_TIMEOUT} ms and {largest} ms"
    return None


def parsed(body):
    """Return what a function returned, None if it is no JSON."""
    if not isinstance(body, (str, bytes)):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return None
