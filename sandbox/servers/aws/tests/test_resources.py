"""The resources in the cloud: ids as Pulumi's state has them, and as the provider imports them."""

import io
import json
import zipfile

from .harness import CloudTest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
NOTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}


class Resources(CloudTest):
    def found(self, kind: str) -> list[tuple]:
        response = self.cloud.control("resources")
        self.assertIn(kind, response["types"])
        return [(f["id"], f["import"], f["hints"]) for f in response["resources"] if f["type"] == kind]


class EmptyResourcesTest(Resources):
    def test_resources_from_the_start_are_left_out(self):
        self.assertEqual(self.found("aws:ec2/vpc:Vpc"), [])
        self.assertEqual(self.found("aws:scheduler/scheduleGroup:ScheduleGroup"), [])


class ResourcesTest(Resources):
    def test_parts_of_an_api_are_imported_with_the_api(self):
        gateway = self.cloud.client("apigatewayv2")
        api = gateway.create_api(Name="api", ProtocolType="HTTP")["ApiId"]
        route = gateway.create_route(ApiId=api, RouteKey="GET /here")["RouteId"]
        gateway.create_stage(ApiId=api, StageName="$default")
        self.assertEqual(self.found("aws:apigatewayv2/api:Api"), [(api, api, ["api"])])
        self.assertEqual(self.found("aws:apigatewayv2/route:Route"), [(route, f"{api}/{route}", [api, "GET /here"])])
        self.assertEqual(self.found("aws:apigatewayv2/stage:Stage"), [("$default", f"{api}/$default", [api])])

    def test_a_network_without_its_default_resources(self):
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

    def test_a_function_with_its_configuration(self):
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

    def test_keys_that_are_being_deleted_are_left_out(self):
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

    def test_the_edge(self):
        edge, firewall = self.cloud.client("cloudfront"), self.cloud.client("wafv2")
        edge.create_function(
            Name="clean",
            FunctionConfig={"Comment": "", "Runtime": "cloudfront-js-2.0"},
            FunctionCode=b"function handler(event) { return event.request; }",
        )
        some = {"Quantity": 1, "Items": ["accept"]}
        forward = edge.create_origin_request_policy(
            OriginRequestPolicyConfig={
                "Name": "forward",
                "HeadersConfig": {"HeaderBehavior": "whitelist", "Headers": some},
                "CookiesConfig": {"CookieBehavior": "none"},
                "QueryStringsConfig": {"QueryStringBehavior": "none"},
            }
        )["OriginRequestPolicy"]["Id"]
        answers = edge.create_response_headers_policy(
            ResponseHeadersPolicyConfig={
                "Name": "answers",
                "RemoveHeadersConfig": {"Quantity": 1, "Items": [{"Header": "Server"}]},
            }
        )["ResponseHeadersPolicy"]["Id"]
        metric = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
        acl = firewall.create_web_acl(
            Name="acl", Scope="CLOUDFRONT", DefaultAction={"Allow": {}}, VisibilityConfig=metric
        )["Summary"]["Id"]
        self.assertEqual(self.found("aws:cloudfront/function:Function"), [("clean", "clean", ["clean"])])
        # Without those of AWS, which exist from the start.
        self.assertEqual(
            self.found("aws:cloudfront/originRequestPolicy:OriginRequestPolicy"), [(forward, forward, ["forward"])]
        )
        self.assertEqual(
            self.found("aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"), [(answers, answers, ["answers"])]
        )
        self.assertEqual(self.found("aws:wafv2/webAcl:WebAcl"), [(acl, f"{acl}/acl/CLOUDFRONT", ["acl"])])

    def test_a_name_and_its_certificate(self):
        acm, dns = self.cloud.client("acm"), self.cloud.client("route53")
        arn = acm.request_certificate(DomainName="api.example.test", ValidationMethod="DNS")["CertificateArn"]
        zone = dns.create_hosted_zone(Name="example.test", CallerReference="x")["HostedZone"]["Id"].split("/")[-1]
        for name, kind, value in (
            ("api.example.test", "A", "192.0.2.1"),
            ("_proof.api.example.test", "CNAME", "_x.acm-validations.aws."),
        ):
            record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
            dns.change_resource_record_sets(
                HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
            )
        self.assertEqual(self.found("aws:acm/certificate:Certificate"), [(arn, arn, ["api.example.test"])])
        # Neither the zone nor the records of every zone. A validation record is spelled as ACM does.
        alias, proof = f"{zone}_api.example.test_A", f"{zone}__proof.api.example.test._CNAME"
        self.assertEqual(
            self.found("aws:route53/record:Record"),
            [
                (alias, alias, [zone, "api.example.test", "A"]),
                (proof, proof, [zone, "_proof.api.example.test.", "CNAME"]),
            ],
        )

    def test_access_logs(self):
        s3, logs = self.cloud.client("s3"), self.cloud.client("logs")
        bucket = "logs-20261121122337152200000002"
        s3.create_bucket(Bucket=bucket)
        distribution = "arn:aws:cloudfront::000000000000:distribution/E1"
        logs.put_delivery_source(name="source", resourceArn=distribution, logType="ACCESS_LOGS")
        target = logs.put_delivery_destination(
            name="target", deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{bucket}"}
        )["deliveryDestination"]["arn"]
        delivery = logs.create_delivery(deliverySourceName="source", deliveryDestinationArn=target)["delivery"]["id"]
        self.assertEqual(self.found("aws:s3/bucketV2:BucketV2"), [(bucket, bucket, ["logs-"])])
        self.assertEqual(
            self.found("aws:cloudwatch/logDelivery:LogDelivery"), [(delivery, delivery, ["source", target])]
        )
