"""Inference profiles of Bedrock: the system's and an application's, and the permissions for what they lead to."""

from botocore.exceptions import ClientError

from .harness import REGION
from .model_server import ModelTest
from .test_authorization import AuthorizationTest

ACCOUNT = f"arn:aws:bedrock:{REGION}:000000000000"
MODEL = "amazon.nova-lite-v1:0"
FOUNDATION = f"arn:aws:bedrock:{REGION}::foundation-model/{MODEL}"
SYSTEMS = f"{ACCOUNT}:inference-profile/us.{MODEL}"
HELLO = [{"role": "user", "content": [{"text": "hello"}]}]
INVOKE, STREAM = "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"


class ProfileTest(AuthorizationTest, ModelTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bedrock = cls.cloud.client("bedrock")

    def create(self, source: str, **more) -> str:
        """Create an application profile, and return its ARN."""
        made = self.bedrock.create_inference_profile(
            inferenceProfileName="costs", modelSource={"copyFrom": source}, **more
        )
        self.addCleanup(self.delete, made["inferenceProfileArn"])
        return made["inferenceProfileArn"]

    def delete(self, arn: str) -> None:
        try:
            self.bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
        except ClientError as gone:
            self.assertEqual(gone.response["Error"]["Code"], "ResourceNotFoundException")

    def models(self, profile: str) -> list[str]:
        found = self.bedrock.get_inference_profile(inferenceProfileIdentifier=profile)
        return [model["modelArn"] for model in found["models"]]

    def test_the_systems_profiles_have_a_model_in_each_region(self):
        claude = "anthropic.claude-sonnet-4-5-20250929-v1:0"
        regions = ("us-east-1", "us-east-2", "us-west-2")
        wanted = [f"arn:aws:bedrock:{region}::foundation-model/{claude}" for region in regions]
        self.assertEqual(self.models(f"us.{claude}"), wanted)
        self.assertEqual(self.models(f"{ACCOUNT}:inference-profile/us.{claude}"), wanted)
        self.assertEqual(
            self.models(f"global.{claude}"),
            [f"arn:aws:bedrock:::foundation-model/{claude}", f"arn:aws:bedrock:{REGION}::foundation-model/{claude}"],
        )

    def test_an_application_profile_has_the_models_of_its_source(self):
        self.assertEqual(self.models(self.create(FOUNDATION)), [FOUNDATION])
        arn = self.create(SYSTEMS, description="Costs of a team", tags=[{"key": "team", "value": "blue"}])
        self.assertRegex(arn, f"^{ACCOUNT}:application-inference-profile/[a-z0-9]{{12}}$")
        self.assertEqual(self.models(arn), self.models(f"us.{MODEL}"))
        self.assertEqual(self.models(arn.rpartition("/")[2]), self.models(arn))
        found = self.bedrock.get_inference_profile(inferenceProfileIdentifier=arn)
        self.assertEqual((found["type"], found["status"]), ("APPLICATION", "ACTIVE"))
        self.assertEqual(found["description"], "Costs of a team")
        self.assertEqual(
            self.bedrock.list_tags_for_resource(resourceARN=arn)["tags"], [{"key": "team", "value": "blue"}]
        )

    def test_profiles_are_listed_by_type(self):
        arn = self.create(FOUNDATION)
        listed = self.bedrock.list_inference_profiles(typeEquals="APPLICATION")["inferenceProfileSummaries"]
        self.assertEqual([profile["inferenceProfileArn"] for profile in listed], [arn])
        systems = self.bedrock.list_inference_profiles(typeEquals="SYSTEM_DEFINED")["inferenceProfileSummaries"]
        self.assertIn(SYSTEMS, [profile["inferenceProfileArn"] for profile in systems])
        self.assertNotIn(arn, [profile["inferenceProfileArn"] for profile in systems])

    def test_a_deleted_profile_is_gone(self):
        arn = self.create(FOUNDATION)
        self.bedrock.delete_inference_profile(inferenceProfileIdentifier=arn)
        for call in (self.bedrock.get_inference_profile, self.bedrock.delete_inference_profile):
            self.assertIn("ResourceNotFoundException", self.refused(call, inferenceProfileIdentifier=arn))
        ask = {"modelId": arn, "messages": HELLO}
        self.assertIn("model identifier is invalid", self.refused(self.cloud.client("bedrock-runtime").converse, **ask))

    def test_refusals(self):
        create = self.bedrock.create_inference_profile
        for name, source, part in (
            ("costs", f"{FOUNDATION}-absent", "ResourceNotFoundException"),
            ("costs", f"{SYSTEMS}-absent", "ResourceNotFoundException"),
            ("costs", FOUNDATION.replace(REGION, "eu-west-1"), "ResourceNotFoundException"),
            ("costs", self.create(FOUNDATION), "regular expression pattern"),
            ("costs!", FOUNDATION, "regular expression pattern"),
        ):
            found = self.refused(create, inferenceProfileName=name, modelSource={"copyFrom": source})
            self.assertIn(part, found, source)
        delete = self.bedrock.delete_inference_profile
        self.assertIn("ValidationException", self.refused(delete, inferenceProfileIdentifier=f"us.{MODEL}"))

    def test_the_models_of_a_profile_require_permission_too(self):
        runtime = self.as_user("bedrock-runtime")
        for profile, identifier in (
            (SYSTEMS, f"us.{MODEL}"),
            (SYSTEMS, SYSTEMS),
            *((arn, arn) for arn in (self.create(FOUNDATION), self.create(SYSTEMS))),
        ):
            ask, models = {"modelId": identifier, "messages": HELLO}, self.models(profile)
            through = {"StringEquals": {"bedrock:InferenceProfileArn": profile}}
            for call, action in ((runtime.converse, INVOKE), (runtime.converse_stream, STREAM)):
                with self.subTest(profile=profile, action=action):
                    self.permit((action, profile))
                    self.assertIn(models[0], self.refused(call, **ask))
                    self.permit((action, models, through))
                    self.assertIn("AccessDeniedException", self.refused(call, **ask))
                    self.permit((action, profile), (action, f"{models[0]}-other", through))
                    self.assertIn(models[0], self.refused(call, **ask))
                    self.permit(
                        (action, profile), (action, models, {"StringEquals": {"bedrock:InferenceProfileArn": "x"}})
                    )
                    self.assertIn(models[0], self.refused(call, **ask))
                    self.permit((action, profile), (action, models, through))
                    list(call(**ask).get("stream", []))

    def test_each_operation_has_its_permission(self):
        runtime, ask = self.as_user("bedrock-runtime"), {"modelId": MODEL, "messages": HELLO}
        self.permit((INVOKE, FOUNDATION))
        runtime.converse(**ask)
        self.assertIn("AccessDenied", self.refused(runtime.converse_stream, **ask))
        self.permit((STREAM, FOUNDATION))
        list(runtime.converse_stream(**ask)["stream"])
        self.assertIn("AccessDenied", self.refused(runtime.converse, **ask))

    def test_profiles_are_managed_with_permission_for_them(self):
        client, create = self.as_user("bedrock"), "bedrock:CreateInferenceProfile"
        new = (create, f"{ACCOUNT}:application-inference-profile/*")
        ask = {"inferenceProfileName": "costs", "modelSource": {"copyFrom": SYSTEMS}}
        made = self.assert_needs(new, (create, SYSTEMS), client.create_inference_profile, **ask)
        arn = made["inferenceProfileArn"]
        for identifier in (arn, arn.rpartition("/")[2]):
            self.permit(("bedrock:GetInferenceProfile", arn))
            client.get_inference_profile(inferenceProfileIdentifier=identifier)
            self.permit(("bedrock:GetInferenceProfile", f"{arn}-other"))
            self.assertIn(
                "AccessDenied", self.refused(client.get_inference_profile, inferenceProfileIdentifier=identifier)
            )
        self.permit(("bedrock:DeleteInferenceProfile", arn))
        client.delete_inference_profile(inferenceProfileIdentifier=arn)
