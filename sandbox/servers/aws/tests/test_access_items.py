"""Permissions for items and tables of DynamoDB, the log of its calls, and faults."""

import json
import time

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .harness import REGION, get
from .tables import NAME, TableTest, create, key, wait_until_active

ACCOUNT = "000000000000"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{NAME}"
USER = f"arn:aws:iam::{ACCOUNT}:user/narrow"


class AccessTest(TableTest):
    """Requests of a user with few permissions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        iam = cls.cloud.client("iam")
        iam.create_user(UserName="narrow")
        access = iam.create_access_key(UserName="narrow")["AccessKey"]
        cls.credentials = access["AccessKeyId"], access["SecretAccessKey"]
        cls.narrow = cls.cloud.client("dynamodb", *cls.credentials)
        for pk in ("C#acme", "C#other", "K#key", "U#acme"):
            cls.tables.put_item(TableName=NAME, Item={**key(pk), "n": {"N": "1"}})

    def setUp(self):
        super().setUp()
        self.cloud.control("faults", [])

    def permit(self, *statements: dict) -> None:
        """Give the user these permissions for the table, instead of the ones it has."""
        policy = [{"Effect": "Allow", "Resource": TABLE, **statement} for statement in statements]
        self.cloud.client("iam").put_user_policy(
            UserName="narrow",
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": policy}),
        )

    def permit_keys(self, actions: list[str], *keys: str, operator: str = "ForAllValues:StringLike") -> None:
        self.permit(statement(actions, *keys, operator=operator))

    def assert_denied(self, action: str, call, *arguments, resource: str = TABLE, **keywords) -> None:
        problem = (
            f"User: {USER} is not authorized to perform: dynamodb:{action} on resource: {resource} "
            f"because no identity-based policy allows the dynamodb:{action} action"
        )
        refused = self.assert_refused(problem, call, *arguments, code="AccessDeniedException", **keywords)
        self.assertEqual(refused["ResponseMetadata"]["HTTPStatusCode"], 400)

    def get(self, pk: str) -> None:
        self.narrow.get_item(TableName=NAME, Key=key(pk))

    def add(self, pk: str) -> None:
        self.narrow.update_item(
            TableName=NAME,
            Key=key(pk),
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    def query(self, pk: str, condition: str = "#p = :pk AND sk > :c", **settings) -> None:
        values = {":pk": {"S": pk}, ":c": {"S": "A"}}
        self.narrow.query(
            TableName=NAME,
            KeyConditionExpression=condition,
            ExpressionAttributeNames={"#p": "pk"},
            ExpressionAttributeValues={name: value for name, value in values.items() if name in condition},
            **settings,
        )

    def transact(self, *members: dict) -> None:
        self.narrow.transact_write_items(TransactItems=list(members))

    def test_an_operation_on_an_item_is_authorized_on_its_key(self):
        self.permit_keys(["GetItem", "UpdateItem"], "C#*")
        self.get("C#acme")
        self.add("C#other")
        self.assert_denied("GetItem", self.get, "K#key")
        self.assert_denied("UpdateItem", self.add, "U#acme")
        self.assert_denied("PutItem", self.narrow.put_item, TableName=NAME, Item=key("C#acme"))
        self.assert_denied("DeleteItem", self.narrow.delete_item, TableName=NAME, Key=key("C#acme"))
        self.permit_keys(["PutItem", "DeleteItem"], "I#*")
        self.narrow.put_item(TableName=NAME, Item=key("I#corp"))
        self.narrow.delete_item(TableName=NAME, Key=key("I#corp"))
        self.assert_denied("PutItem", self.narrow.put_item, TableName=NAME, Item=key("C#acme"))
        self.assert_denied("DeleteItem", self.narrow.delete_item, TableName=NAME, Key=key("C#acme"))

    def test_one_of_several_permissions_is_enough(self):
        self.permit(
            statement(["GetItem"], "K#*"),
            statement(["GetItem", "UpdateItem"], "C#acme", operator="ForAllValues:StringEquals"),
        )
        self.get("K#key")
        self.get("C#acme")
        self.add("C#acme")
        self.assert_denied("UpdateItem", self.add, "K#key")
        self.assert_denied("GetItem", self.get, "C#other")

    def test_a_query_is_authorized_on_the_partition(self):
        self.permit_keys(["Query"], "U#*")
        self.query("U#acme")
        self.query("U#acme", "(#p = :pk)")
        self.assert_denied("Query", self.query, "C#acme")
        self.narrow.query(
            TableName=NAME,
            KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "U#acme"}]}},
        )
        self.assert_denied(
            "Query",
            self.narrow.query,
            TableName=NAME,
            KeyConditions={"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "K#key"}]}},
        )
        # An index is a resource of its own.
        self.assert_denied("Query", self.query, "U#acme", IndexName="other", resource=f"{TABLE}/index/other")

    def test_a_batch_is_authorized_on_all_of_its_keys(self):
        def read(*keys: str) -> None:
            self.narrow.batch_get_item(RequestItems={NAME: {"Keys": [key(pk) for pk in keys]}})

        def write(*keys: str) -> None:
            self.narrow.batch_write_item(RequestItems={NAME: [{"PutRequest": {"Item": key(pk, "B")}} for pk in keys]})

        self.permit_keys(["BatchGetItem", "BatchWriteItem"], "C#*", "U#acme")
        read("C#acme", "U#acme")
        write("C#acme", "C#other")
        self.assert_denied("BatchGetItem", read, "C#acme", "K#key")
        self.assert_denied("BatchWriteItem", write, "K#key", "C#acme")

    def test_each_member_of_a_transaction_is_authorized_by_itself(self):
        update = {
            "TableName": NAME,
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        check = {"TableName": NAME, "ConditionExpression": "attribute_exists(pk)"}
        self.permit(statement(["UpdateItem"], "C#*"), statement(["PutItem"], "K#*"))
        self.transact({"Update": {**update, "Key": key("C#acme")}}, {"Update": {**update, "Key": key("C#other")}})
        self.transact(
            {"Update": {**update, "Key": key("C#acme")}},
            {"Put": {"TableName": NAME, "Item": key("K#new", self._testMethodName)}},
        )
        self.assert_denied(
            "UpdateItem",
            self.transact,
            {"Update": {**update, "Key": key("C#acme")}},
            {"Update": {**update, "Key": key("K#key")}},
        )
        self.assert_denied("PutItem", self.transact, {"Put": {"TableName": NAME, "Item": key("C#acme")}})
        self.assert_denied("ConditionCheckItem", self.transact, {"ConditionCheck": {**check, "Key": key("C#acme")}})
        self.assert_denied("DeleteItem", self.transact, {"Delete": {"TableName": NAME, "Key": key("C#acme")}})
        self.permit(statement(["ConditionCheckItem"], "S"), statement(["UpdateItem"], "C#*"))
        self.tables.put_item(TableName=NAME, Item=key("S"))
        self.transact({"ConditionCheck": {**check, "Key": key("S")}}, {"Update": {**update, "Key": key("C#acme")}})

    def test_forallvalues_holds_without_keys_and_foranyvalue_does_not(self):
        self.permit_keys(["Scan"], "C#*")
        self.narrow.scan(TableName=NAME)
        self.permit_keys(["Scan", "GetItem"], "C#*", operator="ForAnyValue:StringLike")
        self.assert_denied("Scan", self.narrow.scan, TableName=NAME)
        self.get("C#acme")
        self.permit(
            {"Action": ["dynamodb:Scan", "dynamodb:GetItem"], "Condition": {"Null": {"dynamodb:LeadingKeys": "false"}}}
        )
        self.assert_denied("Scan", self.narrow.scan, TableName=NAME)
        self.get("K#key")

    def test_a_key_is_compared_as_a_whole_and_in_its_case(self):
        self.permit_keys(["GetItem"], "C#acme")
        self.get("C#acme")
        for pk in ("C#acm", "C#acme2", "c#acme"):
            self.assert_denied("GetItem", self.get, pk)

    def test_attributes_are_those_of_the_key_and_of_every_expression(self):
        def update(expression: str = "ADD n :one", **settings) -> None:
            self.narrow.update_item(
                TableName=NAME,
                Key=key("C#acme"),
                UpdateExpression=expression,
                ExpressionAttributeValues={":one": {"N": "1"}},
                **settings,
            )

        self.permit(attributes(["UpdateItem", "PutItem", "GetItem"], "pk", "sk", "n", "u$*"))
        update()
        update("SET #u = if_not_exists(n, :one)", ExpressionAttributeNames={"#u": "u$m2026-11"})
        for settings in (
            {"expression": "SET rev = :one"},
            {"expression": "SET n = rev + :one"},
            {"expression": "SET n = :one REMOVE h.x"},
            {"expression": "SET #u = :one", "ExpressionAttributeNames": {"#u": "models"}},
            {"ConditionExpression": "attribute_not_exists(h.x)"},
        ):
            self.assert_denied("UpdateItem", update, **settings)
        self.narrow.put_item(TableName=NAME, Item={**key("C#acme"), "n": {"N": "1"}})
        self.assert_denied("PutItem", self.narrow.put_item, TableName=NAME, Item={**key("C#acme"), "rev": {"N": "1"}})
        self.narrow.get_item(TableName=NAME, Key=key("C#acme"), ProjectionExpression="n, pk")
        self.assert_denied(
            "GetItem", self.narrow.get_item, TableName=NAME, Key=key("C#acme"), ProjectionExpression="n, rev"
        )
        self.permit(attributes(["UpdateItem"], "n"))
        self.assert_denied("UpdateItem", update)

    def test_what_a_write_returns_is_a_condition(self):
        def update(**settings) -> None:
            self.narrow.update_item(
                TableName=NAME,
                Key=key("C#acme"),
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
                **settings,
            )

        condition = {"StringEqualsIfExists": {"dynamodb:ReturnValues": ["NONE", "UPDATED_NEW"]}}
        self.permit({"Action": ["dynamodb:UpdateItem", "dynamodb:GetItem"], "Condition": condition})
        update()
        update(ReturnValues="UPDATED_NEW")
        self.get("C#acme")
        self.assert_denied("UpdateItem", update, ReturnValues="ALL_NEW")

    def test_a_table_is_created_and_read_with_permissions_for_it(self):
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/narrow-made"
        self.permit({"Action": ["dynamodb:CreateTable"], "Resource": arn})
        self.assert_denied("CreateTable", create, self.narrow, "narrow-other", resource=arn.replace("made", "other"))
        # An empty list of tags requires it, too.
        for tags in ([], [{"Key": "stack", "Value": "dev"}]):
            self.assert_denied("TagResource", create, self.narrow, "narrow-made", resource=arn, Tags=tags)
        self.permit(
            {
                "Action": ["dynamodb:CreateTable", "dynamodb:TagResource"],
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:RequestTag/stack": "dev"}},
            },
            {
                "Action": [
                    "dynamodb:DeleteTable",
                    "dynamodb:DescribeContinuousBackups",
                    "dynamodb:DescribeTable",
                    "dynamodb:DescribeTimeToLive",
                    "dynamodb:ListTagsOfResource",
                    "dynamodb:UntagResource",
                    "dynamodb:UpdateContinuousBackups",
                    "dynamodb:UpdateTable",
                    "dynamodb:UpdateTimeToLive",
                ],
                "Resource": arn,
                "Condition": {"StringEquals": {"aws:ResourceTag/stack": "dev"}},
            },
        )
        self.assert_denied(
            "CreateTable", create, self.narrow, "narrow-made", resource=arn, Tags=[{"Key": "stack", "Value": "prod"}]
        )
        create(self.narrow, "narrow-made", Tags=[{"Key": "stack", "Value": "dev"}])
        wait_until_active(self.narrow, "narrow-made")
        self.narrow.describe_time_to_live(TableName="narrow-made")
        self.narrow.update_continuous_backups(
            TableName="narrow-made", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
        self.narrow.describe_continuous_backups(TableName="narrow-made")
        self.narrow.update_time_to_live(
            TableName="narrow-made", TimeToLiveSpecification={"AttributeName": "ttl", "Enabled": True}
        )
        self.narrow.tag_resource(ResourceArn=arn, Tags=[{"Key": "stack", "Value": "dev"}])
        self.narrow.untag_resource(ResourceArn=arn, TagKeys=["other"])
        self.assertEqual(self.narrow.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "stack", "Value": "dev"}])
        self.narrow.update_table(TableName="narrow-made", DeletionProtectionEnabled=False)
        self.assert_denied("ListTagsOfResource", self.narrow.list_tags_of_resource, ResourceArn=TABLE)
        self.assert_denied("DescribeTable", self.narrow.describe_table, TableName=NAME)
        self.assert_denied("DeleteTable", self.narrow.delete_table, TableName=NAME)
        self.narrow.delete_table(TableName="narrow-made")

    def test_calls_are_logged_with_keys_and_decision(self):
        self.permit_keys(["GetItem", "UpdateItem"], "C#*")
        before = self.cloud.control("calls")[-1]["n"]
        self.get("C#acme")
        self.assert_denied("GetItem", self.get, "K#key")
        self.transact(
            {
                "Update": {
                    "TableName": NAME,
                    "Key": key("C#acme"),
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        )
        calls = [call for call in self.cloud.control(f"calls?since={before}") if call["principal"] == USER]
        self.assertEqual(
            [
                (call["action"], call["resource"], call["conditions"]["dynamodb:leadingkeys"], call["allowed"])
                for call in calls
            ],
            [
                ("dynamodb:GetItem", TABLE, ["C#acme"], True),
                ("dynamodb:GetItem", TABLE, ["K#key"], False),
                ("dynamodb:UpdateItem", TABLE, ["C#acme"], True),
            ],
        )

    def test_errors_have_the_namespace_of_their_shape(self):
        for body, name in (
            (
                {"TableName": NAME, "Key": key("C#acme"), "UpdateExpression": "SET"},
                "com.amazon.coral.validate#ValidationException",
            ),
            (
                {"TableName": "missing", "Key": key("C#acme")},
                "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
            ),
            (
                {
                    "TableName": NAME,
                    "Key": key("none"),
                    "UpdateExpression": "SET n = pk",
                    "ConditionExpression": "attribute_exists(pk)",
                },
                "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
            ),
        ):
            status, error = self.post("UpdateItem", body, ("test", "test"))
            self.assertEqual((status, error["__type"]), (400, name))
            self.assertTrue(error["message"])
        self.permit_keys(["GetItem"], "C#*")
        status, error = self.post("GetItem", {"TableName": NAME, "Key": key("K#key")}, self.credentials)
        self.assertEqual((status, error["__type"]), (400, "com.amazon.coral.service#AccessDeniedException"))
        status, error = self.post("GetItem", {"TableName": NAME, "Key": key("K#key")}, (self.credentials[0], "wrong"))
        self.assertEqual((status, error["__type"]), (400, "com.amazon.coral.service#InvalidSignatureException"))

    def post(self, action: str, body: dict, credentials: tuple[str, str]) -> tuple[int, dict]:
        """Send a request as a client without an SDK does; return status and body."""
        url = f"http://127.0.0.1:{self.cloud.port}/"
        data = json.dumps(body).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"DynamoDB_20120810.{action}"}
        request = AWSRequest("POST", url, data=data, headers=headers)
        SigV4Auth(Credentials(*credentials), "dynamodb", REGION).add_auth(request)
        status, content = get(url, dict(request.headers.items()), data)
        return status, json.loads(content)

    def test_faults_hit_calls_before_and_after_they_take_effect(self):
        self.put(n=0)
        transaction = [{"Update": self.request("ADD n :one", one=1)}]

        def update():
            self.update("ADD n :one", one=1)

        def transact():
            self.tables.transact_write_items(TransactItems=transaction)

        for call, action in ((update, "UpdateItem"), (transact, "TransactWriteItems")):
            for mode, added in (("error-before", 0), ("error-after", 1)):
                before = int(self.item()["n"]["N"])
                fault = {
                    "service": "dynamodb",
                    "action": action,
                    "mode": mode,
                    "times": 1,
                    "code": "InternalServerError",
                }
                self.cloud.control("faults", [fault])
                refused = self.assert_refused("Injected by the sandbox.", call, code="InternalServerError")
                self.assertEqual(refused["ResponseMetadata"]["HTTPStatusCode"], 500)
                self.assertEqual(int(self.item()["n"]["N"]) - before, added, mode)
                call()
                self.assertEqual(int(self.item()["n"]["N"]) - before, added + 1, mode)
                state = self.cloud.control("faults")
                self.assertEqual([fault["fired"] for fault in state["faults"]], [1])
                self.assertEqual([(hit["service"], hit["action"]) for hit in state["fired"]], [("dynamodb", action)])

    def test_a_fault_delays_calls_of_one_action(self):
        self.put(n=0)
        self.cloud.control(
            "faults", [{"service": "dynamodb", "action": "GetItem", "mode": "delay", "seconds": 0.4, "times": 1}]
        )
        began = time.monotonic()
        self.update("ADD n :one", one=1)
        updated = time.monotonic()
        self.assertEqual(self.item(), {"n": {"N": "1"}})
        self.assertLess(updated - began, 0.4)
        self.assertGreaterEqual(time.monotonic() - updated, 0.4)


def statement(actions: list[str], *keys: str, operator: str = "ForAllValues:StringLike") -> dict:
    """A permission for items with these partition keys."""
    return {
        "Action": [f"dynamodb:{action}" for action in actions],
        "Condition": {operator: {"dynamodb:LeadingKeys": list(keys)}},
    }


def attributes(actions: list[str], *names: str) -> dict:
    """A permission for these attributes of items."""
    return {
        "Action": [f"dynamodb:{action}" for action in actions],
        "Condition": {"ForAllValues:StringLike": {"dynamodb:Attributes": list(names)}},
    }
