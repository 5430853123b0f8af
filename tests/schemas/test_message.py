import msgspec
import pytest

from schemas import recording
from schemas.message import Command, Event, Query, answer_type
from schemas.recording import (
    EndedRecordings,
    RecordingPage,
    RecordingPaused,
    RecordingView,
    StartRecording,
    TemplateList,
    TemplateView,
)

WISHES = [
    said
    for said in vars(recording).values()
    if isinstance(said, type) and issubclass(said, Command | Query) and said.__module__ == recording.__name__
]
VIEWS = (RecordingView, RecordingPage, EndedRecordings, TemplateView, TemplateList)


@pytest.mark.parametrize("said", WISHES, ids=lambda said: said.__name__)
def test_every_wish_and_question_says_what_it_is_answered_with(said: type[Command[object]]) -> None:
    answer = answer_type(said)
    assert answer in VIEWS or getattr(answer, "__forward_arg__", "") in {view.__name__ for view in VIEWS}


def test_a_message_without_an_answer_is_named() -> None:
    class Mute(Command, frozen=True):  # type: ignore[type-arg]
        """Says nothing of an answer."""

    with pytest.raises(TypeError, match="Mute does not say what it is answered with"):
        answer_type(Mute)


def test_an_event_of_a_newer_writer_is_understood() -> None:
    text = b'{"type": "RecordingPaused", "recording_id": "r", "at": "2026-01-01T00:00:00Z", "newer": 1}'
    assert msgspec.json.decode(text, type=RecordingPaused).recording_id == "r"


def test_a_wish_with_a_slip_of_the_pen_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="titel"):
        msgspec.json.decode(b'{"type": "StartRecording", "recording_id": "r", "titel": "x"}', type=StartRecording)


@pytest.mark.parametrize(("length", "fits"), [(200, True), (201, False)])
def test_a_title_has_two_hundred_letters_at_most(length: int, *, fits: bool) -> None:
    text = msgspec.json.encode({"type": "StartRecording", "recording_id": "r", "title": "é" * length})
    if fits:
        assert len(msgspec.json.decode(text, type=StartRecording).title) == length
    else:
        with pytest.raises(msgspec.ValidationError, match="title"):
            msgspec.json.decode(text, type=StartRecording)


def test_every_event_names_its_entity_first_and_when() -> None:
    for said in vars(recording).values():
        if isinstance(said, type) and issubclass(said, Event) and said is not Event:
            fields = said.__struct_fields__
            assert fields[0].endswith("_id"), said
            assert "at" in fields, said
