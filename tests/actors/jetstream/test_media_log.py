from nats.aio.client import Client as Nats

from actors.jetstream import direct_get
from actors.jetstream.media_log import MediaLog
from schemas.ids import new_id
from schemas.media import VIDEO
from subjects import media
from subjects.streams import MEDIA
from tests.actors.media_given import Source
from tests.replicas import Replica


async def test_a_replica_that_is_behind_is_waited_for(nats_client: Nats, replica: Replica) -> None:
    source = Source(nats_client, new_id())
    await source.segments(0, 0)
    subject = media.part(source.recording_id, VIDEO)
    replica.falls_behind(MEDIA, at=4)
    assert [entry.sequence async for entry in MediaLog(nats_client).read(subject, 1, 6)] == [*range(1, 7)]
    assert replica.times == 0


async def test_what_is_not_there_is_not_waited_for(nats_client: Nats) -> None:
    source = Source(nats_client, new_id())
    await source.segments(0, 0)
    await source.init()
    subject = media.part(source.recording_id, VIDEO)
    assert [entry.sequence async for entry in MediaLog(nats_client).read(subject, 5, 7)] == [5, 6]
    assert [entry async for entry in MediaLog(nats_client).read(subject, 7, 7)] == []


async def test_the_leader_tells_what_the_log_has(nats_client: Nats) -> None:
    source = Source(nats_client, new_id())
    await source.segments(0, 0)
    subject = media.parts(source.recording_id)
    last, known = [await ask(nats_client, MEDIA.name, subject) for ask in (direct_get.last, direct_get.known)]
    assert last and known
    assert (known.sequence, known.subject, known.data) == (6, last.subject, last.data)
    assert known.stored_at == last.stored_at
    assert known.headers.items() <= last.headers.items()
    fourth = await direct_get.known(nats_client, MEDIA.name, subject, 4)
    assert fourth and fourth.sequence == 4
    assert await direct_get.known(nats_client, MEDIA.name, subject, 7) is None
    assert await direct_get.known(nats_client, MEDIA.name, media.parts(new_id())) is None
