import time
from pathlib import Path

import nats.errors
import obstore
import pytest

from ops import settings
from ops.connections import nats_connection, object_store, operator
from ops.settings import Settings
from tests.servers import NatsServer, until


def at(url: str) -> Settings:
    return settings.read({"LOOM_NATS_URL": url})


async def test_a_connection_comes_back_when_the_server_does(tmp_path: Path) -> None:
    async with NatsServer(tmp_path) as server, nats_connection(at(server.url), "test") as client:
        server.kill()

        async def away() -> bool:
            return not client.is_connected

        async def back() -> bool:
            return client.is_connected

        await until(away)
        server.start()
        await until(back)
        await client.flush()


async def test_what_was_said_is_sent_before_the_connection_closes(nats_url: str) -> None:
    async with nats_connection(at(nats_url), "listener") as listener:
        heard = await listener.subscribe("test.connections")
        await listener.flush()
        async with nats_connection(at(nats_url), "speaker") as speaker:
            await speaker.publish("test.connections", b"last words")
        assert (await heard.next_msg(5)).data == b"last words"
        assert speaker.is_closed
        with pytest.raises(nats.errors.Error):
            await speaker.publish("test.connections", b"too late")


def test_objects_are_files_unless_something_else_is_configured(tmp_path: Path) -> None:
    store = object_store(settings.read({"LOOM_DATA": str(tmp_path)}))
    obstore.put(store, "recordings/a/index.json", b"{}")
    assert (tmp_path / "objects" / "recordings" / "a" / "index.json").read_bytes() == b"{}"


def test_objects_may_be_in_a_folder_elsewhere(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/else%20where"
    store = object_store(settings.read({"LOOM_DATA": str(tmp_path / "data"), "LOOM_STORAGE_URL": url}))
    obstore.put(store, "a", b"x")
    assert (tmp_path / "else where" / "a").read_bytes() == b"x"


async def test_the_operator_is_told_at_once_that_nobody_is_there() -> None:
    begun = time.monotonic()
    with pytest.raises(nats.errors.Error):
        async with operator(at("nats://127.0.0.1:1")):
            pass
    assert time.monotonic() - begun < 2
