"""A file imported by pure functions alone, and what strangers' decoders find in it."""

import io
import os
import tempfile
from typing import NamedTuple

import av

from media.importing.batch import Batch
from media.importing.feeder import Feeder
from media.importing.reader import Reader
from media.importing.survey import Survey, survey
from media.packager import Packager
from media.samples import Init, Part
from schemas.media import AUDIO, VIDEO

WALL_US = 1_800_000_000_000_000


class Imported(NamedTuple):
    survey: Survey
    out: list[Init | Part]
    lost: int
    batches: int

    def parts(self, rendition: str) -> list[Part]:
        return [said for said in self.out if isinstance(said, Part) and said.rendition == rendition]

    def bytes_of(self, rendition: str) -> bytes:
        return b"".join(said.data for said in self.out if said.rendition == rendition)

    def pictures(self) -> list[tuple[float, float]]:
        """Time behind the beginning and brightness of every picture."""
        with av.open(io.BytesIO(self.bytes_of(VIDEO))) as container:
            container.streams.video[0].codec_context.thread_count = 1
            return [
                (float(frame.time or 0) - 10, float(frame.to_ndarray(format="gray").mean()))
                for frame in container.decode(video=0)
            ]

    def size(self) -> tuple[int, int]:
        with av.open(io.BytesIO(self.bytes_of(VIDEO))) as container:
            frame = next(container.decode(video=0))
            return frame.width, frame.height

    def seconds(self, rendition: str) -> float:
        return sum(part.headers.duration / part.headers.timescale for part in self.parts(rendition))

    def sound(self) -> list[float]:
        """Loudness of every packet of 20 ms."""
        with av.open(io.BytesIO(self.bytes_of(AUDIO))) as container:
            return [float(abs(frame.to_ndarray()).max()) for frame in container.decode(audio=0)]


def imported(data: bytes) -> Imported:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        descriptor = file.fileno()
        os.lseek(descriptor, 0, os.SEEK_SET)
        found = survey(descriptor)
        reader = Reader(descriptor, found, 2.0)
        packager = Packager(video=found.video != "none", audio=found.audio != "none", channels=found.channels)
        feeder = Feeder(packager, WALL_US)
        out: list[Init | Part] = []
        batch, count = Batch([], []), 0
        while not batch.is_last:
            batch = reader.next()
            out += feeder.feed(batch)
            count += 1
        return Imported(found, out + feeder.end(), batch.lost, count)
