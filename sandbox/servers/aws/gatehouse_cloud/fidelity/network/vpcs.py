"""Keeps all members of networks: IPv6, interface endpoints, flow logs, rules that name a prefix list.

ministack drops members of requests and leaves them out of responses; Terraform's provider would wait for an IPv6 route
forever, and change an endpoint and replace a flow log at every deployment.
"""

import random
import re

from ministack.services import ec2

from gatehouse_cloud import patching

ROUTE_TARGETS = ("GatewayId", "EgressOnlyInternetGatewayId", "NatGatewayId", "NetworkInterfaceId", "TransitGatewayId")
FLOW_LOG_MEMBERS = ("DeliverLogsPermissionArn", "LogGroupName", "LogFormat", "MaxAggregationInterval")
DEFAULT_LOG_FORMAT = (
    "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} "
    "${packets} ${bytes} ${start} ${end} ${action} ${log-status}"
)


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "CreateVpc", _create_vpc)
    patching.extend_entry(actions, "CreateSubnet", _create_subnet)
    patching.extend_entry(actions, "ModifySubnetAttribute", _modify_subnet)
    patching.extend(ec2, "_vpc_fields_xml", _vpc_xml)
    patching.extend(ec2, "_subnet_fields_xml", _subnet_xml)
    patching.extend(ec2, "_matches_vpc_filters", _matches_vpc)
    patching.extend(ec2, "_matches_subnet_filters", _matches_subnet)
    actions.setdefault("AssociateVpcCidrBlock", _associate_vpc)
    actions.setdefault("DisassociateVpcCidrBlock", _disassociate_vpc)
    actions.setdefault("AssociateSubnetCidrBlock", _associate_subnet)
    actions.setdefault("DisassociateSubnetCidrBlock", _disassociate_subnet)
    patching.extend_entry(actions, "CreateRoute", _create_route)
    patching.extend_entry(actions, "ReplaceRoute", _replace_route)
    patching.extend_entry(actions, "DeleteRoute", _delete_route)
    patching.extend_entry(actions, "CreateVpcEndpoint", _create_endpoint)
    patching.extend_entry(actions, "ModifyVpcEndpoint", _modify_endpoint)
    patching.extend(ec2, "_vpce_fields_xml", _endpoint_xml)
    patching.extend_entry(actions, "CreateFlowLogs", _create_flow_logs)
    patching.extend_entry(actions, "DescribeFlowLogs", _describe_flow_logs)
    patching.extend(ec2, "_parse_tag_specs", _tag_specs)
    patching.extend(ec2, "_parse_ip_permissions", _permissions)
    patching.extend(ec2, "_sg_rule_xml", _rule_xml)


# IPv6 blocks of VPCs and subnets.


def _create_vpc(original, p):
    status, headers, body = original(p)
    if status != 200 or not _is_true(p, "AmazonProvidedIpv6CidrBlock"):
        return status, headers, body
    vpc = ec2._vpcs[_id_in(body, "vpcId")]
    _add_vpc_block(vpc)
    return ec2._xml(200, "CreateVpcResponse", ec2._vpc_fields_xml(vpc, tag="vpc"))


def _create_subnet(original, p):
    status, headers, body = original(p)
    if status != 200 or not ec2._p(p, "Ipv6CidrBlock"):
        return status, headers, body
    subnet = ec2._subnets[_id_in(body, "subnetId")]
    subnet["Ipv6"] = _association("subnet", ec2._p(p, "Ipv6CidrBlock"))
    return ec2._xml(200, "CreateSubnetResponse", ec2._subnet_fields_xml(subnet, tag="subnet"))


def _modify_subnet(original, p):
    subnet = ec2._subnets.get(ec2._p(p, "SubnetId"), {})
    for name in ("AssignIpv6AddressOnCreation", "EnableDns64"):
        if ec2._p(p, f"{name}.Value"):
            subnet[name] = _is_true(p, f"{name}.Value")
    return original(p)


