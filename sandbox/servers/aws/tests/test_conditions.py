"""Conditions of DynamoDB."""

from botocore.exceptions import ClientError

from .harness import CloudTest


class ConditionTest(CloudTest):
    def setUp(self):
        self.tables = self.cloud.client("dynamodb")
        if not self.tables.list_tables()["TableNames"]:
            self.tables.create_table(
                TableName="budgets",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        item = {"id": {"S": "a"}, "used": {"N": "5"}, "allowed": {"N": "6"}}
        self.tables.put_item(TableName="budgets", Item=item)

    def add(self, condition: str, **values: int) -> None:
        """Add one to what is used, on a condition."""
        self.tables.update_item(
            TableName="budgets",
            Key={"id": {"S": "a"}},
            UpdateExpression="SET used = used + :one",
            ConditionExpression=condition,
            ExpressionAttributeValues={
                ":one": {"N": "1"},
                **{f":{name}": {"N": str(value)} for name, value in values.items()},
            },
        )

    def test_arithmetic_is_for_updates_only(self):
        for condition, values, problem in (
            ("used + :n <= allowed", {"n": 1}, 'token: "+", near: "used + :n"'),
            ("used <= allowed - :n", {"n": 1}, 'token: "-", near: "allowed - :n"'),
            ("used * :n <= allowed", {"n": 2}, 'token: "*", near: "used * :n"'),
            ("(used + :n) <= allowed", {"n": 1}, 'token: "+", near: "used + :n"'),
        ):
            with self.assertRaises(ClientError, msg=condition) as refused:
                self.add(condition, **values)
            self.assertEqual(
                refused.exception.response["Error"],
                {"Code": "ValidationException", "Message": f"Invalid ConditionExpression: Syntax error; {problem}"},
            )

    def test_comparisons_decide(self):
        self.add("used < :limit AND (attribute_exists(allowed) OR used IN (:a, :b))", limit=6, a=1, b=2)
        with self.assertRaises(self.tables.exceptions.ConditionalCheckFailedException):
            self.add("used < :limit", limit=6)
