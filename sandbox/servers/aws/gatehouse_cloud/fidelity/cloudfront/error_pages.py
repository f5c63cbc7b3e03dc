"""Custom error pages for failures that CloudFront itself reports.

ministack shows a distribution's error page where the origin answers with the page's status. CloudFront shows it also
where there is no answer: 502 for an origin that can't be reached, 504 for one that is late.
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
        # As if the origin had answered so: what happens next is in one place. Where the page is missing, this is shown.
        cloudfront.logger.warning("origin %s: %s", origin["domain_name"], failure)
        _, response, page = cloudfront._cf_error_response(
            status, "The request could not be satisfied.", cloudfront._ERROR_X_CACHE
        )
        return status, reason, {"content-type": response["Content-Type"]}, page
