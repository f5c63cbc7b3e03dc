"""Keeps all members of target groups and forward actions, and accepts a second equal request for a target group.

ministack drops a target group's protocol version, for which Terraform's provider would replace the group, and has only
forward actions with one target group, not those with a list of weighted ones. It refuses the second of two equal
requests for a target group, which an SDK sends after a lost response; AWS returns the first group.
"""

import random
import re

from ministack.services import alb

from gatehouse_cloud import patching


def install() -> None:
    patching.extend_entry(alb._ACTION_MAP, "CreateTargetGroup", _create_group)
    patching.extend(alb, "_tg_xml", _group_xml)
    patching.extend(alb, "_parse_actions", _parse_actions)
    patching.extend(alb, "_action_xml", _action_xml)
    patching.extend(alb, "_execute_action", _execute)


def _create_group(original, params):
    existing = next((group for group in alb._tgs.values() if group["TargetGroupName"] == alb._p(params, "Name")), None)
    if existing is None:
        return _make_group(original, params)
    # The group that the request creates when the name is free shows whether the two are the same.
    existing["TargetGroupName"] = None
    try:
        status, headers, body = _make_group(original, params)
    finally:
        existing["TargetGroupName"] = alb._p(params, "Name")
    if status != 200:
        return status, headers, body
    again = _made(body)
    for store in (alb._tgs, alb._targets, alb._tags, alb._tg_attrs):
        store.pop(again["TargetGroupArn"], None)
    own = ("TargetGroupArn", "LoadBalancerArns")
    if all(again[name] == existing.get(name) for name in again if name not in own):
        return alb._xml(200, "CreateTargetGroup", f"<TargetGroups>{alb._tg_xml(existing)}</TargetGroups>")
    return original(params)  # refuses


def _made(body: bytes) -> dict | None:
    found = re.search(rb"<TargetGroupArn>([^<]+)</TargetGroupArn>", body)
    return alb._tgs[found.group(1).decode()] if found else None


def _make_group(original, params):
    status, headers, body = original(params)
    group = _made(body)
    if status != 200 or not group:
        return status, headers, body
    group["IpAddressType"] = alb._p(params, "IpAddressType", "ipv4")
    if group["Protocol"] in ("HTTP", "HTTPS"):
        group["ProtocolVersion"] = alb._p(params, "ProtocolVersion", "HTTP1")
    return alb._xml(200, "CreateTargetGroup", f"<TargetGroups>{alb._tg_xml(group)}</TargetGroups>")


def _group_xml(original, tg):
    members = "".join(f"<{name}>{tg[name]}</{name}>" for name in ("ProtocolVersion", "IpAddressType") if tg.get(name))
    return original(tg).removesuffix("</member>") + members + "</member>"


def _parse_actions(original, params, prefix="DefaultActions"):
    actions = original(params, prefix)
    for number, action in enumerate(actions, 1):
        base, groups = f"{prefix}.member.{number}.ForwardConfig.TargetGroups.member", []
        while arn := alb._p(params, f"{base}.{len(groups) + 1}.TargetGroupArn"):
            groups.append((arn, int(alb._p(params, f"{base}.{len(groups) + 1}.Weight", "1"))))
        if groups:
            action["ForwardConfig"] = groups
            if len(groups) == 1:
                action["TargetGroupArn"] = groups[0][0]
    return actions


def _action_xml(original, a):
    if "ForwardConfig" not in a:
        return original(a)
    groups = "".join(
        f"<member><TargetGroupArn>{arn}</TargetGroupArn><Weight>{weight}</Weight></member>"
        for arn, weight in a["ForwardConfig"]
    )
    members = (
        f"<ForwardConfig><TargetGroups>{groups}</TargetGroups>"
        "<TargetGroupStickinessConfig><Enabled>false</Enabled></TargetGroupStickinessConfig></ForwardConfig>"
    )
    return original(a).removesuffix("</member>") + members + "</member>"


async def _execute(original, action, method, path, headers, body, query_params, raw_query_string=None, raw_path=None):
    groups = [(arn, weight) for arn, weight in action.get("ForwardConfig", []) if weight > 0]
    if groups:
        [chosen] = random.choices([arn for arn, _ in groups], [weight for _, weight in groups])
        action = {**action, "TargetGroupArn": chosen}
    return await original(action, method, path, headers, body, query_params, raw_query_string, raw_path)
