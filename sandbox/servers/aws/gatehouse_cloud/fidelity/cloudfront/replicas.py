"""Checks the functions that a distribution associates for Lambda@Edge, and keeps those that edges have.

ministack accepts any association, and deletes a function that edges run. Here an association is refused, as on AWS, when
the function does not meet the requirements of Lambda@Edge, and so is a function's deletion while an edge may still have
it.
"""

import json
import re
from collections.abc import Iterator

from ministack.services import cloudfront, iam, lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import deployments

VERSION_ARN = re.compile(r"^arn:aws:lambda:us-east-1:\d{12}:function:[^:]+:\d+$")
PRINCIPALS = {"lambda.amazonaws.com", "edgelambda.amazonaws.com"}


def install(fleet: deployments.Fleet) -> None:
    def delete(proceed, name):
        if any(f":function:{name}:" in config for config in fleet.configurations()):
            message = (
                f"Lambda was unable to delete {lambda_svc._func_arn(name)} because it is a replicated function. "
                "Please see our documentation for Deleting Lambda@Edge Functions and Replicas."
            )
            return lambda_svc.error_response_json("InvalidParameterValueException", message, 400)
        return proceed()

    # ministack's check of a configuration before it creates or updates a distribution.
    patching.extend(cloudfront, "_distribution_vpc_origin_error", _refused)
    patching.wrap(lambda_svc, "_delete_function", delete)


def associations(behavior_el) -> Iterator[tuple[str, str]]:
    """Yield the event type and the ARN of each function of a cache behavior."""
    block = cloudfront._find(behavior_el, "LambdaFunctionAssociations")
    items = cloudfront._find(block, "Items") if block is not None else None
    for item in items if items is not None else []:
        yield cloudfront._text(item, "EventType"), cloudfront._text(item, "LambdaFunctionARN")


def _refused(original, config_el):
    behaviors = [cloudfront._find(config_el, "DefaultCacheBehavior")]
    block = cloudfront._find(config_el, "CacheBehaviors")
    items = cloudfront._find(block, "Items") if block is not None else None
    behaviors.extend(items if items is not None else [])
    for behavior in behaviors:
        for _, arn in associations(behavior) if behavior is not None else []:
            if problem := _problem(arn):
                return cloudfront._error("InvalidLambdaFunctionAssociation", f"{problem} Function: {arn}", 400)
    return original(config_el)


def _problem(arn: str) -> str | None:
    """Return CloudFront's reason to refuse a function, or None."""
    if not VERSION_ARN.match(arn):
        return "The function must be in the region us-east-1, and its ARN must reference a numbered version."
    record, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if record is None:
        return "The function does not exist."
    if not config["Runtime"].startswith(("nodejs", "python")):
        return f"The function's runtime, {config['Runtime']}, is not supported."
    if config.get("Environment", {}).get("Variables"):
        return "The function cannot have environment variables."
    if config.get("Architectures", ["x86_64"]) != ["x86_64"]:
        return "The function's architecture is not supported."
    if not PRINCIPALS <= _trusted(config["Role"].rsplit("/", 1)[-1]):
        return (
            "The function execution role must be assumable with edgelambda.amazonaws.com as well as "
            "lambda.amazonaws.com principals."
        )
    return None


def _trusted(role: str) -> set[str]:
    """Return the services that a role trusts."""
    policy = json.loads((iam._roles.get(role) or {}).get("AssumeRolePolicyDocument") or "{}")
    principals = [statement.get("Principal") for statement in _list(policy.get("Statement", []))]
    return {service for named in principals if isinstance(named, dict) for service in _list(named.get("Service", []))}


def _list(value) -> list:
    return value if isinstance(value, list) else [value]
