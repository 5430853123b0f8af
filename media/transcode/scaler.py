"""How does a picture become smaller? By the mean of the area each new point covers, which keeps text legible."""

from __future__ import annotations

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter


class Scaler:
    """For pictures of one size: its tables are made once. `VideoFrame.reformat` makes them for every picture."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def to(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        """The picture in that size, as encoders take it: 4:2:0, 8 bits. One of that kind is given back itself."""
        picture = self._reformatter.reformat(frame, width, height, format="yuv420p", interpolation="AREA")
        picture.pts = frame.pts
        return picture
