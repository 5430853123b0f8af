"""What may be asked for under /hls/ (RFC 8216, and low latency as in RFC 8216bis), as data; gateways/edge answers."""

from typing import Annotated, Final, Literal

from msgspec import Meta, structs

from gateways.http import signing
from gateways.http.operation import JSON, OCTETS, TEXT, Answer, Operation, Parameter
from gateways.http.whip import ID
from media.audio.audiowaveform import Waveform

PLAYLIST: Final = "application/vnd.apple.mpegurl"
VTT: Final = "text/vtt"
Rendition = Annotated[str, Meta(pattern="^[a-z0-9-]+$", description="As the multivariant playlist names it.")]
Count = Annotated[int, Meta(ge=0, le=999_999_999)]
Reload = Annotated[Count, Meta(description="Answer once the playlist has this segment, or a part of it.")]
Part = Annotated[Count, Meta(description="Answer once it has this part of that segment.")]
Skip = Annotated[Literal["YES", "v2"], Meta(description="Leave out the segments that the client has already.")]
Known = Annotated[str, Meta(description="An ETag; what is still the same is not sent again.")]
Range = Annotated[str, Meta(description="A single range of bytes (RFC 9110, 14.2).")]

_TOKEN: Final = Parameter(
    "token",
    "path",
    Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{48}$", description="As it stands in the link that the API hands out.")],
)
_RENDITION: Final = Parameter("rendition", "path", Rendition)
_MSN: Final = Parameter("msn", "path", Annotated[Count, Meta(description="The segment's media sequence number.")])
_NUMBER: Final = Parameter("number", "path", Annotated[Count, Meta(description="As the playlist's EXT-X-MAP says.")])
_EDITED: Final = Parameter("edit", "path", Annotated[Count, Meta(description="As the edits of the recording say.")])
_KNOWN: Final = Parameter("If-None-Match", "header", Known)
_ETAG: Final = {"ETag": "For `If-None-Match`.", "Cache-Control": "How long it holds: it grows until it has ended."}
_PLAYLIST: Final = (
    Answer(200, "The playlist.", {PLAYLIST: TEXT}, _ETAG),
    Answer(304, "The client has it already.", headers=_ETAG),
)
_FILE: Final = {
    "Accept-Ranges": "`bytes`",
    "Content-Disposition": "To be kept under the recording's title.",
    "ETag": "For `If-Range` and `If-None-Match`: it changes with an edit.",
}
_PICTURE_HEADERS: Final = {"ETag": "For `If-None-Match`.", "Cache-Control": "How long it holds."}
_SPRITE: Final = Parameter("sheet", "path", Annotated[Count, Meta(description="As thumbnails.vtt says.")])
_VERSION: Final = Parameter(
    "v", "query", Annotated[str, Meta(description="As thumbnails.vtt says: under this name it never changes.")]
)
_EDIT: Final = Parameter(
    "version",
    "query",
    Annotated[int, Meta(ge=0, le=999_999, description="Of an edited recording; without it, the one that is shown.")],
)
_MEDIA: Final = {"video/mp4": OCTETS, "audio/mp4": OCTETS}
_FOR_EVER: Final = {"Cache-Control": "It never changes.", "Accept-Ranges": "`bytes`"}
_BYTES: Final = (
    Answer(200, "All of it.", _MEDIA, _FOR_EVER),
    Answer(206, "The range that was asked for.", _MEDIA, {**_FOR_EVER, "Content-Range": "Which bytes these are."}),
)


def signed(operation: Operation) -> Operation:
    """The same under a signed path, as it is handed out; what is not signed for it, or was, is refused."""
    return structs.replace(
        operation,
        path=f"{signing.PREFIX}{{token}}{operation.path}",
        parameters=(_TOKEN, *operation.parameters),
        refuses=tuple(sorted({403, *operation.refuses})),
    )


def _media(name: str, file: str, summary: str, *parameters: Parameter, description: str = "") -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=f"/hls/{{id}}/{{rendition}}/{file}",
        tag="watching",
        summary=summary,
        description=description,
        parameters=(ID, _RENDITION, *parameters, Parameter("Range", "header", Range)),
        answers=_BYTES,
        refuses=(404, 410, 416),
    )


def _version(name: str, file: str, summary: str, parameter: Parameter) -> Operation:
    known = _media(name, file, summary, parameter)
    parameters = (ID, _EDITED, *known.parameters[1:])
    return structs.replace(known, path=f"/hls/{{id}}/edits/{{edit}}/{{rendition}}/{file}", parameters=parameters)


def _file(name: str, suffix: str, summary: str, kind: str) -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=f"/hls/{{id}}/download.{suffix}",
        tag="watching",
        summary=summary,
        description="Nothing is coded anew: what was recorded, with AAC for sound once that is whole, else Opus.",
        parameters=(
            ID,
            Parameter("Range", "header", Range),
            Parameter("If-Range", "header", Annotated[str, Meta(description="The range holds for this ETag only.")]),
            _KNOWN,
        ),
        answers=(
            Answer(200, "All of it.", {kind: OCTETS}, _FILE),
            Answer(206, "A range.", {kind: OCTETS}, {**_FILE, "Content-Range": "Which bytes these are."}),
            Answer(304, "The client has it already.", headers={"ETag": "The same."}),
        ),
        refuses=(404, 409, 410, 416),
    )


