from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
from nats.aio.client import Client as Nats

from actors.jetstream.burial import bury
from actors.jetstream.direct_get import Entry
from ops import settings
from ops.cli.doctor import servers
from ops.cli.doctor.finding import Finding
from ops.embedded.known import Urls
from ops.settings import Settings
from tests.servers import NatsServer


def configured(data: Path, **more: str) -> Settings:
    return settings.read({"LOOM_DATA": str(data), **more})


async def asked(read: Settings) -> dict[str, Finding]:
    return {finding.question: finding for finding in await servers.examine(read)}


async def test_servers_that_are_as_they_should_be_need_no_help(
    tmp_path: Path, nats_server: NatsServer, database_url: str, redis_url: str
) -> None:
    where = {"LOOM_NATS_URL": nats_server.url, "LOOM_DATABASE_URL": database_url, "LOOM_REDIS_URL": redis_url}
    found = await asked(configured(tmp_path, **where))
    assert list(found) == [
        *("NATS", "clock of NATS", "dead letters"),
        *("PostgreSQL", "clock of PostgreSQL", "Redis", "storage", "room"),
    ]
    assert [finding for finding in found.values() if finding.help and finding.question != "PostgreSQL"] == []
    assert found["PostgreSQL"].help == "`loom up` applies what is missing."


async def test_embedded_ones_that_do_not_run_are_not_asked(tmp_path: Path) -> None:
    found = await asked(configured(tmp_path))
    assert [finding for finding in found.values() if finding.help] == []
    assert found["NATS"].answer == "the embedded one; it starts with `loom up`"


async def test_who_is_away_is_named_with_what_to_do_and_without_its_password(tmp_path: Path) -> None:
    away = {
        "LOOM_NATS_URL": "nats://127.0.0.1:1",
        "LOOM_DATABASE_URL": "postgresql://loom:secret@127.0.0.1:1/loom",
        "LOOM_REDIS_URL": "redis://127.0.0.1:1",
    }
    found = await asked(configured(tmp_path, **away))
    for question, setting in (("NATS", "NATS"), ("PostgreSQL", "DATABASE"), ("Redis", "REDIS")):
        assert "does not answer at" in found[question].answer
        assert f"LOOM_{setting}_URL" in found[question].help
    assert "secret" not in found["PostgreSQL"].answer


async def test_streams_that_are_missing_are_named(tmp_path: Path, nats_server: NatsServer) -> None:
    client = await nats.connect(nats_server.url)
    await client.jetstream().delete_stream("JOBS")
    await client.close()
    found = await asked(configured(tmp_path, LOOM_NATS_URL=nats_server.url))
    assert found["NATS"].answer.endswith("JOBS is missing")
    assert found["NATS"].help == "`loom up` makes what is missing."


async def test_dead_letters_are_mentioned(tmp_path: Path, nats_server: NatsServer, nats_client: Nats) -> None:
    await bury(nats_client, "EVENTS", "finishing", Entry(1, "loom.evt.recording.a.stopped", {}, 2, b"{}"), ValueError())
    found = await asked(configured(tmp_path, LOOM_NATS_URL=nats_server.url))
    assert found["dead letters"].help == "`loom dlq ls` tells which, and why."


async def test_a_server_that_takes_too_small_messages_is_noticed(tmp_path: Path) -> None:
    configuration = tmp_path / "small.conf"
    configuration.write_text("max_payload: 1MB\njetstream {}\n")
    async with NatsServer(tmp_path / "nats", configuration) as server:
        found = await asked(configured(tmp_path, LOOM_NATS_URL=server.url))
    assert "nats.conf has the limits" in found["NATS"].help


async def test_a_clock_that_is_off_is_noticed() -> None:
    async def theirs() -> datetime:
        return datetime.now(UTC) - timedelta(seconds=90)

    found = await servers._clock("PostgreSQL", theirs())
    assert found.answer == "90.00 s behind ours"
    assert "NTP" in found.help


async def test_storage_that_cannot_be_reached_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    read = configured(tmp_path, LOOM_STORAGE_URL=f"file://{tmp_path}/file/objects")
    assert (await servers._storage(read, Urls("", "", "")))[0].help


async def test_how_much_room_is_left_is_said_and_what_to_do_when_it_is_little(
    tmp_path: Path, nats_server: NatsServer, nats_client: Nats
) -> None:
    little = configured(tmp_path, LOOM_RESERVE_MB="100000000", LOOM_NATS_URL=nats_server.url)
    found = await asked(little)
    assert "free for objects" in found["room"].answer
    assert "Delete recordings" in found["room"].help
    assert "of media" not in found["NATS"].answer
    media = await nats_client.jetstream().stream_info("MEDIA")
    await nats_client.jetstream().update_stream(media.config.evolve(max_bytes=media.state.bytes + 5_000_000))
    try:
        assert "room for 5.0 MB of media" in (await asked(little))["NATS"].answer
    finally:
        await nats_client.jetstream().update_stream(media.config.evolve(max_bytes=-1))


async def test_a_server_without_jetstream_is_noticed(tmp_path: Path) -> None:
    configuration = tmp_path / "plain.conf"
    configuration.write_text("max_payload: 8MB\n")
    async with NatsServer(tmp_path / "nats", configuration) as server:
        found = await asked(configured(tmp_path, LOOM_NATS_URL=server.url))
    assert found["NATS"].answer == f"has no JetStream at {server.url}"
