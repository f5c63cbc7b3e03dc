"""The address of a NAT gateway: associated with the gateway's network interface as long as there is the gateway.

ministack gives a gateway an address and tells neither of the other. On AWS the address has an association, which
Terraform's provider keeps in its state and takes away before it releases the address, and which is gone with the
gateway; an address that is in use isn't released.
"""

import random
import re

from ministack.services import ec2

from . import patching


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "CreateNatGateway", _create)
    patching.extend_entry(actions, "DeleteNatGateway", _delete)
    patching.extend_entry(actions, "DescribeNatGateways", _describe)
    patching.extend_entry(actions, "DescribeAddresses", _describe_addresses)
    patching.extend_entry(actions, "DisassociateAddress", _disassociate)
    patching.extend_entry(actions, "ReleaseAddress", _release)


def _create(original, params):
    address = ec2._addresses.get(ec2._p(params, "AllocationId"))
    if address is not None and address.get("AssociationId"):
        text = f"Elastic IP address [{address['AllocationId']}] is already associated"
        return ec2._error("Resource.AlreadyAssociated", text, 400)
    status, headers, body = original(params)
    if status == 200 and address is not None:
        digits = random.randbytes(9).hex()[:17]
        address.update(
            AssociationId=f"eipassoc-{digits}",
            NetworkInterfaceId=f"eni-{digits}",
            PrivateIpAddress=f"10.0.0.{random.randint(4, 250)}",
        )
    return status, headers, body


def _delete(original, params):
    status, headers, body = original(params)
    gateway = ec2._nat_gateways.get(ec2._p(params, "NatGatewayId"))
    address = ec2._addresses.get((gateway or {}).get("AllocationId", ""))
    if status == 200 and address is not None:
        address.update(AssociationId=None, NetworkInterfaceId=None, PrivateIpAddress=None)
    return status, headers, body


def _describe(original, params):
    status, headers, body = original(params)
    text = body.decode()
    for identity in re.findall(r"<natGatewayId>([^<]+)</natGatewayId>", text):
        address = ec2._addresses.get(ec2._nat_gateways[identity]["AllocationId"])
        if address is None or not address.get("AssociationId"):
            continue
        members = _members(address) + "<isPrimary>true</isPrimary><status>succeeded</status>"
        before, own, after = text.partition(f"<natGatewayId>{identity}</natGatewayId>")
        addresses = f"<natGatewayAddressSet><item>{members}</item></natGatewayAddressSet>"
        text = before + own + after.replace("<natGatewayAddressSet/>", addresses, 1)
    return status, headers, text.encode()


def _members(address: dict) -> str:
    return (
        f"<allocationId>{address['AllocationId']}</allocationId>"
        f"<associationId>{address['AssociationId']}</associationId>"
        f"<networkInterfaceId>{address['NetworkInterfaceId']}</networkInterfaceId>"
        f"<privateIp>{address['PrivateIpAddress']}</privateIp>"
        f"<publicIp>{address['PublicIp']}</publicIp>"
    )


def _describe_addresses(original, p):
    status, headers, body = original(p)
    text = body.decode()
    for address in ec2._addresses.values():
        if interface := address.get("NetworkInterfaceId"):
            association = f"<associationId>{address['AssociationId']}</associationId>"
            members = (
                f"<networkInterfaceId>{interface}</networkInterfaceId>"
                f"<privateIpAddress>{address['PrivateIpAddress']}</privateIpAddress>"
            )
            text = text.replace(association, association + members)
    return status, headers, text.encode()


def _disassociate(original, p):
    association = ec2._p(p, "AssociationId")
    if not any(address.get("AssociationId") == association for address in ec2._addresses.values()):
        text = f"The association ID '{association}' does not exist"
        return ec2._error("InvalidAssociationID.NotFound", text, 400)
    return original(p)


def _release(original, p):
    address = ec2._addresses.get(ec2._p(p, "AllocationId")) or {}
    if address.get("AssociationId"):
        return ec2._error("InvalidIPAddress.InUse", f"Address {address['PublicIp']} is in use.", 400)
    return original(p)
