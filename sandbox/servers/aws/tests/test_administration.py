"""Authorization of requests that create, tag and delete resources."""

import json

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest

ACCOUNT = "000000000000"
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}}
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        },
    }
)
OURS, THEIRS = {"stack": "ours"}, {"stack": "theirs"}


def pairs(tags: dict[str, str]) -> list[dict]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def specification(kind: str, tags: dict[str, str]) -> list[dict]:
    return [{"ResourceType": kind, "Tags": pairs(tags)}]


class AdministrationTest(CloudTest):
    """Calls as a user whose permissions are limited by names and tags."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.role = cls.cloud.role("runner")
        iam = cls.cloud.client("iam")
        iam.create_user(UserName="bounded")
        key = iam.create_access_key(UserName="bounded")["AccessKey"]
        cls.credentials = key["AccessKeyId"], key["SecretAccessKey"]

    def permit(self, action: str, resource: str, also: tuple[str, str] | None = None, **equals: str):
        """Allow one action, under conditions on keys that have names here, and another under none."""
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        if equals:
            key = {
                "request": "aws:RequestTag/stack",
                "existing": "aws:ResourceTag/stack",
                "boundary": "iam:PermissionsBoundary",
            }
            statement["Condition"] = {"StringEquals": {key[name]: value for name, value in equals.items()}}
        statements = [statement]
        if also:
            statements.append({"Effect": "Allow", "Action": also[0], "Resource": also[1]})
        self.cloud.client("iam").put_user_policy(
            UserName="bounded",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
        )

    def bounded(self, service: str):
        return self.cloud.client(service, *self.credentials)

    def assert_denied(self, call, **arguments):
        with self.assertRaises(ClientError) as denied:
            call(**arguments)
        self.assertIn(
            denied.exception.response["Error"]["Code"],
            ("AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"),
        )

    def logged(self, since: int) -> list[tuple[str, str]]:
        return [(call["action"], call["resource"]) for call in self.cloud.control(f"calls?since={since}")]

    def last_call(self) -> int:
        return self.cloud.control("calls")[-1]["n"]

    def test_a_vpc_is_created_with_the_tags_of_the_stack(self):
        self.permit("ec2:CreateVpc", f"{EC2}:vpc/*", also=("ec2:CreateTags", f"{EC2}:vpc/*"), request="ours")
        make = self.bounded("ec2").create_vpc
        make(CidrBlock="10.9.0.0/16", TagSpecifications=specification("vpc", OURS))
        self.assert_denied(make, CidrBlock="10.9.0.0/16", TagSpecifications=specification("vpc", THEIRS))
        self.assert_denied(make, CidrBlock="10.9.0.0/16")

    def test_resources_with_the_tags_of_the_stack_are_changed(self):
        ec2 = self.cloud.client("ec2")
        self.permit("ec2:DeleteVpc", f"{EC2}:vpc/*", existing="ours")
        for tags, deletes in ((OURS, True), (THEIRS, False)):
            made = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=specification("vpc", tags))
            identity = made["Vpc"]["VpcId"]
            if deletes:
                self.bounded("ec2").delete_vpc(VpcId=identity)
            else:
                self.assert_denied(self.bounded("ec2").delete_vpc, VpcId=identity)

    def test_tagging_is_authorized_on_the_resource(self):
        vpc = self.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        group = self.cloud.client("ec2").create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
        self.permit("ec2:CreateTags", f"{EC2}:security-group/*")
        self.bounded("ec2").create_tags(Resources=[group], Tags=pairs(OURS))
        self.assert_denied(self.bounded("ec2").create_tags, Resources=[vpc], Tags=pairs(OURS))

    def test_disassociating_a_route_table_is_authorized_on_the_table(self):
        ec2 = self.cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        association = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        self.permit("ec2:DisassociateRouteTable", f"{EC2}:route-table/other")
        self.assert_denied(self.bounded("ec2").disassociate_route_table, AssociationId=association)
        self.permit("ec2:DisassociateRouteTable", f"{EC2}:route-table/{table}")
        self.bounded("ec2").disassociate_route_table(AssociationId=association)

    def test_a_function_is_created_under_its_name(self):
        functions = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours-*"
        self.permit("lambda:CreateFunction", functions, also=("iam:PassRole", self.role))
        arguments = {
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Role": self.role,
            "Code": {"ZipFile": b"no zip"},
        }
        self.assert_denied(self.bounded("lambda").create_function, FunctionName="theirs-1", **arguments)
        before = self.last_call()
        try:
            self.bounded("lambda").create_function(FunctionName="ours-1", **arguments)
        except ClientError as problem:
            self.assertNotIn("AccessDenied", problem.response["Error"]["Code"])
        self.assertIn(
            ("lambda:CreateFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:ours-1"), self.logged(before)
        )

    def test_the_configuration_of_asynchronous_invocations_has_a_permission(self):
        self.permit("lambda:GetFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:*")
        self.assert_denied(self.bounded("lambda").get_function_event_invoke_config, FunctionName="any")

    def test_an_alias_is_created_under_its_name(self):
        key = self.cloud.client("kms").create_key()["KeyMetadata"]["KeyId"]
        keys = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*"
        self.permit("kms:CreateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/ours-*", ("kms:CreateAlias", keys))
        self.bounded("kms").create_alias(AliasName="alias/ours-key", TargetKeyId=key)
        self.assert_denied(self.bounded("kms").create_alias, AliasName="alias/theirs", TargetKeyId=key)
        self.permit("kms:CreateAlias", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/ours-*")
        self.assert_denied(self.bounded("kms").create_alias, AliasName="alias/ours-other", TargetKeyId=key)

    def test_only_roles_with_the_boundary_are_created_and_changed(self):
        iam = self.cloud.client("iam")
        arn, other = (
            iam.create_policy(PolicyName=name, PolicyDocument=POLICY)["Policy"]["Arn"] for name in ("boundary", "other")
        )
        make, change = self.bounded("iam").create_role, self.bounded("iam").put_role_policy
        policy = {"PolicyName": "p", "PolicyDocument": POLICY}
        self.permit("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/*", boundary=arn)
        self.assert_denied(make, RoleName="free", AssumeRolePolicyDocument=TRUST)
        self.assert_denied(make, RoleName="free", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=other)
        make(RoleName="with-boundary", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
        self.permit("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/*", boundary=arn)
        change(RoleName="with-boundary", **policy)
        self.assert_denied(change, RoleName="runner", **policy)

    def test_a_boundary_can_depend_on_the_tags_of_a_resource(self):
        vpc = self.cloud.client("ec2").create_vpc(
            CidrBlock="10.9.0.0/16", TagSpecifications=specification("vpc", OURS)
        )["Vpc"]["VpcId"]
        condition = {"StringEquals": {"aws:ResourceTag/stack": "ours"}}
        statement = {"Effect": "Allow", "Action": "ec2:DeleteVpc", "Resource": "*", "Condition": condition}
        iam = self.cloud.client("iam")
        boundary = iam.create_policy(
            PolicyName="tagged", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement})
        )["Policy"]["Arn"]
        iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=boundary)
        self.addCleanup(iam.delete_user_permissions_boundary, UserName="bounded")
        self.permit("ec2:DeleteVpc", "*")
        untagged = self.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.assert_denied(self.bounded("ec2").delete_vpc, VpcId=untagged)
        self.bounded("ec2").delete_vpc(VpcId=vpc)

    def test_load_balancing_is_limited_by_name_and_tags(self):
        prefix = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}"
        vpc = self.cloud.client("ec2").create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        arguments = {"Protocol": "HTTP", "Port": 80, "VpcId": vpc, "TargetType": "ip"}
        tagging = "elasticloadbalancing:AddTags", f"{prefix}:targetgroup/*"
        self.permit("elasticloadbalancing:CreateTargetGroup", f"{prefix}:targetgroup/ours-*", tagging, request="ours")
        make = self.bounded("elbv2").create_target_group
        made = make(Name="ours-1", Tags=pairs(OURS), **arguments)["TargetGroups"][0]["TargetGroupArn"]
        self.assert_denied(make, Name="theirs", Tags=pairs(OURS), **arguments)
        self.assert_denied(make, Name="ours-2", Tags=pairs(THEIRS), **arguments)
        self.permit("elasticloadbalancing:DeleteTargetGroup", f"{prefix}:targetgroup/*", existing="theirs")
        self.assert_denied(self.bounded("elbv2").delete_target_group, TargetGroupArn=made)
        self.permit("elasticloadbalancing:DeleteTargetGroup", f"{prefix}:targetgroup/*", existing="ours")
        self.bounded("elbv2").delete_target_group(TargetGroupArn=made)

    def test_a_certificate_is_of_the_stack_that_created_it(self):
        acm, certificate = self.bounded("acm"), f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/*"
        self.permit("acm:RequestCertificate", "*", ("acm:AddTagsToCertificate", certificate), request="ours")
        made = acm.request_certificate(DomainName="a.example.com", Tags=pairs(OURS))["CertificateArn"]
        self.assert_denied(acm.request_certificate, DomainName="a.example.com", Tags=pairs(THEIRS))
        self.permit("acm:DeleteCertificate", certificate, existing="theirs")
        self.assert_denied(acm.delete_certificate, CertificateArn=made)
        self.permit("acm:DeleteCertificate", certificate, existing="ours")
        acm.delete_certificate(CertificateArn=made)

    def test_a_delivery_of_logs_is_of_the_stack_that_created_it(self):
        logs, deliveries = self.cloud.client("logs"), f"arn:aws:logs:{REGION}:{ACCOUNT}:delivery:*"
        self.cloud.client("s3").create_bucket(Bucket="ours-logs")
        front = f"arn:aws:cloudfront::{ACCOUNT}:distribution/" + self.cloud.distribution("127.0.0.1:1")
        logs.put_delivery_source(name="ours", logType="ACCESS_LOGS", resourceArn=front)
        target = logs.put_delivery_destination(
            name="ours", deliveryDestinationConfiguration={"destinationResourceArn": "arn:aws:s3:::ours-logs"}
        )["deliveryDestination"]["arn"]
        connect = {"deliverySourceName": "ours", "deliveryDestinationArn": target}
        self.permit("logs:CreateDelivery", deliveries, ("logs:TagResource", deliveries), request="ours")
        self.assert_denied(self.bounded("logs").create_delivery, **connect, tags=THEIRS)
        made = self.bounded("logs").create_delivery(**connect, tags=OURS)["delivery"]["id"]
        self.permit("logs:DeleteDelivery", deliveries, existing="theirs")
        self.assert_denied(self.bounded("logs").delete_delivery, id=made)
        self.permit("logs:DeleteDelivery", deliveries, existing="ours")
        self.bounded("logs").delete_delivery(id=made)

    def test_a_bucket_that_requires_tls_is_read(self):
        s3, bucket = self.cloud.client("s3"), "arn:aws:s3:::tls-only"
        s3.create_bucket(Bucket="tls-only")
        deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": bucket}
        deny["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
        s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
        self.permit("s3:GetBucketPolicy", bucket)
        self.bounded("s3").get_bucket_policy(Bucket="tls-only")

    def test_records_are_limited_by_their_types(self):
        zone = self.cloud.client("route53").create_hosted_zone(Name="ours.example", CallerReference="1")["HostedZone"]
        self.cloud.client("iam").put_user_policy(
            UserName="bounded",
            PolicyName="p",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Action": "route53:ChangeResourceRecordSets",
                        "Resource": "arn:aws:route53:::hostedzone/" + zone["Id"].rpartition("/")[2],
                        "Condition": {
                            "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": ["A", "CNAME"]}
                        },
                    },
                }
            ),
        )

        def add(kind: str, value: str):
            record = {"Name": "a.ours.example", "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
            return {
                "HostedZoneId": zone["Id"],
                "ChangeBatch": {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
            }

        change = self.bounded("route53").change_resource_record_sets
        change(**add("A", "192.0.2.1"))
        self.assert_denied(change, **add("TXT", '"x"'))

    def test_each_request_around_cloudfront_has_its_resource(self):
        acl = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:global/webacl/ours/1"
        calls = [
            ("cloudfront", "describe_function", {"Name": "ours-viewer"}),
            ("wafv2", "get_logging_configuration", {"ResourceArn": acl}),
            (
                "wafv2",
                "put_logging_configuration",
                {"LoggingConfiguration": {"ResourceArn": acl, "LogDestinationConfigs": ["arn:aws:logs:::log-group:g"]}},
            ),
            ("wafv2", "list_tags_for_resource", {"ResourceARN": acl}),
            ("route53", "get_change", {"Id": "C1"}),
            ("logs", "get_delivery_source", {"name": "ours"}),
            ("logs", "delete_delivery_destination", {"name": "ours"}),
            ("logs", "get_delivery", {"id": "d1"}),
        ]
        before = self.last_call()
        for service, call, arguments in calls:
            try:
                getattr(self.cloud.client(service), call)(**arguments)
            except ClientError:
                pass  # it does not exist; only the resource of the check matters
        logs = f"arn:aws:logs:{REGION}:{ACCOUNT}"
        self.assertEqual(
            self.logged(before),
            [
                ("cloudfront:DescribeFunction", f"arn:aws:cloudfront::{ACCOUNT}:function/ours-viewer"),
                ("wafv2:GetLoggingConfiguration", acl),
                ("wafv2:PutLoggingConfiguration", acl),
                ("wafv2:ListTagsForResource", acl),
                ("route53:GetChange", "arn:aws:route53:::change/C1"),
                ("logs:GetDeliverySource", f"{logs}:delivery-source:ours"),
                ("logs:DeleteDeliveryDestination", f"{logs}:delivery-destination:ours"),
                ("logs:GetDelivery", f"{logs}:delivery:d1"),
            ],
        )

    def test_alarms_topics_and_policies_have_their_resource(self):
        before = self.last_call()
        for service, call, arguments in (
            ("cloudwatch", "list_tags_for_resource", {"ResourceARN": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:a"}),
            ("sns", "list_tags_for_resource", {"ResourceArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:t"}),
            ("cloudfront", "get_cache_policy", {"Id": "p"}),
            ("cloudfront", "list_tags_for_resource", {"Resource": f"arn:aws:cloudfront::{ACCOUNT}:distribution/D"}),
        ):
            try:
                getattr(self.cloud.client(service), call)(**arguments)
            except ClientError:
                pass  # it does not exist; only the resource of the check matters
        self.assertEqual(
            self.logged(before),
            [
                ("cloudwatch:ListTagsForResource", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:a"),
                ("sns:ListTagsForResource", f"arn:aws:sns:{REGION}:{ACCOUNT}:t"),
                ("cloudfront:GetCachePolicy", f"arn:aws:cloudfront::{ACCOUNT}:cache-policy/p"),
                ("cloudfront:ListTagsForResource", f"arn:aws:cloudfront::{ACCOUNT}:distribution/D"),
            ],
        )
