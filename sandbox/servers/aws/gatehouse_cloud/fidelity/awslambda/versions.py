"""Completes the versions that are published with a function's creation or with new code.

ministack gives such a version the ARN of the function, without a version, and leaves it Pending, so that Lambda@Edge,
which requires a version, can't use it.
"""

import json

from ministack.core.responses import json_response
from ministack.services import lambda_svc

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(lambda_svc, "_create_function", lambda original, data: _published(original(data), data))
    patching.extend(lambda_svc, "_update_code", lambda original, name, data: _published(original(name, data), data))
    patching.extend(lambda_svc, "_list_versions", _list)


def _published(response: tuple, data: dict) -> tuple:
    if response[0] >= 300 or not data.get("Publish"):
        return response
    made = json.loads(response[2])
    version = lambda_svc._functions[made["FunctionName"]]["versions"][made["Version"]]["config"]
    version.update(FunctionArn=f"{lambda_svc._func_arn(made['FunctionName'])}:{made['Version']}", State="Active")
    return response


def _list(original, name, query_params):
    status, headers, body = original(name, query_params)
    if status != 200:
        return status, headers, body
    listed = json.loads(body)
    for version in listed["Versions"]:
        if version["Version"] == "$LATEST":
            version["FunctionArn"] += ":$LATEST"
    return json_response(listed)
