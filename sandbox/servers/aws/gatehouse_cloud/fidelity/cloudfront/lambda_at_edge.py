"""Runs the Lambda@Edge function of origin-request events.

ministack stores a distribution's associations with functions and runs none of them. Here the function of the
origin-request event runs, with CloudFront's event and CloudFront's checks of what it returns; those of other events are
only stored, and so are those of behaviors with a bucket as origin.
"""

import json
import re

from ministack.core import concurrency
from ministack.services import cloudfront, lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import edge, replicas

# Read-only in origin-request events ("Restrictions on all edge functions").
READ_ONLY = (
    "accept-encoding",
    "content-length",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
    "via",
)
# Over HTTP/2 and 3, which viewers use by default, only a length announces a body.
LENGTH = "content-length"
BODY_HEADERS = (LENGTH, "transfer-encoding")
LARGEST_RESPONSE = 1 << 20  # bytes
FAILED = "The Lambda function associated with the CloudFront distribution failed to execute."


class Failed(Exception):
    """The function threw, timed out or does not exist: the viewer gets a 503."""


def install() -> None:
    async def fetch(
        proceed, origin, method, uri, query_string, headers, viewer_is_https, client_ip, viewer_xff, dist_arn
    ):
        current = edge.passage.get()
        arn = current.behavior.get("lambda_functions", {}).get("origin-request")
        if arn is None or origin["s3_bucket"]:
            return await proceed()
        sent = cloudfront._origin_request_headers({**origin, "custom_headers": []}, headers, client_ip, viewer_xff)
        # ministack computes the length of a body again when it sends it.
        sent.update({name: value for name, value in current.headers if name == LENGTH})
        _, port, https = cloudfront._origin_connect_target(origin, viewer_is_https)
        given = {
            "clientIp": client_ip,
            "headers": _listed(sent),
            "method": method,
            "origin": _origin_in_event(origin, port, "https" if https else "http"),
            "querystring": query_string,
            "uri": uri,
        }
        returned = await _run(arn, _event(current.id, dist_arn, given))
        if "status" in returned:
            return _generated(returned)
        _check(given, returned)
        values = {
            name: ", ".join(header["value"] for header in listed)
            for name, listed in returned["headers"].items()
            if name not in ("via", *BODY_HEADERS)
        }
        # CloudFront appends the viewer's address to what is left of the chain.
        chain = values.pop("x-forwarded-for", "").removesuffix(client_ip).removesuffix(", ")
        return await proceed(
            origin=_changed_origin(origin, returned["origin"]["custom"]),
            uri=returned["uri"],
            query_string=returned["querystring"],
            headers=values,
            viewer_xff=chain,
        )

    async def with_failures(proceed, dist):
        try:
            return await proceed()
        except Failed as problem:
            cloudfront.logger.warning("distribution %s: %s", dist["Id"], problem)
            return cloudfront._cf_error_response(503, FAILED, cloudfront._ERROR_X_CACHE)

    patching.extend(cloudfront, "_dataplane_behavior", _behavior)
    patching.wrap(cloudfront, "_fetch_from_origin", fetch)
    patching.wrap(cloudfront, "handle_viewer_request", with_failures)


def _behavior(original, behavior_el, path_pattern=None):
    return {**original(behavior_el, path_pattern), "lambda_functions": dict(replicas.associations(behavior_el))}


def _listed(headers: dict[str, str]) -> dict:
    return {
        name.lower(): [{"key": cloudfront._title_case_header_name(name), "value": value}]
        for name, value in headers.items()
        if not edge.DISALLOWED.match(name.lower())
    }


def _origin_in_event(origin: dict, port: int, protocol: str) -> dict:
    return {
        "custom": {
            "customHeaders": {
                name.lower(): [{"key": name, "value": value}] for name, value in origin["custom_headers"]
            },
            "domainName": origin["domain_name"],
            "keepaliveTimeout": origin["keepalive_timeout"],
            "path": origin["origin_path"],
            "port": port,
            "protocol": protocol,
            "readTimeout": origin["read_timeout"],
            "sslProtocols": list(origin["ssl_protocols"]),
        }
    }


def _event(request_id: str, dist_arn: str, request: dict) -> dict:
    dist = cloudfront._distributions[dist_arn.rsplit("/", 1)[-1]]
    config = {
        "distributionDomainName": dist["DomainName"],
        "distributionId": dist["Id"],
        "eventType": "origin-request",
        "requestId": request_id,
    }
    return {"Records": [{"cf": {"config": config, "request": request}}]}


async def _run(arn: str, event: dict) -> dict:
    record, config, name = lambda_svc._get_func_record_for_ref(arn)
    if record is None:
        raise Failed(f"{arn} does not exist")
    # A replica has a name of its own, which its log group has as well.
    logs = {**config.get("LoggingConfig", {}), "LogGroup": f"/aws/lambda/us-east-1.{name}"}
    replica = {**record, "config": {**config, "FunctionName": f"us-east-1.{name}", "LoggingConfig": logs}}
    result = await concurrency.run_reentrant(lambda_svc._execute_function, replica, event)
    if result.get("error"):
        raise Failed(f"{arn}: {result.get('body')}")
    if not isinstance(result["body"], dict):
        raise edge.Invalid("The Lambda function returned an invalid value: no request or response object.")
    return result["body"]


def _generated(response: dict) -> tuple:
    status = str(response["status"])
    if not re.fullmatch(r"[2-5]\d\d", status):
        raise edge.Invalid(f"The Lambda function returned an invalid value: the status {status}.")
    if len(json.dumps(response)) > LARGEST_RESPONSE:
        raise edge.Invalid("The Lambda function returned an invalid value: a response of more than 1 MB.")
    pairs = []
    for name, headers in response.get("headers", {}).items():
        if edge.DISALLOWED.match(name) or name in ("via", "transfer-encoding"):
            raise edge.Invalid(f"The Lambda function tried to add a read-only header: {name}.")
        pairs.extend((name, header["value"]) for header in headers)
    body = cloudfront._body_from_response_event(
        {"body": {"data": response.get("body", ""), "encoding": response.get("bodyEncoding", "text")}}, b""
    )
    return int(status), response.get("statusDescription", ""), cloudfront._multidict_from_pairs(pairs), body


def _check(given: dict, returned: dict) -> None:
    """Check a request that a function returns, as CloudFront does."""
    before, after = given["headers"], returned.get("headers")
    if not isinstance(after, dict) or not isinstance(returned.get("uri"), str):
        raise edge.Invalid("The Lambda function returned an invalid value: no request or response object.")
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name) and (name in READ_ONLY or edge.DISALLOWED.match(name)):
            raise edge.Invalid(f"The Lambda function tried to add, delete, or change a read-only header: {name}.")
        for header in after.get(name, []):
            if not isinstance(header.get("value"), str):
                raise edge.Invalid(f"The Lambda function returned an invalid value: the header {name}.")
    if returned.get("method") != given["method"]:
        raise edge.Invalid("The Lambda function tried to change the method, which is read-only.")
    custom = (returned.get("origin") or {}).get("custom")
    if not custom or after.keys() & custom["customHeaders"].keys():
        message = "no origin, or one whose headers are in the request too"
        raise edge.Invalid(f"The Lambda function returned an invalid value: {message}.")


def _changed_origin(origin: dict, custom: dict) -> dict:
    headers = [(header["key"], header["value"]) for listed in custom["customHeaders"].values() for header in listed]
    return {**origin, "domain_name": custom["domainName"], "origin_path": custom["path"], "custom_headers": headers}
