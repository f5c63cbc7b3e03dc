"""Checks stages of REST APIs as API Gateway does, and keeps their tags and those of APIs in one place.

ministack stores any patch. AWS knows the paths of patches, and logs only for an account with a role for CloudWatch Logs,
which an account has none of at first: it is one setting for all stages of a Region.
"""

import re

from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest import authorizers
from gatehouse_cloud.fidelity.apigateway.rest.imports import refused

NAME = re.compile(r"^[A-Za-z0-9_-]{1,128}$")
LEVELS = ("OFF", "ERROR", "INFO")
NO_ROLE = "CloudWatch Logs role ARN must be set in account settings to enable logging"
# A method's settings: /PATH/METHOD/SETTING, with the slashes of the path as ~1.
SETTING = re.compile(
    r"^/(?P<path>[^/]+)/(?P<method>\*|[A-Z]+)/(?P<setting>metrics/enabled|logging/(?:loglevel|dataTrace)"
    r"|throttling/(?:burstLimit|rateLimit)|caching/(?:enabled|ttlInSeconds|dataEncrypted"
    r"|requireAuthorizationForCacheControl|unauthorizedCacheControlHeaderStrategy))$"
)
METHOD = re.compile(r"^/(?P<path>[^/]+)/(?P<method>\*|[A-Z]+)$")
PATHS = (
    "/accessLogSettings", "/accessLogSettings/destinationArn", "/accessLogSettings/format", "/cacheClusterEnabled",
    "/cacheClusterSize", "/clientCertificateId", "/deploymentId", "/description", "/documentationVersion",
    "/tracingEnabled",
)  # fmt: skip


def install() -> None:
    patching.extend(v1, "_create_stage", _create)
    patching.extend(v1, "_update_stage", _update)
    patching.extend(v1, "_delete_stage", _delete)
    patching.extend(v1, "_deploy_to_stage", _deploy)
    patching.extend(v1, "_tag_v1_resource", _tag)
    patching.extend(v1, "_untag_v1_resource", _untag)


def _create(original, api_id, data):
    name = data.get("stageName", "")
    if api_id in v1._rest_apis:
        if not NAME.match(name):
            return refused("Stage name only allows a-zA-Z0-9_-")
        if name in v1._stages_v1.get(api_id, {}):
            return v1._v1_error("ConflictException", "Stage already exists", 409)
        if data.get("deploymentId") not in v1._deployments_v1.get(api_id, {}):
            return refused("Deployment id does not exist")
    response = original(api_id, data)
    if response[0] != 201:
        return response
    v1._v1_tags[_arn(api_id, name)] = dict(data.get("tags") or {})
    return v1._v1_response(_without_empty_log(v1._stages_v1[api_id][name]), 201)


def _deploy(original, api_id, deployment_id, stage_name, description, variables):
    return _without_empty_log(original(api_id, deployment_id, stage_name, description, variables))


def _without_empty_log(stage: dict) -> dict:
    """Drop the settings of an access log that a stage doesn't have; Terraform's provider takes them for a change."""
    if not stage.get("accessLogSettings"):
        stage.pop("accessLogSettings", None)
    return stage


def _update(original, api_id, stage_name, data):
    stage = v1._stages_v1.get(api_id, {}).get(stage_name)
    for patch in data.get("patchOperations", []) if stage else []:
        if problem := _problem(api_id, patch):
            return refused(problem)
    return original(api_id, stage_name, data)


def _problem(api_id: str, patch: dict) -> str | None:
    path, value = patch.get("path", ""), str(patch.get("value", ""))
    removes = patch.get("op") == "remove"
    if path == "/deploymentId":
        return None if value in v1._deployments_v1.get(api_id, {}) else "Deployment id does not exist"
    if path in PATHS:
        return NO_ROLE if path.startswith("/accessLogSettings") and not removes and not _has_role() else None
    if re.match(r"^/variables/[A-Za-z0-9_]+$", path):
        return None
    found = SETTING.match(path) or (METHOD.match(path) if removes else None)
    if not found:
        return f"Invalid method setting path: {path}. Must be one of: {', '.join(PATHS)}, /variables/{{variable_name}} or {SETTING.pattern}"
    if not _exists(api_id, found["path"].replace("~1", "/"), found["method"]):
        return f"Invalid method setting path: {path}: there is no such method"
    return None if removes else _value_problem(found["setting"], value)


def _value_problem(setting: str, value: str) -> str | None:
    if setting == "logging/loglevel":
        if value not in LEVELS:
            return f"Invalid logging level '{value}'. Must be one of: {', '.join(LEVELS)}"
        return NO_ROLE if value != "OFF" and not _has_role() else None
    if setting == "logging/dataTrace":
        return NO_ROLE if value == "true" and not _has_role() else None
    if setting.startswith("throttling/") and not re.match(r"^-?\d+(\.\d+)?$", value):
        return f"Invalid value '{value}' of {setting}"
    return None


def _exists(api_id: str, path: str, method: str) -> bool:
    if path == "*":
        return method == "*"
    for resource in v1._resources.get(api_id, {}).values():
        if resource["path"] == f"/{path.lstrip('/')}":
            return method == "*" or method in resource["resourceMethods"] or "ANY" in resource["resourceMethods"]
    return False


def _has_role() -> bool:
    return bool((v1._account_settings.get("settings") or {}).get("cloudwatchRoleArn"))


def _delete(original, api_id, stage_name):
    v1._v1_tags.pop(_arn(api_id, stage_name), None)
    authorizers.forget(api_id, stage_name)
    return original(api_id, stage_name)


def _arn(api_id: str, stage: str) -> str:
    return f"{v1._rest_api_arn(api_id)}/stages/{stage}"


def _tag(original, resource_arn, data):
    response = original(resource_arn, data)
    _show_tags(resource_arn)
    return response


def _untag(original, resource_arn, tag_keys):
    response = original(resource_arn, tag_keys)
    _show_tags(resource_arn)
    return response


def _show_tags(arn: str) -> None:
    """Return the tags of an API or a stage with it, as they are now."""
    parts = arn.rpartition(":")[2].strip("/").split("/")
    tags = v1._v1_tags.get(arn)
    if tags is None or parts[0] != "restapis":
        return
    shown = v1._rest_apis.get(parts[1]) if len(parts) == 2 else v1._stages_v1.get(parts[1], {}).get(parts[-1])
    if shown is not None:
        shown["tags"] = dict(tags)
