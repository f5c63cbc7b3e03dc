"""Drops and renames headers between clients and functions as REST APIs do.

The table is AWS's: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html.
"""

# Requests to a function lose these.
DROPPED_FROM_REQUESTS = {
    "connection", "content-md5", "expect", "keep-alive", "max-forwards", "proxy-authenticate", "proxy-connection",
    "server", "te", "trailer", "transfer-encoding", "upgrade", "www-authenticate",
}  # fmt: skip
DROPPED_FROM_RESPONSES = {
    "expect", "host", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer", "transfer-encoding",
    "upgrade", "via",
}  # fmt: skip
REMAPPED = {
    "authorization", "connection", "content-md5", "date", "max-forwards", "server", "user-agent", "www-authenticate",
}  # fmt: skip
# What API Gateway sets itself; a function's value stays under another name.
OWN = {"x-amzn-requestid", "x-amz-apigw-id", "x-amzn-trace-id"}


def of_request(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that a function gets."""
    return [(name, value) for name, value in headers if name.lower() not in DROPPED_FROM_REQUESTS]


def of_response(headers: list[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Return the headers that the client gets, those with several values as lists."""
    kept: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        lower = name.lower()
        if lower in DROPPED_FROM_RESPONSES:
            continue
        shown = f"x-amzn-Remapped-{name}" if lower in REMAPPED or lower in OWN else name
        kept.setdefault(shown.lower(), (shown, []))[1].append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in kept.values()}


def with_ids(headers: dict, request) -> dict:
    """Return headers with the ids that API Gateway adds to each response."""
    kept = {name: value for name, value in headers.items() if name.lower() not in OWN}
    return {
        **kept,
        "x-amzn-RequestId": request.id,
        "x-amz-apigw-id": request.extended_id,
        "X-Amzn-Trace-Id": request.trace,
    }
