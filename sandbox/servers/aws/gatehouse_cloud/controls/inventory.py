"""Lists the resources in the cloud, by the types that Pulumi has for them.

The list shows whether a deployment that was killed created resources that its state does not have. Each entry has a
type, the id that a state has for it, the id to import it by, and hints: strings that are among the inputs of the resource
that created it. Resources that the cloud has from the start are left out.
"""

import zlib
from collections.abc import Iterator

from ministack.services import (
    acm,
    alb,
    apigateway,
    cloudfront,
    cloudwatch,
    cloudwatch_logs,
    ec2,
    iam,
    kms,
    lambda_svc,
    route53,
    s3,
    scheduler,
    sns,
    sqs,
    waf,
)

from gatehouse_cloud.fidelity.apigateway import vpc_links
from gatehouse_cloud.fidelity.monitoring import saved_queries


class Inventory:
    """The resources created since this object was."""

    def __init__(self):
        self._first = {(entry["type"], entry["id"]) for entry in _everything()}

    def describe(self) -> dict:
        """Return the known types, those that can be created again without harm, and an entry for each resource."""
        found = [entry for entry in _everything() if (entry["type"], entry["id"]) not in self._first]
        return {"types": sorted(KINDS), "repeatable": REPEATABLE, "resources": found}


def _everything() -> Iterator[dict]:
    for kind, found in KINDS.items():
        for known_as, import_as, *hints in found():
            yield {"type": kind, "id": known_as, "import": import_as, "hints": [hint for hint in hints if hint]}


def _same(store, *hints):
    """Resources whose key in a store is their id, with the record's members that are hints."""
    return lambda: [(key, key, *(record[hint] for hint in hints)) for key, record in store.items()]


def _within_apis(store, *hints):
    """Parts of HTTP APIs, imported as API/part."""
    return lambda: [
        (part, f"{api}/{part}", api, *(record.get(hint) for hint in hints))
        for api, parts in store.items()
        for part, record in parts.items()
    ]


def _role_policies():
    for name, role in iam._roles.items():
        for policy in role.get("InlinePolicies", {}):
            yield f"{name}:{policy}", f"{name}:{policy}", name, policy


def _metric_filters():
    for group, name in cloudwatch_logs._metric_filters:
        yield name, f"{group}:{name}", group, name


def _saved_queries():
    for key, query in saved_queries.all_saved():
        yield key, saved_queries.arn(key), query["name"]


def _permissions():
    for name, function in lambda_svc._functions.items():
        for statement in function["policy"]["Statement"]:
            yield statement["Sid"], f"{name}/{statement['Sid']}", name, _source(statement)


def _source(statement: dict) -> str | None:
    return statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn")


def _invoke_configs():
    for name, function in lambda_svc._functions.items():
        if function.get("event_invoke_configs") or function.get("event_invoke_config"):
            yield name, name, name


def _schedules():
    return [(key, key, key.split("/")[-1]) for key in scheduler._schedules]


def _queues():
    for url in sqs._queues:
        seen = url.replace("//localhost:", "//127.0.0.1:")  # as the client sees it
        yield seen, seen, url.split("/")[-1]


def _subscriptions():
    for topic in sns._topics.values():
        for subscription in topic["subscriptions"]:
            yield subscription["arn"], subscription["arn"], topic["arn"], subscription["endpoint"]


def _named(store, name: str):
    """Resources of EC2, with their tag Name and a member of their record as hints."""

    def found():
        for key, record in store.items():
            tags = {tag["Key"]: tag["Value"] for tag in ec2._tags.get(key, [])}
            yield key, key, record.get(name), tags.get("Name")

    return found


def _route_tables():
    for key, record, *hints in _named(ec2._route_tables, "VpcId")():
        if not any(association["Main"] for association in ec2._route_tables[key]["Associations"]):
            yield key, record, *hints


def _routes():
    for key, table in ec2._route_tables.items():
        for route in table["Routes"]:
            destination = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
            if destination and route.get("Origin") == "CreateRoute":
                yield f"r-{key}{zlib.crc32(destination.encode())}", f"{key}_{destination}", key, destination


def _security_groups():
    return [
        (key, key, group["GroupName"]) for key, group in ec2._security_groups.items() if group["GroupName"] != "default"
    ]


def _rules(direction: str, is_egress: bool):
    def found():
        for key, group in ec2._security_groups.items():
            for rule in group[direction]:
                peers = [pair.get("GroupId") for pair in rule["UserIdGroupPairs"]]
                blocks = [block["CidrIp"] for block in rule["IpRanges"]]
                rule_id = ec2._sg_rule_id(key, is_egress, rule)
                if rule.get("IpProtocol") != "-1":  # what every new group has
                    yield rule_id, rule_id, key, *peers, *blocks

    return found


def _associations():
    for key, table in ec2._route_tables.items():
        for association in table["Associations"]:
            if subnet := association.get("SubnetId"):
                yield association["RouteTableAssociationId"], f"{subnet}/{key}", subnet, key


def _load_balancing(store, name: str):
    return lambda: [(arn, arn, record.get(name)) for arn, record in store.items()]


def _edge_policies(store):
    return lambda: [(key, key, record["Config"]["Name"]) for key, record in store.items()]


