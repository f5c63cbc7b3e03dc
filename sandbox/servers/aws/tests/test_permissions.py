"""Permissions of functions that are added twice."""

from botocore.exceptions import ClientError

from .harness import CloudTest

ANSWERS = "def handle(event): return {}"


class PermissionTest(CloudTest):
    def test_an_equal_second_permission_is_accepted_and_another_refused(self):
        self.cloud.function("permitted", ANSWERS, self.cloud.role("permitted"))
        functions = self.cloud.client("lambda")
        permission = {
            "FunctionName": "permitted",
            "StatementId": "api",
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": "arn:aws:execute-api:us-east-1:000000000000:abc/*",
        }
        first = functions.add_permission(**permission)["Statement"]
        self.assertEqual(functions.add_permission(**permission)["Statement"], first)
        with self.assertRaises(ClientError) as refused:
            functions.add_permission(**{**permission, "Principal": "events.amazonaws.com"})
        self.assertEqual(refused.exception.response["Error"]["Code"], "ResourceConflictException")
        self.assertEqual(functions.get_policy(FunctionName="permitted")["Policy"].count('"Sid"'), 1)
