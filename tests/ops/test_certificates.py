import ssl
from pathlib import Path

import pytest
from cryptography import x509

from ops import certificates
from ops.settings import SettingError


def names_in(path: Path) -> list[str]:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in names]


def test_the_server_is_known_by_its_hosts_and_on_this_machine(tmp_path: Path) -> None:
    certificates.make(tmp_path, ["edge"], ["nats.example", "203.0.113.9"])
    assert names_in(tmp_path / "server.pem") == ["nats.example", "203.0.113.9", "localhost", "127.0.0.1", "::1"]
    assert names_in(tmp_path / "edge.pem") == ["edge"]


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    certificates.make(tmp_path / "tls", ["edge"], [])
    assert (tmp_path / "tls").stat().st_mode & 0o077 == 0
    found = sorted((tmp_path / "tls").glob("*.key"))
    assert [path.name for path in found] == ["ca.key", "edge.key", "server.key"]
    assert [path for path in found if path.stat().st_mode & 0o077] == []


def test_again_means_new_certificates_of_the_same_authority(tmp_path: Path) -> None:
    certificates.make(tmp_path, ["edge"], [])
    before = {name: (tmp_path / f"{name}.pem").read_bytes() for name in ("ca", "edge", "server")}
    certificates.make(tmp_path, ["edge", "api"], [])
    assert (tmp_path / "ca.pem").read_bytes() == before["ca"]
    assert (tmp_path / "edge.pem").read_bytes() != before["edge"]
    authority = x509.load_pem_x509_certificate(before["ca"])
    for name in ("edge", "api", "server"):
        x509.load_pem_x509_certificate((tmp_path / f"{name}.pem").read_bytes()).verify_directly_issued_by(authority)


def test_strict_readers_take_them(tmp_path: Path) -> None:
    """As Python's own from 3.13 on."""
    certificates.make(tmp_path, ["edge"], [])
    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_cert_chain(tmp_path / "edge.pem", tmp_path / "edge.key")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tmp_path / "ca.pem")
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    _shake_hands(context, server)


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext) -> None:
    """In memory, until both are content. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    content: set[ssl.SSLObject] = set()
    for _ in range(6):
        for one in (asking, answering):
            try:
                one.do_handshake()
                content.add(one)
            except ssl.SSLWantReadError:
                continue
    assert content == {asking, answering}


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    certificates.make(tmp_path, [], [])
    (tmp_path / "ca.key").write_text("no key")
    with pytest.raises(SettingError, match=r"ca\.key is not a key that certificates can be made with"):
        certificates.make(tmp_path, [], [])
    (tmp_path / "ca.key").unlink()
    with pytest.raises(SettingError, match="No such file or directory"):
        certificates.make(tmp_path, [], [])
