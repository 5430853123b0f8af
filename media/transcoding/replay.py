"""How do pages become parts? Each entry is given to an ordinary packager when its moment has come, pictures as H.264.

Pure and driven by the pages alone, so it is no matter when they are read: late ones are made up for, and whoever takes
over after a crash goes on at the sample behind the last one that is in a part (`Done`). It decodes from the key frame
before, and what it makes is a new stretch.
"""

from typing import Final

from av.error import FFmpegError
from av.video.frame import VideoFrame as Picture
from msgspec import Struct, structs

from media.audio import opus
from media.audio_track import AudioTrack
from media.cmaf.fragment import Sample
from media.h264.nal_unit import SPS, kind
from media.journal import page as pages
from media.journal.journal import H264
from media.journal.page import Aligned, Closed, Entry, Frame, Page, Paused, Resumed, Sound, origin, page_of
from media.packager import Packager
from media.samples import AudioPacket, Continuation, Init, KeyFrameWanted, Output, Part, VideoFrame
from media.track import Stretch
from media.transcoding.decoder import Decoder
from media.transcoding.encoder import Encoder
from schemas.media import AUDIO, AUDIO_TIMESCALE, BASE_OFFSET_S, VIDEO
from schemas.raw import PageHeaders

HURRY_S: Final = 3.0
MOST_PIXELS: Final = 8192 * 4608
UNUSABLE: Final = (FFmpegError, ValueError, MemoryError)
"""What a frame may bring about that is meant to; the page around it is none the worse."""


class Done(Struct, frozen=True):
    """What is in the log already: the origin of the last sample of each track; 0 before there is one."""

    video: int = 0
    audio: int = 0
    resume: int = 0  # the page from which frames have to be decoded


class Made(Struct, frozen=True):
    """An init segment or a part, and the page from which a decoder has to begin to go on behind it."""

    output: Init | Part
    resume: int


