"""AWS's additional checks beside the operation itself."""

import io
import json
from urllib.parse import quote
import time
import zipfile

from botocore.exceptions import ClientError

from .harness import REGION, CloudTest, distribution_config, wait_for

ACCOUNT = "000000000000"
OURS = {"stack": "ours"}
ANSWERS = "def handle(event): return {}"


def arn(service: str, resource: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def pairs(tags: dict[str, str], key: str = "Key", value: str = "Value") -> list[dict]:
    return [{key: name, value: text} for name, text in tags.items()]


class AuthorizationTest(CloudTest):
    """Calls as a user with the permissions that a test sets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        iam = cls.cloud.client("iam")
        iam.create_user(UserName="someone")
        key = iam.create_access_key(UserName="someone")["AccessKey"]
        cls.credentials = key["AccessKeyId"], key["SecretAccessKey"]

    def permit(self, *statements: tuple):
        """Allow (action, resource) or (action, resource, condition)."""
        policy = []
        for action, resource, *condition in statements:
            policy.append({"Effect": "Allow", "Action": action, "Resource": resource})
            if condition:
                policy[-1]["Condition"] = condition[0]
        self.cloud.client("iam").put_user_policy(
            UserName="someone",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": policy}),
        )

    def as_user(self, service: str):
        return self.cloud.client(service, *self.credentials)

    def refused(self, call, **arguments) -> str:
        """The code and the message of a refusal."""
        with self.assertRaises(ClientError) as denied:
            call(**arguments)
        error = denied.exception.response["Error"]
        return f"{error['Code']}: {error['Message']}"

    def assert_needs(self, first: tuple[str, str], second: tuple[str, str], call, **arguments) -> dict:
        """Check that a call requires both, and that its refusal names the missing one; return the response with both."""
        self.permit(first)
        self.assertIn(second[0].rpartition(":")[2], self.refused(call, **arguments))
        self.permit(first, second)
        return call(**arguments)


class TagOnCreateTest(AuthorizationTest):
    def test_creating_with_tags_requires_permission_to_tag(self):
        name, tags, listed = "tagged", OURS, pairs(OURS)
        role = {
            "RoleName": name,
            "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": []}),
            "Tags": listed,
        }
        balancer = {"Name": name, "Protocol": "HTTP", "Port": 80, "TargetType": "ip", "VpcId": "vpc-00000001"}
        cases = (
            ("acm", "request_certificate", "acm:RequestCertificate", "*", "acm:AddTagsToCertificate",
             arn("acm", "certificate/*"), {"DomainName": "a.example.com", "Tags": listed}),
            ("apigatewayv2", "create_api", "apigateway:POST", f"arn:aws:apigateway:{REGION}::/apis",
             "apigateway:TagResource", f"arn:aws:apigateway:{REGION}::/apis",
             {"Name": name, "ProtocolType": "HTTP", "Tags": tags}),
            ("cloudwatch", "put_metric_alarm", "cloudwatch:PutMetricAlarm", arn("cloudwatch", f"alarm:{name}"),
             "cloudwatch:TagResource", arn("cloudwatch", f"alarm:{name}"),
             {"AlarmName": name, "Namespace": "n", "MetricName": "m", "Period": 60, "EvaluationPeriods": 1,
              "Statistic": "Sum", "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "Tags": listed}),
            ("elbv2", "create_target_group", "elasticloadbalancing:CreateTargetGroup",
             arn("elasticloadbalancing", f"targetgroup/{name}/*"), "elasticloadbalancing:AddTags",
             arn("elasticloadbalancing", f"targetgroup/{name}/*"), {**balancer, "Tags": listed}),
            ("iam", "create_role", "iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/{name}", "iam:TagRole",
             f"arn:aws:iam::{ACCOUNT}:role/{name}", role),
            ("kms", "create_key", "kms:CreateKey", "*", "kms:TagResource", arn("kms", "key/*"),
             {"Tags": pairs(OURS, "TagKey", "TagValue")}),
            ("logs", "create_log_group", "logs:CreateLogGroup", arn("logs", f"log-group:{name}:*"),
             "logs:TagResource", arn("logs", f"log-group:{name}"), {"logGroupName": name, "tags": tags}),
            ("scheduler", "create_schedule_group", "scheduler:CreateScheduleGroup",
             arn("scheduler", f"schedule-group/{name}"), "scheduler:TagResource",
             arn("scheduler", f"schedule-group/{name}"), {"Name": name, "Tags": listed}),
            ("sns", "create_topic", "sns:CreateTopic", arn("sns", name), "sns:TagResource", arn("sns", name),
             {"Name": name, "Tags": listed}),
            ("sqs", "create_queue", "sqs:CreateQueue", arn("sqs", name), "sqs:TagQueue", arn("sqs", name),
             {"QueueName": name, "tags": tags}),
            ("wafv2", "create_web_acl", "wafv2:CreateWebACL", arn("wafv2", f"global/webacl/{name}/*"),
             "wafv2:TagResource", arn("wafv2", f"global/webacl/{name}/*"),
             {"Name": name, "Scope": "CLOUDFRONT", "DefaultAction": {"Allow": {}}, "Tags": listed,
              "VisibilityConfig": {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False,
                                   "MetricName": "m"}}),
        )  # fmt: skip
        for service, operation, action, resource, tagging, tagged, arguments in cases:
            with self.subTest(service):
                call = getattr(self.as_user(service), operation)
                self.assert_needs((action, resource), (tagging, tagged), call, **arguments)

    def test_a_log_groups_refusal_has_the_message_of_logs(self):
        self.permit(("logs:CreateLogGroup", "*"))
        said = self.refused(self.as_user("logs").create_log_group, logGroupName="worded", tags=OURS)
        self.assertIn("is not authorized to perform CreateLogGroup with Tags", said)

    def test_a_stage_is_tagged_as_one_of_the_apis_stages(self):
        api = self.cloud.client("apigatewayv2").create_api(Name="a", ProtocolType="HTTP")["ApiId"]
        stages = f"arn:aws:apigateway:{REGION}::/apis/{api}/stages"
        call = self.as_user("apigatewayv2").create_stage
        self.permit(("apigateway:POST", stages))
        self.assertIn(
            f"apigateway:TagResource on resource: {stages} ",
            self.refused(call, ApiId=api, StageName="$default", Tags=OURS),
        )
        call(ApiId=api, StageName="untagged")
        self.permit(("apigateway:POST", stages), ("apigateway:TagResource", stages))
        call(ApiId=api, StageName="$default", Tags=OURS)

    def test_rest_apis_and_their_stages_are_tagged_by_the_path_of_tags(self):
        prefix = f"arn:aws:apigateway:{REGION}::"
        gateway = self.cloud.client("apigateway")
        api = gateway.create_rest_api(name="a")["id"]
        [root] = gateway.get_resources(restApiId=api)["items"]
        method = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        gateway.put_integration(**method, type="MOCK")
        deployment = gateway.create_deployment(restApiId=api)["id"]
        stages = f"/restapis/{api}/stages"
        for call, path, arguments in (
            ("create_rest_api", "/restapis", {"name": "b"}),
            ("create_stage", stages, {"restApiId": api, "stageName": "live", "deploymentId": deployment}),
        ):
            with self.subTest(call):
                tagged = f"{prefix}/tags/{quote(prefix + path + '/', safe='')}*"
                create = getattr(self.as_user("apigateway"), call)
                self.permit(("apigateway:POST", prefix + path))
                self.assertIn(f"apigateway:PUT on resource: {tagged} ", self.refused(create, **arguments, tags=OURS))
                self.permit(("apigateway:POST", prefix + path), ("apigateway:PUT", f"{prefix}/tags/*"))
                create(**arguments, tags=OURS)

    def test_the_tags_are_a_condition_of_both(self):
        condition = {"StringEquals": {"aws:RequestTag/stack": "ours"}}
        self.permit(("kms:CreateKey", "*"), ("kms:TagResource", "*", condition))
        self.as_user("kms").create_key(Tags=pairs(OURS, "TagKey", "TagValue"))
        self.refused(self.as_user("kms").create_key, Tags=pairs({"stack": "theirs"}, "TagKey", "TagValue"))


class ResourceTest(AuthorizationTest):
    def test_a_version_of_a_function_is_a_resource_of_its_own(self):
        self.cloud.function("versioned", ANSWERS, self.cloud.role("versioned"))
        function = arn("lambda", "function:versioned")
        invoke = self.as_user("lambda").invoke
        self.permit(("lambda:InvokeFunction", function))
        invoke(FunctionName="versioned")
        self.assertIn("AccessDenied", self.refused(invoke, FunctionName="versioned", Qualifier="$LATEST"))
        self.permit(("lambda:InvokeFunction", f"{function}:$LATEST"))
        invoke(FunctionName="versioned", Qualifier="$LATEST")

    def test_log_groups_end_in_log_stream_but_for_tags(self):
        logs, group = self.as_user("logs"), arn("logs", "log-group:spelled")
        self.permit(("logs:CreateLogGroup", group))
        self.assertIn(f"on resource: {group}:log-stream: ", self.refused(logs.create_log_group, logGroupName="spelled"))
        allowed = [(f"logs:{action}", f"{group}:*") for action in ("CreateLogGroup", "PutRetentionPolicy")]
        self.permit(*allowed, ("logs:TagResource", f"{group}:*"), ("logs:ListTagsForResource", group))
        logs.create_log_group(logGroupName="spelled")
        logs.put_retention_policy(logGroupName="spelled", retentionInDays=1)
        logs.list_tags_for_resource(resourceArn=group)
        self.refused(logs.tag_resource, resourceArn=group, tags=OURS)
        self.permit(("logs:DeleteLogGroup", group))
        self.refused(logs.delete_log_group, logGroupName="spelled")

    def test_a_functions_tags_require_permission_to_list_them(self):
        self.cloud.function("shy", ANSWERS, self.cloud.role("shy"), Tags=OURS)
        function = arn("lambda", "function:shy")
        self.permit(("lambda:GetFunction", function))
        response = self.as_user("lambda").get_function(FunctionName="shy")
        self.assertNotIn("Tags", response)
        self.assertEqual(response["TagsError"]["ErrorCode"], "AccessDeniedException")
        self.permit(("lambda:GetFunction", function), ("lambda:ListTags", function))
        self.assertEqual(self.as_user("lambda").get_function(FunctionName="shy")["Tags"], OURS)


class DelegationTest(AuthorizationTest):
    def test_a_role_is_passed_to_the_service_that_gets_it(self):
        role = self.cloud.role("passed")
        make = {"FunctionName": "passing", "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap"}
        create = ("lambda:CreateFunction", "*")
        self.permit(
            create, ("iam:PassRole", role, {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}})
        )
        call = self.as_user("lambda").create_function
        self.assertIn(f"iam:PassRole on resource: {role} ", self.refused(call, Code={"ZipFile": b"no zip"}, **make))
        self.permit(create, ("iam:PassRole", role, {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}))
        try:
            call(Code={"ZipFile": b"no zip"}, **make)
        except ClientError as problem:
            self.assertNotIn("AccessDenied", problem.response["Error"]["Code"])

    def update(self, identity: str, **changes):
        """Update a distribution as the user; its configuration is read as the account."""
        current = self.cloud.client("cloudfront").get_distribution_config(Id=identity)
        config = current["DistributionConfig"]
        config["DefaultCacheBehavior"].update(changes.pop("DefaultCacheBehavior", {}))
        config.update(changes)
        return self.as_user("cloudfront").update_distribution(
            Id=identity, IfMatch=current["ETag"], DistributionConfig=config
        )

    def test_cloudfront_requires_permission_for_the_web_acl(self):
        acl = self.cloud.client("wafv2").create_web_acl(
            Name="front",
            Scope="CLOUDFRONT",
            DefaultAction={"Allow": {}},
            VisibilityConfig={"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"},
        )["Summary"]["ARN"]
        config = {**distribution_config("127.0.0.1:1", "k"), "WebACLId": acl}
        identity = self.cloud.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["Id"]
        update = ("cloudfront:UpdateDistribution", "*")
        self.permit(update)
        self.assertEqual(
            self.refused(self.update, identity=identity, Comment="changed"),
            "InvalidWebACLId: Unable to verify read permissions on Web ACL. Please retry the request.",
        )
        self.permit(update, ("wafv2:GetWebACL", acl))
        self.update(identity, Comment="changed")

    def test_cloudfront_requires_permission_for_the_functions_of_a_distribution(self):
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("index.js", "exports.handler = async (event) => event.Records[0].cf.request;")
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
        trust["Principal"] = {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]}
        role = self.cloud.client("iam").create_role(
            RoleName="edge", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust})
        )["Role"]["Arn"]
        self.cloud.client("lambda").create_function(
            FunctionName="edge",
            Role=role,
            Runtime="nodejs22.x",
            Handler="index.handler",
            Code={"ZipFile": package.getvalue()},
            Timeout=5,
            Publish=True,
        )
        version = arn("lambda", "function:edge:1")
        association = {"LambdaFunctionARN": version, "EventType": "origin-request", "IncludeBody": False}
        behavior = {"LambdaFunctionAssociations": {"Quantity": 1, "Items": [association]}}
        config = distribution_config("127.0.0.1:1", "k")
        config["DefaultCacheBehavior"].update(behavior)
        identity = self.cloud.client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["Id"]
        allowed = [("cloudfront:UpdateDistribution", "*")]
        for action in ("lambda:GetFunction", "lambda:EnableReplication*", "lambda:DisableReplication*"):
            self.permit(*allowed)
            said = self.refused(self.update, identity=identity, Comment="changed")
            self.assertIn("InvalidLambdaFunctionAssociation: Lambda@Edge cannot enable replication", said)
            self.assertIn(f"add permission: {action} for resource: {version} and try again", said)
            allowed.append((action, version))
        self.permit(*allowed)
        self.update(identity, Comment="changed")
        none = {"LambdaFunctionAssociations": {"Quantity": 0}}
        self.permit(*allowed[:-1])
        said = self.refused(self.update, identity=identity, DefaultCacheBehavior=none)
        self.assertIn(f"lambda:DisableReplication* for resource: {version}", said)
        self.permit(*allowed)
        self.update(identity, DefaultCacheBehavior=none)


class SettlingTest(AuthorizationTest):
    def tearDown(self):
        self.cloud.control("settling", {"seconds": 0})

    def test_a_permission_takes_effect_later(self):
        self.permit(("sqs:ListQueues", "*"))
        self.as_user("sqs").list_queues()
        self.assertEqual(self.cloud.control("settling", {"seconds": 1}), {"seconds": 1})
        self.permit(("ssm:DescribeParameters", "*"))
        began = time.monotonic()
        self.refused(self.as_user("ssm").describe_parameters)
        self.as_user("sqs").list_queues()

        def settled() -> bool:
            try:
                return bool(self.as_user("ssm").describe_parameters())
            except ClientError:
                return False

        wait_for(settled)
        self.assertGreaterEqual(time.monotonic() - began, 0.9)

    def test_the_tags_of_a_key_take_effect_later(self):
        condition = {"StringEquals": {"aws:ResourceTag/stack": "ours"}}
        self.permit(("kms:DescribeKey", "*"), ("kms:EnableKeyRotation", "*", condition))
        self.cloud.control("settling", {"seconds": 1})
        key = self.cloud.client("kms").create_key(Tags=pairs(OURS, "TagKey", "TagValue"))["KeyMetadata"]["KeyId"]
        self.as_user("kms").describe_key(KeyId=key)
        self.refused(self.as_user("kms").enable_key_rotation, KeyId=key)
        time.sleep(1)
        self.as_user("kms").enable_key_rotation(KeyId=key)


class NetworkTest(AuthorizationTest):
    def group_in(self, vpc: str, name: str):
        tags = [{"ResourceType": "security-group", "Tags": pairs(OURS)}]
        return self.as_user("ec2").create_security_group(
            GroupName=name, Description="g", VpcId=vpc, TagSpecifications=tags
        )

    def test_a_security_group_is_authorized_as_itself_and_on_its_vpc(self):
        ec2, requested = self.cloud.client("ec2"), {"StringEquals": {"aws:RequestTag/stack": "ours"}}
        owned = {"StringEquals": {"aws:ResourceTag/stack": "ours"}}
        existing = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        make = ("ec2:CreateSecurityGroup", arn("ec2", "security-group/*"), requested)
        tag = ("ec2:CreateTags", arn("ec2", "security-group/*"))
        of = "ec2:CreateSecurityGroup", arn("ec2", "vpc/*")
        self.permit(make, tag, (*of, owned))
        self.assertIn(f":vpc/{existing} ", self.refused(self.group_in, vpc=existing, name="g"))
        self.permit(make, tag, (*of, requested))
        self.refused(self.group_in, vpc=existing, name="g")
        self.permit(make, tag, of)
        self.group_in(existing, "g")

    def nat_gateway(self) -> tuple[str, str]:
        """The allocation of an address, and the gateway that has it."""
        ec2 = self.cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
        tags = [{"ResourceType": "elastic-ip", "Tags": pairs(OURS)}]
        address = ec2.allocate_address(Domain="vpc", TagSpecifications=tags)["AllocationId"]
        return address, ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]

    def test_a_nat_gateways_address_has_an_association_while_there_is_the_gateway(self):
        ec2 = self.cloud.client("ec2")
        address, gateway = self.nat_gateway()
        found = ec2.describe_addresses(AllocationIds=[address])["Addresses"][0]
        shown = ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["NatGatewayAddresses"][0]
        self.assertEqual(
            (shown["AssociationId"], shown["NetworkInterfaceId"], shown["AllocationId"]),
            (found["AssociationId"], found["NetworkInterfaceId"], address),
        )
        self.assertIn("InvalidIPAddress.InUse", self.refused(ec2.release_address, AllocationId=address))
        ec2.delete_nat_gateway(NatGatewayId=gateway)
        gone = self.refused(ec2.disassociate_address, AssociationId=found["AssociationId"])
        self.assertIn("InvalidAssociationID.NotFound", gone)
        ec2.release_address(AllocationId=address)

    def test_disassociating_it_is_authorized_on_the_address_and_on_the_interface(self):
        address, _ = self.nat_gateway()
        found = self.cloud.client("ec2").describe_addresses(AllocationIds=[address])["Addresses"][0]
        owned = {"StringEquals": {"aws:ResourceTag/stack": "ours"}}
        take = "ec2:DisassociateAddress"
        call = self.as_user("ec2").disassociate_address
        self.permit((take, "*", owned))
        refusal = self.refused(call, AssociationId=found["AssociationId"])
        self.assertIn("UnauthorizedOperation", refusal)
        self.assertIn(f":network-interface/{found['NetworkInterfaceId']} ", refusal)
        self.permit((take, arn("ec2", "elastic-ip/*"), owned), (take, arn("ec2", "network-interface/*")))
        # With permission, EC2 still keeps the address of a gateway that exists.
        self.assertIn("AuthFailure", self.refused(call, AssociationId=found["AssociationId"]))


class LogTest(AuthorizationTest):
    def test_calls_are_logged_with_their_conditions(self):
        self.permit(("kms:CreateKey", "*"), ("kms:TagResource", "*"), ("kms:DescribeKey", "*"))
        before = self.cloud.control("calls")[-1]["n"]
        key = self.as_user("kms").create_key(Tags=pairs(OURS, "TagKey", "TagValue"))["KeyMetadata"]["Arn"]
        self.as_user("kms").describe_key(KeyId=key)
        found = [
            (call["action"], call["resource"], call["conditions"])
            for call in self.cloud.control(f"calls?since={before}")
        ]
        given = {"aws:requesttag/stack": "ours", "aws:tagkeys": ["stack"]}
        self.assertEqual(
            found,
            [
                ("kms:CreateKey", "*", given),
                ("kms:TagResource", arn("kms", "key/*"), given),
                ("kms:DescribeKey", key, {"aws:resourcetag/stack": "ours"}),
            ],
        )
