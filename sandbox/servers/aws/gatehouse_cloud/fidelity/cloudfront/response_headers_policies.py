"""Response headers policies as CloudFront takes and applies them.

- A policy first removes headers and then adds some, so that it can replace a header; ministack does it the other way
  around. Where a policy removes the origin's Server, CloudFront puts its own.
- ministack accepts any names and values. CloudFront refuses headers that no policy can remove, headers with settings of
  their own among the custom ones, origins with other schemes than a web site's, wildcards beside credentials, and HSTS
  without a maximum age (its developer guide, "Understand response headers policies").
"""

import re

from ministack.services import cloudfront

from gatehouse_cloud import patching

UNREMOVABLE = re.compile(
    r"^(connection|content-(encoding|length)|expect|host|keep-alive|proxy-(authenticate|authorization|connection)|trailer"
    r"|transfer-encoding|upgrade|via|warning|x-accel-(buffering|charset|limit-rate|redirect)|x-amz-cf-.*|x-amzn-(auth"
    r"|cf-billing|cf-id|cf-xff|errortype|fle-profile|header-count|header-order|lambda-integration-tag|requestid)|x-cache"
    r"|x-edge-.*|x-forwarded-proto|x-real-ip)$"
)
SECURITY = {
    "content-security-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
}
ORIGIN = re.compile(r"^(https?://)?(\*|(\*\.)?[a-z0-9.-]+(:(\d+|\*))?)$", re.IGNORECASE)
NAME = re.compile(r"^(\*|[A-Za-z0-9!#$%&'^_`|~+.-]+)$")


def install() -> None:
    # The table with the functions of the policy's API has the parser as it was.
    spec = cloudfront._RHP_SPEC
    patching.extend_entry(spec, "parse", _parse)
    patching.extend(cloudfront, "_apply_response_headers_policy", _apply)


def _parse(original, el):
    config, error = original(el)
    text = error is None and (_headers(config) or _cors(config["Cors"]) or _hsts(el))
    return (None, cloudfront._error("InvalidArgument", text, 400)) if text else (config, error)


def _headers(config: dict) -> str | None:
    removed = [item["Header"] for item in config["RemoveHeaders"]]
    for name in removed:
        if UNREMOVABLE.match(name.lower()):
            return f"The parameter RemoveHeaders contains {name} that cannot be removed."
    if len({name.lower() for name in removed}) < len(removed):
        return "The parameter RemoveHeaders contains duplicate headers."
    for name in (item["Header"] for item in config["CustomHeaders"]):
        if name.lower() in SECURITY:
            return f"The parameter CustomHeaders contains {name} that is a security header and cannot be set as custom header."
    return None


def _cors(cors: dict | None) -> str | None:
    if cors is None:
        return None
    for origin in cors["AllowOrigins"]:
        if not ORIGIN.match(origin):
            return f"The parameter Access-Control-Allow-Origin contains {origin} that is not a valid origin."
    for title, names in (("Allow", cors["AllowHeaders"]), ("Expose", cors["ExposeHeaders"] or [])):
        for name in names:
            if not NAME.match(name) or "*" in name[:-1]:
                return f"The parameter Access-Control-{title}-Headers contains {name} that is not a valid header."
        if "*" in names and cors["AllowCredentials"]:
            return f"The parameter Access-Control-{title}-Headers cannot contain * when allowCredentials is true."
    if not cors["AllowHeaders"]:
        return "The parameter Access-Control-Allow-Headers cannot be empty."
    if "*" in cors["AllowOrigins"] and cors["AllowCredentials"]:
        return "The parameter Access-Control-Allow-Origin cannot contain * when allowCredentials is true."
    return None


def _hsts(el) -> str | None:
    security = cloudfront._find(el, "SecurityHeadersConfig")
    hsts = cloudfront._find(security, "StrictTransportSecurity") if security is not None else None
    if hsts is not None and not cloudfront._text(hsts, "AccessControlMaxAgeSec"):
        return "The parameter AccessControlMaxAgeSec is required."
    return None


def _apply(original, headers, policy_cfg, viewer_origin, method):
    if not policy_cfg:
        return original(headers, policy_cfg, viewer_origin, method)
    removed = {item["Header"].lower() for item in policy_cfg.get("RemoveHeaders") or []}
    kept = {name: value for name, value in headers.items() if name.lower() not in removed}
    if "server" in removed and any(name.lower() == "server" for name in headers):
        kept["server"] = "CloudFront"
    # A browser sends one Origin; of several, none is known to be the page's.
    origin = viewer_origin if isinstance(viewer_origin, str) else ""
    return original(kept, {**policy_cfg, "RemoveHeaders": []}, origin, method)
