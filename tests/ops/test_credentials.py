"""Keys and certificates with a real nats-server: who has the right ones comes in, anybody else is told why not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ops import certificates, credentials, keys, settings
from ops.connections import nats_connection, operator
from ops.embedded import nats_server
from ops.settings import SettingError, Settings
from tests.servers import NatsServer, any_free, until


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    certificates.make(folder, keys.NAMES, ["nats.example", "203.0.113.9"])
    return folder


@pytest.fixture
async def server(tls: Path, tmp_path: Path) -> AsyncIterator[NatsServer]:
    """It asks for TLS, for a certificate of ours and for a key."""
    configured = nats_server.guarded(tmp_path / "keys")
    configured.write_text(configured.read_text() + certificates.block(tls))
    async with NatsServer(tmp_path, configured) as server:
        yield server


def configured(server: NatsServer, **more: object) -> Settings:
    common = {"LOOM_NATS_URL": server.url.replace("nats://", "tls://"), "LOOM_NATS_KEYS": server.folder / "keys"}
    return settings.read({name: str(value) for name, value in {**common, **more}.items()})


@contextmanager
def refused(*words: str) -> Iterator[None]:
    """In one line that has these words."""
    with pytest.raises(SettingError) as refusal:
        yield
    said = str(refusal.value)
    assert "\n" not in said
    assert [word for word in words if word not in said] == []


async def test_with_key_and_certificate_each_process_comes_in(server: NatsServer, tls: Path) -> None:
    read = configured(server, LOOM_NATS_CA=tls / "ca.pem", LOOM_NATS_CERT=tls, LOOM_NATS_KEY=tls)
    async with nats_connection(read, "recording") as recording, operator(read) as whoever_runs_it:
        heard = await whoever_runs_it.subscribe("loom.evt.>")
        await whoever_runs_it.flush()

        async def is_connected() -> bool:
            return recording.is_connected

        await until(is_connected)
        await recording.publish("loom.evt.recording.r1.stopped", b"by TLS")
        await recording.flush()
        assert (await heard.next_msg(5)).data == b"by TLS"


async def test_one_certificate_may_be_for_all(server: NatsServer, tls: Path) -> None:
    pair = {"LOOM_NATS_CERT": tls / "edge.pem", "LOOM_NATS_KEY": tls / "edge.key"}
    async with operator(configured(server, LOOM_NATS_CA=tls / "ca.pem", **pair)) as client:
        assert client.is_connected


async def test_without_a_certificate_of_ours_nobody_comes_in(server: NatsServer, tls: Path) -> None:
    with refused("refuses the certificate of edge (certificate required)", "LOOM_NATS_CERT"):
        async with nats_connection(configured(server, LOOM_NATS_CA=tls / "ca.pem"), "edge"):
            pass


async def test_a_certificate_of_somebody_else_is_refused(server: NatsServer, tls: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    certificates.make(other, ["edge"], [])
    read = configured(server, LOOM_NATS_CA=tls / "ca.pem", LOOM_NATS_CERT=other, LOOM_NATS_KEY=other)
    with refused("refuses the certificate of edge (unknown ca)"):
        async with nats_connection(read, "edge"):
            pass


async def test_a_server_that_nobody_we_trust_vouches_for_is_refused(server: NatsServer, tmp_path: Path) -> None:
    other = tmp_path / "other"
    certificates.make(other, ["edge"], [])
    with refused("NATS is not who it should be", "LOOM_NATS_CA"):
        async with nats_connection(configured(server, LOOM_NATS_CA=other / "ca.pem"), "edge"):
            pass


@pytest.mark.parametrize("name", ["LOOM_NATS_CA", "LOOM_NATS_URL"])
async def test_a_server_that_speaks_in_the_clear_is_refused(name: str, nats_url: str, tls: Path) -> None:
    value = {"LOOM_NATS_CA": str(tls / "ca.pem"), "LOOM_NATS_URL": nats_url.replace("nats://", "tls://")}
    read = settings.read({"LOOM_NATS_URL": nats_url, name: value[name]})
    with refused("NATS does not speak TLS"):
        async with nats_connection(read, "edge"):
            pass
    with refused("NATS does not speak TLS"):
        async with operator(read):
            pass


async def test_a_key_that_the_server_does_not_know_is_refused(server: NatsServer, tls: Path, tmp_path: Path) -> None:
    keys.make(tmp_path / "others")
    certified = {"LOOM_NATS_CA": tls / "ca.pem", "LOOM_NATS_CERT": tls, "LOOM_NATS_KEY": tls}
    read = configured(server, LOOM_NATS_KEYS=tmp_path / "others", **certified)
    with refused("NATS does not know edge by its key", "`loom keys`", "LOOM_NATS_KEYS"):
        async with nats_connection(read, "edge"):
            pass
    with refused("NATS does not know operator by its key"):
        async with operator(read):
            pass


async def test_a_key_that_is_withdrawn_is_told_of_once(tmp_path: Path) -> None:
    async with NatsServer(tmp_path, nats_server.guarded(tmp_path / "keys")) as server:
        read = settings.read({"LOOM_NATS_URL": server.url, "LOOM_NATS_KEYS": str(tmp_path / "keys")})
        with capture_logs() as logs:
            async with nats_connection(read, "edge"):
                server.kill()
                keys.make(tmp_path / "keys", rotate=["edge"])
                nats_server.guarded(tmp_path / "keys")
                server.start()

                async def was_told() -> bool:
                    return any(line["event"] == "nats refuses us" for line in logs)

                await until(was_told)
                await asyncio.sleep(1)  # it tries again four times a second
        said = [line["why"] for line in logs if line["log_level"] == "error"]
        assert said == ["NATS does not know edge by its key; `loom keys` tells nats-server of it, LOOM_NATS_KEYS us."]


async def test_a_subject_that_is_refused_is_told_of(tmp_path: Path) -> None:
    async with NatsServer(tmp_path, nats_server.guarded(tmp_path / "keys")) as server:
        read = settings.read({"LOOM_NATS_URL": server.url, "LOOM_NATS_KEYS": str(tmp_path / "keys")})
        with capture_logs() as logs:
            async with nats_connection(read, "edge") as client:
                await client.publish("loom.evt.recording.r1.deleted", b"{}")

                async def was_told() -> bool:
                    return any(line["event"] == "nats refuses a subject" for line in logs)

                await until(was_told)
        assert "loom.evt.recording.r1.deleted" in next(line["why"] for line in logs if line["log_level"] == "error")


def test_a_key_that_is_missing_is_named(tmp_path: Path) -> None:
    read = settings.read({"LOOM_NATS_URL": f"nats://127.0.0.1:{any_free()}", "LOOM_NATS_KEYS": str(tmp_path)})
    with refused(f"There is no key for edge in {tmp_path}; `loom keys` makes it."):
        credentials.options(read, "edge")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"LOOM_NATS_CA": "missing"}, "LOOM_NATS_CA: {}/missing cannot be used: No such file or directory."),
        ({"LOOM_NATS_CA": "edge.key"}, "LOOM_NATS_CA: {}/edge.key cannot be used"),
        ({"LOOM_NATS_CERT": "edge.pem"}, "LOOM_NATS_CERT and LOOM_NATS_KEY belong together"),
        ({"LOOM_NATS_KEY": "edge.key"}, "LOOM_NATS_CERT and LOOM_NATS_KEY belong together"),
        ({"LOOM_NATS_CERT": "edge.pem", "LOOM_NATS_KEY": "missing"}, "{0}/edge.pem with {0}/missing cannot be used"),
        ({"LOOM_NATS_CERT": "edge.pem", "LOOM_NATS_KEY": "api.key"}, "{0}/edge.pem with {0}/api.key cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(given: dict[str, str], said: str, tls: Path) -> None:
    found = {"LOOM_NATS_URL": "tls://nats.example", **{name: str(tls / file) for name, file in given.items()}}
    with refused(said.format(tls)):
        credentials.options(settings.read(found), "edge")
