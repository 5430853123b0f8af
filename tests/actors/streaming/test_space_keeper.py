"""The disk is never quite full: the log of media gets a limit before that, which goes once there is room."""

import shutil
from pathlib import Path

import msgspec
import pytest
from nats.aio.client import Client
from nats.js.errors import APIError

from actors.jetstream.full import is_full
from actors.jetstream.space_heard import SpaceHeard
from actors.recording.abandonment import Abandonment
from actors.recording.actor import RecordingActor
from actors.streaming.space_keeper import SpaceKeeper
from schemas.envelope import Caller
from schemas.errors import Full
from schemas.ids import RecordingId, new_id
from schemas.live import SpaceTold
from schemas.recording import ConnectSource, StartRecording, Status
from subjects import beacons, media
from subjects.streams import MEDIA
from tests.servers import until


def keeper(client: Client, folder: Path, reserves_left: float) -> SpaceKeeper:
    """As if the disk had so many reserves left."""
    return SpaceKeeper(client, [folder], round(shutil.disk_usage(folder).free / reserves_left), log_is_here=True)


async def part(client: Client) -> None:
    await client.jetstream().publish(media.part(new_id(), "video"), bytes(100_000))


async def test_the_log_takes_no_media_before_the_disk_is_full_and_goes_on_by_itself(
    client: Client, tmp_path: Path
) -> None:
    await part(client)
    await keeper(client, tmp_path, 0.4).look()
    with pytest.raises(APIError) as refused:
        await part(client)
    assert is_full(refused.value)
    await client.jetstream().publish("loom.evt.recording.abc.stopped", b"{}")  # what happens is still said
    await keeper(client, tmp_path, 100).look()
    await part(client)
    info = await client.jetstream().stream_info(MEDIA.name)
    assert (info.state.messages, info.config.max_bytes) == (2, -1)


@pytest.mark.parametrize(
    ("reserves_left", "level", "starts", "goes_on"),
    [(100.0, "enough", True, True), (0.7, "low", False, True), (0.4, "full", False, False)],
)
async def test_recordings_are_refused_with_a_sentence(
    client: Client, tmp_path: Path, reserves_left: float, level: str, *, starts: bool, goes_on: bool
) -> None:
    heard = SpaceHeard()
    subscription = await heard.follow(client)
    recordings = RecordingActor(client, None, Abandonment(client, None, None), heard)  # type: ignore[arg-type]
    there = RecordingId(new_id())
    await recordings.start(StartRecording(there), Caller())
    await keeper(client, tmp_path, reserves_left).look()

    async def is_heard() -> bool:
        worst = heard.worst()
        return worst is not None and worst.level == level

    await until(is_heard)
    assert (await heard.check() == "ok") is (level == "enough")
    for wanted, asked in (
        (starts, recordings.start(StartRecording(RecordingId(new_id())), Caller())),
        (goes_on, recordings.connect(ConnectSource(there), Caller())),
    ):
        if wanted:
            assert (await asked).status in {Status.PREPARING, Status.RECORDING}
        else:
            with pytest.raises(Full, match="disk space"):
                await asked
    await subscription.unsubscribe()


async def test_the_worst_that_is_said_counts(client: Client) -> None:
    heard = SpaceHeard()
    await heard.follow(client)
    for by, level in (("a", "enough"), ("b", "full"), ("c", "low")):
        await client.publish(beacons.SPACE, msgspec.json.encode({"by": by, "level": level, "says": level}))

    async def is_full() -> bool:
        return heard.worst() == SpaceTold("b", "full", "full")

    await until(is_full)
