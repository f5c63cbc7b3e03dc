"""Imports definitions of REST APIs: PutRestApi and ImportRestApi, and checks what is put one by one.

ministack has no PutRestApi, with which Terraform's provider sets the body of an API, and its import leaves out the
transfer mode, the timeout, ANY methods and gateway responses. Here a definition is checked whole before anything is
changed. An overwritten resource or authorizer keeps its id.
"""

import copy
import json

import yaml
from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest import authorizer_settings, definitions, integrations

MODES = ("merge", "overwrite")


def install() -> None:
    patching.extend(v1, "handle_request", _request)
    patching.extend(v1, "_create_rest_api", _create_rest_api)
    patching.extend(v1, "_put_integration", _put_integration)
    patching.extend(v1, "_update_integration", _update_integration)
    patching.extend(v1, "_create_authorizer", _create_authorizer)
    patching.extend(v1, "_update_authorizer", _update_authorizer)


def refused(message: str) -> tuple:
    """Return a BadRequestException."""
    return v1._v1_error("BadRequestException", message, 400)


async def _request(original, method, path, headers, body, query_params):
    parts = [part for part in path.split("/") if part]
    if method == "PUT" and len(parts) == 2 and parts[0] == "restapis":
        return _put_rest_api(parts[1], body, query_params)
    if method == "POST" and parts == ["restapis"] and v1._qp(query_params, "mode") == "import":
        return _import_rest_api(body, query_params)
    return await original(method, path, headers, body, query_params)


def _put_rest_api(api_id: str, body: bytes, query_params: dict) -> tuple:
    if api_id not in v1._rest_apis:
        return v1._v1_error("NotFoundException", "Invalid API identifier specified", 404)
    mode = v1._qp(query_params, "mode", "merge")
    if mode not in MODES:
        return refused(f"Invalid mode specified: {mode}. Must be one of merge or overwrite")
    definition, refusal = _read(body, query_params)
    if refusal:
        return refusal
    if mode == "overwrite":
        _clear(api_id, definition)
    _apply(api_id, definition)
    return _described(api_id, definition, 200)


def _import_rest_api(body: bytes, query_params: dict) -> tuple:
    definition, refusal = _read(body, query_params)
    if refusal:
        return refusal
    types = v1._qp(query_params, "endpointConfigurationTypes", "EDGE")
    created = v1._create_rest_api({"name": definition.name or "unnamed", "endpointConfiguration": {"types": [types]}})
    api_id = json.loads(created[2])["id"]
    _apply(api_id, definition)
    return _described(api_id, definition, 201)


def _read(body: bytes, query_params: dict) -> tuple[definitions.Definition, tuple | None]:
    definition = definitions.read(_parse(body))
    if definition.errors:
        return definition, refused(_listed("Errors found during import:", definition.errors))
    if str(v1._qp(query_params, "failonwarnings", "false")).lower() == "true" and definition.warnings:
        return definition, refused(_listed("Warnings found during import:", definition.warnings))
    return definition, None


def _parse(body: bytes):
    try:
        return json.loads(body)
    except ValueError:
        try:
            return yaml.safe_load(body)
        except (yaml.YAMLError, UnicodeDecodeError):
            return None


def _listed(title: str, problems: list[str]) -> str:
    return "\n\t".join([title, *problems])


def _described(api_id: str, definition: definitions.Definition, status: int) -> tuple:
    described = v1._rest_api_view(v1._rest_apis[api_id])
    if definition.warnings:
        described["warnings"] = definition.warnings
    return v1._v1_response(described, status)


def _clear(api_id: str, definition: definitions.Definition) -> None:
    """Remove what the definition doesn't have."""
    kept = {"/"}
    for path in definition.paths:
        parts = definitions.parts_of(path)
        kept.update("/" + "/".join(parts[: depth + 1]) for depth in range(len(parts)))
    resources = v1._resources[api_id]
    for identity, resource in list(resources.items()):
        resource["resourceMethods"] = {}
        if resource["path"] not in kept:
            del resources[identity]
    authorizers = v1._authorizers_v1[api_id]
    for identity, authorizer in list(authorizers.items()):
        if authorizer["name"] not in definition.authorizers:
            del authorizers[identity]
    for store in (v1._gateway_responses, v1._models, v1._documentation_parts):
        store[api_id] = {}
    v1._rest_apis[api_id].update(binaryMediaTypes=[], minimumCompressionSize=None, policy=None)


