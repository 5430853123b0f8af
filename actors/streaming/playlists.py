"""What does a stopped recording say of itself? Playlists that any static server can serve, then the edge's index."""

from actors.streaming.contents import Contents
from media.hls import index as hls
from media.hls import media_playlist, multivariant_playlist
from media.hls.media_playlist import Paths, Timing
from subjects import media, objects


def _playlist_path(rendition: str) -> str:
    """As it stands in the multivariant playlist, relative to it."""
    return f"{rendition}.m3u8"


PATHS = Paths(objects.init_path, objects.segment_path, objects.part_path, _playlist_path)


def index_of(found: Contents) -> hls.RecordingIndex:
    """The index, folded from the log as the edge folds it."""
    index = hls.RecordingIndex()
    for entry in found.entries:
        address = media.address(entry.subject)
        index.add(address.rendition, address.kind, entry.headers, entry.size_bytes, entry.sequence)
    return index


def playlists(found: Contents, timing: Timing = Timing()) -> dict[str, bytes]:  # noqa: B008  frozen
    """Every playlist and the index by path; the index last: where it is, everything is."""
    index = index_of(found)
    return rendered(found.recording_id, index, timing) | {objects.index(found.recording_id): hls.encode(index)}


def rendered(recording_id: str, index: hls.RecordingIndex, timing: Timing = Timing()) -> dict[str, bytes]:  # noqa: B008  frozen
    """Every playlist by path."""
    made = {
        objects.playlist(recording_id, name): media_playlist.ended(rendition, timing, PATHS).encode()
        for name, rendition in index.renditions.items()
        if rendition.inits and rendition.segments
    }
    made[objects.multivariant(recording_id)] = multivariant_playlist.render(index, PATHS).encode()
    return made
