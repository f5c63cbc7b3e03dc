"""Delays the effect of changes: of a role's or a user's permissions, and of the tags of KMS keys as a condition.

IAM is eventually consistent ("changes that I make are not always immediately visible"), and a change of a key's tags
takes up to five minutes to affect its authorization ("ABAC for AWS KMS"). AWS guarantees no time, and ministack has
no delay. Here the delay is a control; it applies to changes that are made while it is set.
"""

import json
import time

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id
from ministack.services import iam, kms, tagging

from gatehouse_cloud import patching

# Operations that change a principal's permissions, with the parameter that names it.
IAM_CHANGES = {
    f"{verb}{kind}{what}": f"{kind}Name"
    for kind in ("Role", "User")
    for verb, what in (("Put", "Policy"), ("Delete", "Policy"), ("Attach", "Policy"), ("Detach", "Policy"))
}
KEY_CHANGES = ("CreateKey", "TagResource", "UntagResource")


class Settling:
    """The delay of a change, and the changes that aren't in effect yet."""

    def __init__(self):
        self.seconds: float = 0
        self.actual_tags = tagging.resource_tags  # without the delay
        self._pending: dict[tuple[str, str], list[tuple[float, object]]] = {}

    def changed(self, kind: str, name: str, before: object) -> None:
        """Note a change, and the value before it."""
        if self.seconds:
            self._pending.setdefault((kind, name), []).append((time.monotonic() + self.seconds, before))

    def in_effect(self, kind: str, name: str, now: object) -> object:
        """Return the value before the oldest change that isn't in effect yet, or else the present one."""
        waiting = self._pending.get((kind, name))
        if not waiting:
            return now
        while waiting and waiting[0][0] <= time.monotonic():
            waiting.pop(0)
        return waiting[0][1] if waiting else now


def install(settling: Settling) -> None:
    gather = {"Role": iam_evaluator._gather_role_policies, "User": iam_evaluator._gather_user_policies}

    async def change(original, method, path, headers, body, query_params):
        params = app._routing_params(method, path, headers, body, query_params)
        kind = IAM_CHANGES.get(iam_actions._query_param(params, "Action"), "").removesuffix("Name")
        name = iam_actions._query_param(params, f"{kind}Name") if kind else ""
        before = gather[kind](name, get_account_id()) if name else None
        response = await original(method, path, headers, body, query_params)
        if name and response[0] == 200:
            settling.changed(kind, name, before)
        return response

    def role_policies(original, role_name, account_id):
        return settling.in_effect("Role", role_name, original(role_name, account_id))

    def user_policies(original, user_name, account_id):
        return settling.in_effect("User", user_name, original(user_name, account_id))

    async def key_change(original, method, path, headers, body, query_params):
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action not in KEY_CHANGES:
            return await original(method, path, headers, body, query_params)
        request = json.loads(body or b"{}")
        arn = (kms._resolve_key(request.get("KeyId", "")) or {}).get("Arn", "")
        before = tagging.resource_tags(arn) if arn else {}
        response = await original(method, path, headers, body, query_params)
        if response[0] == 200:
            arn = arn or json.loads(response[2])["KeyMetadata"]["Arn"]
            settling.changed("key", arn, before)
        return response

    def resource_tags(original, arn):
        return settling.in_effect("key", arn, original(arn))

    settling.actual_tags = tagging.resource_tags
    patching.extend(iam, "handle_request", change)
    patching.extend(iam_evaluator, "_gather_role_policies", role_policies)
    patching.extend(iam_evaluator, "_gather_user_policies", user_policies)
    patching.extend(kms, "handle_request", key_change)
    patching.extend(tagging, "resource_tags", resource_tags)
