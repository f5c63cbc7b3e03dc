"""Validates certificates by DNS, and the aliases of distributions by certificates.

ministack issues a certificate at once and accepts any alias. Here a certificate is issued when the records that validate
its names are in the public zones of this account, and a distribution gets an alias only with an issued certificate for
it from us-east-1, and only if no other distribution has it.
"""

import hashlib

from ministack.core.responses import get_account_id, now_iso
from ministack.services import acm, cloudfront, route53

from gatehouse_cloud import patching
from gatehouse_cloud.fidelity.cloudfront import edge


def install() -> None:
    patching.extend(acm, "_validation_options", _options)
    patching.extend(acm, "_request_certificate", _request)
    patching.extend(acm, "_get_local_certificate", _validated)
    patching.extend(cloudfront, "_create_distribution", _create)
    patching.extend(cloudfront, "_update_distribution", _update)


def _create(original, headers, body):
    return _refused(body, None) or original(headers, body)


def _update(original, dist_id, headers, body):
    return _refused(body, dist_id) or original(dist_id, headers, body)


def _options(original, domain, method):
    option = original(domain, method)
    if method != "DNS":
        return option
    base = domain.removeprefix("*.")
    name, value = (hashlib.md5(f"{get_account_id()} {kind} {base}".encode()).hexdigest() for kind in ("name", "value"))
    record = {"Name": f"_{name}.{base}.", "Type": "CNAME", "Value": f"_{value}.acm-validations.aws."}
    return {**option, "ValidationStatus": "PENDING_VALIDATION", "ResourceRecord": record}


def _request(original, data):
    response = original(data)
    if response[0] == 200 and data.get("ValidationMethod", "DNS") == "DNS":
        newest = next(reversed(list(acm._certificates.values())))
        newest["Status"] = "PENDING_VALIDATION"
    return response


def _validated(original, arn):
    certificate = original(arn)
    if certificate and certificate["Status"] == "PENDING_VALIDATION":
        for option in certificate["DomainValidationOptions"]:
            if _has(option["ResourceRecord"]):
                option["ValidationStatus"] = "SUCCESS"
        if all(option["ValidationStatus"] == "SUCCESS" for option in certificate["DomainValidationOptions"]):
            certificate.update(Status="ISSUED", IssuedAt=now_iso())
    return certificate


def _has(record: dict) -> bool:
    """Report whether a public zone has a record."""
    return any(
        found["Name"].rstrip(".") == record["Name"].rstrip(".")
        and found["Type"] == record["Type"]
        and any(value.rstrip(".") == record["Value"].rstrip(".") for value in found.get("ResourceRecords", []))
        for zone, records in route53._records.items()
        if not route53._zones[zone].get("private")
        for found in records
    )


def _refused(body: bytes, dist_id: str | None):
    """The refusal of a configuration for its aliases, or None."""
    config, _ = cloudfront._unwrap_distribution_create_xml(cloudfront._parse_body(body))
    aliases = edge.items(cloudfront._find(config, "Aliases")) if config is not None else []
    for other in cloudfront._distributions.values():
        if other["Id"] != dist_id and set(aliases) & set(cloudfront._get_distribution_aliases(other)):
            message = "One or more of the CNAMEs you provided are already associated with a different resource."
            return cloudfront._error("CNAMEAlreadyExists", message, 409)
    certificate = cloudfront._find(config, "ViewerCertificate") if aliases else None
    arn = cloudfront._text(certificate, "ACMCertificateArn") if certificate is not None else ""
    if aliases and not _covers(arn, aliases):
        message = (
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted "
            "certificate that validates your authorization to use the domain name."
        )
        return cloudfront._error("InvalidViewerCertificate", message, 400)
    return None


def _covers(arn: str, names: list[str]) -> bool:
    certificate = acm._certificates.get_scoped(get_account_id(), "us-east-1", arn)
    if not certificate or certificate["Status"] != "ISSUED":
        return False
    covered = certificate["SubjectAlternativeNames"]
    return all(name in covered or f"*.{name.partition('.')[2]}" in covered for name in names)
