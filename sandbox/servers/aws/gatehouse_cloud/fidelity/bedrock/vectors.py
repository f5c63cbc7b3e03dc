"""The requests of the embedding models: what each accepts, and the form of its response.

Sources: https://docs.aws.amazon.com/bedrock/latest/userguide/ titan-embedding-models.html,
model-parameters-embed-v3.html and model-parameters-embed-v4.html; and
https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html. Images, and forms of vectors other than floats,
are not modelled.
"""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gatehouse_cloud.fidelity.bedrock.refusals import Refused

COHERE_TEXTS, COHERE_CHARACTERS = 96, 2048
COHERE_PURPOSES = ("search_document", "search_query", "classification", "clustering")
NOVA_CHARACTERS = 8192
NOVA_PURPOSES = (
    "GENERIC_INDEX",
    "GENERIC_RETRIEVAL",
    "TEXT_RETRIEVAL",
    "IMAGE_RETRIEVAL",
    "VIDEO_RETRIEVAL",
    "DOCUMENT_RETRIEVAL",
    "AUDIO_RETRIEVAL",
    "CLASSIFICATION",
    "CLUSTERING",
)


@dataclass(frozen=True)
class Request:
    """A request as all families have it: one vector of that length for each text, in the model's form."""

    texts: list[str]
    dimension: int
    render: Callable[[list[list[float]], int], dict]  # of the vectors and the number of tokens
    most_tokens: int = 0  # of one text; 0 if longer ones are cut


def parse(model: str, body: Any) -> Request | None:
    """Return the request to an embedding model; None for any other model."""
    for pattern, read in READERS:
        if pattern.fullmatch(model):
            if not isinstance(body, dict):
                raise _wrong("#: expected type: JSONObject")
            return read(body)
    return None


def _wrong(problem: str) -> Refused:
    return Refused(f"Malformed input request: {problem}, please reformat your input and try again.")


def _known(body: dict, names: set[str], path: str = "#") -> None:
    for name in body.keys() - names:
        raise _wrong(f"{path}: extraneous key [{name}] is not permitted")


def _required(body: dict, name: str, kind: type, path: str = "#") -> Any:
    if name not in body:
        raise _wrong(f"{path}: required key [{name}] not found")
    if not isinstance(body[name], kind):
        raise _wrong(f"{path}/{name}: expected type: {kind.__name__}")
    return body[name]


def _one_of(body: dict, name: str, allowed: tuple, path: str = "#") -> None:
    if name in body and (isinstance(body[name], bool) or body[name] not in allowed):
        raise _wrong(f"{path}/{name}: {body[name]} is not a valid enum value")


def _text(value: Any, path: str, most: int) -> str:
    if not isinstance(value, str):
        raise _wrong(f"{path}: expected type: String")
    if not value:
        raise _wrong(f"{path}: expected minLength: 1, actualLength: 0")
    if len(value) > most:
        raise _wrong(f"{path}: expected maxLength: {most}, actual: {len(value)}")
    return value


# Titan.


def _titan_1(body: dict) -> Request:
    _known(body, {"inputText"})
    text = _text(_required(body, "inputText", str), "#/inputText", 50_000)
    return Request([text], 1536, lambda vectors, count: {"embedding": vectors[0], "inputTextTokenCount": count}, 8192)


def _titan_2(body: dict) -> Request:
    _known(body, {"inputText", "dimensions", "normalize", "embeddingTypes"})
    text = _text(_required(body, "inputText", str), "#/inputText", 50_000)
    _one_of(body, "dimensions", (1024, 512, 256))
    _one_of_list(body, "embeddingTypes")
    if not isinstance(body.get("normalize", True), bool):
        raise _wrong("#/normalize: expected type: Boolean")

    def render(vectors: list[list[float]], count: int) -> dict:
        return {
            "embedding": vectors[0],
            "embeddingsByType": {"float": vectors[0]},
            "inputTextTokenCount": count,
        }

    return Request([text], body.get("dimensions", 1024), render, 8192)


