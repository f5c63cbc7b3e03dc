"""Associates each Elastic IP address with one NAT gateway, until that is deleted.

ministack gives one address to any number of gateways. EC2 gives it to one, and returns its association and interface; it
keeps the address as long as the gateway exists, and the VPC's internet gateway as long as there is an address.
"""

import random
import re

from ministack.services import ec2

from gatehouse_cloud import patching

# A gateway in a response, from its id to its addresses.
ITEM = re.compile(r"<natGatewayId>([^<]+)</natGatewayId>.*?<natGatewayAddressSet/>", re.DOTALL)


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "CreateNatGateway", _create_gateway)
    patching.extend_entry(actions, "DescribeNatGateways", _describe_gateways)
    patching.extend_entry(actions, "DeleteNatGateway", _delete_gateway)
    patching.extend_entry(actions, "DescribeAddresses", _describe_addresses)
    patching.extend_entry(actions, "DisassociateAddress", _disassociate)
    patching.extend_entry(actions, "ReleaseAddress", _release)
    patching.extend_entry(actions, "DetachInternetGateway", _detach)


def gateways_in(subnet: str) -> bool:
    """Report whether a NAT gateway is in the subnet."""
    return any(gateway["SubnetId"] == subnet and _is_there(gateway) for gateway in ec2._nat_gateways.values())


def _is_there(gateway: dict) -> bool:
    return gateway["State"] not in ("deleted", "failed")


def _gateway_of(address: dict) -> dict | None:
    return ec2._nat_gateways.get(address.get("NatGatewayId") or "")


def _create_gateway(original, params):
    address = ec2._addresses.get(ec2._p(params, "AllocationId"))
    taken = address is not None and address["AssociationId"]
    if address is None and (ec2._p(params, "ConnectivityType") or "public") == "public":
        message = f"The allocation ID '{ec2._p(params, 'AllocationId')}' does not exist"
        return ec2._error("InvalidAllocationID.NotFound", message, 400)
    status, headers, body = original(params)
    if status != 200:
        return status, headers, body
    gateway = ec2._nat_gateways[ITEM.search(body.decode()).group(1)]
    if taken:
        # The call succeeds; the gateway fails later.
        gateway["State"] = "failed"
        gateway["FailureCode"] = "Resource.AlreadyAssociated"
        gateway["FailureMessage"] = f"Elastic IP address [{address['AllocationId']}] is already associated"
        return status, headers, body.replace(b"<state>available<", b"<state>pending<")
    if address is not None:
        address["NatGatewayId"] = gateway["NatGatewayId"]
        address["AssociationId"] = f"eipassoc-{random.randbytes(9).hex()[:17]}"
        address["NetworkInterfaceId"] = f"eni-{random.randbytes(9).hex()[:17]}"
        network = ec2._subnets.get(gateway["SubnetId"], {}).get("CidrBlock", "10.0.0.0/24")
        address["PrivateIpAddress"] = ".".join([*network.split(".")[:3], str(random.randint(5, 14))])
    return status, headers, body


def _describe_gateways(original, params):
    status, headers, body = original(params)
    return status, headers, ITEM.sub(_item, body.decode()).encode()


def _item(match: re.Match) -> str:
    """Return a gateway as ministack describes it, with its addresses and why it failed."""
    gateway = ec2._nat_gateways[match.group(1)]
    addresses = (one for one in ec2._addresses.values() if one.get("NatGatewayId") == gateway["NatGatewayId"])
    members = f"<natGatewayAddressSet>{''.join(map(_address_xml, addresses))}</natGatewayAddressSet>"
    if "FailureCode" in gateway:
        members += f"<failureCode>{gateway['FailureCode']}</failureCode>"
        members += f"<failureMessage>{gateway['FailureMessage']}</failureMessage>"
    return match.group(0).replace("<natGatewayAddressSet/>", members)


def _address_xml(address: dict) -> str:
    members = {
        "allocationId": address["AllocationId"],
        "associationId": address["AssociationId"],
        "networkInterfaceId": address["NetworkInterfaceId"],
        "privateIp": address["PrivateIpAddress"],
        "publicIp": address["PublicIp"],
        "isPrimary": "true",
        "status": "succeeded",
    }
    return "<item>" + "".join(f"<{name}>{value}</{name}>" for name, value in members.items()) + "</item>"


def _delete_gateway(original, params):
    status, headers, body = original(params)
    for address in ec2._addresses.values():
        if address.get("NatGatewayId") == ec2._p(params, "NatGatewayId"):
            for name in ("NatGatewayId", "AssociationId", "NetworkInterfaceId", "PrivateIpAddress"):
                address[name] = None
    return status, headers, body


def _describe_addresses(original, p):
    status, headers, body = original(p)
    text = body.decode()
    for address in ec2._addresses.values():
        if not _gateway_of(address):
            continue
        own = f"<associationId>{address['AssociationId']}</associationId>"
        members = (
            f"<networkInterfaceId>{address['NetworkInterfaceId']}</networkInterfaceId>"
            f"<networkInterfaceOwnerId>{ec2.get_account_id()}</networkInterfaceOwnerId>"
            f"<privateIpAddress>{address['PrivateIpAddress']}</privateIpAddress>"
        )
        text = text.replace(own, own + members)
    return status, headers, text.encode()


def _disassociate(original, p):
    association = ec2._p(p, "AssociationId")
    address = next(
        (one for one in ec2._addresses.values() if association and one["AssociationId"] == association), None
    )
    if address is None:
        message = f"The association ID '{association}' does not exist"
        return ec2._error("InvalidAssociationID.NotFound", message, 400)
    if _gateway_of(address):
        return ec2._error("AuthFailure", "You do not have permission to access the specified resource.", 400)
    return original(p)


def _release(original, p):
    address = ec2._addresses.get(ec2._p(p, "AllocationId"))
    if address is not None and _gateway_of(address):
        return ec2._error("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.", 400)
    return original(p)


def _detach(original, p):
    vpc = ec2._p(p, "VpcId")
    gateways = [gateway for address in ec2._addresses.values() if (gateway := _gateway_of(address))]
    if any(gateway["VpcId"] == vpc for gateway in gateways):
        message = (
            f"Network {vpc} has some mapped public address(es). "
            "Please unmap those public address(es) before detaching the gateway."
        )
        return ec2._error("DependencyViolation", message, 400)
    return original(p)