def _apply(api_id: str, definition: definitions.Definition) -> None:
    api = v1._rest_apis[api_id]
    named = {"name": definition.name, "version": definition.version, "description": definition.description}
    api.update({name: value for name, value in named.items() if value})
    api.update(copy.deepcopy(definition.settings))
    authorizers = {name: _put_authorizer(api_id, authorizer) for name, authorizer in definition.authorizers.items()}
    for path in definition.paths:
        _resource(api_id, path)
    for method in definition.methods:
        _put_method(api_id, method, authorizers)
    for name, response in definition.gateway_responses.items():
        v1._put_gateway_response(api_id, name, response)


def _put_authorizer(api_id: str, settings: dict) -> str:
    existing = v1._authorizers_v1[api_id]
    identity = next((one for one, authorizer in existing.items() if authorizer["name"] == settings["name"]), None)
    created = json.loads(v1._create_authorizer(api_id, settings)[2])
    if identity is None:
        return created["id"]
    existing[identity] = {**existing.pop(created["id"]), "id": identity}
    return identity


def _resource(api_id: str, path: str) -> str:
    """Return the id of the resource at a path; make it and those above it."""
    resources = v1._resources[api_id]
    current = next(identity for identity, resource in resources.items() if resource["path"] == "/")
    for part in definitions.parts_of(path):
        below = (
            identity
            for identity, resource in resources.items()
            if (resource["parentId"], resource["pathPart"]) == (current, part)
        )
        found = next(below, None)
        current = found or json.loads(v1._create_resource(api_id, current, {"pathPart": part})[2])["id"]
    return current


def _put_method(api_id: str, method: definitions.Method, authorizers: dict[str, str]) -> None:
    resource = _resource(api_id, method.path)
    v1._put_method(
        api_id,
        resource,
        method.name,
        {
            "authorizationType": method.authorization,
            "authorizerId": authorizers.get(method.authorizer),
            "apiKeyRequired": method.api_key,
            "operationName": method.operation,
        },
    )
    if method.integration is None:
        return
    v1._put_integration(api_id, resource, method.name, method.integration)
    for pattern, response in method.integration["responses"].items():
        selection = {} if pattern == "default" else {"selectionPattern": pattern}
        status = str(response.get("statusCode", "200"))
        v1._put_integration_response(api_id, resource, method.name, status, {**response, **selection})


def _create_rest_api(original, data):
    # AWS's endpoints are edge-optimized where a request doesn't say; ministack's are regional.
    return original({"endpointConfiguration": {"types": ["EDGE"]}, **data})


def _put_integration(original, api_id, resource_id, http_method, data):
    if problem := integrations.problem(data):
        return refused(problem)
    response = original(api_id, resource_id, http_method, data)
    if response[0] != 201:
        return response
    integration = v1._resources[api_id][resource_id]["resourceMethods"][http_method]["methodIntegration"]
    integration["responseTransferMode"] = data.get("responseTransferMode") or integrations.BUFFERED
    return v1._v1_response(integration, 201)


def _update_integration(original, api_id, resource_id, http_method, data):
    return _if_accepted(
        lambda: v1._get_integration(api_id, resource_id, http_method),
        data,
        integrations.problem,
        lambda: original(api_id, resource_id, http_method, data),
    )


def _create_authorizer(original, api_id, data):
    problem = authorizer_settings.problem(data)
    return refused(problem) if problem else original(api_id, data)


def _update_authorizer(original, api_id, auth_id, data):
    return _if_accepted(
        lambda: v1._get_authorizer(api_id, auth_id),
        data,
        authorizer_settings.problem,
        lambda: original(api_id, auth_id, data),
    )


# The members of an integration and an authorizer that are numbers; patches have strings.
NUMBERS = ("timeoutInMillis", "authorizerResultTtlInSeconds")


def _if_accepted(get, data: dict, problem_of, update) -> tuple:
    """Apply a patch only if what it makes is accepted."""
    found = get()
    if found[0] != 200:
        return found
    for patch in data.get("patchOperations", []):
        if patch.get("path", "").lstrip("/") in NUMBERS and str(patch.get("value", "")).isdigit():
            patch["value"] = int(patch["value"])
    patched = json.loads(found[2])
    v1._apply_patch(patched, data.get("patchOperations", []))
    problem = problem_of(patched)
    return refused(problem) if problem else update()
