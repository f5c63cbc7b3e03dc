"""Response headers policies in CloudFront's order.

A policy first takes away and then adds, so that it can replace a header; ministack does it the other way around. Where
a policy takes the origin's Server away, CloudFront puts its own.
"""

from ministack.services import cloudfront

from . import patching


def install() -> None:
    patching.extend(cloudfront, "_apply_response_headers_policy", _apply)


def _apply(original, headers, policy_cfg, viewer_origin, method):
    if not policy_cfg:
        return original(headers, policy_cfg, viewer_origin, method)
    removed = {item["Header"].lower() for item in policy_cfg.get("RemoveHeaders") or []}
    kept = {name: value for name, value in headers.items() if name.lower() not in removed}
    if "server" in removed and any(name.lower() == "server" for name in headers):
        kept["server"] = "CloudFront"
    # A browser sends one Origin; of several, none can be told to be the page's.
    origin = viewer_origin if isinstance(viewer_origin, str) else ""
    return original(kept, {**policy_cfg, "RemoveHeaders": []}, origin, method)
