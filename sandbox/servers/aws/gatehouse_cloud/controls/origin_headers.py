"""Records the custom headers of each origin that a change of a distribution sets.

A record names the parameter of Parameter Store that has a header's value at that moment, never the value: it shows
whether every update carries a key that the API accepts.
"""

from collections import deque
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from ministack.services import cloudfront, ssm

from gatehouse_cloud import patching

KEPT = 10_000


class Changes:
    """The newest changes of distributions, numbered from 1."""

    def __init__(self):
        self._count = 0
        self._changes: deque[dict] = deque(maxlen=KEPT)

    def since(self, number: int) -> list[dict]:
        """The changes after a number."""
        return [change for change in list(self._changes) if change["n"] > number]

    def record(self, operation: str, distribution_id: str, config: Element) -> None:
        """Add a change."""
        self._count += 1
        self._changes.append(
            {
                "n": self._count,
                "operation": operation,
                "distribution": distribution_id,
                "headers": list(_headers(config)),
            }
        )


def _headers(config: Element) -> Iterator[dict]:
    for origin in _below(config, "Origins", "Items", "Origin"):
        for header in _below(origin, "CustomHeaders", "Items", "OriginCustomHeader"):
            yield {
                "origin": cloudfront._text(origin, "Id"),
                "name": cloudfront._text(header, "HeaderName"),
                "parameter": _parameter_with(cloudfront._text(header, "HeaderValue")),
            }


def _below(element: Element, *path: str) -> list[Element]:
    found = [element]
    for name in path:
        found = [child for parent in found for child in parent if child.tag.rpartition("}")[2] == name]
    return found


def _parameter_with(value: str | None) -> str | None:
    """The name of the parameter, of any region, that has a value."""
    for (_, _, name), parameter in ssm._parameters.all_items():
        if value and parameter.get("OriginalValue", parameter["Value"]) == value:
            return name
    return None


def install(changes: Changes) -> None:
    """Record each change that CloudFront accepts."""

    def create(original, headers, body):
        before = set(cloudfront._distributions)
        response = original(headers, body)
        for distribution_id in set(cloudfront._distributions) - before:
            config, _ = cloudfront._unwrap_distribution_create_xml(cloudfront._parse_body(body))
            changes.record("CreateDistribution", distribution_id, config)
        return response

    def update(original, dist_id, headers, body):
        response = original(dist_id, headers, body)
        if response[0] == 200:
            changes.record("UpdateDistribution", dist_id, cloudfront._parse_body(body))
        return response

    patching.extend(cloudfront, "_create_distribution", create)
    patching.extend(cloudfront, "_update_distribution", update)