def _web_acls():
    for key, acl in waf._web_acls.items():
        yield key, f"{key}/{acl['Name']}/{acl['Scope']}", acl["Name"]


def _records():
    for zone, records in route53._records.items():
        for record in records:
            kind, name = record["Type"], record["Name"].rstrip(".")
            if kind in ("NS", "SOA"):  # what every new zone has
                continue
            if name.startswith("_"):  # validates a certificate of ACM, which spells it so
                name += "."
            key = f"{zone}_{name}_{kind}"
            yield key, key, zone, name, kind


# The length of what the provider appends to a given prefix.
GENERATED = len("20060102150405000000000001")


def _buckets():
    return [(name, name, name[:-GENERATED]) for name in s3._buckets]


# Types of which a second creation changes nothing, or adopts the first.
REPEATABLE = [
    "aws:acm/certificateValidation:CertificateValidation",  # waits, and makes nothing
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:lambda/invocation:Invocation",
    "aws:lb/targetGroupAttachment:TargetGroupAttachment",
    # A Put each: it replaces what is there.
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
]

KINDS = {
    "aws:acm/certificate:Certificate": _same(acm._certificates, "DomainName"),
    "aws:apigatewayv2/api:Api": _same(apigateway._apis, "name"),
    "aws:apigatewayv2/authorizer:Authorizer": _within_apis(apigateway._authorizers, "name"),
    "aws:apigatewayv2/integration:Integration": _within_apis(apigateway._integrations, "integrationUri"),
    "aws:apigatewayv2/route:Route": _within_apis(apigateway._routes, "routeKey"),
    "aws:apigatewayv2/stage:Stage": _within_apis(apigateway._stages),
    "aws:apigatewayv2/vpcLink:VpcLink": lambda: [(key, key, name) for key, name in vpc_links.names()],
    "aws:cloudfront/distribution:Distribution": _same(cloudfront._distributions),
    "aws:cloudfront/function:Function": lambda: [(name, name, name) for name in cloudfront._functions],
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _edge_policies(cloudfront._origin_request_policies),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _edge_policies(cloudfront._response_headers_policies),
    "aws:cloudwatch/dashboard:Dashboard": _same(cloudwatch._dashboards),
    "aws:cloudwatch/logDelivery:LogDelivery": _same(
        cloudwatch_logs._deliveries, "deliverySourceName", "deliveryDestinationArn"
    ),
    "aws:cloudwatch/logGroup:LogGroup": lambda: [(name, name, name) for name in cloudwatch_logs._log_groups],
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": _metric_filters,
    "aws:cloudwatch/metricAlarm:MetricAlarm": _same(cloudwatch._alarms, "AlarmName"),
    "aws:cloudwatch/queryDefinition:QueryDefinition": _saved_queries,
    "aws:ec2/flowLog:FlowLog": _named(ec2._flow_logs, "ResourceId"),
    "aws:ec2/internetGateway:InternetGateway": _named(ec2._internet_gateways, ""),
    "aws:ec2/route:Route": _routes,
    "aws:ec2/routeTable:RouteTable": _route_tables,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _associations,
    "aws:ec2/securityGroup:SecurityGroup": _security_groups,
    "aws:ec2/subnet:Subnet": _named(ec2._subnets, "CidrBlock"),
    "aws:ec2/vpc:Vpc": _named(ec2._vpcs, "CidrBlock"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _named(ec2._vpc_endpoints, "ServiceName"),
    "aws:iam/role:Role": _same(iam._roles, "RoleName"),
    "aws:iam/rolePolicy:RolePolicy": _role_policies,
    "aws:kms/alias:Alias": lambda: [(arn.split(":", 5)[5],) * 3 for arn in kms._aliases],
    "aws:kms/key:Key": lambda: [
        (key, key, record["Description"])
        for key, record in kms._keys.items()
        if record["KeyState"] != "PendingDeletion"
    ],
    "aws:lambda/function:Function": lambda: [(name, name, name) for name in lambda_svc._functions],
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _invoke_configs,
    "aws:lambda/permission:Permission": _permissions,
    "aws:lb/listener:Listener": _load_balancing(alb._listeners, "LoadBalancerArn"),
    "aws:lb/loadBalancer:LoadBalancer": _load_balancing(alb._lbs, "LoadBalancerName"),
    "aws:lb/targetGroup:TargetGroup": _load_balancing(alb._tgs, "TargetGroupName"),
    "aws:route53/record:Record": _records,
    "aws:s3/bucketV2:BucketV2": _buckets,
    "aws:scheduler/schedule:Schedule": _schedules,
    "aws:scheduler/scheduleGroup:ScheduleGroup": lambda: [
        (name, name, name) for name in scheduler._schedule_groups if name != "default"
    ],
    "aws:sns/topic:Topic": lambda: [(arn, arn, arn.split(":")[-1]) for arn in sns._topics],
    "aws:sns/topicSubscription:TopicSubscription": _subscriptions,
    "aws:sqs/queue:Queue": _queues,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rules("IpPermissionsEgress", True),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rules("IpPermissions", False),
    "aws:wafv2/webAcl:WebAcl": _web_acls,
}
