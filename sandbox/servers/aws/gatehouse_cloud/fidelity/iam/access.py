"""Corrects the actions and resources on which ministack authorizes requests.

- Parameter Store requests that name several parameters or a path were authorized on "*", so that a role limited to its
  own path was refused; here each is authorized on the path or the first parameter, and parameter_store.py checks the
  others.
- A schedule was always authorized as one of the default group.
- An inference profile of Bedrock was authorized as a foundation model.
- Lambda authorizes a request that names a version or an alias on that: function:NAME:$LATEST for one with the Qualifier
  $LATEST, which aws_lambda_invocation always sends. A permission for function:NAME alone doesn't cover it.
- CloudWatch Logs authorizes operations on a log group on arn:…:log-group:NAME:log-stream:, except those on tags, which
  are authorized on the group's ARN without a suffix.
- Bedrock's Converse is authorized as bedrock:InvokeModel; ministack's bedrock:Converse doesn't exist in IAM.
- Requests count as sent over TLS, as to AWS. Here they stay on one machine, and come over plain HTTP.
"""

import re
from urllib.parse import unquote

from ministack import app
from ministack.core import iam_actions

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.authorization import json_body

MODEL_PATH = re.compile(r"^/model/(.+)/(?:converse|invoke)(?:-stream|-with-response-stream)?$")
# A model's id begins with its provider, a profile's with the geography it covers.
PROFILE = re.compile(r"^(?:us|us-gov|eu|apac|au|ca|jp|global)\.")

# How many colons a function's ARN has without a version.
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


def _over_tls(original, source_ip, secure_transport):
    original(source_ip, True)


def _action(original, service, method, path, headers, body, query_params):
    action = original(service, method, path, headers, body, query_params)
    return AUTHORIZED_AS.get(action, action)


def _resource_arn(original, service, method, path, headers, body, query_params, region, account_id):
    if service == "ssm":
        request = json_body(body)
        names = [request["Path"]] if "Path" in request else request.get("Names")
        if names:
            return parameter_arn(names[0], region, account_id)
    if service == "scheduler" and path.startswith("/schedules/"):
        group = json_body(body).get("GroupName") or query_params.get("groupName") or "default"
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
        return _log_group(arn, headers.get("x-amz-target", "").rpartition(".")[2], json_body(body))
    return arn


def _qualified(function: str, qualifier: str) -> str:
    return f"{function}:{qualifier}" if qualifier and function.count(":") == FUNCTION_COLONS else function


def _log_group(arn: str, operation: str, request: dict) -> str:
    if "logGroupName" not in request or operation in TAG_OPERATIONS:
        return arn
    return f"{arn}:log-stream:{request.get('logStreamName', '')}"


def parameter_arn(name: str, region: str, account_id: str) -> str:
    """The ARN of a parameter of Parameter Store."""
    return f"arn:aws:ssm:{region}:{account_id}:parameter/{name.lstrip('/')}"
