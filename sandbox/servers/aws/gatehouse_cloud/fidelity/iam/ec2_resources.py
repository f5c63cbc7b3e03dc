"""Authorizes an EC2 request on each of its resources.

AWS authorizes a request that creates a resource on that, with the tags of the request, and on the resources that it is
created in or from, with their tags: permission to create security groups with the tags of a stack requires that for the
VPC as well. "Actions, resources, and condition keys for Amazon EC2" has the lists. Tags in the request are authorized as
ec2:CreateTags, with the operation as a condition.
"""

from collections.abc import Iterator

from ministack.core import iam_actions
from ministack.services import ec2

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam import authorization
from gatehouse_cloud.fidelity.iam.authorization import Check, Request

# The kind of resource that a request creates.
NEW = {
    "AllocateAddress": "elastic-ip",
    "CreateEgressOnlyInternetGateway": "egress-only-internet-gateway",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateInternetGateway": "internet-gateway",
    "CreateNatGateway": "natgateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}

# The kind of resource that a request creates while it changes another one.
NEW_BESIDE = {
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
}

# The other resources of a request: parameters with one id or several.
NAMED = {
    "AssociateRouteTable": ("RouteTableId", "SubnetId"),
    "AttachInternetGateway": ("InternetGatewayId", "VpcId"),
    "CreateEgressOnlyInternetGateway": ("VpcId",),
    "CreateFlowLogs": ("ResourceId",),
    "CreateNatGateway": ("SubnetId", "AllocationId"),
    "CreateRouteTable": ("VpcId",),
    "CreateSecurityGroup": ("VpcId",),
    "CreateSubnet": ("VpcId",),
    "CreateVpcEndpoint": ("VpcId", "SubnetId", "RouteTableId", "SecurityGroupId"),
    "DetachInternetGateway": ("InternetGatewayId", "VpcId"),
    "ModifyVpcEndpoint": (
        "VpcEndpointId",
        "AddSubnetId",
        "RemoveSubnetId",
        "AddRouteTableId",
        "RemoveRouteTableId",
        "AddSecurityGroupId",
        "RemoveSecurityGroupId",
    ),
}

KINDS = {
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}


def install() -> None:
    patching.extend(iam_actions, "extract_resource_arn", _first)
    patching.extend(iam_actions, "request_tag_context", _request_tag_context)
    authorization.add("ec2", _resources)
    authorization.add("ec2", _tags)
    authorization.add("ec2", _interface)


def _first(original, service, method, path, headers, body, query_params, region, account_id):
    """Return what is created as the first resource, and the address for a request that disassociates it."""
    action = iam_actions._query_param(query_params, "Action") if service == "ec2" else ""
    if kind := NEW.get(action):
        return f"arn:aws:ec2:{region}:{account_id}:{kind}/*"
    if action == "DisassociateAddress":
        address = _associated(iam_actions._query_param(query_params, "AssociationId"))
        # An association that doesn't exist has no address. EC2 doesn't document the resource then; here it is an
        # address without tags.
        return f"arn:aws:ec2:{region}:{account_id}:elastic-ip/{address.get('AllocationId', '*')}"
    if action == "ModifyVpcEndpoint":
        endpoint = iam_actions._query_param(query_params, "VpcEndpointId")
        return f"arn:aws:ec2:{region}:{account_id}:vpc-endpoint/{endpoint}"
    return original(service, method, path, headers, body, query_params, region, account_id)


def _request_tag_context(original, service, iam_action, body, params):
    """Drop tags that are for the resource created, and no condition of the one changed."""
    if service == "ec2" and iam_action.removeprefix("ec2:") in NEW_BESIDE:
        return {}
    return original(service, iam_action, body, params)


def _resources(request: Request) -> Iterator[Check]:
    operation = request.action.removeprefix("ec2:")
    first = request.resource
    for name in NAMED.get(operation, ()):
        for identity in [request.param(name), *request.listed(name)]:
            arn = _arn(request, identity)
            if arn and arn != first:
                yield Check(request.action, arn)
    if kind := NEW_BESIDE.get(operation):
        yield Check(request.action, request.arn("ec2", f"{kind}/*"), _request_tags(request))


def _tags(request: Request) -> Iterator[Check]:
    operation = request.action.removeprefix("ec2:")
    kind = NEW.get(operation) or NEW_BESIDE.get(operation)
    tags = _request_tags(request)
    if kind and tags:
        yield Check("ec2:CreateTags", request.arn("ec2", f"{kind}/*"), {**tags, "ec2:CreateAction": operation})


def _request_tags(request: Request) -> dict[str, str]:
    tags = authorization.form_tags(request.params, authorization.EC2_TAGS)
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()}


def _interface(request: Request) -> Iterator[Check]:
    """Disassociating an address requires permission for its interface as well."""
    if request.action == "ec2:DisassociateAddress":
        address = _associated(request.param("AssociationId"))
        if interface := address.get("NetworkInterfaceId"):
            yield Check(request.action, _arn(request, interface))


def _associated(association: str) -> dict:
    """Return the address with an association."""
    found = (address for address in ec2._addresses.values() if address.get("AssociationId") == association != "")
    return next(found, {})


def _arn(request: Request, identity: str) -> str:
    kind = KINDS.get(identity.partition("-")[0])
    return request.arn("ec2", f"{kind}/{identity}") if kind else ""
