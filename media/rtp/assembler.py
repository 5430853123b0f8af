"""When is a frame whole? What all payload formats have in common: the marker ends it, a gap damages it.

After a gap nothing is passed on until the next key frame: what refers to a lost picture would show garbage.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple


class AccessUnit(NamedTuple):
    """A complete frame in decoding order; of H.264 its NAL units, of the others one piece: what a decoder takes."""

    nal_units: tuple[bytes, ...]
    timestamp: int
    key_frame: bool


class Assembler(ABC):
    """Takes payloads in order; `needs_key_frame` says that the sender has to be asked for one."""

    def __init__(self) -> None:
        self._timestamp: int | None = None
        self._is_damaged = False
        self.needs_key_frame = True
        self.damaged_frames = 0

    @property
    @abstractmethod
    def is_receiving_key_frame(self) -> bool:
        """Whether part of one has come: asking for another would only delay it."""

    def add(self, payload: bytes, timestamp: int, *, marker: bool) -> AccessUnit | None:
        """Take the next payload; gives back the frame it completes."""
        if timestamp != self._timestamp:
            self._begin(timestamp)
        if payload:
            try:
                self._take(payload)
            except (ValueError, IndexError):
                self._is_damaged = True
        return self._end() if marker else None

    @abstractmethod
    def gap(self) -> None:
        """Packets are missing before the next one."""

    @abstractmethod
    def _begin(self, timestamp: int) -> None:
        """A new frame."""

    @abstractmethod
    def _take(self, payload: bytes) -> None:
        """Read one packet. Raises ValueError or IndexError for what cannot be."""

    @abstractmethod
    def _end(self) -> AccessUnit | None:
        """The frame is over."""

    def _passed_on(self, nal_units: tuple[bytes, ...], *, key_frame: bool) -> AccessUnit | None:
        """A frame, if a decoder can show it; without units it was damaged."""
        if not nal_units:
            self.damaged_frames += 1
            self.needs_key_frame = True
            return None
        if self.needs_key_frame and not key_frame:
            return None
        self.needs_key_frame = False
        return AccessUnit(nal_units, self._timestamp or 0, key_frame)


class FrameAssembler(Assembler):
    """The assembler of formats whose packets say where a frame begins: `_take` calls `_first` or `_more`."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._is_key_frame = False

    @property
    def is_receiving_key_frame(self) -> bool:
        """Whether part of one has come: asking for another would only delay it."""
        return bool(self._pieces) and self._is_key_frame and not self._is_damaged

    def gap(self) -> None:
        """Packets are missing before the next one; one that begins a frame is not damaged by it."""
        self._is_damaged = bool(self._pieces)
        self.needs_key_frame = True

    def _frame(self) -> bytes:
        """What a decoder takes. Raises ValueError or IndexError for what cannot be."""
        return b"".join(self._pieces)

    def _first(self, piece: bytes, *, key_frame: bool) -> None:
        self._pieces, self._is_key_frame = [piece], key_frame

    def _more(self, piece: bytes) -> None:
        if not self._pieces:
            raise ValueError("the start of the frame is missing")
        self._pieces.append(piece)

    def _begin(self, timestamp: int) -> None:
        if self._pieces:  # the marker of the frame before never came
            self.needs_key_frame = True
        self._forget()
        self._timestamp = timestamp

    def _forget(self) -> None:
        self._pieces, self._is_damaged, self._is_key_frame = [], False, False

    def _end(self) -> AccessUnit | None:
        key_frame, data = self._is_key_frame, b""
        if self._pieces and not self._is_damaged:
            try:
                data = self._frame()
            except (ValueError, IndexError):
                data = b""
        self._forget()
        return self._passed_on((data,) if data else (), key_frame=key_frame)
