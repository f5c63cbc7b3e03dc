"""Gives us-east-1 all its availability zones, and the services that some of them lack.

ministack has three zones in each region, one of which has no VPC links in us-east-1, and endpoints for a few services,
each of them in every zone. us-east-1 has six zones here, as on AWS, so that three have everything.
"""

import ipaddress

from ministack.services import ec2

from gatehouse_cloud import patching

ZONES = {"us-east-1": "abcdef"}
OTHER_REGIONS = "abc"

# The zones without a service, by service. AWS changes them.
LACKING = {"bedrock-runtime": {"use1-az2"}}

# Interface endpoints beside those that ministack has.
SERVICES = (
    "airflow.api application-autoscaling athena autoscaling bedrock bedrock-agent bedrock-agent-runtime bedrock-runtime "
    "cloudformation cloudtrail ecs ecs-agent ecs-telemetry eks eks-auth elasticfilesystem elasticloadbalancing glue "
    "kinesis-firehose kinesis-streams rds rds-data sagemaker.api sagemaker.runtime states xray"
).split()

# The zones without VPC links of API Gateway (its developer guide, "VPC links for HTTP APIs").
WITHOUT_LINKS = {"ape1-az1", "apne1-az3", "apne2-az4", "cac1-az4", "euw3-az2", "use1-az3", "usw1-az2"}


def install() -> None:
    actions = ec2._ACTION_MAP
    patching.extend_entry(actions, "DescribeAvailabilityZones", _describe_zones)
    patching.extend(ec2, "_zone_name_for_az_id", _name_of)
    patching.assign(ec2, "_VPCE_INTERFACE_SERVICES", tuple(dict.fromkeys((*ec2._VPCE_INTERFACE_SERVICES, *SERVICES))))
    patching.extend_entry(actions, "DescribeVpcEndpointServices", _describe_services)
    patching.extend_entry(actions, "CreateSubnet", _create_subnet)


def lacking(service_name: str, subnets: list[dict]) -> dict | None:
    """Return the first subnet in a zone that lacks the service of an endpoint."""
    missing = LACKING.get(service_name.split(".", 3)[-1], set())
    return next((subnet for subnet in subnets if subnet["AvailabilityZoneId"] in missing), None)


def without_links(subnets: list[dict]) -> dict | None:
    """Return the first subnet in a zone without VPC links."""
    return next((subnet for subnet in subnets if subnet["AvailabilityZoneId"] in WITHOUT_LINKS), None)


def _names() -> list[str]:
    region = ec2.get_region()
    return [region + letter for letter in ZONES.get(region, OTHER_REGIONS)]


def _describe_zones(original, p):
    status, headers, body = original(p)
    text = body.decode()
    item = text[text.index("<item>") : text.index("</item>") + len("</item>")]
    first, first_id = f"{ec2.get_region()}a", ec2._az_id_for_zone_name(f"{ec2.get_region()}a")
    items = "".join(item.replace(first, name).replace(first_id, ec2._az_id_for_zone_name(name)) for name in _names())
    text = text[: text.index("<item>")] + items + text[text.rindex("</item>") + len("</item>") :]
    return status, headers, text.encode()


def _name_of(original, az_id):
    return next((name for name in _names() if ec2._az_id_for_zone_name(name) == az_id), None)


def _describe_services(original, p):
    status, headers, body = original(p)
    if status != 200:
        return status, headers, body
    text = body.decode()
    for name in ec2._parse_member_list(p, "ServiceName"):
        if f"<serviceName>{name}</serviceName>" not in text:
            return ec2._error("InvalidServiceName", f"The Vpc Endpoint Service '{name}' does not exist", 400)
    head, *details = text.split("<serviceName>")
    return status, headers, "<serviceName>".join([head, *map(_with_zones, details)]).encode()


def _with_zones(detail: str) -> str:
    """Return a service's details with the zones that it has."""
    service = detail.partition("<")[0].split(".", 3)[-1]
    missing = LACKING.get(service, set())
    zones = "".join(f"<item>{name}</item>" for name in _names() if ec2._az_id_for_zone_name(name) not in missing)
    head, _, tail = detail.partition("<availabilityZoneSet>")
    return f"{head}<availabilityZoneSet>{zones}</availabilityZoneSet>{tail.partition('</availabilityZoneSet>')[2]}"


def _create_subnet(original, p):
    vpc_id, zone = ec2._p(p, "VpcId"), ec2._p(p, "AvailabilityZone")
    if zone and zone not in _names():
        message = (
            f"Value ({zone}) for parameter availabilityZone is invalid. "
            f"Subnets can currently only be created in the following availability zones: {', '.join(_names())}."
        )
        return ec2._error("InvalidParameterValue", message, 400)
    network = ipaddress.ip_network(ec2._p(p, "CidrBlock") or "10.0.1.0/24")
    for other in ec2._subnets.values():
        if other["VpcId"] == vpc_id and network.overlaps(ipaddress.ip_network(other["CidrBlock"])):
            return ec2._error("InvalidSubnet.Conflict", f"The CIDR '{network}' conflicts with another subnet", 400)
    status, headers, body = original(p)
    for subnet in ec2._subnets.values():
        if subnet["VpcId"] == vpc_id and subnet["CidrBlock"] == str(network):
            free = network.num_addresses - 5  # AWS reserves five of each subnet
            subnet["AvailableIpAddressCount"] = free
            body = body.replace(b"<availableIpAddressCount>251<", f"<availableIpAddressCount>{free}<".encode())
    return status, headers, body
