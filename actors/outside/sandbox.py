"""Where is the media of strangers decoded? In children of this process, which may crash, hang and eat what they like.

A zygote that has imported the codecs forks a child for each call, or for each object that is to live longer. A child
has bounds of time, memory and output (`Limits`), one socket and the files it is handed, and none of our settings. What
becomes of it is told in a sentence:

    async with Sandbox() as sandbox:
        picture = await sandbox.run(poster, init, part)
        async with sandbox.open(LiveRung, init) as rung:
            frames = await rung.call("add", part)

Arguments and answers cross as msgpack, by the annotations of what is called.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from itertools import count
from typing import Any, Final, Self, TypeVar, cast

import msgspec
import structlog
from msgspec import Raw

from actors.outside import zygote
from actors.outside.inmate import LENGTH, Answer, Begin, Call, answer_of
from actors.outside.limits import MEBIBYTE, Limits
from schemas.errors import Invalid, Unavailable

T = TypeVar("T")
CODECS: Final = ("av", "av.subtitles.stream", "numpy")  # what PyAV imports only on opening a file, too
END_S: Final = 5.0
_DEFAULT: Final = Limits()

log = structlog.get_logger(__name__)


class Spoiled(Invalid):
    """This media cannot be worked on: it crashed, hung or overwhelmed the codecs, or they refused it."""


class Sandbox:
    """Children for media. Enter it once; any number of tasks may use it, each call in a child of its own."""

    def __init__(self, preload: Sequence[str] = CODECS) -> None:
        self._preload = preload
        self._numbers = count()
        self._zygote: _Zygote | None = None
        self._starting = asyncio.Lock()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._living()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(
        self, work: Callable[..., T], *arguments: Any, limits: Limits = _DEFAULT, files: Sequence[int] = ()
    ) -> T:
        """What `work`, a function of a module, makes of `arguments`; cancelled, its child is killed.

        It finds `files`, open descriptors of ours, from `FIRST_FILE` on, and can open no other.
        Raises: Spoiled with a sentence; Unavailable when the sandbox itself was killed.
        """
        async with self._child(Begin(limits, _name(work)), files) as child:
            return cast("T", await child.call(work, Call("", _encoded(arguments))))

    @asynccontextmanager
    async def open(
        self, kind: Callable[..., Any], *arguments: Any, limits: Limits = _DEFAULT, files: Sequence[int] = ()
    ) -> AsyncIterator["Remote"]:
        """An object of the class `kind` in a child, for as long as the block runs. Takes and raises what `run` does."""
        async with self._child(Begin(limits, _name(kind), _encoded(arguments)), files) as child:
            await child.answer(limits.seconds)
            yield Remote(child, kind)

    @asynccontextmanager
    async def _child(self, begin: Begin, files: Sequence[int]) -> AsyncIterator["_Child"]:
        forker = await self._living()
        number = next(self._numbers)
        mine, theirs = socket.socketpair()
        try:
            with theirs:
                gone = forker.fork(number, [theirs.fileno(), *files])
            reader, writer = await asyncio.open_unix_connection(sock=mine, limit=MEBIBYTE)
        except BaseException:
            mine.close()
            forker.kill(number)
            raise
        child = _Child(reader, writer, gone, begin.limits)
        gone.add_done_callback(child.disown)
        try:
            child.send(begin)
            yield child
        finally:
            writer.close()
            forker.kill(number)

    async def _living(self) -> "_Zygote":
        async with self._starting:
            if self._zygote is None or self._zygote.is_gone:
                self._zygote = await self._stack.enter_async_context(_zygote(self._preload))
            return self._zygote


class Remote:
    """An object in a child; its calls are made one after the other."""

    def __init__(self, child: "_Child", kind: Callable[..., Any]) -> None:
        self._child = child
        self._kind = kind
        self._turn = asyncio.Lock()

    @property
    def is_over(self) -> bool:
        """Whether its child has ended, by time or crash: no call succeeds any more."""
        return self._child.is_over

    async def call(self, method: str, *arguments: Any) -> Any:
        """What the method gives. Raises: Spoiled; Unavailable when the sandbox was killed."""
        async with self._turn:
            return await self._child.call(getattr(self._kind, method), Call(method, _encoded(arguments)))


class _Child:
    """This side of a child's socket."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: "asyncio.Future[int]", limits: Limits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._gone = gone
        self._limits = limits
        self.is_over = False

    def disown(self, gone: "asyncio.Future[int]") -> None:
        """Hear nothing more from a child whose parent was killed."""
        if gone.result() == _LOST:
            self._writer.transport.abort()

    def send(self, said: Begin | Call) -> None:
        """Say it; what has no room waits until `answer`."""
        body = msgspec.msgpack.encode(said)
        self._writer.write(LENGTH.pack(len(body)))
        self._writer.write(body)

    async def call(self, called: Callable[..., Any], said: Call) -> Any:
        """What `called` gives."""
        self.send(said)
        raw = await self.answer(self._limits.seconds)
        try:
            return msgspec.msgpack.decode(raw, type=_answer_type(called))
        except msgspec.MsgspecError as error:
            raise Spoiled(f"The decoder's answer makes no sense: {error}") from error

    async def answer(self, seconds: float) -> Raw:
        """Wait for it."""
        try:
            async with asyncio.timeout(seconds):
                with suppress(ConnectionError):  # then nobody reads; the answer, or the end, says why
                    await self._writer.drain()
                size = LENGTH.unpack(await self._reader.readexactly(LENGTH.size))[0]
                if size > self._limits.answer_bytes:
                    raise Spoiled(f"It makes more than {self._limits.answer_bytes // MEBIBYTE} MB of output.")
                answer = msgspec.msgpack.decode(await self._reader.readexactly(size), type=Answer)
        except TimeoutError:
            self.is_over = True
            raise Spoiled(f"It takes longer than {seconds:g} s to decode.") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            self.is_over = True
            raise await self._ended() from None
        except msgspec.MsgspecError as error:
            raise Spoiled(f"The decoder's answer makes no sense: {error}") from error
        if answer.trace:
            log.warning("unexpected in the sandbox", error=answer.error, trace=answer.trace)
        if answer.error:
            raise Spoiled(answer.error)
        return answer.value

    async def _ended(self) -> Exception:
        """Why the child is no more."""
        try:
            async with asyncio.timeout(END_S):
                status = await asyncio.shield(self._gone)
        except TimeoutError:
            return Spoiled("The decoder stopped answering.")
        if status == -signal.SIGXCPU:
            return Spoiled(f"It takes more than {self._limits.cpu_seconds} s of computing to decode.")
        if status < 0:
            return Spoiled(f"The decoder crashed on it ({signal.Signals(-status).name}).")
        if status == _LOST:
            return Unavailable("The decoder's parent was killed; try again.")
        return Spoiled("The decoder gave up on it.")


