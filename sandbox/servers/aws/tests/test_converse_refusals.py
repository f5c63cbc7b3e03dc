"""What Converse refuses, one row each: the change of a request, and a part of AWS's message."""

import base64
import json
import struct
import zlib
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from gatehouse_cloud.fidelity.bedrock import media

from .harness import REGION, SESSION, get
from .model_server import ModelTest
from .test_converse import (
    CLAUDE,
    GPT,
    LLAMA,
    NOVA,
    NOVA_2,
    OPUS,
    PDF,
    PNG,
    THINKING,
    WEATHER,
    assistant,
    result,
    use,
    user,
)

CLAUDE_3, CLAUDE_3_7 = "anthropic.claude-3-haiku-20240307-v1:0", "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
OPUS_4_6 = "us.anthropic.claude-opus-4-6-v1"
MICRO, TITAN, MISTRAL = "amazon.nova-micro-v1:0", "amazon.titan-text-lite-v1", "mistral.mistral-7b-instruct-v0:2"
DEEPSEEK = "us.deepseek.r1-v1:0"
TOOLS = {"toolConfig": {"tools": [WEATHER]}}
POINT = {"cachePoint": {"type": "default"}}
HELLO = {"text": "Hello"}


def messages(*turns: dict) -> dict:
    return {"messages": list(turns)}


def config(**more) -> dict:
    return {"inferenceConfig": more}


def fields(**more) -> dict:
    return {"additionalModelRequestFields": more}


