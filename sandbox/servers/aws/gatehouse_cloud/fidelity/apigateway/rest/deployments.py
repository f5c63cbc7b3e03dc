"""Deploys REST APIs: a stage serves what was deployed, not what the API is now.

ministack serves the present resources and authorizers at every stage, so that a change without a deployment, which on
AWS has no effect, would look like one that works. Here a deployment is a copy, and it is refused as on AWS: without a
method, with a method without an integration. What a stage serves can't be deleted.
"""

import copy
import json
from dataclasses import dataclass

from ministack.core.responses import AccountRegionScopedDict
from ministack.services import apigateway_v1 as v1

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.apigateway.rest.imports import refused


@dataclass(frozen=True)
class Snapshot:
    """A REST API as it was deployed."""

    resources: dict
    authorizers: dict
    api: dict


# By API, then by deployment.
_snapshots: AccountRegionScopedDict = AccountRegionScopedDict()


def install() -> None:
    patching.extend(v1, "_create_deployment", _create)
    patching.extend(v1, "_delete_deployment", _delete)
    patching.extend(v1, "_delete_rest_api", _delete_rest_api)


def deployed(api_id: str, stage: dict) -> Snapshot:
    """Return what a stage serves."""
    return _snapshots[api_id][stage["deploymentId"]]


def _create(original, api_id, data):
    if api_id in v1._rest_apis and (problem := _problem(v1._resources[api_id])):
        return refused(problem)
    response = original(api_id, data)
    if response[0] == 201:
        taken = (v1._resources[api_id], v1._authorizers_v1[api_id], v1._rest_apis[api_id])
        _snapshots.setdefault(api_id, {})[json.loads(response[2])["id"]] = Snapshot(*map(copy.deepcopy, taken))
    return response


def _problem(resources: dict) -> str | None:
    methods = [method for resource in resources.values() for method in resource["resourceMethods"].values()]
    if not methods:
        return "The REST API doesn't contain any methods"
    if any(not method.get("methodIntegration") for method in methods):
        return "No integration defined for method"
    return None


def _delete(original, api_id, deployment_id):
    if any(stage["deploymentId"] == deployment_id for stage in v1._stages_v1.get(api_id, {}).values()):
        return refused("Active stages pointing to this deployment must be moved or deleted")
    _snapshots.get(api_id, {}).pop(deployment_id, None)
    return original(api_id, deployment_id)


def _delete_rest_api(original, api_id):
    stages = list(v1._stages_v1.get(api_id, {}))
    response = original(api_id)
    if response[0] == 202:
        _snapshots.pop(api_id, None)
        for stage in stages:
            v1._v1_tags.pop(f"{v1._rest_api_arn(api_id)}/stages/{stage}", None)
    return response
