"""Members of networks that Terraform's provider reads, so that an unchanged stack is deployed without changes."""

import json

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest

ANYWHERE = "::/0"


class PrivateNetworkTest(CloudTest):
    def setUp(self):
        self.ec2 = self.cloud.client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]

    def read_vpc(self) -> dict:
        return self.ec2.describe_vpcs(VpcIds=[self.vpc])["Vpcs"][0]

    def test_a_vpc_has_an_ipv6_block_if_requested(self):
        [block] = self.read_vpc()["Ipv6CidrBlockAssociationSet"]
        self.assertRegex(block["Ipv6CidrBlock"], r"^2600:1f18:[0-9a-f]{4}:[0-9a-f]{2}00::/56$")
        self.assertEqual(block["Ipv6CidrBlockState"]["State"], "associated")
        association = {"Name": "ipv6-cidr-block-association.association-id", "Values": [block["AssociationId"]]}
        self.assertEqual([vpc["VpcId"] for vpc in self.ec2.describe_vpcs(Filters=[association])["Vpcs"]], [self.vpc])
        self.ec2.disassociate_vpc_cidr_block(AssociationId=block["AssociationId"])
        self.assertFalse(self.read_vpc().get("Ipv6CidrBlockAssociationSet"))
        self.ec2.associate_vpc_cidr_block(VpcId=self.vpc, AmazonProvidedIpv6CidrBlock=True)
        self.assertTrue(self.read_vpc()["Ipv6CidrBlockAssociationSet"])

    def test_subnets_keep_their_ipv6_block_and_settings(self):
        block = self.read_vpc()["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.0.0/24", Ipv6CidrBlock=block)["Subnet"]
        [association] = subnet["Ipv6CidrBlockAssociationSet"]
        self.assertEqual(association["Ipv6CidrBlock"], block)
        self.ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], AssignIpv6AddressOnCreation={"Value": True})
        self.ec2.modify_subnet_attribute(SubnetId=subnet["SubnetId"], EnableDns64={"Value": True})
        found = self.ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]
        self.assertTrue(found["AssignIpv6AddressOnCreation"] and found["EnableDns64"])
        self.ec2.disassociate_subnet_cidr_block(AssociationId=association["AssociationId"])
        again = self.ec2.associate_subnet_cidr_block(SubnetId=subnet["SubnetId"], Ipv6CidrBlock=block)
        wanted = [again["Ipv6CidrBlockAssociation"]["AssociationId"]]
        self.assertNotEqual(wanted, [association["AssociationId"]])
        filters = [{"Name": "ipv6-cidr-block-association.association-id", "Values": wanted}]
        found = self.ec2.describe_subnets(Filters=filters)["Subnets"]
        self.assertEqual([one["SubnetId"] for one in found], [subnet["SubnetId"]])

    def test_routes_for_ipv6(self):
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]

        def route() -> dict | None:
            [found] = self.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
            return next((one for one in found["Routes"] if one.get("DestinationIpv6CidrBlock") == ANYWHERE), None)

        destination = {"RouteTableId": table, "DestinationIpv6CidrBlock": ANYWHERE}
        self.ec2.create_route(**destination, EgressOnlyInternetGatewayId="eigw-1")
        self.assertEqual(route()["EgressOnlyInternetGatewayId"], "eigw-1")
        self.ec2.replace_route(**destination, GatewayId="igw-1")
        self.assertEqual((route()["GatewayId"], route().get("EgressOnlyInternetGatewayId")), ("igw-1", None))
        self.ec2.delete_route(**destination)
        self.assertIsNone(route())

    def test_interface_endpoints_keep_security_groups_private_dns_and_policy(self):
        policy = json.dumps({"Version": "2012-10-17", "Statement": []})
        first, second = (
            self.ec2.create_security_group(GroupName=name, Description="test", VpcId=self.vpc)["GroupId"]
            for name in ("first", "second")
        )
        arguments = {
            "VpcId": self.vpc,
            "ServiceName": f"com.amazonaws.{REGION}.ssm",
            "VpcEndpointType": "Interface",
            "SecurityGroupIds": [first],
            "PrivateDnsEnabled": True,
            "PolicyDocument": policy,
        }
        with self.assertRaisesRegex(ClientError, "enableDnsHostnames"):
            self.ec2.create_vpc_endpoint(**arguments)
        self.ec2.modify_vpc_attribute(VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        endpoint = self.ec2.create_vpc_endpoint(**arguments)["VpcEndpoint"]["VpcEndpointId"]

        def read() -> tuple:
            [found] = self.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
            return (
                [group["GroupId"] for group in found["Groups"]],
                found["PrivateDnsEnabled"],
                found.get("PolicyDocument"),
            )

        self.assertEqual(read(), ([first], True, policy))
        self.ec2.modify_vpc_endpoint(
            VpcEndpointId=endpoint,
            AddSecurityGroupIds=[second],
            RemoveSecurityGroupIds=[first],
            PrivateDnsEnabled=False,
            ResetPolicy=True,
        )
        self.assertEqual(read(), ([second], False, None))

    def test_flow_logs_keep_role_interval_destination_and_tags(self):
        settings = {"ResourceIds": [self.vpc], "ResourceType": "VPC", "TrafficType": "ALL"}
        [group] = self.ec2.create_flow_logs(
            **settings,
            LogDestinationType="cloud-watch-logs",
            LogDestination=f"arn:aws:logs:{REGION}:000000000000:log-group:/flow",
            DeliverLogsPermissionArn="arn:aws:iam::000000000000:role/flow",
            MaxAggregationInterval=60,
            TagSpecifications=[{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "b"}]}],
        )["FlowLogIds"]
        [bucket] = self.ec2.create_flow_logs(
            **settings,
            LogDestinationType="s3",
            LogDestination="arn:aws:s3:::bucket",
            DestinationOptions={"FileFormat": "parquet", "PerHourPartition": True},
        )["FlowLogIds"]
        found = {log["FlowLogId"]: log for log in self.ec2.describe_flow_logs()["FlowLogs"]}
        self.assertEqual(
            (
                found[group]["LogGroupName"],
                found[group]["DeliverLogsPermissionArn"],
                found[group]["MaxAggregationInterval"],
                found[group]["Tags"],
            ),
            ("/flow", "arn:aws:iam::000000000000:role/flow", 60, [{"Key": "a", "Value": "b"}]),
        )
        self.assertEqual(
            (found[bucket]["MaxAggregationInterval"], found[bucket]["DestinationOptions"]),
            (600, {"FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": True}),
        )

    def test_rules_keep_their_prefix_list(self):
        group = self.ec2.create_security_group(GroupName="group", Description="test", VpcId=self.vpc)["GroupId"]
        permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": "pl-1"}]}
        self.ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
        filters = [{"Name": "group-id", "Values": [group]}]
        rules = self.ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]
        self.assertEqual([rule.get("PrefixListId") for rule in rules if rule["FromPort"] == 443], ["pl-1"])

    def test_the_rule_of_a_new_group_can_be_revoked_as_terraform_does(self):
        group = self.ec2.create_security_group(GroupName="closed", Description="test", VpcId=self.vpc)["GroupId"]

        def rules():
            return self.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissionsEgress"]

        self.assertEqual([rule["IpRanges"] for rule in rules()], [[{"CidrIp": "0.0.0.0/0"}]])
        everything = {"IpProtocol": "-1", "FromPort": 0, "ToPort": 0, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        self.ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
        self.assertEqual(rules(), [])

    def test_target_groups_keep_their_protocol_version(self):
        elb = self.cloud.client("elbv2")
        group = {"Name": "group", "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip"}
        elb.create_target_group(**group, ProtocolVersion="HTTP2")
        [found] = elb.describe_target_groups(Names=["group"])["TargetGroups"]
        self.assertEqual((found["ProtocolVersion"], found["IpAddressType"]), ("HTTP2", "ipv4"))

    def test_a_repeated_request_for_a_target_group_gets_the_same_response(self):
        elb = self.cloud.client("elbv2")
        group = {"Name": "repeated", "Protocol": "HTTP", "Port": 80, "VpcId": self.vpc, "TargetType": "ip"}
        first, again = (elb.create_target_group(**group)["TargetGroups"][0] for _ in range(2))
        self.assertEqual(again, first)
        self.assertEqual(len(elb.describe_target_groups(Names=["repeated"])["TargetGroups"]), 1)
        with self.assertRaises(elb.exceptions.DuplicateTargetGroupNameException):
            elb.create_target_group(**{**group, "Port": 81})
        self.assertEqual(elb.describe_target_groups(Names=["repeated"])["TargetGroups"], [first])
