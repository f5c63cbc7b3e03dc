"""Changes the settings of REST APIs as API Gateway does.

The values of patches are strings. ministack stores them as they come, and makes objects of lists, so that a disabled
endpoint that is enabled again stays disabled, and the SDKs can't read the API.
"""

from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest.imports import refused
from gatehouse_cloud.fidelity.apigateway.rest.limits import IDLE_SECONDS

TEXTS = ("/apiKeySource", "/description", "/name", "/policy")
NUMBER, SWITCH = "/minimumCompressionSize", "/disableExecuteApiEndpoint"
# Lists: the last part of the path is the element.
TYPES, MEDIA = "/endpointConfiguration/types/", "/binaryMediaTypes/"
LARGEST_COMPRESSION_SIZE = 10_485_760


def install() -> None:
    patching.extend(v1, "_update_rest_api", _update)


def _update(original, api_id, data):
    api = v1._rest_apis.get(api_id)
    patches = data.get("patchOperations", []) if api else []
    for patch in patches:
        if problem := _problem(patch):
            return refused(problem)
    response = original(api_id, {"patchOperations": [patch for patch in patches if patch["path"] in TEXTS]})
    if response[0] != 200:
        return response
    for patch in patches:
        _apply(api, patch)
    return v1._v1_response(v1._rest_api_view(api))


def _problem(patch: dict) -> str | None:
    path, value = patch.get("path", ""), str(patch.get("value") or "")
    if path == SWITCH:
        return None if value in ("true", "false") else f"Invalid value '{value}' of {path}"
    if path == NUMBER:
        return (
            None
            if not value or (value.isdigit() and int(value) <= LARGEST_COMPRESSION_SIZE)
            else "Invalid minimum compression size"
        )
    if path.startswith(TYPES):
        return None if value in IDLE_SECONDS else f"Invalid endpoint type: {value}"
    if path in TEXTS or path.startswith(MEDIA):
        return None
    return f"Invalid patch path '{path}' specified for op '{patch.get('op')}'"


def _apply(api: dict, patch: dict) -> None:
    path, value = patch["path"], patch.get("value")
    if path == SWITCH:
        api["disableExecuteApiEndpoint"] = value == "true"
    elif path == NUMBER:
        api["minimumCompressionSize"] = int(value) if value else None
    elif path.startswith(TYPES):
        api["endpointConfiguration"] = {**api["endpointConfiguration"], "types": [value]}
    elif path.startswith(MEDIA):
        kind = path.removeprefix(MEDIA).replace("~1", "/")
        others = [one for one in api["binaryMediaTypes"] if one != kind]
        api["binaryMediaTypes"] = others if patch.get("op") == "remove" else [*others, kind]
