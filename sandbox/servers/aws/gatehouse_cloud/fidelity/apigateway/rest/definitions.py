"""Reads OpenAPI definitions of REST APIs, with the errors and warnings that API Gateway has for them.

Only OpenAPI 3.0 is read. An error refuses the definition; warnings refuse it with failonwarnings alone, and without that
what they are about is left out: so a method loses its authorizer unnoticed on AWS. The security of the
definition's root isn't honoured: an operation without its own is open.
"""

import re
from dataclasses import dataclass, field

from ministack.services import apigateway_v1 as v1

from gatehouse_cloud.fidelity.apigateway.rest import authorizer_settings, integrations

EXTENSION = "x-amazon-apigateway-"
ANY_METHOD = f"{EXTENSION}any-method"
METHODS = {
    **{name: name.upper() for name in ("get", "put", "post", "delete", "options", "head", "patch")},
    ANY_METHOD: "ANY",
}
# The members of a path beside its methods.
PATH_MEMBERS = ("$ref", "summary", "description", "servers", "parameters")
PATH_PART = re.compile(r"^(?:[A-Za-z0-9._:-]+|\{[A-Za-z0-9._:-]+\+?\})$")
INTEGRATION_MEMBERS = (
    "cacheKeyParameters", "cacheNamespace", "connectionId", "connectionType", "contentHandling", "credentials",
    "httpMethod", "integrationTarget", "passthroughBehavior", "requestParameters", "requestTemplates", "responses",
    "responseTransferMode", "timeoutInMillis", "tlsConfig", "type", "uri",
)  # fmt: skip
# The extensions of a definition's root: those that become settings of the API, by setting, and the others.
SETTINGS = {
    f"{EXTENSION}api-key-source": "apiKeySource",
    f"{EXTENSION}binary-media-types": "binaryMediaTypes",
    f"{EXTENSION}minimum-compression-size": "minimumCompressionSize",
    f"{EXTENSION}policy": "policy",
}
ROOT = (f"{EXTENSION}documentation", f"{EXTENSION}gateway-responses", f"{EXTENSION}importexport-version")


@dataclass
class Method:
    """A method at a path."""

    path: str
    name: str
    integration: dict | None
    authorizer: str = ""  # its name; empty for none
    authorization: str = "NONE"
    api_key: bool = False
    operation: str = ""


@dataclass
class Definition:
    """What a definition declares."""

    name: str = ""
    version: str = ""
    description: str = ""
    settings: dict = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    methods: list[Method] = field(default_factory=list)
    authorizers: dict[str, dict] = field(default_factory=dict)
    gateway_responses: dict[str, dict] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read(document) -> Definition:
    """Read a parsed document."""
    found = Definition()
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    if not re.match(r"^3\.0\.\d+$", version):
        found.errors.append("Invalid OpenAPI input.")
        return found
    info = _object(document.get("info"))
    for name in ("title", "version"):
        if not info.get(name):
            found.warnings.append(f"Parse issue: attribute info.{name} is missing")
    found.name, found.version = str(info.get("title") or ""), str(info.get("version") or "")
    found.description = str(info.get("description") or "")
    found.settings = {setting: document[name] for name, setting in SETTINGS.items() if name in document}
    for name in document:
        if name.startswith(EXTENSION) and name not in SETTINGS and name not in ROOT:
            found.warnings.append(f"Parse issue: extension {name} is not supported")
    schemes = _read_schemes(found, _object(_object(document.get("components")).get("securitySchemes")))
    _read_paths(found, document.get("paths"), schemes)
    _read_gateway_responses(found, _object(document.get(f"{EXTENSION}gateway-responses")))
    return found


def _object(value) -> dict:
    return value if isinstance(value, dict) else {}


@dataclass
class _Scheme:
    """What a method gets of a security scheme."""

    authorization: str = "NONE"
    authorizer: str = ""
    api_key: bool = False
    refused: bool = False  # methods with it aren't made


def _read_schemes(found: Definition, schemes: dict) -> dict[str, _Scheme]:
    return {name: _scheme(found, name, _object(scheme)) for name, scheme in schemes.items()}


