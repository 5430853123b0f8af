"""What may be asked at the web door, as data; gateways/ingest answers (`web_door.py`, `messages.py`)."""

from typing import Final

from msgspec import Struct

from gateways.http.operation import JSON, Answer, Operation
from gateways.http.whip import ID
from media.splice import LastFrame

ENDPOINT: Final = "/ingest/{id}"
PROTOCOL: Final = "loom-ingest-1"
"""The WebSocket subprotocol."""

WIRE: Final = """\
Picture and sound over a WebSocket (subprotocol `loom-ingest-1`), for sources whose network lets no UDP through, and for
what was recorded while the network was away. Media is small binary messages, the rest is JSON:

    client                                         server
    {"type": "hello", "token": …}            →
                                             ←     {"type": "welcome", "now_us": …, "segment_s": …, "last_frame": …}
    {"type": "begin", "after_us": …}         →
    media …                                  →
                                             ←     {"type": "stored", "until_us": …}
    {"type": "break"}                        →
    {"type": "end"}                          →

- `hello` bears the recording's token, unless the upgrade had it as `Authorization: Bearer`; `audio` (true) and
  `channels` (2) say what will come.
- `welcome`: the log is yours; whoever sent before is told to leave. `now_us` is the clock that counts, microseconds
  since 1970, `segment_s` how often a key frame is wanted. `last_frame` is where the log of video ends: `at_us`, and
  `size` and `crc32` of that frame's NAL units, each behind its length in four bytes, without SPS, PPS and delimiters.
- `begin`: `after_us` is when that frame was captured, null when it is not among those that are kept. Send from the key
  frame before it on: frames up to it are decoded and not shown, sound that is there already is left out, and what
  follows takes its place without a hole.
- `stored`, twice a second: all that was captured before need not be kept any longer.
- `break`: a pause; what follows is joined without the time between. `end`: all has been sent; when it is stored, that
  is told, and the socket is closed with 1000.

A binary message is one access unit or packet, numbers are big-endian: byte 0 is 1 for H.264 in Annex B (parameter sets
with each key frame) and 2 for Opus; byte 1 has flags, of which 1 is a key frame; bytes 2 to 9 say when it was captured,
microseconds since 1970 by the server's clock; the access unit or packet follows. Times grow within a track and are
those of capture: what lies back is taken as fast as it comes, 16 MiB and 2,000 messages a second on the average. A
message has 4 MiB at the most.

Close codes: 1000 done, or the recording was stopped; 4400 what was sent cannot be meant; 4401 the token is wrong; 4404
no such recording; 4409 it has ended, or another source goes on with it; 4410 deleted; 1012 and 4503 try again in a
moment; 1009 too long. Each but the last comes with a sentence."""


class LogEnd(Struct, frozen=True):
    """Where the log of a recording ends; null while it has no picture."""

    last_frame: LastFrame | None


OPERATIONS: Final = (
    Operation(
        name="openWebDoor",
        method="GET",
        path=ENDPOINT,
        tag="sending",
        summary="Send over a WebSocket, or ask where the log ends",
        description=WIRE,
        parameters=(ID,),
        answers=(
            Answer(101, "The door is open.", headers={"Sec-WebSocket-Protocol": f"`{PROTOCOL}`, if it was offered."}),
            Answer(200, "Where the log ends; without an upgrade.", {JSON: LogEnd}),
        ),
        refuses=(400, 401, 404, 429),
        bearer="optional",
    ),
)
