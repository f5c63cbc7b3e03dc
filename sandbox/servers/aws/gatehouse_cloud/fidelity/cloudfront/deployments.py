"""Deploys CloudFront distributions over time, one simulated edge after another.

In ministack a distribution is Deployed at once and every viewer sees a change at the same moment, which would show
nothing about a rotation. Here a distribution that was created or updated is InProgress for some seconds, in which the
edges switch to the new configuration one after another. A viewer's connection belongs to one edge.
Only the distribution's own configuration is one per edge: a changed policy or CloudFront Function is at all edges at once.
"""

import time
import zlib
from contextvars import ContextVar

from ministack.services import cloudfront

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront.rollout import Rollout

Viewer = tuple[str, int]

# The address of the connection a request came in on.
viewer: ContextVar[Viewer] = ContextVar("viewer", default=("", 0))


class InProgress(Exception):
    """The change must wait until every distribution is deployed."""


class Fleet:
    """The edges, and the rollout of each distribution to them."""

    def __init__(self, edges: int, seconds: float):
        self.edges = edges
        self.seconds = seconds
        self._rollouts: dict[str, Rollout] = {}
        self._deleted: list[tuple[float, str]] = []  # until when an edge may still have a configuration

    def of(self, distribution: dict) -> Rollout:
        """Return the distribution's rollout; begin a deployment if its configuration is new."""
        rollout = self._rollouts.setdefault(distribution["Id"], Rollout())
        if rollout.etag != distribution["ETag"]:
            rollout.begin(distribution["ETag"], distribution["config_xml"], self.edges, self.seconds, time.monotonic())
        return rollout

    def status(self, distribution: dict) -> str:
        """Return the status of a distribution, as CloudFront calls it."""
        return "Deployed" if self.of(distribution).deployed(time.monotonic()) else "InProgress"

    def configurations(self) -> list[str]:
        """Return the configurations that edges have, also of distributions that were deleted a moment ago."""
        now = time.monotonic()
        self._deleted = [(until, config) for until, config in self._deleted if until > now]
        live = [config for dist in cloudfront._distributions.values() for config in self.of(dist).configurations(now)]
        return live + [config for _, config in self._deleted]

    def delete(self, distribution: dict) -> None:
        """Remove a distribution, whose configuration stays at edges until the deletion is deployed."""
        rollout = self._rollouts.pop(distribution["Id"], Rollout())
        until = time.monotonic() + self.seconds
        self._deleted.extend((until, config) for config in rollout.configurations(time.monotonic()))

    def edge(self, of_viewer: Viewer) -> int:
        """Return the edge that a viewer's connection belongs to."""
        return zlib.crc32(f"{of_viewer[0]}:{of_viewer[1]}".encode()) % self.edges

    def resize(self, edges: int) -> None:
        """Change the number of edges: connections then belong to other ones, so no deployment may be under way."""
        distributions = cloudfront._distributions.values()
        if any(self.status(distribution) == "InProgress" for distribution in distributions):
            raise InProgress("a distribution is being deployed; wait until it is Deployed before changing the edges")
        self.edges = edges
        # Every edge of the new fleet has each configuration already.
        for distribution in distributions:
            rollout = self._rollouts[distribution["Id"]] = Rollout()
            rollout.begin(distribution["ETag"], distribution["config_xml"], edges, 0, time.monotonic())

    def describe(self) -> list[dict]:
        """Describe the progress of each distribution."""
        return [
            {
                "id": distribution["Id"],
                "status": self.status(distribution),
                "edgesOnNewest": self.of(distribution).edges_on_newest(time.monotonic()),
            }
            for distribution in cloudfront._distributions.values()
        ]


def install(fleet: Fleet) -> None:
    def with_status(original, parent, dist):
        original(parent, {**dist, "Status": fleet.status(dist)})

    def list_with_status(original, root, items):
        original(root, [{**dist, "Status": fleet.status(dist)} for dist in items])

    def delete_when_deployed(original, dist_id, headers):
        distribution = cloudfront._distributions.get(dist_id)
        if (
            distribution
            and headers.get("if-match") == distribution["ETag"]
            and fleet.status(distribution) == "InProgress"
        ):
            return cloudfront._error(
                "DistributionNotDisabled", "The distribution you are trying to delete has not been disabled.", 409
            )
        response = original(dist_id, headers)
        if response[0] == 204:
            fleet.delete(distribution)
        return response

    async def at_edge(proceed, dist):
        edge = fleet.edge(viewer.get())
        config = fleet.of(dist).config_at(edge, time.monotonic())
        if config is None:
            return cloudfront._cf_error_response(
                503, "The distribution has not been deployed to this edge yet.", cloudfront._ERROR_X_CACHE
            )
        status, response, data = await proceed(dist={**dist, "config_xml": config})
        cloudfront._set_header_ci(response, "X-Amz-Cf-Pop", f"LOC{edge + 1}-P1")
        return status, response, data

    patching.extend(cloudfront, "_build_distribution_xml", with_status)
    patching.extend(cloudfront, "_build_distribution_list_xml", list_with_status)
    patching.extend(cloudfront, "_delete_distribution", delete_when_deployed)
    patching.wrap(cloudfront, "handle_viewer_request", at_edge)
