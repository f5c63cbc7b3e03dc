"""Checks the permissions for each parameter of Parameter Store, and for the KMS keys of SecureStrings.

- A request that names several parameters is authorized on each of them.
- Reading a SecureString requires kms:Decrypt on its key, writing one kms:Encrypt; ministack encrypts nothing and checks
  neither. Keys that AWS manages (alias/aws/ssm) are open to every user of the account, so only own keys are checked.
- In the advanced tier a SecureString is encrypted under a data key of its own, so that writing it also requires
  kms:GenerateDataKey. Where a request names no tier, the account's setting decides (ssm:UpdateServiceSetting on
  /ssm/parameter-store/default-parameter-tier, which ministack knows).
"""

import json

from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms, ssm

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.access import parameter_arn
from gatehouse_cloud.fidelity.iam.authorization import json_body

REFUSED_BY_KMS = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access."
)


def install() -> None:
    patching.extend(ssm, "handle_request", _request)


async def _request(original, method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json_body(body)
    key = router.extract_access_key_id(headers, query_params)
    # ministack has checked the first name.
    for name in (request.get("Names") or [])[1:]:
        arn = parameter_arn(name, get_region(), get_account_id())
        denied = iam_evaluator.enforce(key, f"ssm:{action}", "ssm", get_region(), resource_arn=arn)
        if denied:
            return iam_actions.access_denied_response(
                "ssm", f"ssm:{action}", denied.principal_arn, "", headers=headers, resource_arn=arn
            )
    if action == "PutParameter" and request.get("Type") == "SecureString":
        for needed in ("kms:GenerateDataKey", "kms:Encrypt") if _tier(request) == "Advanced" else ("kms:Encrypt",):
            if not _may_use_key(key, needed, request.get("KeyId"), request.get("Name", "")):
                return _refused_by_kms()
    response = await original(method, path, headers, body, query_params)
    if response[0] == 200 and request.get("WithDecryption"):
        for parameter in _parameters_in(json.loads(response[2])):
            key_id = ssm._parameters.get(parameter["Name"], {}).get("KeyId")
            if parameter["Type"] == "SecureString" and not _may_use_key(key, "kms:Decrypt", key_id, parameter["Name"]):
                return _refused_by_kms()
    return response


def _tier(request: dict) -> str:
    name, value = request.get("Name", ""), request.get("Value", "")
    return request.get("Tier") or ssm._default_tier(request, value, ssm._parameters.get(name))


def _parameters_in(response: dict) -> list[dict]:
    return [response["Parameter"]] if "Parameter" in response else response.get("Parameters", [])


def _may_use_key(access_key: str, action: str, key_id: str | None, name: str) -> bool:
    if not key_id or key_id.startswith("alias/aws/"):
        return True
    record = kms._resolve_key(key_id)
    if not record:
        return False
    region = get_region()
    context = {
        "kms:CallerAccount": get_account_id(),
        "kms:ViaService": f"ssm.{region}.amazonaws.com",
        "kms:EncryptionContext:PARAMETER_ARN": parameter_arn(name, region, get_account_id()),
    }
    return not iam_evaluator.enforce(
        access_key, action, "kms", region, resource_arn=record["Arn"], service_context=context
    )


def _refused_by_kms() -> tuple:
    response = {"__type": "AccessDeniedException", "message": REFUSED_BY_KMS}
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(response).encode()
