"""Refuses a second equal rule of a security group, and peers of another VPC.

ministack responds to a rule that exists as if it had created it. EC2 identifies a rule by its direction, protocol, ports
and peer, regardless of its description, and refuses the second one.
"""

from ministack.services import ec2

from gatehouse_cloud import patching

# The lists of a permission's peers, and the member that names a peer.
PEERS = {
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "GroupId",
}


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "AuthorizeSecurityGroupIngress", _authorize_ingress)
    patching.extend_entry(actions, "AuthorizeSecurityGroupEgress", _authorize_egress)


def _authorize_ingress(original, p):
    return _refusal(p, "IpPermissions") or original(p)


def _authorize_egress(original, p):
    return _refusal(p, "IpPermissionsEgress") or original(p)


def _refusal(p: dict, direction: str) -> tuple | None:
    group = ec2._security_groups.get(ec2._p(p, "GroupId"))
    if group is None:
        return None
    present = {one for permission in group[direction] for one in _rules(permission)}
    for permission in ec2._parse_ip_permissions(p, "IpPermissions"):
        for rule in _rules(permission):
            if rule in present:
                message = f'the specified rule "{_described(rule)}" already exists'
                return ec2._error("InvalidPermission.Duplicate", message, 400)
            present.add(rule)
        for pair in permission["UserIdGroupPairs"]:
            other = ec2._security_groups.get(pair.get("GroupId"), {})
            if other.get("VpcId") != group["VpcId"]:
                message = "You have specified two resources that belong to different networks."
                return ec2._error("InvalidGroup.NotFound", message, 400)
    return None


def _rules(permission: dict) -> list[tuple]:
    """Return a permission's rules as (peer, protocol, first port, last port)."""
    protocol = permission["IpProtocol"]
    ports = (None, None) if protocol == "-1" else (permission.get("FromPort"), permission.get("ToPort"))
    return [(peer[name], protocol, *ports) for kind, name in PEERS.items() for peer in permission[kind] if name in peer]


def _described(rule: tuple) -> str:
    peer, protocol, first, last = rule
    if protocol == "-1":
        return f"peer: {peer}, ALL, ALLOW"
    return f"peer: {peer}, {protocol.upper()}, from port: {first}, to port: {last}, ALLOW"
