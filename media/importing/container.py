"""How is a stranger's file opened? By a demuxer we have chosen, from bytes we hand it; it can open nothing else.

FFmpeg has demuxers that read other files and other hosts (playlists, `concat`, references out of an MP4). None of them
is reached: the kind is told by `file_kind`, no protocol is allowed, and whatever asks for another file is refused.
"""

from typing import IO, Any, Final, NoReturn

import av
from av.container import InputContainer
from av.error import FFmpegError

from media.importing.codecs import DECODERS
from media.importing.file_kind import HEAD_BYTES, Kind, kind_of

_DEMUXERS: Final = {"mp4": "mov", "mov": "mov", "webm": "matroska", "matroska": "matroska"}
_OPTIONS: Final = {
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "protocol_whitelist": "none",
    "codec_whitelist": DECODERS,
    "max_streams": "64",
    "probesize": "5000000",
    "analyzeduration": "5000000",
    "err_detect": "ignore_err",  # what can be read is read
}
_BUFFER_BYTES: Final = 1 << 18


def opened(file: IO[bytes]) -> tuple[InputContainer, Kind]:
    """The file and what kind it is of. The caller closes both.

    Raises: ValueError with a sentence for people, when it is of no kind that can be imported or cannot be read.
    """
    kind = kind_of(file.read(HEAD_BYTES))
    file.seek(0)
    try:
        container = av.open(
            file,
            "r",
            format=_DEMUXERS[kind],
            container_options=dict(_OPTIONS),
            metadata_errors="replace",
            buffer_size=_BUFFER_BYTES,
            io_open=_refused,
        )
    except FFmpegError as error:
        raise ValueError(f"The file cannot be read: {error.strerror}. It may be damaged or incomplete.") from error
    return container, kind


def _refused(url: str, *_: Any) -> NoReturn:
    raise PermissionError(f"A media file may not open {url!r}.")
