"""Refusals of EC2, Elastic Load Balancing, Lambda and API Gateway for networks, with AWS's messages."""

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest, wait_for


class OneVpcTest(CloudTest):
    """Two VPCs with a subnet in each of two zones, and a group."""

    def setUp(self):
        self.ec2, self.elb = self.cloud.client("ec2"), self.cloud.client("elbv2")
        self.vpcs = [self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2)]
        self.subnets = [[self.subnet(vpc, 0, "a"), self.subnet(vpc, 1, "b")] for vpc in self.vpcs]
        self.groups = [self.group(vpc) for vpc in self.vpcs]

    def subnet(self, vpc: str, number: int, zone: str, bits: int = 24) -> str:
        network = {"CidrBlock": f"10.0.{number}.0/{bits}", "AvailabilityZone": f"{REGION}{zone}"}
        return self.ec2.create_subnet(VpcId=vpc, **network)["Subnet"]["SubnetId"]

    def group(self, vpc: str, name: str = "group") -> str:
        return self.ec2.create_security_group(GroupName=name, Description="test", VpcId=vpc)["GroupId"]

    def balancer(self, number: int = 0, **changes) -> str:
        wanted = {"Name": self.id()[-30:].replace("_", "-").replace(".", "-"), "Subnets": self.subnets[number]}
        wanted |= {"SecurityGroups": [self.groups[number]], "Scheme": "internal", **changes}
        made = self.elb.create_load_balancer(**wanted)["LoadBalancers"][0]
        self.addCleanup(self.elb.delete_load_balancer, LoadBalancerArn=made["LoadBalancerArn"])
        return made["LoadBalancerArn"]

    def refused(self, pattern: str):
        return self.assertRaisesRegex(ClientError, pattern)

    # Load balancers.

    def test_a_load_balancer_stays_in_its_vpc(self):
        arn = self.balancer()
        [found] = self.elb.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
        self.assertEqual(found["VpcId"], self.vpcs[0])
        with self.refused("InvalidConfigurationRequest.*does not belong to VPC"):
            self.elb.set_subnets(LoadBalancerArn=arn, Subnets=self.subnets[1])
        with self.refused("InvalidConfigurationRequest.*does not belong to VPC"):
            self.elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[self.groups[1]])
        third = self.subnet(self.vpcs[0], 2, "d")
        self.elb.set_subnets(LoadBalancerArn=arn, Subnets=[*self.subnets[0], third])
        self.elb.set_security_groups(LoadBalancerArn=arn, SecurityGroups=[self.group(self.vpcs[0], "other")])

    def test_it_requires_two_zones_free_addresses_and_one_vpc(self):
        with self.refused("ValidationError.*two different Availability Zones"):
            self.balancer(Subnets=self.subnets[0][:1])
        with self.refused("InvalidConfigurationRequest.*same Availability Zone"):
            self.balancer(Subnets=[self.subnets[0][0], self.subnet(self.vpcs[0], 3, "a")])
        with self.refused("InvalidConfigurationRequest.*does not belong to VPC"):
            self.balancer(Subnets=[self.subnets[0][0], self.subnets[1][1]])
        with self.refused("InvalidConfigurationRequest.*does not belong to VPC"):
            self.balancer(SecurityGroups=[self.groups[1]])
        with self.refused("SubnetNotFound"):
            self.balancer(Subnets=["subnet-0", self.subnets[0][1]])

    def test_a_listener_forwards_to_targets_of_its_vpc(self):
        arn = self.balancer()
        groups = [
            self.elb.create_target_group(Name=f"vpc-{number}", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
            for number, vpc in enumerate(self.vpcs)
        ]
        own, foreign = (
            [{"Type": "forward", "TargetGroupArn": group["TargetGroups"][0]["TargetGroupArn"]}] for group in groups
        )
        with self.refused("InvalidConfigurationRequest.*is in a different VPC than load balancer"):
            self.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=foreign)
        made = self.elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=own)
        with self.refused("InvalidConfigurationRequest.*is in a different VPC than load balancer"):
            self.elb.modify_listener(ListenerArn=made["Listeners"][0]["ListenerArn"], DefaultActions=foreign)

    # VPC links.

    def test_a_link_is_in_one_vpc_and_in_zones_with_links(self):
        gateway = self.cloud.client("apigatewayv2")
        with self.refused("BadRequestException.*one VPC"):
            gateway.create_vpc_link(Name="link", SubnetIds=self.subnets[0], SecurityGroupIds=[self.groups[1]])
        with self.refused("BadRequestException.*one VPC"):
            gateway.create_vpc_link(Name="link", SubnetIds=[self.subnets[0][0], self.subnets[1][1]])
        unfit = self.subnet(self.vpcs[0], 4, "c")
        with self.refused("BadRequestException.*Availability Zone 'use1-az3' where service is not available"):
            gateway.create_vpc_link(Name="link", SubnetIds=[*self.subnets[0], unfit])

    def test_its_group_and_subnets_stay_until_it_is_deleted(self):
        gateway = self.cloud.client("apigatewayv2")
        made = gateway.create_vpc_link(Name="link", SubnetIds=self.subnets[0], SecurityGroupIds=[self.groups[0]])
        gateway.delete_vpc_link(VpcLinkId=made["VpcLinkId"])
        with self.refused("DependencyViolation"):
            self.ec2.delete_security_group(GroupId=self.groups[0])
        wait_for(lambda: not gateway.get_vpc_links().get("Items"))
        self.ec2.delete_security_group(GroupId=self.groups[0])

    # Endpoints.

    def endpoint(self, service: str = "logs", **changes) -> str:
        wanted = {"VpcId": self.vpcs[0], "VpcEndpointType": "Interface", "SubnetIds": self.subnets[0]}
        wanted |= {"ServiceName": f"com.amazonaws.{REGION}.{service}", "SecurityGroupIds": [self.groups[0]], **changes}
        return self.ec2.create_vpc_endpoint(**wanted)["VpcEndpoint"]["VpcEndpointId"]

    def test_an_endpoint_is_in_one_vpc(self):
        with self.refused("InvalidSubnetId.NotFound"):
            self.endpoint(SubnetIds=self.subnets[1])
        with self.refused("InvalidParameter.*belong to different networks"):
            self.endpoint(SecurityGroupIds=[self.groups[1]])
        made = self.endpoint()
        with self.refused("InvalidParameter.*belong to different networks"):
            self.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSecurityGroupIds=[self.groups[1]])
        with self.refused("DependencyViolation"):
            self.ec2.delete_subnet(SubnetId=self.subnets[0][0])

    def test_a_service_is_not_in_every_zone(self):
        name = f"com.amazonaws.{REGION}.bedrock-runtime"
        [service] = self.ec2.describe_vpc_endpoint_services(ServiceNames=[name])["ServiceDetails"]
        self.assertEqual(service["AvailabilityZones"], [f"{REGION}{letter}" for letter in "acdef"])
        message = f"InvalidParameter.*{name} does not support the availability zone of the subnet: {self.subnets[0][1]}"
        with self.refused(message):
            self.endpoint("bedrock-runtime")
        made = self.endpoint("bedrock-runtime", SubnetIds=self.subnets[0][:1])
        with self.refused(message):
            self.ec2.modify_vpc_endpoint(VpcEndpointId=made, AddSubnetIds=self.subnets[0][1:])
        with self.refused("InvalidServiceName"):
            self.ec2.describe_vpc_endpoint_services(ServiceNames=[f"com.amazonaws.{REGION}.no-such-service"])

    # Functions.

    def test_a_function_is_in_one_vpc_and_may_move(self):
        arguments = ("in-vpc", "def handle(event): return event", self.cloud.role("in-vpc"))
        with self.refused("InvalidParameterValueException.*same VPC"):
            self.cloud.function(
                *arguments, VpcConfig={"SubnetIds": self.subnets[0], "SecurityGroupIds": [self.groups[1]]}
            )
        with self.refused("InvalidParameterValueException.*coexist"):
            self.cloud.function(*arguments, VpcConfig={"SubnetIds": self.subnets[0], "SecurityGroupIds": []})
        places = [
            {"SubnetIds": subnets, "SecurityGroupIds": [group]}
            for subnets, group in zip(self.subnets, self.groups, strict=True)
        ]
        self.cloud.function(*arguments, VpcConfig=places[0])
        with self.refused("DependencyViolation.*has a dependent object"):
            self.ec2.delete_security_group(GroupId=self.groups[0])
        moved = self.cloud.client("lambda").update_function_configuration(FunctionName="in-vpc", VpcConfig=places[1])
        self.assertEqual(moved["VpcConfig"]["VpcId"], self.vpcs[1])
        self.ec2.delete_security_group(GroupId=self.groups[0])

    # Security groups.

    def test_a_rule_exists_once(self):
        def rule(port: int, description: str) -> list[dict]:
            addresses = [{"CidrIp": "10.0.0.0/16", "Description": description}]
            return [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": addresses}]

        for authorize in (
            self.ec2.authorize_security_group_egress,
            self.ec2.authorize_security_group_ingress,
        ):
            authorize(GroupId=self.groups[0], IpPermissions=rule(443, "one"))
            told = 'peer: 10.0.0.0/16, TCP, from port: 443, to port: 443, ALLOW" already exists'
            with self.refused(f"InvalidPermission.Duplicate.*{told}"):
                authorize(GroupId=self.groups[0], IpPermissions=rule(443, "another"))
            authorize(GroupId=self.groups[0], IpPermissions=rule(444, "one"))
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        with self.refused('InvalidPermission.Duplicate.*peer: 0.0.0.0/0, ALL, ALLOW" already exists'):
            self.ec2.authorize_security_group_egress(GroupId=self.groups[0], IpPermissions=everything)

    def test_its_peers_are_of_its_vpc_and_keep_it(self):
        def to(group: str) -> list[dict]:
            return [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "UserIdGroupPairs": [{"GroupId": group}]}]

        with self.refused("InvalidGroup.NotFound.*belong to different networks"):
            self.ec2.authorize_security_group_egress(GroupId=self.groups[0], IpPermissions=to(self.groups[1]))
        other = self.group(self.vpcs[0], "other")
        self.ec2.authorize_security_group_egress(GroupId=self.groups[0], IpPermissions=to(other))
        with self.refused(f"DependencyViolation.*resource {other} has a dependent object"):
            self.ec2.delete_security_group(GroupId=other)
        self.ec2.revoke_security_group_egress(GroupId=self.groups[0], IpPermissions=to(other))
        self.ec2.delete_security_group(GroupId=other)

    def test_a_group_in_use_is_kept(self):
        interface = self.ec2.create_network_interface(SubnetId=self.subnets[0][0], Groups=[self.groups[0]])
        with self.refused("DependencyViolation.*has a dependent object"):
            self.ec2.delete_security_group(GroupId=self.groups[0])
        self.ec2.delete_network_interface(NetworkInterfaceId=interface["NetworkInterface"]["NetworkInterfaceId"])
        self.ec2.delete_security_group(GroupId=self.groups[0])

    # Zones.

    def test_the_region_has_zones_that_lack_services(self):
        found = self.ec2.describe_availability_zones()["AvailabilityZones"]
        self.assertEqual(
            [(zone["ZoneName"], zone["ZoneId"]) for zone in found],
            [(f"{REGION}{letter}", f"use1-az{number}") for number, letter in enumerate("abcdef", 1)],
        )
        other_region = self.cloud.client("ec2", region="eu-west-1").describe_availability_zones()["AvailabilityZones"]
        self.assertEqual([zone["ZoneName"] for zone in other_region], [f"eu-west-1{letter}" for letter in "abc"])
        made = self.ec2.create_subnet(VpcId=self.vpcs[0], CidrBlock="10.0.9.0/24", AvailabilityZoneId="use1-az5")
        self.assertEqual(made["Subnet"]["AvailabilityZone"], f"{REGION}e")

    def test_a_subnet_has_a_zone_and_as_many_free_addresses_as_its_size_allows(self):
        with self.refused("InvalidParameterValue.*us-east-1z.*us-east-1f"):
            self.subnet(self.vpcs[0], 5, "z")
        with self.refused("InvalidSubnet.Conflict"):
            self.subnet(self.vpcs[0], 0, "a", bits=20)
        small = self.subnet(self.vpcs[0], 6, "a", bits=28)
        [found] = self.ec2.describe_subnets(SubnetIds=[small])["Subnets"]
        self.assertEqual(found["AvailableIpAddressCount"], 11)

    # NAT gateways and their addresses.

    def nat_gateway(self, address: str, subnet: str) -> dict:
        made = self.ec2.create_nat_gateway(AllocationId=address, SubnetId=subnet)["NatGateway"]
        return self.ec2.describe_nat_gateways(NatGatewayIds=[made["NatGatewayId"]])["NatGateways"][0]

    def read_address(self, address: str) -> dict:
        return self.ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]

    def test_an_address_is_one_gateways(self):
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        gateway = self.nat_gateway(address, self.subnets[0][0])
        [given] = gateway["NatGatewayAddresses"]
        found = self.read_address(address)
        self.assertEqual(
            (gateway["State"], given["AllocationId"], given["AssociationId"], given["NetworkInterfaceId"]),
            ("available", address, found["AssociationId"], found["NetworkInterfaceId"]),
        )
        second = self.nat_gateway(address, self.subnets[0][1])
        self.assertEqual((second["State"], second["FailureCode"]), ("failed", "Resource.AlreadyAssociated"))
        self.assertIn(f"Elastic IP address [{address}] is already associated", second["FailureMessage"])

    def test_it_stays_with_the_gateway_until_that_is_deleted(self):
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        internet = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=self.vpcs[0])
        gateway = self.nat_gateway(address, self.subnets[0][0])["NatGatewayId"]
        association = self.read_address(address)["AssociationId"]
        with self.refused("InvalidIPAddress.InUse"):
            self.ec2.release_address(AllocationId=address)
        with self.refused("AuthFailure"):
            self.ec2.disassociate_address(AssociationId=association)
        with self.refused("DependencyViolation"):
            self.ec2.delete_subnet(SubnetId=self.subnets[0][0])
        with self.refused(f"DependencyViolation.*Network {self.vpcs[0]} has some mapped public address"):
            self.ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=self.vpcs[0])
        self.ec2.delete_nat_gateway(NatGatewayId=gateway)
        self.assertNotIn("AssociationId", self.read_address(address))
        with self.refused("InvalidAssociationID.NotFound"):
            self.ec2.disassociate_address(AssociationId=association)
        self.ec2.release_address(AllocationId=address)
        self.ec2.detach_internet_gateway(InternetGatewayId=internet, VpcId=self.vpcs[0])