def _associate_vpc(p):
    vpc = ec2._vpcs.get(ec2._p(p, "VpcId"))
    if vpc is None:
        return ec2._error("InvalidVpcID.NotFound", f"The vpc ID '{ec2._p(p, 'VpcId')}' does not exist", 400)
    if not _is_true(p, "AmazonProvidedIpv6CidrBlock"):
        return ec2._error("UnsupportedOperation", "The sandbox gives a VPC one block of Amazon's IPv6 only.", 400)
    _add_vpc_block(vpc)
    return ec2._xml(
        200,
        "AssociateVpcCidrBlockResponse",
        f"<vpcId>{vpc['VpcId']}</vpcId>" + _block_xml(vpc["Ipv6"], "ipv6CidrBlockAssociation"),
    )


def _associate_subnet(p):
    subnet = ec2._subnets.get(ec2._p(p, "SubnetId"))
    if subnet is None:
        return ec2._error("InvalidSubnetID.NotFound", f"The subnet ID '{ec2._p(p, 'SubnetId')}' does not exist", 400)
    subnet["Ipv6"] = _association("subnet", ec2._p(p, "Ipv6CidrBlock"))
    return ec2._xml(
        200,
        "AssociateSubnetCidrBlockResponse",
        f"<subnetId>{subnet['SubnetId']}</subnetId>" + _block_xml(subnet["Ipv6"], "ipv6CidrBlockAssociation"),
    )


def _disassociate_vpc(p):
    return _disassociate(p, ec2._vpcs, "VpcId", "DisassociateVpcCidrBlockResponse")


def _disassociate_subnet(p):
    return _disassociate(p, ec2._subnets, "SubnetId", "DisassociateSubnetCidrBlockResponse")


def _disassociate(p, owners, key, response):
    wanted = ec2._p(p, "AssociationId")
    for owner in owners.values():
        if owner.get("Ipv6", {}).get("AssociationId") == wanted:
            block = owner.pop("Ipv6")
            tag = key[0].lower() + key[1:]
            inner = f"<{tag}>{owner[key]}</{tag}>" + _block_xml(block, "ipv6CidrBlockAssociation", "disassociating")
            return ec2._xml(200, response, inner)
    return ec2._error("InvalidCidrBlockAssociationID.NotFound", f"The association ID '{wanted}' does not exist", 400)


def _add_vpc_block(vpc: dict) -> None:
    vpc["Ipv6"] = _association(
        "vpc", f"2600:1f18:{random.randint(0x1000, 0xFFFF):x}:{random.randint(0x10, 0xFF):x}00::/56"
    )


def _association(kind: str, block: str) -> dict:
    return {"AssociationId": f"{kind}-cidr-assoc-{random.randbytes(9).hex()[:17]}", "Ipv6CidrBlock": block}


def _block_xml(block: dict, tag: str, state: str = "associated") -> str:
    return (
        f"<{tag}><associationId>{block['AssociationId']}</associationId>"
        f"<ipv6CidrBlock>{block['Ipv6CidrBlock']}</ipv6CidrBlock>"
        f"<ipv6CidrBlockState><state>{state}</state></ipv6CidrBlockState>"
        f"<networkBorderGroup>{ec2.get_region()}</networkBorderGroup><ipv6Pool>Amazon</ipv6Pool></{tag}>"
    )


def _vpc_xml(original, vpc, tag="item"):
    return _with(original(vpc, tag), tag, _blocks_xml(vpc))


def _subnet_xml(original, subnet, tag="item"):
    text = _with(original(subnet, tag), tag, _blocks_xml(subnet))
    if subnet.get("AssignIpv6AddressOnCreation"):
        text = text.replace("<assignIpv6AddressOnCreation>false<", "<assignIpv6AddressOnCreation>true<")
    return text


def _blocks_xml(owner: dict) -> str:
    items = _block_xml(owner["Ipv6"], "item") if "Ipv6" in owner else ""
    return f"<ipv6CidrBlockAssociationSet>{items}</ipv6CidrBlockAssociationSet>"


def _matches_vpc(original, vpc, filters):
    return original(vpc, filters) and _matches_block(vpc, filters)


def _matches_subnet(original, subnet, filters):
    return original(subnet, filters) and _matches_block(subnet, filters)