class Replay:
    """The `video` and `audio` renditions of one recording, out of its pages in order."""

    def __init__(self, there: Continuation, done: Done) -> None:
        if done.video and AUDIO not in there.ends:  # killed before its first part was there
            there = structs.replace(there, ends={**there.ends, AUDIO: BASE_OFFSET_S * AUDIO_TIMESCALE})
        self._there = there
        self._done = done
        self._said: PageHeaders | None = None
        self._packager = Packager(video=False, audio=False)
        self._decoder: Decoder | None = None
        self._encoder: Encoder | None = None
        self._wants_key_frame = False
        self._hurries = False
        self._named = 0  # the entry that is happening
        self._is_catching_up = done.video > 0 or done.audio > 0
        self._clock = 0.0
        self._wall_us = 0
        self._key_pages: list[int] = []  # pages with key frames, as far as a part may still name them
        self._resume = done.resume

    def take(self, sequence: int, said: PageHeaders, data: bytes, late_s: float = 0.0) -> list[Made]:
        """The page at `sequence`, which was written so long ago; what can be published now.

        Raises ValueError for what is no page.
        """
        page = pages.decode(data)
        self._hurries |= late_s > HURRY_S
        out = self._begin(said) if self._said is None or said.session != self._said.session else []
        for place, entry in enumerate(page.entries):
            out += self._until(page, entry.at)
            self._named = origin(sequence, place)
            out += self._happen(entry, self._named)
        out += self._until(page, page.now)
        return self._made(out)

    def end(self) -> list[Made]:
        """Nothing more will come: close what is open."""
        return self._made(self._close())

    # --- sessions -----------------------------------------------------------------------------------------------------

    def _begin(self, said: PageHeaders) -> list[Output]:
        """Another source session: its clock is another one."""
        out = self._close() if self._said else []
        self._said = said
        self._clock = 0.0
        self._decoder = Decoder(said.codec) if said.codec not in ("", H264) else None
        self._encoder, self._hurries = None, False
        self._packager = self._fresh(said)
        return out

    def _fresh(self, said: PageHeaders) -> Packager:
        return Packager(
            video=bool(said.codec),
            audio=bool(said.channels),
            channels=said.channels,
            continuation=self._there,
            part_s=said.part_s,
            segment_s=said.segment_s,
        )

    def _close(self) -> list[Output]:
        """Sound first: it may be cut off where it is longer than the picture, but never leaves it alone."""
        out = [] if self._is_leftover() else self._heard(self._packager.close(*self._now))
        return sorted(out, key=lambda said: isinstance(said, Part) and said.rendition == VIDEO)

    def _is_leftover(self) -> bool:
        """Whether there was only a rest of sound, whose picture is done."""
        if not (self._is_catching_up and self._said and self._said.codec):
            return False
        self._is_catching_up = self._named < self._done.video
        self._packager = self._fresh(self._said)
        return True

    # --- entries ------------------------------------------------------------------------------------------------------

    def _until(self, page: Page, at: float) -> list[Output]:
        """Time passes; the packager does what was due meanwhile."""
        out: list[Output] = []
        while not self._is_catching_up and (due := self._packager.deadline()) is not None and due < at:
            self._clock = max(self._clock, due)
            self._wall_us = page.wall(self._clock)
            out += self._heard(self._packager.tick(self._clock, self._wall_us))
            if (again := self._packager.deadline()) is not None and again <= due:
                break  # it waits for a frame
        self._clock = max(self._clock, at)
        self._wall_us = page.wall(self._clock)
        return out

    def _happen(self, entry: Entry, named: int) -> list[Output]:
        match entry:
            case Frame():
                try:
                    return self._frame(entry, named)
                except UNUSABLE:
                    self._encoder = None
                    return []
            case Sound():
                return self._sound(entry, named)
            case Aligned(video=video, audio=audio):
                self._packager.align(video, audio)
                return []
            case Paused():
                return self._close() + self._heard(self._packager.pause(*self._now))
            case Resumed():
                return self._heard(self._packager.resume(*self._now))
            case Closed():
                return self._close()

    @property
    def _now(self) -> tuple[float, int]:
        return self._clock, self._wall_us

    def _heard(self, out: list[Output]) -> list[Output]:
        """A key frame is ours to make; what comes next goes behind the rest."""
        for said in out:
            if isinstance(said, KeyFrameWanted):
                self._wants_key_frame = True
            else:
                self._there = _behind(self._there, said)
        return out

    def _sound(self, entry: Sound, named: int) -> list[Output]:
        if named <= self._done.audio or self._said is None:
            return []
        self._is_catching_up &= bool(self._said.codec)
        if self._is_catching_up and self._there.segments.get(AUDIO, 0) < self._there.segments.get(VIDEO, 0):
            return self._lone(entry, self._said, named)
        packet = AudioPacket(entry.data, entry.timestamp, entry.at, named)
        return self._heard(self._packager.add_audio(packet, *self._now))

    def _lone(self, entry: Sound, said: PageHeaders, named: int) -> list[Output]:
        """The part of sound for a segment whose picture is in the log: a packager would put silence there."""
        track = AudioTrack(said.part_s, said.segment_s, self._there, said.channels)
        stretch = Stretch(self._there.stretch - 1, track.end_s, self._wall_us)
        out: list[Output] = [track.configure()] if track.init < 0 else []
        track.open_segment(discontinuity=False)
        track.note(track.end, named)
        out.append(track.part([Sample(entry.data, opus.duration(entry.data) or opus.SILENCE_TICKS)], stretch))
        self._heard(out)
        self._packager = self._fresh(said)
        return out

    # --- pictures -----------------------------------------------------------------------------------------------------

    def _frame(self, entry: Frame, named: int) -> list[Output]:
        if page_of(named) < self._done.resume:
            return []
        if entry.key_frame:
            self._key_pages.append(page_of(named))
        if self._decoder is None:
            return [] if named <= self._done.video else self._passed_on(entry, named)
        picture = self._decoder.decode(entry.data, key_frame=entry.key_frame)
        if picture is None or named <= self._done.video or picture.width * picture.height > MOST_PIXELS:
            return []
        self._is_catching_up = False
        encoder = self._encoder_for(picture)
        while True:
            key_frame = self._wants_key_frame or self._packager.needs_key_frame
            self._wants_key_frame = False
            units = encoder.encode(picture, key_frame=key_frame)
            frame = VideoFrame(units, entry.timestamp, entry.at, key_frame or _has_sets(units), origin=named)
            out = self._heard(self._packager.add_video(frame, *self._now))
            if frame.key_frame or not self._packager.needs_key_frame:
                return out
            # after an outage it begins anew, and this one was not taken

    def _encoder_for(self, picture: Picture) -> Encoder:
        size = picture.width, picture.height
        if self._encoder is None or (self._encoder.size, self._encoder.hurries) != (size, self._hurries):
            self._encoder = Encoder(*size, hurries=self._hurries)
        return self._encoder

    def _passed_on(self, entry: Frame, named: int) -> list[Output]:
        """H.264, of somebody who came after one who had none."""
        self._is_catching_up = False
        frame = VideoFrame(_units(entry.data), entry.timestamp, entry.at, entry.key_frame, origin=named)
        return self._heard(self._packager.add_video(frame, *self._now))

    # --- what comes out -----------------------------------------------------------------------------------------------

    def _made(self, out: list[Output]) -> list[Made]:
        return [Made(said, self._resume_behind(said)) for said in out if not isinstance(said, KeyFrameWanted)]

    def _resume_behind(self, said: Init | Part) -> int:
        if isinstance(said, Part) and said.rendition == VIDEO and said.origin:
            while len(self._key_pages) > 1 and self._key_pages[1] <= page_of(said.origin):
                del self._key_pages[0]
            if self._key_pages and self._key_pages[0] <= page_of(said.origin):
                self._resume = self._key_pages[0]
        return self._resume


def _behind(there: Continuation, said: Init | Part) -> Continuation:
    """Where the log ends with this."""
    rendition = said.rendition
    if isinstance(said, Init):
        return structs.replace(there, inits={**there.inits, rendition: said.headers.number + 1})
    part = said.headers
    end = part.decode_time + part.duration
    return structs.replace(
        there,
        segments={**there.segments, rendition: part.segment + 1},
        ends={**there.ends, rendition: end},
        base_time_s=max(there.base_time_s, end / part.timescale),
        stretch=max(there.stretch, part.stretch + 1),
    )


def _has_sets(units: tuple[bytes, ...]) -> bool:
    return any(kind(unit) == SPS for unit in units)


def _units(data: bytes) -> tuple[bytes, ...]:
    """NAL units behind their lengths."""
    found, at = [], 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return tuple(found)
