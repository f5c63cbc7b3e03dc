"""Adds VPC links of HTTP APIs, which ministack does not have.

A link is PENDING for a moment before it is AVAILABLE, and DELETING before it is deleted, so that a client that does not
wait fails. Its subnets and security groups cannot be changed, as on AWS.
"""

import json
import re
import time
from datetime import datetime, timezone
from urllib.parse import unquote

from ministack.core.responses import AccountRegionScopedDict, get_region, new_uuid
from ministack.services import apigateway, ec2

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.network import one_vpc, zones

PATH = re.compile(r"^/v2/vpclinks(?:/([^/]+))?/?$")
ARN = re.compile(r"^arn:aws:apigateway:([^:]+)::/vpclinks/([^/]+)$")
SECONDS = 1  # AWS takes minutes

_links = AccountRegionScopedDict()  # id -> its record, without status and tags
_changes: dict[str, tuple[float, str]] = {}  # id -> (end of the change, status until then)


def install() -> None:
    patching.extend(apigateway, "handle_request", _request)
    patching.extend(apigateway, "_validate_tag_resource_arn", _tag_arn)
    patching.extend(apigateway, "reset", _reset)


def is_available(link_id: str) -> bool:
    """Report whether this link of the current account and region is AVAILABLE."""
    link = _find(link_id)
    return link is not None and link["vpcLinkStatus"] == "AVAILABLE"


def members() -> list[tuple[list[str], list[str]]]:
    """Return the subnets and groups of each link of the current account and region."""
    return [(link["subnetIds"], link["securityGroupIds"]) for link_id in list(_links) if (link := _find(link_id))]


def names() -> list[tuple[str, str]]:
    """Return the ids and names of the links of the current account and region."""
    return [(link_id, link["name"]) for link_id in list(_links) if (link := _find(link_id))]


async def _request(original, method, path, headers, body, query_params):
    match = PATH.match(path)
    if not match:
        return await original(method, path, headers, body, query_params)
    link_id = unquote(match.group(1) or "")
    try:
        data = json.loads(body) if body else {}
    except ValueError:
        return _refused("The request is not JSON.")
    if not link_id:
        return {"POST": lambda: _create(data), "GET": _list}.get(method, _no_such_call)()
    link = _find(link_id)
    if link is None:
        return apigateway._apigw_error("NotFoundException", f"Unable to find Vpc link {link_id}", 404)
    return {
        "GET": lambda: apigateway._apigw_response(link),
        "PATCH": lambda: _update(link_id, data),
        "DELETE": lambda: _delete(link_id),
    }.get(method, _no_such_call)()


def _create(data: dict):
    if not data.get("name") or not data.get("subnetIds"):
        return _refused("A VPC link requires a name and subnetIds.")
    for kind, ids, known in (
        ("Subnet", data["subnetIds"], ec2._subnets),
        ("Security group", data.get("securityGroupIds") or [], ec2._security_groups),
    ):
        if missing := [one for one in ids if one not in known]:
            return _refused(f"{kind} {missing[0]} does not exist.")
    if len(one_vpc.vpcs_of(data["subnetIds"], data.get("securityGroupIds") or [])) > 1:
        return _refused("The subnets and security groups of a VPC link must be of one VPC.")
    if found := zones.without_links([ec2._subnets[one] for one in data["subnetIds"]]):
        zone = found["AvailabilityZoneId"]
        message = f"Subnet '{found['SubnetId']}' is in Availability Zone '{zone}' where service is not available"
        return _refused(message)
    link_id = new_uuid().replace("-", "")[:6]
    _links[link_id] = {
        "vpcLinkId": link_id,
        "name": data["name"],
        "subnetIds": list(data["subnetIds"]),
        "securityGroupIds": list(data.get("securityGroupIds") or []),
        "createdDate": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        "vpcLinkVersion": "V2",
    }
    apigateway._api_tags[_arn(link_id)] = dict(data.get("tags") or {})
    _changes[link_id] = time.monotonic() + SECONDS, "PENDING"
    return apigateway._apigw_response(_find(link_id), 201)


def _list():
    found = [link for link_id in list(_links) if (link := _find(link_id))]
    return apigateway._apigw_response({"items": found})


def _update(link_id: str, data: dict):
    if fixed := [name for name in ("subnetIds", "securityGroupIds") if name in data]:
        return _refused(f"{fixed[0]} of a VPC link cannot be changed.")
    _links[link_id]["name"] = data.get("name") or _links[link_id]["name"]
    return apigateway._apigw_response(_find(link_id))


def _delete(link_id: str):
    _changes[link_id] = time.monotonic() + SECONDS, "DELETING"
    return 202, {}, b""


def _find(link_id: str) -> dict | None:
    """Return a link as the API describes it at this moment."""
    link = _links.get(link_id)
    if link is None:
        return None
    until, status = _changes[link_id]
    if time.monotonic() >= until:
        if status == "DELETING":
            _links.pop(link_id)
            _changes.pop(link_id)
            apigateway._api_tags.pop(_arn(link_id), None)
            return None
        status = "AVAILABLE"
    tags = apigateway._api_tags.get(_arn(link_id), {})
    return {**link, "vpcLinkStatus": status, "vpcLinkStatusMessage": "", "tags": dict(tags)}


def _tag_arn(original, resource_arn):
    match = ARN.match(resource_arn)
    if not match or match.group(1) != get_region():
        return original(resource_arn)
    if _find(match.group(2)) is None:
        return None, apigateway._tag_resource_not_found(resource_arn)
    return resource_arn, None


def _reset(original):
    original()
    _links.clear()
    _changes.clear()


def _arn(link_id: str) -> str:
    return f"arn:aws:apigateway:{get_region()}::/vpclinks/{link_id}"


def _refused(message: str) -> tuple:
    return apigateway._apigw_error("BadRequestException", message, 400)


def _no_such_call() -> tuple:
    return apigateway._apigw_error("NotFoundException", "VPC links have no such call.", 404)
