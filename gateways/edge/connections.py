"""Who is connected? So many at the most; those that take too long are hung up on."""

import asyncio
from typing import Final, Protocol

SWEEP_S: Final = 1.0


class Client(Protocol):
    """What is asked of a connection."""

    @property
    def is_answering(self) -> bool:
        """Whether somebody waits for an answer."""

    def expire(self, now: float) -> None:
        """Close when it is idle, arrives or reads too slowly."""

    def finish(self) -> None:
        """Close, once the response that is under way has been written."""

    def abort(self) -> None:
        """Close now."""


class Connections:
    """All open connections of a server. `empty` is set while there are none."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Client] = set()
        self.empty = asyncio.Event()
        self.empty.set()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, client: Client) -> bool:
        """Count it in; False when there are too many."""
        if len(self._open) >= self._most:
            return False
        self._open.add(client)
        self.empty.clear()
        return True

    def leave(self, client: Client) -> None:
        """It is closed."""
        self._open.discard(client)
        if not self._open:
            self.empty.set()

    def answering(self) -> int:
        """How many wait for an answer."""
        return sum(client.is_answering for client in self._open)

    async def sweep(self) -> None:
        """Look after time, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            for client in list(self._open):
                client.expire(loop.time())

    def finish(self) -> None:
        """Hang up on everybody who is not being answered; the others are closed after their response."""
        for client in list(self._open):
            client.finish()

    def abort(self) -> None:
        """Hang up on everybody."""
        for client in list(self._open):
            client.abort()
