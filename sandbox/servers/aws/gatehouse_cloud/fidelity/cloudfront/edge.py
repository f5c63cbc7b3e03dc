"""Processes a viewer's request at the edge, before its cache behavior applies.

- The request has one id: in the events of functions, in the request to the origin and in the response's X-Amz-Cf-Id.
- Headers that CloudFront removes from requests are removed first. Whether a viewer uses https follows from the port, not
  from a header that a viewer can send.
- A policy that lists CloudFront-* headers gets those that are known here: country, address, protocol. All viewers are in
  one country, which is an option and a control.
- Geographic restrictions are in force, and a GET with a body is refused.
- Query strings stay encoded as the viewer sent them, in the events of functions too.
- A distribution's configuration is parsed once, not for every request.
"""

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

from ministack.services import cloudfront

from gatehouse_cloud import patching

# Headers that functions neither get nor may add ("Restrictions on all edge functions"); a viewer's are removed.
DISALLOWED = re.compile(
    r"^(connection|expect|keep-alive|proxy-(authenticate|authorization|connection)|trailer|upgrade"
    r"|x-accel-(buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-amzn-(auth|cf-billing|cf-id|cf-xff|errortype"
    r"|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|x-cache|x-edge-.*|x-forwarded-proto"
    r"|x-real-ip)$"
)
# With a body these are an error of CloudFront's ("GET requests that include a body").
WITHOUT_BODY = ("GET", "HEAD")
COUNTRY = re.compile(r"^[A-Z]{2}$")


@dataclass
class Passage:
    """One request on its way through an edge."""

    secure: bool
    headers: list[tuple[str, str]]  # as sent, names in lower case
    query: str = field(default="", kw_only=True)  # as sent
    port: int  # the viewer's
    id: str = field(default_factory=cloudfront._cf_request_id)
    behavior: dict = field(default_factory=dict)  # the cache behavior that was matched last
    error_pages: dict[int, dict] = field(default_factory=dict)  # of the distribution
    opened: list[tuple] = field(default_factory=list)  # the bodies of origins' responses, with these


class Viewers:
    """The country of all viewers."""

    def __init__(self, country: str):
        self.country = country  # ISO 3166-1 alpha-2


class Invalid(Exception):
    """A function returned a value that CloudFront does not accept: the viewer gets a 502."""


passage: ContextVar[Passage | None] = ContextVar("passage", default=None)


def install(viewers: Viewers) -> None:
    async def request(proceed, dist, method, path, raw_query_string, headers, body, client_ip):
        current = passage.get()
        if current is None:  # the request uses a host name of ministack's
            current = Passage(False, list(headers.items()), 0)
            passage.set(current)
        parsed = cloudfront.parse_distribution_dataplane_config(dist)
        current.error_pages = parsed["custom_error_responses"]
        current.query = raw_query_string
        if body and method in WITHOUT_BODY:
            return cloudfront._cf_error_response(403, "Bad request.", cloudfront._ERROR_X_CACHE)
        if not _serves(parsed["geo_restriction"], viewers.country):
            message = "The Amazon CloudFront distribution is configured to block access from your country."
            return cloudfront._cf_error_response(403, message, cloudfront._ERROR_X_CACHE)
        sent = {name: value for name, value in headers.items() if not DISALLOWED.match(name)}
        sent["x-forwarded-proto"] = "https" if current.secure else "http"
        known = {
            "cloudfront-viewer-country": viewers.country,
            "cloudfront-viewer-address": f"{client_ip}:{current.port}",
            "cloudfront-forwarded-proto": sent["x-forwarded-proto"],
        }
        listed = _headers_in_policies(cloudfront._match_behavior(parsed, path) or {})
        sent.update({name: value for name, value in known.items() if name in listed})
        try:
            return await proceed(headers=sent, query_params=_parameters(raw_query_string))
        except Invalid as problem:
            cloudfront.logger.warning("distribution %s: %s", dist["Id"], problem)
            return cloudfront._cf_error_response(502, str(problem), cloudfront._ERROR_X_CACHE)

    patching.wrap(cloudfront, "handle_viewer_request", request)
    patching.extend(
        cloudfront, "parse_distribution_dataplane_config", lambda original, dist: _parse(original, dist["config_xml"])
    )
    patching.extend(cloudfront, "_match_behavior", _match)
    patching.extend(cloudfront, "_origin_request_headers", _to_origin)
    patching.extend(
        cloudfront, "_cf_request_id", lambda original: current.id if (current := passage.get()) else original()
    )
    patching.assign(cloudfront, "urlencode", _query)


@lru_cache(maxsize=64)
def _parse(original, config_xml: str) -> dict:
    config = cloudfront._dist_config_el({"config_xml": config_xml})
    restrictions = cloudfront._find(config, "Restrictions")
    geography = cloudfront._find(restrictions, "GeoRestriction") if restrictions is not None else None
    kind = cloudfront._text(geography, "RestrictionType", "none") if geography is not None else "none"
    return {
        **original({"config_xml": config_xml}),
        "aliases": items(cloudfront._find(config, "Aliases")),
        "geo_restriction": (kind, items(geography)),
    }


def items(block) -> list[str]:
    """Return the strings of a list in a configuration; none where the block is missing."""
    listed = cloudfront._find(block, "Items") if block is not None else None
    return [item.text for item in listed] if listed is not None else []


def _serves(restriction: tuple[str, list[str]], country: str) -> bool:
    kind, locations = restriction
    return kind == "none" or (country in locations) == (kind == "whitelist")


def _match(original, parsed, path):
    found = original(parsed, path)
    if current := passage.get():
        current.behavior = found or {}
    return found


def _to_origin(original, origin, headers, client_ip, viewer_x_forwarded_for):
    chain = viewer_x_forwarded_for
    kept = {name: value for name, value in headers.items() if name.lower() != "x-forwarded-proto"}
    return original(origin, kept, client_ip, ", ".join(chain) if isinstance(chain, list) else chain)


def _headers_in_policies(behavior: dict) -> set[str]:
    """Return the headers that a behavior's policies list, in lower case."""
    cache = cloudfront.cache_policy_params(behavior.get("cache_policy_id")) or {}
    origin = cloudfront.origin_request_policy_config(behavior.get("origin_request_policy_id")) or {}
    if origin.get("HeaderBehavior") == "allExcept":
        origin = {}
    return {name.lower() for policy in (cache, origin) for name in policy.get("Headers") or []}


def _parameters(query: str) -> dict[str, list[str]]:
    """Return the parameters of a query string, still encoded."""
    found: dict[str, list[str]] = {}
    for part in query.split("&") if query else []:
        name, _, value = part.partition("=")
        found.setdefault(name, []).append(value)
    return found


def _query(parameters: list[tuple[str, str]], quote_via=None) -> str:
    """Stand in for urlencode: these parameters are encoded already."""
    return "&".join(f"{name}={value}" for name, value in parameters)
