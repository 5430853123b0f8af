"""Which picture and sound does every figure send? 720p30 H.264 at 2.5 Mbit/s and stereo Opus, encoded once and kept."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Final

VIDEO_BITS_PER_S: Final = 2_500_000
FRAMES_PER_S: Final = 30
KEY_FRAME_EVERY_S: Final = 2
LOOP_S: Final = 20
"""Length of the file; it is sent in a loop. A whole number of Opus packets and of key frame intervals."""

_ENCODE_DEADLINE_S: Final = 120
_PICTURE: Final = f"testsrc2=size=1280x720:rate={FRAMES_PER_S}:duration={LOOP_S},noise=alls=2:allf=t"
_SOUND: Final = f"sine=frequency=440:sample_rate=48000:duration={LOOP_S},aformat=channel_layouts=stereo"
FLASH_PICTURE: Final = (
    f"color=black:size=1280x720:rate={FRAMES_PER_S}:duration={LOOP_S},"
    "drawbox=color=white:t=fill:enable='lt(mod(t,2),0.1)'"
)
FLASH_SOUND: Final = f"aevalsrc='0.8*sin(2*PI*1000*t)*lt(mod(t,2),0.1)':s=48000:d={LOOP_S}:c=stereo"


async def ordinary() -> Path:
    """The stream of the figures: noise over a moving test card, so that the bit rate is really spent."""
    return await _made("ordinary", _PICTURE, _SOUND)


async def flash_and_beep() -> Path:
    """White and a 1 kHz tone in the first tenth of every second second, black and silence between."""
    return await _made("flash", FLASH_PICTURE, FLASH_SOUND)


async def _made(name: str, picture: str, sound: str) -> Path:
    folder = Path(tempfile.gettempdir()) / "loom-bench"
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-3.mkv"
    if not path.exists():
        await _encode(picture, sound, path)
    return path


async def _encode(picture: str, sound: str, path: Path) -> None:
    """Run ffmpeg into a temporary name, so that a half-made file is never taken for a whole one."""
    unfinished = path.with_suffix(f".{os.getpid()}.mkv")
    process = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound),
        *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-bf", "0"),
        *("-g", str(FRAMES_PER_S * KEY_FRAME_EVERY_S), "-sc_threshold", "0", "-slices", "1", "-threads", "2"),
        *("-x264-params", "sliced-threads=0", "-b:v", str(VIDEO_BITS_PER_S), "-maxrate", str(VIDEO_BITS_PER_S)),
        *("-bufsize", str(VIDEO_BITS_PER_S), "-c:a", "libopus", "-b:a", "64k", "-frame_duration", "20"),
        *("-application", "lowdelay", str(unfinished)),
    )
    async with asyncio.timeout(_ENCODE_DEADLINE_S):
        if await process.wait() != 0:
            raise RuntimeError(f"ffmpeg could not make {path}")
    unfinished.replace(path)
