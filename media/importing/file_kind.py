"""What kind of file do these first bytes begin? Only FFmpeg's two demuxers for MP4 and Matroska are ever let loose."""

from typing import Final, Literal

Kind = Literal["mp4", "mov", "webm", "matroska"]

HEAD_BYTES: Final = 4096
"""So many bytes of a file are enough to know."""
ACCEPTED: Final = "MP4, MOV, WebM and MKV"

_EBML: Final = b"\x1a\x45\xdf\xa3"
_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx"})
_OTHERS: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a playlist"),
    (0, b"<?xml", "an XML document"),
    (0, b"<MPD", "a playlist"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"BM", "a BMP picture"),
    (8, b"WEBP", "a WebP picture"),
    (8, b"AVI ", "an AVI file"),
    (8, b"WAVE", "a WAV file"),
    (0, b"FLV", "a Flash video"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"OggS", "an Ogg file"),
    (0, b"ID3", "an MP3 file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"\x00\x00\x01\xba", "an MPEG program stream"),
    (0, b"\x47", "an MPEG transport stream"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
)


def kind_of(head: bytes) -> Kind:
    """By what stands at the beginning, never by the name. Raises ValueError with a sentence for people."""
    if head.startswith(_EBML):
        return "webm" if b"webm" in head[:64] else "matroska"
    if head[4:8] in _BOXES:
        return "mov" if head[4:8] != b"ftyp" or head[8:12] == b"qt  " else "mp4"
    if not head:
        raise ValueError("The file is empty.")
    raise ValueError(f"The file is {_seems(head)}; {ACCEPTED} can be imported. Convert it to one of these.")


def _seems(head: bytes) -> str:
    for at, magic, name in _OTHERS:
        if head[at : at + len(magic)] == magic:
            return name
    if not head.strip(b"\x00"):
        return "nothing but zeros"
    return "plain text" if _is_text(head) else "of a kind that is not known here"


def _is_text(head: bytes) -> bool:
    return all(byte >= 32 or byte in b"\t\n\r\x0c" for byte in head)
