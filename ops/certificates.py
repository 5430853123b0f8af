"""Who vouches for nats-server and for our processes, where their messages leave the machine? A small authority of ours.

`ca.pem` is what everybody trusts, `server.pem` is nats-server's, and each process has a certificate of its own, so that
both ends know each other (mutual TLS). `ca.key` makes more of them and belongs somewhere else. The same call again
renews the certificates and keeps the authority.
"""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import Certificate, CertificateBuilder, GeneralName
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from ops.settings import SettingError

AUTHORITY: Final = "ca"
SERVER: Final = "server"
HERE: Final = ("localhost", "127.0.0.1", "::1")
AUTHORITY_DAYS: Final = 3650
DAYS: Final = 730
_SKEW: Final = timedelta(hours=1)  # of other machines' clocks


class Pair(Struct, frozen=True):
    """A certificate and its key."""

    certificate: Certificate
    key: EllipticCurvePrivateKey


def make(folder: Path, names: Iterable[str], hosts: Sequence[str]) -> None:
    """An authority, the server's certificate for `hosts` and for this machine, and one for each of `names`.

    Raises SettingError when the folder cannot be used, or holds an authority that cannot be read.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = _authority(folder)
        here = [_general(host) for host in dict.fromkeys((*hosts, *HERE))]
        _keep(folder, SERVER, _certified(authority, SERVER, ExtendedKeyUsageOID.SERVER_AUTH, here))
        for name in names:
            _keep(folder, name, _certified(authority, name, ExtendedKeyUsageOID.CLIENT_AUTH, [x509.DNSName(name)]))
    except OSError as error:
        raise SettingError(f"The certificates cannot be kept in {folder}: {error.strerror}.") from error


def block(folder: Path) -> str:
    """As it stands in nats.conf: nobody comes in without a certificate of ours."""
    return (
        "tls {\n"
        f'  cert_file: "{folder / SERVER}.pem"\n'
        f'  key_file: "{folder / SERVER}.key"\n'
        f'  ca_file: "{folder / AUTHORITY}.pem"\n'
        "  verify: true\n"
        "}\n"
    )


def _authority(folder: Path) -> Pair:
    certificate, key = folder / f"{AUTHORITY}.pem", folder / f"{AUTHORITY}.key"
    if not certificate.exists():
        made = _new_authority()
        _keep(folder, AUTHORITY, made)
        return made
    try:
        found = serialization.load_pem_private_key(key.read_bytes(), password=None)
        assert isinstance(found, EllipticCurvePrivateKey)
        return Pair(x509.load_pem_x509_certificate(certificate.read_bytes()), found)
    except (ValueError, TypeError, AssertionError) as error:
        raise SettingError(f"{key} is not a key that certificates can be made with.") from error


def _new_authority() -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Loom")
    usage = _usage(signs_certificates=True)
    unsigned = (
        _begun(name, name, key, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return Pair(unsigned.sign(key, hashes.SHA256()), key)


def _certified(authority: Pair, name: str, purpose: x509.ObjectIdentifier, known_as: Sequence[GeneralName]) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.key.public_key()
    unsigned = (
        _begun(_name(f"Loom {name}"), authority.certificate.subject, key, DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(known_as), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
    )
    return Pair(unsigned.sign(authority.key, hashes.SHA256()), key)


def _begun(subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, days: int) -> CertificateBuilder:
    now = datetime.now(UTC)
    return (
        CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general(host: str) -> GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _keep(folder: Path, name: str, pair: Pair) -> None:
    """The key is for its owner only."""
    form = serialization.PrivateFormat.PKCS8
    secret = pair.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = folder / f"{name}.key"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(secret)
    (folder / f"{name}.pem").write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
