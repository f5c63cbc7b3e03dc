"""Adds a statement to a bucket's policy when logs are delivered to the bucket.

ministack does not change the policy. AWS adds the statement that lets its service write, unless the policy has it; here
the policy has it if a statement is equal in all members but its Sid.
"""

import json
import time

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudwatch_logs, s3

from gatehouse_cloud import patching

SERVICE = "delivery.logs.amazonaws.com"


def install() -> None:
    patching.extend(cloudwatch_logs, "_create_delivery", _create)


def _create(original, data):
    response = original(data)
    destination = next(
        (
            found
            for found in cloudwatch_logs._delivery_destinations.values()
            if found["arn"] == data["deliveryDestinationArn"]
        ),
        None,
    )
    if response[0] == 200 and destination:
        arn = (destination.get("deliveryDestinationConfiguration") or {}).get("destinationResourceArn", "")
        if arn.startswith("arn:aws:s3:::"):
            _let_write(arn, cloudwatch_logs._delivery_sources[data["deliverySourceName"]])
    return response


def _let_write(bucket_arn: str, source: dict) -> None:
    name = bucket_arn.rpartition(":")[2]
    policy = json.loads(s3._bucket_policies.get(name) or '{"Version": "2012-10-17", "Statement": []}')
    wanted = statement(bucket_arn, source)
    if any(normal(given) == normal(wanted) for given in policy["Statement"]):
        return
    policy["Statement"].append({"Sid": f"AWSLogDeliveryWrite{int(time.time())}", **wanted})
    s3._bucket_policies[name] = json.dumps(policy)


def statement(bucket_arn: str, source: dict) -> dict:
    """Return the statement that AWS adds, without its Sid."""
    account = get_account_id()
    below = {"cloudfront": "CloudFront/"}.get(source.get("service", "").lower(), "")
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": "s3:PutObject",
        "Resource": f"{bucket_arn}/AWSLogs/{account}/{below}*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{get_region()}:{account}:delivery-source:{source['name']}"},
        },
    }


def normal(value):
    """Normalize a statement: without its Sid, lists of one as their element, others sorted."""
    if isinstance(value, dict):
        return {name: normal(member) for name, member in value.items() if name != "Sid"}
    if isinstance(value, list):
        return normal(value[0]) if len(value) == 1 else sorted((normal(member) for member in value), key=json.dumps)
    return value
