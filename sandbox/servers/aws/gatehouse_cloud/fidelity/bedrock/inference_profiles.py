"""Makes application inference profiles, and lists the system's.

ministack stores any source, ids that AWS doesn't give, and finds no profile by its ARN; it authorizes requests on
profiles as if all were the system's. Here the models of an application profile are those of its source, in each Region
of it.
"""

import json
import secrets
import string
from collections.abc import Iterator
from urllib.parse import unquote

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import bedrock

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.bedrock import shapes
from gatehouse_cloud.fidelity.bedrock.refusals import Refused
from gatehouse_cloud.fidelity.iam import authorization, delegated
from gatehouse_cloud.fidelity.iam.authorization import Check, Request, json_body

PATH = "/inference-profiles"
CREATE = "bedrock:CreateInferenceProfile"
# Models that ministack's catalog lacks, in its form: id, name, provider, input and output modalities, streaming.
CATALOG = tuple(
    (identifier, name, "Anthropic", ["TEXT", "IMAGE"], ["TEXT"], True)
    for identifier, name in (
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "Claude 3.7 Sonnet"),
        ("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4"),
        ("anthropic.claude-opus-4-20250514-v1:0", "Claude Opus 4"),
        ("anthropic.claude-opus-4-1-20250805-v1:0", "Claude Opus 4.1"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5"),
        ("anthropic.claude-haiku-4-5-20251001-v1:0", "Claude Haiku 4.5"),
        ("anthropic.claude-opus-4-5-20251101-v1:0", "Claude Opus 4.5"),
        ("anthropic.claude-opus-4-6-v1", "Claude Opus 4.6"),
        ("anthropic.claude-sonnet-4-6", "Claude Sonnet 4.6"),
        ("anthropic.claude-opus-4-7", "Claude Opus 4.7"),
    )
) + (
    ("amazon.nova-2-lite-v1:0", "Nova 2 Lite", "Amazon", ["TEXT", "IMAGE", "VIDEO"], ["TEXT"], True),
    ("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", "Meta", ["TEXT"], ["TEXT"], True),
    ("deepseek.r1-v1:0", "DeepSeek-R1", "DeepSeek", ["TEXT"], ["TEXT"], True),
    ("openai.gpt-oss-20b-1:0", "gpt-oss-20b", "OpenAI", ["TEXT"], ["TEXT"], True),
    ("openai.gpt-oss-120b-1:0", "gpt-oss-120b", "OpenAI", ["TEXT"], ["TEXT"], True),
    ("amazon.titan-embed-text-v1", "Titan Embeddings G1 - Text", "Amazon", ["TEXT"], ["EMBEDDING"], False),
    (
        "amazon.nova-2-multimodal-embeddings-v1:0",
        "Nova Multimodal Embeddings",
        "Amazon",
        ["TEXT"],
        ["EMBEDDING"],
        False,
    ),
    ("cohere.embed-english-v3", "Embed English", "Cohere", ["TEXT"], ["EMBEDDING"], False),
    ("cohere.embed-multilingual-v3", "Embed Multilingual", "Cohere", ["TEXT"], ["EMBEDDING"], False),
    ("cohere.embed-v4:0", "Embed v4", "Cohere", ["TEXT", "IMAGE"], ["EMBEDDING"], False),
)


def install() -> None:
    known = {entry[0] for entry in bedrock._CATALOG}
    patching.assign(bedrock, "_CATALOG", [*bedrock._CATALOG, *(entry for entry in CATALOG if entry[0] not in known)])
    patching.assign(bedrock, "_INFERENCE_PROFILE_PREFIXES", (*bedrock._INFERENCE_PROFILE_PREFIXES, "global"))
    patching.extend(bedrock, "_create_inference_profile", _create)
    patching.extend(bedrock, "_get_inference_profile", _get)
    patching.extend(bedrock, "_delete_inference_profile", _delete)
    patching.extend(bedrock, "_list_inference_profiles", _list)
    patching.extend(iam_actions, "extract_resource_arn", _resource_arn)
    authorization.add("bedrock", _source)


