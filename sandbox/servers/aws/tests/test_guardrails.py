"""Guardrails of Bedrock: permissions, and the order of checks."""

from botocore.exceptions import ClientError

from .harness import REGION
from .model_server import ModelTest

MODEL = "amazon.nova-micro-v1:0"
ASK = {"Action": "bedrock:InvokeModel", "Resource": f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"}
ACCOUNT = f"arn:aws:bedrock:{REGION}:000000000000"


class GuardrailTest(ModelTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.cloud.role("asker")
        found = cls.cloud.client("sts").assume_role(
            RoleArn="arn:aws:iam::000000000000:role/asker", RoleSessionName="test"
        )["Credentials"]
        cls.models = cls.cloud.client(
            "bedrock-runtime", found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
        )

    def guardrail(self, name: str, **more) -> str:
        """The id of a guardrail."""
        made = self.cloud.client("bedrock").create_guardrail(
            name=name, blockedInputMessaging="no", blockedOutputsMessaging="no", **more
        )
        return made["guardrailId"]

    def ask(self, guardrail: str | None, content: list | None = None) -> str:
        """Return the code of the error, or the completion's reason to stop."""
        config = (
            {"guardrailConfig": {"guardrailIdentifier": guardrail, "guardrailVersion": "DRAFT"}} if guardrail else {}
        )
        try:
            response = self.models.converse(
                modelId=MODEL,
                messages=[{"role": "user", "content": [{"text": "hello"}] if content is None else content}],
                **config,
            )
        except ClientError as refused:
            return refused.response["Error"]["Code"]
        return response["stopReason"]

    def test_a_guardrail_is_applied_with_a_permission(self):
        guardrail = self.guardrail("plain")
        self.cloud.permit("asker", ASK)
        self.assertEqual(self.ask(None), "end_turn")
        self.assertEqual(self.ask(guardrail), "AccessDeniedException")
        self.cloud.permit(
            "asker", ASK, {"Action": "bedrock:ApplyGuardrail", "Resource": f"{ACCOUNT}:guardrail/{guardrail}"}
        )
        self.assertEqual(self.ask(guardrail), "end_turn")

    def test_across_regions_the_profile_is_required_in_each(self):
        guardrail = self.guardrail(
            "across", crossRegionConfig={"guardrailProfileIdentifier": f"{ACCOUNT}:guardrail-profile/us.guardrail.v1:0"}
        )
        own = f"{ACCOUNT}:guardrail/{guardrail}"
        for resources, outcome in (
            ([own], "AccessDeniedException"),
            ([own, f"{ACCOUNT}:guardrail-profile/us.guardrail.v1:0"], "AccessDeniedException"),
            ([own, "arn:aws:bedrock:*:000000000000:guardrail-profile/*"], "end_turn"),
        ):
            self.cloud.permit("asker", ASK, {"Action": "bedrock:ApplyGuardrail", "Resource": resources})
            self.assertEqual(self.ask(guardrail), outcome, resources)

    def test_a_permission_can_require_a_guardrail(self):
        guardrail, other = self.guardrail("demanded"), self.guardrail("other")
        demand = {"StringEquals": {"bedrock:GuardrailIdentifier": f"{ACCOUNT}:guardrail/{guardrail}"}}
        self.cloud.permit("asker", {**ASK, "Condition": demand}, {"Action": "bedrock:ApplyGuardrail", "Resource": "*"})
        self.assertEqual(self.ask(None), "AccessDeniedException")
        self.assertEqual(self.ask(other), "AccessDeniedException")
        self.assertEqual(self.ask(guardrail), "end_turn")

    def test_whether_content_or_permission_comes_first_is_a_control(self):
        self.cloud.permit("asker", {"Action": "s3:GetObject", "Resource": "*"})
        self.addCleanup(self.cloud.control, "account", {"bedrockValidatesFirst": False})
        for first, code in ((False, "AccessDeniedException"), (True, "ValidationException")):
            self.cloud.control("account", {"bedrockValidatesFirst": first})
            self.assertEqual(self.ask(None, []), code)
            self.assertEqual(self.ask(None), "AccessDeniedException")
