"""Leaves members out of responses that the request left out.

ministack fills some in where AWS does not. Terraform's provider takes each for a change to undo, so that a second
deployment of an unchanged stack would have changes.
"""

import json

from ministack.services import apigateway, cloudfront, lambda_svc

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(apigateway, "_create_authorizer", _authorizer_without_jwt)
    patching.extend(cloudfront, "_build_rhp_config_xml", _policy_without_empty_blocks)
    patching.extend(lambda_svc, "_put_event_invoke_config", _invoke_config_without_age)


def _authorizer_without_jwt(original, api_id, data):
    status, headers, body = original(api_id, data)
    if status != 201 or "jwtConfiguration" in data:
        return status, headers, body
    authorizer = apigateway._authorizers[api_id][json.loads(body)["authorizerId"]]
    authorizer.pop("jwtConfiguration")
    return apigateway._apigw_response(authorizer, status)


def _policy_without_empty_blocks(original, parent, cfg):
    original(parent, cfg)
    for tag in ("CustomHeadersConfig", "RemoveHeadersConfig"):
        block = parent.find(tag)
        if block.findtext("Quantity") == "0":
            parent.remove(block)


def _invoke_config_without_age(original, func_name, qualifier, data):
    status, headers, body = original(func_name, qualifier, data)
    if status != 200 or "MaximumEventAgeInSeconds" in data:
        return status, headers, body
    config = lambda_svc._event_invoke_config(lambda_svc._functions[func_name], qualifier)
    config.pop("MaximumEventAgeInSeconds")
    return lambda_svc.json_response(config)
