"""Refuses to delete security groups, subnets and VPCs that are in use.

ministack deletes a group of a load balancer and a subnet with a NAT gateway in it. EC2 refuses, and Terraform's provider
retries for a quarter of an hour.
"""

from ministack.services import alb, ec2, lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway import vpc_links
from gatehouse_cloud.fidelity.network import elastic_addresses


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "DeleteSecurityGroup", _delete_group)
    patching.extend_entry(actions, "DeleteSubnet", _delete_subnet)
    patching.extend_entry(actions, "DeleteVpc", _delete_vpc)


def _delete_group(original, p):
    name = ec2._p(p, "GroupId")
    if any(name in groups for _, groups in _members()) or _is_peer(name):
        return ec2._error("DependencyViolation", f"resource {name} has a dependent object", 400)
    return original(p)


def _delete_subnet(original, p):
    name = ec2._p(p, "SubnetId")
    if any(name in subnets for subnets, _ in _members()) or elastic_addresses.gateways_in(name):
        message = f"The subnet '{name}' has dependencies and cannot be deleted."
        return ec2._error("DependencyViolation", message, 400)
    return original(p)


def _delete_vpc(original, p):
    name = ec2._p(p, "VpcId")
    if any(endpoint["VpcId"] == name for endpoint in ec2._vpc_endpoints.values()):
        message = f"The vpc '{name}' has dependencies and cannot be deleted."
        return ec2._error("DependencyViolation", message, 400)
    return original(p)


def _is_peer(name: str) -> bool:
    """Report whether a rule of another group names this one."""
    return any(
        pair.get("GroupId") == name
        for group in ec2._security_groups.values()
        if group["GroupId"] != name
        for permission in group["IpPermissions"] + group["IpPermissionsEgress"]
        for pair in permission["UserIdGroupPairs"]
    )


def _members() -> list[tuple[list[str], list[str]]]:
    """Return the subnets and groups of each resource with interfaces in a VPC."""
    return [
        *(
            ([one["SubnetId"]], [group["GroupId"] for group in one["Groups"]])
            for one in ec2._network_interfaces.values()
        ),
        *((one["Subnets"], one["SecurityGroups"]) for one in alb._lbs.values()),
        *((one["SubnetIds"], one.get("SecurityGroupIds", [])) for one in ec2._vpc_endpoints.values()),
        *vpc_links.members(),
        *(
            (config.get("SubnetIds") or [], config.get("SecurityGroupIds") or [])
            for function in lambda_svc._functions.values()
            if (config := function["config"].get("VpcConfig"))
        ),
    ]
