"""How is a source written down that has no H.264? In the place of a packager, with the same calls: out come pages.

Nothing is decoded. A page is full after a tenth of a second; one without entries is written when nothing happened for
longer, so that whoever replays it knows the time. Key frames are asked for now and then: a worker that takes over has
to decode from one.
"""

from typing import Final

from msgspec import Struct, structs

from media.h264.nal_unit import length_prefixed
from media.journal import page
from media.journal.page import Aligned, Closed, Entry, Frame, Page, Paused, Resumed, Sound
from media.samples import AudioPacket, KeyFrameWanted, SenderReference, VideoFrame
from schemas.raw import PageHeaders

H264: Final = "H264"
PAGE_S: Final = 0.1
PAGE_BYTES: Final = 1 << 20
QUIET_S: Final = 0.5
KEY_FRAME_S: Final = 10.0
KEY_FRAME_LEAD_S: Final = 0.1
KEY_FRAME_RETRY_S: Final = 0.3


class Written(Struct, frozen=True):
    """A page to publish."""

    headers: PageHeaders
    data: bytes


JournalOutput = Written | KeyFrameWanted


class Journal:
    """One source session of one recording. Owned by one task; times as `Packager` has them."""

    def __init__(self, said: PageHeaders) -> None:
        self._said = said  # of the next page
        self._key_frame_s = said.segment_s - KEY_FRAME_LEAD_S if said.codec == H264 else KEY_FRAME_S
        self._entries: list[Entry] = []
        self._bytes = 0
        self._since: float | None = None  # when the last page was written
        self._key_frame: float | None = None  # when the last one came
        self._asked = float("-inf")
        self._needs_key_frame = True
        self._paused = False

    # --- what comes in ------------------------------------------------------------------------------------------------

    def add_video(self, frame: VideoFrame, now: float, wall_us: int) -> list[JournalOutput]:
        """A frame in decoding order."""
        if self._paused or (self._needs_key_frame and not frame.key_frame):
            return self._ask(now)
        if frame.key_frame:
            self._needs_key_frame, self._key_frame = False, now
        data = length_prefixed(frame.nal_units) if self._said.codec == H264 else b"".join(frame.nal_units)
        return self._add(Frame(frame.arrived, frame.timestamp, frame.key_frame, data), now, wall_us) + self._ask(now)

    def add_audio(self, packet: AudioPacket, now: float, wall_us: int) -> list[JournalOutput]:
        """An Opus packet."""
        if self._paused or not self._said.channels:
            return []
        return self._add(Sound(packet.arrived, packet.timestamp, packet.data), now, wall_us)

    def align(self, video: SenderReference, audio: SenderReference) -> None:
        """The sender's own clock."""
        at = self._entries[-1].at if self._entries else self._since or 0.0
        self._entries.append(Aligned(at, video, audio))

    @property
    def is_paused(self) -> bool:
        """Between `pause` and `resume`."""
        return self._paused

    # --- time ---------------------------------------------------------------------------------------------------------

    def deadline(self) -> float | None:
        """Monotonic seconds at which `tick` is due; None while nothing is to be done."""
        if self._paused or self._since is None:
            return None
        return min(self._since + (PAGE_S if self._entries else QUIET_S), self._key_frame_due())

    def tick(self, now: float, wall_us: int) -> list[JournalOutput]:
        """Write what is due, ask for what is due."""
        if self._paused or self._since is None:
            return []
        is_due = now >= self._since + (PAGE_S if self._entries else QUIET_S)
        return (self._written(now, wall_us) if is_due else []) + self._ask(now)

    # --- pause, resume, close -----------------------------------------------------------------------------------------

    def pause(self, now: float, wall_us: int) -> list[JournalOutput]:
        """Nothing that comes until `resume` is part of the recording."""
        if self._paused:
            return []
        self._paused, self._needs_key_frame = True, True
        self._entries.append(Paused(now))
        return self._written(now, wall_us)

    def resume(self, now: float, wall_us: int) -> list[JournalOutput]:
        """What comes from now on is; frames from the next key frame on."""
        self._paused = False
        self._entries.append(Resumed(now))
        return self._written(now, wall_us) + self._ask(now)

    def close(self, now: float, wall_us: int, *, fill: bool = True) -> list[JournalOutput]:
        """The session is over."""
        self._entries.append(Closed(now))
        return self._written(now, wall_us)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _add(self, entry: Frame | Sound, now: float, wall_us: int) -> list[JournalOutput]:
        self._since = now if self._since is None else self._since
        self._entries.append(entry)
        self._bytes += len(entry.data)
        return self._written(now, wall_us) if now - self._since >= PAGE_S or self._bytes > PAGE_BYTES else []

    def _written(self, now: float, wall_us: int) -> list[JournalOutput]:
        data = page.encode(Page(now, wall_us, self._entries))
        found = Written(self._said, data)
        self._said = structs.replace(self._said, number=self._said.number + 1)
        self._entries, self._bytes, self._since = [], 0, now
        return [found]

    def _key_frame_due(self) -> float:
        if not self._said.codec:
            return float("inf")
        is_missing = self._needs_key_frame or self._key_frame is None
        due = 0.0 if is_missing or self._key_frame is None else self._key_frame + self._key_frame_s
        return max(due, self._asked + KEY_FRAME_RETRY_S)

    def _ask(self, now: float) -> list[JournalOutput]:
        if self._paused or now < self._key_frame_due():
            return []
        self._asked = now
        return [KeyFrameWanted()]
