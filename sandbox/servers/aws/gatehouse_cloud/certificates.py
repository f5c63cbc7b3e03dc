"""Issues the certificate of HTTP APIs and distributions, by an authority that lives as long as this process."""

import os
from dataclasses import dataclass

import trustme


@dataclass(frozen=True)
class Certificates:
    """The paths of files in PEM."""

    authority: str
    certificate: str
    key: str


def issue(folder: str, region: str) -> Certificates:
    """Write a certificate for every HTTP API and distribution, its key and its authority to a folder."""
    authority = trustme.CA(organization_name="Gatehouse sandbox")
    leaf = authority.issue_cert(f"*.execute-api.{region}.amazonaws.com", "*.cloudfront.net")
    made = Certificates(*(os.path.join(folder, name) for name in ("authority.pem", "certificate.pem", "key.pem")))
    authority.cert_pem.write_to_path(made.authority)
    for index, part in enumerate(leaf.cert_chain_pems):
        part.write_to_path(made.certificate, append=index > 0)
    with open(os.open(made.key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(leaf.private_key_pem.bytes())
    return made
