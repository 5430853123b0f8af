"""What a Python user does today: `aiortc.contrib.media.MediaRecorder` to HLS behind a bare WHIP door."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRecorder
from aiortc.mediastreams import MediaStreamTrack


class Picture(MediaStreamTrack):
    """The video track; `opened` is set once its first frame has been muxed."""

    kind = "video"

    def __init__(self, track: MediaStreamTrack, opened: asyncio.Event) -> None:
        super().__init__()
        self._track, self._opened, self._asked = track, opened, 0

    async def recv(self) -> Any:
        """The next frame."""
        self._asked += 1
        if self._asked > 1:
            self._opened.set()
        return await self._track.recv()


class Sound(MediaStreamTrack):
    """The audio track, held back until the picture's encoder is open.

    MediaRecorder sets the picture's size at the first frame; when sound came first the encoder is already open and
    the video task dies unseen (aiortc 1.16 with PyAV 18).
    """

    kind = "audio"

    def __init__(self, track: MediaStreamTrack, opened: asyncio.Event) -> None:
        super().__init__()
        self._track, self._opened = track, opened

    async def recv(self) -> Any:
        """The next frame."""
        await self._opened.wait()
        return await self._track.recv()


class Door:
    """Answers each offer and records what comes into a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sessions: dict[str, tuple[RTCPeerConnection, MediaRecorder]] = {}

    async def post(self, request: web.Request) -> web.Response:
        """An offer: 201 with the answer."""
        name = f"{len(self._sessions)}"
        folder = self._folder / name
        folder.mkdir(parents=True)
        recorder = MediaRecorder(str(folder / "index.m3u8"), format="hls")
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        opened = asyncio.Event()

        @peer.on("track")
        def taken(track: MediaStreamTrack) -> None:
            recorder.addTrack(Picture(track, opened) if track.kind == "video" else Sound(track, opened))

        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        await recorder.start()
        self._sessions[name] = peer, recorder
        return web.Response(status=201, text=peer.localDescription.sdp, headers={"Location": f"/sessions/{name}"})

    async def delete(self, request: web.Request) -> web.Response:
        """The session is over: close the file."""
        peer, recorder = self._sessions[request.match_info["name"]]
        await recorder.stop()
        await peer.close()
        return web.Response()


async def _serve(folder: Path, port: int) -> None:
    door = Door(folder)
    app = web.Application()
    app.router.add_post("/whip", door.post)
    app.router.add_delete("/sessions/{name}", door.delete)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """`python -m ops.bench.media_recorder FOLDER PORT`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.folder, arguments.port))


if __name__ == "__main__":
    main()
