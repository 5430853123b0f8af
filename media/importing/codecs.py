"""Which decoders ever see a stranger's bytes? Those of what cameras, telephones and recorders write, no others."""

from typing import Final

VIDEO: Final = frozenset(
    {"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "h263", "mjpeg", "prores", "dnxhd", "qtrle", "theora"}
)
AUDIO: Final = frozenset(
    {"aac", "mp3", "mp2", "opus", "vorbis", "flac", "alac", "ac3", "eac3", "amr_nb", "amr_wb"}
    | {f"pcm_{kind}" for kind in ("u8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be")}
    | {"pcm_mulaw", "pcm_alaw"}
)
_OTHER_NAMES: Final = frozenset({"libdav1d", "libvpx", "libvpx-vp9", "mp3float", "libopus", "amrnb", "amrwb"})
"""FFmpeg's decoders for them, where they are not called like the codec."""

DECODERS: Final = ",".join(sorted(VIDEO | AUDIO | _OTHER_NAMES))
"""As FFmpeg's option `codec_whitelist` takes it."""
