"""Corrects the resources and conditions on which ministack authorizes requests that create, tag and delete resources.

The roles that deploy the stack are limited by names and by tags. So a request to create a resource must be authorized on
its name where it has one, and the tags in a request and on a resource must be known for every service that the stack
uses. Permission to create or change a role can depend on its permissions boundary. A request for an alias of a KMS key is
authorized on the alias and on the key; ec2_resources.py has the other requests with several resources.
"""

from collections.abc import Iterator
from urllib.parse import unquote
from xml.etree import ElementTree

from ministack.core import iam_actions, iam_evaluator
from ministack.services import alb, cloudfront, ec2, iam, kms, tagging

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam import authorization, ec2_resources

# The operations of Lambda whose action has another name.
LAMBDA = {"Invoke": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"}

# The parameters of EC2 requests with the id of the first resource, beside those that ministack knows.
EC2_IDS = ("ResourceId.1", "FlowLogId.1", "NatGatewayId", "EgressOnlyInternetGatewayId")

# The prefix of the tags in requests to create a resource, for services of which ministack doesn't know it.
FORM_TAGS = {"ec2": authorization.EC2_TAGS, "elasticloadbalancing": authorization.FORM_TAGS}


def install() -> None:
    # Lambda's operations follow from its paths as those of other services do.
    iam_actions._BOTOCORE_SERVICE_MAP["lambda"] = ["lambda"]
    patching.extend(iam_actions, "_lambda_action", _lambda_action)
    patching.extend(iam_actions, "extract_resource_arn", _resource_arn)
    patching.extend(iam_actions, "request_tag_context", _request_tags)
    patching.extend(tagging, "resource_tags", _resource_tags)
    patching.extend(iam_evaluator, "enforce", _with_resource_tags)
    authorization.add("kms", _key_of_alias)


def _lambda_action(original, method, path):
    operation = iam_actions._match_rest_action("lambda", method, path)
    return LAMBDA.get(operation, operation) or original(method, path)


def _resource_arn(original, service, method, path, headers, body, query_params, region, account_id):
    arn = original(service, method, path, headers, body, query_params, region, account_id)
    if service == "ec2":
        return _ec2_arn(arn, query_params, region, account_id)
    if arn != "*":
        return arn
    json, form = iam_actions._safe_json_field, iam_actions._query_param
    if service == "lambda" and method == "POST" and (name := json(body, "FunctionName")):
        return f"arn:aws:lambda:{region}:{account_id}:function:{name}"
    if service == "kms" and (name := json(body, "AliasName")):
        return f"arn:aws:kms:{region}:{account_id}:{name}"
    if service == "cloudfront":
        return form(query_params, "Resource") or _policy_arn(path, account_id) or arn
    if service == "scheduler" and path.startswith("/tags/"):
        return unquote(path.removeprefix("/tags/"))
    if service == "monitoring":
        if name := form(query_params, "AlarmNames.member.1"):
            return f"arn:aws:cloudwatch:{region}:{account_id}:alarm:{name}"
        names = ("DashboardName", "DashboardNames.member.1")
        if name := iam_actions._param(body, query_params, *names):
            return f"arn:aws:cloudwatch::{account_id}:dashboard/{name}"
        return iam_actions._param(body, query_params, "ResourceARN") or arn
    if service in ("sns", "elasticloadbalancing"):
        return (
            form(query_params, "ResourceArn")
            or form(query_params, "ResourceArns.member.1")
            or _balancer_arn(query_params, region, account_id)
        )
    return arn


def _with_resource_tags(original, access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    """Make a resource's tags a condition of a role's boundary as well.

    ministack reads them only where the role's own policies have such a condition.
    """
    tags = {
        f"aws:resourcetag/{key}".lower(): value for key, value in (tagging.resource_tags(resource_arn) or {}).items()
    }
    given = {key.lower(): value for key, value in (service_context or {}).items()}
    return original(
        access_key_id, iam_action, service, region, resource_arn=resource_arn, service_context={**tags, **given}
    )


def _key_of_alias(request: authorization.Request) -> Iterator[authorization.Check]:
    """Creating or deleting an alias requires the permission for its key as well."""
    if request.action in ("kms:CreateAlias", "kms:DeleteAlias"):
        if key := kms._resolve_key(request.json.get("TargetKeyId") or request.json.get("AliasName", "")):
            yield authorization.Check(request.action, key["Arn"])


def _ec2_arn(arn, query_params, region, account_id):
    action = iam_actions._query_param(query_params, "Action")
    if action.startswith("Describe"):
        # Describing all resources of a kind is one permission, except for a few operations that name one resource.
        return arn if action == "DescribeVpcAttribute" else "*"
    if arn != "*":
        return arn
    if action == "DisassociateRouteTable":
        association = iam_actions._query_param(query_params, "AssociationId")
        for identity, table in ec2._route_tables.items():
            if any(one.get("RouteTableAssociationId") == association for one in table["Associations"]):
                return f"arn:aws:ec2:{region}:{account_id}:route-table/{identity}"
    for field in EC2_IDS:
        identity = iam_actions._query_param(query_params, field)
        if kind := ec2_resources.KINDS.get(identity.partition("-")[0]):
            return f"arn:aws:ec2:{region}:{account_id}:{kind}/{identity}"
    return arn


def _policy_arn(path, account_id):
    """Return the ARN of the CloudFront policy in a path."""
    parts = [part for part in path.split("/") if part]
    if len(parts) > 2 and parts[1].endswith("-policy"):
        return f"arn:aws:cloudfront::{account_id}:{parts[1]}/{parts[2]}"
    return ""


def _balancer_arn(query_params, region, account_id):
    """Return the ARN of what a request creates at Elastic Load Balancing."""
    form = iam_actions._query_param
    prefix, name = f"arn:aws:elasticloadbalancing:{region}:{account_id}", form(query_params, "Name")
    return {
        "CreateLoadBalancer": f"{prefix}:loadbalancer/app/{name}/*",
        "CreateTargetGroup": f"{prefix}:targetgroup/{name}/*",
    }.get(form(query_params, "Action"), "*")


def _request_tags(original, service, iam_action, body, params):
    context = original(service, iam_action, body, params)
    if service == "iam":
        return {**context, **_boundary(params)}
    if prefix := FORM_TAGS.get(service):
        tags = authorization.form_tags(params, prefix)
    elif service == "cloudfront" and iam_action == "cloudfront:CreateDistribution":
        tags = _xml_tags(body)
    else:
        return context
    return {**{f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}, **context}


def _boundary(params) -> dict[str, str]:
    """Return the boundary that a request sets, or else that of the role in the request."""
    form = iam_actions._query_param
    role = iam._roles.get(form(params, "RoleName")) or {}
    arn = form(params, "PermissionsBoundary") or role.get("PermissionsBoundary")
    return {"iam:permissionsboundary": arn} if arn else {}


def _xml_tags(body: bytes) -> dict[str, str]:
    try:
        document = ElementTree.fromstring(body)
    except ElementTree.ParseError:
        return {}
    return {
        tag.findtext("{*}Key", ""): tag.findtext("{*}Value", "") for tag in document.iterfind("{*}Tags/{*}Items/{*}Tag")
    }


def _resource_tags(original, arn):
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service == "ec2":
        return _flat(ec2._tags.get(arn.rpartition("/")[2]))
    if service == "elasticloadbalancing":
        return _flat(alb._tags.get(arn))
    if service == "cloudfront" and arn.rpartition("/")[2] not in cloudfront._distributions:
        return None  # a deleted distribution has no tags; ministack keeps them
    if service in ("cloudfront", "scheduler"):
        found = {at: tags for at, tags in tagging._COLLECTORS[service]()}
        return _flat(found.get(arn))
    return original(arn)


def _flat(tags) -> dict[str, str] | None:
    return {tag["Key"]: tag["Value"] for tag in tags} if tags is not None else None
