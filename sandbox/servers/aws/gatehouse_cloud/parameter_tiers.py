"""Parameters of the advanced tier are encrypted with a data key.

Where a request names no tier, the account's setting decides (ssm:UpdateServiceSetting on
/ssm/parameter-store/default-parameter-tier, which ministack knows). In the advanced tier a SecureString is encrypted
under a data key of its own, so that writing it needs kms:GenerateDataKey; ministack encrypts nothing and asks for
nothing.
"""

from ministack.core import router
from ministack.services import ssm

from . import access, patching


def install() -> None:
    patching.extend(ssm, "handle_request", _request)


async def _request(original, method, path, headers, body, query_params):
    request = access._json(body)
    is_put = headers.get("x-amz-target", "").endswith(".PutParameter")
    if is_put and request.get("Type") == "SecureString" and _tier(request) == "Advanced":
        key = router.extract_access_key_id(headers, query_params)
        if not access._may_use_key(key, "kms:GenerateDataKey", request.get("KeyId"), request.get("Name", "")):
            return access._refused_by_kms()
    return await original(method, path, headers, body, query_params)


def _tier(request: dict) -> str:
    name, value = request.get("Name", ""), request.get("Value", "")
    return request.get("Tier") or ssm._default_tier(request, value, ssm._parameters.get(name))
