"""The life of a table of DynamoDB, and its settings."""

import json
import subprocess
import sys
import tempfile
import time
import unittest

from .harness import LAUNCHER, REGION, CloudTest, wait_for
from .tables import TableTest, create, key, wait_until_active

ACCOUNT = "000000000000"


class TablesTest(CloudTest):
    """Each test has a table of its own."""

    assert_refused = TableTest.assert_refused

    def setUp(self):
        self.tables = self.cloud.client("dynamodb")
        self.name = f"clients-{self._testMethodName}"

    def describe(self) -> dict:
        return self.tables.describe_table(TableName=self.name)["Table"]

    def add(self) -> None:
        self.tables.update_item(
            TableName=self.name,
            Key=key("C#acme"),
            UpdateExpression="ADD n :n, #ttl :ttl",
            ExpressionAttributeNames={"#ttl": "ttl"},
            ExpressionAttributeValues={":n": {"N": "1"}, ":ttl": {"N": "1000000000"}},
        )

    def transact(self) -> None:
        self.tables.transact_write_items(TransactItems=[{"Put": {"TableName": self.name, "Item": key("C#acme")}}])

    def test_a_table_is_creating_then_active_then_deleting_then_gone(self):
        missing, in_use = (
            "Requested resource not found",
            "Attempt to change a resource which is still in use: Table is being",
        )
        for call in (self.add, self.transact):
            self.assert_refused(missing, call, code="ResourceNotFoundException")
        self.assertEqual(create(self.tables, self.name)["TableStatus"], "CREATING")
        self.assertEqual(self.describe()["TableStatus"], "CREATING")
        for call in (self.add, self.transact):
            self.assert_refused(missing, call, code="ResourceNotFoundException")
        for call, settings in (
            (self.tables.update_table, {"DeletionProtectionEnabled": True}),
            (self.tables.delete_table, {}),
            (
                self.tables.update_time_to_live,
                {"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True}},
            ),
        ):
            self.assert_refused(
                f"{in_use} created: {self.name}", call, code="ResourceInUseException", TableName=self.name, **settings
            )
        self.assert_refused(
            f"Table already exists: {self.name}", create, self.tables, self.name, code="ResourceInUseException"
        )
        wait_until_active(self.tables, self.name)
        self.add()
        self.transact()
        self.assertEqual(self.tables.delete_table(TableName=self.name)["TableDescription"]["TableStatus"], "DELETING")
        self.assertEqual(self.describe()["TableStatus"], "DELETING")
        self.assertIn(self.name, self.tables.list_tables()["TableNames"])
        for call in (self.add, self.transact):
            self.assert_refused(missing, call, code="ResourceNotFoundException")
        for call in (lambda: self.tables.delete_table(TableName=self.name), lambda: create(self.tables, self.name)):
            self.assert_refused(f"{in_use} deleted: {self.name}", call, code="ResourceInUseException")
        wait_for(lambda: self.name not in self.tables.list_tables()["TableNames"])
        self.assert_refused(
            f"Requested resource not found: Table: {self.name} not found",
            self.describe,
            code="ResourceNotFoundException",
        )
        # Its name is free, and nothing of it is left.
        create(self.tables, self.name)
        wait_until_active(self.tables, self.name)
        self.assertNotIn("Item", self.tables.get_item(TableName=self.name, Key=key("C#acme")))

    def test_a_protected_table_is_not_deleted(self):
        create(self.tables, self.name, DeletionProtectionEnabled=True)
        wait_until_active(self.tables, self.name)
        self.assertTrue(self.describe()["DeletionProtectionEnabled"])
        self.assert_refused(
            "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
            self.tables.delete_table,
            TableName=self.name,
        )
        self.assertEqual(self.describe()["TableStatus"], "ACTIVE")
        self.tables.update_table(TableName=self.name, DeletionProtectionEnabled=False)
        self.tables.delete_table(TableName=self.name)

    def test_the_description_has_what_is_read_of_a_table_on_demand(self):
        create(self.tables, self.name, Tags=[{"Key": "stack", "Value": "dev"}])
        wait_until_active(self.tables, self.name)
        found, arn = self.describe(), f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self.name}"
        self.assertEqual(found["TableArn"], arn)
        self.assertEqual(found["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
        self.assertIn("LastUpdateToPayPerRequestDateTime", found["BillingModeSummary"])
        self.assertEqual(
            found["ProvisionedThroughput"],
            {"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        )
        self.assertEqual(
            found["WarmThroughput"], {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000, "Status": "ACTIVE"}
        )
        self.assertFalse(found["DeletionProtectionEnabled"])
        self.assertNotIn("SSEDescription", found)  # encrypted with DynamoDB's own key
        self.assertEqual(self.tables.list_tags_of_resource(ResourceArn=arn)["Tags"], [{"Key": "stack", "Value": "dev"}])

    def test_point_in_time_recovery(self):
        def enable(**settings) -> dict:
            return recovery(
                self.tables.update_continuous_backups(
                    TableName=self.name,
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True, **settings},
                )
            )

        def described() -> dict:
            return recovery(self.tables.describe_continuous_backups(TableName=self.name))

        for call in (enable, described):
            self.assert_refused(f"Table not found: {self.name}", call, code="TableNotFoundException")
        create(self.tables, self.name)
        self.assert_refused(
            f"Backups are being enabled for the table: {self.name}. Please retry later",
            enable,
            code="ContinuousBackupsUnavailableException",
        )
        wait_until_active(self.tables, self.name)
        self.assertEqual(described(), {"PointInTimeRecoveryStatus": "DISABLED"})
        self.assertEqual(enable()["PointInTimeRecoveryStatus"], "ENABLED")
        found = described()
        self.assertEqual((found["PointInTimeRecoveryStatus"], found["RecoveryPeriodInDays"]), ("ENABLED", 35))
        self.assertLess(abs(found["EarliestRestorableDateTime"].timestamp() - time.time()), 60)
        enable(RecoveryPeriodInDays=7)
        self.assertEqual(described()["RecoveryPeriodInDays"], 7)
        self.assert_refused("RecoveryPeriodInDays is 36; it must be between 1 and 35", enable, RecoveryPeriodInDays=36)

    def test_time_to_live(self):
        def change(enabled: bool, attribute: str = "ttl") -> None:
            self.tables.update_time_to_live(
                TableName=self.name, TimeToLiveSpecification={"AttributeName": attribute, "Enabled": enabled}
            )

        def described() -> dict:
            return self.tables.describe_time_to_live(TableName=self.name)["TimeToLiveDescription"]

        create(self.tables, self.name)
        wait_until_active(self.tables, self.name)
        self.assertEqual(described(), {"TimeToLiveStatus": "DISABLED"})
        self.assert_refused("TimeToLive is already disabled", change, False)
        self.add()
        change(True)
        self.assertEqual(described(), {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLING"})
        wait_for(lambda: described() == {"AttributeName": "ttl", "TimeToLiveStatus": "ENABLED"})
        self.assert_refused("TimeToLive is already enabled", change, True)
        self.assert_refused(
            "TimeToLive is active on a different AttributeName: current AttributeName is ttl", change, True, "other"
        )
        self.assert_refused("Time to live has been modified multiple times within a fixed interval", change, False)


# Lets ministack delete expired items once, without the extension and with it, and prints how many are left.
EXPIRY = """
import sys, time, types
from gatehouse_cloud import environment
environment.enter(4566, sys.argv[1])
from gatehouse_cloud.fidelity.dynamodb import time_to_live
from ministack.services import dynamodb

class Over(BaseException):
    pass

def left(name):
    key = {"AttributeName": "pk", "KeyType": "HASH"}
    kind = {"AttributeName": "pk", "AttributeType": "S"}
    dynamodb._create_table(
        {"TableName": name, "KeySchema": [key], "AttributeDefinitions": [kind], "BillingMode": "PAY_PER_REQUEST"})
    item = {"pk": {"S": "expired"}, "ttl": {"N": str(int(time.time()) - 3600)}}
    dynamodb._put_item({"TableName": name, "Item": item})
    setting = {"AttributeName": "ttl", "Enabled": True}
    assert dynamodb._update_ttl({"TableName": name, "TimeToLiveSpecification": setting})[0] == 200
    slept = []
    def sleep(seconds):
        slept.append(seconds)
        if len(slept) > 1:
            raise Over
    dynamodb.time = types.SimpleNamespace(time=time.time, sleep=sleep)
    try:
        dynamodb._ttl_reaper()
    except Over:
        pass
    return len(dynamodb._tables[name]["items"])

before = left("before")
time_to_live.install()
print([before, left("after")])
"""


class ExpiryTest(unittest.TestCase):
    def test_an_expired_item_stays(self):
        with tempfile.TemporaryDirectory() as scratch:
            ended = subprocess.run(
                [sys.executable, "-c", EXPIRY, scratch], cwd=LAUNCHER.parent, capture_output=True, text=True
            )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(json.loads(ended.stdout.splitlines()[-1]), [0, 1])


def recovery(response: dict) -> dict:
    """Return the description of recovery in a response."""
    return response["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
