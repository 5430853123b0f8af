"""`given(*events).when(command).then(*events)`: a decision of the recording service, read as a sentence."""

from datetime import UTC, datetime
from functools import reduce
from typing import Self

import pytest

from actors.recording import decider
from actors.recording.decider import Command, Event, State
from schemas.errors import LoomError
from schemas.recording import RecordingPrepared

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class given:  # noqa: N801  it begins a sentence
    """The events that have happened; `prepared` is what a StartRecording would lead to."""

    def __init__(self, *events: Event, prepared: RecordingPrepared | None = None) -> None:
        nothing: State = decider.Absent()
        self._state = reduce(decider.evolve, events, nothing)
        self._prepared = prepared
        self._command: Command | None = None

    @property
    def state(self) -> State:
        """What they lead to."""
        return self._state

    def when(self, command: Command) -> Self:
        """The command that arrives."""
        self._command = command
        return self

    def then(self, *expected: Event) -> None:
        """The events it decides."""
        assert self._decided() == list(expected)

    def refuses(self, error: type[LoomError], match: str) -> None:
        """The refusal it gets."""
        with pytest.raises(error, match=match):
            self._decided()

    def _decided(self) -> list[Event]:
        assert self._command is not None
        return decider.decide(self._command, self._state, self._prepared, NOW)