def _one_of_list(body: dict, name: str) -> None:
    value = body.get(name, ["float"])
    if value is not None and value != ["float"]:
        raise _wrong(f"#/{name}: only float is modelled here")


# Cohere.


def _cohere_3(body: dict) -> Request:
    _known(body, {"texts", "input_type", "truncate", "embedding_types"})
    _one_of(body, "truncate", ("NONE", "START", "END"))
    return _cohere(body, 1024, COHERE_CHARACTERS)


def _cohere_4(body: dict) -> Request:
    _known(body, {"texts", "input_type", "truncate", "embedding_types", "output_dimension", "max_tokens"})
    _one_of(body, "truncate", ("NONE", "LEFT", "RIGHT"))
    _one_of(body, "output_dimension", (256, 512, 1024, 1536))
    most = body.get("max_tokens", 1)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 128_000:
        raise _wrong("#/max_tokens: must be an integer from 1 to 128000")
    # A token has some four characters; at most 128,000 tokens are accepted.
    return _cohere(body, body.get("output_dimension", 1536), 512_000)


def _cohere(body: dict, dimension: int, characters: int) -> Request:
    _required(body, "input_type", str)
    _one_of(body, "input_type", COHERE_PURPOSES)
    _one_of_list(body, "embedding_types")
    texts = _required(body, "texts", list)
    if not texts:
        raise _wrong("#/texts: expected minimum item count: 1, found: 0")
    if len(texts) > COHERE_TEXTS:
        raise _wrong(f"#/texts: expected maximum item count: {COHERE_TEXTS}, found: {len(texts)}")
    for number, text in enumerate(texts):
        _text(text, f"#/texts/{number}", characters)

    def render(vectors: list[list[float]], count: int) -> dict:
        by_type = body.get("embedding_types") is not None
        return {
            "id": str(uuid.uuid4()),
            "texts": texts,
            "embeddings": {"float": vectors} if by_type else vectors,
            "response_type": "embeddings_by_type" if by_type else "embeddings_floats",
        }

    return Request(texts, dimension, render)


# Nova.


def _nova(body: dict) -> Request:
    _known(body, {"schemaVersion", "taskType", "singleEmbeddingParams"})
    _one_of(body, "schemaVersion", ("nova-multimodal-embed-v1",))
    _required(body, "taskType", str)
    _one_of(body, "taskType", ("SINGLE_EMBEDDING",))
    path, parameters = "#/singleEmbeddingParams", _required(body, "singleEmbeddingParams", dict)
    _known(parameters, {"embeddingPurpose", "embeddingDimension", "text"}, path)
    _required(parameters, "embeddingPurpose", str, path)
    _one_of(parameters, "embeddingPurpose", NOVA_PURPOSES, path)
    _one_of(parameters, "embeddingDimension", (256, 384, 1024, 3072), path)
    text = _required(parameters, "text", dict, path)
    _known(text, {"truncationMode", "value"}, f"{path}/text")
    _required(text, "truncationMode", str, f"{path}/text")
    _one_of(text, "truncationMode", ("START", "END", "NONE"), f"{path}/text")
    value = _text(_required(text, "value", str, f"{path}/text"), f"{path}/text/value", NOVA_CHARACTERS)

    def render(vectors: list[list[float]], count: int) -> dict:
        return {"embeddings": [{"embeddingType": "TEXT", "embedding": vectors[0]}]}

    return Request([value], parameters.get("embeddingDimension", 3072), render)


READERS = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"amazon\.titan-embed-(text-v1|g1-text-02)(:.*)?", _titan_1),
        (r"amazon\.titan-embed-text-v2:.*", _titan_2),
        (r"cohere\.embed-(english|multilingual)-v3(:.*)?", _cohere_3),
        (r"cohere\.embed-v4(:.*)?", _cohere_4),
        (r"amazon\.nova-2-multimodal-embeddings-v1:.*", _nova),
    )
)