def _create(original, body):
    try:
        request = json.loads(body or b"{}")
        shapes.check("bedrock", "CreateInferenceProfile", request)
        found = _models(request["modelSource"]["copyFrom"])
    except ValueError:
        return bedrock._validation("The request body is not valid JSON.")
    except Refused as refusal:
        return refusal.response
    identity = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(12))
    arn, now = bedrock._inference_profile_arn(identity, application=True), bedrock._now_iso()
    bedrock._inference_profiles_apps[identity] = {
        "InferenceProfileName": request["inferenceProfileName"],
        "InferenceProfileId": identity,
        "InferenceProfileArn": arn,
        "Models": [{"ModelArn": model} for model in found],
        "Status": "ACTIVE",
        "Type": "APPLICATION",
        "CreatedAt": now,
        "UpdatedAt": now,
        **({"Description": request["description"]} if request.get("description") else {}),
    }
    if request.get("tags"):
        bedrock._tags[arn] = {tag["key"]: tag["value"] for tag in request["tags"]}
    return bedrock._json({"InferenceProfileArn": arn, "Status": "ACTIVE"}, status=201)


def _models(source: str) -> list[str]:
    """Return the models of what a profile is copied from: one in this Region, or those of a profile."""
    region, account, resource = source.split(":", 5)[3:]
    kind, _, name = resource.partition("/")
    model = name if kind == "foundation-model" else name.partition(".")[2]
    if region != get_region() or not bedrock._find_model(model):
        raise Refused(f"The model source {source} does not exist.", "ResourceNotFoundException", 404)
    if kind == "foundation-model":
        return [source]
    if account != get_account_id() or name.partition(".")[0] not in bedrock._INFERENCE_PROFILE_PREFIXES:
        raise Refused(f"The model source {source} does not exist.", "ResourceNotFoundException", 404)
    return delegated.models_of(source)


def _get(original, identifier):
    return original(_own_id(identifier))


def _delete(original, identifier):
    name = _own_id(identifier)
    if name not in bedrock._inference_profiles_apps and _is_systems(name):
        return bedrock._validation(f"The inference profile {identifier} is the system's and can't be deleted.")
    arn = (bedrock._inference_profiles_apps.get(name) or {}).get("InferenceProfileArn")
    response = original(name)
    if response[0] == 200:
        bedrock._tags.pop(arn, None)
    return response


def _is_systems(name: str) -> bool:
    return name.partition(".")[0] in bedrock._INFERENCE_PROFILE_PREFIXES


def _list(original, query_params):
    # ministack looks for the SDK's name of the parameter, which is type in a request.
    kind = query_params.get("type")
    response = original({**query_params, "typeEquals": kind} if kind else query_params)
    found = json.loads(response[2])
    for summary in found["inferenceProfileSummaries"]:
        if summary["type"] == "SYSTEM_DEFINED":
            summary["models"] = [{"modelArn": arn} for arn in delegated.models_of(summary["inferenceProfileArn"])]
    return response[0], response[1], json.dumps(found).encode()


def _own_id(identifier: str) -> str:
    """Return the id in an ARN of this account and Region, or the identifier."""
    for kind in ("inference-profile", "application-inference-profile"):
        prefix = f"arn:aws:bedrock:{get_region()}:{get_account_id()}:{kind}/"
        if identifier.startswith(prefix):
            return identifier.removeprefix(prefix)
    return identifier


# Permissions.


def _resource_arn(original, service, method, path, headers, body, query_params, region, account_id):
    if service != "bedrock" or not path.startswith(PATH):
        return original(service, method, path, headers, body, query_params, region, account_id)
    identifier = unquote(path.removeprefix(PATH).lstrip("/"))
    if not identifier:
        return bedrock._inference_profile_arn("*", application=True) if method == "POST" else "*"
    if identifier.startswith("arn:"):
        return identifier
    return bedrock._inference_profile_arn(identifier, application=identifier in bedrock._inference_profiles_apps)


def _source(request: Request) -> Iterator[Check]:
    """Authorize the creation of a profile on its source as well."""
    source = (json_body(request.body).get("modelSource") or {}).get("copyFrom")
    if request.action == CREATE and isinstance(source, str):
        yield Check(CREATE, source)