_KINDS: Final = {VTT: TEXT, JSON: Waveform}


def _picture(name: str, file: str, summary: str, kind: str, *parameters: Parameter, description: str = "") -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=f"/hls/{{id}}/{file}",
        tag="watching",
        summary=summary,
        description=description,
        parameters=(ID, *(parameters or (_EDIT,)), _KNOWN),
        answers=(
            Answer(200, "All of it.", {kind: _KINDS.get(kind, OCTETS)}, _PICTURE_HEADERS),
            Answer(304, "The client has it already.", headers=_PICTURE_HEADERS),
        ),
        refuses=(404, 410),
    )


OPERATIONS: Final = (
    Operation(
        name="getMultivariantPlaylist",
        method="GET",
        path="/hls/{id}/master.m3u8",
        tag="watching",
        summary="List the renditions",
        description="Waits until there is something to play.",
        parameters=(ID, _KNOWN),
        answers=_PLAYLIST,
        refuses=(404, 410),
    ),
    Operation(
        name="getManifest",
        method="GET",
        path="/hls/{id}/manifest.mpd",
        tag="watching",
        summary="Read the DASH manifest",
        description="The same segments for players that speak no HLS (ISO/IEC 23009-1), whole ones only.",
        parameters=(ID, _KNOWN),
        answers=(
            Answer(200, "The manifest.", {"application/dash+xml": TEXT}, _ETAG),
            Answer(304, "The client has it already.", headers=_ETAG),
        ),
        refuses=(404, 410, 503),
    ),
    Operation(
        name="getMediaPlaylist",
        method="GET",
        path="/hls/{id}/{rendition}.m3u8",
        tag="watching",
        summary="List the segments and parts of a rendition",
        description="With `_HLS_msn` it waits for what comes next (a blocking reload); without, it answers at once.",
        parameters=(
            ID,
            _RENDITION,
            Parameter("_HLS_msn", "query", Reload),
            Parameter("_HLS_part", "query", Part),
            Parameter("_HLS_skip", "query", Skip),
            _KNOWN,
        ),
        answers=_PLAYLIST,
        refuses=(400, 404, 410),
    ),
    _media(
        "getInit",
        "init-{number}.mp4",
        "Read an initialisation segment",
        _NUMBER,
    ),
    _media("getSegment", "{msn}.m4s", "Read a segment", _MSN),
    _media(
        "getPart",
        "{msn}.{part}.m4s",
        "Read a part of a segment",
        _MSN,
        Parameter("part", "path", Annotated[Count, Meta(description="Its place in the segment, from 0.")]),
        description="One that the playlist hints at may be asked for before it is there; the answer waits for it.",
    ),
    Operation(
        name="getOriginalPlaylist",
        method="GET",
        path="/hls/{id}/original/master.m3u8",
        tag="watching",
        summary="List the renditions of all that was recorded",
        description="Whatever was edited: for whoever edits.",
        parameters=(ID, _KNOWN),
        answers=_PLAYLIST,
        refuses=(404, 410, 503),
    ),
    Operation(
        name="getVersionPlaylist",
        method="GET",
        path="/hls/{id}/edits/{edit}/{playlist}.m3u8",
        tag="watching",
        summary="Read a playlist of an edited version",
        description="`master` or a rendition. The recording's own `master.m3u8` is that of the version that is shown.",
        parameters=(ID, _EDITED, Parameter("playlist", "path", Rendition), _KNOWN),
        answers=_PLAYLIST,
        refuses=(404, 410),
    ),
    _version("getVersionInit", "init-{number}.mp4", "Read an initialisation segment of a version", _NUMBER),
    _version("getVersionSegment", "{msn}.m4s", "Read a segment that was made for a version", _MSN),
    _file("downloadMp4", "mp4", "Download it as an MP4 file", "video/mp4"),
    _file("downloadM4a", "m4a", "Download its sound as an M4A file", "audio/mp4"),
    _picture("getPoster", "poster.jpg", "Read the picture", "image/jpeg"),
    _picture(
        "getPreview",
        "preview.webp",
        "Read the animated preview",
        "image/webp",
        description="Three seconds made of moments from all over it; there is one some time after it has ended.",
    ),
    _picture(
        "getThumbnails",
        "thumbnails.vtt",
        "List the thumbnails of the scrub bar",
        VTT,
        description="Each cue names a place in a sprite (Media Fragments 1.0, `xywh`). It grows while live.",
    ),
    _picture("getSprite", "sprite-{sheet}.jpg", "Read a sheet of thumbnails", "image/jpeg", _SPRITE, _VERSION),
    _picture(
        "getWaveform",
        "waveform.json",
        "Read how loud it is when",
        JSON,
        description="As audiowaveform writes it, version 2; there is none for a recording without sound.",
    ),
)
