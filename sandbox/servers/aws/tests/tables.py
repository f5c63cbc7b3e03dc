"""A table for tests of DynamoDB."""

from typing import Any

from botocore.exceptions import ClientError

from .harness import CloudTest, wait_for

NAME = "budgets"


def create(tables, name: str = NAME, **settings) -> dict:
    """Create a table with pk and sk, with capacity on demand; return its description."""
    return tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
        **settings,
    )["TableDescription"]


def wait_until_active(tables, name: str = NAME) -> None:
    """Wait until a table is ACTIVE."""
    wait_for(lambda: tables.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


def key(pk: str, sk: str = "C") -> dict:
    """The key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def attribute(value) -> dict:
    """A value as DynamoDB has it; a dict of one type in capitals is one already."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, set):
        return {"SS": sorted(value)}
    if isinstance(value, list):
        return {"L": [attribute(each) for each in value]}
    if set(value) <= {"N", "NS", "B"} and value:
        return value
    return {"M": {name: attribute(each) for name, each in value.items()}}


class TableTest(CloudTest):
    """Tests with one table, in which each has an item of its own: C#NAME, where NAME is the test's."""

    tables: Any

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tables = cls.cloud.client("dynamodb")
        create(cls.tables)
        wait_until_active(cls.tables)

    def setUp(self):
        self.key = key(f"C#{self._testMethodName}")

    def put(self, **attributes) -> None:
        """Replace the test's item."""
        self.tables.put_item(
            TableName=NAME, Item={**self.key, **{name: attribute(value) for name, value in attributes.items()}}
        )

    def item(self) -> dict:
        """The test's item without its key."""
        found = self.tables.get_item(TableName=NAME, Key=self.key, ConsistentRead=True).get("Item", {})
        return {name: value for name, value in found.items() if name not in self.key}

    def request(self, update: str, condition: str = "", names: dict | None = None, **values) -> dict:
        """An update of the test's item, with values by their names without a colon, or with v before a digit."""
        request: dict = {"TableName": NAME, "Key": self.key, "UpdateExpression": update}
        if condition:
            request["ConditionExpression"] = condition
        if names:
            request["ExpressionAttributeNames"] = names
        if values:
            request["ExpressionAttributeValues"] = {
                f":{name.removeprefix('v') or name}": attribute(value) for name, value in values.items()
            }
        return request

    def update(self, update: str, condition: str = "", names: dict | None = None, **values) -> dict:
        """Update the test's item; return all of it, without its key."""
        found = self.tables.update_item(**self.request(update, condition, names, **values), ReturnValues="ALL_NEW")
        return {name: value for name, value in found["Attributes"].items() if name not in self.key}

    def assert_refused(self, problem: str, call, *arguments, code: str = "ValidationException", **keywords) -> dict:
        """Check the error of a call; return the whole response."""
        with self.assertRaises(ClientError, msg=f"{arguments} {keywords}") as refused:
            call(*arguments, **keywords)
        self.assertEqual(
            refused.exception.response["Error"], {"Code": code, "Message": problem}, f"{arguments} {keywords}"
        )
        return refused.exception.response
