"""Returns custom error pages for failures that CloudFront itself reports.

ministack returns a distribution's error page where the origin returns the page's status. CloudFront returns it also
where there is no response: 502 for an origin that can't be reached, 504 for one that times out.
"""

from ministack.services import cloudfront

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import edge

FAILURES = {cloudfront.OriginUnreachable: (502, "Bad Gateway"), cloudfront.OriginTimeout: (504, "Gateway Timeout")}


def install() -> None:
    patching.wrap(cloudfront, "_fetch_from_origin", _fetch)


async def _fetch(proceed, origin):
    try:
        return await proceed()
    except tuple(FAILURES) as failure:
        status, reason = FAILURES[type(failure)]
        if status not in edge.passage.get().error_pages:
            raise
        # As if the origin had returned it, so that the page is found in one place. Without the page, this is the response.
        cloudfront.logger.warning("origin %s: %s", origin["domain_name"], failure)
        _, response, page = cloudfront._cf_error_response(
            status, "The request could not be satisfied.", cloudfront._ERROR_X_CACHE
        )
        return status, reason, {"content-type": response["Content-Type"]}, page