_LOST: Final = 1_000_000


class _Zygote:
    """This side of the zygote's socket."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._gone: dict[int, asyncio.Future[int]] = {}
        self.is_gone = False

    def fork(self, number: int, descriptors: list[int]) -> "asyncio.Future[int]":
        """A child with that socket and those files; the future becomes its exit status."""
        gone = self._gone[number] = asyncio.get_running_loop().create_future()
        try:
            socket.send_fds(self._control, [zygote.ASKED.pack(zygote.FORK, number)], descriptors)
        except OSError as error:
            del self._gone[number]
            self.is_gone = True
            raise Unavailable("The sandbox was killed; try again.") from error
        return gone

    def kill(self, number: int) -> None:
        """End a child; one that has ended is no error."""
        if number in self._gone and not self.is_gone:
            with suppress(OSError):  # it is gone, and so are its children
                self._control.send(zygote.ASKED.pack(zygote.KILL, number))

    async def listen(self) -> None:
        """Hear of the ends of children, until the zygote's own."""
        reader, _ = await asyncio.open_unix_connection(sock=self._control.dup())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                number, status = zygote.ENDED.unpack(await reader.readexactly(zygote.ENDED.size))
                self._end(number, status)
        self.is_gone = True
        for number in list(self._gone):
            self._end(number, _LOST)

    def _end(self, number: int, status: int) -> None:
        gone = self._gone.pop(number, None)
        if gone and not gone.done():
            gone.set_result(status)


@asynccontextmanager
async def _zygote(preload: Sequence[str]) -> AsyncIterator[_Zygote]:
    """A zygote, while the block runs."""
    mine, theirs = socket.socketpair()
    with mine:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", zygote.__name__, str(theirs.fileno()), *preload),
                pass_fds=[theirs.fileno()],
                env=_environment(),
                stdin=asyncio.subprocess.DEVNULL,
            )
        forker = _Zygote(mine)
        listening = asyncio.ensure_future(forker.listen())
        try:
            yield forker
        finally:
            mine.shutdown(socket.SHUT_RDWR)
            await asyncio.wait([listening])
            await process.wait()


_MALLOC: Final = "glibc.malloc.hugetlb=1:glibc.malloc.trim_threshold=1000000000:glibc.malloc.mmap_threshold=33554432"
"""Pictures lie on huge pages, which are kept: page faults are a tenth of the CPU of a child that lives for a second."""


def _environment() -> dict[str, str]:
    """None of our settings; threads and arenas of libraries bounded, for both count as memory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOOM_")}
    bounds = {"MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {"GLIBC_TUNABLES": _MALLOC} | kept | bounds


def _name(called: Callable[..., Any]) -> str:
    return f"{called.__module__}:{called.__qualname__}"


def _encoded(arguments: Sequence[Any]) -> list[Raw]:
    return [Raw(msgspec.msgpack.encode(argument)) for argument in arguments]


@cache
def _answer_type(called: Callable[..., Any]) -> Any:
    return answer_of(called)
