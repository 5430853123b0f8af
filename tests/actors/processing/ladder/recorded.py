"""A recording's picture as it lies in storage, real enough to be decoded."""

from collections.abc import Sequence

from obstore.store import ObjectStore

from media.cmaf import fragment
from media.h264 import sps
from media.hls import index
from media.hls.index import RecordingIndex
from schemas.media import VIDEO, VIDEO_TIMESCALE, InitHeaders, PartHeaders, to_headers
from subjects import objects
from tests.media.transcode.given import BEGIN, TICKS, segment

BEGAN_US = 1_700_000_000_000_000
FRAMES = 30


def pieces(sizes: Sequence[tuple[int, int]]) -> list[tuple[bytes, bytes]]:
    """Init and segment of a second each, of these sizes: a page that stands still."""
    return [segment(*size, (TICKS,) * FRAMES, BEGIN + n * FRAMES * TICKS, scrolls=0) for n, size in enumerate(sizes)]


async def store_video(
    store: ObjectStore, recording_id: str, sizes: Sequence[tuple[int, int]], broken: Sequence[int] = ()
) -> RecordingIndex:
    """Segments of a second; a new init number wherever the size changes. Those that are `broken` hold no pictures."""
    found = RecordingIndex()
    inits: list[bytes] = []
    for number, (init, data) in enumerate(pieces(sizes)):
        if not inits or inits[-1] != init:
            said = InitHeaders(len(inits), codec_of(init), VIDEO_TIMESCALE, *sizes[number])
            found.add(VIDEO, "init", to_headers(said), len(init), 100 * number + 1)
            await store.put_async(objects.init(recording_id, VIDEO, len(inits)), init)
            inits.append(init)
        stored = bytes(len(data)) if number in broken else data
        await store.put_async(objects.segment(recording_id, VIDEO, number), stored)
        for place, chunk in enumerate(fragment.read_all(data)):
            part = PartHeaders(
                *(number, place, len(inits) - 1, VIDEO_TIMESCALE, chunk.decode_time, sum(s.duration for s in chunk.samples)),
                BEGAN_US + (chunk.decode_time - BEGIN) * 100 // 9, 0, place == 0, place == 0 and number > 0 and sizes[number] != sizes[number - 1],
            )  # fmt: skip
            written = len(fragment.write(1, 0, chunk.samples))
            found.add(VIDEO, "part", to_headers(part), written, 100 * number + 2 + place)
    found.add("all", "end", {}, 0, 10_000)
    await store.put_async(objects.index(recording_id), index.encode(found))
    return found


def codec_of(init: bytes) -> str:
    at = init.index(b"avcC") + 4
    size = int.from_bytes(init[at + 6 : at + 8], "big")
    return sps.parse(init[at + 8 : at + 8 + size]).codec