def _matches_block(owner: dict, filters: dict) -> bool:
    wanted = filters.get("ipv6-cidr-block-association.association-id")
    return not wanted or owner.get("Ipv6", {}).get("AssociationId") in wanted


# Routes for IPv6; ministack has IPv4 destinations only.


def _create_route(original, p):
    if not ec2._p(p, "DestinationIpv6CidrBlock"):
        return original(p)
    return _change_ipv6_route(p, "CreateRouteResponse", keep=True)


def _replace_route(original, p):
    if not ec2._p(p, "DestinationIpv6CidrBlock"):
        return original(p)
    return _change_ipv6_route(p, "ReplaceRouteResponse", keep=True)


def _delete_route(original, p):
    if not ec2._p(p, "DestinationIpv6CidrBlock"):
        return original(p)
    return _change_ipv6_route(p, "DeleteRouteResponse", keep=False)


def _change_ipv6_route(p, response, keep):
    table_id, block = ec2._p(p, "RouteTableId"), ec2._p(p, "DestinationIpv6CidrBlock")
    table = ec2._route_tables.get(table_id)
    if table is None:
        return ec2._error("InvalidRouteTableID.NotFound", f"The route table '{table_id}' does not exist", 400)
    table["Routes"] = [route for route in table["Routes"] if route.get("DestinationIpv6CidrBlock") != block]
    if keep:
        target = {name: ec2._p(p, name) for name in ROUTE_TARGETS if ec2._p(p, name)}
        table["Routes"].append(
            {"DestinationIpv6CidrBlock": block, "State": "active", "Origin": "CreateRoute", **target}
        )
    return ec2._xml(200, response, "<return>true</return>")


# Endpoints.


def _create_endpoint(original, p):
    vpc = ec2._vpcs.get(ec2._p(p, "VpcId"), {})
    private_dns = _is_true(p, "PrivateDnsEnabled")
    if private_dns and not (vpc.get("EnableDnsSupport", True) and vpc.get("EnableDnsHostnames", False)):
        message = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames of the VPC."
        return ec2._error("InvalidParameter", message, 400)
    status, headers, body = original(p)
    if status != 200:
        return status, headers, body
    endpoint = ec2._vpc_endpoints[_id_in(body, "vpcEndpointId")]
    endpoint["PolicyDocument"] = ec2._p(p, "PolicyDocument")
    if endpoint["VpcEndpointType"] == "Interface":
        groups = ec2._parse_member_list(p, "SecurityGroupId")
        endpoint["SecurityGroupIds"] = groups or [vpc.get("DefaultSecurityGroupId", "")]
        endpoint["PrivateDnsEnabled"] = private_dns
        endpoint["IpAddressType"] = ec2._p(p, "IpAddressType") or "ipv4"
    return ec2._xml(200, "CreateVpcEndpointResponse", ec2._vpce_fields_xml(endpoint, tag="vpcEndpoint"))


def _modify_endpoint(original, p):
    endpoint = ec2._vpc_endpoints.get(ec2._p(p, "VpcEndpointId"), {})
    if "SecurityGroupIds" in endpoint:
        removed = ec2._parse_member_list(p, "RemoveSecurityGroupId")
        kept = [group for group in endpoint["SecurityGroupIds"] if group not in removed]
        added = [group for group in ec2._parse_member_list(p, "AddSecurityGroupId") if group not in kept]
        endpoint["SecurityGroupIds"] = kept + added
    if ec2._p(p, "PrivateDnsEnabled"):
        endpoint["PrivateDnsEnabled"] = _is_true(p, "PrivateDnsEnabled")
    if ec2._p(p, "IpAddressType"):
        endpoint["IpAddressType"] = ec2._p(p, "IpAddressType")
    if _is_true(p, "ResetPolicy"):
        endpoint["PolicyDocument"] = ""
    return original(p)


