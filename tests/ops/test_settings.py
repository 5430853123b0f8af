from ipaddress import ip_network
from pathlib import Path

import pytest

from ops import settings
from ops.settings import SettingError


def test_nothing_has_to_be_set() -> None:
    read = settings.read({})
    assert (read.host, read.port, read.nats_url) == ("127.0.0.1", 8080, "")
    assert read.data == Path("data").resolve()
    assert (read.part_s, read.segment_s) == (1 / 3, 2.0)


def test_an_empty_setting_is_as_good_as_none() -> None:
    assert settings.read({"LOOM_PORT": " "}).port == 8080


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("LOOM_PORT", "443", 443),
        ("LOOM_UDP_PORTS", "50000-50099", (50000, 50099)),
        ("LOOM_LADDER", "360p, 720p", ("720p", "360p")),
        ("LOOM_LADDER", "none", ()),
        ("LOOM_PUBLIC_IP", "203.0.113.7", "203.0.113.7"),
        ("LOOM_PUBLIC_URL", "https://loom.example/", "https://loom.example"),
        ("LOOM_STORAGE_URL", "s3://videos/loom", "s3://videos/loom"),
        ("LOOM_ICE_SERVERS", "stun:a:3478, turn:u:p@b:3478", ("stun:a:3478", "turn:u:p@b:3478")),
        ("LOOM_LIMIT_RECORDINGS", "0", 0),
        ("LOOM_TRUSTED_PROXIES", "10.0.0.5, fd00::/8", (ip_network("10.0.0.5/32"), ip_network("fd00::/8"))),
        ("LOOM_LOG", "json", "json"),
    ],
)
def test_a_setting_is_read(name: str, text: str, value: object) -> None:
    assert getattr(settings.read({name: text}), name.removeprefix("LOOM_").lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("LOOM_PORT", "x", "a whole number between 1 and 65535"),
        ("LOOM_PORT", "0", "a whole number between 1 and 65535"),
        ("LOOM_PORT", "65536", "a whole number between 1 and 65535"),
        ("LOOM_PORT", "²", "a whole number between 1 and 65535"),
        ("LOOM_UDP_PORTS", "50000", "a range of ports"),
        ("LOOM_LADDER", "720p,4k", "some of 1080p, 720p, 480p, 360p, or none"),
        ("LOOM_VIDEO_ENCODER", "h265", "libx264 or h264_nvenc"),
        ("LOOM_UDP_PORTS", "50099-50000", "a range of ports"),
        ("LOOM_PUBLIC_IP", "example.org", "an IP address"),
        ("LOOM_PUBLIC_URL", "loom.example", "http://"),
        ("LOOM_NATS_URL", "http://nats", "nats://"),
        ("LOOM_DATABASE_URL", "mysql://x", "postgresql://"),
        ("LOOM_STORAGE_URL", "ftp://x", "s3://"),
        ("LOOM_ICE_SERVERS", "example.org", "stun:host:3478"),
        ("LOOM_ICE_SERVERS", "stun://example.org", "stun:host:3478"),
        ("LOOM_TRUSTED_PROXIES", "proxy.example", "10.0.0.5"),
        ("LOOM_TRUSTED_PROXIES", "10.0.0.5/8", "10.0.0.5"),
        ("LOOM_LOG", "xml", "console or json"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(name: str, text: str, wanted: str) -> None:
    with pytest.raises(SettingError) as refusal:
        settings.read({name: text})
    assert str(refusal.value).startswith(f"{name} must be ")
    assert wanted in str(refusal.value)
    assert repr(text) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_slip_of_the_pen_is_noticed() -> None:
    assert settings.unknown({"LOOM_PROT": "1", "LOOM_PORT": "1", "HOME": "/"}) == ["LOOM_PROT"]


def test_every_setting_has_a_field_and_every_field_a_setting() -> None:
    assert [s.name.removeprefix("LOOM_").lower() for s in settings.ALL] == list(settings.Settings.__struct_fields__)


def test_the_secret_is_made_once_and_is_for_its_owner_only(tmp_path: Path) -> None:
    read = settings.read({"LOOM_DATA": str(tmp_path)})
    first = settings.secret(read)
    assert len(first) >= 32
    assert settings.secret(read) == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_configured_secret_is_used_and_not_written_down(tmp_path: Path) -> None:
    read = settings.read({"LOOM_DATA": str(tmp_path), "LOOM_SECRET": "from the vault, thirty-two bytes"})
    assert settings.secret(read) == b"from the vault, thirty-two bytes"
    assert not list(tmp_path.iterdir())
