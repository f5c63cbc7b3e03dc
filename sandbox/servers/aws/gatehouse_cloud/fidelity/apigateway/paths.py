"""Decodes paths as HTTP APIs do.

An HTTP API decodes a path once, before routing, and ends it at a question mark that this yields. Integrations and
mappings get the decoded path. A request line can't have spaces, control characters or characters beyond ASCII: these
alone are encoded again on the way to a private integration.
"""

from urllib.parse import quote

from ministack.services import apigateway

from gatehouse_cloud import patching

# Every character that a request line can have.
VISIBLE = "".join(chr(code) for code in range(0x21, 0x7F))


def install() -> None:
    patching.extend(apigateway, "decode_http_api_path", _decode)


def _decode(original, raw_path):
    return original(raw_path).partition("?")[0]


def on_the_wire(path: str) -> str:
    """Encode a decoded path for a request line."""
    return quote(path, safe=VISIBLE)
