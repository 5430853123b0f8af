"""What everything is called, and that no two things are called the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from schemas import recording
from schemas.ids import ALPHABET, RecordingId
from schemas.media import AAC, AUDIO, VIDEO, InitHeaders, PartHeaders
from schemas.message import Command, Event, Query
from schemas.processing import MakePoster
from schemas.recording import (
    ConnectSource,
    GetRecording,
    ListRecordings,
    RecordingStopped,
    SaveTemplate,
    StopRecording,
    TemplateSaved,
)
from subjects import commands, consumers, dead_letters, events, jobs, live, media, names, objects, streams
from subjects.tokens import token

DECLARED = [
    said for said in vars(recording).values() if isinstance(said, type) and said.__module__ == recording.__name__
]
WISHES = [said for said in DECLARED if issubclass(said, Command | Query)]
EVENTS = [said for said in DECLARED if issubclass(said, Event)]
ids = some.text(ALPHABET, min_size=22, max_size=22).map(RecordingId)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (commands.of(StopRecording), "loom.cmd.recording.stop"),
        (commands.of(ConnectSource), "loom.cmd.recording.connect_source"),
        (commands.of(GetRecording), "loom.cmd.recording.get"),
        (commands.of(ListRecordings), "loom.cmd.recording.list"),
        (commands.of(SaveTemplate), "loom.cmd.recording.save_template"),
        (events.of(RecordingStopped, "r1"), "loom.evt.recording.r1.stopped"),
        (events.of(TemplateSaved, "t1"), "loom.evt.recording.t1.template_saved"),
        (events.every(RecordingStopped), "loom.evt.recording.*.stopped"),
        (events.entity("recording", "r1"), "loom.evt.recording.r1.*"),
        (events.service("recording"), "loom.evt.recording.>"),
        (media.init("r1", VIDEO), "loom.media.r1.video.init"),
        (media.part("r1", AAC), "loom.media.r1.aac.part"),
        (media.parts("r1"), "loom.media.r1.*.part"),
        (media.end("r1"), "loom.media.r1.all.end"),
        (media.recording("r1"), "loom.media.r1.>"),
        (live.source("r1"), "loom.live.r1.source"),
        (dead_letters.of("EVENTS", "recording"), "loom.dlq.EVENTS.recording"),
        (objects.segment("r1", VIDEO, 7), "recordings/r1/video/7.m4s"),
        (objects.init("r1", AUDIO, 0), "recordings/r1/audio/init-0.mp4"),
        (objects.playlist("r1", VIDEO), "recordings/r1/video.m3u8"),
        (objects.multivariant("r1"), "recordings/r1/master.m3u8"),
        (objects.poster("r1"), "recordings/r1/poster.jpg"),
    ],
)
def test_what_it_is_called(name: str, expected: str) -> None:
    assert name == expected


@pytest.mark.parametrize("text", ["", "a.b", "a b", "*", ">", "a/b", "..", "é", "a\n", "$SYS"])
def test_what_may_not_stand_between_dots(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be part of a subject"):
        token(text)
    with pytest.raises(ValueError, match="cannot be part of a subject"):
        media.recording(text)
    with pytest.raises(ValueError, match="cannot be part of a subject"):
        objects.prefix(text)


def test_no_two_messages_have_the_same_name() -> None:
    assert len({commands.of(said) for said in WISHES}) == len(WISHES)
    assert len({events.of(said, "x") for said in EVENTS}) == len(EVENTS)


@given(ids, some.sampled_from([VIDEO, AUDIO, AAC]))
def test_a_media_subject_is_read_back(recording_id: RecordingId, rendition: str) -> None:
    assert media.address(media.part(recording_id, rendition)) == (recording_id, rendition, "part")
    assert media.address(media.init(recording_id, rendition)) == (recording_id, rendition, "init")
    assert media.address(media.end(recording_id)) == (recording_id, "all", "end")


@given(ids)
def test_the_entity_of_an_event_is_read_back(recording_id: RecordingId) -> None:
    assert events.entity_of(events.of(RecordingStopped, recording_id)) == recording_id


def test_messages_are_deduplicated_by_what_they_are() -> None:
    part = PartHeaders(3, 1, 0, 90_000, 0, 30_000, 0, 0)
    named = [
        media.message_id("r1", VIDEO, part),
        media.message_id("r1", AUDIO, part),
        media.message_id("r2", VIDEO, part),
        media.message_id("r1", VIDEO, InitHeaders(3, "avc1.42e01f", 90_000)),
        media.message_id("r1", VIDEO, None),
    ]
    assert len(set(named)) == len(named)
    assert media.message_id("r1", "all", None) == media.message_id("r1", VIDEO, None)


def test_every_stream_and_consumer_has_its_reason() -> None:
    assert all(len(stream.reason) > 20 for stream in streams.ALL)
    assert all(len(consumer.reason) > 20 for consumer in consumers.ALL)


def test_a_consumer_reads_what_its_stream_keeps() -> None:
    kept = {stream.name: stream.subjects for stream in streams.ALL}
    for consumer in consumers.ALL:
        heads = tuple(subject.removesuffix(">") for subject in kept[consumer.stream])
        assert all(name.startswith(heads) for name in consumer.filters), consumer.name


def test_no_two_streams_keep_the_same() -> None:
    heads = [subject.removesuffix(">") for stream in streams.ALL for subject in stream.subjects]
    assert not any(a != b and a.startswith(b) for a in heads for b in heads)


def test_events_are_for_ever() -> None:
    assert not streams.EVENTS.allow_purge


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        (commands.of(StopRecording), ("request", "recording", "", "stop")),
        (events.of(RecordingStopped, "rec"), ("event", "recording", "rec", "stopped")),
        (jobs.every(MakePoster).replace("*", "rec"), ("job", "make_poster", "rec", "make_poster")),
        (media.every("video", "part").replace("*", "rec"), ("media", "video", "rec", "part")),
        (live.source("rec"), ("live", "source", "rec", "source")),
        (dead_letters.of("EVENTS", "finishing"), ("dead letter", "finishing", "", "")),
        (dead_letters.again("finishing"), ("again", "finishing", "", "")),
        ("$SRV.PING", ("other", "", "", "")),
        ("loom.evt.recording", ("other", "", "", "")),
    ],
)
def test_what_a_subject_says_is_read_back(subject: str, name: tuple[str, ...]) -> None:
    assert names.read(subject) == name


def test_whose_dead_letter_it_is_is_read_back() -> None:
    tables = dead_letters.of("EVENTS", dead_letters.projection("recording"))
    assert dead_letters.reader(tables) == ("EVENTS", "recording-projection", "recording")
    assert dead_letters.reader(dead_letters.of("JOBS", "job-make_poster")) == ("JOBS", "job-make_poster", "")
