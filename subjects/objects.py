"""What objects in storage are called: the same paths as under /hls/, so that any static server can serve an archive."""

from typing import Final

from subjects.tokens import token

INDEX: Final = "index.json"
RENDITIONS: Final = "renditions.json"
POSTER: Final = "poster.jpg"
THUMBNAILS: Final = "thumbnails.vtt"
PREVIEW: Final = "preview.webp"
WAVEFORM: Final = "waveform.json"
MULTIVARIANT: Final = "master.m3u8"
MANIFEST: Final = "manifest.mpd"
EDITS: Final = "edits/"
_SPRITE: Final = "sprite-"


def prefix(recording_id: str) -> str:
    """All objects of one recording begin with this."""
    return f"recordings/{token(recording_id)}/"


def init(recording_id: str, rendition: str, number: int) -> str:
    """An init segment."""
    return f"{prefix(recording_id)}{init_path(rendition, number)}"


def segment(recording_id: str, rendition: str, number: int) -> str:
    """A whole media segment."""
    return f"{prefix(recording_id)}{segment_path(rendition, number)}"


def playlist(recording_id: str, rendition: str) -> str:
    """The media playlist of a stopped recording."""
    return f"{prefix(recording_id)}{rendition}.m3u8"


def multivariant(recording_id: str) -> str:
    """The multivariant playlist of a stopped recording."""
    return prefix(recording_id) + MULTIVARIANT


def index(recording_id: str) -> str:
    """Which inits and segments there are (`media.hls.index`); written last: where it is, everything is."""
    return prefix(recording_id) + INDEX


def samples(recording_id: str, rendition: str) -> str:
    """Where each sample of its segments lies (`media.mp4.samples`), for downloads and edits."""
    return f"{prefix(recording_id)}{rendition}/samples.bin"


def renditions(recording_id: str) -> str:
    """Which renditions were made after the recording had ended (`media.hls.index`); where it is, they are."""
    return prefix(recording_id) + RENDITIONS


def poster(recording_id: str) -> str:
    """A JPEG worth showing."""
    return prefix(recording_id) + POSTER


def thumbnails(recording_id: str) -> str:
    """WebVTT: which place of which sprite shows which moment; written behind the sprites."""
    return prefix(recording_id) + THUMBNAILS


def sprite(recording_id: str, number: int) -> str:
    """A sheet of thumbnails, a JPEG."""
    return prefix(recording_id) + sprite_path(number)


def is_sprite(path: str) -> bool:
    """Whether the object is a sheet of thumbnails."""
    return path.rpartition("/")[2].startswith(_SPRITE)


def preview(recording_id: str) -> str:
    """Moments of it that move, an animated WebP."""
    return prefix(recording_id) + PREVIEW


def waveform(recording_id: str) -> str:
    """How loud it is when, as audiowaveform's JSON."""
    return prefix(recording_id) + WAVEFORM


def sprite_path(number: int) -> str:
    """As it stands in thumbnails.vtt, relative to it."""
    return f"{_SPRITE}{number}.jpg"


def edit(recording_id: str) -> str:
    """Which of its versions is shown (`media.edits.version.Current`); none: all of it."""
    return prefix(recording_id) + "edit.json"


def edit_index(recording_id: str, version: int) -> str:
    """What a version is made of (`media.edits.version.Version`); written last."""
    return f"{prefix(recording_id)}{edit_path(version)}{INDEX}"


def edit_samples(recording_id: str, version: int, rendition: str) -> str:
    """As `samples`, for the pieces that were made for a version."""
    return f"{prefix(recording_id)}{edit_path(version)}{rendition}/samples.bin"


def edit_path(version: int) -> str:
    """All that was made for a version begins with this, relative to the recording; `init_path` and the like follow."""
    return f"{EDITS}{version}/"


def init_path(rendition: str, number: int) -> str:
    """As it stands in a playlist, relative to it."""
    return f"{rendition}/init-{number}.mp4"


def segment_path(rendition: str, number: int) -> str:
    """As it stands in a playlist, relative to it."""
    return f"{rendition}/{number}.m4s"


def part_path(rendition: str, segment: int, part: int) -> str:
    """As it stands in a playlist, relative to it."""
    return f"{rendition}/{segment}.{part}.m4s"


def playlist_path(rendition: str) -> str:
    """As it stands in a playlist, relative to it."""
    return f"{rendition}.m3u8"


UPLOADS: Final = "uploads/"
"""Files on their way in; each is gone once it is imported, or expires."""


def upload(upload_id: str) -> str:
    """All objects of one upload begin with this."""
    return f"{UPLOADS}{token(upload_id)}/"


def upload_about(upload_id: str) -> str:
    """What is known of it (`schemas.upload.Upload`)."""
    return f"{upload(upload_id)}about.json"


def upload_piece(upload_id: str, offset: int) -> str:
    """The bytes from `offset` on; names sort as the pieces follow each other."""
    return f"{upload(upload_id)}{offset:015}.part"


def segment_template(rendition: str) -> str:
    """As it stands in a DASH manifest, relative to it (`$Number$`: ISO/IEC 23009-1, 5.3.9.4.4)."""
    return f"{rendition}/$Number$.m4s"
