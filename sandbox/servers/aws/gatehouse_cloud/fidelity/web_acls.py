"""Adds WAF's logging configurations, and keeps all members of web ACLs.

ministack has no logging configurations. Of an update of a web ACL it stores the rules and little else, which Terraform's
provider would take for a change to make again.
"""

import json
import re

from ministack.core.responses import error_response_json, json_response
from ministack.services import waf

from gatehouse_cloud import patching

# The names that AWS accepts for a destination.
DESTINATION = re.compile(
    r"^arn:aws:(logs:[^:]+:\d+:log-group:aws-waf-logs-[^:]+|s3:::aws-waf-logs-.+|firehose:.*/aws-waf-logs-.+)$"
)
UPDATED = (
    "AssociationConfig",
    "CaptchaConfig",
    "ChallengeConfig",
    "CustomResponseBodies",
    "DataProtectionConfig",
    "Description",
    "OnSourceDDoSProtectionConfig",
    "TokenDomains",
)


def install() -> None:
    configurations: dict[str, dict] = {}  # by the web ACL's ARN

    def put(data):
        configuration = data["LoggingConfiguration"]
        acl, refusal = waf._resolve_local_web_acl(configuration["ResourceArn"])
        if refusal:
            return refusal
        if not all(DESTINATION.match(arn) for arn in configuration["LogDestinationConfigs"]):
            return _error(
                "WAFLogDestinationPermissionIssueException", "The name of a destination starts with aws-waf-logs-."
            )
        configurations[acl["ARN"]] = {
            "LogScope": "CUSTOMER",
            "LogType": "WAF_LOGS",
            "ManagedByFirewallManager": False,
            **configuration,
        }
        return json_response({"LoggingConfiguration": configurations[acl["ARN"]]})

    def get(data):
        if data["ResourceArn"] not in configurations:
            return _error("WAFNonexistentItemException", "The web ACL has no logging configuration.")
        return json_response({"LoggingConfiguration": configurations[data["ResourceArn"]]})

    def delete(data):
        response = get(data)
        configurations.pop(data["ResourceArn"], None)
        return response if response[0] != 200 else json_response({})

    actions = {"PutLoggingConfiguration": put, "GetLoggingConfiguration": get, "DeleteLoggingConfiguration": delete}

    async def handle(original, method, path, headers, body, query_params):
        action = actions.get(headers.get("x-amz-target", "").rpartition(".")[2])
        return action(json.loads(body)) if action else await original(method, path, headers, body, query_params)

    def delete_acl(original, uid, scope):
        if acl := waf.web_acl_record(uid, scope):
            configurations.pop(acl["ARN"], None)
        return original(uid, scope)

    patching.extend(waf, "handle_request", handle)
    patching.extend(waf, "create_web_acl_record", _create)
    patching.extend(waf, "_update_web_acl", _update)
    patching.extend(waf, "delete_web_acl_record", delete_acl)


def _create(original, name, scope, props):
    uid, arn, acl = original(name, scope, props)
    _keep(acl, props)
    return uid, arn, acl


def _update(original, data):
    response = original(data)
    if response[0] == 200:
        _keep(waf.web_acl_record(data["Id"], data["Scope"]), data)
    return response


def _keep(acl: dict, given: dict) -> None:
    """Store the members given. An update replaces all of a web ACL: members that it leaves out are removed."""
    for name in UPDATED:
        acl.pop(name, None)
        if given.get(name):
            acl[name] = given[name]


def _error(code: str, text: str) -> tuple:
    return error_response_json(code, text, 400)
