"""What IAM decides on, where ministack decides on less than AWS does.

- Parameter Store calls that name several parameters or a path were checked on "*", so a role limited to its own path
  was refused; here each is checked on the parameters or the path it names.
- A schedule was always checked as one of the default group.
- An inference profile of Bedrock was checked as a foundation model.
- Lambda checks a request that names a version or an alias on that: function:NAME:$LATEST for one with the Qualifier
  $LATEST, which aws_lambda_invocation always sends. A right on function:NAME alone doesn't cover it.
- CloudWatch Logs checks what is done to a log group on arn:…:log-group:NAME:log-stream:, but for tags, which are
  checked on the group's ARN without a suffix.
- Reading a SecureString needs kms:Decrypt on its key, writing one kms:Encrypt; ministack encrypts nothing and asks for
  neither. Keys that AWS manages (alias/aws/ssm) are open to every user of the account, so only own keys are checked.
- Bedrock's Converse is authorized as bedrock:InvokeModel; ministack asks for a bedrock:Converse that IAM doesn't know.
- Requests count as sent over TLS, as to AWS. Here they leave no machine, and come over plain HTTP.
"""

import json
import re
from urllib.parse import unquote

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region
from ministack.services import kms, ssm

from . import patching

MODEL_PATH = re.compile(r"^/model/(.+)/(?:converse|invoke)(?:-stream|-with-response-stream)?$")
# A model's id begins with its provider, a profile's with the geography it covers.
PROFILE = re.compile(r"^(?:us|us-gov|eu|apac|au|ca|jp|global)\.")
REFUSED_BY_KMS = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access."
)


# How many a function's ARN has without a version.
FUNCTION_COLONS = 6
TAG_OPERATIONS = ("TagResource", "UntagResource", "ListTagsForResource")

# The actions that AWS authorizes under another name than the operation's.
AUTHORIZED_AS = {
    "bedrock:Converse": "bedrock:InvokeModel",
    "bedrock:ConverseStream": "bedrock:InvokeModelWithResponseStream",
    "cloudfront:CreateDistributionWithTags": "cloudfront:CreateDistribution",
}


def install() -> None:
    patching.extend(iam_actions, "extract_iam_action", _action)
    patching.extend(iam_actions, "extract_resource_arn", _resource_arn)
    patching.extend(app, "pin_request_origin", _over_tls)
    patching.extend(ssm, "handle_request", _ssm_request)


def _over_tls(original, source_ip, secure_transport):
    original(source_ip, True)


def _action(original, service, method, path, headers, body, query_params):
    action = original(service, method, path, headers, body, query_params)
    return AUTHORIZED_AS.get(action, action)


def _resource_arn(original, service, method, path, headers, body, query_params, region, account_id):
    if service == "ssm":
        request = _json(body)
        names = [request["Path"]] if "Path" in request else request.get("Names")
        if names:
            return _parameter_arn(names[0], region, account_id)
    if service == "scheduler" and path.startswith("/schedules/"):
        group = _json(body).get("GroupName") or query_params.get("groupName") or "default"
        group = group[0] if isinstance(group, list) else group
        return f"arn:aws:scheduler:{region}:{account_id}:schedule/{group}/{path.split('/')[2]}"
    if service.startswith("bedrock") and (match := MODEL_PATH.match(path)):
        model = unquote(match.group(1))
        if model.startswith("arn:"):
            return model
        if PROFILE.match(model):
            return f"arn:aws:bedrock:{region}:{account_id}:inference-profile/{model}"
    arn = original(service, method, path, headers, body, query_params, region, account_id)
    if service == "lambda" and "/functions/" in path:
        return _qualified(arn, iam_actions._query_param(query_params, "Qualifier"))
    if service == "logs":
        return _log_group(arn, headers.get("x-amz-target", "").rpartition(".")[2], _json(body))
    return arn


def _qualified(function: str, qualifier: str) -> str:
    return f"{function}:{qualifier}" if qualifier and function.count(":") == FUNCTION_COLONS else function


def _log_group(arn: str, operation: str, request: dict) -> str:
    if "logGroupName" not in request or operation in TAG_OPERATIONS:
        return arn
    return f"{arn}:log-stream:{request.get('logStreamName', '')}"


async def _ssm_request(original, method, path, headers, body, query_params):
    action = headers.get("x-amz-target", "").rpartition(".")[2]
    request = _json(body)
    key = router.extract_access_key_id(headers, query_params)
    # The first name was checked on the way here.
    for name in (request.get("Names") or [])[1:]:
        arn = _parameter_arn(name, get_region(), get_account_id())
        denied = iam_evaluator.enforce(key, f"ssm:{action}", "ssm", get_region(), resource_arn=arn)
        if denied:
            return iam_actions.access_denied_response(
                "ssm", f"ssm:{action}", denied.principal_arn, "", headers=headers, resource_arn=arn
            )
    writes = action == "PutParameter" and request.get("Type") == "SecureString"
    if writes and not _may_use_key(key, "kms:Encrypt", request.get("KeyId"), request.get("Name", "")):
        return _refused_by_kms()
    answer = await original(method, path, headers, body, query_params)
    if answer[0] == 200 and request.get("WithDecryption"):
        for parameter in _parameters_in(json.loads(answer[2])):
            key_id = ssm._parameters.get(parameter["Name"], {}).get("KeyId")
            if parameter["Type"] == "SecureString" and not _may_use_key(key, "kms:Decrypt", key_id, parameter["Name"]):
                return _refused_by_kms()
    return answer


def _parameters_in(answer: dict) -> list[dict]:
    return [answer["Parameter"]] if "Parameter" in answer else answer.get("Parameters", [])


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
        "kms:EncryptionContext:PARAMETER_ARN": _parameter_arn(name, region, get_account_id()),
    }
    return not iam_evaluator.enforce(
        access_key, action, "kms", region, resource_arn=record["Arn"], service_context=context
    )


def _refused_by_kms() -> tuple:
    answer = {"__type": "AccessDeniedException", "message": REFUSED_BY_KMS}
    return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()


def _parameter_arn(name: str, region: str, account_id: str) -> str:
    return f"arn:aws:ssm:{region}:{account_id}:parameter/{name.lstrip('/')}"


def _json(body: bytes) -> dict:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
