"""Delivers the access logs of distributions to buckets, as CloudFront's standard logging (v2) does.

ministack stores sources, destinations and deliveries, and writes nothing. Here each request of a viewer is a line of JSON
with the delivery's fields, in objects that gzip has compressed, below AWSLogs/ACCOUNT/CloudFront/, named
DISTRIBUTION.YYYY-MM-DD-HH.ID.gz. CloudFront delivers several times an hour; here an object follows some seconds after its
first request. Fields without a value here have a hyphen, as on AWS. Other formats, other destinations and paths of one's
own are not delivered.
"""

import asyncio
import gzip
import json
import logging
import secrets
from datetime import datetime, timezone

from ministack.core.responses import get_account_id
from ministack.services import cloudfront, cloudwatch_logs, s3

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import edge

logger = logging.getLogger("cloud.distribution_logs")
DELIVERY_SECONDS = 3
BUCKET = "arn:aws:s3:::"
# The lines that are yet to be delivered, by the id of the delivery and the beginning of the object's key.
_waiting: dict[tuple[str, str], list[str]] = {}


def install() -> None:
    patching.wrap(cloudfront, "handle_viewer_request", _logged)


async def _logged(proceed, dist, method, path, headers, client_ip):
    began = datetime.now(timezone.utc)
    response = await proceed()
    try:
        for delivery in _deliveries(dist):
            values = _values(dist, method, path, headers, client_ip, response, began)
            line = json.dumps({name: str(values.get(name) or "-") for name in delivery["recordFields"]})
            _wait(delivery["id"], f"AWSLogs/{get_account_id()}/CloudFront/{dist['Id']}.{began:%Y-%m-%d-%H}", line)
    except Exception:
        # A log that cannot be written never fails a request.
        logger.exception("access log of distribution %s", dist["Id"])
    return response


def _deliveries(dist: dict) -> list[dict]:
    """Return the deliveries of a distribution's log to buckets."""
    arn = f"distribution/{dist['Id']}"
    sources = {
        source["name"]
        for _, source in cloudwatch_logs._delivery_sources.all_items()
        if source["logType"] == "ACCESS_LOGS" and source["resourceArns"][0].endswith(arn)
    }
    found = (delivery for _, delivery in cloudwatch_logs._deliveries.all_items())
    return [delivery for delivery in found if delivery["deliverySourceName"] in sources and _bucket(delivery)]


def _bucket(delivery: dict) -> str:
    """Return the bucket of a delivery; empty if it is of another kind."""
    for _, destination in cloudwatch_logs._delivery_destinations.all_items():
        arn = (destination.get("deliveryDestinationConfiguration") or {}).get("destinationResourceArn", "")
        if destination["arn"] == delivery["deliveryDestinationArn"] and destination.get("outputFormat") == "json":
            return arn.removeprefix(BUCKET) if arn.startswith(BUCKET) else ""
    return ""


def _values(dist, method, path, headers, client_ip, response, began) -> dict:
    status, answer, _ = response
    of_answer = {name.lower(): value for name, value in answer.items()}
    current = edge.passage.get()
    return {
        "date": f"{began:%Y-%m-%d}",
        "time": f"{began:%H:%M:%S}",
        "x-edge-location": of_answer.get("x-amz-cf-pop"),
        "c-ip": client_ip,
        "c-port": current and current.port,
        "cs-method": method,
        "cs(Host)": dist["DomainName"],
        "cs-uri-stem": path,
        "cs(User-Agent)": headers.get("user-agent"),
        "cs-protocol": "https" if current and current.secure else "http",
        "cs-protocol-version": "HTTP/1.1",
        "x-host-header": headers.get("host"),
        "x-edge-request-id": of_answer.get("x-amz-cf-id"),
        "sc-status": status,
        "sc-content-type": of_answer.get("content-type"),
    }


def _wait(delivery: str, beginning: str, line: str) -> None:
    lines = _waiting.setdefault((delivery, beginning), [])
    lines.append(line)
    if len(lines) == 1:
        asyncio.get_running_loop().call_later(DELIVERY_SECONDS, _deliver, delivery, beginning)


def _deliver(delivery: str, beginning: str) -> None:
    """Write the lines as an object, unless the delivery was deleted since, as before its bucket is."""
    lines = _waiting.pop((delivery, beginning))
    existing = [found for _, found in cloudwatch_logs._deliveries.all_items() if found["id"] == delivery]
    if existing and (bucket := _bucket(existing[0])):
        content = gzip.compress("".join(f"{line}\n" for line in lines).encode())
        s3._put_object(bucket, f"{beginning}.{secrets.token_hex(4)}.gz", content, {"content-type": "application/gzip"})
