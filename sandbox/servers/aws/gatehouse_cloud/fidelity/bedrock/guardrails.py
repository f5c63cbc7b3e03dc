"""Checks the permissions for Bedrock's guardrails.

- A request to a model through a guardrail also requires bedrock:ApplyGuardrail on the guardrail and, if it was created
  for cross-Region inference, on its profile in each Region of the profile; ministack checks neither.
- A permission to invoke a model can depend on the guardrail that the request names.
- A guardrail's id has letters and digits only; ministack's has a hyphen, which Converse doesn't allow.
- AWS does not document whether Bedrock validates a request before it checks permissions. Here it does so after, unless
  a control says otherwise.
"""

import json

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import bedrock, bedrock_runtime

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.bedrock import conversations
from gatehouse_cloud.fidelity.iam import access
from gatehouse_cloud.fidelity.iam.authorization import json_body

# The Regions of each profile, of those that the user guide lists.
PROFILES = {
    "us.guardrail.v1:0": ("us-east-1", "us-east-2", "us-west-2"),
    "eu.guardrail.v1:0": ("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3"),
    "apac.guardrail.v1:0": ("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
}


class Order:
    """Holds whether Bedrock validates a request before it checks permissions."""

    def __init__(self):
        self.validates_first = False


def install(order: Order) -> None:
    async def dispatch(original, method, path, headers, body, query_params, request_id):
        if order.validates_first and method == "POST" and access.MODEL_PATH.match(path):
            if problem := conversations.problem(path, body):
                return problem
        return await original(method, path, headers, body, query_params, request_id)

    patching.extend(app, "_dispatch_service_request", dispatch)
    patching.extend(iam_actions, "request_tag_context", _context)
    patching.extend(bedrock, "_create_guardrail", _create)
    patching.extend(bedrock_runtime, "handle_request", _request)


def _context(original, service, iam_action, body, params):
    context = original(service, iam_action, body, params)
    if (
        iam_action
        and iam_action.startswith("bedrock:InvokeModel")
        and (config := json_body(body).get("guardrailConfig"))
    ):
        version = config.get("guardrailVersion", "DRAFT")
        arn = _arn(config.get("guardrailIdentifier", "")) + ("" if version == "DRAFT" else f":{version}")
        return {**context, "bedrock:guardrailidentifier": arn}
    return context


def _create(original, body):
    status, headers, response = original(body)
    if status != 202:
        return status, headers, response
    identifier, response = _renamed(response)
    profile = (json_body(body).get("crossRegionConfig") or {}).get("guardrailProfileIdentifier")
    if not profile:
        return status, headers, response
    name = profile.rpartition("/")[2]
    if name not in PROFILES:
        del bedrock._guardrails[identifier]
        return bedrock._validation(f"The guardrail profile {profile} does not exist.")
    arn = f"arn:aws:bedrock:{get_region()}:{get_account_id()}:guardrail-profile/{name}"
    bedrock._guardrails[identifier]["CrossRegionDetails"] = {"guardrailProfileId": name, "guardrailProfileArn": arn}
    return status, headers, response


def _renamed(response: bytes) -> tuple[str, bytes]:
    """Give a new guardrail an id that Bedrock's requests allow; return it, and the response with it."""
    given = json.loads(response)["guardrailId"]
    identifier = given.removeprefix("gr-")
    record = bedrock._guardrails.pop(given)
    arn = record["GuardrailArn"]
    record |= {"GuardrailId": identifier, "GuardrailArn": _arn(identifier)}
    bedrock._guardrails[identifier] = record
    if arn in bedrock._tags:
        bedrock._tags[record["GuardrailArn"]] = bedrock._tags.pop(arn)
    return identifier, response.replace(given.encode(), identifier.encode())


async def _request(original, method, path, headers, body, query_params):
    config = json_body(body).get("guardrailConfig") if method == "POST" and access.MODEL_PATH.match(path) else None
    if config:
        key = router.extract_access_key_id(headers, query_params)
        for resource in resources(config.get("guardrailIdentifier", "")):
            denied = iam_evaluator.enforce(
                key, "bedrock:ApplyGuardrail", "bedrock", get_region(), resource_arn=resource
            )
            if denied:
                return iam_actions.access_denied_response(
                    "bedrock",
                    "bedrock:ApplyGuardrail",
                    denied.principal_arn,
                    "",
                    headers=headers,
                    resource_arn=resource,
                )
    return await original(method, path, headers, body, query_params)


def resources(identifier: str) -> list[str]:
    """Return the resources on which ApplyGuardrail is authorized for a guardrail."""
    arn = _arn(identifier)
    record = bedrock._guardrails.get(arn.rpartition("/")[2]) or {}
    name = (record.get("CrossRegionDetails") or {}).get("guardrailProfileId")
    account = get_account_id()
    return [
        arn,
        *(f"arn:aws:bedrock:{region}:{account}:guardrail-profile/{name}" for region in PROFILES.get(name, ())),
    ]


def _arn(identifier: str) -> str:
    if identifier.startswith("arn:"):
        return identifier
    return f"arn:aws:bedrock:{get_region()}:{get_account_id()}:guardrail/{identifier}"
