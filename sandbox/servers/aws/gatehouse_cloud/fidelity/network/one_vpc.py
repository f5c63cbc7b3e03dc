"""Refuses resources with subnets, security groups or target groups of two VPCs.

ministack accepts any ids together. On AWS a load balancer can't leave its VPC, and a listener, an interface endpoint or a
function that names resources of two VPCs is refused.
"""

from ministack.core.responses import error_response_json
from ministack.services import alb, ec2, lambda_svc

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.network import zones

FREE_ADDRESSES = 8  # that a load balancer requires in each subnet


def install() -> None:
    balancers = alb._ACTION_MAP
    patching.extend_entry(balancers, "CreateLoadBalancer", _create_balancer)
    patching.extend_entry(balancers, "SetSubnets", _set_subnets)
    patching.extend_entry(balancers, "SetSecurityGroups", _set_groups)
    for action in ("CreateListener", "ModifyListener"):
        patching.extend_entry(balancers, action, _listen)
    patching.extend_entry(ec2._ACTION_MAP, "CreateVpcEndpoint", _create_endpoint)
    patching.extend_entry(ec2._ACTION_MAP, "ModifyVpcEndpoint", _modify_endpoint)
    patching.extend(lambda_svc, "_create_function", _create_function)
    patching.extend(lambda_svc, "_update_config", _update_config)


def vpcs_of(subnets: list[str], groups: list[str]) -> set[str]:
    """Return the VPCs of these subnets and groups, with an empty name for one that doesn't exist."""
    owners = [ec2._subnets.get(one) for one in subnets] + [ec2._security_groups.get(one) for one in groups]
    return {owner["VpcId"] if owner else "" for owner in owners}


# Load balancers.


def _create_balancer(original, params):
    subnets, groups = alb._parse_member_list(params, "Subnets"), alb._parse_member_list(params, "SecurityGroups")
    vpc = ec2._subnets.get(subnets[0] if subnets else "", {}).get("VpcId", "")
    if refusal := _bad_subnets(subnets, vpc) or _foreign_group(groups, vpc):
        return refusal
    status, headers, body = original(params)
    if status == 200:
        made = next(one for one in alb._lbs.values() if one["LoadBalancerName"] == alb._p(params, "Name"))
        body = body.replace(f"<VpcId>{made['VpcId']}<".encode(), f"<VpcId>{vpc}<".encode())
        made["VpcId"] = vpc
    return status, headers, body


def _set_subnets(original, params):
    balancer = alb._lbs.get(alb._p(params, "LoadBalancerArn"))
    mappings = alb._parse_member_list(params, "Subnets")
    refusal = balancer and mappings and _bad_subnets(mappings, balancer["VpcId"])
    return refusal or original(params)


def _set_groups(original, params):
    balancer = alb._lbs.get(alb._p(params, "LoadBalancerArn"))
    groups = alb._parse_member_list(params, "SecurityGroups")
    return (balancer and _foreign_group(groups, balancer["VpcId"])) or original(params)


def _bad_subnets(names: list[str], vpc: str) -> tuple | None:
    for name in names:
        subnet = ec2._subnets.get(name)
        if subnet is None:
            return alb._error("SubnetNotFound", f"The subnet ID '{name}' does not exist")
        if subnet["VpcId"] != vpc:
            return alb._error("InvalidConfigurationRequest", f"Subnet '{name}' does not belong to VPC '{vpc}'")
        if subnet["AvailableIpAddressCount"] < FREE_ADDRESSES:
            needs = f"ELB requires at least {FREE_ADDRESSES} free IP addresses in each subnet."
            return alb._error("InvalidSubnet", f"Not enough IP space available in {name}. {needs}")
    found = [ec2._subnets[name]["AvailabilityZone"] for name in names]
    if len(set(found)) < len(found):
        message = "A load balancer cannot be attached to multiple subnets in the same Availability Zone"
        return alb._error("InvalidConfigurationRequest", message)
    if len(found) < 2:
        message = "At least two subnets in two different Availability Zones must be specified"
        return alb._error("ValidationError", message)
    return None


def _foreign_group(names: list[str], vpc: str) -> tuple | None:
    for name in names:
        if vpcs_of([], [name]) != {vpc}:
            message = f'Security group "{name}" does not belong to VPC "{vpc}"'
            return alb._error("InvalidConfigurationRequest", message)
    return None


def _listen(original, params):
    listener = alb._listeners.get(alb._p(params, "ListenerArn"), {})
    arn = alb._p(params, "LoadBalancerArn") or listener.get("LoadBalancerArn")
    balancer = alb._lbs.get(arn)
    for action in alb._parse_actions(params, "DefaultActions") if balancer else []:
        for target in dict.fromkeys((action.get("TargetGroupArn"), *dict(action.get("ForwardConfig", [])))):
            if target in alb._tgs and alb._tgs[target]["VpcId"] != balancer["VpcId"]:
                message = f"Target group '{target}' is in a different VPC than load balancer '{arn}'"
                return alb._error("InvalidConfigurationRequest", message)
    return original(params)


# Interface endpoints.


def _create_endpoint(original, p):
    subnets, groups = ec2._parse_member_list(p, "SubnetId"), ec2._parse_member_list(p, "SecurityGroupId")
    return _endpoint_refusal(ec2._p(p, "VpcId"), ec2._p(p, "ServiceName"), subnets, groups) or original(p)


def _modify_endpoint(original, p):
    existing = ec2._vpc_endpoints.get(ec2._p(p, "VpcEndpointId"))
    if existing is None:
        return original(p)
    subnets, groups = ec2._parse_member_list(p, "AddSubnetId"), ec2._parse_member_list(p, "AddSecurityGroupId")
    return _endpoint_refusal(existing["VpcId"], existing["ServiceName"], subnets, groups) or original(p)


def _endpoint_refusal(vpc: str, service: str, subnets: list[str], groups: list[str]) -> tuple | None:
    for name in subnets:
        if vpcs_of([name], []) != {vpc}:
            return ec2._error("InvalidSubnetId.NotFound", f"The subnet ID '{name}' does not exist in VPC {vpc}", 400)
    for name in groups:
        if vpcs_of([], [name]) != {vpc}:
            message = f"Security group {name} and VPC {vpc} belong to different networks."
            return ec2._error("InvalidParameter", message, 400)
    if without := zones.lacking(service, [ec2._subnets[name] for name in subnets]):
        message = (
            f"The VPC endpoint service {service} does not support the availability zone of the subnet: "
            f"{without['SubnetId']}."
        )
        return ec2._error("InvalidParameter", message, 400)
    return None


# Functions.


def _create_function(original, data):
    return _function_refusal(data) or original(data)


def _update_config(original, name, data):
    return _function_refusal(data) or original(name, data)


def _function_refusal(data: dict) -> tuple | None:
    config = data.get("VpcConfig") or {}
    subnets, groups = config.get("SubnetIds") or [], config.get("SecurityGroupIds") or []
    if bool(subnets) != bool(groups):
        message = "SubnetIds and SecurityIds must coexist or be both empty list."
        return error_response_json("InvalidParameterValueException", message, 400)
    if len(vpcs_of(subnets, groups)) > 1:
        message = "Security Groups are required to be in the same VPC."
        return error_response_json("InvalidParameterValueException", message, 400)
    return None
