"""Puts errors of CloudFront and Route 53 in the envelope that their SDKs read.

ministack returns an AccessDenied of these two as S3 does, as a bare <Error>; the SDKs read their errors from an
<ErrorResponse> and would see an unknown error.
"""

from xml.etree.ElementTree import fromstring

from ministack.core import iam_actions
from ministack.core.iam_actions import _xml_escape

from gatehouse_cloud import patching

NAMESPACES = {
    "cloudfront": "http://cloudfront.amazonaws.com/doc/2020-05-31/",
    "route53": "https://route53.amazonaws.com/doc/2013-04-01/",
}


def install() -> None:
    patching.wrap(iam_actions, "access_denied_response", _in_envelope)


def _in_envelope(proceed, service, request_id):
    status, answer_headers, body = proceed()
    if service not in NAMESPACES:
        return status, answer_headers, body
    error = fromstring(body)
    code, message = (_xml_escape(error.findtext(tag) or "") for tag in ("Code", "Message"))
    return (
        status,
        {"Content-Type": "text/xml"},
        (
            f'<?xml version="1.0"?>\n<ErrorResponse xmlns="{NAMESPACES[service]}">'
            f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        ).encode(),
    )
