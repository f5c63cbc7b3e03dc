"""Embedding models of Bedrock: strict bodies, and vectors of a server's model."""

import json
import math

from botocore.exceptions import ClientError

from .model_server import ModelTest

TITAN_1, TITAN_2 = "amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"
COHERE_3, COHERE_4 = "cohere.embed-english-v3", "cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"


def cohere(*texts: str, **more) -> dict:
    return {"texts": list(texts), "input_type": "search_document", **more}


def nova(value: str, **more) -> dict:
    parameters = {"embeddingPurpose": "GENERIC_INDEX", "text": {"truncationMode": "END", "value": value}, **more}
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": parameters}


def without(body: dict, *path: str) -> dict:
    """Return the body without the member at the path."""
    name, *rest = path
    if not rest:
        return {key: value for key, value in body.items() if key != name}
    return {**body, name: without(body[name], *rest)}


class EmbeddingTest(ModelTest):
    def invoke(self, model: str, body) -> tuple[dict, dict]:
        """Return the body and the headers of a response."""
        response = self.cloud.client("bedrock-runtime").invoke_model(modelId=model, body=json.dumps(body))
        return json.loads(response["body"].read()), response["ResponseMetadata"]["HTTPHeaders"]

    def assert_unit(self, vector: list[float], dimension: int):
        self.assertEqual(len(vector), dimension)
        self.assertAlmostEqual(math.hypot(*vector), 1)

    def test_titan(self):
        for model, more, dimension in (
            (TITAN_1, {}, 1536),
            (TITAN_2, {}, 1024),
            (TITAN_2, {"dimensions": 256, "normalize": True, "embeddingTypes": ["float"]}, 256),
        ):
            body, headers = self.invoke(model, {"inputText": "hello", **more})
            self.assert_unit(body["embedding"], dimension)
            self.assertEqual(body["inputTextTokenCount"], 5)
            self.assertEqual(headers["x-amzn-bedrock-input-token-count"], "5")
            self.assertEqual(self.server.requests[-1]["model"], "nomic-embed-text")

    def test_cohere(self):
        for model, more, dimension in (
            (COHERE_3, {"truncate": "END"}, 1024),
            (COHERE_4, {}, 1536),
            (COHERE_4, {"output_dimension": 512, "truncate": "RIGHT", "max_tokens": 128_000}, 512),
        ):
            body, headers = self.invoke(model, cohere("one", "three", **more))
            self.assertEqual(body["response_type"], "embeddings_floats")
            self.assertEqual(body["texts"], ["one", "three"])
            for vector in body["embeddings"]:
                self.assert_unit(vector, dimension)
            self.assertEqual(headers["x-amzn-bedrock-input-token-count"], "8")
            self.assertEqual(self.server.requests[-1]["input"], ["one", "three"])
        body, _ = self.invoke(COHERE_4, cohere("one", embedding_types=["float"]))
        self.assertEqual(body["response_type"], "embeddings_by_type")
        self.assert_unit(body["embeddings"]["float"][0], 1536)

    def test_nova(self):
        for more, dimension in (({}, 3072), ({"embeddingDimension": 384}, 384)):
            body, headers = self.invoke(NOVA, nova("hello", **more))
            self.assertEqual(body["embeddings"][0]["embeddingType"], "TEXT")
            self.assert_unit(body["embeddings"][0]["embedding"], dimension)
            self.assertEqual(headers["x-amzn-bedrock-input-token-count"], "5")

    def test_longer_vectors_are_cut(self):
        self.server.vector = [1.0] * 2000
        body, _ = self.invoke(TITAN_2, {"inputText": "x", "dimensions": 512})
        self.assert_unit(body["embedding"], 512)

    def test_refusals(self):
        for model, body, part in (
            (TITAN_1, {}, "required key [inputText] not found"),
            (TITAN_1, ["x"], "expected type: JSONObject"),
            (TITAN_1, {"inputText": ""}, "expected minLength: 1"),
            (TITAN_1, {"inputText": 1}, "#/inputText: expected type"),
            (TITAN_1, {"inputText": "x", "dimensions": 256}, "extraneous key [dimensions] is not permitted"),
            (TITAN_1, {"inputText": "x" * 8193}, "Too many input tokens. Max input tokens: 8192"),
            (TITAN_2, {"inputText": "x" * 50_001}, "expected maxLength: 50000, actual: 50001"),
            (TITAN_2, {"inputText": "x", "dimensions": 100}, "#/dimensions: 100 is not a valid enum value"),
            (TITAN_2, {"inputText": "x", "normalize": 1}, "#/normalize: expected type"),
            (TITAN_2, {"inputText": "x", "user": "me"}, "extraneous key [user] is not permitted"),
            (COHERE_3, without(cohere("x"), "texts"), "required key [texts] not found"),
            (COHERE_3, without(cohere("x"), "input_type"), "required key [input_type] not found"),
            (COHERE_3, cohere("x", input_type="query"), "query is not a valid enum value"),
            (COHERE_3, cohere(), "expected minimum item count: 1, found: 0"),
            (COHERE_3, cohere(*["x"] * 97), "expected maximum item count: 96, found: 97"),
            (COHERE_3, cohere("x", "y" * 2049), "#/texts/1: expected maxLength: 2048, actual: 2049"),
            (COHERE_3, cohere("x", ""), "#/texts/1: expected minLength: 1"),
            (COHERE_3, cohere("x", truncate="LEFT"), "LEFT is not a valid enum value"),
            (COHERE_3, cohere("x", output_dimension=512), "extraneous key [output_dimension] is not permitted"),
            (COHERE_4, cohere("x", output_dimension=100), "100 is not a valid enum value"),
            (COHERE_4, cohere("x", truncate="END"), "END is not a valid enum value"),
            (COHERE_4, cohere("x", max_tokens=128_001), "#/max_tokens"),
            (NOVA, without(nova("x"), "taskType"), "required key [taskType] not found"),
            (NOVA, {**nova("x"), "taskType": "SEGMENTED_EMBEDDING"}, "is not a valid enum value"),
            (NOVA, {**nova("x"), "input": "x"}, "extraneous key [input] is not permitted"),
            (NOVA, without(nova("x"), "singleEmbeddingParams", "embeddingPurpose"), "[embeddingPurpose] not found"),
            (NOVA, nova("x", embeddingDimension=512), "512 is not a valid enum value"),
            (NOVA, nova(""), "expected minLength: 1"),
            (NOVA, nova("x" * 8193), "expected maxLength: 8192, actual: 8193"),
            (NOVA, without(nova("x"), "singleEmbeddingParams", "text", "truncationMode"), "[truncationMode] not found"),
            ("amazon.absent-v1:0", {}, "model identifier is invalid"),
        ):
            with self.subTest(model=model, part=part):
                with self.assertRaises(ClientError) as refused:
                    self.invoke(model, body)
                self.assertEqual(refused.exception.response["Error"]["Code"], "ValidationException")
                self.assertIn(part, refused.exception.response["Error"]["Message"])

    def test_failures_are_bedrocks(self):
        for status, vector, code in ((500, [1.0], "ModelErrorException"), (200, [], "ModelErrorException")):
            self.server.status, self.server.vector = status, vector
            with self.assertRaises(ClientError) as failed:
                self.invoke(TITAN_2, {"inputText": "x"})
            self.assertEqual(failed.exception.response["Error"]["Code"], code)

    def test_a_conversation_with_an_embedding_model_is_refused(self):
        with self.assertRaises(ClientError) as refused:
            self.cloud.client("bedrock-runtime").converse(
                modelId=TITAN_2, messages=[{"role": "user", "content": [{"text": "x"}]}]
            )
        self.assertIn("supported text or chat model", refused.exception.response["Error"]["Message"])
