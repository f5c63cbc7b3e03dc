"""IAM, and the log of calls."""

import json

from botocore.exceptions import ClientError

from .harness import REGION
from .model_server import ModelTest

ACCOUNT = "000000000000"
RING = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ring"


class AccessTest(ModelTest):
    """Calls as a user with few permissions."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloud.role("reader")
        iam = cls.cloud.client("iam")
        iam.create_user(UserName="narrow")
        key = iam.create_access_key(UserName="narrow")["AccessKey"]
        cls.credentials = key["AccessKeyId"], key["SecretAccessKey"]
        kms = cls.cloud.client("kms")
        cls.key = kms.create_key()["KeyMetadata"]["Arn"]
        for name in ("/ring/1", "/ring/2", "/other"):
            cls.cloud.client("ssm").put_parameter(Name=name, Value="v", Type="SecureString", KeyId=cls.key)

    def permit(self, *statements: tuple[str, str]):
        policy = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in statements]
        self.cloud.client("iam").put_user_policy(
            UserName="narrow",
            PolicyName="p",
            PolicyDocument=json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": policy or {"Effect": "Deny", "Action": "none:none", "Resource": "*"},
                }
            ),
        )

    def narrow(self, service: str):
        return self.cloud.client(service, *self.credentials)

    def assert_denied(self, call, **arguments):
        with self.assertRaises(ClientError) as denied:
            call(**arguments)
        self.assertIn(denied.exception.response["Error"]["Code"], ("AccessDenied", "AccessDeniedException"))

    def read(self):
        return self.narrow("ssm").get_parameters_by_path(Path="/ring", WithDecryption=True)["Parameters"]

    def test_a_path_is_read_with_permission_for_the_path(self):
        self.permit(("ssm:GetParametersByPath", RING), ("kms:Decrypt", self.key))
        self.assertEqual([parameter["Value"] for parameter in self.read()], ["v", "v"])
        self.assert_denied(self.narrow("ssm").get_parameters_by_path, Path="/", WithDecryption=True)

    def test_decrypting_requires_the_key(self):
        self.permit(("ssm:GetParametersByPath", RING))
        self.assert_denied(self.read)
        self.assertEqual(len(self.narrow("ssm").get_parameters_by_path(Path="/ring")["Parameters"]), 2)

    def test_writing_requires_the_key(self):
        arguments = {"Name": "/ring/3", "Value": "v", "Type": "SecureString", "KeyId": self.key}
        self.permit(("ssm:PutParameter", f"{RING}/*"))
        self.assert_denied(self.narrow("ssm").put_parameter, **arguments)
        self.permit(("ssm:PutParameter", f"{RING}/*"), ("kms:Encrypt", self.key))
        self.narrow("ssm").put_parameter(**arguments)
        self.cloud.client("ssm").delete_parameter(Name="/ring/3")

    def test_every_parameter_named_is_checked(self):
        self.permit(("ssm:GetParameters", f"{RING}/*"), ("kms:Decrypt", self.key))
        both = self.narrow("ssm").get_parameters(Names=["/ring/1", "/ring/2"], WithDecryption=True)["Parameters"]
        self.assertEqual(len(both), 2)
        self.assert_denied(self.narrow("ssm").get_parameters, Names=["/ring/1", "/other"], WithDecryption=True)

    def test_cloudfronts_access_denied_is_readable_to_sdks(self):
        self.permit()
        status, response = self.cloud.signed("cloudfront", "/2020-05-31/distribution", credentials=self.credentials)
        namespace = "{http://cloudfront.amazonaws.com/doc/2020-05-31/}"
        self.assertEqual((status, response.tag), (403, f"{namespace}ErrorResponse"))
        self.assertEqual(response.findtext(f"{namespace}Error/{namespace}Code"), "AccessDenied")

    def test_a_model_is_invoked_with_permission_for_the_model_or_its_profile(self):
        def converse(model: str):
            self.narrow("bedrock-runtime").converse(
                modelId=model, messages=[{"role": "user", "content": [{"text": "hello"}]}]
            )

        arns = {
            "amazon.nova-lite-v1:0": f"arn:aws:bedrock:{REGION}::foundation-model/amazon.nova-lite-v1:0",
            "eu.amazon.nova-lite-v1:0": f"arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/eu.amazon.nova-lite-v1:0",
        }
        arns[arns["eu.amazon.nova-lite-v1:0"]] = arns["eu.amazon.nova-lite-v1:0"]
        behind = ("bedrock:InvokeModel", "arn:aws:bedrock:*::foundation-model/amazon.nova-lite-v1:0")
        for model, arn in arns.items():
            more = [behind] if "inference-profile" in arn else []
            self.permit(("bedrock:InvokeModel", arn), *more)
            converse(model)
            self.permit(("bedrock:InvokeModel", f"{arn}-other"), *more)
            self.assert_denied(converse, model=model)

    def test_a_schedule_belongs_to_its_group(self):
        group = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/group/*"
        self.cloud.client("scheduler").create_schedule_group(Name="group")
        self.permit(("scheduler:GetSchedule", group))
        scheduler = self.narrow("scheduler")
        with self.assertRaises(scheduler.exceptions.ResourceNotFoundException):
            scheduler.get_schedule(Name="missing", GroupName="group")
        self.assert_denied(scheduler.get_schedule, Name="missing")

    def test_calls_are_logged_with_caller_resource_and_decision(self):
        before = self.cloud.control("calls")[-1]["n"]
        self.permit(("ssm:GetParametersByPath", RING))
        self.assert_denied(self.read)
        found = {
            (call["action"], call["resource"], call["principal"], call["allowed"])
            for call in self.cloud.control(f"calls?since={before}")
        }
        user = f"arn:aws:iam::{ACCOUNT}:user/narrow"
        self.assertIn(("ssm:GetParametersByPath", RING, user, True), found)
        self.assertIn(("kms:Decrypt", self.key, user, False), found)
        self.assertTrue(
            all(
                principal == f"arn:aws:iam::{ACCOUNT}:root"
                for action, _, principal, _ in found
                if action == "iam:PutUserPolicy"
            )
        )

    def test_a_wrong_signature_is_refused(self):
        self.permit(("ssm:DescribeParameters", "*"))
        self.narrow("ssm").describe_parameters()
        with self.assertRaises(ClientError):
            self.cloud.client("ssm", self.credentials[0], "wrong").describe_parameters()