def tool(name: str = "weather", schema: Any = None, **more) -> dict:
    """The tools of a request: one with this name and schema."""
    schema = {"type": "object", "properties": {}} if schema is None else schema
    return {"toolConfig": {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": schema}, **more}}]}}


def choice(**more) -> dict:
    return {"toolConfig": {"tools": [WEATHER], "toolChoice": more}}


def output(schema: Any) -> dict:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return {"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text}}}}}


def image(data: bytes, kind: str = "png") -> dict:
    return {"image": {"format": kind, "source": {"bytes": data}}}


def document(name: str = "Report", data: bytes = PDF) -> dict:
    return {"document": {"name": name, "format": "pdf", "source": {"bytes": data}}}


def thought(text: str, **more) -> dict:
    return {"reasoningContent": {"reasoningText": {"text": text, **more}}}


def png(width: int, height: int = 1) -> bytes:
    """The head of an image with these dimensions."""
    head = struct.pack(">II", width, height) + b"\x08\x06\x00\x00\x00"
    return PNG[:8] + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))


class RefusalTest(ModelTest):
    """Sends requests that the SDK itself would refuse, too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bedrock = SESSION.create_client(
            "bedrock-runtime",
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{cls.cloud.port}",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
        )
        cls.addClassCleanup(cls.bedrock.close)

    def refusal(self, model: str, change: dict, streamed: bool = False) -> str:
        """Return code and message of the refusal of a request; an empty string if it is accepted."""
        call = self.bedrock.converse_stream if streamed else self.bedrock.converse
        try:
            response = call(modelId=model, **{"messages": [user()], **change})
        except ClientError as refused:
            return f"{refused.response['Error']['Code']}: {refused.response['Error']['Message']}"
        if streamed:
            response["stream"].close()
        return ""

    def assert_refused(self, *rows: tuple[str, dict, str]):
        """Check that each request is refused, streamed or not, before the server is asked."""
        for model, change, part in rows:
            for streamed in (False, True):
                with self.subTest(model=model, part=part, streamed=streamed):
                    self.assertIn(part, self.refusal(model, change, streamed))
        self.assertEqual(self.server.requests, [])

    def assert_accepted(self, *rows: tuple[str, dict]):
        for model, change in rows:
            with self.subTest(model=model, change=change):
                self.assertEqual(self.refusal(model, change), "")


class ShapeTest(RefusalTest):
    def test_constraints_of_the_operation(self):
        self.assert_refused(
            (NOVA, messages({"role": "robot", "content": [HELLO]}), "Value 'robot' at 'messages.1.member.role' failed"),
            (NOVA, messages({"role": "user"}), "Value null at 'messages.1.member.content'"),
            (NOVA, messages(user({"text": "x", **POINT})), "Exactly one member of a union must be set"),
            (
                NOVA,
                messages(user({"image": {"format": "bmp", "source": {"bytes": PNG}}})),
                "enum value set: [png, jpeg",
            ),
            (NOVA, messages(user({"text": 1})), "SerializationException: NUMBER_VALUE cannot be converted to String"),
            (NOVA, {"system": [{"text": ""}]}, "Member must have length greater than or equal to 1"),
            (NOVA, config(maxTokens=0), "Value '0' at 'inferenceConfig.maxTokens' failed"),
            (NOVA, config(maxTokens=1.5), "SerializationException"),
            (
                NOVA,
                config(temperature=1.1),
                "'inferenceConfig.temperature' failed to satisfy constraint: Member must have",
            ),
            (NOVA, config(temperature=-0.1), "value greater than or equal to 0"),
            (NOVA, config(topP=2), "value less than or equal to 1"),
            (NOVA, config(stopSequences=[""]), "'inferenceConfig.stopSequences.1.member'"),
            (NOVA, config(stopSequences=["x"] * 2501), "length less than or equal to 2500"),
            (NOVA, config(temperature=2, topP=2), "2 validation errors detected: "),
            (NOVA, tool("get weather"), "regular expression pattern: [a-zA-Z0-9_-]+"),
            (NOVA, tool("x" * 65), "length less than or equal to 64"),
            (NOVA, tool(description=""), "toolSpec.description"),
            (NOVA, {"toolConfig": {"tools": []}}, "'toolConfig.tools' failed to satisfy constraint"),
            (NOVA, {**TOOLS, **messages(user(), assistant(use("a b")), user(result("a b")))}, "toolUse.toolUseId'"),
            (NOVA, {"guardrailConfig": {"guardrailIdentifier": "A B"}}, "guardrailConfig.guardrailIdentifier"),
        )

    def test_members_that_the_operation_lacks(self):
        # The SDK leaves them out.
        status, body = self.post({"messages": [{"role": "user", "content": [{"text": "x"}], "name": "me"}], "top_k": 3})
        self.assertEqual(status, 400)
        self.assertIn("Unknown member 'messages.1.member.name'", body["message"])
        self.assertIn("Unknown member 'top_k'", body["message"])

    def test_bodies_that_are_none(self):
        for content in (b"{", b"[]", b'{"messages": [], "system": "Be brief."}'):
            status, body = self.post(content)
            self.assertEqual((status, body["__type"]), (400, "SerializationException"), content)
        encoded = {"format": "png", "source": {"bytes": "not base64"}}
        status, body = self.post({"messages": [{"role": "user", "content": [{"image": encoded}]}]})
        self.assertEqual((status, body["__type"]), (400, "SerializationException"))

    def post(self, content: bytes | dict) -> tuple[int, dict]:
        """Return status and body of a response to a request that no SDK sends."""
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        url = f"http://127.0.0.1:{self.cloud.port}/model/{NOVA}/converse"
        request = AWSRequest("POST", url, data=data, headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials("test", "test"), "bedrock", REGION).add_auth(request)
        status, body = get(url, dict(request.headers.items()), data)
        return status, json.loads(body)


class ModelsTest(RefusalTest):
    def test_models(self):
        self.assert_refused(
            ("amazon.absent-v1:0", {}, "The provided model identifier is invalid."),
            (CLAUDE.removeprefix("us."), {}, "with on-demand throughput isn’t supported"),
            (
                f"arn:aws:bedrock:{REGION}::foundation-model/{CLAUDE.removeprefix('us.')}",
                {},
                "with on-demand throughput",
            ),
            ("arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0", {}, "identifier is invalid"),
            ("arn:aws:bedrock:us-east-1:000000000000:prompt/ABCDEFGHIJ", {}, "identifier is invalid"),
        )
        self.assert_accepted(
            (NOVA, {}),
            (f"us.{NOVA}", {}),
            (f"arn:aws:bedrock:{REGION}::foundation-model/{NOVA}", {}),
            (f"global.{CLAUDE.removeprefix('us.')}", {}),
            ("us.anthropic.claude-newer-9-20300101-v1:0", {}),
        )


class TurnTest(RefusalTest):
    def test_roles(self):
        self.assert_refused(
            (NOVA, messages(), "A conversation must have at least one message."),
            (NOVA, messages(assistant(HELLO)), "A conversation must start with a user message."),
            (NOVA, messages(user(), user()), "A conversation must alternate between user and assistant roles."),
            (NOVA, messages(user(), assistant(HELLO), assistant(HELLO)), "must alternate between user and assistant"),
            (NOVA, messages(user(), {"role": "system", "content": [HELLO]}), "the system role"),
        )

    def test_the_last_turn(self):
        prefill = messages(user(), assistant(HELLO))
        self.assert_refused(
            (OPUS, prefill, "This model does not support assistant message prefill."),
            (OPUS_4_6, prefill, "The conversation must end with a user message."),
            (LLAMA, prefill, "A conversation must end with a user message."),
            (CLAUDE, messages(user(), assistant({"text": "So "})), "cannot end with trailing whitespace"),
        )
        self.assert_accepted((CLAUDE, prefill), (CLAUDE_3, prefill), (NOVA, prefill))

    def test_content(self):
        self.assert_refused(
            (
                NOVA,
                messages({"role": "user", "content": []}),
                "The content field in the Message object at messages.0 is empty.",
            ),
            (
                NOVA,
                messages(user({"text": ""})),
                "The text field in the ContentBlock object at messages.0.content.0 is blank.",
            ),
            (NOVA, messages(user(HELLO, {"text": " \n"})), "object at messages.0.content.1 is blank. Add text"),
            (NOVA, messages(user(), assistant(image(PNG))), "can only be in a message of the role user"),
            (NOVA, {**TOOLS, **messages(user(use()))}, "can only be in a message of the role assistant"),
            (NOVA, {"system": [{"text": " "}]}, "object at system.0 is blank"),
            (NOVA, {"system": []}, "Malformed input request: #/system"),
            (NOVA, messages(user({"video": {"format": "mp4", "source": {"bytes": b"x"}}})), "video field"),
        )
        self.assert_accepted((CLAUDE, {"system": []}))

    def test_system_messages(self):
        system = {"system": [HELLO]}
        self.assert_refused(
            (TITAN, system, "This model doesn't support system messages."),
            (MISTRAL, system, "or use a model that supports system messages."),
        )
        self.assert_accepted((LLAMA, system), (CLAUDE, system))


class ToolTest(RefusalTest):
    def test_results(self):
        called = (user(), assistant(use("t1"), use("t2", "Rome")))
        self.assert_refused(
            (
                CLAUDE,
                messages(*called, user(result("t1"), result("t2"))),
                "The toolConfig field must be defined when using",
            ),
            *(
                (CLAUDE, {**TOOLS, **messages(*turns)}, part)
                for turns, part in (
                    (called, "Expected toolResult blocks at messages.2.content for the following Ids: t1, t2"),
                    (
                        (*called, user()),
                        "Expected toolResult blocks at messages.2.content for the following Ids: t1, t2",
                    ),
                    (
                        (*called, user(result("t1"))),
                        "Expected toolResult blocks at messages.2.content for the following Ids: t2",
                    ),
                    ((*called, user(result("t1"), result("t3"))), "for the following Ids: t2"),
                    (
                        (*called, user(*map(result, ("t1", "t2", "t3")))),
                        "exceeds the number of toolUse blocks of previous turn",
                    ),
                    ((user(result("t1")),), "The number of toolResult blocks at messages.0.content exceeds"),
                    (
                        (*called, user(result("t1"), result("t1"))),
                        "The toolResult blocks at messages.2.content contain duplicate",
                    ),
                    (
                        (user(), assistant(use(), use()), user(result())),
                        "The toolUse blocks at messages.1.content contain duplicate",
                    ),
                    (
                        (user(), assistant(use("t.1")), user(result("t.1"))),
                        "String should match pattern '^[a-zA-Z0-9_-]+$'",
                    ),
                    (
                        (user(), assistant(use()), user(result("t1", {"json": [1]}))),
                        "Provide a json object for the field",
                    ),
                    (
                        (user(), assistant(use()), user(result("t1", {"text": ""}))),
                        "text content blocks must be non-empty",
                    ),
                    (
                        (user(), assistant({"toolUse": {**use()["toolUse"], "input": [1]}}), user(result())),
                        "toolUse.input is invalid",
                    ),
                )
            ),
        )
        none = {"toolResult": {"toolUseId": "t1", "content": [], "status": "error"}}
        said = messages(user(), assistant(use()), user(result(), HELLO))
        self.assert_refused(
            (
                NOVA,
                {**TOOLS, **messages(user(), assistant(use()), user(none))},
                "cannot be empty when status value is error",
            ),
        )
        self.assertIn(
            "Conversation blocks and tool result blocks cannot be provided", self.refusal(LLAMA, {**TOOLS, **said})
        )
        failed = messages(user(), assistant(use()), user(result("t1", status="error")))
        self.assertIn("doesn't support the status field", self.refusal(LLAMA, {**TOOLS, **failed}))
        self.assert_accepted(
            (CLAUDE, {**TOOLS, **said}),
            (NOVA, {**TOOLS, **failed}),
            (LLAMA, {**TOOLS, **messages(user(), assistant(use()), user(result()))}),
        )

    def test_tools(self):
        self.assert_refused(
            (DEEPSEEK, TOOLS, "This model doesn't support tool use."),
            (TITAN, TOOLS, "This model doesn't support tool use."),
            (CLAUDE, {"toolConfig": {"tools": [WEATHER, WEATHER]}}, "Tool names must be unique."),
            (NOVA, choice(tool={"name": "other"}), "Tool 'other' not found in provided tools"),
            (GPT, choice(any={}), "This model doesn't support the toolConfig.toolChoice.any field."),
            (GPT, choice(tool={"name": "weather"}), "Remove toolConfig.toolChoice.tool and try again."),
            ("mistral.mistral-large-2407-v1:0", choice(tool={"name": "weather"}), "toolConfig.toolChoice.tool"),
        )
        self.assertIn("toolChoice.auto", self.refusal(LLAMA, choice(auto={})))
        self.assertIn("doesn't support tool use in streaming mode", self.refusal(LLAMA, TOOLS, streamed=True))
        self.assert_accepted((LLAMA, TOOLS), (NOVA, choice(any={})), (CLAUDE, choice(tool={"name": "weather"})))

    def test_one_tool_at_a_time(self):
        one = {"disable_parallel_tool_use": True}
        self.assert_refused(
            (CLAUDE_3_7, {**TOOLS, **fields(tool_choice={"type": "auto", **one})}, "tool_choice: Extra inputs are not"),
            (CLAUDE, fields(tool_choice={"type": "auto", **one}), "may only be specified while providing tools"),
            (CLAUDE, {**TOOLS, **fields(tool_choice=one)}, "tool_choice.type: Field required"),
            (CLAUDE, {**TOOLS, **fields(tool_choice="auto")}, "tool_choice: Input should be a valid dictionary"),
            (CLAUDE, {**TOOLS, **fields(tool_choice={"type": "auto", "name": "x"})}, "tool_choice.name: Extra inputs"),
            (
                CLAUDE,
                {**choice(tool={"name": "weather"}), **fields(tool_choice={"type": "auto", **one})},
                "The additional field tool_choice/type conflicts with the existing field toolConfig.toolChoice.tool.",
            ),
            (
                CLAUDE,
                {**TOOLS, **fields(**THINKING, tool_choice={"type": "any"})},
                "Thinking may not be enabled when tool_choice forces tool use.",
            ),
        )
        self.assert_accepted(
            (CLAUDE, {**TOOLS, **fields(tool_choice={"type": "auto", **one})}),
            (CLAUDE, {**choice(tool={"name": "weather"}), **fields(tool_choice=one)}),
        )

    def test_schemas(self):
        nested = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}
        closed = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
        self.assert_refused(
            (NOVA, tool(schema=[]), "toolSpec.inputSchema.json is invalid. Provide a json object"),
            (CLAUDE, tool(schema={}), "inputSchema.json.type must be one of the following: object."),
            (CLAUDE, tool(schema={"type": "string"}), "must be one of the following: object."),
            (NOVA, tool(schema=nested), "extraneous key [$defs] is not permitted"),
            (NOVA, tool(schema={"type": "object", "title": "x"}), "extraneous key [title] is not permitted"),
            (CLAUDE, tool(schema={"type": "object", "anyOf": [closed]}), "does not support oneOf, allOf, or anyOf"),
            (CLAUDE, tool(schema={"type": "object", "properties": {"a b": {}}}), "Property keys should match pattern"),
            (CLAUDE_3, tool(strict=True), "strict field"),
            (
                CLAUDE,
                tool(schema={"type": "object"}, strict=True),
                "'additionalProperties' must be explicitly set to false",
            ),
        )
        self.assert_accepted(
            (CLAUDE, tool(schema=nested)),
            (CLAUDE, tool(schema=closed, strict=True)),
            (NOVA, tool(schema=closed)),
            (NOVA_2, tool(schema=nested)),
        )

    def test_structured_output(self):
        open_object = {
            "type": "object",
            "properties": {"a": {"type": "object", "properties": {}}},
            "additionalProperties": False,
        }
        number = {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        }
        self.assert_refused(
            (CLAUDE_3_7, output({}), "output_config.format: Extra inputs are not permitted"),
            (OPUS, output({}), "output_config.format: Extra inputs are not permitted"),
            (NOVA, output({}), "This model doesn't support the outputConfig.textFormat field."),
            (CLAUDE, output("{"), "is not valid JSON"),
            (CLAUDE, output("[]"), "Input should be a valid dictionary"),
            (CLAUDE, output(open_object), "For 'object' type, 'additionalProperties' must be explicitly set to false"),
            (CLAUDE, output(number), "For 'integer' type, properties minimum are not supported"),
            (CLAUDE, {"outputConfig": {"effort": "low"}}, "outputConfig.effort"),
        )
        self.assert_accepted((CLAUDE, output({"type": "object", "additionalProperties": False})))


class MediaTest(RefusalTest):
    def test_images(self):
        self.assert_refused(
            (MICRO, messages(user(HELLO, image(PNG))), "This model doesn't support the image field."),
            (LLAMA, messages(user(HELLO, image(PNG))), "This model doesn't support the image field."),
            (CLAUDE, messages(user(image(PNG, "jpeg"))), "the image appears to be a image/png image"),
            (CLAUDE, messages(user(image(b"plain text"))), "Could not process image"),
            (CLAUDE, messages(user(image(PNG[:12]))), "Could not process image"),
            (CLAUDE, messages(user(image(png(8001)))), "exceed max allowed size: 8000 pixels"),
            (CLAUDE, messages(user(image(PNG + bytes(3_932_160)))), "larger than 3.75 MB"),
            (CLAUDE, messages(user(*[image(PNG)] * 21)), "The maximum number of images is 20."),
            (
                CLAUDE,
                {**TOOLS, **messages(user(), assistant(use()), user(result("t1", image(b"no"))))},
                "Could not process",
            ),
        )
        self.assert_accepted((CLAUDE, messages(user(*[image(PNG)] * 20))), (NOVA, messages(user(image(png(8000))))))

    def test_documents(self):
        self.assert_refused(
            (MICRO, messages(user(HELLO, document())), "This model doesn't support the document field."),
            (NOVA, messages(user(document())), "A text block must be included when using documents."),
            (
                NOVA,
                messages(user(HELLO, document("report.pdf"))),
                "The document file name can only contain alphanumeric",
            ),
            (NOVA, messages(user(HELLO, document("a  b"))), "more than one consecutive whitespace character"),
            (NOVA, messages(user(HELLO, document(data=b"text"))), "The PDF specified was not valid."),
            (NOVA, messages(user(HELLO, document(data=PDF + bytes(4_718_592)))), "larger than 4.5 MB"),
            (NOVA, messages(user(HELLO, *[document()] * 6)), "The maximum number of documents is 5."),
        )
        self.assert_accepted((NOVA, messages(user(HELLO, document("Report (1) [a-b]")))))

    def test_dimensions(self):
        jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x02\x00\x03" + bytes(12)
        for data, kind, wanted in (
            (png(5, 6), "png", (5, 6)),
            (b"GIF89a\x03\x00\x02\x00", "gif", (3, 2)),
            (jpeg, "jpeg", (3, 2)),
            (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x02\0\0\x01\0\0", "webp", (3, 2)),
            (b"RIFF\0\0\0\0WEBPVP8L" + bytes(5) + struct.pack("<I", 2 | 1 << 14), "webp", (3, 2)),
            (b"RIFF\0\0\0\0WEBPVP8 " + bytes(10) + b"\x03\0\x02\0", "webp", (3, 2)),
            (jpeg[:10], "jpeg", None),
        ):
            self.assertEqual(media.image_format(data), kind)
            self.assertEqual(media.dimensions(data, kind), wanted)
        self.assertIsNone(media.image_format(base64.b64encode(PNG)))


class InferenceTest(RefusalTest):
    def test_parameters(self):
        self.assert_refused(
            (CLAUDE_3, config(maxTokens=4097), "The maximum tokens you requested exceeds the model limit of 4096."),
            (NOVA, config(maxTokens=10_001), "exceeds the model limit of 10000"),
            (
                CLAUDE,
                config(temperature=1, topP=1),
                "`temperature` and `top_p` cannot both be specified for this model.",
            ),
            (OPUS, config(temperature=0.5), "`temperature` is deprecated for this model."),
            (OPUS, config(topP=0.9), "`top_p` is deprecated for this model."),
            (OPUS, fields(top_k=5), "`top_k` is deprecated for this model."),
            (CLAUDE, config(stopSequences=["\n"]), "each stop sequence must contain non-whitespace"),
            (GPT, config(stopSequences=["x"]), "This model doesn't support the stopSequences field."),
        )
        self.assert_accepted(
            (CLAUDE_3, config(maxTokens=4096, temperature=1, topP=0.5, stopSequences=["x"])),
            (OPUS, config(temperature=1)),
            (NOVA, config(temperature=0, topP=1, stopSequences=["\n"])),
        )

    def test_fields_of_a_family(self):
        self.assert_refused(
            (NOVA, {"additionalModelRequestFields": [1]}, "Provide a json object for the field."),
            (NOVA, fields(), "Malformed input request"),
            (NOVA, fields(top_k=5), "extraneous key [top_k] is not permitted"),
            (NOVA, fields(inferenceConfig={"topK": 0}), "#/inferenceConfig/topK"),
            (NOVA, fields(inferenceConfig={"topK": 5, "seed": 1}), "extraneous key [seed] is not permitted"),
            (NOVA, fields(reasoningConfig={"type": "enabled"}), "the provided reasoning config value is invalid"),
            (CLAUDE, fields(seed=1), "seed: Extra inputs are not permitted"),
            (CLAUDE, fields(top_k="many"), "top_k: Input should be a valid integer"),
            (CLAUDE_3, fields(**THINKING), "thinking: Extra inputs are not permitted"),
            (LLAMA, fields(top_k=5), "extraneous key [top_k] is not permitted"),
            (GPT, fields(reasoning_effort="minimal"), "#/reasoning_effort"),
        )
        self.assert_accepted(
            (NOVA, fields(inferenceConfig={"topK": 5})), (CLAUDE, fields(top_k=5)), (MISTRAL, fields(top_k=5))
        )


class ReasoningTest(RefusalTest):
    def test_budgets(self):
        def budget(**more) -> dict:
            return fields(thinking={"type": "enabled", **more})

        self.assert_refused(
            (CLAUDE, budget(), "thinking.enabled.budget_tokens: Field required"),
            (CLAUDE, budget(budget_tokens=1023), "Input should be greater than or equal to 1024"),
            (CLAUDE, {**budget(budget_tokens=2000), **config(maxTokens=2000)}, "`max_tokens` must be greater than"),
            (
                CLAUDE,
                budget(budget_tokens=2000, effort="low"),
                "thinking.enabled.effort: Extra inputs are not permitted",
            ),
            (CLAUDE, fields(thinking="on"), "thinking: Input tag"),
            (
                CLAUDE,
                fields(thinking={"type": "adaptive"}),
                '"thinking.type.adaptive" is not supported for this model.',
            ),
            (OPUS, fields(**THINKING), '"thinking.type.enabled" is not supported for this model.'),
            (OPUS, fields(output_config={"effort": "most"}), "output_config.effort: Input should be"),
            (OPUS, fields(output_config={"format": {}}), "output_config.format: Extra inputs are not permitted"),
        )
        self.assert_accepted(
            (CLAUDE, {**budget(budget_tokens=2000), **config(maxTokens=2001)}),
            (OPUS_4_6, fields(**THINKING)),
            (OPUS_4_6, fields(thinking={"type": "adaptive"}, output_config={"effort": "max"})),
        )

    def test_what_thinking_excludes(self):
        on = fields(**THINKING)
        self.assert_refused(
            (CLAUDE, {**on, **config(temperature=0.5)}, "`temperature` may only be set to 1 when thinking is enabled"),
            (CLAUDE, {**on, **config(topP=0.9)}, "`top_p` must be greater than or equal to 0.95"),
            (CLAUDE, fields(**THINKING, top_k=5), "`top_k` must be unset when thinking is enabled"),
            (CLAUDE, {**on, **choice(any={})}, "Thinking may not be enabled when tool_choice forces tool use."),
            (CLAUDE, {**on, **choice(tool={"name": "weather"})}, "when tool_choice forces tool use"),
        )
        self.assert_accepted(
            (CLAUDE, {**on, **config(temperature=1)}),
            (CLAUDE, {**on, **config(topP=0.95)}),
            (CLAUDE, {**on, **choice(auto={})}),
        )

    def test_nova(self):
        def reasoning(**more) -> dict:
            return fields(reasoningConfig=more)

        high = reasoning(type="enabled", maxReasoningEffort="high")
        self.assert_refused(
            (NOVA_2, reasoning(type="on"), "reasoning config value is invalid"),
            (NOVA_2, reasoning(type="enabled", maxReasoningEffort="max"), "reasoning config value is invalid"),
            (NOVA_2, reasoning(type="enabled", budget=5), "reasoning config value is invalid"),
            (NOVA_2, {**high, **config(maxTokens=100)}, "inferenceConfig.maxTokens"),
            (NOVA_2, {**high, **config(temperature=0.5)}, "inferenceConfig.temperature"),
            (NOVA_2, {**high, **config(topP=0.5)}, "inferenceConfig.topP"),
        )
        low = reasoning(type="enabled", maxReasoningEffort="low")
        self.assert_accepted((NOVA_2, high), (NOVA_2, {**low, **config(maxTokens=100, temperature=0.5)}))

    def test_signatures(self):
        self.server.message = {"reasoning_content": "Rain?", "content": "Yes."}
        said = self.bedrock.converse(modelId=CLAUDE, messages=[user()], **fields(**THINKING))["output"]["message"]
        signature = said["content"][0]["reasoningContent"]["reasoningText"]["signature"]
        self.server.requests.clear()

        def back(*blocks: dict) -> dict:
            return messages(user(), assistant(*blocks, {"text": "Yes."}), user())

        self.assert_refused(
            (CLAUDE, back(thought("Sun?", signature=signature)), "Invalid `signature` in `thinking` block"),
            (CLAUDE, back(thought("Rain?", signature="other")), "messages.1.content.0: Invalid `signature`"),
            (CLAUDE, back(thought("Rain?")), "messages.1.content.0.thinking.signature: Field required"),
            (
                CLAUDE,
                back({"reasoningContent": {"redactedContent": b"x"}}),
                "Invalid `data` in `redacted_thinking` block",
            ),
            (DEEPSEEK, back(thought("Rain?")), "User messages cannot contain reasoning content."),
            (GPT, back(thought("Rain?")), "Please remove the reasoning content and try again."),
            (NOVA, back(thought("Rain?")), "User messages cannot contain reasoning content."),
        )
        self.assert_accepted(
            (CLAUDE, back(thought("Rain?", signature=signature))),
            (CLAUDE, {**back(thought("Rain?", signature=signature)), **fields(**THINKING)}),
            (NOVA_2, back(thought("[REDACTED]"))),
        )

    def test_reasoning_before_tools(self):
        self.server.message = {"reasoning_content": "Rain?", "content": "Yes."}
        said = self.bedrock.converse(modelId=CLAUDE, messages=[user()], **fields(**THINKING))["output"]["message"]
        self.server.requests.clear()
        on, first = {**TOOLS, **fields(**THINKING)}, said["content"][0]
        self.assert_refused(
            (
                CLAUDE,
                {**on, **messages(user(), assistant(use()), user(result()))},
                "messages.1.content.0.type: Expected `thinking`",
            ),
            (CLAUDE, {**on, **messages(user(), assistant(HELLO))}, "but found `text`"),
        )
        self.assert_accepted(
            (CLAUDE, {**on, **messages(user(), assistant(first, use()), user(result()))}),
            (
                CLAUDE,
                {**on, **messages(user(), assistant(first, use()), user(result()), assistant(use()), user(result()))},
            ),
            (CLAUDE, {**on, **messages(user(), assistant(HELLO), user())}),
            (
                OPUS,
                {
                    **TOOLS,
                    **fields(thinking={"type": "adaptive"}),
                    **messages(user(), assistant(use()), user(result())),
                },
            ),
        )


class CachePointTest(RefusalTest):
    def test_places(self):
        hour = {"cachePoint": {"type": "default", "ttl": "1h"}}
        tools = {"toolConfig": {"tools": [WEATHER, POINT]}}
        self.assert_refused(
            (
                LLAMA,
                {"system": [HELLO, POINT]},
                "AccessDeniedException: You invoked an unsupported model or your request",
            ),
            (CLAUDE_3, messages(user(HELLO, POINT)), "did not allow prompt caching"),
            (NOVA, tools, "extraneous key [cachePoint] is not permitted"),
            (CLAUDE, {"system": [POINT, HELLO]}, "system.0: cachePoint must follow a block"),
            (CLAUDE, messages(user(POINT)), "has nothing to cache"),
            (CLAUDE, messages(user(HELLO, POINT, POINT)), "messages.0.content.2: cachePoint must follow"),
            (
                CLAUDE,
                {**tools, "system": [HELLO, POINT], **messages(user(*[HELLO, POINT] * 3))},
                "A maximum of 4 blocks",
            ),
            (CLAUDE_3_7, {"system": [HELLO, hour]}, "cache_control.ttl: Extra inputs are not permitted"),
            (CLAUDE, {"system": [HELLO, POINT], **messages(user(HELLO, hour))}, "must not come after a ttl='5m'"),
        )
        self.assert_accepted(
            (CLAUDE, {**tools, "system": [HELLO, POINT], **messages(user(*[HELLO, POINT] * 2))}),
            (CLAUDE, {"system": [HELLO, hour], **messages(user(HELLO, POINT))}),
            (NOVA, {"system": [HELLO, POINT], **messages(user(HELLO, POINT))}),
        )
