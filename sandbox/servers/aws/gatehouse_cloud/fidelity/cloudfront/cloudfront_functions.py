"""Runs CloudFront Functions with CloudFront's events and restrictions.

ministack gives a function all headers, joins repeated ones, and accepts every return value. Here a function gets the
headers that it gets on AWS, repeated ones as multiValue, and may neither change read-only headers nor add those that
only CloudFront sets: that is a 502. X-Amz-Cf-Id is the event's request id. The request has the method rawQueryString,
which is not part of what a function returns ("General helper methods"). An update returns its ETag in the header in which
AWS returns it, whose name is misspelt.
"""

from ministack.core import cloudfront_js
from ministack.services import cloudfront

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import edge

READ_ONLY = {
    "viewer-request": ("content-length", "host", "transfer-encoding", "via"),
    "viewer-response": ("warning", "via"),
}

# Gives the request its method before the function's own code runs.
HELPERS = b"""
;{
  const own = handler;
  handler = (event) => {
    const query = event.rawQueryString;
    delete event.rawQueryString;
    Object.defineProperty(event.request, "rawQueryString", {value: () => query || undefined});
    return own(event);
  };
}
"""


def install() -> None:
    patching.extend(cloudfront, "_build_function_event", _event)
    patching.extend(cloudfront, "_run_function", _run)
    patching.extend(cloudfront, "_cf_update_function", _update)
    patching.extend(cloudfront_js, "evaluate", lambda original, code, event: original(code + HELPERS, event))


def _event(original, event_type, dist_id, dist_domain, request_id, method, uri, query_params, headers, client_ip):
    current = edge.passage.get()
    seen = {name: value for name, value in headers.items() if not edge.DISALLOWED.match(name)}
    for name in seen:
        sent = [value for sent_name, value in current.headers if sent_name == name]
        if len(sent) > 1 and name != "cookie":
            seen[name] = sent
    event = original(event_type, dist_id, dist_domain, current.id, method, uri, query_params, seen, client_ip)
    return {**event, "rawQueryString": current.query}


async def _run(original, function_arn, event):
    # The value returned is compared with the event.
    returned = await original(function_arn, event)
    kind = event["context"]["eventType"]
    generated = kind == "viewer-request" and isinstance(returned, dict) and "statusCode" in returned
    before = {} if generated else event["request" if kind == "viewer-request" else "response"]["headers"]
    if not isinstance(returned, dict) or not isinstance(returned.get("headers", {}), dict):
        raise edge.Invalid("The CloudFront function returned an invalid value: no request or response object.")
    after = returned.get("headers", {})
    for name in before.keys() | after.keys():
        changed = before.get(name) != after.get(name)
        if changed and (edge.DISALLOWED.match(name) or (name in READ_ONLY[kind] and not generated)):
            raise edge.Invalid(f"The CloudFront function tried to add, delete, or change a read-only header: {name}.")
        if name != name.lower():
            raise edge.Invalid(f"The CloudFront function returned an invalid value: the header name {name}.")
    if kind == "viewer-request" and not generated and returned.get("method") != event["request"]["method"]:
        raise edge.Invalid("The CloudFront function tried to change the method, which is read-only.")
    return returned


def _update(original, name, headers, body):
    status, answered, content = original(name, headers, body)
    if "ETag" in answered:
        answered = {**answered, "ETtag": answered["ETag"]}
        del answered["ETag"]
    return status, answered, content
