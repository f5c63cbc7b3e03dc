"""Checks the caller's permissions for resources of other services that a request names.

- A function, a schedule and a flow log get their role only from a caller that may pass it (iam:PassRole).
- CloudFront requires read access to the web ACL that a distribution names ("Unable to verify read permissions on Web
  ACL"), and, for each version of a function that it names or named, lambda:GetFunction, lambda:EnableReplication* and
  lambda:DisableReplication* ("Set up IAM permissions and roles for Lambda@Edge"). AWS doesn't document whether it checks
  associations again that don't change; here it does. The certificate requires no permission: CloudFront reads it itself.
- CloudFront as a source of logs requires cloudfront:AllowVendedLogDeliveryForResource.
- Bedrock requires bedrock:InvokeModel on the models of an inference profile as well, in each Region of the profile, with
  the profile as a condition.
"""

import json
import re
from collections.abc import Iterator
from xml.etree import ElementTree

from ministack.core import iam_actions
from ministack.core.responses import get_region
from ministack.services import bedrock, cloudfront

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam import access, authorization
from gatehouse_cloud.fidelity.iam.authorization import Check, Request

EDGE_ACTIONS = ("lambda:GetFunction", "lambda:EnableReplication*", "lambda:DisableReplication*")

# The Regions of a profile's requests; AWS has more, and changes them.
GEOGRAPHIES = {
    # A global profile's models are those of its Region, and those of no Region in particular.
    "global": ("",),
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-west-1", "eu-west-3", "eu-north-1"),
    "apac": ("ap-northeast-1", "ap-southeast-1", "ap-southeast-2", "ap-south-1"),
}


def install() -> None:
    authorization.add("lambda", _pass_to_lambda)
    authorization.add("scheduler", _pass_to_scheduler)
    authorization.add("ec2", _pass_to_flow_logs)
    authorization.add("cloudfront", _distribution)
    authorization.add("logs", _delivery)
    authorization.add("bedrock-runtime", _converse)
    patching.extend(bedrock, "_get_inference_profile", _in_all_regions)


def _pass(role: str, service: str) -> Iterator[Check]:
    if role:
        yield Check("iam:PassRole", role, {"iam:PassedToService": f"{service}.amazonaws.com"})


def _pass_to_lambda(request: Request) -> Iterator[Check]:
    if request.action in ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"):
        yield from _pass(request.json.get("Role", ""), "lambda")


def _pass_to_scheduler(request: Request) -> Iterator[Check]:
    if request.action in ("scheduler:CreateSchedule", "scheduler:UpdateSchedule"):
        yield from _pass((request.json.get("Target") or {}).get("RoleArn", ""), "scheduler")


def _pass_to_flow_logs(request: Request) -> Iterator[Check]:
    if request.action == "ec2:CreateFlowLogs":
        yield from _pass(request.param("DeliverLogsPermissionArn"), "vpc-flow-logs")


# CloudFront.


def _distribution(request: Request) -> Iterator[Check]:
    if request.action not in ("cloudfront:CreateDistribution", "cloudfront:UpdateDistribution"):
        return
    try:
        config = ElementTree.fromstring(request.body)
    except ElementTree.ParseError:
        return
    acl = config.findtext(".//{*}WebACLId") or ""
    if acl.startswith("arn:"):
        message = "Unable to verify read permissions on Web ACL. Please retry the request."
        yield Check("wafv2:GetWebACL", acl, refusal=(400, "InvalidWebACLId", message))
    wanted = _functions_in(config)
    for function in sorted(wanted):
        for action in EDGE_ACTIONS:
            yield Check(action, function, refusal=_replication("enable", action, function))
    for function in sorted(_functions_of(request.path.split("/")[-2]) - wanted):
        action = "lambda:DisableReplication*"
        yield Check(action, function, refusal=_replication("disable", action, function))


def _replication(what: str, action: str, function: str) -> tuple[int, str, str]:
    message = (
        f"Lambda@Edge cannot {what} replication for the specified Lambda function. "
        f"Update the IAM policy to add permission: {action} for resource: {function} and try again."
    )
    return 400, "InvalidLambdaFunctionAssociation", message


def _functions_of(identity: str) -> set[str]:
    """Return the versions of functions that a distribution has now."""
    config = (cloudfront._distributions.get(identity) or {}).get("config_xml")
    return _functions_in(ElementTree.fromstring(config)) if config else set()


def _functions_in(config: ElementTree.Element) -> set[str]:
    return {element.text for element in config.iterfind(".//{*}LambdaFunctionARN") if element.text}


def _delivery(request: Request) -> Iterator[Check]:
    source = request.json.get("resourceArn", "")
    if request.action == "logs:PutDeliverySource" and source.startswith("arn:aws:cloudfront:"):
        yield Check("cloudfront:AllowVendedLogDeliveryForResource", source)


# Bedrock.


def _converse(request: Request) -> Iterator[Check]:
    profile = request.resource
    if not access.MODEL_PATH.match(request.path) or not re.search(r":(application-)?inference-profile/", profile):
        return
    given = iam_actions.request_tag_context(request.service, request.action, request.body, request.params)
    for model in models_of(profile):
        yield Check(request.action, model, {**given, "bedrock:InferenceProfileArn": profile})


def models_of(profile: str) -> list[str]:
    """Return the ARNs of an inference profile's models: its source's, or the system's in each Region."""
    made = bedrock._inference_profiles_apps.get(profile.rpartition("/")[2])
    if made and ":application-inference-profile/" in profile:
        return [model["ModelArn"] for model in made["Models"]]
    geography, _, model = profile.rpartition("/")[2].partition(".")
    return [f"arn:aws:bedrock:{region}::foundation-model/{model}" for region in _regions(geography)]


def _regions(geography: str) -> tuple[str, ...]:
    found = GEOGRAPHIES.get(geography, ())
    return found if get_region() in found else (*found, get_region())


def _in_all_regions(original, identifier):
    """List a profile's model in each Region of its requests."""
    status, headers, response = original(identifier)
    found = json.loads(response)
    if status != 200 or found.get("type") != "SYSTEM_DEFINED":
        return status, headers, response
    found["models"] = [{"modelArn": arn} for arn in models_of(found["inferenceProfileArn"])]
    return status, headers, json.dumps(found).encode()