def _scheme(found: Definition, name: str, scheme: dict) -> _Scheme:
    kind = str(scheme.get(f"{EXTENSION}authtype") or "").lower()
    extension = scheme.get(f"{EXTENSION}authorizer")
    if kind == "awssigv4":
        return _Scheme(authorization="AWS_IAM")
    if not kind and extension is None:
        return _Scheme(api_key=scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key")
    if not kind or not isinstance(extension, dict):
        missing = f"{EXTENSION}authtype" if isinstance(extension, dict) else f"{EXTENSION}authorizer"
        found.warnings.append(
            f"Unable to create authorizer from security definition: '{name}'. Extension {missing} is required. Any "
            f"methods with security: '{name}' will not be created."
        )
        return _Scheme(refused=True)
    authorizer = {
        "name": name,
        "authType": kind,
        "type": str(extension.get("type") or "").upper(),
        **{
            member: extension[member]
            for member in ("authorizerUri", "authorizerCredentials", "providerARNs")
            if member in extension
        },
        "authorizerResultTtlInSeconds": extension.get("authorizerResultTtlInSeconds", authorizer_settings.DEFAULT_TTL),
        "identityValidationExpression": extension.get("identityValidationExpression", ""),
        "identitySource": extension.get("identitySource", ""),
    }
    if authorizer["type"] == "TOKEN" and not authorizer["identitySource"]:
        authorizer["identitySource"] = f"method.request.header.{scheme.get('name', 'Authorization')}"
    if problem := authorizer_settings.problem(authorizer):
        found.errors.append(f"Unable to create authorizer '{name}': {problem}")
        return _Scheme(refused=True)
    found.authorizers[name] = authorizer
    cognito = authorizer["type"] == "COGNITO_USER_POOLS"
    return _Scheme(authorization=authorizer["type"] if cognito else "CUSTOM", authorizer=name)


def _read_paths(found: Definition, paths, schemes: dict[str, _Scheme]) -> None:
    if not isinstance(paths, dict):
        found.warnings.append("Parse issue: attribute paths is missing")
        return
    for path, members in paths.items():
        if problem := _path_problem(path, found.paths):
            found.errors.append(f"Unable to create resource at path '{path}': {problem}")
            continue
        found.paths.append(path)
        for name, operation in _object(members).items():
            if name in METHODS:
                _read_operation(found, path, METHODS[name], _object(operation), schemes)
            elif name not in PATH_MEMBERS:
                found.warnings.append(f"Parse issue: attribute paths.'{path}'({name}) is unexpected")


def _path_problem(path: str, others: list[str]) -> str | None:
    if not path.startswith("/"):
        return "Resource paths must start with /"
    parts = parts_of(path)
    for part in parts:
        if not PATH_PART.match(part):
            return (
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the "
                "beginning and the end."
            )
    if any(part.endswith("+}") for part in parts[:-1]):
        return "Cannot create a child of a resource with a greedy path variable"
    for other in map(parts_of, others):
        for depth, part in enumerate(parts[: len(other)]):
            there = other[depth]
            if other[:depth] == parts[:depth] and part != there and part[0] == there[0] == "{":
                return (
                    f"A sibling ({there}) of this resource already has a variable path part -- only one unique variable "
                    "path part is allowed"
                )
    return None


def parts_of(path: str) -> list[str]:
    """Return the parts of a path."""
    return [part for part in path.split("/") if part]


def _read_operation(found: Definition, path: str, method: str, operation: dict, schemes: dict[str, _Scheme]) -> None:
    if not operation.get("responses"):
        shown = "x-amazon-apigateway-any-method" if method == "ANY" else method.lower()
        found.warnings.append(f"Parse issue: attribute paths.'{path}'({shown}).responses is missing")
    made = Method(
        path, method, _read_integration(found, path, method, operation), operation=operation.get("operationId", "")
    )
    for requirement in operation.get("security") or []:
        for name in _object(requirement):
            scheme = schemes.get(name)
            if scheme is None:
                found.warnings.append(
                    f"Unable to find security definition '{name}' of method '{method}' for resource at path '{path}'"
                )
            elif scheme.refused:
                return
            elif scheme.api_key:
                made.api_key = True
            elif made.authorization != "NONE":
                found.warnings.append(f"Method '{method}' for resource at path '{path}' has more than one authorizer")
            else:
                made.authorization, made.authorizer = scheme.authorization, scheme.authorizer
    found.methods.append(made)


def _read_integration(found: Definition, path: str, method: str, operation: dict) -> dict | None:
    extension = operation.get(f"{EXTENSION}integration")
    if not isinstance(extension, dict):
        return None
    at = f"on '{method}' for resource at path '{path}'"
    for name in extension:
        if name not in INTEGRATION_MEMBERS:
            found.warnings.append(f"Parse issue: the integration {at} has the unexpected attribute {name}")
    integration = {
        name: value for name, value in extension.items() if name in INTEGRATION_MEMBERS and name != "responses"
    }
    for name in ("type", "passthroughBehavior", "httpMethod", "connectionType", "contentHandling"):
        if isinstance(integration.get(name), str):
            integration[name] = integration[name].upper()
    if problem := integrations.problem(integration):
        found.errors.append(f"Unable to put integration {at}: {problem}")
    integration["responses"] = _object(extension.get("responses"))
    return integration


def _read_gateway_responses(found: Definition, responses: dict) -> None:
    for name, response in responses.items():
        given = _object(response)
        status = str(given.get("statusCode") or "")
        if name not in v1._GATEWAY_RESPONSE_TYPES:
            found.errors.append(f"Unable to put gateway response '{name}': Invalid gateway response type: {name}")
        elif status and not re.fullmatch(r"[1-5]\d\d", status):
            found.errors.append(f"Unable to put gateway response '{name}': Invalid status code specified")
        else:
            found.gateway_responses[name] = given
            _check_parameters(found, name, _object(given.get("responseParameters")))


def _check_parameters(found: Definition, name: str, parameters: dict) -> None:
    for destination, source in parameters.items():
        static = isinstance(source, str) and len(source) > 1 and source[0] == source[-1] == "'"
        mapped = isinstance(source, str) and re.match(
            r"^(method\.request\.(header|querystring|path)|stageVariables|context)\.\S+$", source
        )
        if not re.match(r"^gatewayresponse\.header\.[A-Za-z0-9-]+$", destination) or not (static or mapped):
            found.errors.append(
                f"Unable to put gateway response '{name}': Invalid mapping expression specified: {destination}: {source}"
            )
