"""Leaves a function's tags out of GetFunction's response without lambda:ListTags.

The response has TagsError in their place. The request doesn't fail: a refresh by a role without that permission finds no
tags, and Terraform's provider plans to add them.
"""

import json

from ministack import app
from ministack.core import iam_evaluator, router
from ministack.core.responses import get_region

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.iam.authorization import Request


def install() -> None:
    patching.extend_entry(app.SERVICE_HANDLERS, "lambda", _functions)


async def _functions(original, method, path, headers, body, query_params):
    response = await original(method, path, headers, body, query_params)
    request = Request("lambda", method, path, headers, body, query_params)
    if response[0] != 200 or request.action != "lambda:GetFunction":
        return response
    function = ":".join(request.resource.split(":")[:7])
    key = router.extract_access_key_id(headers, query_params)
    if iam_evaluator.enforce(key, "lambda:ListTags", "lambda", get_region(), resource_arn=function) is None:
        return response
    found = json.loads(response[2])
    found.pop("Tags", None)
    found["TagsError"] = {"ErrorCode": "AccessDeniedException", "Message": "Not authorized to perform lambda:ListTags"}
    return (response[0], response[1], json.dumps(found).encode())
