"""The census of what the cloud holds: ids as Pulumi's state has them, and as the provider imports them."""

import io
import json
import zipfile

from .harness import CloudTest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


class Census(CloudTest):
    def found(self, kind: str) -> list[tuple]:
        answer = self.cloud.control("resources")
        self.assertIn(kind, answer["types"])
        return [(f["id"], f["import"], f["hints"]) for f in answer["resources"] if f["type"] == kind]


class EmptyCensusTest(Census):
    def test_what_is_there_from_the_start_is_left_out(self):
        self.assertEqual(self.found("aws:ec2/vpc:Vpc"), [])
        self.assertEqual(self.found("aws:scheduler/scheduleGroup:ScheduleGroup"), [])


class CensusTest(Census):
    def test_parts_of_an_api_are_imported_with_the_api(self):
        gateway = self.cloud.client("apigatewayv2")
        api = gateway.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        route = gateway.create_route(ApiId=api, RouteKey="GET /here")["RouteId"]
        gateway.create_stage(ApiId=api, StageName="$default")
        self.assertEqual(self.found("aws:apigatewayv2/api:Api"), [(api, api, ["api"])])
        self.assertEqual(self.found("aws:apigatewayv2/route:Route"), [(route, f"{api}/{route}", [api, "GET /here"])])
        self.assertEqual(self.found("aws:apigatewayv2/stage:Stage"), [("$default", f"{api}/$default", [api])])

    def test_a_network_without_what_it_brings_along(self):
        ec2 = self.cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": "mine"}]}]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24", TagSpecifications=tags)["Subnet"]["SubnetId"]
        table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        link = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=internet)
        group = ec2.create_security_group(GroupName="group", Description="test", VpcId=vpc)["GroupId"]
        permission = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}
        [rule] = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])["SecurityGroupRules"]

        self.assertEqual(self.found("aws:ec2/vpc:Vpc"), [(vpc, vpc, ["10.9.0.0/16"])])
        self.assertEqual(self.found("aws:ec2/subnet:Subnet"), [(subnet, subnet, ["10.9.1.0/24", "mine"])])
        self.assertEqual(self.found("aws:ec2/routeTable:RouteTable"), [(table, table, [vpc])])
        self.assertEqual(
            self.found("aws:ec2/routeTableAssociation:RouteTableAssociation"),
            [(link, f"{subnet}/{table}", [subnet, table])],
        )
        # Terraform's id of a route ends with the CRC-32 of its destination.
        self.assertEqual(
            self.found("aws:ec2/route:Route"), [(f"r-{table}1080289494", f"{table}_0.0.0.0/0", [table, "0.0.0.0/0"])]
        )
        self.assertEqual(self.found("aws:ec2/securityGroup:SecurityGroup"), [(group, group, ["group"])])
        rule_id = rule["SecurityGroupRuleId"]
        self.assertEqual(
            self.found("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
            [(rule_id, rule_id, [group, group])],
        )
        self.assertEqual(self.found("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), [])

    def test_a_function_with_what_belongs_to_it(self):
        iam, functions = self.cloud.client("iam"), self.cloud.client("lambda")
        role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        iam.put_role_policy(RoleName="role", PolicyName="inline", PolicyDocument=json.dumps(NOTHING))
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("bootstrap", "#!/bin/true")
        functions.create_function(
            FunctionName="function",
            Runtime="provided.al2023",
            Role=role,
            Handler="x",
            Code={"ZipFile": package.getvalue()},
        )
        functions.add_permission(
            FunctionName="function",
            StatementId="allow",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn="arn:aws:execute-api:us-east-1:000000000000:api/*",
        )
        self.assertEqual(self.found("aws:iam/role:Role"), [("role", "role", ["role"])])
        self.assertEqual(
            self.found("aws:iam/rolePolicy:RolePolicy"), [("role:inline", "role:inline", ["role", "inline"])]
        )
        self.assertEqual(
            self.found("aws:lambda/permission:Permission"),
            [("allow", "function/allow", ["function", "arn:aws:execute-api:us-east-1:000000000000:api/*"])],
        )
        self.assertEqual(self.found("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"), [])

    def test_keys_that_are_being_deleted_are_gone(self):
        kms = self.cloud.client("kms")
        key = kms.create_key(Description="mine")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
        self.assertEqual(self.found("aws:kms/key:Key"), [(key, key, ["mine"])])
        self.assertEqual(self.found("aws:kms/alias:Alias"), [("alias/mine", "alias/mine", ["alias/mine"])])
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        self.assertEqual(self.found("aws:kms/key:Key"), [])

    def test_queries_and_filters(self):
        logs = self.cloud.client("logs")
        logs.create_log_group(logGroupName="/group")
        logs.put_metric_filter(
            logGroupName="/group",
            filterName="filter",
            filterPattern="x",
            metricTransformations=[{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}],
        )
        query = logs.put_query_definition(name="query", queryString="limit 1")["queryDefinitionId"]
        self.assertEqual(
            self.found("aws:cloudwatch/logMetricFilter:LogMetricFilter"),
            [("filter", "/group:filter", ["/group", "filter"])],
        )
        self.assertEqual(
            self.found("aws:cloudwatch/queryDefinition:QueryDefinition"),
            [(query, f"arn:aws:logs:us-east-1:000000000000:query-definition:{query}", ["query"])],
        )
