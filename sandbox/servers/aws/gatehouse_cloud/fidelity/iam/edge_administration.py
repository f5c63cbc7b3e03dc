"""Corrects the resources and conditions of requests for CloudFront Functions, WAF, log deliveries, Route 53 and ACM.

administration.py does it for the other services. Conditions are the tags of certificates and of deliveries, and the types
of the records that a request changes.
"""

from xml.etree import ElementTree

from ministack.core import iam_actions
from ministack.services import acm, cloudwatch_logs, tagging

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.authorization import json_body

RECORD_TYPES = "route53:changeresourcerecordsetsrecordtypes"

# The resources of log deliveries that have a name.
NAMED_DELIVERIES = {"DeliverySource": "delivery-source", "DeliveryDestination": "delivery-destination"}


def install() -> None:
    patching.extend(iam_actions, "extract_resource_arn", _resource_arn)
    patching.extend(iam_actions, "request_tag_context", _record_types)
    patching.extend(tagging, "resource_tags", _resource_tags)


def _resource_arn(original, service, method, path, headers, body, query_params, region, account_id):
    arn = original(service, method, path, headers, body, query_params, region, account_id)
    if arn != "*":
        return arn
    if service == "cloudfront":
        return _after(path, "function", f"arn:aws:cloudfront::{account_id}:function/") or arn
    if service == "route53":
        return _after(path, "change", "arn:aws:route53:::change/") or arn
    if service == "wafv2":
        return _firewall(body) or arn
    if service == "logs":
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        return _delivery(action, body, f"arn:aws:logs:{region}:{account_id}") or arn
    return arn


def _after(path: str, kind: str, prefix: str) -> str:
    """Return the ARN of the resource in a path: /<version>/<kind>/<name>."""
    parts = [part for part in path.split("/") if part]
    return prefix + parts[2] if len(parts) > 2 and parts[1] == kind else ""


def _firewall(body: bytes) -> str:
    """Return the web ACL in a request for its log or its tags."""
    request = json_body(body)
    return (request.get("LoggingConfiguration") or request).get("ResourceArn") or request.get("ResourceARN") or ""


def _delivery(action: str, body: bytes, prefix: str) -> str:
    """Return the resource of a log delivery. A new delivery is authorized as one, not on its source and destination."""
    request = json_body(body)
    for suffix, kind in NAMED_DELIVERIES.items():
        if action.endswith(suffix) and (name := request.get("name")):
            return f"{prefix}:{kind}:{name}"
    if action == "CreateDelivery":
        return f"{prefix}:delivery:*"
    if action in ("GetDelivery", "DeleteDelivery", "UpdateDeliveryConfiguration"):
        return f"{prefix}:delivery:{request.get('id')}"
    return ""


def _record_types(original, service, iam_action, body, params):
    context = original(service, iam_action, body, params)
    if iam_action != "route53:ChangeResourceRecordSets":
        return context
    try:
        document = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return context
    types = {record.findtext("{*}Type", "") for record in document.iterfind(".//{*}ResourceRecordSet")}
    return {**context, RECORD_TYPES: sorted(types)}


def _resource_tags(original, arn):
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service == "acm":
        certificate = acm._certificates.get(arn)
        return {tag["Key"]: tag["Value"] for tag in certificate.get("Tags", [])} if certificate else None
    if service == "logs":
        record = cloudwatch_logs.resolve_tag_resource(arn)
        return dict(record.get("tags") or {}) if record else None
    return original(arn)
