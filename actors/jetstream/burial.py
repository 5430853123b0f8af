"""Where does a message go that nobody can take? To the dead letters, with why, for a person to look at."""

import traceback
from typing import Final

import nats.errors
from nats.aio.client import Client as Nats
from nats.js.errors import Error as JetStreamError

from actors.jetstream.direct_get import Entry
from schemas import envelope
from subjects import dead_letters

AWAY: Final = (nats.errors.Error, JetStreamError, OSError)
LONGEST_TRACE: Final = 8_000


async def bury(nats: Nats, stream: str, consumer: str, entry: Entry, error: BaseException) -> None:
    """Keep it once, however often it is buried, under the headers it had. Raises what `AWAY` lists."""
    trace = "".join(traceback.format_exception(error))[-LONGEST_TRACE:]
    headers = {name: value for name, value in entry.headers.items() if not name.startswith("Nats-")}
    headers |= {
        envelope.MESSAGE_ID: f"{consumer}.{entry.sequence}",
        envelope.DEAD_ID: entry.headers.get(envelope.MESSAGE_ID, ""),
        envelope.DEAD_SUBJECT: entry.subject,
        envelope.DEAD_SEQUENCE: str(entry.sequence),
        envelope.DEAD_REASON: " ".join(f"{type(error).__name__}: {error}".split()),
        envelope.DEAD_TRACE: trace.encode("unicode_escape").decode(),
    }
    await nats.jetstream().publish(dead_letters.of(stream, consumer), entry.data, headers=headers)
