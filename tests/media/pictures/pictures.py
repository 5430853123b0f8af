"""Key frames for tests, made by x264 from FFmpeg's test sources, as the init and part of a CMAF track."""

import subprocess
from functools import cache


@cache
def key_frame(source: str, size: str = "1280x720") -> tuple[bytes, bytes]:
    """Init and part of a track whose only frame shows `source` (`testsrc`, `color=black`, …)."""
    separator = ":" if "=" in source else "="
    made = subprocess.run(
        (
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"{source}{separator}s={size}:r=30", "-frames:v", "1"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"),
            *("-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-"),
        ),
        check=True,
        capture_output=True,
    ).stdout
    start = made.index(b"moof") - 4
    return made[:start], made[start:]


@cache
def clip(source: str, seconds: float) -> bytes:
    """A track of `seconds` of what FFmpeg's filter graph `source` shows."""
    return subprocess.run(
        (
            *("ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-t", str(seconds)),
            *("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p"),
            *("-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof", "-"),
        ),
        check=True,
        capture_output=True,
    ).stdout
