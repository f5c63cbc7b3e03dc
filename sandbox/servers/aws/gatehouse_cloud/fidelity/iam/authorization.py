"""Makes AWS's additional checks of a request, beside the check of the operation itself.

ministack authorizes a request once. AWS authorizes some more than once: on each resource that they name, as the tag
action of what they create, as iam:PassRole for a service, as the request of another service on the caller's behalf.
tag_on_create.py, ec2_resources.py and delegated.py have the rules.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.core.responses import get_account_id, get_region

from gatehouse_cloud import patching

# Before the number of a tag in the parameters of a form, for most services and for EC2.
FORM_TAGS = "Tags.member."
EC2_TAGS = "TagSpecification.1.Tag."


@dataclass
class Check:
    """One more permission that the caller must have."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)
    # The response in place of "is not authorized to perform", where AWS has another one: status, code and message.
    refusal: tuple[int, str, str] | None = None


@dataclass
class Request:
    """A request, with what rules read of it."""

    service: str
    method: str
    path: str
    headers: dict
    body: bytes
    query: dict

    @cached_property
    def params(self) -> dict:
        """The parameters of the query and of a form."""
        return app._routing_params(self.method, self.path, self.headers, self.body, self.query)

    @cached_property
    def action(self) -> str:
        """The action of ministack's own check, with the service's prefix."""
        found = iam_actions.extract_iam_action(
            self.service, self.method, self.path, self.headers, self.body, self.params
        )
        return found or ""

    @cached_property
    def resource(self) -> str:
        """The resource of ministack's own check."""
        return iam_actions.extract_resource_arn(
            self.service, self.method, self.path, self.headers, self.body, self.params, get_region(), get_account_id()
        )

    @cached_property
    def json(self) -> dict:
        """The body of a request in JSON."""
        return json_body(self.body)

    def param(self, name: str) -> str:
        """Return a parameter, or an empty string."""
        return iam_actions._query_param(self.params, name)

    def listed(self, name: str) -> list[str]:
        """Return the parameters name.1, name.2 and so on."""
        found = []
        while value := self.param(f"{name}.{len(found) + 1}"):
            found.append(value)
        return found

    @cached_property
    def tags(self) -> dict[str, Any]:
        """The condition keys of its tags: aws:RequestTag and aws:TagKeys."""
        found = iam_actions.request_tag_context(self.service, self.action, self.body, self.params)
        tags = {
            key: value for key, value in found.items() if key.lower().startswith(("aws:requesttag/", "aws:tagkeys"))
        }
        if tags:
            return tags
        # For services of which ministack doesn't know that requests have tags.
        given = self.json.get("Tags") or self.json.get("tags") or form_tags(self.params, FORM_TAGS)
        pairs = given if isinstance(given, dict) else {tag["Key"]: tag["Value"] for tag in given}
        if not pairs:
            return {}
        return {**{f"aws:RequestTag/{key}": value for key, value in pairs.items()}, "aws:TagKeys": list(pairs)}

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the request's account and region."""
        return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def form_tags(params: dict, prefix: str) -> dict[str, str]:
    """Return the tags among a form's parameters: PREFIX1.Key, PREFIX1.Value and so on."""
    param = iam_actions._query_param
    keys = [name for name in params if name.startswith(prefix) and name.endswith(".Key")]
    return {param(params, name): param(params, name.removesuffix("Key") + "Value") for name in keys}


def json_body(body: bytes | None) -> dict:
    """Return a body as a JSON object; an empty one for any other body."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


Rule = Callable[[Request], Iterator[Check]]
_rules: dict[str, list[Rule]] = {}


def add(service: str, rule: Rule) -> None:
    """Apply a rule to each request to a service."""
    if service not in _rules:
        _rules[service] = []
        patching.extend_entry(app.SERVICE_HANDLERS, service, _checked(service))
    _rules[service].append(rule)


def _checked(service: str):
    async def handle(original, method, path, headers, body, query_params):
        request = Request(service, method, path, headers, body, query_params)
        for rule in _rules[service]:
            for check in rule(request):
                if refusal := _refusal(request, check):
                    return refusal
        return await original(method, path, headers, body, query_params)

    return handle


def _refusal(request: Request, check: Check) -> tuple | None:
    key = router.extract_access_key_id(request.headers, request.query)
    denied = iam_evaluator.enforce(
        key,
        check.action,
        check.action.partition(":")[0],
        get_region(),
        resource_arn=check.resource,
        service_context=check.context,
    )
    if denied is None or isinstance(denied, iam_evaluator.AuthError):
        return None  # ministack has authenticated the request
    status, code, message = check.refusal or (0, "", _denial(denied, check))
    response = iam_actions.access_denied_response(
        request.service,
        check.action,
        denied.principal_arn,
        str(uuid.uuid4()),
        error_code=code,
        message=message,
        headers=request.headers,
        resource_arn=check.resource,
    )
    return (status or response[0], *response[1:])


def _denial(denied, check: Check) -> str:
    return iam_actions.identity_denial_message(
        check.action, denied.principal_arn, check.resource, denied.decision == "Deny"
    )
