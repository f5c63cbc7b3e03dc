"""Requires the permission to tag a resource where a request creates it with tags, in all services that the stack uses.

AWS authorizes such a request a second time: as the service's tag action, on what is created, or on the collection where
the id isn't known yet (API Gateway's message for a stage names /apis/ID/stages). For REST APIs it is apigateway:PUT on the
path of TagResource, with a * for what the request creates. Some services document it in each
operation's description ("to use this parameter, you must have …"), API Gateway in its refusals only.
"""

from collections.abc import Callable, Iterator
from urllib.parse import quote

from ministack.core.responses import get_account_id

from gatehouse_cloud.fidelity.iam import authorization
from gatehouse_cloud.fidelity.iam.authorization import Check, Request


def _same(request: Request) -> str:
    return request.resource


def _new_key(request: Request) -> str:
    return request.arn("kms", "key/*")


def _new_certificate(request: Request) -> str:
    return request.arn("acm", "certificate/*")


def _new_distribution(request: Request) -> str:
    return f"arn:aws:cloudfront::{get_account_id()}:distribution/*"


def _new_listener(request: Request) -> str:
    return request.resource.replace(":loadbalancer/", ":listener/") + "/*"


def _in_collection(request: Request) -> str:
    """Return the collection in which API Gateway creates something, or the path of the tags of a REST API's parts."""
    if "::/restapis" not in request.resource:
        return request.resource
    region = request.resource.split(":")[3]
    return f"arn:aws:apigateway:{region}::/tags/{quote(f'{request.resource}/*', safe='*')}"


def _log_group(request: Request) -> str:
    """Return the group itself, on which tagging is authorized, unlike other operations."""
    return request.resource.partition(":log-stream:")[0]


# The tag action and its resource, by action.
TAGGING: dict[str, tuple[str, Callable[[Request], str]]] = {
    "acm:RequestCertificate": ("acm:AddTagsToCertificate", _new_certificate),
    "apigateway:POST": ("apigateway:TagResource", _in_collection),
    "cloudfront:CreateDistribution": ("cloudfront:TagResource", _new_distribution),
    "cloudwatch:PutMetricAlarm": ("cloudwatch:TagResource", _same),
    "dynamodb:CreateTable": ("dynamodb:TagResource", _same),
    "elasticloadbalancing:CreateListener": ("elasticloadbalancing:AddTags", _new_listener),
    "elasticloadbalancing:CreateLoadBalancer": ("elasticloadbalancing:AddTags", _same),
    "elasticloadbalancing:CreateTargetGroup": ("elasticloadbalancing:AddTags", _same),
    "iam:CreateRole": ("iam:TagRole", _same),
    "kms:CreateKey": ("kms:TagResource", _new_key),
    "lambda:CreateFunction": ("lambda:TagResource", _same),
    "logs:CreateDelivery": ("logs:TagResource", _same),
    "logs:CreateLogGroup": ("logs:TagResource", _log_group),
    "logs:PutDeliveryDestination": ("logs:TagResource", _same),
    "logs:PutDeliverySource": ("logs:TagResource", _same),
    "scheduler:CreateScheduleGroup": ("scheduler:TagResource", _same),
    "sns:CreateTopic": ("sns:TagResource", _same),
    "sqs:CreateQueue": ("sqs:TagQueue", _same),
    "wafv2:CreateWebACL": ("wafv2:TagResource", _same),
}

# ministack's name of a service, where the prefix of its actions differs.
SERVICES = {"cloudwatch": "monitoring"}


def install() -> None:
    for prefix in dict.fromkeys(action.partition(":")[0] for action in TAGGING):
        authorization.add(SERVICES.get(prefix, prefix), _checks)


def _checks(request: Request) -> Iterator[Check]:
    action, resource = TAGGING.get(request.action, ("", _same))
    # DynamoDB requires it also for an empty list of tags, which Terraform's provider sends.
    if not action or not (request.tags or (request.service == "dynamodb" and "Tags" in request.json)):
        return
    if "::/restapis" in request.resource:
        action = "apigateway:PUT"
    # A request to /v2/tags/ARN is authorized as apigateway:POST on that path only.
    if request.service == "apigateway" and "/tags/" in request.path:
        return
    refusal = None
    if request.action == "logs:CreateLogGroup":
        message = f"User with accountId: {get_account_id()} is not authorized to perform CreateLogGroup with Tags. "
        refusal = (400, "AccessDeniedException", message + 'An additional permission "logs:TagResource" is required.')
    yield Check(action, resource(request), request.tags, refusal)
