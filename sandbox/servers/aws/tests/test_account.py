"""Quotas and default settings of the account, sizes of payloads."""

import json

from botocore.exceptions import ClientError

from .harness import CloudTest, get

ECHO = """
def handle(event):
    return {"statusCode": 200, "body": str(len(event.get("body") or ""))}
"""
TIER = "/ssm/parameter-store/default-parameter-tier"


class AccountTest(CloudTest):
    def refused(self, call) -> dict:
        """The error of a call that AWS refuses."""
        with self.assertRaises(ClientError) as refused:
            call()
        return refused.exception.response["Error"]

    def test_a_young_account_reserves_no_concurrency(self):
        functions = self.cloud.client("lambda")
        role = self.cloud.role("reserving")
        for name in ("one", "two"):
            self.cloud.function(name, ECHO, role)

        def reserve(name: str, executions: int):
            return functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=executions)

        self.addCleanup(self.cloud.control, "account", {"concurrentExecutions": 1000})
        self.cloud.control("account", {"concurrentExecutions": 10})
        self.assertEqual(functions.get_account_settings()["AccountLimit"]["ConcurrentExecutions"], 10)
        refusal = self.refused(lambda: reserve("one", 1))
        self.assertEqual(refusal["Code"], "InvalidParameterValueException")
        self.assertIn("below its minimum value of [10]", refusal["Message"])
        reserve("one", 0)  # which ends it

        self.cloud.control("account", {"concurrentExecutions": 110})
        reserve("one", 6)
        reserve("one", 10)
        self.assertIn("below its minimum value of [100]", self.refused(lambda: reserve("two", 1))["Message"])
        functions.delete_function_concurrency(FunctionName="one")
        reserve("two", 1)

    def test_the_advanced_tier_requires_a_data_key(self):
        settings, kms = self.cloud.client("ssm"), self.cloud.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        self.cloud.role("writer")
        write = {"Action": "ssm:PutParameter", "Resource": "*"}
        encrypt = {"Action": "kms:Encrypt", "Resource": key}
        self.cloud.permit("writer", write, encrypt)
        role = "arn:aws:iam::000000000000:role/writer"
        found = self.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        writer = self.cloud.client("ssm", found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])

        def put(name: str, **tier: str):
            return writer.put_parameter(Name=name, Value="x", Type="SecureString", KeyId=key, **tier)

        put("/a")
        self.addCleanup(settings.reset_service_setting, SettingId=TIER)
        settings.update_service_setting(SettingId=TIER, SettingValue="Advanced")
        self.assertEqual(self.refused(lambda: put("/b"))["Code"], "AccessDeniedException")
        put("/c", Tier="Standard")
        self.cloud.permit("writer", write, encrypt, {"Action": "kms:GenerateDataKey", "Resource": key})
        self.assertEqual(put("/b")["Tier"], "Advanced")

    def test_a_bad_value_of_a_control_is_named(self):
        for wanted, problem in (
            ({"concurrentExecutions": 0}, "at least 1"),
            ({"bedrockValidatesFirst": 1}, "true or false"),
            ({"other": 1}, "give some of"),
        ):
            with self.assertRaisesRegex(Exception, "400", msg=problem):
                self.cloud.control("account", wanted)
        self.assertEqual(self.cloud.control("account"), {"concurrentExecutions": 1000, "bedrockValidatesFirst": False})

    def test_events_have_a_maximum_size(self):
        self.cloud.api(self.cloud.function("sized", ECHO, self.cloud.role("sized")))
        url = f"http://127.0.0.1:{self.cloud.api_port}/x"
        text = {"Content-Type": "application/json"}
        for body, status in (
            (b"a" * 6_280_000, 200),
            (b"a" * 6_300_000, 413),
            (b'"' * 3_200_000, 413),
            ("é".encode() * 1_000_000, 200),
            ("é".encode() * 1_060_000, 413),
        ):
            response = get(url, text, body)
            self.assertEqual(response[0], status, f"{len(body)} bytes of {body[:2]}")
        self.assertEqual(json.loads(response[1]), {"message": "Request Entity Too Large"})
        refusal = self.refused(
            lambda: self.cloud.client("lambda").invoke(FunctionName="sized", Payload=b'"' + b"a" * 6_291_455 + b'"')
        )
        self.assertIn("Request must be smaller than 6291456 bytes", refusal["Message"])