def _endpoint_xml(original, ep, tag="item"):
    groups = "".join(f"<item><groupId>{group}</groupId></item>" for group in ep.get("SecurityGroupIds", []))
    private_dns = str(ep.get("PrivateDnsEnabled", False)).lower()
    members = f"<groupSet>{groups}</groupSet><privateDnsEnabled>{private_dns}</privateDnsEnabled>"
    if ep.get("PolicyDocument"):
        members += f"<policyDocument>{ec2._esc(ep['PolicyDocument'])}</policyDocument>"
    if ep.get("IpAddressType"):
        kind = ep["IpAddressType"]
        members += (
            f"<ipAddressType>{kind}</ipAddressType><dnsOptions><dnsRecordIpType>{kind}</dnsRecordIpType></dnsOptions>"
        )
    return _with(original(ep, tag), tag, members)


# Flow logs.


def _create_flow_logs(original, params):
    status, headers, body = original(params)
    for flow_log_id in re.findall(r"<item>(fl-[0-9a-f]+)</item>", body.decode()):
        flow_log = ec2._flow_logs[flow_log_id]
        flow_log.update({name: ec2._p(params, name) for name in FLOW_LOG_MEMBERS})
        flow_log["MaxAggregationInterval"] = flow_log["MaxAggregationInterval"] or "600"
        flow_log["LogFormat"] = flow_log["LogFormat"] or DEFAULT_LOG_FORMAT
        if flow_log["LogDestinationType"] == "cloud-watch-logs":
            flow_log["LogGroupName"] = flow_log["LogDestination"].partition(":log-group:")[2].removesuffix(":*")
        else:
            flow_log["DestinationOptions"] = {
                "fileFormat": ec2._p(params, "DestinationOptions.FileFormat") or "plain-text",
                "hiveCompatiblePartitions": ec2._p(params, "DestinationOptions.HiveCompatiblePartitions") or "false",
                "perHourPartition": ec2._p(params, "DestinationOptions.PerHourPartition") or "false",
            }
    return status, headers, body


def _describe_flow_logs(original, params):
    status, headers, body = original(params)
    text = body.decode()
    for flow_log_id in re.findall(r"<flowLogId>([^<]+)</flowLogId>", text):
        flow_log = ec2._flow_logs[flow_log_id]
        members = "".join(
            f"<{name[0].lower()}{name[1:]}>{ec2._esc(flow_log[name])}</{name[0].lower()}{name[1:]}>"
            for name in FLOW_LOG_MEMBERS
            if flow_log.get(name)
        )
        if options := flow_log.get("DestinationOptions"):
            inner = "".join(f"<{name}>{value}</{name}>" for name, value in options.items())
            members += f"<destinationOptions>{inner}</destinationOptions>"
        own = f"<flowLogId>{flow_log_id}</flowLogId>"
        text = text.replace(own, own + members)
    return status, headers, text.encode()


def _tag_specs(original, p, resource_type, resource_id):
    # ministack's name for the resource type differs from the API's.
    return original(p, "vpc-flow-log" if resource_type == "flow-log" else resource_type, resource_id)


# Security group rules.


def _permissions(original, params, prefix):
    rules = original(params, prefix)
    for number, rule in enumerate(rules, 1):
        if rule["IpProtocol"] == "-1":
            # All protocols have all ports, regardless of the request. Terraform revokes the rule of a new group for
            # all outgoing traffic with the port 0.
            rule.pop("FromPort", None)
            rule.pop("ToPort", None)
        base, lists = f"{prefix}.{number}.PrefixListIds", rule["PrefixListIds"]
        while list_id := ec2._p(params, f"{base}.{len(lists) + 1}.PrefixListId"):
            description = ec2._p(params, f"{base}.{len(lists) + 1}.Description")
            lists.append({"PrefixListId": list_id, **({"Description": description} if description else {})})
    return rules


def _rule_xml(original, sg_id, rule, is_egress=False):
    text = original(sg_id, rule, is_egress)
    for prefix_list in rule.get("PrefixListIds", []):
        text = text.replace("</item>", f"<prefixListId>{prefix_list['PrefixListId']}</prefixListId></item>")
    return text


def _with(text: str, tag: str, members: str) -> str:
    return f"{text.removesuffix(f'</{tag}>')}{members}</{tag}>"


def _id_in(body: bytes, tag: str) -> str:
    return re.search(f"<{tag}>([^<]+)</{tag}>", body.decode()).group(1)


def _is_true(p: dict, name: str) -> bool:
    return ec2._p(p, name).lower() == "true"
