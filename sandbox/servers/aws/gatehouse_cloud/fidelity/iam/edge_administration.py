"""What IAM decides on around CloudFront, as administration.py has it for the other services: the resource that a request
to CloudFront's functions, the firewall, the delivery of logs or Route 53 is about, the tags of certificates and of
deliveries, and the types of the records that a request changes.
"""

from xml.etree import ElementTree

from ministack.core import iam_actions
from ministack.services import acm, cloudwatch_logs, tagging

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.authorization import json_body

RECORD_TYPES = "route53:changeresourcerecordsetsrecordtypes"

# The objects that deliver logs and are known by their names.
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
    """The ARN of what a path names: /<version>/<kind>/<name>."""
    parts = [part for part in path.split("/") if part]
    return prefix + parts[2] if len(parts) > 2 and parts[1] == kind else ""


def _firewall(body: bytes) -> str:
    """The web ACL that a request about its log or its tags names."""
    request = json_body(body)
    return (request.get("LoggingConfiguration") or request).get("ResourceArn") or request.get("ResourceARN") or ""


def _delivery(action: str, body: bytes, prefix: str) -> str:
    """What delivers logs. A new delivery is checked as one, and not on the two that it connects."""
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
