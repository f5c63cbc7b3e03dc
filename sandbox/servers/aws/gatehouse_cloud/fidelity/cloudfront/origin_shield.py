"""Keeps an origin's Origin Shield when UpdateDistribution leaves it out.

ministack replaces a configuration as a whole. CloudFront keeps Origin Shield, by the origin's id, unless the new
configuration has an OriginShield itself.
"""

from xml.etree.ElementTree import Element, fromstring, tostring

from ministack.services import cloudfront

from gatehouse_cloud import patching


def install() -> None:
    patching.extend(cloudfront, "_update_distribution", _update)


def _update(original, dist_id, headers, body):
    distribution, config = cloudfront._distributions.get(dist_id), cloudfront._parse_body(body)
    if distribution is None or config is None:
        return original(dist_id, headers, body)
    before = _shields(fromstring(distribution["config_xml"]))
    for origin in _origins(config):
        kept = before.get(cloudfront._text(origin, "Id"))
        if kept is not None and cloudfront._find(origin, "OriginShield") is None:
            origin.append(kept)
    return original(dist_id, headers, tostring(config))


def _origins(config: Element) -> list[Element]:
    listed = cloudfront._find(config, "Origins")
    items = cloudfront._find(listed, "Items") if listed is not None else None
    return list(items) if items is not None else []


def _shields(config: Element) -> dict[str, Element]:
    """Return the OriginShield of each origin that has one, by the origin's id."""
    found = {cloudfront._text(origin, "Id"): cloudfront._find(origin, "OriginShield") for origin in _origins(config)}
    return {identity: shield for identity, shield in found.items() if shield is not None}
